//! Instagram: both doors, containers of every kind, their states and refusals, limits, comments.

use axum::{Router, http::StatusCode as Status, routing::get};
use sandbox::samples::{film, film_of, jpeg};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::*;

const BY_PAGE: &str =
    "instagram_basic,instagram_content_publish,instagram_manage_comments,pages_show_list,pages_read_engagement";
const OWN: &str = "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_comments";
const NORTHWIND: &str = "17841400000000011";
const PAGE: &str = "102938475610293";

fn own_door(net: &Net, scopes: &str) -> String {
    let pairs = [
        ("client_id", DEMO_CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("state", "abc"),
        ("response_type", "code"),
        ("scope", scopes),
    ];
    address(net.url("/instagram/oauth/authorize"), &pairs)
}

fn page_door(net: &Net) -> String {
    let pairs = [("client_id", DEMO_CLIENT_ID), ("redirect_uri", REDIRECT), ("state", "abc"), ("scope", BY_PAGE)];
    address(net.url("/instagram/v25.0/dialog/oauth"), &pairs)
}

fn exchange(net: &Net, code: &str) -> RequestBuilder {
    net.post("/instagram/oauth/access_token").form(&[
        ("client_id", DEMO_CLIENT_ID),
        ("client_secret", DEMO_CLIENT_SECRET),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
        ("code", code),
    ])
}

fn lengthen(net: &Net, token: &str) -> RequestBuilder {
    let pairs = [("grant_type", "ig_exchange_token"), ("client_secret", DEMO_CLIENT_SECRET), ("access_token", token)];
    net.http.get(address(net.url("/instagram/access_token"), &pairs))
}

fn refresh(net: &Net, token: &str) -> RequestBuilder {
    let pairs = [("grant_type", "ig_refresh_token"), ("access_token", token)];
    net.http.get(address(net.url("/instagram/refresh_access_token"), &pairs))
}

async fn short(net: &Net, visitor: &Visitor) -> Value {
    let back = visitor.authorize(&own_door(net, OWN)).await.unwrap();
    assert_eq!(back.fragment(), Some("_"));
    json(exchange(net, &query(&back, "code").unwrap()), 200).await
}

/// A long-lived token of an account that signed in itself.
pub(super) async fn connect(net: &Net, account: &str) -> String {
    let short = short(net, &somebody(account)).await;
    let long = json(lengthen(net, short["access_token"].as_str().unwrap()), 200).await;
    long["access_token"].as_str().unwrap().to_owned()
}

/// A long-lived user token by Facebook Login.
async fn by_page(net: &Net, visitor: &Visitor) -> String {
    by_door(net, visitor, &page_door(net)).await
}

async fn by_door(net: &Net, visitor: &Visitor, door: &str) -> String {
    let back = visitor.authorize(door).await.unwrap();
    assert_eq!(back.fragment(), Some("_=_"));
    let ask = |pairs: &[(&str, &str)]| {
        let mut all = vec![("client_id", DEMO_CLIENT_ID), ("client_secret", DEMO_CLIENT_SECRET)];
        all.extend(pairs);
        net.http.get(address(net.url("/instagram/v25.0/oauth/access_token"), &all))
    };
    let code = query(&back, "code").unwrap();
    let short = json(ask(&[("code", &code), ("redirect_uri", REDIRECT)]), 200).await;
    let short = short["access_token"].as_str().unwrap();
    let long = json(ask(&[("grant_type", "fb_exchange_token"), ("fb_exchange_token", short)]), 200).await;
    long["access_token"].as_str().unwrap().to_owned()
}

/// A server for media, as an application has one. Answers with the base address.
pub(super) async fn shelf(files: Vec<(&'static str, &'static str, Vec<u8>)>) -> String {
    let mut router = Router::new().route(
        "/slow",
        get(|| async {
            tokio::time::sleep(std::time::Duration::from_secs(30)).await;
            Status::OK
        }),
    );
    for (path, mime, bytes) in files {
        let answer = ([("content-type", mime)], bytes);
        router = router.route(path, get(move || std::future::ready(answer.clone())));
    }
    let moved = ([("location", "/feed.jpg")], Status::FOUND);
    router = router.route("/moved", get(move || std::future::ready((Status::FOUND, moved.0))));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn container(net: &Net, token: &str, form: &[(&str, &str)]) -> RequestBuilder {
    net.post(&format!("/instagram/v25.0/{NORTHWIND}/media")).bearer_auth(token).form(form)
}

async fn made(net: &Net, token: &str, form: &[(&str, &str)]) -> String {
    json(container(net, token, form), 200).await["id"].as_str().unwrap().to_owned()
}

fn publish(net: &Net, token: &str, container: &str) -> RequestBuilder {
    let form = [("creation_id", container)];
    net.post(&format!("/instagram/v25.0/{NORTHWIND}/media_publish")).bearer_auth(token).form(&form)
}

async fn look(net: &Net, token: &str, container: &str) -> Value {
    let path = format!("/instagram/v25.0/{container}?fields=status_code,status");
    json(net.get(&path).bearer_auth(token), 200).await
}

/// The status once it is settled. The sandbox's clock is moved ahead of the processing.
pub(super) async fn settled(net: &Net, token: &str, container: &str) -> Value {
    for _ in 0..100 {
        let status = look(net, token, container).await;
        if status["status_code"] != "IN_PROGRESS" {
            return status;
        }
        net.advance(3).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the container is never settled");
}

fn codes(body: &Value) -> (i64, i64) {
    (body["error"]["code"].as_i64().unwrap(), body["error"]["error_subcode"].as_i64().unwrap_or_default())
}

async fn refused(net: &Net, token: &str, form: &[(&str, &str)]) -> (i64, i64) {
    codes(&json(container(net, token, form), 400).await)
}

#[tokio::test]
async fn an_account_signs_in_itself_and_posts_a_picture() {
    let net = Net::start().await;
    let files = shelf(vec![("/feed.jpg", "image/jpeg", jpeg(1080, 1350, 1))]).await;
    let token = connect(&net, "northwindcoffee").await;
    let me = json(net.get("/instagram/v25.0/me?fields=user_id,username").bearer_auth(&token), 200).await;
    assert_eq!((&me["user_id"], &me["username"]), (&json!(NORTHWIND), &json!("northwindcoffee")));

    let picture = format!("{files}/feed.jpg");
    let form = [("image_url", picture.as_str()), ("caption", "Winter roast #coffee"), ("alt_text", "A bag")];
    let id = made(&net, &token, &form).await;
    assert_eq!(look(&net, &token, &id).await["status_code"], "FINISHED");
    assert!(net.texts("instagram").await.is_empty());
    let post = json(publish(&net, &token, &id), 200).await["id"].as_str().unwrap().to_owned();
    assert_eq!(look(&net, &token, &id).await["status_code"], "PUBLISHED");
    // A container is good for one post.
    assert_eq!(codes(&json(publish(&net, &token, &id), 400).await), (24, 2_207_006));

    let posts = net.control.posts(Some("instagram")).await.unwrap();
    assert_eq!((&posts[0]["text"], &posts[0]["account"]), (&json!("Winter roast #coffee"), &json!(NORTHWIND)));
    assert_eq!((&posts[0]["media"][0]["alt_text"], &posts[0]["media"][0]["height"]), (&json!("A bag"), &json!(1350)));

    let fields = "permalink,shortcode,media_type,media_product_type,caption,timestamp";
    let one = json(net.get(&format!("/instagram/v25.0/{post}?fields={fields}")).bearer_auth(&token), 200).await;
    assert_eq!((&one["media_type"], &one["media_product_type"]), (&json!("IMAGE"), &json!("FEED")));
    let link = one["permalink"].as_str().unwrap();
    assert!(link.contains(&format!("/p/{}/", one["shortcode"].as_str().unwrap())), "{link}");
    let (status, html) = read(net.http.get(link).send().await.unwrap()).await;
    assert!(status == 200 && html.contains("Winter roast #coffee") && html.contains("Alt text: A bag"), "{html}");

    let list = format!("/instagram/v25.0/{NORTHWIND}/media?fields=id,caption,permalink&limit=5");
    let listed = json(net.get(&list).bearer_auth(&token), 200).await;
    assert_eq!(listed["data"][0]["id"], post.as_str());

    let comment = |text: &str| {
        let form = [("message", text)];
        net.post(&format!("/instagram/v25.0/{post}/comments")).bearer_auth(&token).form(&form)
    };
    assert!(json(comment("Link in the profile"), 200).await["id"].is_string());
    let many_tags = "#a #b #c #d #e";
    for text in ["", "SHOUTING ONLY", many_tags, "http://a.example http://b.example", &"x".repeat(301)] {
        assert_eq!(codes(&json(comment(text), 400).await).0, 100, "{text}");
    }
    let comments = json(net.get(&format!("/instagram/v25.0/{post}/comments")).bearer_auth(&token), 200).await;
    assert_eq!(comments["data"][0]["text"], "Link in the profile");
    assert_eq!(net.control.posts(Some("instagram")).await.unwrap()[0]["comments"][0]["text"], "Link in the profile");
}

#[tokio::test]
async fn accounts_stand_behind_pages() {
    let net = Net::start().await;
    let files = shelf(vec![("/feed.jpg", "image/jpeg", jpeg(1080, 1080, 1))]).await;
    let user = by_page(&net, &somebody("niamh.doyle")).await;
    let fields = "id,name,access_token,tasks,instagram_business_account{id,username}";
    let pages = json(net.get(&format!("/instagram/v25.0/me/accounts?fields={fields}")).bearer_auth(&user), 200).await;
    let pages = pages["data"].as_array().unwrap();
    let northwind = pages.iter().find(|page| page["id"] == PAGE).unwrap();
    assert_eq!(northwind["instagram_business_account"], json!({ "id": NORTHWIND, "username": "northwindcoffee" }));
    let cork = pages.iter().find(|page| page["name"] == "Northwind Cafés Cork").unwrap();
    assert!(cork.get("instagram_business_account").is_none(), "not every page has one");

    let picture = format!("{files}/feed.jpg");
    for token in [&user, &northwind["access_token"].as_str().unwrap().to_owned()] {
        let id = made(&net, token, &[("image_url", &picture)]).await;
        json(publish(&net, token, &id), 200).await;
    }
    let who = json(net.get(&format!("/instagram/v25.0/{NORTHWIND}?fields=id,username")).bearer_auth(&user), 200).await;
    assert_eq!(who["username"], "northwindcoffee");

    let page = format!("/instagram/v25.0/{PAGE}?fields=name,instagram_business_account");
    let page = json(net.get(&page).bearer_auth(&user), 200).await;
    assert_eq!(page["instagram_business_account"], json!({ "id": NORTHWIND }));
    let page_token = northwind["access_token"].as_str().unwrap();
    assert_eq!(json(net.get("/instagram/v25.0/me").bearer_auth(page_token), 200).await["id"], PAGE);
    let account = format!("/instagram/v25.0/{NORTHWIND}?fields=id,username");
    assert_eq!(json(net.get(&account).bearer_auth(page_token), 200).await["id"], NORTHWIND);
    json(net.get("/instagram/v25.0/102938475630495").bearer_auth(&user), 400).await;

    // What was not ticked, not granted, or not theirs is out of reach.
    let unticked = by_page(&net, &somebody("maya.lindqvist").only_pages(["harbourandpine"])).await;
    assert_eq!(refused(&net, &unticked, &[("image_url", &picture)]).await, (100, 33));
    let unscoped = by_page(&net, &somebody("niamh.doyle").without_scope("instagram_content_publish")).await;
    assert_eq!(codes(&json(container(&net, &unscoped, &[("image_url", &picture)]), 403).await).0, 10);
    let permissions = json(net.get("/instagram/v25.0/me/permissions").bearer_auth(&unscoped), 200).await;
    let declined = permissions["data"].as_array().unwrap().iter().find(|one| one["status"] == "declined").unwrap();
    assert_eq!(declined["permission"], "instagram_content_publish");
    let analyst = by_page(&net, &somebody("tomas.okafor")).await;
    let form = [("image_url", picture.as_str())];
    let juniper = net.post("/instagram/v25.0/17841400000000013/media").bearer_auth(&analyst).form(&form);
    assert_eq!(codes(&json(juniper, 403).await).0, 200);
    let other = connect(&net, "kestrelbikes").await;
    assert_eq!(refused(&net, &other, &[("image_url", &picture)]).await, (100, 33));

    json(net.delete("/instagram/v25.0/me/permissions").bearer_auth(&user), 200).await;
    let gone = json(net.get("/instagram/v25.0/me").bearer_auth(&user), 400).await;
    assert_eq!(codes(&gone), (190, 458));
}

#[tokio::test]
async fn accounts_stand_behind_the_pages_of_businesses() {
    let net = Net::start().await;
    let door = page_door(&net).replace("instagram_basic", "business_management,instagram_basic");
    let user = by_door(&net, &somebody("maya.lindqvist"), &door).await;
    let listed = async |path: &str| {
        let path = format!("/instagram/v25.0/{path}?fields=id,access_token,instagram_business_account");
        let list = json(net.get(&path).bearer_auth(&user), 200).await;
        list["data"].as_array().unwrap().clone()
    };
    let is_juniper = |page: &Value| page["id"] == "102938475640596";
    assert!(!listed("me/accounts").await.iter().any(is_juniper));
    let businesses = json(net.get("/instagram/v25.0/me/businesses").bearer_auth(&user), 200).await;
    let business = businesses["data"][0]["id"].as_str().unwrap();
    let client = listed(&format!("{business}/client_pages")).await;
    let juniper = client.iter().find(|page| is_juniper(page)).unwrap();
    assert_eq!(juniper["instagram_business_account"]["id"], "17841400000000013");
    assert!(juniper["access_token"].is_string());
    json(net.get(&format!("/instagram/v25.0/{business}/owned_pages")).bearer_auth(&user), 200).await;
    let without = by_page(&net, &somebody("maya.lindqvist")).await;
    let path = format!("/instagram/v25.0/{business}/client_pages");
    assert_eq!(codes(&json(net.get(&path).bearer_auth(&without), 403).await).0, 10);
}

#[tokio::test]
async fn short_tokens_become_long_and_long_ones_longer() {
    let net = Net::start().await;
    let back = somebody("northwindcoffee").authorize(&own_door(&net, OWN)).await.unwrap();
    let code = query(&back, "code").unwrap();
    // The browser brings `#_`, which is no part of the code.
    assert_eq!(json(exchange(&net, &format!("{code}#_")), 400).await["error_type"], "OAuthException");
    let answer = json(exchange(&net, &code), 200).await;
    assert_eq!(answer["user_id"].to_string(), NORTHWIND);
    assert!(answer["permissions"].as_array().unwrap().contains(&json!("instagram_business_content_publish")));
    json(exchange(&net, &code), 400).await;
    let short = answer["access_token"].as_str().unwrap();
    assert_eq!(codes(&json(refresh(&net, short), 400).await).0, 100);
    let long = json(lengthen(&net, short), 200).await;
    assert_eq!(long["expires_in"], 5_183_944);
    let long = long["access_token"].as_str().unwrap();
    json(lengthen(&net, long), 400).await;
    // Not before it is a day old.
    json(refresh(&net, long), 400).await;
    net.advance(86_401).await;
    assert_eq!(codes(&json(net.get("/instagram/me").bearer_auth(short), 400).await), (190, 463));
    let renewed = json(refresh(&net, long), 200).await;
    assert_eq!(renewed["access_token"], long);
    net.advance(5_183_944 - 10).await;
    json(net.get("/instagram/me?fields=user_id").bearer_auth(long), 200).await;
    net.advance(20).await;
    assert_eq!(codes(&json(refresh(&net, long), 400).await), (190, 463));

    // The two doors do not open each other's codes.
    let back = somebody("niamh.doyle").authorize(&page_door(&net)).await.unwrap();
    json(exchange(&net, &query(&back, "code").unwrap()), 400).await;
    for url in [
        own_door(&net, OWN).replace(DEMO_CLIENT_ID, "nobody"),
        own_door(&net, OWN).replace("localhost%3A3000", "example.com"),
        own_door(&net, "instagram_basic"),
        own_door(&net, "instagram_business_content_publish"),
        page_door(&net).replace("instagram_basic", "instagram_business_basic"),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert!(answer.status() == 400 && answer.headers().get("location").is_none(), "{url}");
    }
    let back = somebody("kestrelbikes").refuse(&own_door(&net, OWN)).await.unwrap();
    assert_eq!(query(&back, "error_reason").as_deref(), Some("user_denied"));
}

#[tokio::test]
async fn a_reel_is_fetched_worked_on_and_published() {
    let net = Net::start().await;
    let files = shelf(vec![
        ("/reel.mp4", "video/mp4", film(1080, 1920, 15_000, 1)),
        ("/short.mp4", "video/mp4", film(1080, 1920, 2_000, 1)),
        ("/text.mp4", "video/mp4", b"no film".to_vec()),
        ("/page.html", "text/html", film(1080, 1920, 15_000, 1)),
    ])
    .await;
    let token = connect(&net, "northwindcoffee").await;
    let film = format!("{files}/reel.mp4");
    let reel =
        [("media_type", "REELS"), ("video_url", film.as_str()), ("caption", "Roasting"), ("share_to_feed", "true")];
    let id = made(&net, &token, &reel).await;
    assert_eq!(look(&net, &token, &id).await["status_code"], "IN_PROGRESS");
    assert_eq!(codes(&json(publish(&net, &token, &id), 400).await), (9_007, 2_207_027));
    assert_eq!(settled(&net, &token, &id).await["status_code"], "FINISHED");
    let post = json(publish(&net, &token, &id), 200).await["id"].as_str().unwrap().to_owned();
    let one = format!("/instagram/v25.0/{post}?fields=media_type,media_product_type,permalink");
    let one = json(net.get(&one).bearer_auth(&token), 200).await;
    assert_eq!((&one["media_type"], &one["media_product_type"]), (&json!("VIDEO"), &json!("REELS")));
    assert!(one["permalink"].as_str().unwrap().contains("/reel/"));

    for (file, code) in
        [("short.mp4", 2_207_026), ("text.mp4", 2_207_026), ("page.html", 2_207_052), ("nothing", 2_207_052)]
    {
        let address = format!("{files}/{file}");
        let id = made(&net, &token, &[("media_type", "REELS"), ("video_url", &address)]).await;
        let status = settled(&net, &token, &id).await;
        assert_eq!(status["status_code"], "ERROR", "{file}");
        assert!(status["status"].as_str().unwrap().ends_with(&code.to_string()), "{file}: {status}");
        assert_eq!(codes(&json(publish(&net, &token, &id), 400).await), (-1, 2_207_032));
    }
    let late = [("media_type", "REELS"), ("video_url", film.as_str()), ("thumb_offset", "16000")];
    let id = made(&net, &token, &late).await;
    assert!(settled(&net, &token, &id).await["status"].as_str().unwrap().ends_with("2207057"));
}

#[tokio::test]
async fn a_film_is_sent_and_resumed() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    let form = [("media_type", "REELS"), ("upload_type", "resumable"), ("caption", "Sent")];
    let started = json(container(&net, &token, &form), 200).await;
    let (id, address) = (started["id"].as_str().unwrap(), started["uri"].as_str().unwrap());
    assert!(address.starts_with(net.run.url()), "{address}");
    let whole = film_of(1080, 1920, 20_000, 3, 50_000);
    let send = |offset: usize, bytes: &[u8]| {
        net.http
            .post(address)
            .header("authorization", format!("OAuth {token}"))
            .header("offset", offset.to_string())
            .header("file_size", whole.len().to_string())
            .body(bytes.to_vec())
    };
    let kind = |body: Value| body["debug_info"]["type"].as_str().unwrap().to_owned();
    // Half of it arrives, and is kept.
    assert_eq!(kind(json(send(0, &whole[..20_000]), 400).await), "PartialRequestError");
    let so_far = json(net.get(&format!("/instagram/v25.0/{id}?fields=video_status")).bearer_auth(&token), 200).await;
    assert_eq!(so_far["video_status"]["uploading_phase"]["bytes_transferred"], 20_000);
    assert_eq!(kind(json(send(0, &whole), 400).await), "OffsetInvalidError");
    let bearer = net.http.post(address).bearer_auth(&token).header("offset", "20000").header("file_size", "50000");
    assert_eq!(kind(json(bearer.body(whole[20_000..].to_vec()), 401).await), "NotAuthorizedError");
    json(publish(&net, &token, id), 400).await;
    assert_eq!(json(send(20_000, &whole[20_000..]), 200).await["success"], true);
    assert_eq!(settled(&net, &token, id).await["status_code"], "FINISHED");
    json(publish(&net, &token, id), 200).await;
    let posts = net.control.posts(Some("instagram")).await.unwrap();
    assert_eq!(
        (&posts[0]["media"][0]["bytes"], &posts[0]["media"][0]["duration_ms"]),
        (&json!(50_000), &json!(20_000))
    );
}

#[tokio::test]
async fn a_carousel_has_two_to_ten_items() {
    let net = Net::start().await;
    let files = shelf(vec![
        ("/1.jpg", "image/jpeg", jpeg(1080, 1080, 1)),
        ("/2.jpg", "image/jpeg", jpeg(1080, 1080, 2)),
        ("/3.mp4", "video/mp4", film(1080, 1080, 10_000, 3)),
    ])
    .await;
    let token = connect(&net, "northwindcoffee").await;
    let [one, two, three] = ["1.jpg", "2.jpg", "3.mp4"].map(|file| format!("{files}/{file}"));
    let item = |name: &'static str, url: &str| vec![(name, url.to_owned()), ("is_carousel_item", "true".to_owned())];
    let mut ids = Vec::new();
    for (name, url, kind) in
        [("image_url", &one, None), ("image_url", &two, None), ("video_url", &three, Some("VIDEO"))]
    {
        let mut form = item(name, url);
        form.extend(kind.map(|kind| ("media_type", kind.to_owned())));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ids.push(made(&net, &token, &form).await);
    }
    let children = ids.join(",");
    let parent = [("media_type", "CAROUSEL"), ("children", children.as_str()), ("caption", "Three")];
    assert_eq!(refused(&net, &token, &parent).await, (9_007, 2_207_027), "the film is not ready");
    settled(&net, &token, &ids[2]).await;
    assert_eq!(codes(&json(publish(&net, &token, &ids[0]), 400).await), (100, 2_207_028), "an item is no post");
    let single = made(&net, &token, &[("image_url", &one)]).await;
    for list in [
        ids[0].clone(),
        format!("{},{}", ids[0], ids[0]),
        format!("{},{single}", ids[0]),
        [ids[0].as_str(); 11].join(","),
    ] {
        assert_eq!(
            refused(&net, &token, &[("media_type", "CAROUSEL"), ("children", &list)]).await,
            (100, 2_207_028),
            "{list}"
        );
    }
    let id = made(&net, &token, &parent).await;
    let post = json(publish(&net, &token, &id), 200).await["id"].as_str().unwrap().to_owned();
    let one = format!("/instagram/v25.0/{post}?fields=media_type,children{{id,media_type}}");
    let one = json(net.get(&one).bearer_auth(&token), 200).await;
    assert_eq!(
        (&one["media_type"], &one["children"]["data"][2]["media_type"]),
        (&json!("CAROUSEL_ALBUM"), &json!("VIDEO"))
    );
    assert_eq!(look(&net, &token, &ids[1]).await["status_code"], "PUBLISHED");
}

#[tokio::test]
async fn stories_stand_apart() {
    let net = Net::start().await;
    let files = shelf(vec![
        ("/story.jpg", "image/jpeg", jpeg(1080, 1920, 1)),
        ("/story.mp4", "video/mp4", film(1080, 1920, 20_000, 1)),
        ("/long.mp4", "video/mp4", film(1080, 1920, 61_000, 1)),
    ])
    .await;
    let token = connect(&net, "northwindcoffee").await;
    let picture = format!("{files}/story.jpg");
    let id = made(&net, &token, &[("media_type", "STORIES"), ("image_url", &picture)]).await;
    let post = json(publish(&net, &token, &id), 200).await["id"].as_str().unwrap().to_owned();
    let one =
        json(net.get(&format!("/instagram/v25.0/{post}?fields=media_product_type,permalink")).bearer_auth(&token), 200)
            .await;
    assert_eq!(one["media_product_type"], "STORY");
    assert_eq!(net.http.get(one["permalink"].as_str().unwrap()).send().await.unwrap().status(), 200);
    let list = json(net.get(&format!("/instagram/v25.0/{NORTHWIND}/media")).bearer_auth(&token), 200).await;
    assert_eq!(list["data"], json!([]));
    let stories = || {
        let path = format!("/instagram/v25.0/{NORTHWIND}/stories?fields=id,permalink,timestamp");
        json(net.get(&path).bearer_auth(&token), 200)
    };
    let listed = stories().await;
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["permalink"]), (&json!(post), &one["permalink"]));
    for (file, state) in [("story.mp4", "FINISHED"), ("long.mp4", "ERROR")] {
        let address = format!("{files}/{file}");
        let id = made(&net, &token, &[("media_type", "STORIES"), ("video_url", &address)]).await;
        assert_eq!(settled(&net, &token, &id).await["status_code"], state, "{file}");
    }
    assert_eq!(
        refused(&net, &token, &[("media_type", "STORIES"), ("image_url", &picture), ("alt_text", "x")]).await.0,
        100
    );
    net.advance(86_401).await;
    assert_eq!(stories().await["data"], json!([]), "a story is shown for a day");
}

#[tokio::test]
async fn containers_that_instagram_refuses() {
    let net = Net::with(Config { pull_seconds: 1, ..Config::default() }).await;
    let png = png(1080, 1080, 1);
    let files = shelf(vec![
        ("/feed.jpg", "image/jpeg", jpeg(1080, 1080, 1)),
        ("/tall.jpg", "image/jpeg", jpeg(1080, 1351, 1)),
        ("/wide.jpg", "image/jpeg", jpeg(1080, 565, 1)),
        ("/picture.png", "image/png", png),
        ("/large.jpg", "image/jpeg", [jpeg(1080, 1080, 1), vec![0; 8 << 20]].concat()),
    ])
    .await;
    let token = connect(&net, "northwindcoffee").await;
    for (file, expected) in [
        ("tall.jpg", (36_003, 2_207_009)),
        ("wide.jpg", (36_003, 2_207_009)),
        ("picture.png", (36_001, 2_207_005)),
        ("large.jpg", (36_000, 2_207_004)),
        ("missing.jpg", (9_004, 2_207_052)),
        ("moved", (9_004, 2_207_052)),
        ("slow", (-2, 2_207_003)),
    ] {
        let address = format!("{files}/{file}");
        assert_eq!(refused(&net, &token, &[("image_url", &address)]).await, expected, "{file}");
    }
    let good = format!("{files}/feed.jpg");
    let tags = "#t ".repeat(31);
    let names = "@n ".repeat(21);
    let long = "x".repeat(2_201);
    for (form, expected) in [
        (vec![("image_url", good.as_str()), ("caption", &long)], (36_004, 2_207_010)),
        (vec![("image_url", &good), ("caption", &tags)], (100, 2_207_040)),
        (vec![("image_url", &good), ("caption", &names)], (100, 2_207_040)),
        (vec![("caption", "text alone")], (100, 0)),
        (vec![("media_type", "REELS"), ("image_url", &good)], (100, 0)),
        (vec![("media_type", "VIDEO"), ("video_url", &good)], (100, 0)),
        (vec![("video_url", &good)], (352, 2_207_023)),
        (vec![("media_type", "GIF"), ("image_url", &good)], (352, 2_207_023)),
        (vec![("image_url", &good), ("thumb_offset", "1")], (100, 0)),
        (vec![("image_url", &good), ("collaborators", "[\"a\",\"b\",\"c\",\"d\"]")], (100, 0)),
        (vec![("image_url", &good), ("user_tags", "me")], (100, 0)),
    ] {
        assert_eq!(refused(&net, &token, &form).await, expected, "{form:?}");
    }
    assert_eq!(refused(&net, &token, &[("media_type", "CAROUSEL"), ("children", "1,2")]).await, (24, 2_207_006));
    assert_eq!(codes(&json(publish(&net, &token, "17900000000000000"), 400).await), (24, 2_207_006));

    // A container lives for a day.
    let id = made(&net, &token, &[("image_url", &good)]).await;
    net.advance(86_401).await;
    let token = connect(&net, "northwindcoffee").await;
    assert_eq!(look(&net, &token, &id).await["status_code"], "EXPIRED");
    assert_eq!(codes(&json(publish(&net, &token, &id), 400).await), (-2, 2_207_020));

    // Where this machine does not count as public, nothing on it can be fetched.
    net.control.post("settings", &json!({ "local_media": false })).await.unwrap();
    assert_eq!(refused(&net, &token, &[("image_url", &good)]).await, (9_004, 2_207_052));
    assert!(net.texts("instagram").await.is_empty());
}

#[tokio::test]
async fn fifty_posts_in_a_day() {
    let net = Net::start().await;
    let files = shelf(vec![("/feed.jpg", "image/jpeg", jpeg(1080, 1080, 1))]).await;
    let token = connect(&net, "northwindcoffee").await;
    let picture = format!("{files}/feed.jpg");
    let limit = || {
        let path = format!("/instagram/v25.0/{NORTHWIND}/content_publishing_limit?fields=config,quota_usage");
        json(net.get(&path).bearer_auth(&token), 200)
    };
    for _ in 0..50 {
        let id = made(&net, &token, &[("image_url", &picture)]).await;
        json(publish(&net, &token, &id), 200).await;
    }
    let used = limit().await["data"][0].clone();
    assert_eq!(
        (&used["quota_usage"], &used["config"]),
        (&json!(50), &json!({ "quota_total": 50, "quota_duration": 86_400 }))
    );
    let id = made(&net, &token, &[("image_url", &picture)]).await;
    assert_eq!(codes(&json(publish(&net, &token, &id), 400).await), (9, 2_207_042));
    net.control.post("settings", &json!({ "enforce_limits": false })).await.unwrap();
    json(publish(&net, &token, &id), 200).await;
    assert!(limit().await["data"][0]["config"]["quota_total"].as_u64().unwrap() > 50);
    net.advance(86_401).await;
    assert_eq!(limit().await["data"][0]["quota_usage"], 0);
}

#[tokio::test]
async fn what_arrived_before_a_connection_broke_is_kept() {
    let net = Net::start().await;
    let token = connect(&net, "northwindcoffee").await;
    let form = [("media_type", "STORIES"), ("upload_type", "resumable")];
    let started = json(container(&net, &token, &form), 200).await;
    let address = Url::parse(started["uri"].as_str().unwrap()).unwrap();
    let whole = film_of(1080, 1920, 20_000, 3, 300_000);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: OAuth {token}\r\noffset: 0\r\nfile_size: {1}\r\n\
         Content-Length: {1}\r\n\r\n",
        address.path(),
        whole.len()
    );
    let mut stream = tokio::net::TcpStream::connect(net.run.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&whole[..100_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let authorized = |call: RequestBuilder| call.header("authorization", format!("OAuth {token}"));
    let mut offset = 0;
    for _ in 0..100 {
        offset = json(authorized(net.http.get(address.clone())), 200).await["offset"].as_u64().unwrap();
        if offset > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(offset, 100_000);
    let rest = net.http.post(address).header("offset", "100000").header("file_size", "300000");
    json(authorized(rest).body(whole[100_000..].to_vec()), 200).await;
    assert_eq!(settled(&net, &token, started["id"].as_str().unwrap()).await["status_code"], "FINISHED");
}
