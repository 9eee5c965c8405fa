//! LinkedIn: members and organisations, versions, little text, images.

use sandbox::{PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET, driver::Visitor};
use serde_json::json;

use super::*;

const MEMBER: &str = "openid profile email w_member_social";
const PAGES: &str = "r_organization_social w_organization_social rw_organization_admin";
const VERSION: &str = "202607";

fn authorization(net: &Net, client: &str, scopes: &str) -> String {
    address(
        net.url("/linkedin/oauth/v2/authorization"),
        &[
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("state", "abc"),
            ("scope", scopes),
        ],
    )
}

fn token_call(net: &Net, (id, secret): (&str, &str), form: &[(&str, &str)]) -> RequestBuilder {
    let mut all = vec![("client_id", id), ("client_secret", secret)];
    all.extend(form);
    net.post("/linkedin/oauth/v2/accessToken").form(&all)
}

fn exchange(net: &Net, code: &str) -> RequestBuilder {
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)];
    token_call(net, (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET), &form)
}

async fn code(net: &Net, client: &str, visitor: &Visitor, scopes: &str) -> String {
    let back = visitor.authorize(&authorization(net, client, scopes)).await.unwrap();
    assert_eq!(query(&back, "state").as_deref(), Some("abc"));
    query(&back, "code").unwrap()
}

pub(super) async fn connect(net: &Net, visitor: &Visitor, scopes: &str) -> String {
    let code = code(net, DEMO_CLIENT_ID, visitor, scopes).await;
    json(exchange(net, &code), 200).await["access_token"].as_str().unwrap().to_owned()
}

pub(super) async fn member(net: &Net) -> String {
    connect(net, &somebody("niamh-doyle"), MEMBER).await
}

fn rest(request: RequestBuilder, token: &str) -> RequestBuilder {
    request.bearer_auth(token).header("LinkedIn-Version", VERSION).header("X-Restli-Protocol-Version", "2.0.0")
}

pub(super) fn body(author: &str, commentary: &str) -> Value {
    json!({
        "author": author,
        "commentary": commentary,
        "visibility": "PUBLIC",
        "distribution": { "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [] },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
    })
}

pub(super) const NIAMH: &str = "urn:li:person:nDoyle7Qx2";
const NORTHWIND: &str = "urn:li:organization:71450021";

pub(super) fn post(net: &Net, token: &str, body: &Value) -> RequestBuilder {
    rest(net.post("/linkedin/rest/posts"), token).json(body)
}

async fn image(net: &Net, token: &str, owner: &str, bytes: Option<Vec<u8>>) -> String {
    let start = json!({ "initializeUploadRequest": { "owner": owner } });
    let started = rest(net.post("/linkedin/rest/images?action=initializeUpload"), token).json(&start);
    let value = json(started, 200).await["value"].clone();
    let upload = value["uploadUrl"].as_str().unwrap();
    assert!(upload.starts_with(net.run.url()));
    if let Some(bytes) = bytes {
        let put = net.http.put(upload).header("content-type", "image/png").body(bytes);
        json(put, 201).await;
    }
    value["image"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_member_posts_pictures() {
    let net = Net::start().await;
    let value = code(&net, DEMO_CLIENT_ID, &somebody("niamh-doyle"), MEMBER).await;
    let tokens = json(exchange(&net, &value), 200).await;
    assert_eq!(tokens["expires_in"], 5_184_000);
    assert_eq!(tokens["scope"], "email,openid,profile,w_member_social");
    assert!(tokens.get("refresh_token").is_none(), "only partners get one");
    let token = tokens["access_token"].as_str().unwrap();
    let me = json(net.get("/linkedin/v2/userinfo").bearer_auth(token), 200).await;
    assert_eq!((&me["sub"], &me["name"]), (&json!("nDoyle7Qx2"), &json!("Niamh Doyle")));

    let first = image(&net, token, NIAMH, Some(png(40, 30, 1))).await;
    let second = image(&net, token, NIAMH, Some(png(40, 30, 2))).await;
    let mut two = body(NIAMH, r"Winter roast \(washed\) is in, #coffee");
    two["content"] = json!({ "multiImage": { "images": [
        { "id": first, "altText": "A bag" }, { "id": second, "altText": "Two cups" } ] } });
    let answer = post(&net, token, &two).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let id = answer.headers()["x-restli-id"].to_str().unwrap().to_owned();
    assert!(id.starts_with("urn:li:share:"), "{id}");
    let posts = net.control.posts(Some("linkedin")).await.unwrap();
    assert_eq!(posts[0]["text"], "Winter roast (washed) is in, #coffee");
    assert_eq!(posts[0]["media"][1]["alt_text"], "Two cups");

    // A member's posts can be deleted but not read.
    let path = format!("/linkedin/rest/posts/{}", id.replace(':', "%3A"));
    assert_eq!(json(rest(net.get(&path), token), 403).await["code"], "ACCESS_DENIED");
    json(rest(net.delete(&path), token), 204).await;
    assert!(net.texts("linkedin").await.is_empty());
}

#[tokio::test]
async fn an_organisation_posts_and_is_read_back() {
    let net = Net::start().await;
    let token = connect(&net, &somebody("maya-lindqvist").only_pages(["northwind-coffee", "71450023"]), PAGES).await;
    let acls = "/linkedin/rest/organizationAcls?q=roleAssignee&state=APPROVED";
    let roles = json(rest(net.get(acls), &token), 200).await;
    let roles: Vec<(&str, &str)> = roles["elements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["organization"].as_str().unwrap(), one["role"].as_str().unwrap()))
        .collect();
    assert_eq!(roles, [(NORTHWIND, "CONTENT_ADMINISTRATOR"), ("urn:li:organization:71450023", "ANALYST")]);
    let page = json(rest(net.get("/linkedin/rest/organizations/71450021"), &token), 200).await;
    assert_eq!(page["localizedName"], "Northwind Coffee");

    let picture = image(&net, &token, NORTHWIND, Some(png(9, 9, 9))).await;
    let path = format!("/linkedin/rest/images/{}", picture.replace(':', "%3A"));
    assert_eq!(json(rest(net.get(&path), &token), 200).await["status"], "AVAILABLE");
    for number in 0..3 {
        let answer = post(&net, &token, &body(NORTHWIND, &format!("News {number}"))).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }
    let mut with_link = body(NORTHWIND, "Read on");
    with_link["content"] = json!({ "article": { "source": "https://northwind.example/winter", "title": "Winter", "description": "Beans" } });
    json(post(&net, &token, &with_link), 201).await;
    let author = NORTHWIND.replace(':', "%3A");
    let list = format!("/linkedin/rest/posts?q=author&author={author}&count=2&sortBy=LAST_MODIFIED");
    let found = json(rest(net.get(&list), &token), 200).await;
    assert_eq!(found["elements"][0]["commentary"], "Read on");
    assert_eq!(found["elements"][0]["content"]["article"]["title"], "Winter");
    let following = found["paging"]["links"][0]["href"].as_str().unwrap();
    let found = json(rest(net.http.get(following), &token), 200).await;
    assert_eq!(found["elements"][1]["commentary"], "News 0");

    // An analyst does not write, and what was not ticked is out of reach.
    json(post(&net, &token, &body("urn:li:organization:71450023", "no")), 403).await;
    json(post(&net, &token, &body("urn:li:organization:71450022", "no")), 403).await;
    json(post(&net, &token, &body("urn:li:person:mLindq8Vr4", "no")), 403).await;
}

#[tokio::test]
async fn headers_and_versions_are_demanded() {
    let net = Net::start().await;
    let token = member(&net).await;
    let call = |version: Option<&str>, protocol: Option<&str>| {
        let mut request = net.post("/linkedin/rest/posts").bearer_auth(&token).json(&body(NIAMH, "Hello"));
        if let Some(version) = version {
            request = request.header("LinkedIn-Version", version);
        }
        if let Some(protocol) = protocol {
            request = request.header("X-Restli-Protocol-Version", protocol);
        }
        request
    };
    assert_eq!(json(call(None, Some("2.0.0")), 400).await["code"], "VERSION_MISSING");
    assert_eq!(json(call(Some("202501"), Some("2.0.0")), 426).await["code"], "NONEXISTENT_VERSION");
    json(call(Some("202701"), Some("2.0.0")), 426).await;
    json(call(Some("latest"), Some("2.0.0")), 400).await;
    json(call(Some(VERSION), None), 400).await;
    json(call(Some(VERSION), Some("1.0.0")), 400).await;
    assert!(net.texts("linkedin").await.is_empty());
    json(call(Some("202601"), Some("2.0.0")), 201).await;
}

#[tokio::test]
async fn codes_scopes_and_clients_are_checked() {
    let net = Net::start().await;
    let good = authorization(&net, DEMO_CLIENT_ID, MEMBER);
    for url in [good.replace(DEMO_CLIENT_ID, "nobody"), good.replace("localhost%3A3000", "example.com")] {
        let answer = net.http.get(&url).send().await.unwrap();
        assert!(answer.status() == 400 && answer.headers().get("location").is_none());
    }
    let back =
        Visitor::anybody().authorize(&authorization(&net, DEMO_CLIENT_ID, "openid r_fullprofile")).await.unwrap();
    assert_eq!(query(&back, "error").as_deref(), Some("unauthorized_scope_error"));
    let back = Visitor::anybody().refuse(&good).await.unwrap();
    assert_eq!(query(&back, "error").as_deref(), Some("user_cancelled_authorize"));

    let value = code(&net, DEMO_CLIENT_ID, &Visitor::anybody(), MEMBER).await;
    let demo = (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET);
    let form = [("grant_type", "authorization_code"), ("code", value.as_str()), ("redirect_uri", REDIRECT)];
    let other_redirect = [form[0], form[1], ("redirect_uri", "http://localhost:3000/other")];
    assert_eq!(json(token_call(&net, demo, &other_redirect), 400).await["error"], "invalid_request");
    assert_eq!(json(token_call(&net, (DEMO_CLIENT_ID, "wrong"), &form), 401).await["error"], "invalid_client");
    let with_verifier = [form[0], form[1], form[2], ("code_verifier", VERIFIER)];
    json(token_call(&net, demo, &with_verifier), 401).await;
    json(token_call(&net, demo, &form), 200).await;
    json(token_call(&net, demo, &form), 400).await;
}

#[tokio::test]
async fn partners_refresh_without_rotation() {
    let net = Net::start().await;
    let partner = (PARTNER_CLIENT_ID, PARTNER_CLIENT_SECRET);
    let value = code(&net, PARTNER_CLIENT_ID, &Visitor::anybody(), MEMBER).await;
    let form = [("grant_type", "authorization_code"), ("code", value.as_str()), ("redirect_uri", REDIRECT)];
    let tokens = json(token_call(&net, partner, &form), 200).await;
    let fresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(tokens["refresh_token_expires_in"], 365 * 86_400);
    net.advance(30 * 86_400).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", fresh)];
    let again = json(token_call(&net, partner, &form), 200).await;
    assert_eq!(again["refresh_token"], fresh);
    assert!(again["refresh_token_expires_in"].as_i64().unwrap() <= 335 * 86_400, "refreshing does not extend it");
    net.advance(336 * 86_400).await;
    assert_eq!(json(token_call(&net, partner, &form), 400).await["error"], "invalid_grant");
}

#[tokio::test]
async fn tokens_say_why_they_no_longer_work() {
    let net = Net::start().await;
    let token = member(&net).await;
    let number = |body: Value| body["serviceErrorCode"].as_i64();
    let introspect = || {
        let form = [("client_id", DEMO_CLIENT_ID), ("client_secret", DEMO_CLIENT_SECRET), ("token", token.as_str())];
        net.post("/linkedin/oauth/v2/introspectToken").form(&form)
    };
    assert_eq!(json(introspect(), 200).await["status"], "active");
    assert_eq!(number(json(net.get("/linkedin/v2/userinfo"), 401).await), Some(65604));
    assert_eq!(number(json(net.get("/linkedin/v2/userinfo").bearer_auth("x"), 401).await), Some(65600));
    net.control.post("expire-tokens", &json!({ "platform": "linkedin" })).await.unwrap();
    assert_eq!(number(json(net.get("/linkedin/v2/userinfo").bearer_auth(&token), 401).await), Some(65602));
    assert_eq!(json(introspect(), 200).await["status"], "expired");
    let token = member(&net).await;
    let form = [("client_id", DEMO_CLIENT_ID), ("client_secret", DEMO_CLIENT_SECRET), ("token", token.as_str())];
    json(net.post("/linkedin/oauth/v2/revoke").form(&form), 200).await;
    let refused = json(post(&net, &token, &body(NIAMH, "x")), 401).await;
    assert_eq!((number(refused.clone()), &refused["code"]), (Some(65601), &json!("REVOKED_ACCESS_TOKEN")));
}

#[tokio::test]
async fn posts_that_linkedin_refuses_or_cuts() {
    let net = Net::start().await;
    let token = member(&net).await;
    json(post(&net, &token, &body(NIAMH, &"x".repeat(3_000))), 201).await;
    let long = json(post(&net, &token, &body(NIAMH, &"x".repeat(3_001))), 400).await;
    assert_eq!(long["code"], "FIELD_LENGTH_TOO_LONG");
    // Backslashes count.
    json(post(&net, &token, &body(NIAMH, &r"\(".repeat(1_501))), 400).await;

    json(post(&net, &token, &body(NIAMH, "Beans (washed) are in")), 201).await;
    assert_eq!(net.texts("linkedin").await[1], "Beans ");
    let again = json(post(&net, &token, &body(NIAMH, "Beans (natural)")), 422).await;
    let first = net.control.posts(Some("linkedin")).await.unwrap()[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(again["message"], format!("Content is a duplicate of {first}"));

    for (at, value) in [("/author", json!("urn:li:person:other")), ("/author", json!(NORTHWIND))] {
        let mut wrong = body(NIAMH, "Hello");
        *wrong.pointer_mut(at).unwrap() = value;
        assert_eq!(json(post(&net, &token, &wrong), 403).await["serviceErrorCode"], 100);
    }
    for (field, value) in [
        ("visibility", Some(json!("EVERYBODY"))),
        ("lifecycleState", None),
        ("distribution", None),
        ("colour", Some(json!("red"))),
        ("content", Some(json!({ "media": {}, "article": {} }))),
    ] {
        let mut wrong = body(NIAMH, "Hello");
        let map = wrong.as_object_mut().unwrap();
        match value {
            Some(value) => drop(map.insert(field.to_owned(), value)),
            None => drop(map.remove(field)),
        }
        assert!(json(post(&net, &token, &wrong), 422).await["message"].as_str().unwrap().contains(field));
    }
    json(post(&net, &token, &body(NIAMH, "")), 400).await;
    json(rest(net.post("/linkedin/rest/posts"), &token).body("x"), 415).await;
}

#[tokio::test]
async fn pictures_that_linkedin_refuses() {
    let net = Net::start().await;
    let token = member(&net).await;
    let with = |id: &str| {
        let mut body = body(NIAMH, "A picture");
        body["content"] = json!({ "media": { "id": id } });
        body
    };
    let waiting = image(&net, &token, NIAMH, None).await;
    assert_eq!(json(post(&net, &token, &with(&waiting)), 400).await["code"], "MEDIA_ASSET_WAITING_UPLOAD");
    let broken = image(&net, &token, NIAMH, Some(b"no picture".to_vec())).await;
    assert_eq!(json(post(&net, &token, &with(&broken)), 400).await["code"], "MEDIA_ASSET_PROCESSING_FAILED");
    let large = image(&net, &token, NIAMH, Some(png(6_100, 6_000, 0))).await;
    assert_eq!(json(post(&net, &token, &with(&large)), 400).await["code"], "MEDIA_ASSET_PROCESSING_FAILED");
    assert_eq!(json(post(&net, &token, &with("urn:li:image:none")), 400).await["code"], "INVALID_URN_ID");
    let other = connect(&net, &somebody("priya-raman"), MEMBER).await;
    let theirs = image(&net, &other, "urn:li:person:pRaman3Kd9", Some(png(9, 9, 1))).await;
    assert_eq!(json(post(&net, &token, &with(&theirs)), 400).await["code"], "INVALID_URN_ID");
    let start = json!({ "initializeUploadRequest": { "owner": "urn:li:person:pRaman3Kd9" } });
    let foreign = rest(net.post("/linkedin/rest/images?action=initializeUpload"), &token).json(&start);
    json(foreign, 403).await;
    let one = image(&net, &token, NIAMH, Some(png(9, 9, 2))).await;
    json(post(&net, &token, &with(&one)), 201).await;
    let mut again = with(&one);
    again["commentary"] = json!("Another text");
    json(post(&net, &token, &again), 400).await;
}

#[tokio::test]
async fn a_hundred_and_fifty_posts_a_day() {
    let net = Net::start().await;
    let token = member(&net).await;
    for number in 0..150 {
        json(post(&net, &token, &body(NIAMH, &format!("Post {number}"))), 201).await;
    }
    let answer = post(&net, &token, &body(NIAMH, "One more")).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().keys().all(|name| !name.as_str().contains("rate") && name != "retry-after"));
    net.control.post("settings", &json!({ "enforce_limits": false })).await.unwrap();
    json(post(&net, &token, &body(NIAMH, "One more")), 201).await;
}

/// Announces a film: its URN, the token, and where its parts go.
async fn announce(net: &Net, token: &str, owner: &str, size: usize) -> (String, String, Vec<Value>) {
    let start = json!({ "initializeUploadRequest": {
        "owner": owner, "fileSizeBytes": size, "uploadCaptions": false, "uploadThumbnail": false } });
    let started = rest(net.post("/linkedin/rest/videos?action=initializeUpload"), token).json(&start);
    let value = json(started, 200).await["value"].clone();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    (text("video"), text("uploadToken"), value["uploadInstructions"].as_array().unwrap().clone())
}

fn finalize(net: &Net, token: &str, video: &str, upload: &str, parts: &[String]) -> RequestBuilder {
    let body = json!({ "finalizeUploadRequest": { "video": video, "uploadToken": upload, "uploadedPartIds": parts } });
    rest(net.post("/linkedin/rest/videos?action=finalizeUpload"), token).json(&body)
}

fn with_media(author: &str, id: &str) -> Value {
    let mut post = body(author, "Moving pictures");
    post["content"] = json!({ "media": { "id": id, "title": "Roasting" } });
    post
}

/// Sends a whole film in its parts.
async fn send_film(net: &Net, token: &str, owner: &str, film: &[u8]) -> String {
    let (id, upload, parts) = announce(net, token, owner, film.len()).await;
    let mut tags = Vec::new();
    for part in &parts {
        let at = |name: &str| usize::try_from(part[name].as_u64().unwrap()).unwrap();
        let bytes = film[at("firstByte")..=at("lastByte")].to_vec();
        let answer = net.http.put(part["uploadUrl"].as_str().unwrap()).body(bytes).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        tags.push(answer.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned());
    }
    json(finalize(net, token, &id, &upload, &tags), 200).await;
    id
}

#[tokio::test]
async fn a_film_goes_part_by_part() {
    const PART: usize = 4 << 20;
    let net = Net::start().await;
    let token = member(&net).await;
    let film = sandbox::samples::film_of(1280, 720, 20_000, 1, 2 * PART + 100);
    let (id, upload, parts) = announce(&net, &token, NIAMH, film.len()).await;
    assert_eq!(parts.len(), 3);
    assert_eq!((&parts[1]["firstByte"], &parts[2]["lastByte"]), (&json!(PART), &json!(film.len() - 1)));
    let url = |at: usize| parts[at]["uploadUrl"].as_str().unwrap();
    let put = |at: usize, bytes: &[u8]| net.http.put(url(at)).body(bytes.to_vec()).send();
    let tag = |answer: &Response| answer.headers()["etag"].to_str().unwrap().to_owned();
    let plain = |tag: &str| tag.trim_matches('"').to_owned();

    // Everything to the first address is what a careless client does.
    assert_eq!(put(0, &film).await.unwrap().status(), 400);
    assert_eq!(put(1, &film[..100]).await.unwrap().status(), 400);
    let third = put(2, &film[2 * PART..]).await.unwrap();
    let first = put(0, &film[..PART]).await.unwrap();
    let early = [plain(&tag(&first)), plain(&tag(&third))];
    assert_eq!(json(finalize(&net, &token, &id, &upload, &early), 400).await["code"], "INVALID_VALUE_FOR_FIELD");
    json(post(&net, &token, &with_media(NIAMH, &id)), 400).await;
    let second = put(1, &film[PART..2 * PART]).await.unwrap();
    // A part that is sent again has a new tag.
    let again = put(1, &film[PART..2 * PART]).await.unwrap();
    let tags = [&first, &again, &third].map(|answer| plain(&tag(answer)));
    let stale = [&first, &second, &third].map(|answer| plain(&tag(answer)));
    let quoted = [&first, &again, &third].map(tag);
    let swapped = [tags[1].clone(), tags[0].clone(), tags[2].clone()];
    for wrong in [stale, quoted, swapped] {
        json(finalize(&net, &token, &id, &upload, &wrong), 400).await;
    }
    json(finalize(&net, &token, &id, "other", &tags), 400).await;
    json(finalize(&net, &token, &id, &upload, &tags), 200).await;

    let path = format!("/linkedin/rest/videos/{}", id.replace(':', "%3A"));
    let status = || json(rest(net.get(&path), &token), 200);
    assert_eq!(status().await["status"], "PROCESSING");
    let early = json(post(&net, &token, &with_media(NIAMH, &id)), 400).await;
    assert_eq!(early["code"], "MEDIA_ASSET_WAITING_UPLOAD");
    net.advance(3).await;
    assert_eq!(status().await["status"], "AVAILABLE");
    let answer = post(&net, &token, &with_media(NIAMH, &id)).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(answer.headers()["x-restli-id"].to_str().unwrap().starts_with("urn:li:ugcPost:"));
    let stages = net.control.stages(Some("linkedin")).await.unwrap();
    assert_eq!((&stages[0]["state"], &stages[0]["kind"]), (&json!("published"), &json!("video")));
    let posts = net.control.posts(Some("linkedin")).await.unwrap();
    assert_eq!(
        (&posts[0]["media"][0]["bytes"], &posts[0]["media"][0]["type"]),
        (&json!(film.len()), &json!("video/mp4"))
    );
}

#[tokio::test]
async fn films_that_linkedin_cannot_use() {
    let net = Net::start().await;
    let token = connect(&net, &somebody("maya-lindqvist"), PAGES).await;
    for (bytes, expected) in [
        (sandbox::samples::film(1280, 720, 20_000, 1), "AVAILABLE"),
        (sandbox::samples::film(1280, 720, 2_000, 1), "PROCESSING_FAILED"),
        (sandbox::samples::film(1280, 720, 1_801_000, 1), "PROCESSING_FAILED"),
        (sandbox::samples::film(1280, 500, 20_000, 1), "PROCESSING_FAILED"),
        (b"no film at all".to_vec(), "PROCESSING_FAILED"),
    ] {
        let id = send_film(&net, &token, NORTHWIND, &bytes).await;
        net.advance(3).await;
        let path = format!("/linkedin/rest/videos/{}", id.replace(':', "%3A"));
        assert_eq!(json(rest(net.get(&path), &token), 200).await["status"], expected);
        if expected != "AVAILABLE" {
            let refused = json(post(&net, &token, &with_media(NORTHWIND, &id)), 400).await;
            assert_eq!(refused["code"], "MEDIA_ASSET_PROCESSING_FAILED");
        }
    }
    for size in [json!(0), json!(500_u64 * 1_048_576 + 1), json!("12")] {
        let start = json!({ "initializeUploadRequest": { "owner": NORTHWIND, "fileSizeBytes": size } });
        json(rest(net.post("/linkedin/rest/videos?action=initializeUpload"), &token).json(&start), 400).await;
    }
    let start = json!({ "initializeUploadRequest": { "owner": NORTHWIND } });
    json(rest(net.post("/linkedin/rest/videos?action=initializeUpload"), &token).json(&start), 422).await;
    json(rest(net.post("/linkedin/rest/videos?action=else"), &token).json(&start), 400).await;
    let others = json!({ "initializeUploadRequest": { "owner": NIAMH, "fileSizeBytes": 10 } });
    json(rest(net.post("/linkedin/rest/videos?action=initializeUpload"), &token).json(&others), 403).await;
}

#[tokio::test]
async fn documents_and_comments() {
    let net = Net::start().await;
    let token = connect(&net, &somebody("maya-lindqvist"), PAGES).await;
    let document = |bytes: Vec<u8>| {
        let (net, token) = (&net, &token);
        async move {
            let start = json!({ "initializeUploadRequest": { "owner": NORTHWIND } });
            let started = rest(net.post("/linkedin/rest/documents?action=initializeUpload"), token).json(&start);
            let value = json(started, 200).await["value"].clone();
            json(net.http.put(value["uploadUrl"].as_str().unwrap()).body(bytes), 201).await;
            value["document"].as_str().unwrap().to_owned()
        }
    };
    let id = document(sandbox::samples::pdf(1)).await;
    let path = format!("/linkedin/rest/documents/{}", id.replace(':', "%3A"));
    assert_eq!(json(rest(net.get(&path), &token), 200).await["status"], "AVAILABLE");
    let broken = document(b"just text".to_vec()).await;
    assert_eq!(
        json(post(&net, &token, &with_media(NORTHWIND, &broken)), 400).await["code"],
        "MEDIA_ASSET_PROCESSING_FAILED"
    );
    // Documents are no pictures.
    let mut several = body(NORTHWIND, "Two");
    several["content"] = json!({ "multiImage": { "images": [{ "id": id }, { "id": broken }] } });
    assert_eq!(json(post(&net, &token, &several), 400).await["code"], "INVALID_URN_TYPE");
    let answer = post(&net, &token, &with_media(NORTHWIND, &id)).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let urn = answer.headers()["x-restli-id"].to_str().unwrap().to_owned();

    let path = format!("/linkedin/rest/socialActions/{}/comments", urn.replace(':', "%3A"));
    let comment = |text: &str| {
        let body = json!({ "actor": NORTHWIND, "object": urn, "message": { "text": text } });
        rest(net.post(&path), &token).json(&body)
    };
    let answer = comment("Read on at northwind.example").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let id = answer.headers()["x-restli-id"].to_str().unwrap().to_owned();
    let listed = json(rest(net.get(&path), &token), 200).await;
    assert_eq!(listed["elements"][0]["$URN"], format!("urn:li:comment:({urn},{id})"));
    json(comment(""), 422).await;
    json(comment(&"x".repeat(1_251)), 400).await;
    let elsewhere = path.replace(urn.rsplit(':').next().unwrap(), "1");
    json(rest(net.post(&elsewhere), &token).json(&json!({ "actor": NORTHWIND, "message": { "text": "x" } })), 404)
        .await;
    json(rest(net.post(&path), &token).json(&json!({ "actor": NIAMH, "message": { "text": "x" } })), 403).await;
    assert_eq!(
        net.control.posts(Some("linkedin")).await.unwrap()[0]["comments"][0]["text"],
        "Read on at northwind.example"
    );
}
