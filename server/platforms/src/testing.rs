//! What the tests of this crate share.

use std::{ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{Platform, clock::Clock, platform::PostOptions};
use wiremock::{MockServer, Request};

use crate::{
    Account, AccountKind, Adapter, Http, HttpSettings, MediaItem, PlatformSettings, PublishRequest, Registry, Tokens,
};

pub(crate) const CLIENT_SECRET: &str = "client-secret-0123456789";
pub(crate) const ACCESS_TOKEN: &str = "access-token-0123456789";
pub(crate) const REFRESH_TOKEN: &str = "refresh-token-0123456789";

/// It is always noon.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        noon()
    }
}

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn http_with(change: impl FnOnce(&mut HttpSettings)) -> Arc<Http> {
    let mut settings = HttpSettings {
        allow_private_networks: true,
        timeout: Duration::from_millis(400),
        upload_timeout: Duration::from_millis(400),
        ..HttpSettings::default()
    };
    change(&mut settings);
    Arc::new(Http::new(settings, Arc::new(Noon)).unwrap())
}

pub(crate) fn settings(platform: Platform, server: &MockServer) -> PlatformSettings {
    let redirect_uri = format!("https://arctiv.example/api/oauth/{platform}/callback").parse().unwrap();
    PlatformSettings::new(platform, "client-id", CLIENT_SECRET.into(), redirect_uri)
        .unwrap()
        .in_sandbox(&server.uri().parse().unwrap())
}

/// The adapter, pointed at `<server>/<platform>`.
pub(crate) fn adapter(platform: Platform, server: &MockServer) -> Arc<dyn Adapter> {
    let registry = Registry::new([settings(platform, server)], &http_with(|_| ())).unwrap();
    Arc::clone(registry.get(platform).unwrap())
}

pub(crate) fn account(external_id: &str, kind: AccountKind) -> Account {
    let tokens = Tokens {
        access_token: ACCESS_TOKEN.into(),
        refresh_token: Some(REFRESH_TOKEN.into()),
        expires_at: None,
        refresh_expires_at: None,
        scopes: vec!["a".into(), "b".into()],
    };
    Account { external_id: external_id.into(), kind, tokens }
}

pub(crate) fn post(account: Account, text: &str, media: Vec<MediaItem>) -> PublishRequest {
    PublishRequest {
        account,
        text: text.into(),
        link: None,
        media,
        options: PostOptions::default(),
        started_at: noon(),
    }
}

pub(crate) fn picture(size: usize, alt_text: Option<&str>) -> MediaItem {
    MediaItem::from_bytes("image/png", Bytes::from(vec![7; size]), alt_text.map(str::to_owned))
}

/// A video of this many bytes, each the low byte of its position.
pub(crate) fn video(size: usize) -> MediaItem {
    MediaItem::from_bytes("video/mp4", video_bytes(0..size), None)
}

/// What [`video`] holds in this range.
pub(crate) fn video_bytes(range: Range<usize>) -> Bytes {
    range.map(|at| u8::try_from(at % 251).unwrap()).collect::<Vec<u8>>().into()
}

/// The same, to be fetched from this address.
pub(crate) fn fetched(item: MediaItem, url: &str) -> MediaItem {
    MediaItem { public_url: Some(url.to_owned()), ..item }
}

/// Bytes of [`picture`] in a row in a body: how much of it was sent.
pub(crate) fn picture_bytes(body: &[u8]) -> usize {
    body.split(|byte| *byte != 7).map(<[u8]>::len).max().unwrap_or(0)
}

/// A form body, in order.
pub(crate) fn form(request: &Request) -> Vec<(String, String)> {
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Query pairs, in order.
pub(crate) fn query(url: &url::Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

/// Every request so far as `METHOD /path`, below the platform's prefix.
pub(crate) async fn calls(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests
        .iter()
        .map(|request| {
            let path = request.url.path().trim_start_matches('/');
            format!("{} /{}", request.method, path.split_once('/').map_or("", |(_, rest)| rest))
        })
        .collect()
}

/// Panics if one of the secrets of these tests stands in `text`.
pub(crate) fn assert_no_secret(text: &str) {
    for secret in [CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN] {
        assert!(!text.contains(secret), "a secret shows in {text}");
    }
}
