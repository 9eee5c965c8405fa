//! Consents, codes, grants and tokens: what all networks have in common. What differs (lives, rotation, error bodies)
//! stands with each network.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Slug, random, secret};

/// A PKCE challenge (RFC 7636).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Challenge {
    S256(String),
    Plain(String),
    /// TikTok's: the SHA-256 in hexadecimal digits instead.
    Hex(String),
}

impl Challenge {
    pub(crate) fn accepts(&self, verifier: &str) -> bool {
        match self {
            Self::S256(challenge) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == *challenge,
            Self::Plain(challenge) => verifier == challenge,
            Self::Hex(challenge) => {
                let digest = Sha256::digest(verifier.as_bytes());
                let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
                challenge.eq_ignore_ascii_case(&hex)
            }
        }
    }
}

/// A consent page that is open in somebody's browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) platform: Slug,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    /// In the order asked for.
    pub(crate) scopes: Vec<String>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) opened_at: DateTime<Utc>,
}

/// An authorization code on its way to the application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) platform: Slug,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) person: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) declined: BTreeSet<String>,
    pub(crate) assets: Vec<String>,
    pub(crate) issued_at: DateTime<Utc>,
    /// A code is good for one exchange.
    pub(crate) used: bool,
}

/// Why a grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// The person took it back in the network's settings (here: a control call or a fault).
    ByPerson,
    /// The application called the network's revoke endpoint.
    ByClient,
    /// A rotated refresh token came a second time, so the whole family died.
    Reuse,
}

/// One consent that was exchanged: the family that its tokens belong to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: u64,
    pub(crate) platform: Slug,
    pub(crate) client: String,
    pub(crate) person: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) declined: BTreeSet<String>,
    /// Pages or organisations that the person ticked.
    pub(crate) assets: Vec<String>,
    pub(crate) granted_at: DateTime<Utc>,
    pub(crate) ended: Option<Ended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TokenKind {
    Access,
    Refresh,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) grant: u64,
    pub(crate) kind: TokenKind,
    /// The page that this token speaks for, where a network has such tokens.
    pub(crate) page: Option<String>,
    pub(crate) issued_at: DateTime<Utc>,
    /// `None`: no timer.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// A rotated refresh token that was used.
    pub(crate) spent: bool,
    /// Facebook: made by `fb_exchange_token`, or from such a token.
    pub(crate) long: bool,
}

/// What a presented token is worth.
#[derive(Debug)]
pub(crate) enum Standing<'a> {
    Unknown,
    Expired(&'a Token, &'a Grant),
    Revoked(&'a Token, &'a Grant),
    Spent(&'a Token, &'a Grant),
    Live(&'a Token, &'a Grant),
}

/// Everything that was agreed to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Oauth {
    consents: HashMap<String, Consent>,
    codes: HashMap<String, Code>,
    grants: HashMap<u64, Grant>,
    tokens: HashMap<String, Token>,
}

/// Consents and codes beyond this many make the old ones go.
const KEEP: usize = 10_000;

impl Oauth {
    /// Keeps a consent until it is answered; the id names it in the form's address.
    pub(crate) fn open(&mut self, consent: Consent) -> String {
        if self.consents.len() > KEEP {
            let limit = consent.opened_at - TimeDelta::hours(1);
            self.consents.retain(|_, old| old.opened_at > limit);
        }
        let id = random(32);
        self.consents.insert(id.clone(), consent);
        id
    }

    pub(crate) fn consent(&self, id: &str) -> Option<&Consent> {
        self.consents.get(id)
    }

    /// Takes a consent away: it is answered once.
    pub(crate) fn close(&mut self, id: &str) -> Option<Consent> {
        self.consents.remove(id)
    }

    pub(crate) fn issue_code(&mut self, prefix: &str, code: Code) -> String {
        if self.codes.len() > KEEP {
            let limit = code.issued_at - TimeDelta::hours(1);
            self.codes.retain(|_, old| old.issued_at > limit);
        }
        let value = secret(prefix, 96);
        self.codes.insert(value.clone(), code);
        value
    }

    pub(crate) fn code(&self, platform: Slug, value: &str) -> Option<&Code> {
        self.codes.get(value).filter(|code| code.platform == platform)
    }

    /// Turns a code into a grant. The caller has checked everything; the code is marked as used.
    pub(crate) fn redeem(&mut self, value: &str, id: u64, now: DateTime<Utc>) -> Option<Grant> {
        let code = self.codes.get_mut(value)?;
        code.used = true;
        let grant = Grant {
            id,
            platform: code.platform,
            client: code.client.clone(),
            person: code.person.clone(),
            scopes: code.scopes.clone(),
            declined: code.declined.clone(),
            assets: code.assets.clone(),
            granted_at: now,
            ended: None,
        };
        self.grants.insert(id, grant.clone());
        Some(grant)
    }

    pub(crate) fn spoil_code(&mut self, value: &str) {
        self.codes.remove(value);
    }

    /// Lets one token or code run out now.
    pub(crate) fn run_out(&mut self, value: &str, now: DateTime<Utc>) {
        if let Some(token) = self.tokens.get_mut(value) {
            token.expires_at = Some(now);
        }
        if let Some(code) = self.codes.get_mut(value) {
            code.issued_at = now - TimeDelta::days(1);
        }
    }

    /// Gives a token another end.
    pub(crate) fn prolong(&mut self, value: &str, end: DateTime<Utc>) {
        if let Some(token) = self.tokens.get_mut(value) {
            token.expires_at = Some(end);
        }
    }

    /// Takes scopes out of what stands behind a token or a code, as if the person had unticked them.
    pub(crate) fn withhold(&mut self, value: &str, scopes: &[String]) {
        let grant = self.tokens.get(value).map(|token| token.grant);
        let code = self.codes.get_mut(value).map(|code| (&mut code.scopes, &mut code.declined));
        let grant = grant.and_then(|id| self.grants.get_mut(&id)).map(|grant| (&mut grant.scopes, &mut grant.declined));
        for (granted, declined) in code.into_iter().chain(grant) {
            for scope in scopes {
                if granted.remove(scope) {
                    declined.insert(scope.clone());
                }
            }
        }
    }

    pub(crate) fn issue(&mut self, prefix: &str, length: usize, token: Token) -> String {
        let value = secret(prefix, length);
        self.tokens.insert(value.clone(), token);
        value
    }

    pub(crate) fn standing(&self, platform: Slug, value: &str, now: DateTime<Utc>) -> Standing<'_> {
        let Some(token) = self.tokens.get(value) else { return Standing::Unknown };
        let Some(grant) = self.grants.get(&token.grant).filter(|grant| grant.platform == platform) else {
            return Standing::Unknown;
        };
        if token.spent {
            Standing::Spent(token, grant)
        } else if grant.ended.is_some() {
            Standing::Revoked(token, grant)
        } else if token.expires_at.is_some_and(|end| end <= now) {
            Standing::Expired(token, grant)
        } else {
            Standing::Live(token, grant)
        }
    }

    /// The token that already speaks for a page within a grant.
    pub(crate) fn page_token(&self, grant: u64, page: &str, long: bool, now: DateTime<Utc>) -> Option<String> {
        self.tokens
            .iter()
            .filter(|(_, token)| token.grant == grant && token.long == long && token.page.as_deref() == Some(page))
            .find(|(_, token)| token.expires_at.is_none_or(|end| end > now))
            .map(|(value, _)| value.clone())
    }

    pub(crate) fn spend(&mut self, value: &str) {
        if let Some(token) = self.tokens.get_mut(value) {
            token.spent = true;
        }
    }

    pub(crate) fn grants_mut(&mut self, platform: Slug) -> impl Iterator<Item = &mut Grant> {
        self.grants.values_mut().filter(move |grant| grant.platform == platform)
    }

    pub(crate) fn live_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values().filter(|grant| grant.ended.is_none())
    }

    /// Everything a person ever granted to anybody on a network, one per application.
    pub(crate) fn of_person(&self, platform: Slug, person: &str) -> Vec<Grant> {
        let mut found: Vec<Grant> = Vec::new();
        for grant in self.grants.values().filter(|grant| grant.platform == platform && grant.person == person) {
            if !found.iter().any(|known| known.client == grant.client) {
                found.push(grant.clone());
            }
        }
        found
    }

    pub(crate) fn end(&mut self, grant: u64, why: Ended) {
        if let Some(grant) = self.grants.get_mut(&grant) {
            grant.ended.get_or_insert(why);
        }
    }

    /// Ends the grants that concern an account (all, for `None`), as a person would in the network's settings.
    /// Answers with those that have ended by it.
    pub(crate) fn revoke(&mut self, platform: Option<Slug>, accounts: Option<&[String]>, why: Ended) -> Vec<Grant> {
        let mut ended = Vec::new();
        for grant in self.grants.values_mut() {
            let concerned = platform.is_none_or(|platform| grant.platform == platform)
                && accounts.is_none_or(|ids| concerns(grant, ids));
            if concerned && grant.ended.is_none() {
                grant.ended = Some(why);
                ended.push(grant.clone());
            }
        }
        ended
    }

    /// Lets access tokens (and, if asked, refresh tokens) that concern an account run out now.
    pub(crate) fn expire(
        &mut self,
        platform: Option<Slug>,
        accounts: Option<&[String]>,
        refresh_too: bool,
        now: DateTime<Utc>,
    ) -> usize {
        let mut expired = 0;
        for token in self.tokens.values_mut() {
            let Some(grant) = self.grants.get(&token.grant) else { continue };
            let concerned = platform.is_none_or(|platform| grant.platform == platform)
                && accounts.is_none_or(|ids| concerns(grant, ids))
                && (refresh_too || token.kind == TokenKind::Access)
                && token.expires_at.is_none_or(|end| end > now);
            if concerned {
                token.expires_at = Some(now);
                expired += 1;
            }
        }
        expired
    }
}

fn concerns(grant: &Grant, ids: &[String]) -> bool {
    ids.iter().any(|id| *id == grant.person || grant.assets.contains(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b() {
        let challenge = Challenge::S256("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned());
        assert!(challenge.accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        let hex = "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3";
        assert!(Challenge::Hex(hex.to_owned()).accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!Challenge::Hex(hex.to_owned()).accepts("another"));
    }
}
