//! What people see: the consent form and the showcase.

use serde_json::json;

use super::{facebook, instagram, twitter, *};

fn attribute<'a>(html: &'a str, before: &str) -> &'a str {
    let after = html.split_once(before).unwrap_or_else(|| panic!("{before} in {html}")).1;
    after.split_once('"').unwrap().0
}

#[tokio::test]
async fn the_consent_form_works_as_a_plain_form() {
    let net = Net::start().await;
    let url = twitter::authorize_url(&net, twitter::SCOPES);
    let (status, html) = read(net.http.get(&url).header("accept", "text/html").send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert!(
        html.contains("<html lang=\"en\">") && html.contains("Simulated X") && html.contains(">Authorise</button>")
    );
    assert!(!html.contains("<script"), "it needs no script");
    assert!(html.contains("id=\"account-1450000000000000002\"") && html.contains("id=\"scope-tweet.write\""));
    assert_eq!(html.matches("type=\"radio\"").count(), html.matches("for=\"account-").count());
    let action = attribute(&html, "action=\"").to_owned();
    assert!(action.starts_with("/twitter/consent/"));

    let form = [
        ("account", "1450000000000000002"),
        ("scope", "users.read"),
        ("scope", "like.write"),
        ("decision", "authorize"),
    ];
    let answer = net.post(&action).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let code = query(&back, "code").unwrap();
    // It is answered once.
    assert_eq!(net.post(&action).form(&form).send().await.unwrap().status(), 400);

    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = net.post("/twitter/2/oauth2/token").basic_auth(DEMO_CLIENT_ID, Some(DEMO_CLIENT_SECRET)).form(&form);
    // What was not asked for is not granted, whatever the form says.
    assert_eq!(json(tokens, 200).await["scope"], "users.read");
}

#[tokio::test]
async fn pages_are_ticked_for_the_person_who_signs_in() {
    let net = Net::start().await;
    let url = address(
        net.url("/facebook/v25.0/dialog/oauth"),
        &[("client_id", DEMO_CLIENT_ID), ("redirect_uri", REDIRECT), ("state", "s"), ("scope", "pages_show_list")],
    );
    let (_, html) = read(net.http.get(&url).send().await.unwrap()).await;
    assert!(html.contains("name=\"asset:10158230011223344\" id=\"asset-10158230011223344-102938475610293\""));
    assert!(html.contains("Harbour &amp; Pine"));
    let action = attribute(&html, "action=\"").to_owned();
    // As a browser sends it: hidden people's boxes come too, and do not count.
    let form = [
        ("account", "10158230011223344"),
        ("asset:10158230011223344", "102938475620394"),
        ("asset:10158230055667788", "102938475630495"),
        ("asset:10158230055667788", "102938475610293"),
        ("scope", "pages_show_list"),
        ("decision", "authorize"),
    ];
    let answer = net.post(&action).form(&form).send().await.unwrap();
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let token = json(
        net.http.get(address(
            net.url("/facebook/v25.0/oauth/access_token"),
            &[
                ("client_id", DEMO_CLIENT_ID),
                ("client_secret", DEMO_CLIENT_SECRET),
                ("redirect_uri", REDIRECT),
                ("code", &query(&back, "code").unwrap()),
            ],
        )),
        200,
    )
    .await;
    let list = net.get("/facebook/v25.0/me/accounts?fields=id").bearer_auth(token["access_token"].as_str().unwrap());
    assert_eq!(json(list, 200).await["data"], json!([{ "id": "102938475620394" }]));
}

#[tokio::test]
async fn a_consent_expires_and_belongs_to_its_network() {
    let net = Net::start().await;
    let (_, html) = read(net.http.get(twitter::authorize_url(&net, twitter::SCOPES)).send().await.unwrap()).await;
    let action = attribute(&html, "action=\"").to_owned();
    let form = [("account", "1450000000000000001"), ("decision", "authorize")];
    let elsewhere = action.replace("/twitter/", "/linkedin/");
    assert_eq!(net.post(&elsewhere).form(&form).send().await.unwrap().status(), 400);
    let nobody = [("account", "nobody"), ("decision", "authorize")];
    assert_eq!(net.post(&action).form(&nobody).send().await.unwrap().status(), 400);
    assert_eq!(net.post(&action).form(&[("account", "x")]).send().await.unwrap().status(), 400);
    net.advance(1_801).await;
    assert_eq!(net.post(&action).form(&form).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_showcase_shows_what_was_published() {
    let net = Net::start().await;
    let (_, empty) = read(net.get("/").send().await.unwrap()).await;
    assert!(empty.contains("Nothing has been published yet"));
    let (token, _) = twitter::connect(&net, "northwindcoffee").await;
    json(twitter::tweet(&net, &token, &json!({ "text": "<b>Beans & cups</b>" })), 201).await;
    let page = facebook::connect(&net, "harbourandpine").await;
    let form = reqwest::multipart::Form::new()
        .text("alt_text_custom", "A \"pine\"")
        .part("source", part(png(8, 8, 8), "image/png"));
    json(net.post("/facebook/v25.0/102938475630495/photos").bearer_auth(&page).multipart(form), 200).await;

    let answer = net.get("/posts").send().await.unwrap();
    let tag = answer.headers()["etag"].clone();
    let (_, html) = read(answer).await;
    assert!(html.contains("&lt;b&gt;Beans &amp; cups&lt;/b&gt;") && !html.contains("<b>Beans"));
    assert!(html.contains("alt=\"A &quot;pine&quot;\""));
    let source = format!("/media/facebook/{}", attribute(&html, "<img src=\"/media/facebook/"));
    assert_eq!(net.get(&source).send().await.unwrap().headers()["content-type"], "image/png");
    let same = net.get("/posts").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(same.status(), 304);
    let (_, only_x) = read(net.get("/posts?platform=twitter").send().await.unwrap()).await;
    assert!(only_x.contains("Beans") && !only_x.contains("pine&quot;"));
    json(twitter::tweet(&net, &token, &json!({ "text": "More" })), 201).await;
    assert_eq!(net.get("/posts").header("if-none-match", &tag).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn nothing_answers_outside_the_networks() {
    let net = Net::start().await;
    assert_eq!(net.get("/myspace/v1/me").send().await.unwrap().status(), 404);
    assert_eq!(net.get("/twitter/3/everything").send().await.unwrap().status(), 404);
    assert_eq!(net.get("/media/twitter/1").send().await.unwrap().status(), 404);
    assert_eq!(net.get("/northwind/status/1").send().await.unwrap().status(), 404);
    assert_eq!(net.get("/twitter/northwindcoffee/status/1").send().await.unwrap().status(), 404);
    assert_eq!(json(net.get("/health"), 200).await["status"], "ok");
}

#[tokio::test]
async fn the_showcase_shows_films_stories_and_comments() {
    let net = Net::start().await;
    let token = instagram::connect(&net, "northwindcoffee").await;
    let files = instagram::shelf(vec![("/film.mp4", "video/mp4", sandbox::samples::film(1080, 1920, 4_500, 1))]).await;
    net.control.post("settings", &json!({ "processing_ms": 0 })).await.unwrap();
    let film = format!("{files}/film.mp4");
    for kind in ["REELS", "STORIES"] {
        let form = [("media_type", kind), ("video_url", film.as_str()), ("caption", "Roasting")];
        let made = net.post("/instagram/v25.0/me/media").bearer_auth(&token).form(&form);
        let id = json(made, 200).await["id"].as_str().unwrap().to_owned();
        instagram::settled(&net, &token, &id).await;
        let publish = net.post("/instagram/v25.0/me/media_publish").bearer_auth(&token).form(&[("creation_id", id)]);
        let post = json(publish, 200).await["id"].as_str().unwrap().to_owned();
        if kind == "REELS" {
            let form = [("message", "Shop at <northwind>")];
            json(net.post(&format!("/instagram/v25.0/{post}/comments")).bearer_auth(&token).form(&form), 200).await;
        }
    }
    let (_, html) = read(net.get("/posts?platform=instagram").send().await.unwrap()).await;
    assert!(html.contains("<p class=\"tag\">Reel</p>") && html.contains("<p class=\"tag\">Story</p>"), "{html}");
    assert!(html.contains("<li>Shop at &lt;northwind&gt;</li>"));
    assert!(html.contains("4.5 s · 1080×1920"));
    let source = attribute(&html, "<video src=\"");
    assert_eq!(net.get(source).send().await.unwrap().headers()["content-type"], "video/mp4");
    for name in ["Facebook", "Instagram", "X", "LinkedIn", "TikTok"] {
        assert!(html.contains(&format!(">{name}</a>")), "{name}");
    }
}
