//! `/dev/mailbox`: the letters in the folder, in development. Plain pages, without a script.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use domain::{MailId, ServiceError};
use serde::Deserialize;

use super::mailer::{Folder, Kept};
use crate::http::envelope::{ApiError, ApiResult};

/// How many letters the page shows.
const SHOWN: usize = 50;

/// The two pages.
pub fn router(folder: Folder) -> Router {
    Router::new().route("/dev/mailbox", get(list)).route("/dev/mailbox/{id}", get(one)).with_state(Arc::new(folder))
}

#[derive(Deserialize)]
struct Asked {
    to: Option<String>,
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Page {
    letters: Vec<Kept>,
    to: Option<String>,
}

impl Kept {
    /// The text, with the addresses in it apart.
    fn pieces(&self) -> Vec<(&str, bool)> {
        self.text
            .split_inclusive(char::is_whitespace)
            .flat_map(|word| {
                let (text, space) = word.split_at(word.trim_end().len());
                [(text, text.starts_with("http://") || text.starts_with("https://")), (space, false)]
            })
            .filter(|(text, _)| !text.is_empty())
            .collect()
    }
}

const CSP: HeaderName = header::CONTENT_SECURITY_POLICY;

async fn list(State(folder): State<Arc<Folder>>, Query(asked): Query<Asked>) -> ApiResult<Response> {
    let mut letters = folder.letters(SHOWN).await?;
    letters.retain(|letter| asked.to.as_ref().is_none_or(|to| letter.to.eq_ignore_ascii_case(to)));
    let page = Page { letters, to: asked.to }.render().map_err(ServiceError::internal)?;
    let policy = "default-src 'none'; style-src 'self'; font-src 'self'; frame-ancestors 'none'";
    Ok(([(CSP, policy), (header::CACHE_CONTROL, "no-store")], Html(page)).into_response())
}

/// The letter as a mail program would show it: its styles stand on its elements.
async fn one(State(folder): State<Arc<Folder>>, Path(id): Path<String>) -> ApiResult<Response> {
    let wanted: Option<MailId> = id.parse().ok();
    let letters = folder.letters(usize::MAX).await?;
    let found = letters.into_iter().find(|letter| Some(letter.id) == wanted);
    let Some(letter) = found else {
        return Ok((StatusCode::NOT_FOUND, ApiError(ServiceError::not_found("letter"))).into_response());
    };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    Ok(([(CSP, policy), (header::CACHE_CONTROL, "no-store")], Html(letter.html)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_links_and_nothing_is_lost() {
        let kept = Kept {
            id: MailId(uuid::Uuid::nil()),
            to: String::new(),
            subject: String::new(),
            text: "Confirm:\nhttps://arctiv.example/confirm?token=a\n\nBye".into(),
            html: String::new(),
            unsubscribe: None,
            at: chrono::DateTime::UNIX_EPOCH,
        };
        let pieces = kept.pieces();
        assert_eq!(pieces.iter().map(|(text, _)| *text).collect::<String>(), kept.text);
        let links: Vec<_> = pieces.iter().filter(|(_, link)| *link).map(|(text, _)| *text).collect();
        assert_eq!(links, ["https://arctiv.example/confirm?token=a"]);
    }
}
