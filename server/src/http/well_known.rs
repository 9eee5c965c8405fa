//! `/.well-known/security.txt` (RFC 9116): whom to tell about a hole.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{SecondsFormat, TimeDelta};
use domain::clock::Clock;

/// What it says.
#[derive(Clone)]
pub struct SecurityContact {
    pub contact: Arc<str>,
    /// The site's own address.
    pub origin: Arc<str>,
    pub clock: Arc<dyn Clock>,
}

/// The path.
pub const SECURITY_TXT: &str = "/.well-known/security.txt";

/// It is never older than this answer, and says so.
pub async fn security_txt(State(who): State<SecurityContact>) -> Response {
    let expires = (who.clock.now() + TimeDelta::days(180)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!(
        "Contact: {}\nExpires: {expires}\nPreferred-Languages: en\nCanonical: {}{SECURITY_TXT}\n",
        who.contact, who.origin
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
