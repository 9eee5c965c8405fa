//! Connecting members and organizations. `LinkedIn` answers without `token_type`, separates scopes by commas, and has
//! fields of its own for the refresh token's life: plain calls, not the `oauth2` crate. There is no PKCE for web apps,
//! and `prompt` must not be sent.

use chrono::DateTime;
use domain::deliveries::ErrorClass;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Linkedin, refused, rest_get};
use crate::{
    adapter::{
        AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Grant, LeftOut, Probe, Profile, Tokens,
    },
    error::PlatformError,
    http::{Call, Operation, endpoint},
    oauth::{ScopeUse, TokenAnswer, after, missing, split_scopes},
};

/// Roles that may post for an organization.
const POSTING_ROLES: &[&str] = &["ADMINISTRATOR", "CONTENT_ADMINISTRATOR"];
/// Roles of one member read: more organizations than anyone runs.
const ROLES: &str = "100";

/// The scopes that concern members; all others concern organizations.
pub(super) const MEMBER_SCOPES: &[&str] = &["openid", "profile", "email", "w_member_social"];

pub(super) const SCOPE_USES: &[ScopeUse] = &[
    ScopeUse {
        scope: "w_member_social",
        costs: "Without permission to post in your name, nothing can be published to your profile.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "openid",
        costs: "Without permission to know who you are, your profile cannot be connected.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "profile",
        costs: "Without permission to read your profile, its name and picture stay unknown.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "email",
        costs: "Without your email address, LinkedIn's notices cannot be matched to you.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "w_organization_social",
        costs: "Without permission to post for your organization, nothing can be published to its page.",
        needed_to_publish: true,
    },
    ScopeUse {
        scope: "r_organization_social",
        costs: "Without permission to read your organization's posts, we cannot check what was published.",
        needed_to_publish: false,
    },
    ScopeUse {
        scope: "rw_organization_admin",
        costs: "Without permission to see the organizations you manage, their pages cannot be connected.",
        needed_to_publish: false,
    },
];

#[derive(Debug, Deserialize)]
struct UserInfo {
    sub: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    picture: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Roles {
    #[serde(default)]
    elements: Vec<Assignment>,
}

/// A role of the member in an organization.
#[derive(Debug, Deserialize)]
struct Assignment {
    role: String,
    /// `urn:li:organization:123`; older answers call it `organizationalTarget`.
    #[serde(alias = "organizationalTarget", alias = "organizationTarget")]
    organization: String,
    #[serde(rename = "roleAssignee")]
    assignee: Option<String>,
    state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    localized_name: Option<String>,
    vanity_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Introspection {
    active: bool,
    status: Option<String>,
    scope: Option<String>,
    /// Unix seconds.
    expires_at: Option<i64>,
}

impl Linkedin {
    pub(super) fn authorization(&self, request: &AuthorizeRequest<'_>) -> Url {
        let mut url = self.oauth("authorization");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.settings.redirect_uri.as_str())
            .append_pair("state", request.state)
            .append_pair("scope", &self.scopes().join(" "));
        url
    }

    pub(super) async fn redeem(&self, request: &ExchangeRequest<'_>) -> Result<Exchange, PlatformError> {
        let asked = self.scopes();
        let call = Call::post(Operation::Exchange, self.oauth("accessToken"))
            .field("grant_type", "authorization_code")
            .secret_field("code", request.code)
            .field("redirect_uri", self.settings.redirect_uri.as_str())
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret);
        let tokens = self.tokens(call, &asked, None).await?;
        let has = |scope: &str| tokens.scopes.iter().any(|granted| granted == scope);

        let member = if has("openid") { Some(self.member(&tokens.access_token).await?) } else { None };
        let roles = if has("rw_organization_admin") { self.roles(&tokens.access_token).await? } else { Vec::new() };
        let grantor = member
            .as_ref()
            .map(|member| member.external_id.clone())
            .or_else(|| roles.iter().find_map(|role| id_of(role.assignee.as_deref()?, "person")))
            .ok_or_else(unknown_person)?;

        let is_members = |scope: &String| MEMBER_SCOPES.contains(&scope.as_str());
        let (for_members, for_organizations): (Vec<String>, Vec<String>) = asked.iter().cloned().partition(is_members);
        let mut grants = Vec::new();
        let mut left_out = Vec::new();
        if let Some(profile) = member.filter(|_| asked.iter().any(|scope| scope == "w_member_social")) {
            let missing_scopes = missing(&for_members, &tokens.scopes, SCOPE_USES);
            grants.push(Grant { profile, tokens: tokens.clone(), grantor: grantor.clone(), missing_scopes });
        }
        let missing_scopes = missing(&for_organizations, &tokens.scopes, SCOPE_USES);
        for (id, may_post) in organizations(&roles) {
            let profile = match self.organization(&id, &tokens.access_token).await {
                Ok(profile) => profile,
                // One organization that cannot be read is no reason to lose the others.
                Err(error) if error.class == ErrorClass::Permission => {
                    let reason = "LinkedIn does not let us read this organization.".to_owned();
                    left_out.push(LeftOut { name: format!("Organization {id}"), reason });
                    continue;
                }
                Err(error) => return Err(error),
            };
            if may_post {
                grants.push(Grant {
                    profile,
                    tokens: tokens.clone(),
                    grantor: grantor.clone(),
                    missing_scopes: missing_scopes.clone(),
                });
            } else {
                let reason = "Your role in this organization does not allow posting.".to_owned();
                left_out.push(LeftOut { name: profile.display_name, reason });
            }
        }
        if grants.is_empty() { Err(nothing_to_connect(&left_out)) } else { Ok(Exchange { grants, left_out }) }
    }

    pub(super) async fn renew(&self, old: &Tokens) -> Result<Tokens, PlatformError> {
        let Some(refresh_token) = &old.refresh_token else {
            return Err(refused(ErrorClass::AuthExpired, "no_refresh_token")
                .saying("LinkedIn gives this app no way to renew access by itself. Please reconnect the account."));
        };
        let call = Call::post(Operation::Refresh, self.oauth("accessToken"))
            .field("grant_type", "refresh_token")
            .secret_field("refresh_token", refresh_token)
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret);
        self.tokens(call, &old.scopes, Some(old)).await
    }

    async fn tokens(
        &self,
        call: Call,
        otherwise_granted: &[String],
        old: Option<&Tokens>,
    ) -> Result<Tokens, PlatformError> {
        let now = self.http.now();
        let answer: TokenAnswer = self.send(call).await?.parse()?;
        let mut otherwise_granted = otherwise_granted.to_vec();
        otherwise_granted.sort();
        Ok(Tokens {
            access_token: answer.access_token,
            expires_at: after(now, answer.expires_in),
            // Neither changes by refreshing: an answer without them means the ones there are.
            refresh_token: answer.refresh_token.or_else(|| old?.refresh_token.clone()),
            refresh_expires_at: after(now, answer.refresh_token_expires_in).or_else(|| old?.refresh_expires_at),
            scopes: answer.scope.as_deref().map_or(otherwise_granted, split_scopes),
        })
    }

    pub(super) async fn member(&self, token: &SecretString) -> Result<Profile, PlatformError> {
        let url = endpoint(&self.settings.base_urls.api, &["v2", "userinfo"]);
        let user: UserInfo = self.send(Call::get(Operation::Identify, url).bearer(token)).await?.parse()?;
        let parts = [user.given_name.as_deref(), user.family_name.as_deref()];
        let joined = || parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let display_name = user.name.clone().unwrap_or_else(joined);
        Ok(Profile {
            kind: AccountKind::Profile,
            display_name: if display_name.is_empty() { "LinkedIn member".to_owned() } else { display_name },
            handle: None,
            avatar_url: user.picture,
            text_max: None,
            external_id: user.sub,
        })
    }

    pub(super) async fn organization(&self, id: &str, token: &SecretString) -> Result<Profile, PlatformError> {
        let call = rest_get(self, Operation::Identify, &["organizations", id]).bearer(token);
        let organization: Organization = self.send(call).await?.parse()?;
        Ok(Profile {
            external_id: id.to_owned(),
            kind: AccountKind::Organization,
            display_name: organization.localized_name.unwrap_or_else(|| format!("Organization {id}")),
            handle: organization.vanity_name,
            // A logo comes as a URN that takes another product's permission to look up.
            avatar_url: None,
            text_max: None,
        })
    }

    async fn roles(&self, token: &SecretString) -> Result<Vec<Assignment>, PlatformError> {
        let call = rest_get(self, Operation::Identify, &["organizationAcls"])
            .query("q", "roleAssignee")
            .query("state", "APPROVED")
            .query("count", ROLES)
            .bearer(token);
        Ok(self.send(call).await?.parse::<Roles>()?.elements)
    }

    pub(super) async fn introspect(&self, token: &SecretString) -> Result<Probe, PlatformError> {
        let call = Call::post(Operation::Probe, self.oauth("introspectToken"))
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
            .secret_field("token", token);
        let Introspection { active, status, scope, expires_at } = self.send(call).await?.parse()?;
        let reason = match status.as_deref() {
            Some("revoked") => "Access was taken back at LinkedIn.",
            Some("expired") => "Our access to this account has expired.",
            _ if !active => "LinkedIn says that our access is no longer valid.",
            _ => {
                return Ok(Probe::Alive {
                    scopes: scope.as_deref().map(split_scopes),
                    expires_at: expires_at.and_then(|at| DateTime::from_timestamp(at, 0)),
                });
            }
        };
        Ok(Probe::Gone { reason: reason.to_owned(), code: status })
    }

    pub(super) async fn give_back(&self, tokens: &Tokens) -> Result<(), PlatformError> {
        let call = Call::post(Operation::Revoke, self.oauth("revoke"))
            .field("client_id", self.settings.client_id.as_str())
            .secret_field("client_secret", &self.settings.client_secret)
            .secret_field("token", &tokens.access_token);
        match self.send(call).await {
            Ok(_) => Ok(()),
            // It was gone already.
            Err(error) if error.is_about_access() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Each organization once, and whether one of the member's roles there may post. A member can hold several.
fn organizations(roles: &[Assignment]) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool)> = Vec::new();
    for role in roles.iter().filter(|role| role.state.as_deref().is_none_or(|state| state == "APPROVED")) {
        let Some(id) = id_of(&role.organization, "organization") else { continue };
        let may_post = POSTING_ROLES.contains(&role.role.as_str());
        match found.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known_may_post)) => *known_may_post |= may_post,
            None => found.push((id, may_post)),
        }
    }
    found
}

/// The id in `urn:li:<kind>:<id>`.
fn id_of(urn: &str, kind: &str) -> Option<String> {
    let id = urn.strip_prefix("urn:li:")?.strip_prefix(kind)?.strip_prefix(':')?;
    (!id.is_empty()).then(|| id.to_owned())
}

fn unknown_person() -> PlatformError {
    refused(ErrorClass::Permission, "scope_missing")
        .saying("LinkedIn did not tell us who you are. Please connect again and allow everything on the list.")
}

fn nothing_to_connect(left_out: &[LeftOut]) -> PlatformError {
    let message = if left_out.is_empty() {
        "You gave us access, but there is nothing to connect: you manage no organization at LinkedIn."
    } else {
        "You gave us access, but your role in none of these organizations allows posting. Ask one of its \
         administrators for that role, then connect again."
    };
    refused(ErrorClass::Permission, "no_accounts").saying(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_gathered_by_organization() {
        let roles: Roles = serde_json::from_value(json!({"elements": [
            {"role": "ANALYST", "organization": "urn:li:organization:1", "state": "APPROVED"},
            {"role": "ADMINISTRATOR", "organization": "urn:li:organization:1", "state": "APPROVED"},
            {"role": "ANALYST", "organizationalTarget": "urn:li:organization:2", "state": "APPROVED"},
            {"role": "CONTENT_ADMINISTRATOR", "organization": "urn:li:organization:3"},
            {"role": "ADMINISTRATOR", "organization": "urn:li:organization:4", "state": "REQUESTED"},
            {"role": "ADMINISTRATOR", "organization": "urn:li:brand:5", "state": "APPROVED"},
        ]}))
        .unwrap();
        assert_eq!(
            organizations(&roles.elements),
            [("1".to_owned(), true), ("2".to_owned(), false), ("3".to_owned(), true)]
        );
    }

    #[test]
    fn ids_come_out_of_urns_of_their_kind_only() {
        assert_eq!(id_of("urn:li:person:abc-1", "person").as_deref(), Some("abc-1"));
        assert_eq!(id_of("urn:li:organization:1", "person"), None);
        assert_eq!(id_of("urn:li:person:", "person"), None);
        assert_eq!(id_of("abc", "person"), None);
    }
}
