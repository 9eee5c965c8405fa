//! Connecting professional accounts, by either login.
//!
//! Instagram's own login answers in forms of its own: a code that may end in `#_`, ids as numbers or texts, scopes as a
//! list or joined by commas. Its long-lived tokens last 60 days and are renewed by themselves: the same token is what a
//! new one is made from, once it is a day old and while it lasts.
//!
//! Through Facebook, the account's token is that of the Page it is linked to, and the person's long-lived token is what
//! a new one is made from, as with Pages.

use domain::{accounts::MissingScope, deliveries::ErrorClass};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Instagram, PLATFORM, Professional, refused};
use crate::{
    adapter::{
        Account, AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, LeftOut, Probe, Profile,
        Tokens,
    },
    error::PlatformError,
    http::{Call, Operation, endpoint},
    meta::{ReachedPage, Unusable, reach},
    oauth::{ScopeUse, after, missing, sorted, split_scopes},
    settings::Login,
};

/// What the graph shows of a professional account.
const FIELDS: &str = "id,username,name,profile_picture_url";
const LEAST_FIELDS: &str = "id,username";
/// What Instagram Login's `/me` shows.
const OWN_FIELDS: &str = "user_id,username,name,profile_picture_url,account_type";
const PAGE_FIELDS: &str = "id,name,access_token,tasks,instagram_business_account{id,username,name,profile_picture_url}";

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "instagram_business_basic",
        costs: "Without permission to read the profile, the account cannot be connected.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "instagram_business_content_publish",
        costs: "Without permission to publish, nothing can be posted to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "instagram_business_manage_comments",
        costs: "Without permission to manage comments, first comments cannot be written.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "instagram_business_manage_insights",
        costs: "Without permission to read insights, this account has no analytics.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "instagram_basic",
        costs: "Without permission to read the profile, the account cannot be connected.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "instagram_content_publish",
        costs: "Without permission to publish, nothing can be posted to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "instagram_manage_comments",
        costs: "Without permission to manage comments, first comments cannot be written.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "instagram_manage_insights",
        costs: "Without permission to read insights, this account has no analytics.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "pages_show_list",
        costs: "Without permission to see your Pages, the accounts linked to them cannot be found.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "pages_read_engagement",
        costs: "Without permission to read the linked Page, nothing can be posted to this account.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "business_management",
        costs: "Without access to your business, accounts that belong to it may be missing from the list.",
        needed_to_publish: false,
    },
];

/// The first answer of Instagram Login: plain, or as the only entry of a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ShortLived {
    Listed { data: Vec<ShortLivedToken> },
    Plain(ShortLivedToken),
}

#[derive(Debug, Deserialize)]
struct ShortLivedToken {
    access_token: SecretString,
    permissions: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct LongLived {
    access_token: SecretString,
    /// Seconds.
    expires_in: Option<u32>,
    permissions: Option<Value>,
}

/// The account linked to a Page.
#[derive(Debug, Deserialize)]
struct Linked {
    instagram_business_account: Option<Professional>,
}

impl Instagram {
    // ---- Instagram's own login ----------------------------------------------------------------------------------------

    pub(super) fn authorization(&self, request: &AuthorizeRequest<'_>) -> Url {
        let mut url = endpoint(&self.settings.base_urls.web, &["oauth", "authorize"]);
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("response_type", "code")
            .append_pair("scope", &self.scopes().join(","))
            .append_pair("state", request.state);
        url
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let asked = self.scopes();
        let code = request.code.expose_secret();
        let code = SecretString::from(code.strip_suffix("#_").unwrap_or(code));
        let call =
            Call::post(Operation::Exchange, endpoint(&self.settings.base_urls.token, &["oauth", "access_token"]))
                .field("client_id", self.settings.client_id.as_str())
                .secret_field("client_secret", &self.settings.client_secret)
                .field("grant_type", "authorization_code")
                .field("redirect_uri", self.settings.redirect_uri.as_str())
                .secret_field("code", &code);
        let reply = self.send(call).await?;
        let short_lived = match reply.parse()? {
            ShortLived::Plain(token) => token,
            ShortLived::Listed { data } => {
                data.into_iter().next().ok_or_else(|| reply.unreadable("an empty list of tokens"))?
            }
        };
        let call = Call::get(Operation::Exchange, self.unversioned("access_token"))
            .query("grant_type", "ig_exchange_token")
            .secret_query("client_secret", &self.settings.client_secret)
            .secret_query("access_token", &short_lived.access_token);
        let granted = short_lived.permissions.as_ref().and_then(scopes_in);
        let tokens = self.long_lived(call, granted.unwrap_or_else(|| sorted(asked.clone()))).await?;
        let missing_scopes = missing(&asked, &tokens.scopes, SCOPE_USES);
        refuse_if_unusable(&missing_scopes, "instagram_business_basic")?;
        let profile = self.own_profile(&tokens.access_token).await?;
        let grantor = profile.external_id.clone();
        Ok(Exchange { grants: vec![Grant { profile, tokens, grantor, missing_scopes }], left_out: Vec::new() })
    }

    pub(super) async fn renew(&self, old: &Tokens) -> Result<Tokens, PlatformError> {
        let call = Call::get(Operation::Refresh, self.unversioned("refresh_access_token"))
            .query("grant_type", "ig_refresh_token")
            .secret_query("access_token", &old.access_token);
        self.long_lived(call, old.scopes.clone()).await
    }

    async fn long_lived(&self, call: Call, otherwise_granted: Vec<String>) -> Result<Tokens, PlatformError> {
        let now = self.http.now();
        let answer: LongLived = self.send(call).await?.parse()?;
        let expires_at = after(now, answer.expires_in);
        Ok(Tokens {
            // One token is both.
            refresh_token: Some(answer.access_token.clone()),
            access_token: answer.access_token,
            expires_at,
            refresh_expires_at: expires_at,
            scopes: answer.permissions.as_ref().and_then(scopes_in).unwrap_or(otherwise_granted),
        })
    }

    async fn own_profile(&self, token: &SecretString) -> Result<Profile, PlatformError> {
        let call = self.facebook.read(Operation::Identify, &["me"], token).query("fields", OWN_FIELDS);
        let reply = self.send(call).await?;
        let account: Professional = reply.parse()?;
        if account.account_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("personal")) {
            return Err(not_professional());
        }
        let id = account.id().ok_or_else(|| reply.unreadable("an account without id"))?;
        Ok(account.into_profile(id, AccountKind::Professional))
    }

    // ---- through Facebook ---------------------------------------------------------------------------------------------

    pub(super) async fn redeem_at_facebook(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let user = self.facebook.sign_in(request).await?;
        let me = self.facebook.me(&user.token).await?;
        let granted = self.facebook.permissions(&user.token).await?;
        let missing_scopes = missing(&self.scopes(), &granted, SCOPE_USES);
        refuse_if_unusable(&missing_scopes, "pages_show_list")?;
        refuse_if_unusable(&missing_scopes, "instagram_basic")?;
        let pages = reach::<Linked>(&self.facebook, PAGE_FIELDS, &user.token, &granted, |_| false).await?.pages;

        let mut grants: Vec<Grant> = Vec::new();
        let mut left_out = Vec::new();
        for page in pages {
            let token = page.usable();
            let name = page.name;
            // A Page without an account is no Instagram account left out.
            let Some(account) = page.more.instagram_business_account else { continue };
            let Some(id) = account.id() else { continue };
            match token {
                Ok(access_token) => grants.push(Grant {
                    profile: account.into_profile(id, AccountKind::LinkedProfessional),
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
                Err(why) => {
                    let handle = account.username.map_or(name, |handle| format!("@{handle}"));
                    left_out.push(LeftOut { name: handle, reason: reason(why).to_owned() });
                }
            }
        }
        if grants.is_empty() { Err(nothing_linked(&left_out)) } else { Ok(Exchange { grants, left_out }) }
    }

    pub(super) async fn renew_at_facebook(&self, account: &Account) -> Result<Tokens, PlatformError> {
        let Some(user_token) = &account.tokens.refresh_token else {
            return Err(refused(ErrorClass::AuthExpired, "no_user_token"));
        };
        let user = self.facebook.long_lived(Operation::Refresh, user_token).await?;
        let scopes = self.facebook.permissions(&user.token).await?;
        let is_its = |page: &ReachedPage<Linked>| {
            let linked = page.more.instagram_business_account.as_ref();
            linked.and_then(Professional::id).as_ref() == Some(&account.external_id)
        };
        let reached = reach(&self.facebook, PAGE_FIELDS, &user.token, &scopes, is_its).await?;
        let access_token =
            match (reached.pages.iter().find(|page| is_its(page)).map(ReachedPage::usable), reached.trouble) {
                (Some(Ok(token)), _) => token,
                // It may stand in the list that could not be read.
                (_, Some(trouble)) => return Err(trouble),
                (Some(Err(why)), None) => {
                    return Err(refused(ErrorClass::Permission, "no_page_token").saying(reason(why)));
                }
                (None, None) => {
                    return Err(refused(ErrorClass::Permission, "no_page_token").saying(
                        "This account is no longer linked to a Page of the person who connected it. Link it again at \
                     Facebook, or reconnect it.",
                    ));
                }
            };
        Ok(Tokens {
            access_token,
            refresh_token: Some(user.token),
            expires_at: None,
            refresh_expires_at: user.expires_at,
            scopes,
        })
    }

    // ---- both -----------------------------------------------------------------------------------------------------------

    pub(super) async fn who(&self, account: &Account) -> Result<Profile, PlatformError> {
        if self.settings.login == Login::Own {
            return self.own_profile(&account.tokens.access_token).await;
        }
        let read = |fields| self.read(Operation::Identify, &[&account.external_id], account).query("fields", fields);
        let professional: Professional = match self.send(read(FIELDS)).await {
            Ok(reply) => reply.parse()?,
            // One field that is not shown costs the whole answer.
            Err(error) if error.class == ErrorClass::Validation => self.send(read(LEAST_FIELDS)).await?.parse()?,
            Err(error) => return Err(error),
        };
        Ok(professional.into_profile(account.external_id.clone(), AccountKind::LinkedProfessional))
    }

    /// Facebook tells of its tokens for free; Instagram has no such call, and the account itself is asked (platforms.md
    /// 10).
    pub(super) async fn still_there(&self, account: &Account) -> Result<Probe, PlatformError> {
        let reason = "Instagram says that our access to this account is no longer valid.";
        if self.settings.login == Login::Facebook {
            let probe = self.facebook.debug_token(&account.tokens.access_token).await?;
            return Ok(match probe {
                Probe::Gone { code, .. } => Probe::Gone { reason: reason.to_owned(), code },
                other => other,
            });
        }
        // Under another operation a refusal would be read as the app's fault.
        let call =
            self.facebook.read(Operation::Identify, &["me"], &account.tokens.access_token).query("fields", "user_id");
        match self.send(call).await {
            Ok(_) => Ok(Probe::Alive { scopes: None, expires_at: None }),
            Err(error) if error.class == ErrorClass::AuthRevoked => {
                Ok(Probe::Gone { reason: reason.to_owned(), code: error.code })
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the whole app's access away from the person, through Facebook. Instagram Login has no call for it: access
    /// ends with the tokens being deleted here, or in the person's settings there.
    pub(super) async fn give_back(&self, account: &Account) -> Result<(), PlatformError> {
        match account.kind {
            AccountKind::LinkedProfessional if self.settings.login == Login::Facebook => {
                if account.tokens.refresh_token.is_none() {
                    return Err(refused(ErrorClass::Permission, "no_user_token"));
                }
                self.facebook.give_back(&account.tokens).await
            }
            _ => Ok(()),
        }
    }
}

/// Why the account linked to a Page cannot be connected.
const fn reason(why: Unusable) -> &'static str {
    match why {
        Unusable::Role => "Your role on the Page this account is linked to does not allow creating posts.",
        Unusable::Token => "Facebook gave us no access to the Page this account is linked to.",
    }
}

/// Scopes as a list, or joined by commas.
fn scopes_in(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(split_scopes(text)),
        Value::Array(items) => Some(sorted(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
            .filter(|all| !all.is_empty()),
        _ => None,
    }
}

fn refuse_if_unusable(missing: &[MissingScope], needed: &str) -> Result<(), PlatformError> {
    if missing.iter().any(|missing| missing.scope == needed) {
        return Err(refused(ErrorClass::Permission, "scope_missing").saying(format!(
            "{} did not give us permission to find your account. Please connect again and allow everything on the \
             list.",
            PLATFORM.label()
        )));
    }
    Ok(())
}

fn not_professional() -> PlatformError {
    refused(ErrorClass::Permission, "not_professional").saying(
        "Instagram lets apps publish to professional accounts only. Switch this account to a business or creator \
         account in its settings at Instagram, then connect again.",
    )
}

fn nothing_linked(left_out: &[LeftOut]) -> PlatformError {
    let (code, message) = if left_out.is_empty() {
        (
            "no_accounts",
            "You gave us access, but none of the Pages you chose has an Instagram professional account linked to it. \
             Link one in the Page's settings at Facebook, then connect again.",
        )
    } else {
        (
            "no_role",
            "You gave us access, but your role on none of these accounts' Pages allows creating posts. Ask an \
             administrator of the Page for that role, then connect again.",
        )
    };
    refused(ErrorClass::Permission, code).saying(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_in_every_form() {
        assert_eq!(scopes_in(&json!("b,a")), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(scopes_in(&json!(["b", "a"])), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(scopes_in(&json!([])), None);
        assert_eq!(scopes_in(&json!(7)), None);
    }
}
