//! The simulated networks. Each lives in a folder of its own and is known by one line in [`ALL`]; everything else in
//! the sandbox speaks to it through [`Network`].

mod facebook;
mod linkedin;
mod twitter;

use crate::{
    wire::{Call, Reply},
    world::{Account, Fault, Kind, Operation, Post, Slug, Token, World},
};

/// Every simulated network.
pub(crate) static ALL: &[&dyn Network] = &[&facebook::Facebook, &twitter::Twitter, &linkedin::LinkedIn];

/// What the sandbox needs to know of a network.
pub(crate) trait Network: Sync {
    /// First segment of its paths.
    fn slug(&self) -> Slug;

    /// Its name as people know it.
    fn title(&self) -> &'static str;

    /// Letters in its round mark.
    fn mark(&self) -> &'static str;

    /// What it calls the accounts that a person runs, in the plural.
    fn pages_word(&self) -> &'static str;

    /// Accounts that exist from the start.
    fn seeds(&self) -> Vec<Account>;

    /// A further account for `POST /control/accounts`, with whatever it needs beside it. The last one is the account
    /// that publishes.
    fn invent(&self, serial: u64, name: &str, kind: Kind) -> Vec<Account>;

    /// Does a control call without a kind mean pages?
    fn default_kind(&self) -> Kind {
        Kind::Person
    }

    /// Scopes that an application may ask for, with what the consent page says about each.
    fn scopes(&self) -> &'static [(&'static str, &'static str)];

    /// Scopes that a person cannot untick.
    fn fixed_scopes(&self) -> &'static [&'static str] {
        &[]
    }

    /// Are pages offered on the consent page for these scopes?
    fn offers_pages(&self, scopes: &[String]) -> bool;

    /// Query that the browser brings back when the person refuses.
    fn refusal_query(&self) -> &'static [(&'static str, &'static str)];

    /// How an authorization code begins.
    fn code_prefix(&self) -> &'static str;

    /// Appended to the address that the browser goes back to.
    fn redirect_tail(&self) -> &'static str {
        ""
    }

    /// What a request is for. Faults are chosen by it.
    fn operation(&self, call: &Call) -> Operation;

    /// Token, refresh token or code in a request.
    fn credential(&self, call: &Call) -> Option<String>;

    /// Ids of accounts that a request names itself: a page in the path, an author in the body.
    fn named_accounts(&self, call: &Call) -> Vec<String>;

    /// Address of a medium that the network fetches before it can answer.
    fn pulls(&self, _call: &Call) -> Option<String> {
        None
    }

    /// The post whose public page is asked for.
    fn public_post(&self, _call: &Call) -> Option<String> {
        None
    }

    /// Address of a post's public page.
    fn permalink(&self, world: &World, base: &str, post: &Post) -> String;

    /// Answers a request.
    fn handle(&self, world: &mut World, call: &Call) -> Reply;

    /// The answer of a `status` fault in this network's own words.
    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply;
}

/// The network of this name.
pub(crate) fn find(slug: &str) -> Option<&'static dyn Network> {
    ALL.iter().copied().find(|network| network.slug().0 == slug)
}

/// The network of an account or a post. A [`Slug`] always stands in the registry.
pub(crate) fn of(slug: Slug) -> Option<&'static dyn Network> {
    find(slug.0)
}

/// All names, for messages.
pub(crate) fn names() -> String {
    ALL.iter().map(|network| network.slug().0).collect::<Vec<_>>().join(", ")
}

/// Who calls: what a live token says. Taken out of the store so that a handler can change the world meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) grant: u64,
    pub(crate) client: String,
    pub(crate) person: String,
    pub(crate) scopes: std::collections::BTreeSet<String>,
    pub(crate) assets: Vec<String>,
    /// The page that the token speaks for.
    pub(crate) page: Option<String>,
    pub(crate) long: bool,
    pub(crate) expires_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl Caller {
    pub(crate) fn new(token: &Token, grant: &crate::world::Grant) -> Self {
        Self {
            grant: grant.id,
            client: grant.client.clone(),
            person: grant.person.clone(),
            scopes: grant.scopes.clone(),
            assets: grant.assets.clone(),
            page: token.page.clone(),
            long: token.long,
            expires_at: token.expires_at,
        }
    }

    pub(crate) fn may(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }
}

/// Adds pairs to an address, keeping its own query.
pub(crate) fn with_query<'a>(address: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    match url::Url::parse(address) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(pairs);
            url.into()
        }
        Err(_) => address.to_owned(),
    }
}
