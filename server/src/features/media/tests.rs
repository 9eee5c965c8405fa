//! Pictures on a real database, with files in memory.

use axum::{body::Bytes, http::StatusCode};
use axum_test::multipart::{MultipartForm, Part};
use chrono::Duration;
use domain::{
    Actor, ErrorCode, MediaId, PageRequest, Platform,
    media::{MAX_UPLOAD, MediaAsset, MediaType, Signature, Upload, Variant},
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

use super::{
    jobs::{RemoveFiles, SweepFiles, remove, sweep_files},
    samples::{bomb, jpeg, picture, png, sideways_with_place},
};
use crate::{
    features::posts::tests::studio::{Studio, code, field, text},
    jobs::Job,
};

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

fn draft_with(id: MediaId) -> NewPost {
    NewPost { visibility: Visibility::Private, media_assets: vec![id], ..text("Plum and cocoa.") }
}

#[tokio::test]
async fn a_picture_is_taken_measured_and_kept() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let bytes = png(1_000, 500);
    let asset = studio.media.upload(&maeve, described(bytes.clone(), "  Two cups  ")).await.unwrap();
    assert_eq!((asset.content_type, asset.width, asset.height), (PNG, Some(1_000), Some(500)));
    assert_eq!((asset.file_name.as_str(), asset.alt_text.as_deref()), ("cups.png", Some("Two cups")));
    assert_eq!(asset.sha256, hex::encode(Sha256::digest(&bytes)));
    assert_eq!(asset.bytes, bytes.len() as u64);
    assert_eq!(asset, studio.media.get(&maeve, asset.id).await.unwrap());
    let page = studio.media.list(&maeve, PageRequest::default()).await.unwrap();
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
#[case::html("cups.png", b"<!doctype html><script>alert(1)</script>".to_vec(), "not a picture")]
#[case::svg("cups.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "not a picture")]
#[case::empty("cups.png", Vec::new(), "empty")]
#[case::truncated("cups.jpg", jpeg(300, 200)[..2_000].to_vec(), "damaged")]
#[case::bomb("cups.png", bomb(50_000), "50000 × 50000 pixels")]
#[case::zeros("cups.png", vec![0; 1_000], "not a picture")]
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
    let again = studio.media.upload(&maeve, upload("other name.png", png(20, 20))).await.unwrap();
    assert_eq!(again, first, "nothing changes, nor does what it shows");
    let renamed = studio.media.upload(&maeve, described(png(20, 20), "Three cups")).await.unwrap();
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
    let made: Vec<MediaAsset> = join_all(tasks).await.into_iter().map(|task| task.unwrap().unwrap()).collect();
    assert!(made.iter().all(|asset| asset.id == made[0].id));
    assert_eq!(studio.count("media").await, 1);
    let files = stored(&studio).await;
    assert!(files.len() == 2 && files.iter().all(|key| key.contains(&made[0].id.to_string())), "{files:?}");
}

#[rstest]
#[case(Role::Viewer)]
#[case(Role::Member)]
#[tokio::test]
async fn changing_takes_an_editor(#[case] role: Role) {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let reader = studio.colleague(&maeve, role).await;
    assert_eq!(studio.media.get(&reader, id).await.unwrap().id, id);
    assert_eq!(studio.media.list(&reader, PageRequest::default()).await.unwrap().total, 1);
    assert_eq!(code(studio.media.upload(&reader, upload("a.png", png(5, 5))).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.set_alt_text(&reader, id, "x".into()).await), ErrorCode::Forbidden);
    assert_eq!(code(studio.media.delete(&reader, id).await), ErrorCode::Forbidden);
}

#[tokio::test]
async fn another_workspace_finds_nothing() {
    let studio = Studio::new().await;
    let (maeve, other) = (studio.workspace("UTC").await, studio.workspace("UTC").await);
    let id = studio.picture(&maeve, 10, 10).await;
    assert_eq!(code(studio.media.get(&other, id).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.set_alt_text(&other, id, "x".into()).await), ErrorCode::NotFound);
    assert_eq!(code(studio.media.delete(&other, id).await), ErrorCode::NotFound);
    assert_eq!(studio.media.list(&other, PageRequest::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn alt_text_is_checked_changed_and_removed() {
    let studio = Studio::new().await;
    let maeve = studio.workspace("UTC").await;
    let id = studio.picture(&maeve, 10, 10).await;
    let set = async |text: &str| studio.media.set_alt_text(&maeve, id, text.to_owned()).await;
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
        let found = studio.media.list(&maeve, page).await.unwrap();
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
    let [job] = &studio.jobs().await[..] else { panic!("one job") };
    assert_eq!((job.task.as_str(), &job.payload), (RemoveFiles::TASK, &json!({"media_id": asset.id})));

    // The same picture comes back before the files are removed: it has files of its own.
    let again = studio.upload(&maeve, "cups.png", png(10, 10)).await;
    assert_ne!(again.id, asset.id);
    studio.select().await;
    assert_eq!(studio.jobs().await, []);
    let files = stored(&studio).await;
    assert!(files.len() == 2 && files.iter().all(|key| key.contains(&again.id.to_string())), "{files:?}");
    studio.media.open(again.id, Variant::Thumbnail, signature(again.thumbnail_url.as_deref().unwrap())).await.unwrap();
    remove(&studio.db, &studio.files, again.id).await.unwrap();
    assert_eq!(stored(&studio).await.len(), 2, "what is still there is not touched");
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
    // Removed, but the job that takes its files away did not get through.
    let removed = studio.upload(&maeve, "removed.png", png(11, 10)).await;
    studio.media.delete(&maeve, removed.id).await.unwrap();
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
        let mut left = kept.clone();
        left.push("notes/to-self.txt".to_owned());
        left.sort();
        assert_eq!(stored(&studio).await, left);
    }
}
