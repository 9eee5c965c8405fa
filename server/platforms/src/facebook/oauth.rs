//! Connecting Pages. Facebook's flow is OAuth in outline only (no refresh token, an exchange of its own for long-lived
//! tokens, scopes separated by commas, Graph errors), hence plain calls.

use chrono::{DateTime, Utc};
use domain::deliveries::ErrorClass;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{Facebook, List, Page, Picture, refused};
use crate::{
    adapter::{Account, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, LeftOut, Probe, Profile, Tokens},
    error::PlatformError,
    http::{Call, Operation, endpoint},
    meta::{ReachedPage, Unusable, reach},
    oauth::{ScopeUse, TokenAnswer, after, missing, sorted},
};

const PAGE_FIELDS: &str = "id,name,username,picture,access_token,tasks";
/// Pages of 100 read of one list: more Pages than anyone runs.
const LIST_PAGES: usize = 20;

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "pages_show_list",
        costs: "Without permission to see your Pages, none can be connected.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "pages_manage_posts",
        costs: "Without permission to create posts, nothing can be published to this Page.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "pages_read_engagement",
        costs: "Without permission to read the Page, we cannot check what was published.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "pages_manage_engagement",
        costs: "Without permission to manage comments, first comments cannot be written.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "read_insights",
        costs: "Without permission to read insights, this Page has no analytics.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "business_management",
        costs: "Without access to your business, Pages that belong to it may be missing from the list.",
        needed_to_publish: false,
    },
];

#[derive(Debug, Deserialize)]
pub(crate) struct Id {
    pub id: String,
}

#[derive(Debug, Deserialize)]
struct Permission {
    permission: String,
    status: String,
}

/// What is shown of a Page beyond its name.
#[derive(Debug, Deserialize)]
struct Looks {
    username: Option<String>,
    picture: Option<Picture>,
}

#[derive(Debug, Deserialize)]
struct PageToken {
    access_token: Option<SecretString>,
}

#[derive(Debug, Deserialize)]
struct Debugged {
    data: TokenFacts,
}

#[derive(Debug, Deserialize)]
struct TokenFacts {
    #[serde(default)]
    is_valid: bool,
    /// Unix seconds; 0 for never.
    expires_at: Option<i64>,
    scopes: Option<Vec<String>>,
    error: Option<TokenFault>,
}

#[derive(Debug, Deserialize)]
struct TokenFault {
    code: Option<i64>,
    subcode: Option<i64>,
}

/// A long-lived user token.
pub(crate) struct UserToken {
    pub token: SecretString,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Facebook {
    pub fn dialog(&self, request: &AuthorizeRequest<'_>) -> Url {
        let version = self.api_version().version;
        let mut url = endpoint(&self.settings.base_urls.web, &[&version, "dialog", "oauth"]);
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("state", request.state)
            .append_pair("response_type", "code")
            .append_pair("scope", &self.scopes().join(","));
        if request.again {
            // Without it Facebook does not ask again for what was declined before.
            url.query_pairs_mut().append_pair("auth_type", "rerequest");
        }
        url
    }

    /// The code for a long-lived token of the person's.
    pub async fn sign_in(&self, request: &ExchangeRequest<'_>) -> Result<UserToken, PlatformError> {
        let call = self
            .token_call(Operation::Exchange)
            .field("redirect_uri", self.settings.redirect_uri.as_str())
            .secret_field("code", request.code);
        let short_lived: TokenAnswer = self.send(call).await?.parse()?;
        self.long_lived(Operation::Exchange, &short_lived.access_token).await
    }

    /// The person's id.
    pub async fn me(&self, user_token: &SecretString) -> Result<Id, PlatformError> {
        self.send(self.read(Operation::Identify, &["me"], user_token).query("fields", "id,name")).await?.parse()
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let user = self.sign_in(request).await?;
        let me = self.me(&user.token).await?;
        let granted = self.permissions(&user.token).await?;
        let missing_scopes = missing(&self.scopes(), &granted, SCOPE_USES);
        // Asked for all the same, the list would be refused with an error that says less.
        if missing_scopes.iter().any(|missing| missing.scope == "pages_show_list") {
            return Err(no_list());
        }
        let pages = reach::<Looks>(self, PAGE_FIELDS, &user.token, &granted, |_| false).await?.pages;

        let mut grants = Vec::new();
        let mut left_out = Vec::new();
        for page in pages {
            match page.usable() {
                Ok(access_token) => grants.push(Grant {
                    profile: profile(page),
                    tokens: Tokens {
                        access_token,
                        refresh_token: Some(user.token.clone()),
                        expires_at: None,
                        refresh_expires_at: user.expires_at,
                        scopes: granted.clone(),
                    },
                    grantor: me.id.clone(),
                    missing_scopes: missing_scopes.clone(),
                }),
                Err(why) => left_out.push(LeftOut { name: page.name, reason: reason(why).to_owned() }),
            }
        }
        if grants.is_empty() {
            return Err(no_pages(&left_out));
        }
        Ok(Exchange { grants, left_out })
    }

    /// A Page token does not end by time, but the user token behind it does, and only a valid one can be exchanged for
    /// a new one. With it comes a fresh Page token, and news of the person's role.
    pub(super) async fn renew(&self, account: &Account) -> Result<Tokens, PlatformError> {
        let Some(user_token) = &account.tokens.refresh_token else {
            return Err(refused(ErrorClass::AuthExpired, "no_user_token"));
        };
        let user = self.long_lived(Operation::Refresh, user_token).await?;
        let call = self.read(Operation::Refresh, &[&account.external_id], &user.token).query("fields", "access_token");
        let page: PageToken = self.send(call).await?.parse()?;
        let Some(access_token) = page.access_token else {
            return Err(refused(ErrorClass::Permission, "no_page_token").saying(
                "The person who connected this Page no longer has a role on it. Someone with a role must reconnect it.",
            ));
        };
        let scopes = self.permissions(&user.token).await?;
        Ok(Tokens {
            access_token,
            refresh_token: Some(user.token),
            expires_at: None,
            refresh_expires_at: user.expires_at,
            scopes,
        })
    }

    pub async fn debug_token(&self, token: &SecretString) -> Result<Probe, PlatformError> {
        let app_token =
            SecretString::from(format!("{}|{}", self.settings.client_id, self.settings.client_secret.expose_secret()));
        let call = Call::get(Operation::Probe, self.graph(&["debug_token"]))
            .secret_query("input_token", token)
            .secret_query("access_token", &app_token)
            .hiding(&self.settings.client_secret);
        let TokenFacts { is_valid, expires_at, scopes, error } = self.send(call).await?.parse::<Debugged>()?.data;
        if is_valid {
            let expires_at = expires_at.filter(|at| *at > 0).and_then(|at| DateTime::from_timestamp(at, 0));
            return Ok(Probe::Alive { scopes: scopes.map(sorted), expires_at });
        }
        let code = error.and_then(|error| {
            let code = error.code?;
            Some(error.subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}")))
        });
        Ok(Probe::Gone { reason: "Facebook says that our access to this Page is no longer valid.".to_owned(), code })
    }

    /// Takes the whole app's access away from the person who granted it, with all their Pages.
    pub async fn give_back(&self, tokens: &Tokens) -> Result<(), PlatformError> {
        let Some(user_token) = &tokens.refresh_token else {
            return Err(refused(ErrorClass::Permission, "no_user_token"));
        };
        let call = Call::new(Operation::Revoke, reqwest::Method::DELETE, self.graph(&["me", "permissions"]))
            .secret_query("access_token", user_token);
        match self.send(call).await {
            Ok(_) => Ok(()),
            // It was gone already.
            Err(error) if error.is_about_access() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn token_call(&self, operation: Operation) -> Call {
        // POST keeps the secrets out of addresses; the endpoint takes both.
        Call::post(operation, self.graph(&["oauth", "access_token"]))
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
    }

    pub async fn long_lived(&self, operation: Operation, token: &SecretString) -> Result<UserToken, PlatformError> {
        let now = self.http.now();
        let call = self
            .token_call(operation)
            .field("grant_type", "fb_exchange_token")
            .secret_field("fb_exchange_token", token);
        let answer: TokenAnswer = self.send(call).await?.parse()?;
        Ok(UserToken { token: answer.access_token, expires_at: after(now, answer.expires_in) })
    }

    /// What is granted by now: people can decline each permission, and take each one back.
    pub async fn permissions(&self, user_token: &SecretString) -> Result<Vec<String>, PlatformError> {
        let call = self.read(Operation::Identify, &["me", "permissions"], user_token);
        let list: List<Permission> = self.send(call).await?.parse()?;
        Ok(sorted(
            list.data
                .into_iter()
                .filter(|permission| permission.status == "granted")
                .map(|permission| permission.permission)
                .collect(),
        ))
    }

    pub async fn list<T: serde::de::DeserializeOwned>(
        &self,
        segments: &[&str],
        fields: &str,
        user_token: &SecretString,
    ) -> Result<Vec<T>, PlatformError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..LIST_PAGES {
            let mut call =
                self.read(Operation::Identify, segments, user_token).query("fields", fields).query("limit", "100");
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let list: List<T> = self.send(call).await?.parse()?;
            after = list.next();
            all.extend(list.data);
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }
}

fn profile(page: ReachedPage<Looks>) -> Profile {
    let Looks { username, picture } = page.more;
    Page { id: page.id, name: page.name, username, picture }.into_profile()
}

/// Why a Page cannot be connected.
const fn reason(why: Unusable) -> &'static str {
    match why {
        Unusable::Role => "Your role on this Page does not allow creating posts.",
        Unusable::Token => "Facebook gave us no access to this Page.",
    }
}

fn no_list() -> PlatformError {
    refused(ErrorClass::Permission, "scope_missing").saying(
        "Facebook did not give us permission to see your Pages. Please connect again and allow everything on the list.",
    )
}

fn no_pages(left_out: &[LeftOut]) -> PlatformError {
    let (code, message) = if left_out.is_empty() {
        (
            "no_pages",
            "You gave us access, but chose no Page, or run none. Please connect again and choose at least one Page.",
        )
    } else {
        (
            "no_role",
            "You gave us access, but your role on none of these Pages allows creating posts. Ask an administrator of \
             the Page for that role, then connect again.",
        )
    };
    refused(ErrorClass::Permission, code).saying(message)
}
