//! Facebook: dialog, long-lived and page tokens, permissions, feed and photos.

use sandbox::driver::Visitor;
use serde_json::json;

use super::*;

const SCOPES: &str = "pages_show_list,pages_manage_posts,pages_read_engagement,business_management";
const NORTHWIND: &str = "102938475610293";
const CORK: &str = "102938475620394";

fn dialog(net: &Net, scopes: &str) -> String {
    address(
        net.url("/facebook/v25.0/dialog/oauth"),
        &[
            ("client_id", DEMO_CLIENT_ID),
            ("redirect_uri", REDIRECT),
            ("state", "abc"),
            ("response_type", "code"),
            ("scope", scopes),
        ],
    )
}

fn token_url(net: &Net, pairs: &[(&str, &str)]) -> RequestBuilder {
    let mut all = vec![("client_id", DEMO_CLIENT_ID), ("client_secret", DEMO_CLIENT_SECRET)];
    all.extend(pairs);
    net.http.get(address(net.url("/facebook/v25.0/oauth/access_token"), &all))
}

async fn code(net: &Net, visitor: &Visitor) -> String {
    let back = visitor.authorize(&dialog(net, SCOPES)).await.unwrap();
    assert_eq!(back.fragment(), Some("_=_"));
    assert_eq!(query(&back, "state").as_deref(), Some("abc"));
    query(&back, "code").unwrap()
}

/// A long-lived user token.
async fn user_token(net: &Net, visitor: &Visitor) -> String {
    let code = code(net, visitor).await;
    let short = json(token_url(net, &[("code", &code), ("redirect_uri", REDIRECT)]), 200).await;
    let short = short["access_token"].as_str().unwrap();
    let long = json(token_url(net, &[("grant_type", "fb_exchange_token"), ("fb_exchange_token", short)]), 200).await;
    assert_eq!(long["expires_in"], 5_183_944);
    long["access_token"].as_str().unwrap().to_owned()
}

async fn pages(net: &Net, user: &str) -> Vec<Value> {
    let list =
        json(net.get("/facebook/v25.0/me/accounts?fields=id,name,access_token,tasks").bearer_auth(user), 200).await;
    list["data"].as_array().unwrap().clone()
}

/// The token of a page.
pub(super) async fn connect(net: &Net, page: &str) -> String {
    let user = user_token(net, &somebody(page)).await;
    let pages = pages(net, &user).await;
    assert_eq!(pages.len(), 1, "signing in as a page ticks that page alone");
    pages[0]["access_token"].as_str().unwrap().to_owned()
}

pub(super) fn feed(net: &Net, token: &str, page: &str, form: &[(&str, &str)]) -> RequestBuilder {
    net.post(&format!("/facebook/v25.0/{page}/feed")).bearer_auth(token).form(form)
}

fn photo(net: &Net, token: &str, bytes: Vec<u8>, fields: &[(&'static str, &'static str)]) -> RequestBuilder {
    let mut form = reqwest::multipart::Form::new().part("source", part(bytes, "image/png"));
    for (name, value) in fields {
        form = form.text(*name, *value);
    }
    net.post(&format!("/facebook/v25.0/{NORTHWIND}/photos")).bearer_auth(token).multipart(form)
}

#[tokio::test]
async fn from_consent_to_a_post_with_two_photos() {
    let net = Net::start().await;
    let user = user_token(&net, &somebody("niamh.doyle")).await;
    let me = json(net.get("/facebook/v25.0/me?fields=id,name").bearer_auth(&user), 200).await;
    assert_eq!(me["name"], "Niamh Doyle");
    let pages = pages(&net, &user).await;
    assert_eq!(pages.iter().map(|page| page["id"].as_str().unwrap()).collect::<Vec<_>>(), [NORTHWIND, CORK]);
    assert!(pages[0]["tasks"].as_array().unwrap().contains(&json!("CREATE_CONTENT")));
    let token = pages[0]["access_token"].as_str().unwrap();

    let mut ids = Vec::new();
    for seed in 0..2 {
        let fields = [("published", "false"), ("alt_text_custom", "A cup")];
        let staged = json(photo(&net, token, png(40, 30, seed), &fields), 200).await;
        assert!(staged.get("post_id").is_none());
        ids.push(staged["id"].as_str().unwrap().to_owned());
    }
    assert!(net.texts("facebook").await.is_empty());
    let attached = json!([{ "media_fbid": ids[0] }, { "media_fbid": ids[1] }]).to_string();
    let form = [("message", "Two cups"), ("attached_media", attached.as_str())];
    let answer = feed(&net, token, NORTHWIND, &form).send().await.unwrap();
    assert!(answer.headers().contains_key("x-app-usage"));
    assert!(answer.headers()["x-business-use-case-usage"].to_str().unwrap().contains(NORTHWIND));
    let made: Value = serde_json::from_str(&read(answer).await.1).unwrap();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with(&format!("{NORTHWIND}_")));

    let posts = net.control.posts(Some("facebook")).await.unwrap();
    assert_eq!(posts[0]["media"].as_array().unwrap().len(), 2);
    assert_eq!(posts[0]["media"][1]["alt_text"], "A cup");
    let read_back = format!("/facebook/v25.0/{id}?fields=permalink_url,message,is_published");
    let one = json(net.get(&read_back).bearer_auth(token), 200).await;
    assert_eq!(one["message"], "Two cups");
    let page = net.http.get(one["permalink_url"].as_str().unwrap()).send().await.unwrap();
    let (status, html) = read(page).await;
    assert!(status == 200 && html.contains("Two cups") && html.contains("Alt text: A cup"), "{html}");

    assert_eq!(net.get(&format!("/facebook/{id}")).send().await.unwrap().status(), 200);

    let fields = "id,message,created_time,attachments{media_type,subattachments{media_type}}";
    let list = format!("/facebook/v25.0/{NORTHWIND}/published_posts?fields={fields}&limit=5");
    let listed = json(net.get(&list).bearer_auth(token), 200).await["data"][0].clone();
    assert_eq!(listed["id"], id);
    assert_eq!(listed["attachments"]["data"][0]["subattachments"]["data"].as_array().unwrap().len(), 2);
    // Photos are good for one post.
    let again = [("message", "Again"), ("attached_media", attached.as_str())];
    let refused = json(feed(&net, token, NORTHWIND, &again), 400).await;
    assert_eq!(refused["error"]["error_subcode"], 1_366_051);
    assert_eq!(json(net.delete(&format!("/facebook/v25.0/{id}")).bearer_auth(token), 200).await["success"], true);
    assert_eq!(json(net.get(&read_back).bearer_auth(token), 400).await["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn photos_come_by_address_or_by_upload() {
    let net = Net::start().await;
    let token = connect(&net, NORTHWIND).await;
    let made = json(photo(&net, &token, png(10, 10, 1), &[("message", "One cup")]), 200).await;
    assert!(made["post_id"].as_str().unwrap().starts_with(NORTHWIND));
    let picture = made["id"].as_str().unwrap();
    let by_address = [("url", net.url(&format!("/media/facebook/{picture}"))), ("caption", "From afar".to_owned())];
    let made = net.post(&format!("/facebook/v25.0/{NORTHWIND}/photos")).bearer_auth(&token).form(&by_address);
    json(made, 200).await;
    assert_eq!(net.texts("facebook").await, ["One cup", "From afar"]);

    let nowhere = [("url", net.url("/media/facebook/0"))];
    let refused = net.post(&format!("/facebook/v25.0/{NORTHWIND}/photos")).bearer_auth(&token).form(&nowhere);
    assert_eq!(json(refused, 400).await["error"]["code"], 324);
    for bytes in [b"GIF89a\x0a\0\x05\0".to_vec(), b"text".to_vec(), [png(9, 9, 1), vec![0; 4 << 20]].concat()] {
        let refused = json(photo(&net, &token, bytes, &[]), 400).await;
        assert_eq!(refused["error"]["error_subcode"], 1_366_046);
    }
}

#[tokio::test]
async fn the_dialog_refuses_without_redirecting() {
    let net = Net::start().await;
    let good = dialog(&net, SCOPES);
    for (what, url) in [
        ("client", good.replace(DEMO_CLIENT_ID, "nobody")),
        ("redirect", good.replace("localhost%3A3000", "example.com")),
        ("scope", good.replace("pages_show_list", "pages_own_everything")),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert!(answer.status() == 400 && answer.headers().get("location").is_none(), "{what}");
    }
    let back = Visitor::anybody().refuse(&good).await.unwrap();
    assert_eq!(query(&back, "error_reason").as_deref(), Some("user_denied"));
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn codes_and_secrets_are_checked() {
    let net = Net::start().await;
    let value = code(&net, &Visitor::anybody()).await;
    let subcode = |body: Value| body["error"]["error_subcode"].as_i64();
    let with = |redirect: &'static str| token_url(&net, &[("code", value.as_str()), ("redirect_uri", redirect)]);
    assert_eq!(subcode(json(with("http://localhost:3000/other"), 400).await), Some(36008));
    let bad_secret = address(
        net.url("/facebook/v25.0/oauth/access_token"),
        &[("client_id", DEMO_CLIENT_ID), ("client_secret", "wrong"), ("code", &value), ("redirect_uri", REDIRECT)],
    );
    assert_eq!(json(net.http.get(bad_secret), 400).await["error"]["code"], 1);
    json(with(REDIRECT), 200).await;
    assert_eq!(subcode(json(with(REDIRECT), 400).await), Some(36009));
    let late = code(&net, &Visitor::anybody()).await;
    net.advance(601).await;
    let answer = json(token_url(&net, &[("code", &late), ("redirect_uri", REDIRECT)]), 400).await;
    assert_eq!(subcode(answer), Some(36007));
}

#[tokio::test]
async fn page_tokens_outlive_the_timer_of_the_user_token() {
    let net = Net::start().await;
    let user = user_token(&net, &somebody("niamh.doyle")).await;
    let page = pages(&net, &user).await[0]["access_token"].as_str().unwrap().to_owned();
    net.advance(5_183_945).await;
    let expired = json(net.get("/facebook/v25.0/me").bearer_auth(&user), 400).await;
    assert_eq!((&expired["error"]["code"], &expired["error"]["error_subcode"]), (&json!(190), &json!(463)));
    assert!(expired["error"]["fbtrace_id"].is_string());
    // What has expired cannot be exchanged.
    let exchange = token_url(&net, &[("grant_type", "fb_exchange_token"), ("fb_exchange_token", &user)]);
    assert_eq!(json(exchange, 400).await["error"]["code"], 190);
    json(feed(&net, &page, NORTHWIND, &[("message", "Still here")]), 200).await;
    net.control.post("revoke", &json!({ "platform": "facebook", "account": NORTHWIND })).await.unwrap();
    let revoked = json(feed(&net, &page, NORTHWIND, &[("message", "Not any more")]), 400).await;
    assert_eq!((&revoked["error"]["code"], &revoked["error"]["error_subcode"]), (&json!(190), &json!(458)));
}

#[tokio::test]
async fn what_was_unticked_is_missing_and_said_so() {
    let net = Net::start().await;
    let visitor = somebody("niamh.doyle").without_scope("pages_manage_posts").only_pages(["northwindcork"]);
    let user = user_token(&net, &visitor).await;
    let permissions = json(net.get("/facebook/v25.0/me/permissions").bearer_auth(&user), 200).await;
    let status = |name: &str| {
        let all = permissions["data"].as_array().unwrap();
        all.iter().find(|one| one["permission"] == name).map(|one| one["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(status("pages_manage_posts").as_deref(), Some("declined"));
    assert_eq!(status("pages_show_list").as_deref(), Some("granted"));
    assert_eq!(status("public_profile").as_deref(), Some("granted"));
    let pages = pages(&net, &user).await;
    assert_eq!(pages.len(), 1);
    let token = pages[0]["access_token"].as_str().unwrap();
    let refused = json(feed(&net, token, CORK, &[("message", "no")]), 403).await;
    assert_eq!(refused["error"]["code"], 200);
    // Neither the user's token nor another page's will do.
    json(feed(&net, &user, CORK, &[("message", "no")]), 403).await;
    let other = connect(&net, NORTHWIND).await;
    json(feed(&net, &other, CORK, &[("message", "no")]), 403).await;
    json(feed(&net, &other, "1", &[("message", "no")]), 400).await;
}

#[tokio::test]
async fn a_role_that_may_not_write() {
    let net = Net::start().await;
    let user = user_token(&net, &somebody("tomas.okafor")).await;
    let dental = pages(&net, &user).await.into_iter().find(|page| page["name"] == "Meridian Dental").unwrap();
    assert_eq!(dental["tasks"], json!(["ANALYZE"]));
    let token = dental["access_token"].as_str().unwrap();
    json(feed(&net, token, dental["id"].as_str().unwrap(), &[("message", "no")]), 403).await;
}

#[tokio::test]
async fn posts_that_facebook_refuses() {
    let net = Net::start().await;
    let token = connect(&net, NORTHWIND).await;
    json(feed(&net, &token, NORTHWIND, &[("message", &"x".repeat(63_206))]), 200).await;
    let code = |body: Value| body["error"]["code"].as_i64();
    for form in [
        vec![("message", "x".repeat(63_207))],
        vec![],
        vec![("link", "not an address".to_owned())],
        vec![("message", "x".to_owned()), ("attached_media", "[{\"id\":1}]".to_owned())],
        vec![("message", "x".to_owned()), ("attached_media", "[{\"media_fbid\":\"1\"}]".to_owned())],
        vec![("message", "x".to_owned()), ("scheduled_publish_time", "1".to_owned())],
    ] {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(code(json(feed(&net, &token, NORTHWIND, &form), 400).await), Some(100), "{:?}", form.first());
    }
    let link = [("message", "Same"), ("link", "https://northwind.example/winter")];
    json(feed(&net, &token, NORTHWIND, &link), 200).await;
    let again = json(feed(&net, &token, NORTHWIND, &link), 400).await;
    assert_eq!(code(again), Some(506));
    // Only the last post counts.
    json(feed(&net, &token, NORTHWIND, &[("message", "Other")]), 200).await;
    json(feed(&net, &token, NORTHWIND, &link), 200).await;
}

#[tokio::test]
async fn retired_and_unknown_versions() {
    let net = Net::start().await;
    let user = user_token(&net, &Visitor::anybody()).await;
    for version in ["v21.0", "v25.0", "v26.0"] {
        json(net.get(&format!("/facebook/{version}/me")).bearer_auth(&user), 200).await;
    }
    assert_eq!(json(net.get("/facebook/v20.0/me").bearer_auth(&user), 400).await["error"]["code"], 2635);
    assert_eq!(json(net.get("/facebook/v99.0/me").bearer_auth(&user), 400).await["error"]["code"], 2500);
    assert_eq!(json(net.get("/facebook/me").bearer_auth(&user), 400).await["error"]["code"], 2500);
    assert_eq!(json(net.get("/facebook/v25.0/me"), 400).await["error"]["code"], 104);
    assert_eq!(json(net.get("/facebook/v25.0/me").bearer_auth("nonsense"), 400).await["error"]["code"], 190);
    let unknown = json(net.get("/facebook/v25.0/me?fields=id,shoe_size").bearer_auth(&user), 400).await;
    assert!(unknown["error"]["message"].as_str().unwrap().contains("shoe_size"));
}

#[tokio::test]
async fn tokens_are_introspected_and_given_back() {
    let net = Net::start().await;
    let user = user_token(&net, &somebody("niamh.doyle")).await;
    let page = pages(&net, &user).await[0]["access_token"].as_str().unwrap().to_owned();
    let app = format!("{DEMO_CLIENT_ID}|{DEMO_CLIENT_SECRET}");
    let debug = |token: &str| {
        net.http.get(address(net.url("/facebook/debug_token"), &[("input_token", token), ("access_token", &app)]))
    };
    let data = json(debug(&page), 200).await["data"].clone();
    assert_eq!((&data["is_valid"], &data["type"], &data["expires_at"]), (&json!(true), &json!("PAGE"), &json!(0)));
    assert_eq!(data["profile_id"], NORTHWIND);
    assert!(data["scopes"].as_array().unwrap().contains(&json!("pages_manage_posts")));
    assert_eq!(json(debug("nonsense"), 200).await["data"]["is_valid"], false);

    json(net.delete("/facebook/v25.0/me/permissions").bearer_auth(&user), 200).await;
    let data = json(debug(&page), 200).await["data"].clone();
    assert_eq!((&data["is_valid"], &data["error"]["subcode"]), (&json!(false), &json!(458)));
}

#[tokio::test]
async fn some_pages_are_reached_through_a_business_alone() {
    let net = Net::start().await;
    let ids = async |user: &str, path: &str| {
        let list = json(net.get(&format!("/facebook/v25.0/{path}?fields=id")).bearer_auth(user), 200).await;
        let list = list["data"].as_array().unwrap().iter();
        list.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<String>>()
    };
    let (agency, juniper, kestrel) = ("102938475630495", "102938475640596", "102938475650697");
    let user = user_token(&net, &somebody("maya.lindqvist")).await;
    assert_eq!(ids(&user, "me/accounts").await, [NORTHWIND, agency, kestrel]);
    let [business] = ids(&user, "me/businesses").await.try_into().unwrap();
    assert_eq!(ids(&user, &format!("{business}/owned_pages")).await, [agency]);
    assert_eq!(ids(&user, &format!("{business}/client_pages")).await, [juniper, kestrel]);
    let unticked = user_token(&net, &somebody("maya.lindqvist").only_pages(["harbourandpine"])).await;
    assert!(ids(&unticked, &format!("{business}/client_pages")).await.is_empty());
    // Somebody else's business is none.
    let other = user_token(&net, &somebody("niamh.doyle")).await;
    assert!(ids(&other, "me/businesses").await.is_empty());
    json(net.get(&format!("/facebook/v25.0/{business}/owned_pages")).bearer_auth(&other), 400).await;
}

#[tokio::test]
async fn lists_have_pages_that_can_be_followed() {
    let net = Net::start().await;
    let user = user_token(&net, &somebody("niamh.doyle")).await;
    let first = json(net.get("/facebook/v25.0/me/accounts?fields=id&limit=1").bearer_auth(&user), 200).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 1);
    let following = first["paging"]["next"].as_str().unwrap();
    assert!(following.starts_with(net.run.url()));
    let second = json(net.http.get(following), 200).await;
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    assert!(second["paging"].get("next").is_none());
}

fn edge(net: &Net, token: &str, edge: &str, form: &[(&str, &str)]) -> RequestBuilder {
    net.post(&format!("/facebook/v25.0/{NORTHWIND}/{edge}")).bearer_auth(token).form(form)
}

async fn film_status(net: &Net, token: &str, id: &str) -> Value {
    let path = format!("/facebook/v25.0/{id}?fields=status,post_id");
    json(net.get(&path).bearer_auth(token), 200).await
}

#[tokio::test]
async fn a_film_is_transferred_by_offsets() {
    let net = Net::start().await;
    let token = connect(&net, NORTHWIND).await;
    let whole = sandbox::samples::film_of(1280, 720, 20_000, 1, 9 << 20);
    let size = whole.len().to_string();
    let start = json(edge(&net, &token, "videos", &[("upload_phase", "start"), ("file_size", &size)]), 200).await;
    let session = start["upload_session_id"].as_str().unwrap().to_owned();
    let id = start["video_id"].as_str().unwrap().to_owned();
    let at = |answer: &Value, name: &str| answer[name].as_str().unwrap().parse::<usize>().unwrap();
    assert_eq!(at(&start, "start_offset"), 0);
    let transfer = |from: usize, bytes: &[u8]| {
        let form = reqwest::multipart::Form::new()
            .text("upload_phase", "transfer")
            .text("upload_session_id", session.clone())
            .text("start_offset", from.to_string())
            .part("video_file_chunk", part(bytes.to_vec(), "application/octet-stream"));
        net.post(&format!("/facebook/v25.0/{NORTHWIND}/videos")).bearer_auth(&token).multipart(form)
    };
    let window = at(&start, "end_offset");
    let wrong = json(transfer(window, &whole[window..]), 400).await;
    assert_eq!(
        (&wrong["error"]["error_subcode"], &wrong["error"]["error_data"]["start_offset"]),
        (&json!(1_363_037), &json!("0"))
    );
    let following = json(transfer(0, &whole[..window]), 200).await;
    assert_eq!(at(&following, "start_offset"), window);
    let finish = |more: &[(&str, &str)]| {
        let mut form = vec![("upload_phase", "finish"), ("upload_session_id", session.as_str())];
        form.extend(more);
        edge(&net, &token, "videos", &form)
    };
    assert_eq!(json(finish(&[]), 400).await["error"]["error_subcode"], 1_363_033);
    let final_answer = json(transfer(window, &whole[window..at(&following, "end_offset")]), 200).await;
    assert_eq!(final_answer["start_offset"], final_answer["end_offset"]);
    json(finish(&[("description", "How we roast"), ("title", "Roasting")]), 200).await;
    // The session is over.
    json(finish(&[]), 400).await;

    let early = film_status(&net, &token, &id).await;
    assert_eq!(early["status"]["video_status"], "processing");
    assert_eq!(early["status"]["publishing_phase"]["status"], "in_progress");
    assert!(early["post_id"].is_string(), "it is accepted, though nobody sees it yet");
    assert!(net.texts("facebook").await.is_empty());
    net.advance(3).await;
    let done = film_status(&net, &token, &id).await;
    assert_eq!(done["status"]["video_status"], "ready");
    assert_eq!(done["status"]["publishing_phase"]["publish_status"], "published");
    assert_eq!(net.texts("facebook").await, ["How we roast"]);
    let path = format!("/facebook/v25.0/{NORTHWIND}/published_posts?fields=id,message,attachments,status_type");
    let listed = json(net.get(&path).bearer_auth(&token), 200).await;
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["status_type"]),
        (&done["post_id"], &json!("added_video"))
    );
}

#[tokio::test]
async fn films_at_once_by_file_and_by_address() {
    let net = Net::start().await;
    let token = connect(&net, NORTHWIND).await;
    let source = |bytes: Vec<u8>| {
        let form = reqwest::multipart::Form::new().text("description", "Sent").part("source", part(bytes, "video/mp4"));
        net.post(&format!("/facebook/v25.0/{NORTHWIND}/videos")).bearer_auth(&token).multipart(form)
    };
    let first = json(source(sandbox::samples::film(1280, 720, 5_000, 1)), 200).await;
    assert_eq!(json(source(b"no film".to_vec()), 400).await["error"]["code"], 352);
    json(edge(&net, &token, "videos", &[("description", "Nothing")]), 400).await;
    net.advance(3).await;
    let address = net.url(&format!("/media/facebook/{}", first["id"].as_str().unwrap()));
    for (address, status) in [(address, "ready"), (net.url("/media/facebook/0"), "error")] {
        let form = [("file_url", address.as_str()), ("description", "Fetched")];
        let id = json(edge(&net, &token, "videos", &form), 200).await["id"].as_str().unwrap().to_owned();
        let mut seen = Value::Null;
        for _ in 0..100 {
            seen = film_status(&net, &token, &id).await["status"]["video_status"].clone();
            if seen == status {
                break;
            }
            net.advance(3).await;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(seen, status);
    }
    assert_eq!(net.texts("facebook").await, ["Sent", "Fetched"]);
}

#[tokio::test]
async fn reels_and_stories_have_three_phases() {
    let net = Net::start().await;
    let token = connect(&net, NORTHWIND).await;
    let film = sandbox::samples::film(1080, 1920, 15_000, 1);
    let begin = |kind: &'static str| {
        let (net, token) = (&net, &token);
        async move {
            let start = json(edge(net, token, kind, &[("upload_phase", "start")]), 200).await;
            (start["video_id"].as_str().unwrap().to_owned(), start["upload_url"].as_str().unwrap().to_owned())
        }
    };
    let upload = |url: &str, bytes: &[u8]| {
        net.http
            .post(url)
            .header("authorization", format!("OAuth {token}"))
            .header("offset", "0")
            .header("file_size", bytes.len().to_string())
            .body(bytes.to_vec())
    };
    let finish = |kind: &str, id: &str, more: &[(&str, &str)]| {
        let mut form = vec![("upload_phase", "finish"), ("video_id", id)];
        form.extend(more);
        edge(&net, &token, kind, &form)
    };
    let (id, url) = begin("video_reels").await;
    let published = [("video_state", "PUBLISHED"), ("description", "Roasting")];
    assert_eq!(json(finish("video_reels", &id, &published), 400).await["error"]["error_subcode"], 1_363_033);
    assert_eq!(json(upload(&url, &film), 200).await["success"], true);
    json(finish("video_reels", &id, &[("description", "no state")]), 400).await;
    json(finish("video_stories", &id, &[]), 400).await;
    let post = json(finish("video_reels", &id, &published), 200).await["post_id"].as_str().unwrap().to_owned();
    assert_eq!(json(finish("video_reels", &id, &published), 400).await["error"]["error_subcode"], 1_366_051);
    net.advance(3).await;
    assert_eq!(net.texts("facebook").await, ["Roasting"]);

    let (id, url) = begin("video_stories").await;
    json(upload(&url, &film), 200).await;
    json(finish("video_stories", &id, &[]), 200).await;
    let staged = json(photo(&net, &token, png(40, 60, 1), &[("published", "false")]), 200).await;
    let staged = staged["id"].as_str().unwrap();
    json(edge(&net, &token, "photo_stories", &[("photo_id", staged)]), 200).await;
    json(edge(&net, &token, "photo_stories", &[("photo_id", staged)]), 400).await;
    net.advance(3).await;
    assert_eq!(net.texts("facebook").await.len(), 3);
    let list = json(net.get(&format!("/facebook/v25.0/{NORTHWIND}/published_posts")).bearer_auth(&token), 200).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "stories are no feed posts");
    assert_eq!(list["data"][0]["id"], post.as_str());

    // Too long for a reel: it shows in the status, and never on the page.
    let (id, url) = begin("video_reels").await;
    json(upload(&url, &sandbox::samples::film(1080, 1920, 91_000, 1)), 200).await;
    json(finish("video_reels", &id, &published), 200).await;
    net.advance(3).await;
    let status = film_status(&net, &token, &id).await["status"].clone();
    assert_eq!((&status["video_status"], &status["processing_phase"]["status"]), (&json!("error"), &json!("error")));
    assert_eq!(net.texts("facebook").await.len(), 3);
}

#[tokio::test]
async fn the_page_comments_on_its_own_post() {
    let net = Net::start().await;
    let scopes = format!("{SCOPES},pages_manage_engagement");
    let back = somebody("northwindcoffee").authorize(&dialog(&net, &scopes)).await.unwrap();
    let code = query(&back, "code").unwrap();
    let user = json(token_url(&net, &[("code", &code), ("redirect_uri", REDIRECT)]), 200).await;
    let token =
        pages(&net, user["access_token"].as_str().unwrap()).await[0]["access_token"].as_str().unwrap().to_owned();
    let id = json(feed(&net, &token, NORTHWIND, &[("message", "Beans")]), 200).await["id"].as_str().unwrap().to_owned();
    let comment = |token: &str, text: &str| {
        net.post(&format!("/facebook/v25.0/{id}/comments")).bearer_auth(token).form(&[("message", text)])
    };
    json(comment(&token, "Order at northwind.example"), 200).await;
    json(comment(&token, ""), 400).await;
    let listed = json(net.get(&format!("/facebook/v25.0/{id}/comments")).bearer_auth(&token), 200).await;
    assert_eq!(listed["data"][0]["message"], "Order at northwind.example");
    // Without the scope for it.
    let less = connect(&net, NORTHWIND).await;
    assert_eq!(json(comment(&less, "no"), 403).await["error"]["code"], 200);
}
