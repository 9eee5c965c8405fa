//! Pictures on a real database, with files in memory.

use axum::{body::Bytes, http::StatusCode};
use axum_test::multipart::{MultipartForm, Part};
use chrono::Duration;
use domain::{
    Actor, ErrorCode, MediaId, PageRequest, Platform, UploadId,
    media::{
        BrokenOff, Incoming, MAX_UPLOAD, MediaAsset, MediaFilter, MediaKind, MediaPatch, MediaType, NewUpload,
        Signature, Upload, UploadState, UploadStatus, Variant, read_all,
    },
    platform::ImageType,
    posts::{NewPost, PostPatch, Visibility},
    workspaces::Role,
};
use futures::{TryStreamExt, future::join_all};
use image::ImageFormat;
use object_store::ObjectStore;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::films::{FILM, Film, film, pdf};

use super::{
    Copies, Original,
    jobs::{ExpireUploads, FinishUpload, SweepFiles, expire_uploads, finish_upload, sweep_files},
    samples::{bomb, jpeg, picture, png, sideways_with_place},
};
use crate::features::posts::tests::studio::{ROOM, Studio, code, field, text};

const PNG: MediaType = MediaType::Image(ImageType::Png);

fn upload(file_name: &str, bytes: Vec<u8>) -> Upload {
    Upload { file_name: file_name.to_owned(), alt_text: None, bytes }
}

fn described(bytes: Vec<u8>, alt_text: &str) -> Upload {
    Upload { alt_text: Some(alt_text.to_owned()), ..upload("cups.png", bytes) }
}

/// All keys in the store.
async fn stored(studio: &Studio) -> Vec<String> {
    let mut keys: Vec<String> =
        studio.store.list(None).map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
    keys.sort();
    keys
}

fn signature(url: &str) -> Signature {
    serde_urlencoded::from_str(url.split_once('?').unwrap().1).unwrap()
}

fn alt(text: &str) -> MediaPatch {
    MediaPatch { alt_text: Some(text.to_owned()), tags: None }
}

fn draft_with(id: MediaId) -> NewPost {
    NewPost { visibility: Visibility::Private, media_assets: vec![id], ..text("Plum and cocoa.") }
}

#[tokio::test]
async fn a_picture_is_taken_measured_and_kept() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = png(1_000, 500);
    let asset = studio.media.upload(&maeve, described(bytes.clone(), "  Two cups  ")).await.unwrap().asset;
    assert_eq!((asset.content_type, asset.width, asset.height), (PNG, Some(1_000), Some(500)));
    assert_eq!((asset.file_name.as_str(), asset.alt_text.as_deref()), ("cups.png", Some("Two cups")));
    assert_eq!(asset.sha256, hex::encode(Sha256::digest(&bytes)));
    assert_eq!(asset.bytes, bytes.len() as u64);
    assert_eq!(asset, studio.media.get(&maeve, asset.id).await.unwrap());
    let page = studio.media.list(&maeve, MediaFilter::default()).await.unwrap();
    assert_eq!((page.total, &page.items[..]), (1, std::slice::from_ref(&asset)));

    let folder = format!("{}/{}/{}", maeve.workspace_id, asset.sha256, asset.id);
    assert_eq!(stored(&studio).await, [format!("{folder}/original.png"), format!("{folder}/thumbnail.jpg")]);
    assert_eq!(studio.files.read(&format!("{folder}/original.png")).await.unwrap(), bytes, "as it came");
    let source = studio.files.source(&format!("{folder}/original.png")).unwrap();
    assert_eq!(source.read(10..20).await.unwrap(), bytes[10..20], "or a piece of it");
}

#[tokio::test]
async fn what_it_is_follows_from_its_bytes() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let asset = studio.upload(&maeve, "../holiday.jpg", png(10, 10)).await;
    assert_eq!((asset.content_type, asset.file_name.as_str()), (PNG, "holiday.png"));
}

#[rstest]
#[case::html("cups.png", b"<!doctype html><script>alert(1)</script>".to_vec(), "not a file we can take")]
#[case::svg("cups.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "not a file we can take")]
#[case::empty("cups.png", Vec::new(), "empty")]
#[case::truncated("cups.jpg", jpeg(300, 200)[..2_000].to_vec(), "damaged")]
#[case::bomb("cups.png", bomb(50_000), "50000 × 50000 pixels")]
#[case::zeros("cups.png", vec![0; 1_000], "not a file we can take")]
#[tokio::test]
async fn what_is_no_picture_is_refused(#[case] name: &str, #[case] bytes: Vec<u8>, #[case] why: &str) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let message = field(studio.media.upload(&maeve, upload(name, bytes)).await, "file");
    assert!(message.contains(why), "{message}");
    assert_eq!((studio.count("media").await, stored(&studio).await.len()), (0, 0));
}

#[tokio::test]
async fn a_file_too_large_is_refused() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let too_much = vec![0; usize::try_from(MAX_UPLOAD).unwrap() + 1];
    assert_eq!(code(studio.media.upload(&maeve, upload("a.png", too_much)).await), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn the_place_a_photo_was_taken_is_never_stored() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let asset = studio.upload(&maeve, "photo.jpg", sideways_with_place(400, 200, b"53.3498,-6.2603")).await;
    assert_eq!((asset.width, asset.height), (Some(200), Some(400)), "as it is seen");
    for key in stored(&studio).await {
        let kept = studio.files.read(&key).await.unwrap();
        assert!(!kept.windows(7).any(|part| part == b"53.3498"), "{key}");
    }
}

#[tokio::test]
async fn the_same_bytes_are_the_same_picture() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let first = studio.media.upload(&maeve, described(png(20, 20), "Two cups")).await.unwrap();
    assert!(!first.duplicate);
    let again = studio.media.upload(&maeve, upload("other name.png", png(20, 20))).await.unwrap();
    assert!(again.duplicate, "whoever adds it hears that it is there");
    let first = first.asset;
    assert_eq!(again.asset, first, "nothing changes, nor does what it shows");
    let renamed = studio.media.upload(&maeve, described(png(20, 20), "Three cups")).await.unwrap().asset;
    assert_eq!((renamed.id, renamed.alt_text.as_deref()), (first.id, Some("Three cups")));
    assert_eq!(stored(&studio).await.len(), 2);

    let theirs = studio.upload(&other, "cups.png", png(20, 20)).await;
    assert_ne!(theirs.id, first.id, "each workspace has its own");
    assert_eq!(stored(&studio).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_bytes_many_times_at_once_are_one_picture() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let tasks = (0..8).map(|_| {
        let (media, actor) = (studio.media.clone(), maeve.clone());
        tokio::spawn(async move { media.upload(&actor, upload("cups.png", png(20, 20))).await })
    });
    let made: Vec<MediaAsset> = join_all(tasks).await.into_iter().map(|task| task.unwrap().unwrap().asset).collect();
    assert!(made.iter().all(|asset| asset.id == made[0].id));
    assert_eq!(studio.count("media").await, 1);
    let files = stored(&studio).await;
    assert!(files.len() == 2 && files.iter().all(|key| key.contains(&made[0].id.to_string())), "{files:?}");
}

#[tokio::test]
async fn adding_takes_a_member_and_removing_an_editor() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let writer = studio.colleague(&maeve, Role::Member).await;
    studio.media.upload(&writer, upload("b.png", png(6, 6))).await.unwrap();
    assert_eq!(studio.media.update(&writer, id, alt("Cups")).await.unwrap().alt_text.as_deref(), Some("Cups"));
    assert_eq!(code(studio.media.delete(&writer, id).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.restore(&writer, id).await), ErrorCode::Forbidden);
}

#[tokio::test]
async fn viewers_look() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let reader = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(studio.media.get(&reader, id).await.unwrap().id, id);
    assert_eq!(studio.media.list(&reader, MediaFilter::default()).await.unwrap().total, 1);
    assert_eq!(code(studio.media.upload(&reader, upload("a.png", png(5, 5))).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.update(&reader, id, alt("x")).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.delete(&reader, id).await), ErrorCode::Forbidden);
}

#[tokio::test]
async fn another_workspace_finds_nothing() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let id = studio.picture(&maeve, 10, 10).await;
    assert_eq!(code(studio.media.get(&other, id).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.update(&other, id, alt("x")).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.delete(&other, id).await), ErrorCode::NotFound);
    assert_eq!(studio.media.list(&other, MediaFilter::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn alt_text_is_checked_changed_and_removed() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let set = async |text: &str| studio.media.update(&maeve, id, alt(text)).await;
    assert_eq!(set(" Two cups ").await.unwrap().alt_text.as_deref(), Some("Two cups"));
    assert!(field(set(&"a".repeat(1_001)).await, "alt_text").contains("1000"));
    assert!(!field(set("a\0b").await, "alt_text").is_empty());
    assert_eq!(studio.media.get(&maeve, id).await.unwrap().alt_text.as_deref(), Some("Two cups"));
    assert_eq!(set("   ").await.unwrap().alt_text, None);
    let long = described(png(12, 12), &"ü".repeat(1_001));
    assert!(!field(studio.media.upload(&maeve, long).await, "alt_text").is_empty());
}

#[tokio::test]
async fn a_list_is_walked_by_cursor() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let mut made = Vec::new();
    for side in 1..=5 {
        made.push(studio.picture(&maeve, side, side).await);
    }
    made.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: Some(2), cursor, ..PageRequest::default() };
        let found = studio.media.list(&maeve, MediaFilter { page, ..MediaFilter::default() }).await.unwrap();
        seen.extend(found.items.into_iter().map(|asset| asset.id));
        cursor = found.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made, "newest first");
}

// ---- removing ---------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_picture_is_removed_with_its_files() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let asset = studio.upload(&maeve, "cups.png", png(10, 10)).await;
    studio.media.delete(&maeve, asset.id).await.unwrap();
    assert_eq!(code(studio.media.get(&maeve, asset.id).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.delete(&maeve, asset.id).await), ErrorCode::NotFound);
    let opened = studio.media.open(asset.id, Variant::Original, signature(&asset.url)).await;
    assert_eq!(code(opened), ErrorCode::NotFound, "not even with a signature");
    let removed = MediaFilter { removed: Some(true), ..MediaFilter::default() };
    assert_eq!(studio.media.list(&maeve, removed.clone()).await.unwrap().items[0].id, asset.id);
    assert_eq!(stored(&studio).await.len(), 2, "it can be brought back");

    let back = studio.media.restore(&maeve, asset.id).await.unwrap();
    assert_eq!((back.id, studio.media.get(&maeve, asset.id).await.unwrap().id), (asset.id, asset.id));
    assert_eq!(code(studio.media.restore(&maeve, asset.id).await), ErrorCode::NotFound, "it was not removed");

    // The same picture comes back before the files are removed: it has files of its own.
    studio.media.delete(&maeve, asset.id).await.unwrap();
    let again = studio.upload(&maeve, "cups.png", png(10, 10)).await;
    assert_ne!(again.id, asset.id);
    assert_eq!(code(studio.media.restore(&maeve, asset.id).await), ErrorCode::Conflict, "it is there already");

    studio.clock.advance(Duration::days(31));
    assert_eq!(code(studio.media.restore(&maeve, asset.id).await), ErrorCode::Gone);
    assert_eq!(studio.media.list(&maeve, removed).await.unwrap().total, 0);
    studio.clock.advance(Duration::days(1));
    sweep_files(studio.context.clone(), SweepFiles::default()).await.unwrap();
    let files = stored(&studio).await;
    assert!(files.len() == 2 && files.iter().all(|key| key.contains(&again.id.to_string())), "{files:?}");
    let again = studio.media.get(&maeve, again.id).await.unwrap();
    studio.media.open(again.id, Variant::Thumbnail, signature(again.thumbnail_url.as_deref().unwrap())).await.unwrap();
}

#[tokio::test]
async fn a_picture_that_a_post_needs_stays() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.account(&maeve, Platform::Facebook, "Harbour & Pine").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let post = studio.save(&maeve, draft_with(id)).await;
    let refused = studio.media.delete(&maeve, id).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert!(refused.fault.message.contains("“Plum and cocoa.”"), "{}", refused.fault.message);

    let publish = PostPatch { visibility: Some(Visibility::Public), ..PostPatch::default() };
    studio.posts.update(&maeve, post.id, publish).await.unwrap();
    studio.select().await;
    for (status, can) in [("publishing", false), ("failed", false), ("partly_published", false), ("published", true)] {
        studio.publish(post.id, status).await;
        assert_eq!(studio.media.delete(&maeve, id).await.is_ok(), can, "{status}");
    }
    let shown = studio.posts.get(&maeve, post.id).await.unwrap();
    assert!(shown.media.is_empty(), "a published post lives on without it");
}

#[tokio::test]
async fn a_picture_that_is_no_longer_needed_can_go() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let post = studio.save(&maeve, draft_with(id)).await;
    let without = PostPatch { media_assets: Some(Vec::new()), ..PostPatch::default() };
    studio.posts.update(&maeve, post.id, without).await.unwrap();
    studio.media.delete(&maeve, id).await.unwrap();

    let other = studio.picture(&maeve, 11, 11).await;
    let post = studio.save(&maeve, draft_with(other)).await;
    studio.posts.delete(&maeve, post.id).await.unwrap();
    studio.media.delete(&maeve, other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_picture_is_either_used_or_removed() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    for side in 10..25 {
        let id = studio.picture(&maeve, side, side).await;
        let (posts, media, a, b) = (studio.posts.clone(), studio.media.clone(), maeve.clone(), maeve.clone());
        let (used, removed) = tokio::join!(
            tokio::spawn(async move { posts.create(&a, draft_with(id), None).await.is_ok() }),
            tokio::spawn(async move { media.delete(&b, id).await.is_ok() })
        );
        assert!(used.unwrap() != removed.unwrap(), "exactly one of the two");
    }
    let orphans = "post_media p join media m on m.id = p.media_id where m.deleted_at is not null";
    assert_eq!(studio.count(orphans).await, 0);
}

// ---- signed URLs ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn whoever_holds_a_url_sees_the_picture() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = picture(600, 300, 100, ImageFormat::Png);
    let asset = studio.upload(&maeve, "cups \"above\".png", bytes.clone()).await;
    let anybody = studio.server(None);

    let original = anybody.get(&asset.url).await;
    original.assert_status_ok();
    assert_eq!(original.as_bytes(), &bytes);
    original.assert_header("content-type", "image/png");
    original.assert_header("content-length", bytes.len().to_string());
    original.assert_header("x-content-type-options", "nosniff");
    original.assert_header("content-security-policy", "default-src 'none'; sandbox");
    original.assert_header("cache-control", "private, max-age=3600, immutable");
    original.assert_header("content-disposition", format!("inline; filename=\"{}.png\"", asset.id));

    let small = asset.thumbnail_url.as_deref().unwrap();
    let thumbnail = anybody.get(small).await;
    thumbnail.assert_header("content-type", "image/png");
    assert_eq!(image::load_from_memory(thumbnail.as_bytes()).unwrap().width(), 480);
    let tag = thumbnail.header("etag");
    assert_ne!(tag, original.header("etag"));
    let unchanged = anybody.get(small).add_header("if-none-match", tag).await;
    unchanged.assert_status(StatusCode::NOT_MODIFIED);
    assert!(unchanged.as_bytes().is_empty());
}

#[tokio::test]
async fn a_url_ends_and_cannot_be_changed() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let asset = studio.upload(&maeve, "cups.png", png(10, 10)).await;
    let other = studio.upload(&maeve, "cups.png", png(11, 11)).await;
    let anybody = studio.server(None);

    let Signature { expires, signature } = signature(&asset.url);
    let path = format!("/media/{}/original", asset.id);
    for (tampered, why) in [
        (format!("{path}?expires={}&signature={signature}", expires + 3_600), "a longer life"),
        (format!("/media/{}/original?expires={expires}&signature={signature}", other.id), "another picture"),
        (format!("/media/{}/thumbnail?expires={expires}&signature={signature}", asset.id), "another variant"),
        (format!("/media/{}/secret?expires={expires}&signature={signature}", asset.id), "no variant"),
        (format!("/media/nonsense/original?expires={expires}&signature={signature}"), "no picture"),
        (format!("{path}?expires={expires}&signature="), "no signature"),
        (format!("{path}?expires=soon&signature={signature}"), "no time"),
        (path.clone(), "nothing"),
    ] {
        let refused = anybody.get(&tampered).await;
        refused.assert_status_not_found();
        assert_eq!(refused.json::<Value>()["code"], json!("NOT_FOUND"), "{why}");
    }

    anybody.get(&asset.url).await.assert_status_ok();
    studio.clock.advance(Duration::minutes(59));
    anybody.get(&asset.url).await.assert_status_ok();
    studio.clock.advance(Duration::minutes(12));
    let expired = anybody.get(&asset.url).await;
    expired.assert_status(StatusCode::GONE);
    assert_eq!(expired.json::<Value>()["code"], json!("GONE"));
}

// ---- REST -------------------------------------------------------------------------------------------------------------

fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("cups.png").mime_type("image/png")
}

#[tokio::test]
async fn over_rest() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let server = studio.server(Some(&maeve));
    let form = MultipartForm::new().add_text("alt_text", "Zwei Tassen – über").add_part("file", file(png(30, 20)));
    let made = server.post("/api/media").multipart(form).await;
    made.assert_status(StatusCode::CREATED);
    let made: Value = made.json();
    assert_eq!(made["data"]["content_type"], json!("image/png"));
    assert_eq!((&made["data"]["alt_text"], &made["data"]["width"]), (&json!("Zwei Tassen – über"), &json!(30)));
    let id = made["data"]["id"].as_str().unwrap();

    let list: Value = server.get("/api/media?limit=1").await.json();
    assert_eq!((&list["data"][0], &list["page"]["total"]), (&made["data"], &json!(1)));
    let changed: Value = server.patch(&format!("/api/media/{id}")).json(&json!({"alt_text": ""})).await.json();
    assert_eq!(changed["data"]["alt_text"], Value::Null);
    let shown: Value = server.get(&format!("/api/media/{id}")).await.json();
    assert_eq!(shown["data"], changed["data"]);
    let gone: Value = server.delete(&format!("/api/media/{id}")).await.json();
    assert_eq!((&gone["success"], gone.get("data")), (&json!(true), Some(&Value::Null)));
    server.get(&format!("/api/media/{id}")).await.assert_status_not_found();
}

#[tokio::test]
async fn over_rest_a_wrong_form_is_refused_by_name() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let server = studio.server(Some(&maeve));
    let form = MultipartForm::new;
    for (form, at_fault) in [
        (form().add_text("alt_text", "x"), "file"),
        (form().add_part("file", file(png(5, 5))).add_part("file", file(png(6, 6))), "file"),
        (form().add_text("alt_text", "x").add_text("alt_text", "y").add_part("file", file(png(5, 5))), "alt_text"),
        (form().add_text("alt_text", "x".repeat(5_000)).add_part("file", file(png(5, 5))), "alt_text"),
        (form().add_part("alt_text", Part::bytes(vec![0xFF, 0xFE])).add_part("file", file(png(5, 5))), "alt_text"),
        (form().add_part("file", file(png(5, 5))).add_text("folder", "x"), "folder"),
        (form().add_part("file", file(b"<html>".to_vec())), "file"),
    ] {
        let refused = server.post("/api/media").multipart(form).await;
        refused.assert_status_bad_request();
        let refused: Value = refused.json();
        assert!(refused["details"]["fields"][at_fault].is_string(), "{at_fault}: {refused}");
    }
    let json = server.post("/api/media").json(&json!({"file": "x"})).await;
    json.assert_status_bad_request();
    assert!(json.json::<Value>()["details"]["fields"]["content-type"].is_string());
    let broken = server
        .post("/api/media")
        .content_type("multipart/form-data; boundary=x")
        .bytes(Bytes::from_static(b"--x\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nhalf"))
        .await;
    broken.assert_status_bad_request();
    assert_eq!(studio.count("media").await, 0);
}

#[rstest]
#[case::somewhat(MAX_UPLOAD + 1)]
#[case::far_too_much(3 * MAX_UPLOAD)]
#[tokio::test]
async fn over_rest_too_much_is_refused(#[case] size: u64) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let form = MultipartForm::new().add_part("file", file(vec![0; usize::try_from(size).unwrap()]));
    let refused = studio.server(Some(&maeve)).post("/api/media").multipart(form).await;
    refused.assert_status_payload_too_large();
    let refused: Value = refused.json();
    assert_eq!(refused["code"], json!("PAYLOAD_TOO_LARGE"));
    assert!(refused["error"].as_str().unwrap().contains("20 MB"), "{refused}");
}

#[tokio::test]
async fn over_rest_what_is_not_for_you() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let viewer: Actor = studio.colleague(&maeve, Role::Viewer).await;
    let (nobody, viewer) = (studio.server(None), studio.server(Some(&viewer)));
    for (server, reading, writing) in
        [(nobody, StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED), (viewer, StatusCode::OK, StatusCode::FORBIDDEN)]
    {
        server.get("/api/media").await.assert_status(reading);
        server.get(&format!("/api/media/{id}")).await.assert_status(reading);
        let form = MultipartForm::new().add_part("file", file(png(5, 5)));
        server.post("/api/media").multipart(form).await.assert_status(writing);
        server.patch(&format!("/api/media/{id}")).json(&json!({"alt_text": "x"})).await.assert_status(writing);
        server.delete(&format!("/api/media/{id}")).await.assert_status(writing);
    }
}

#[tokio::test]
async fn files_lie_in_a_folder() {
    let studio = Studio::new().await;
    let folder = std::env::temp_dir().join(format!("arctiv-media-{}", studio.ids.next()));
    let files = super::MediaFiles::local(&folder).unwrap();
    files.check().await.unwrap();
    files.write("a/b/original.png", Bytes::from_static(b"bytes")).await.unwrap();
    assert_eq!(std::fs::read(folder.join("a/b/original.png")).unwrap(), b"bytes");
    assert_eq!(files.read("a/b/original.png").await.unwrap(), "bytes");
    files.remove("a/b/original.png").await.unwrap();
    files.remove("a/b/original.png").await.unwrap();
    assert_eq!(code(files.read("a/b/original.png").await), ErrorCode::InternalError);
    assert_eq!(code(files.read("../../etc/passwd").await), ErrorCode::InternalError, "no way out of the folder");
    std::fs::remove_dir_all(&folder).unwrap();
}

// ---- what nobody needs ------------------------------------------------------------------------------------------------

#[tokio::test]
async fn files_that_belong_to_no_picture_are_swept_once_they_are_old() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    studio.upload(&maeve, "kept.png", png(10, 10)).await;
    let kept = stored(&studio).await;
    // Removed, and its time is not over.
    let removed = studio.upload(&maeve, "removed.png", png(11, 10)).await;
    studio.media.delete(&maeve, removed.id).await.unwrap();
    let mut bin = stored(&studio).await;
    bin.retain(|key| !kept.contains(key));
    // Uploaded by a process that died before it saved the row.
    let folder = super::files::folder(maeve.workspace_id, &[7; 32], MediaId(studio.ids.next()));
    for name in ["original.png", "thumbnail.png"] {
        studio.files.write(&format!("{folder}/{name}"), Bytes::from_static(b"x")).await.unwrap();
    }
    // Somebody else's.
    studio.files.write("notes/to-self.txt", Bytes::from_static(b"x")).await.unwrap();
    let everything = stored(&studio).await;
    assert_eq!(everything.len(), kept.len() + 2 + 2 + 1);

    studio.clock.advance(Duration::hours(23));
    sweep_files(studio.context.clone(), SweepFiles::default()).await.unwrap();
    assert_eq!(stored(&studio).await, everything, "an upload may still be on its way");
    studio.clock.advance(Duration::hours(2));
    for _ in 0..2 {
        sweep_files(studio.context.clone(), SweepFiles::default()).await.unwrap();
        let mut left = [kept.clone(), bin.clone()].concat();
        left.push("notes/to-self.txt".to_owned());
        left.sort();
        assert_eq!(stored(&studio).await, left);
    }
}

// ---- videos and documents ---------------------------------------------------------------------------------------------

#[tokio::test]
async fn short_videos_and_documents_are_taken_whole() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = film(&Film { place: Some(b"+53.3498-006.2603/"), ..FILM });
    let asset = studio.upload(&maeve, "walk.mov", bytes.clone()).await;
    assert_eq!((asset.kind, asset.file_name.as_str()), (MediaKind::Video, "walk.mp4"));
    assert_eq!((asset.width, asset.height, asset.thumbnail_url.as_deref()), (Some(720), Some(1_280), None));
    assert_eq!(asset.video.unwrap().duration_ms, 20_000);
    let [key] = &stored(&studio).await[..] else { panic!("one file") };
    let kept = studio.files.read(key).await.unwrap();
    assert_eq!(asset.sha256, hex::encode(Sha256::digest(&kept)), "the hash is that of what is kept");
    assert!(!kept.windows(8).any(|part| part == b"+53.3498"), "the place is gone");
    assert!(studio.media.upload(&maeve, upload("again.mp4", bytes)).await.unwrap().duplicate);

    let menu = studio.upload(&maeve, "menu", pdf(3)).await;
    assert_eq!((menu.kind, menu.pages, menu.width), (MediaKind::Document, Some(3), None));
    let served = studio.server(None).get(&menu.url).await;
    served.assert_header("content-disposition", format!("attachment; filename=\"{}.pdf\"", menu.id));

    let post = studio.save(&maeve, draft_with(asset.id)).await;
    assert_eq!(post.media[0].kind, MediaKind::Video);
}

#[tokio::test]
async fn a_video_gets_a_poster() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.upload(&maeve, "walk.mp4", film(&FILM)).await.id;
    let server = studio.server(Some(&maeve));
    let place = format!("/api/media/{id}/poster");
    let set = server.put(&place).bytes(jpeg(1_000, 500).into()).await;
    set.assert_status_ok();
    let url = set.json::<Value>()["data"]["thumbnail_url"].as_str().unwrap().to_owned();
    let shown = server.get(&url).await;
    shown.assert_header("content-type", "image/jpeg");
    assert_eq!(image::load_from_memory(shown.as_bytes()).unwrap().width(), 480);
    server.put(&place).bytes(jpeg(100, 50).into()).await.assert_status_ok();
    assert_eq!(stored(&studio).await.len(), 2, "the old one is gone");

    server.put(&place).bytes(Bytes::from_static(b"<html>")).await.assert_status_bad_request();
    let picture = studio.picture(&maeve, 10, 10).await;
    let refused = server.put(&format!("/api/media/{picture}/poster")).bytes(jpeg(10, 10).into()).await;
    refused.assert_status_bad_request();
    let other = studio.workspace("UTC").await;
    studio.server(Some(&other)).put(&place).bytes(jpeg(10, 10).into()).await.assert_status_not_found();
}

#[tokio::test]
async fn a_part_of_a_file_is_sent_when_that_is_asked() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    // More than is read in one step.
    let bytes = film(&Film { frames: 1_300_000, ..FILM });
    let asset = studio.upload(&maeve, "walk.mp4", bytes.clone()).await;
    let anybody = studio.server(None);
    let whole = anybody.get(&asset.url).await;
    whole.assert_header("accept-ranges", "bytes");
    whole.assert_header("content-length", bytes.len().to_string());
    assert!(whole.as_bytes() == &bytes);
    let part = anybody.get(&asset.url).add_header("range", "bytes=1000000-1099999").await;
    part.assert_status(StatusCode::PARTIAL_CONTENT);
    part.assert_header("content-range", format!("bytes 1000000-1099999/{}", bytes.len()));
    assert!(part.as_bytes() == &bytes[1_000_000..1_100_000]);
    let etag = part.header("etag");
    let same = anybody.get(&asset.url).add_header("range", "bytes=-5").add_header("if-range", etag).await;
    assert_eq!(same.as_bytes(), &bytes[bytes.len() - 5..]);
    let another = anybody.get(&asset.url).add_header("range", "bytes=-5").add_header("if-range", "\"x\"").await;
    another.assert_status_ok();
    let nothing = anybody.get(&asset.url).add_header("range", "bytes=9999999-").await;
    nothing.assert_status(StatusCode::RANGE_NOT_SATISFIABLE);
    nothing.assert_header("content-range", format!("bytes */{}", bytes.len()));
}

// ---- the library ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn the_library_is_searched_and_tagged() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let cups = studio.media.upload(&maeve, described(png(10, 10), "Two cups, 100% full")).await.unwrap().asset.id;
    let walk = studio.upload(&maeve, "Harbour walk.mp4", film(&FILM)).await.id;
    let menu = studio.upload(&maeve, "menu.pdf", pdf(2)).await.id;
    let tag =
        |tags: &[&str]| MediaPatch { alt_text: None, tags: Some(tags.iter().map(|tag| (*tag).to_owned()).collect()) };
    let tagged = studio.media.update(&maeve, walk, tag(&["#Winter", "harbour", "winter"])).await.unwrap();
    assert_eq!(tagged.tags, ["harbour", "winter"]);
    studio.media.update(&maeve, menu, tag(&["winter"])).await.unwrap();
    assert!(field(studio.media.update(&maeve, menu, tag(&["a,b"])).await, "tags").contains("commas"));

    let found = async |filter: MediaFilter| {
        let page = studio.media.list(&maeve, filter).await.unwrap();
        assert_eq!(page.total, i64::try_from(page.items.len()).unwrap());
        page.items.into_iter().map(|asset| asset.id).collect::<Vec<_>>()
    };
    let q = |q: &str| MediaFilter { q: Some(q.to_owned()), ..MediaFilter::default() };
    assert_eq!(found(q("harbour")).await, [walk], "by name and tag");
    assert_eq!(found(q("100%")).await, [cups], "by alt text, literally");
    assert_eq!(found(q("wint")).await, [menu, walk]);
    let tagged = |tag: &str| MediaFilter { tag: Some(tag.to_owned()), ..MediaFilter::default() };
    assert_eq!(found(tagged("winter")).await, [menu, walk]);
    assert_eq!(found(tagged("wint")).await, [], "a tag is meant whole");
    let kind = |kind| MediaFilter { kind: Some(kind), ..MediaFilter::default() };
    assert_eq!(found(kind(MediaKind::Video)).await, [walk]);
    assert_eq!(found(kind(MediaKind::Document)).await, [menu]);
    assert_eq!(found(kind(MediaKind::Image)).await, [cups]);
    let tags = studio.media.tags(&maeve).await.unwrap();
    assert_eq!(
        tags.iter().map(|one| (one.tag.as_str(), one.count)).collect::<Vec<_>>(),
        [("winter", 2), ("harbour", 1)]
    );
    let other = studio.workspace("UTC").await;
    assert_eq!(studio.media.tags(&other).await.unwrap(), []);
}

#[tokio::test]
async fn where_it_is_used_is_known() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    assert_eq!(studio.media.uses(&maeve, id).await.unwrap(), []);
    let post = studio.save(&maeve, draft_with(id)).await;
    let uses = studio.media.uses(&maeve, id).await.unwrap();
    assert_eq!(
        (uses.len(), uses[0].post_id, uses[0].words.as_str(), uses[0].needed),
        (1, post.id, "Plum and cocoa.", true)
    );
    studio.publish(post.id, "published").await;
    assert!(!studio.media.uses(&maeve, id).await.unwrap()[0].needed);
    let other = studio.workspace("UTC").await;
    assert_eq!(code(studio.media.uses(&other, id).await), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_workspace_has_so_much_room() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.upload(&maeve, "walk.mp4", film(&FILM)).await.id;
    let full = format!("update media set bytes = {} where id = $1", ROOM - 10);
    sqlx::query(sqlx::AssertSqlSafe(full)).bind(id.0).execute(&studio.admin).await.unwrap();
    assert_eq!(code(studio.media.upload(&maeve, upload("a.png", png(5, 5))).await), ErrorCode::PlanLimitReached);
    assert_eq!(code(studio.media.begin_upload(&maeve, announced(11)).await), ErrorCode::PlanLimitReached);
    // What is announced counts as well.
    studio.media.begin_upload(&maeve, announced(6)).await.unwrap();
    assert_eq!(code(studio.media.begin_upload(&maeve, announced(6)).await), ErrorCode::PlanLimitReached);
    let other = studio.workspace("UTC").await;
    studio.media.begin_upload(&other, announced(6)).await.unwrap();
}

// ---- uploads in pieces ------------------------------------------------------------------------------------------------

fn announced(length: u64) -> NewUpload {
    NewUpload { file_name: "Harbour walk.mov".into(), alt_text: Some("A walk".into()), length }
}

/// A body that comes in these chunks, and then ends or breaks off.
struct Chunks(std::collections::VecDeque<Result<Bytes, BrokenOff>>);

#[async_trait::async_trait]
impl Incoming for Chunks {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        self.0.pop_front()
    }
}

fn body(bytes: &[u8]) -> Box<dyn Incoming> {
    Box::new(Chunks(bytes.chunks(700).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()))
}

fn broken(bytes: &[u8]) -> Box<dyn Incoming> {
    let whole = bytes.chunks(700).map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
    Box::new(Chunks(whole.chain([Err(BrokenOff)]).collect()))
}

async fn run_jobs(studio: &Studio) {
    studio.select().await;
    assert_eq!(studio.jobs().await, []);
}

/// Announces and sends all of it, in pieces of this size, and lets the job look at it.
async fn send(studio: &Studio, actor: &Actor, bytes: &[u8], size: usize) -> UploadState {
    let begun = studio.media.begin_upload(actor, announced(bytes.len() as u64)).await.unwrap();
    for (index, piece) in bytes.chunks(size).enumerate() {
        studio.media.append(actor, begun.id, (index * size) as u64, body(piece)).await.unwrap();
    }
    run_jobs(studio).await;
    studio.media.upload_state(actor, begun.id).await.unwrap()
}

#[tokio::test]
async fn a_film_comes_in_pieces() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = film(&Film { frames: 50_000, place: Some(b"+53.3498"), ..FILM });
    let begun = studio.media.begin_upload(&maeve, announced(bytes.len() as u64)).await.unwrap();
    assert_eq!((begun.offset, begun.status), (0, UploadStatus::Receiving));

    let state = studio.media.append(&maeve, begun.id, 0, body(&bytes[..20_000])).await.unwrap();
    assert_eq!(state.offset, 20_000);
    // The connection is lost, and what had come by then stays.
    let state = studio.media.append(&maeve, begun.id, 20_000, broken(&bytes[20_000..30_100])).await.unwrap();
    assert_eq!((state.offset, state.status), (30_100, UploadStatus::Receiving));
    let wrong = studio.media.append(&maeve, begun.id, 20_000, body(&bytes[20_000..])).await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::Conflict);
    assert!(wrong.fault.message.contains("30100"), "{}", wrong.fault.message);
    let nothing = studio.media.append(&maeve, begun.id, 30_100, body(&[])).await.unwrap();
    assert_eq!(nothing.offset, 30_100);

    let state = studio.media.append(&maeve, begun.id, 30_100, body(&bytes[30_100..])).await.unwrap();
    assert_eq!((state.offset, state.status, state.media), (bytes.len() as u64, UploadStatus::Inspecting, None));
    assert_eq!(code(studio.media.append(&maeve, begun.id, state.offset, body(b"x")).await), ErrorCode::Conflict);
    run_jobs(&studio).await;

    let state = studio.media.upload_state(&maeve, begun.id).await.unwrap();
    let asset = state.media.unwrap();
    assert_eq!((state.status, state.duplicate, state.error), (UploadStatus::Ready, false, None));
    assert_eq!((asset.file_name.as_str(), asset.alt_text.as_deref()), ("Harbour walk.mp4", Some("A walk")));
    assert_eq!((asset.bytes, asset.video.unwrap().duration_ms), (bytes.len() as u64, 20_000));
    let [key] = &stored(&studio).await[..] else { panic!("one file, and no pieces") };
    let kept = studio.files.read(key).await.unwrap();
    assert_eq!(asset.sha256, hex::encode(Sha256::digest(&kept)));
    assert!(kept.len() == bytes.len() && !kept.windows(8).any(|part| part == b"+53.3498"));
    assert_eq!(studio.count("media_upload_parts").await, 0);

    let again = send(&studio, &maeve, &bytes, 30_000).await;
    assert!(again.duplicate && again.media.unwrap().id == asset.id, "already in the library");
    assert_eq!(stored(&studio).await.len(), 1);
}

#[tokio::test]
async fn pictures_and_documents_come_in_pieces_too() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let picture = send(&studio, &maeve, &sideways_with_place(400, 200, b"53.3498"), 1_000).await.media.unwrap();
    assert_eq!((picture.kind, picture.width), (MediaKind::Image, Some(200)));
    assert!(picture.thumbnail_url.is_some());
    let document = send(&studio, &maeve, &pdf(4), 500).await.media.unwrap();
    assert_eq!((document.kind, document.pages), (MediaKind::Document, Some(4)));
}

#[rstest]
#[case::page(b"<!doctype html><script>alert(1)</script>".repeat(500))]
#[case::program([&b"\x7FELF"[..], &vec![0; 40_000]].concat())]
#[tokio::test]
async fn what_is_no_media_is_refused_with_its_first_piece(#[case] bytes: Vec<u8>) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let begun = studio.media.begin_upload(&maeve, announced(1_000_000_000 / 20)).await.unwrap();
    let refused = studio.media.append(&maeve, begun.id, 0, body(&bytes)).await;
    assert!(field(refused, "file").contains("not a file we can take"));
    let state = studio.media.upload_state(&maeve, begun.id).await.unwrap();
    assert_eq!(state.status, UploadStatus::Refused);
    assert!(state.error.unwrap().contains("not a file we can take"));
    assert_eq!(stored(&studio).await.len(), 0);
    assert_eq!(code(studio.media.append(&maeve, begun.id, bytes.len() as u64, body(b"x")).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn what_turns_out_to_be_damaged_is_refused_with_the_reason() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let mut bytes = film(&Film { frames: 30_000, front: false, ..FILM });
    let end = bytes.len() - 100;
    bytes.truncate(end);
    let state = send(&studio, &maeve, &bytes, 20_000).await;
    assert_eq!(state.status, UploadStatus::Refused);
    assert_eq!(state.error.as_deref(), Some("This video is damaged or incomplete. Try saving it again."));
    assert_eq!((stored(&studio).await.len(), studio.count("media").await), (0, 0));
}

#[tokio::test]
async fn no_more_comes_than_was_announced() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let begun = studio.media.begin_upload(&maeve, announced(1_000)).await.unwrap();
    let refused = studio.media.append(&maeve, begun.id, 0, body(&[7; 5_000])).await;
    assert_eq!(code(refused), ErrorCode::PayloadTooLarge);
    assert_eq!(studio.media.upload_state(&maeve, begun.id).await.unwrap().offset, 0);
    assert_eq!(stored(&studio).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_requests_for_the_same_bytes_one_wins() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = film(&Film { frames: 40_000, ..FILM });
    let begun = studio.media.begin_upload(&maeve, announced(bytes.len() as u64)).await.unwrap();
    let tasks = (0..6).map(|_| {
        let (media, actor, id, piece) = (studio.media.clone(), maeve.clone(), begun.id, body(&bytes[..30_000]));
        tokio::spawn(async move { media.append(&actor, id, 0, piece).await.is_ok() })
    });
    let won = join_all(tasks).await.into_iter().filter(|task| *task.as_ref().unwrap()).count();
    assert_eq!(won, 1);
    assert_eq!(stored(&studio).await.len(), 1, "the others left nothing");
    studio.media.append(&maeve, begun.id, 30_000, body(&bytes[30_000..])).await.unwrap();
    run_jobs(&studio).await;
    assert_eq!(studio.media.upload_state(&maeve, begun.id).await.unwrap().status, UploadStatus::Ready);
}

#[tokio::test]
async fn the_job_can_run_twice_and_be_late() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let state = send(&studio, &maeve, &film(&FILM), 100_000).await;
    finish_upload(studio.context.clone(), FinishUpload { upload_id: state.id }).await.unwrap();
    assert_eq!(studio.count("media").await, 1);
    // A worker died after it had saved the asset and before it could say so.
    for sql in [
        "update media_uploads set status = 'inspecting', media_id = null",
        "insert into media_upload_parts (upload_id, start, workspace_id, bytes, storage_key, created_at)
         select u.id, 0, u.workspace_id, u.bytes, m.storage_key, now() from media_uploads u, media m",
    ] {
        sqlx::query(sql).execute(&studio.admin).await.unwrap();
    }
    finish_upload(studio.context.clone(), FinishUpload { upload_id: state.id }).await.unwrap();
    let again = studio.media.upload_state(&maeve, state.id).await.unwrap();
    assert_eq!((again.status, again.duplicate, studio.count("media").await), (UploadStatus::Ready, false, 1));
}

#[tokio::test]
async fn an_upload_is_given_up_by_hand_or_after_its_time() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = film(&FILM);
    let begin = async || {
        let begun = studio.media.begin_upload(&maeve, announced(bytes.len() as u64)).await.unwrap();
        studio.media.append(&maeve, begun.id, 0, body(&bytes[..500])).await.unwrap().id
    };
    let by_hand = begin().await;
    studio.media.abandon_upload(&maeve, by_hand).await.unwrap();
    assert_eq!(code(studio.media.upload_state(&maeve, by_hand).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.abandon_upload(&maeve, by_hand).await), ErrorCode::NotFound);
    assert_eq!(stored(&studio).await.len(), 0);

    let late = begin().await;
    studio.clock.advance(Duration::hours(23));
    expire_uploads(studio.context.clone(), ExpireUploads::default()).await.unwrap();
    studio.media.append(&maeve, late, 500, body(&bytes[500..600])).await.unwrap();
    studio.clock.advance(Duration::hours(23));
    expire_uploads(studio.context.clone(), ExpireUploads::default()).await.unwrap();
    assert_eq!(studio.media.upload_state(&maeve, late).await.unwrap().offset, 600, "each piece gives it another day");
    studio.clock.advance(Duration::hours(2));
    assert_eq!(code(studio.media.append(&maeve, late, 600, body(b"x")).await), ErrorCode::Conflict);
    expire_uploads(studio.context.clone(), ExpireUploads::default()).await.unwrap();
    assert_eq!(code(studio.media.upload_state(&maeve, late).await), ErrorCode::NotFound);
    assert_eq!((stored(&studio).await.len(), studio.count("media_uploads").await), (0, 0));
}

#[tokio::test]
async fn an_upload_is_its_workspaces_and_takes_a_member() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let id = studio.media.begin_upload(&maeve, announced(10)).await.unwrap().id;
    assert_eq!(code(studio.media.upload_state(&other, id).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.append(&other, id, 0, body(b"x")).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.abandon_upload(&other, id).await), ErrorCode::NotFound);
    let viewer = studio.colleague(&maeve, Role::Viewer).await;
    assert_eq!(code(studio.media.begin_upload(&viewer, announced(10)).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.append(&viewer, id, 0, body(b"x")).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.abandon_upload(&viewer, id).await), ErrorCode::Forbidden);
    assert_eq!(studio.media.upload_state(&viewer, id).await.unwrap().id, id);
    let absent = UploadId(studio.ids.next());
    assert_eq!(code(studio.media.upload_state(&maeve, absent).await), ErrorCode::NotFound);
}

#[tokio::test]
async fn pieces_of_an_upload_that_is_gone_are_swept() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = film(&FILM);
    let begun = studio.media.begin_upload(&maeve, announced(bytes.len() as u64)).await.unwrap();
    studio.media.append(&maeve, begun.id, 0, body(&bytes[..500])).await.unwrap();
    let alive = stored(&studio).await;
    let dead = super::files::piece_key(maeve.workspace_id, UploadId(studio.ids.next()), 0, studio.ids.next());
    studio.files.write(&dead, Bytes::from_static(b"x")).await.unwrap();
    studio.clock.advance(Duration::hours(25));
    sweep_files(studio.context.clone(), SweepFiles::default()).await.unwrap();
    assert_eq!(stored(&studio).await, alive);
}

// ---- over the protocol ------------------------------------------------------------------------------------------------

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

#[tokio::test]
async fn any_client_of_the_protocol_can_send() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let server = studio.server(Some(&maeve));
    let spoken = server.method(axum::http::Method::OPTIONS, "/api/media/uploads").await;
    spoken.assert_status(StatusCode::NO_CONTENT);
    spoken.assert_header("tus-version", "1.0.0");
    spoken.assert_header("tus-extension", "creation,expiration,termination");
    spoken.assert_header("tus-max-size", (4_u64 * 1024 * 1024 * 1024).to_string());

    let bytes = film(&FILM);
    let begun = server
        .post("/api/media/uploads")
        .add_header(TUS.0, TUS.1)
        .add_header("upload-length", bytes.len().to_string())
        .add_header("upload-metadata", "filename d2Fsay5tcDQ=,filetype dmlkZW8vbXA0")
        .await;
    begun.assert_status(StatusCode::CREATED);
    begun.assert_header("tus-resumable", "1.0.0");
    assert!(begun.header("upload-expires").to_str().unwrap().ends_with(" GMT"));
    let place = begun.header("location").to_str().unwrap().to_owned();
    let piece = async |offset: usize, piece: &[u8]| {
        server
            .patch(&place)
            .add_header(TUS.0, TUS.1)
            .add_header("upload-offset", offset.to_string())
            .bytes(Bytes::copy_from_slice(piece))
            .content_type("application/offset+octet-stream")
            .await
    };
    let sent = piece(0, &bytes[..1_000]).await;
    sent.assert_status(StatusCode::NO_CONTENT);
    sent.assert_header("upload-offset", "1000");
    let stands = server.method(axum::http::Method::HEAD, &place).add_header(TUS.0, TUS.1).await;
    stands.assert_status_ok();
    stands.assert_header("upload-offset", "1000");
    stands.assert_header("upload-length", bytes.len().to_string());
    stands.assert_header("cache-control", "no-store");
    piece(7, &bytes[7..]).await.assert_status(StatusCode::CONFLICT);
    let done = piece(1_000, &bytes[1_000..]).await;
    done.assert_header("upload-offset", bytes.len().to_string());
    run_jobs(&studio).await;
    let state: Value = server.get(&place).await.json();
    assert_eq!((&state["data"]["status"], &state["data"]["media"]["file_name"]), (&json!("ready"), &json!("walk.mp4")));

    server.delete(&place).add_header(TUS.0, TUS.1).await.assert_status(StatusCode::NO_CONTENT);
    server.method(axum::http::Method::HEAD, &place).add_header(TUS.0, TUS.1).await.assert_status_not_found();
    let id = state["data"]["media"]["id"].as_str().unwrap();
    server.get(&format!("/api/media/{id}")).await.assert_status_ok();
}

#[tokio::test]
async fn who_does_not_keep_to_the_protocol_is_told_so() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let server = studio.server(Some(&maeve));
    let unspoken = server.post("/api/media/uploads").add_header("upload-length", "10").await;
    unspoken.assert_status(StatusCode::PRECONDITION_FAILED);
    unspoken.assert_header("tus-version", "1.0.0");
    let begin = async |name: &'static str, value: &'static str| {
        server.post("/api/media/uploads").add_header(TUS.0, TUS.1).add_header(name, value).await
    };
    begin("x-nothing", "").await.assert_status_bad_request();
    begin("upload-length", "0").await.assert_status_bad_request();
    begin("upload-length", "5000000000").await.assert_status_payload_too_large();
    let begun = begin("upload-length", "10").await;
    begun.assert_status(StatusCode::CREATED);
    let place = begun.header("location").to_str().unwrap().to_owned();
    let patch = || server.patch(&place).add_header(TUS.0, TUS.1).bytes(Bytes::from_static(b"x"));
    let typed = patch().add_header("upload-offset", "0").content_type("text/plain").await;
    typed.assert_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let nowhere = patch().content_type("application/offset+octet-stream").await;
    nowhere.assert_status_bad_request();
    assert!(nowhere.json::<Value>()["details"]["fields"]["upload-offset"].is_string());
    studio.server(None).post("/api/media/uploads").add_header(TUS.0, TUS.1).await.assert_status_unauthorized();
}

// ---- copies -----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_copy_for_a_platform_is_made_once_and_can_be_fetched() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let asset = studio.upload(&maeve, "poster.png", png(2_000, 2_000)).await;
    let copies = Copies::new(studio.db.clone(), studio.files.clone(), studio.context.clock.clone());
    let recipe = "jpg-w1440-p0-b8388608".parse().unwrap();
    let folder = format!("{}/{}/{}", maeve.workspace_id, asset.sha256, asset.id);
    let storage_key = format!("{folder}/original.png");
    let original =
        Original { id: asset.id, workspace: maeve.workspace_id, kind: ImageType::Png, storage_key: &storage_key };
    let made = copies.get(original, recipe).await.unwrap();
    assert_eq!(
        (made.kind, made.storage_key.as_str()),
        (ImageType::Jpeg, format!("{folder}/copy-{recipe}.jpg").as_str())
    );
    let bytes = studio.files.read(&made.storage_key).await.unwrap();
    assert_eq!((bytes.len() as u64, image::load_from_memory(&bytes).unwrap().width()), (made.bytes, 1_440));
    assert_eq!(copies.get(original, recipe).await.unwrap(), made);
    assert_eq!(studio.count("media_copies").await, 1);

    let links = super::MediaLinks::new(
        &secrecy::SecretString::from("a secret that only this test server knows"),
        studio.context.clock.clone(),
    );
    let url = links.url(asset.id, Variant::Copy(recipe));
    let fetched = studio.server(None).get(&url).await;
    fetched.assert_header("content-type", "image/jpeg");
    fetched.assert_header("content-length", made.bytes.to_string());
    assert!(fetched.as_bytes() == &bytes);
    let file = studio.media.open(asset.id, Variant::Copy(recipe), signature(&url)).await.unwrap();
    assert!(read_all(&*file.source, file.length).await.unwrap() == bytes);
    let other = links.url(asset.id, Variant::Copy("jpg-w100-p0-b8388608".parse().unwrap()));
    studio.server(None).get(&other).await.assert_status_not_found();

    // It goes with its original.
    studio.media.delete(&maeve, asset.id).await.unwrap();
    studio.clock.advance(Duration::days(32));
    sweep_files(studio.context.clone(), SweepFiles::default()).await.unwrap();
    assert_eq!(stored(&studio).await.len(), 0);
}
