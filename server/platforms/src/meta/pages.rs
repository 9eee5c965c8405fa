//! The Pages that somebody reaches: their own, and those of businesses they belong to, which are not always in the first
//! list (platforms.md 1, Assets). Facebook connects the Pages, Instagram the accounts behind them.

use domain::deliveries::ErrorClass;
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{error::PlatformError, facebook::Facebook};

/// Edges of a business that lists Pages.
const EDGES: [&str; 2] = ["owned_pages", "client_pages"];

/// A Page, with what else was asked of it.
#[derive(Debug, Deserialize)]
pub(crate) struct ReachedPage<T> {
    pub id: String,
    pub name: String,
    access_token: Option<SecretString>,
    #[serde(default)]
    tasks: Vec<String>,
    #[serde(flatten)]
    pub more: T,
}

/// Why nothing can be published to a Page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The person's role does not allow creating posts.
    Role,
    /// Facebook gave no token of the Page.
    Token,
}

impl<T> ReachedPage<T> {
    /// The Page's token.
    pub fn usable(&self) -> Result<SecretString, Unusable> {
        if !self.tasks.iter().any(|task| matches!(task.as_str(), "CREATE_CONTENT" | "MANAGE")) {
            return Err(Unusable::Role);
        }
        self.access_token.clone().ok_or(Unusable::Token)
    }
}

/// What was found.
pub(crate) struct Reach<T> {
    pub pages: Vec<ReachedPage<T>>,
    /// The trouble of a list that could not be read just now: that a Page is missing then says nothing.
    pub trouble: Option<PlatformError>,
}

#[derive(Debug, Deserialize)]
struct Business {
    id: String,
}

/// Reads one list after the other, until a usable Page is `enough` or there are no more. `fields` name at least `id`,
/// `name`, `access_token` and `tasks`.
///
/// # Errors
/// That of the person's own list. What a business does not show is no reason to lose the Pages already found.
pub(crate) async fn reach<T: DeserializeOwned + Send>(
    facebook: &Facebook,
    fields: &str,
    user_token: &SecretString,
    granted: &[String],
    enough: impl Fn(&ReachedPage<T>) -> bool + Send + Sync,
) -> Result<Reach<T>, PlatformError> {
    let pages = facebook.list(&["me", "accounts"], fields, user_token).await?;
    let mut reach = Reach { pages, trouble: None };
    let done = |reach: &Reach<T>| reach.pages.iter().any(|page| page.usable().is_ok() && enough(page));
    if done(&reach) || !granted.iter().any(|scope| scope == "business_management") {
        return Ok(reach);
    }
    let businesses: Vec<Business> = reach.or_trouble(facebook.list(&["me", "businesses"], "id", user_token).await);
    for business in businesses {
        for edge in EDGES {
            let more = facebook.list(&[&business.id, edge], fields, user_token).await;
            let more = reach.or_trouble(more);
            reach.add(more);
            if done(&reach) {
                return Ok(reach);
            }
        }
    }
    Ok(reach)
}

impl<T> Reach<T> {
    fn or_trouble<L>(&mut self, list: Result<Vec<L>, PlatformError>) -> Vec<L> {
        list.unwrap_or_else(|error| {
            if matches!(error.class, ErrorClass::Transient | ErrorClass::RateLimited) {
                self.trouble.get_or_insert(error);
            }
            Vec::new()
        })
    }

    /// Of a Page that stands in several lists, an entry that it can be used by.
    fn add(&mut self, more: Vec<ReachedPage<T>>) {
        for page in more {
            match self.pages.iter_mut().find(|known| known.id == page.id) {
                None => self.pages.push(page),
                Some(known) if known.usable().is_err() => *known = page,
                Some(_) => {}
            }
        }
    }
}
