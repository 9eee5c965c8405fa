//! The sandbox from outside: over sockets, as adapters, browsers and tests see it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it is"
)]

mod control;
mod facebook;
mod faults;
mod instagram;
mod linkedin;
mod mastodon;
mod pages;
mod tiktok;
mod twitter;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sandbox::{
    Config, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Running, Sandbox,
    driver::{Control, Visitor},
    samples::png,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

const REDIRECT: &str = "http://localhost:3000/api/oauth/callback";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-123";

/// A running sandbox and what a test needs to talk to it.
struct Net {
    run: Running,
    http: reqwest::Client,
    control: Control,
}

impl Net {
    async fn start() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let run = Sandbox::start(config).await.expect("a free port");
        let control = run.control().expect("an HTTP client");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { run, http, control }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.run.url())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    fn delete(&self, path: &str) -> RequestBuilder {
        self.http.request(Method::DELETE, self.url(path))
    }

    async fn advance(&self, seconds: i64) {
        self.control.post("advance", &serde_json::json!({ "seconds": seconds })).await.unwrap();
    }

    /// The texts of one platform's published posts.
    async fn texts(&self, platform: &str) -> Vec<String> {
        let posts = self.control.posts(Some(platform)).await.unwrap();
        posts.iter().map(|post| post["text"].as_str().unwrap().to_owned()).collect()
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// An address with a query.
fn address(base: String, pairs: &[(&str, &str)]) -> String {
    Url::parse_with_params(&base, pairs).unwrap().into()
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

async fn json(response: RequestBuilder, expected: u16) -> Value {
    let (status, body) = read(response.send().await.unwrap()).await;
    assert_eq!(status.as_u16(), expected, "{body}");
    serde_json::from_str(&body).unwrap_or(Value::Null)
}

async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    (status, response.text().await.unwrap())
}

fn part(bytes: Vec<u8>, mime: &str) -> reqwest::multipart::Part {
    reqwest::multipart::Part::bytes(bytes).file_name("picture").mime_str(mime).unwrap()
}

fn somebody(account: &str) -> Visitor {
    Visitor::called(account)
}
