//! What Arctiv does with a bucket, against an S3 server that checks its signatures and keeps its objects in a folder.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test stops where it cannot go on, and the bucket looks at the real clock"
)]

use std::path::{Path, PathBuf};

use axum::body::Bytes;
use chrono::{Duration, Utc};
use domain::{MediaId, WorkspaceId};
use futures::TryStreamExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use secrecy::SecretString;
use server::{
    config::{MediaSettings, MediaStore, S3Settings},
    features::media::{MediaFiles, Owner},
};
use uuid::Uuid;

const KEY: &str = "arctiv-test";
const SECRET: &str = "a secret that only this test knows";
const BUCKET: &str = "media";

/// A running server and the folder behind it; both go with it.
struct Bucket {
    endpoint: String,
    folder: PathBuf,
}

impl Bucket {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = std::env::temp_dir().join(format!("arctiv-s3-{}", Uuid::new_v4()));
        std::fs::create_dir_all(folder.join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&folder).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = Builder::new(TokioExecutor::new());
                    let _ended = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { endpoint, folder }
    }

    fn settings(&self, change: impl FnOnce(&mut S3Settings)) -> MediaSettings {
        let mut s3 = S3Settings {
            bucket: BUCKET.to_owned(),
            endpoint: Some(self.endpoint.parse().unwrap()),
            access_key_id: Some(KEY.to_owned()),
            secret_access_key: Some(SecretString::from(SECRET)),
            allow_http: true,
            ..S3Settings::default()
        };
        change(&mut s3);
        MediaSettings { store: MediaStore::S3, s3, ..MediaSettings::default() }
    }

    fn files(&self) -> MediaFiles {
        MediaFiles::open(&self.settings(|_| ()), Path::new("unused")).unwrap()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn files_are_written_read_in_parts_and_removed() {
    let bucket = Bucket::new().await;
    let files = bucket.files();
    files.check().await.unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    files.write("w/h/i/original.png", bytes.clone().into()).await.unwrap();
    assert_eq!(files.length("w/h/i/original.png").await.unwrap(), bytes.len() as u64);
    assert!(files.read("w/h/i/original.png").await.unwrap() == bytes);
    let file = files.file("w/h/i/original.png").unwrap();
    assert!(file.read(400_000..400_100).await.unwrap() == bytes[400_000..400_100]);
    assert!(file.read(5..5).await.unwrap().is_empty());
    let source = files.source("w/h/i/original.png").unwrap();
    assert!(source.read(0..8).await.unwrap() == bytes[..8]);
    files.remove("w/h/i/original.png").await.unwrap();
    files.remove("w/h/i/original.png").await.unwrap();
    assert!(files.read("w/h/i/original.png").await.is_err());
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_is_not_seen_before_it_is_whole() {
    let bucket = Bucket::new().await;
    let files = bucket.files();
    let mut writer = files.writer("w/h/i/original.mp4").await.unwrap();
    let piece = |n: u8| Bytes::from(vec![n; 1024 * 1024]);
    for n in 0..12 {
        writer.write(piece(n)).await.unwrap();
    }
    assert!(files.length("w/h/i/original.mp4").await.is_err());
    writer.finish().await.unwrap();
    assert_eq!(files.length("w/h/i/original.mp4").await.unwrap(), 12 * 1024 * 1024);
    let file = files.file("w/h/i/original.mp4").unwrap();
    let seam = file.read(5 * 1024 * 1024 - 2..5 * 1024 * 1024 + 2).await.unwrap();
    assert_eq!(&seam[..], [4, 4, 5, 5]);

    let mut given_up = files.writer("w/h/i/copy-x.jpg").await.unwrap();
    given_up.write(piece(1)).await.unwrap();
    given_up.abandon().await;
    assert!(files.length("w/h/i/copy-x.jpg").await.is_err());

    // A small one by the same way.
    let mut small = files.writer("w/h/i/thumbnail.jpg").await.unwrap();
    small.write(Bytes::from_static(b"small")).await.unwrap();
    small.finish().await.unwrap();
    assert_eq!(files.read("w/h/i/thumbnail.jpg").await.unwrap(), "small");
}

#[tokio::test]
async fn what_is_there_is_listed_with_whose_it_is() {
    let bucket = Bucket::new().await;
    let files = bucket.files();
    let (workspace, id) = (WorkspaceId(Uuid::new_v4()), MediaId(Uuid::new_v4()));
    let key = format!("{workspace}/{}/{id}/original.png", "ab".repeat(32));
    files.write(&key, Bytes::from_static(b"x")).await.unwrap();
    files.write("notes/to-self.txt", Bytes::from_static(b"x")).await.unwrap();
    let found: Vec<_> = files.older_than(Utc::now() + Duration::hours(1)).try_collect().await.unwrap();
    assert_eq!(found, [(key, Owner::Asset(id))]);
    let old: Vec<_> = files.older_than(Utc::now() - Duration::hours(1)).try_collect().await.unwrap();
    assert_eq!(old, []);
}

#[tokio::test]
async fn a_bucket_can_be_shared() {
    let bucket = Bucket::new().await;
    let settings = bucket.settings(|s3| s3.prefix = Some("arctiv/".to_owned()));
    let files = MediaFiles::open(&settings, Path::new("unused")).unwrap();
    files.write("w/h/i/original.png", Bytes::from_static(b"ours")).await.unwrap();
    assert_eq!(files.read("w/h/i/original.png").await.unwrap(), "ours");
    assert_eq!(bucket.files().read("arctiv/w/h/i/original.png").await.unwrap(), "ours");
}

#[tokio::test]
async fn a_wrong_key_or_bucket_is_noticed() {
    let bucket = Bucket::new().await;
    for change in [
        (|s3: &mut S3Settings| s3.secret_access_key = Some(SecretString::from("wrong"))) as fn(&mut S3Settings),
        |s3| s3.bucket = "no-such-bucket".to_owned(),
    ] {
        let files = MediaFiles::open(&bucket.settings(change), Path::new("unused")).unwrap();
        assert!(files.check().await.is_err());
    }
}
