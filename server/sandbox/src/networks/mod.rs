//! The simulated networks. Each lives in a folder of its own and is known by one line in [`ALL`]; everything else in
//! the sandbox speaks to it through [`Network`].

mod facebook;
mod instagram;
mod linkedin;
mod mastodon;
mod meta;
mod tiktok;
mod twitter;

use crate::{
    config::Client,
    push::{About, Message},
    wire::{Call, Fetched, Reply},
    world::{Account, Consent, Fault, Grant, Kind, Operation, Post, Slug, Token, World},
};

/// Every simulated network.
pub(crate) static ALL: &[&dyn Network] = &[
    &facebook::Facebook,
    &instagram::Instagram,
    &twitter::Twitter,
    &linkedin::LinkedIn,
    &tiktok::TikTok,
    &mastodon::Mastodon,
];

pub(crate) use self::tiktok::answer_inbox;

/// What the sandbox needs to know of a network.
pub(crate) trait Network: Sync {
    /// First segment of its paths.
    fn slug(&self) -> Slug;

    /// Its name as people know it.
    fn title(&self) -> &'static str;

    /// Letters in its round mark.
    fn mark(&self) -> &'static str;

    /// How that mark is painted.
    fn look(&self) -> Look;

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

    /// Can this account sign in where these scopes are asked for?
    fn signs_in(&self, account: &Account, _scopes: &[String]) -> bool {
        account.kind == Kind::Person
    }

    /// Are pages offered on the consent page for these scopes?
    fn offers_pages(&self, scopes: &[String]) -> bool;

    /// Query that the browser brings back when the person refuses.
    fn refusal_query(&self) -> &'static [(&'static str, &'static str)];

    /// How an authorization code begins.
    fn code_prefix(&self) -> &'static str;

    /// What the browser brings back beside the code.
    fn callback_query(&self, _granted: &std::collections::BTreeSet<String>) -> Option<(&'static str, String)> {
        None
    }

    /// Appended to the address that the browser goes back to.
    fn redirect_tail(&self, _consent: &Consent) -> &'static str {
        ""
    }

    /// What a request is for. Faults are chosen by it.
    fn operation(&self, call: &Call) -> Operation;

    /// Token, refresh token or code in a request.
    fn credential(&self, call: &Call) -> Option<String>;

    /// Ids of accounts that a request names itself: a page in the path, an author in the body.
    fn named_accounts(&self, call: &Call) -> Vec<String>;

    /// Accounts that a request means without naming them or bringing their token: by an upload address.
    fn meant_accounts(&self, _world: &World, _call: &Call) -> Vec<String> {
        Vec::new()
    }

    /// Address of a medium that the network fetches before it can answer, and how many bytes it takes at most.
    fn pulls(&self, _call: &Call) -> Option<(String, u64)> {
        None
    }

    /// The media of an [`Errand`](crate::world::Errand) are there, or not.
    fn fetched(&self, _world: &mut World, _stage: &str, _media: Vec<Fetched>) {}

    /// Does a body that broke off count as far as it came?
    fn keeps_parts(&self, _call: &Call) -> bool {
        false
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

    /// The message to an application about a person's grant, where the network sends such.
    fn push(&self, _world: &World, _grant: &Grant, _client: &Client, _about: About) -> Option<Message> {
        None
    }

    /// The answer to a version of the API that is no more.
    fn sunset(&self, world: &mut World, call: &Call, fault: &Fault) -> Reply {
        let mut reply = self.refuse(world, call, 410, fault);
        reply.status = axum::http::StatusCode::GONE;
        reply
    }
}

/// The ground of a network's mark on the sandbox's own pages; the letters on it are white.
pub(crate) struct Look {
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
    /// CSS for how round its corners are.
    pub(crate) corners: &'static str,
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
    pub(crate) fn new(token: &Token, grant: &Grant) -> Self {
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
