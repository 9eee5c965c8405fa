//! What the overviews and the team's page show and do. Small pieces, so that a change on an open page fetches only what changed.

#[cfg(feature = "ssr")]
use domain::workspaces::Role;
use domain::{
    ApiKeyId, FieldErrors, InvitationId, UserId,
    accounts::PlatformOffer,
    workspaces::{
        ApiKey, Connections, Invitation, Latest, MadeApiKey, Member, MemberPatch, NewApiKey, NewInvitation, Overview,
        OwnWorkspace,
    },
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};

/// The first view of an overview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstView {
    pub overview: Overview,
    /// Which platforms can be connected here; asked for only while there is no account.
    pub offers: Vec<PlatformOffer>,
}

/// The first view.
#[server(prefix = "/fn", endpoint = "workspaces/overview", input = Json, output = Json)]
pub async fn view_overview() -> Result<FirstView, AppError> {
    let (services, actor) = acting()?;
    let overview = services.workspaces.overview(&actor).await.map_err(refuse)?;
    let offers = if overview.connections.total == 0 {
        services.accounts.offers(&actor).await.map_err(refuse)?
    } else {
        Vec::new()
    };
    Ok(FirstView { overview, offers })
}

/// The accounts again, after one of them changed.
#[server(prefix = "/fn", endpoint = "workspaces/connections", input = Json, output = Json)]
pub async fn view_connections() -> Result<Connections, AppError> {
    let (services, actor) = acting()?;
    services.workspaces.connections(&actor).await.map_err(refuse)
}

/// What went out, again, after a delivery changed.
#[server(prefix = "/fn", endpoint = "workspaces/latest", input = Json, output = Json)]
pub async fn view_latest() -> Result<Latest, AppError> {
    let (services, actor) = acting()?;
    services.workspaces.latest(&actor).await.map_err(refuse)
}

/// One's own workspaces.
#[server(prefix = "/fn", endpoint = "workspaces/mine", input = Json, output = Json)]
pub async fn own_workspaces() -> Result<Vec<OwnWorkspace>, AppError> {
    let (services, actor) = acting()?;
    services.memberships.workspaces(&actor).await.map_err(refuse)
}

/// What the page of the settings needs beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// The names of all time zones; none for who cannot set one.
    pub zones: Vec<String>,
    /// How many people may approve posts.
    pub approvers: u64,
}

/// What can be chosen from, and who there is to approve.
#[server(prefix = "/fn", endpoint = "workspaces/settings", input = Json, output = Json)]
pub async fn view_settings() -> Result<SettingsView, AppError> {
    let (services, actor) = acting()?;
    let members = services.team.members(&actor).await.map_err(refuse)?;
    let approves = |member: &&Member| member.role >= Role::Editor && member.disabled_at.is_none();
    let approvers = members.iter().filter(approves).count() as u64;
    let all = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let places = || all().filter(|name| name.contains('/') && !name.starts_with("Etc/")).map(str::to_owned);
    let zones = if actor.role >= Role::Admin { places().collect() } else { Vec::new() };
    Ok(SettingsView { zones, approvers })
}

/// The team, and who is invited to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamView {
    pub members: Vec<Member>,
    /// For an admin.
    pub invitations: Vec<Invitation>,
}

/// The team.
#[server(prefix = "/fn", endpoint = "workspaces/team", input = Json, output = Json)]
pub async fn view_team() -> Result<TeamView, AppError> {
    let (services, actor) = acting()?;
    let members = services.team.members(&actor).await.map_err(refuse)?;
    let invitations =
        if actor.role >= Role::Admin { services.team.invitations(&actor).await.map_err(refuse)? } else { Vec::new() };
    Ok(TeamView { members, invitations })
}

/// Another role, or kept out.
#[server(prefix = "/fn", endpoint = "workspaces/update-member", input = Json, output = Json)]
pub async fn update_member(member: UserId, patch: MemberPatch) -> Result<Member, AppError> {
    let (services, actor) = acting()?;
    services.team.change_member(&actor, member, patch).await.map_err(refuse)
}

/// Off the team.
#[server(prefix = "/fn", endpoint = "workspaces/remove-member", input = Json, output = Json)]
pub async fn remove_member(member: UserId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.team.remove_member(&actor, member).await.map_err(refuse)
}

/// What became of an invitation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Invited {
    Sent {
        invitation: Invitation,
    },
    /// What the person can mend.
    Refused {
        fields: FieldErrors,
        message: Option<String>,
    },
}

/// Invites.
#[server(prefix = "/fn", endpoint = "workspaces/invite", input = Json, output = Json)]
pub async fn invite_member(form: NewInvitation) -> Result<Invited, AppError> {
    use domain::ErrorCode::{Conflict, EmailUnconfirmed, ValidationError};

    let (services, actor) = acting()?;
    match services.team.invite(&actor, form).await {
        Ok(invitation) => Ok(Invited::Sent { invitation }),
        Err(error) if matches!(error.code(), ValidationError | Conflict | EmailUnconfirmed) => {
            let message = error.fault.fields.is_empty().then_some(error.fault.message);
            Ok(Invited::Refused { fields: error.fault.fields, message })
        }
        Err(error) => Err(refuse(error)),
    }
}

/// Sends an invitation again.
#[server(prefix = "/fn", endpoint = "workspaces/resend-invitation", input = Json, output = Json)]
pub async fn resend_invitation(id: InvitationId) -> Result<Invitation, AppError> {
    let (services, actor) = acting()?;
    services.team.resend_invitation(&actor, id).await.map_err(refuse)
}

/// Withdraws an invitation.
#[server(prefix = "/fn", endpoint = "workspaces/withdraw-invitation", input = Json, output = Json)]
pub async fn withdraw_invitation(id: InvitationId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.team.revoke_invitation(&actor, id).await.map_err(refuse)
}

/// The keys of programs.
#[server(prefix = "/fn", endpoint = "workspaces/api-keys", input = Json, output = Json)]
pub async fn view_api_keys() -> Result<Vec<ApiKey>, AppError> {
    let (services, actor) = acting()?;
    services.api_keys.list(&actor).await.map_err(refuse)
}

/// What became of a wish for a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeyMade {
    /// With the key, this once.
    Made { made: Box<MadeApiKey> },
    /// What the person can mend.
    Refused { fields: FieldErrors, message: Option<String> },
}

/// Makes a key.
#[server(prefix = "/fn", endpoint = "workspaces/make-api-key", input = Json, output = Json)]
pub async fn make_api_key(form: NewApiKey) -> Result<KeyMade, AppError> {
    use domain::ErrorCode::{Conflict, ValidationError};

    let (services, actor) = acting()?;
    match services.api_keys.create(&actor, form).await {
        Ok(made) => Ok(KeyMade::Made { made: Box::new(made) }),
        Err(error) if matches!(error.code(), ValidationError | Conflict) => {
            let message = error.fault.fields.is_empty().then_some(error.fault.message);
            Ok(KeyMade::Refused { fields: error.fault.fields, message })
        }
        Err(error) => Err(refuse(error)),
    }
}

/// Ends a key.
#[server(prefix = "/fn", endpoint = "workspaces/revoke-api-key", input = Json, output = Json)]
pub async fn revoke_api_key(id: ApiKeyId) -> Result<(), AppError> {
    let (services, actor) = acting()?;
    services.api_keys.revoke(&actor, id).await.map_err(refuse)
}
