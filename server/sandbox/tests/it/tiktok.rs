//! TikTok: Login Kit, what creators allow, chunks, addresses, photos, drafts, statuses and refusals.

use sandbox::samples::{film, film_of, jpeg};
use serde_json::json;

use super::{instagram::shelf, *};

const SCOPES: &str = "user.info.basic,user.info.profile,user.info.stats,video.list,video.publish,video.upload";

fn authorize_url(net: &Net, more: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_key", DEMO_CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("state", "abc"),
        ("response_type", "code"),
        ("scope", SCOPES),
    ];
    pairs.extend(more);
    address(net.url("/tiktok/v2/auth/authorize/"), &pairs)
}

fn token(net: &Net, form: &[(&str, &str)]) -> RequestBuilder {
    let mut all = vec![("client_key", DEMO_CLIENT_ID), ("client_secret", DEMO_CLIENT_SECRET)];
    all.extend(form);
    net.post("/tiktok/v2/oauth/token/").form(&all)
}

fn exchange(net: &Net, code: &str, more: &[(&str, &str)]) -> RequestBuilder {
    let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)];
    form.extend(more);
    token(net, &form)
}

fn refresh(net: &Net, value: &str) -> RequestBuilder {
    token(net, &[("grant_type", "refresh_token"), ("refresh_token", value)])
}

async fn tokens(net: &Net, visitor: &Visitor) -> Value {
    let back = visitor.authorize(&authorize_url(net, &[])).await.unwrap();
    assert_eq!(query(&back, "state").as_deref(), Some("abc"));
    json(exchange(net, &query(&back, "code").unwrap(), &[]), 200).await
}

/// Access and refresh token of a creator.
pub(super) async fn connect(net: &Net, creator: &str) -> (String, String) {
    let tokens = tokens(net, &somebody(creator)).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn call(net: &Net, token: &str, path: &str, body: &Value) -> RequestBuilder {
    net.post(&format!("/tiktok/v2/{path}")).bearer_auth(token).json(body)
}

async fn refused(net: &Net, token: &str, path: &str, body: &Value, status: u16) -> String {
    let answer = json(call(net, token, path, body), status).await;
    assert!(answer["error"]["log_id"].is_string());
    answer["error"]["code"].as_str().unwrap().to_owned()
}

fn by_file(size: usize, chunk: usize, chunks: usize) -> Value {
    json!({
        "post_info": { "title": "Roasting #coffee", "privacy_level": "PUBLIC_TO_EVERYONE" },
        "source_info": { "source": "FILE_UPLOAD", "video_size": size, "chunk_size": chunk, "total_chunk_count": chunks },
    })
}

fn by_address(url: &str) -> Value {
    json!({
        "post_info": { "title": "Fetched", "privacy_level": "SELF_ONLY" },
        "source_info": { "source": "PULL_FROM_URL", "video_url": url },
    })
}

async fn begun(net: &Net, token: &str, path: &str, body: &Value) -> Value {
    let answer = json(call(net, token, path, body), 200).await;
    assert_eq!(answer["error"]["code"], "ok");
    answer["data"].clone()
}

fn put(net: &Net, address: &str, bytes: &[u8], first: usize, total: usize) -> RequestBuilder {
    let range = format!("bytes {first}-{}/{total}", first + bytes.len() - 1);
    net.http.put(address).header("content-type", "video/mp4").header("content-range", range).body(bytes.to_vec())
}

async fn status(net: &Net, token: &str, id: &Value) -> Value {
    begun(net, token, "post/publish/status/fetch/", &json!({ "publish_id": id })).await
}

/// The status once it is settled; the sandbox's clock is moved ahead of the work.
async fn settled(net: &Net, token: &str, id: &Value) -> Value {
    for _ in 0..20 {
        let data = status(net, token, id).await;
        if !data["status"].as_str().unwrap().starts_with("PROCESSING") {
            return data;
        }
        net.advance(3).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the publication is never settled");
}

#[tokio::test]
async fn tokens_rotate_and_an_old_one_is_worth_nothing() {
    let net = Net::start().await;
    let visitor = somebody("northwindcoffee").without_scope("video.upload");
    let back = visitor.authorize(&authorize_url(&net, &[])).await.unwrap();
    assert!(!query(&back, "scopes").unwrap().contains("video.upload"));
    let code = query(&back, "code").unwrap();
    // A grant that is dead is answered with 200.
    let elsewhere = token(
        &net,
        &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "http://localhost:3000/x")],
    );
    assert_eq!(json(elsewhere, 200).await["error"], "invalid_grant");
    let first = json(exchange(&net, &code, &[]), 200).await;
    assert_eq!((&first["expires_in"], &first["refresh_expires_in"]), (&json!(7_200), &json!(15_552_000)));
    assert_eq!((&first["token_type"], &first["open_id"]), (&json!("Bearer"), &json!("-000nW4cOffeeRoasters01")));
    assert!(first["scope"].as_str().unwrap().ends_with("video.publish"));
    assert_eq!(json(exchange(&net, &code, &[]), 200).await["error"], "invalid_grant");

    let (access, old) = (first["access_token"].as_str().unwrap(), first["refresh_token"].as_str().unwrap());
    let second = json(refresh(&net, old), 200).await;
    let fresh = second["refresh_token"].as_str().unwrap();
    assert_ne!(old, fresh);
    assert_eq!(json(refresh(&net, old), 200).await["error"], "invalid_grant");
    // Unlike on X the family lives.
    let me = |token: &str| net.get("/tiktok/v2/user/info/?fields=open_id,display_name,avatar_url").bearer_auth(token);
    assert_eq!(json(me(access), 200).await["data"]["user"]["display_name"], "Northwind Coffee");
    let newest = second["access_token"].as_str().unwrap();
    json(me(newest), 200).await;
    net.advance(7_201).await;
    assert_eq!(json(me(newest), 401).await["error"]["code"], "access_token_invalid");
    let third = json(refresh(&net, fresh), 200).await;
    let newest = third["access_token"].as_str().unwrap();
    let revoke = net.post("/tiktok/v2/oauth/revoke/").form(&[
        ("client_key", DEMO_CLIENT_ID),
        ("client_secret", DEMO_CLIENT_SECRET),
        ("token", newest),
    ]);
    let (code, body) = read(revoke.send().await.unwrap()).await;
    assert!(code == 200 && body.is_empty(), "{body}");
    json(me(newest), 401).await;
    assert_eq!(json(refresh(&net, third["refresh_token"].as_str().unwrap()), 200).await["error"], "invalid_grant");
}

#[tokio::test]
async fn challenges_are_in_hexadecimal_digits() {
    let net = Net::start().await;
    let digest = Sha256::digest(VERIFIER.as_bytes());
    let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let url = authorize_url(&net, &[("code_challenge", &hex), ("code_challenge_method", "S256")]);
    let code = query(&somebody("kestrelbikes").authorize(&url).await.unwrap(), "code").unwrap();
    assert_eq!(json(exchange(&net, &code, &[]), 200).await["error"], "invalid_grant");
    json(exchange(&net, &code, &[("code_verifier", VERIFIER)]), 200).await["access_token"].as_str().unwrap();

    let error =
        |url: String| async move { query(&Visitor::anybody().authorize(&url).await.unwrap(), "error").unwrap() };
    let as_elsewhere =
        authorize_url(&net, &[("code_challenge", &challenge(VERIFIER)), ("code_challenge_method", "S256")]);
    assert_eq!(error(as_elsewhere).await, "invalid_request");
    assert_eq!(error(authorize_url(&net, &[]).replace("video.list", "video.delete")).await, "invalid_scope");
    for url in [
        authorize_url(&net, &[]).replace("client_key", "client_id"),
        authorize_url(&net, &[]).replace("localhost%3A3000", "example.com"),
    ] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert!(answer.status() == 400 && answer.headers().get("location").is_none(), "{url}");
    }
    let back = Visitor::anybody().refuse(&authorize_url(&net, &[])).await.unwrap();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    let bad = net.post("/tiktok/v2/oauth/token/").form(&[
        ("client_key", DEMO_CLIENT_ID),
        ("client_secret", "wrong"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
    ]);
    assert_eq!(json(bad, 401).await["error"], "invalid_client");
}

#[tokio::test]
async fn a_film_comes_in_chunks_and_its_id_comes_late() {
    const MB: usize = 1 << 20;
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let allowed = begun(&net, &token, "post/publish/creator_info/query/", &json!({})).await;
    assert_eq!(allowed["privacy_level_options"], json!(["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]));
    assert_eq!((&allowed["max_video_post_duration_sec"], &allowed["comment_disabled"]), (&json!(600), &json!(false)));

    let size = 11 * MB + 7;
    let whole = film_of(1080, 1920, 15_000, 1, size);
    let begin = begun(&net, &token, "post/publish/video/init/", &by_file(size, 5 * MB, 2)).await;
    let (id, upload) = (&begin["publish_id"], begin["upload_url"].as_str().unwrap());
    assert!(upload.starts_with(net.run.url()), "{upload}");
    assert_eq!(status(&net, &token, id).await["status"], "PROCESSING_UPLOAD");

    // Out of order, of the wrong length, of the wrong kind.
    let early = put(&net, upload, &whole[5 * MB..], 5 * MB, size).send().await.unwrap();
    assert_eq!(
        (early.status().as_u16(), &early.headers()["content-range"]),
        (416, &format!("bytes */{size}").parse().unwrap())
    );
    json(put(&net, upload, &whole[..MB], 0, size), 400).await;
    json(put(&net, upload, &whole[..5 * MB], 0, size + 1), 416).await;
    json(net.http.put(upload).header("content-type", "video/mp4").body(whole[..5 * MB].to_vec()), 400).await;
    json(put(&net, &upload.replace("upload_token=", "upload_token=x"), &whole[..5 * MB], 0, size), 403).await;

    let first = put(&net, upload, &whole[..5 * MB], 0, size).send().await.unwrap();
    assert_eq!(first.status(), 206);
    assert_eq!(first.headers()["content-range"].to_str().unwrap(), format!("bytes 0-{}/{size}", 5 * MB - 1));
    assert_eq!(status(&net, &token, id).await["uploaded_bytes"], 5 * MB);
    // The same again: the answer says where to go on.
    let again = put(&net, upload, &whole[..5 * MB], 0, size).send().await.unwrap();
    assert_eq!(again.status(), 416);
    assert!(again.headers()["content-range"].to_str().unwrap().starts_with(&format!("bytes 0-{}/", 5 * MB - 1)));
    assert_eq!(put(&net, upload, &whole[5 * MB..], 5 * MB, size).send().await.unwrap().status(), 201);

    assert_eq!(status(&net, &token, id).await["status"], "PROCESSING_UPLOAD");
    assert!(net.texts("tiktok").await.is_empty());
    net.advance(2).await;
    let done = status(&net, &token, id).await;
    assert_eq!(done["status"], "PUBLISH_COMPLETE");
    assert!(done.get("publicaly_available_post_id").is_none(), "moderation takes a while");
    net.advance(3).await;
    let post = status(&net, &token, id).await["publicaly_available_post_id"][0].as_u64().unwrap().to_string();
    let posts = net.control.posts(Some("tiktok")).await.unwrap();
    assert_eq!((&posts[0]["id"], &posts[0]["text"]), (&json!(post), &json!("Roasting #coffee")));
    assert_eq!((&posts[0]["media"][0]["bytes"], &posts[0]["media"][0]["height"]), (&json!(size), &json!(1920)));

    let list =
        json(call(&net, &token, "video/list/?fields=id,title,share_url,duration", &json!({ "max_count": 5 })), 200)
            .await;
    let video = &list["data"]["videos"][0];
    assert_eq!(
        (&video["id"], &video["duration"], &list["data"]["has_more"]),
        (&json!(post), &json!(15), &json!(false))
    );
    let page = net.http.get(video["share_url"].as_str().unwrap()).send().await.unwrap();
    assert!(read(page).await.1.contains("Roasting #coffee"));
}

#[tokio::test]
async fn what_creators_do_not_allow() {
    let net = Net::start().await;
    let (public, _) = connect(&net, "northwindcoffee").await;
    let (private, _) = connect(&net, "harbourpine").await;
    let (short, _) = connect(&net, "juniperhotels").await;
    let init = "post/publish/video/init/";
    let allowed = begun(&net, &private, "post/publish/creator_info/query/", &json!({})).await;
    assert_eq!(allowed["privacy_level_options"][0], "FOLLOWER_OF_CREATOR");
    let allowed = begun(&net, &short, "post/publish/creator_info/query/", &json!({})).await;
    assert_eq!((&allowed["comment_disabled"], &allowed["max_video_post_duration_sec"]), (&json!(true), &json!(60)));

    let body = by_file(1_000, 1_000, 1);
    assert_eq!(refused(&net, &private, init, &body, 403).await, "privacy_level_option_mismatch");
    for (at, value) in
        [("/post_info/privacy_level", json!("FOLLOWER_OF_CREATOR")), ("/post_info/privacy_level", Value::Null)]
    {
        let mut body = body.clone();
        *body.pointer_mut(at).unwrap() = value;
        assert_eq!(refused(&net, &public, init, &body, 403).await, "privacy_level_option_mismatch");
    }
    net.advance(61).await;
    let long = "x".repeat(2_201);
    for (at, name, value) in [
        ("/post_info", "title", json!(long)),
        ("/post_info", "disable_duet", json!("no")),
        ("/source_info", "source", json!("EMAIL")),
        ("/source_info", "total_chunk_count", json!(2)),
        ("/source_info", "video_size", json!(0)),
    ] {
        let mut body = body.clone();
        body.pointer_mut(at).unwrap()[name] = value;
        assert_eq!(refused(&net, &public, init, &body, 400).await, "invalid_param", "{name}");
    }
    net.advance(61).await;
    let mut branded = body.clone();
    branded["post_info"] = json!({ "privacy_level": "SELF_ONLY", "brand_content_toggle": true });
    assert_eq!(refused(&net, &public, init, &branded, 400).await, "invalid_param");

    // An application that was not audited.
    net.control.post("settings", &json!({ "audited": false })).await.unwrap();
    assert_eq!(refused(&net, &public, init, &body, 403).await, "unaudited_client_can_only_post_to_private_accounts");
    let mut hidden = body.clone();
    hidden["post_info"]["privacy_level"] = json!("SELF_ONLY");
    begun(&net, &private, init, &hidden).await;

    // Scopes that were unticked.
    let visitor = somebody("kestrelbikes").without_scope("video.publish").without_scope("user.info.stats");
    let less = tokens(&net, &visitor).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(refused(&net, &less, init, &body, 401).await, "scope_not_authorized");
    let figures = net.get("/tiktok/v2/user/info/?fields=open_id,likes_count").bearer_auth(&less);
    assert_eq!(json(figures, 401).await["error"]["code"], "scope_not_authorized");
    json(net.get("/tiktok/v2/user/info/").bearer_auth(&less), 400).await;
    json(net.get("/tiktok/v2/user/info/?fields=shoe_size").bearer_auth(&less), 400).await;
}

#[tokio::test]
async fn films_that_tiktok_cannot_use() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "juniperhotels").await;
    let files = shelf(vec![
        ("/good.mp4", "video/mp4", film(720, 1280, 30_000, 1)),
        ("/long.mp4", "video/mp4", film(720, 1280, 61_000, 1)),
        ("/short.mp4", "video/mp4", film(720, 1280, 2_500, 1)),
        ("/small.mp4", "video/mp4", film(240, 320, 30_000, 1)),
        ("/text.mp4", "video/mp4", b"no film".to_vec()),
    ])
    .await;
    for (file, status, reason) in [
        ("good.mp4", "PUBLISH_COMPLETE", Value::Null),
        ("long.mp4", "FAILED", json!("duration_check_failed")),
        ("short.mp4", "FAILED", json!("duration_check_failed")),
        ("small.mp4", "FAILED", json!("picture_size_check_failed")),
        ("text.mp4", "FAILED", json!("file_format_check_failed")),
        ("missing.mp4", "FAILED", json!("video_pull_failed")),
    ] {
        let begin = begun(&net, &token, "post/publish/video/init/", &by_address(&format!("{files}/{file}"))).await;
        assert!(begin.get("upload_url").is_none());
        let data = settled(&net, &token, &begin["publish_id"]).await;
        assert_eq!((&data["status"], &data["fail_reason"]), (&json!(status), &reason), "{file}");
    }
    // What nobody else sees has no public id.
    net.advance(60).await;
    let posts = net.control.posts(Some("tiktok")).await.unwrap();
    assert_eq!(posts.len(), 1);
    let id = posts[0]["extra"]["publish_id"].clone();
    assert!(status(&net, &token, &id).await.get("publicaly_available_post_id").is_none());

    // Addresses must be verified.
    let elsewhere = by_address("https://example.com/film.mp4");
    let path = "post/publish/video/init/";
    assert_eq!(refused(&net, &token, path, &elsewhere, 403).await, "url_ownership_unverified");
    let prefix = format!("{files}/media/");
    net.control.post("settings", &json!({ "verified_prefixes": [prefix] })).await.unwrap();
    let outside = by_address(&format!("{files}/good.mp4"));
    assert_eq!(refused(&net, &token, path, &outside, 403).await, "url_ownership_unverified");
}

#[tokio::test]
async fn photos_are_fetched() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let files = shelf(vec![
        ("/1.jpg", "image/jpeg", jpeg(1080, 1920, 1)),
        ("/2.jpg", "image/jpeg", jpeg(1080, 1350, 2)),
        ("/large.jpg", "image/jpeg", jpeg(2000, 2000, 2)),
        ("/picture.png", "image/png", png(100, 100, 1)),
    ])
    .await;
    let body = |images: &[&str]| {
        let images: Vec<String> = images.iter().map(|file| format!("{files}/{file}")).collect();
        json!({
            "media_type": "PHOTO", "post_mode": "DIRECT_POST",
            "post_info": { "title": "Two cups", "description": "And a bag", "privacy_level": "PUBLIC_TO_EVERYONE" },
            "source_info": { "source": "PULL_FROM_URL", "photo_cover_index": 1, "photo_images": images },
        })
    };
    let path = "post/publish/content/init/";
    let begin = begun(&net, &token, path, &body(&["1.jpg", "2.jpg"])).await;
    assert_eq!(settled(&net, &token, &begin["publish_id"]).await["status"], "PUBLISH_COMPLETE");
    let posts = net.control.posts(Some("tiktok")).await.unwrap();
    assert_eq!(posts[0]["text"], "Two cups\n\nAnd a bag");
    assert_eq!(posts[0]["media"].as_array().unwrap().len(), 2);
    for (files, reason) in [
        (["1.jpg", "picture.png"], "file_format_check_failed"),
        (["1.jpg", "large.jpg"], "picture_size_check_failed"),
        (["1.jpg", "missing.jpg"], "photo_pull_failed"),
    ] {
        let begin = begun(&net, &token, path, &body(&files)).await;
        assert_eq!(settled(&net, &token, &begin["publish_id"]).await["fail_reason"], reason);
    }
    net.advance(61).await;
    for (at, value) in [
        ("/source_info/photo_cover_index", json!(2)),
        ("/source_info/photo_images", json!([])),
        ("/source_info/source", json!("FILE_UPLOAD")),
        ("/post_info/title", json!("x".repeat(91))),
        ("/post_info/description", json!("x".repeat(4_001))),
        ("/media_type", json!("VIDEO")),
    ] {
        let mut body = body(&["1.jpg", "2.jpg"]);
        *body.pointer_mut(at).unwrap() = value;
        assert_eq!(refused(&net, &token, path, &body, 400).await, "invalid_param", "{at}");
    }
}

#[tokio::test]
async fn drafts_wait_for_the_creator() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "northwindcoffee").await;
    let files = shelf(vec![("/film.mp4", "video/mp4", film(720, 1280, 30_000, 1))]).await;
    let body = json!({ "source_info": { "source": "PULL_FROM_URL", "video_url": format!("{files}/film.mp4") } });
    let path = "post/publish/inbox/video/init/";
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(begun(&net, &token, path, &body).await["publish_id"].clone());
    }
    assert_eq!(refused(&net, &token, path, &body, 403).await, "spam_risk_too_many_pending_share");
    for id in &ids {
        assert_eq!(settled(&net, &token, id).await["status"], "SEND_TO_USER_INBOX");
    }
    assert!(net.texts("tiktok").await.is_empty(), "nobody has posted it");
    let stages = net.control.stages(Some("tiktok")).await.unwrap();
    assert_eq!(stages.len(), 5);
    assert!(stages.iter().all(|stage| stage["state"] == "ready" && stage["post"].is_null()), "{stages:?}");
    assert_eq!(net.control.answer_inbox(Some("harbourpine"), true).await.unwrap(), 0);
    assert_eq!(net.control.answer_inbox(Some("northwindcoffee"), true).await.unwrap(), 5);
    net.advance(60).await;
    let data = status(&net, &token, &ids[0]).await;
    assert_eq!(data["status"], "PUBLISH_COMPLETE");
    assert!(data["publicaly_available_post_id"][0].is_u64());
    assert_eq!(net.texts("tiktok").await.len(), 5);

    let id = begun(&net, &token, path, &body).await["publish_id"].clone();
    settled(&net, &token, &id).await;
    assert_eq!(net.control.answer_inbox(None, false).await.unwrap(), 1);
    let data = status(&net, &token, &id).await;
    assert_eq!((&data["status"], &data["fail_reason"]), (&json!("FAILED"), &json!("publish_cancelled")));
    let stages = net.control.stages(Some("tiktok")).await.unwrap();
    assert_eq!(stages.iter().filter(|stage| stage["state"] == "published" && stage["post"].is_string()).count(), 5);
    assert_eq!(stages.last().unwrap()["failure"], "publish_cancelled");
    // Somebody else's publication is nobody's.
    let (other, _) = connect(&net, "kestrelbikes").await;
    let body = json!({ "publish_id": id });
    assert_eq!(refused(&net, &other, "post/publish/status/fetch/", &body, 400).await, "invalid_publish_id");
}

#[tokio::test]
async fn six_a_minute_and_fifteen_a_day() {
    let net = Net::start().await;
    let (token, _) = connect(&net, "kestrelbikes").await;
    let path = "post/publish/video/init/";
    let body = by_file(1_000, 1_000, 1);
    for _ in 0..6 {
        begun(&net, &token, path, &body).await;
    }
    assert_eq!(refused(&net, &token, path, &body, 429).await, "rate_limit_exceeded");
    net.advance(61).await;
    for at in 6..15 {
        if at == 12 {
            net.advance(61).await;
        }
        begun(&net, &token, path, &body).await;
    }
    assert_eq!(refused(&net, &token, path, &body, 403).await, "spam_risk_too_many_posts");
    // The upload address is good for an hour.
    net.advance(86_401).await;
    let (token, _) = connect(&net, "kestrelbikes").await;
    let begin = begun(&net, &token, path, &body).await;
    net.advance(3_601).await;
    json(put(&net, begin["upload_url"].as_str().unwrap(), &[0; 1_000], 0, 1_000), 403).await;
}
