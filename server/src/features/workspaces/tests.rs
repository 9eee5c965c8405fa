//! The team on a real PostgreSQL: invitations, roles, and an admin that stays.

use std::{net::IpAddr, sync::Arc};

use chrono::Duration;
use domain::{
    Actor, Browser, ErrorCode, RequestId, ServiceResult, UserId, Visitor,
    clock::Ids,
    identity::{Identity, Login, NO_WORKSPACE, Register, SessionToken, SignedIn},
    workspaces::{
        ALREADY_MEMBER, AcceptInvitation, Invitation, InvitationState, LAST_ADMIN, MemberPatch, NewInvitation, Role,
        Team,
    },
};
use futures::future::join_all;
use rstest::rstest;
use secrecy::SecretString;
use vault::{Algorithm, KeyRing, Vault};

mod keys;

use super::TeamService;
use crate::{
    features::{
        identity::{IdentityService, PasswordCost},
        notifications::{self, tests::SECRET},
        posts::tests::studio::{Studio, code, field},
    },
    jobs::{Registry, run_due},
};

mod memberships;
mod own_data;
mod settings;

/// A workspace with an admin, and the way in.
struct Office {
    studio: Studio,
    identity: IdentityService,
    team: TeamService,
    admin: Actor,
}

fn visitor() -> Visitor {
    Visitor {
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some("A browser".to_owned()),
        request_id: RequestId::parse("req_walk").unwrap(),
        browser: Browser::default(),
    }
}

const NIAMH: &str = "niamh@walk.example";
const ORLA: &str = "orla@walk.example";

impl Office {
    async fn new() -> Self {
        let studio = Studio::new().await;
        let ids: Arc<dyn Ids> = studio.ids.clone();
        let secret = SecretString::from(SECRET);
        let vault = Arc::new(Vault::new(KeyRing::generate().unwrap(), Algorithm::XChaCha20Poly1305));
        let identity = IdentityService::new(
            studio.db.clone(),
            studio.clock.clone(),
            ids.clone(),
            &secret,
            PasswordCost::CHEAP,
            vault,
        )
        .unwrap();
        let team = TeamService::new(studio.db.clone(), studio.clock.clone(), ids, &secret);
        let session = register(&identity, NIAMH).await;
        let admin = actor(&identity, &session.token).await.unwrap();
        let office = Self { studio, identity, team, admin };
        office.sql("update users set email_confirmed_at = now()").await;
        office.work().await;
        office
    }

    async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.studio.admin).await.unwrap();
    }

    async fn work(&self) {
        let registry = Registry::new().register(notifications::jobs::send_mail).register(notifications::telling::tell);
        run_due(&self.studio.context, registry).await.unwrap();
        assert!(self.studio.jobs().await.is_empty(), "work was left behind");
    }

    async fn invite(&self, email: &str, role: Role) -> ServiceResult<Invitation> {
        let form = NewInvitation { email: email.to_owned(), role: role.as_str().to_owned() };
        self.team.invite(&self.admin, form).await
    }

    /// The token in the latest letter to somebody.
    async fn token(&self, email: &str) -> String {
        self.work().await;
        let letter = self.studio.post.to(email).pop().unwrap();
        let at = letter.text.find("/invite/").unwrap() + "/invite/".len();
        letter.text[at..].split_whitespace().next().unwrap().to_owned()
    }

    async fn accept(&self, actor: Option<&Actor>, token: &str, name: &str, password: &str) -> ServiceResult<SignedIn> {
        accept(&self.identity, actor, token, name, password).await
    }

    /// Somebody who has been invited and has come.
    async fn joined(&self, email: &str, role: Role) -> (Actor, SessionToken) {
        self.invite(email, role).await.unwrap();
        let token = self.token(email).await;
        let session = self.accept(None, &token, "Orla Keane", "correct horse").await.unwrap();
        (actor(&self.identity, &session.token).await.unwrap(), session.token)
    }
}

async fn accept(
    identity: &IdentityService,
    actor: Option<&Actor>,
    token: &str,
    name: &str,
    password: &str,
) -> ServiceResult<SignedIn> {
    let form = AcceptInvitation { token: token.to_owned(), full_name: name.to_owned(), password: password.to_owned() };
    identity.accept_invitation(&visitor(), actor, form).await
}

async fn register(identity: &IdentityService, email: &str) -> SignedIn {
    let form = Register {
        email: email.to_owned(),
        password: "correct horse".to_owned(),
        role: "agency".to_owned(),
        full_name: "Niamh Doyle".to_owned(),
        agency_name: Some("Harbour & Pine".to_owned()),
    };
    identity.register(&visitor(), form).await.unwrap()
}

async fn actor(identity: &IdentityService, token: &SessionToken) -> Option<Actor> {
    identity.authenticate(token, &visitor()).await.unwrap().map(|found| found.actor)
}

#[tokio::test]
async fn somebody_without_an_account_joins_with_a_name_and_a_password() {
    let office = Office::new().await;
    let invitation = office.invite(" Orla@Walk.example", Role::Editor).await.unwrap();
    assert_eq!((invitation.email.as_str(), invitation.state), (ORLA, InvitationState::Open));
    let token = office.token(ORLA).await;
    let offer = office.team.offer(&token).await.unwrap();
    assert_eq!((offer.workspace.as_str(), offer.role, offer.has_account), ("Harbour & Pine", Role::Editor, false));
    assert!(!field(office.accept(None, &token, " ", "correct horse").await, "full_name").is_empty());
    assert!(!field(office.accept(None, &token, "Orla", "short").await, "password").is_empty());
    let session = office.accept(None, &token, "Orla Keane", "correct horse").await.unwrap();
    assert_eq!((session.role, session.workspace.id), (Role::Editor, office.admin.workspace_id));
    assert!(session.user.email_confirmed, "the link has proven the address");
    let members = office.team.members(&office.admin).await.unwrap();
    let shown: Vec<_> = members.iter().map(|member| (member.full_name.as_str(), member.role)).collect();
    assert_eq!(shown, [("Niamh Doyle", Role::Admin), ("Orla Keane", Role::Editor)]);
    assert!(office.team.invitations(&office.admin).await.unwrap().is_empty());
    let error = office.accept(None, &token, "Orla Keane", "correct horse").await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, InvitationState::Accepted.words()));
    assert_eq!(field(office.invite(ORLA, Role::Viewer).await, "email"), ALREADY_MEMBER);
}

#[tokio::test]
async fn somebody_with_an_account_joins_with_its_password_or_as_who_is_signed_in() {
    let office = Office::new().await;
    let orla = register(&office.identity, ORLA).await;
    office.work().await;
    office.invite(ORLA, Role::Member).await.unwrap();
    let token = office.token(ORLA).await;
    assert!(office.team.offer(&token).await.unwrap().has_account);
    assert!(!field(office.accept(None, &token, "", "wrong horse").await, "password").is_empty());
    // Another person's browser takes nothing.
    assert_eq!(code(office.accept(Some(&office.admin), &token, "", "").await), ErrorCode::Conflict);
    let present = actor(&office.identity, &orla.token).await.unwrap();
    let session = office.accept(Some(&present), &token, "", "").await.unwrap();
    assert_eq!(session.workspace.id, office.admin.workspace_id);
    assert!(actor(&office.identity, &orla.token).await.is_none(), "one browser, one session");

    let aoife = "aoife@walk.example";
    register(&office.identity, aoife).await;
    office.work().await;
    office.invite(aoife, Role::Viewer).await.unwrap();
    let token = office.token(aoife).await;
    let session = office.accept(None, &token, "", "correct horse").await.unwrap();
    assert_eq!((session.role, session.workspace.id), (Role::Viewer, office.admin.workspace_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_clicks_at_once_one_takes_the_place() {
    let office = Office::new().await;
    office.invite(ORLA, Role::Editor).await.unwrap();
    let token = office.token(ORLA).await;
    let clicks = (0..8).map(|_| {
        let (identity, token) = (office.identity.clone(), token.clone());
        tokio::spawn(async move { accept(&identity, None, &token, "Orla Keane", "correct horse").await })
    });
    let outcomes: Vec<_> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(office.studio.count("memberships").await, 2);
    assert_eq!(office.studio.count("users").await, 2);
}

#[tokio::test]
async fn links_end_each_with_its_sentence() {
    let office = Office::new().await;
    // Declined.
    office.invite(ORLA, Role::Editor).await.unwrap();
    let declined = office.token(ORLA).await;
    office.team.decline(&visitor(), &declined).await.unwrap();
    assert_eq!(code(office.team.decline(&visitor(), &declined).await), ErrorCode::Gone);
    // Withdrawn.
    let withdrawn = office.invite(ORLA, Role::Editor).await.unwrap();
    let revoked = office.token(ORLA).await;
    office.team.revoke_invitation(&office.admin, withdrawn.id).await.unwrap();
    assert_eq!(code(office.team.revoke_invitation(&office.admin, withdrawn.id).await), ErrorCode::NotFound);
    // Replaced, by sending it again and by a new one.
    let first = office.invite(ORLA, Role::Editor).await.unwrap();
    let replaced = office.token(ORLA).await;
    office.team.resend_invitation(&office.admin, first.id).await.unwrap();
    let again = office.token(ORLA).await;
    office.invite(ORLA, Role::Viewer).await.unwrap();
    let open = office.token(ORLA).await;
    for (token, state) in [
        (&declined, InvitationState::Declined),
        (&revoked, InvitationState::Revoked),
        (&replaced, InvitationState::Revoked),
        (&again, InvitationState::Revoked),
    ] {
        assert_eq!(office.team.offer(token).await.unwrap().state, state);
        let error = office.accept(None, token, "Orla Keane", "correct horse").await.unwrap_err();
        assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, state.words()));
    }
    assert_eq!(office.team.invitations(&office.admin).await.unwrap().len(), 1);
    // Seven days.
    office.studio.clock.advance(Duration::days(7) - Duration::seconds(1));
    assert_eq!(office.team.offer(&open).await.unwrap().state, InvitationState::Open);
    office.studio.clock.advance(Duration::seconds(1));
    let error = office.accept(None, &open, "Orla Keane", "correct horse").await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, InvitationState::Expired.words()));
    let left = office.team.invitations(&office.admin).await.unwrap();
    assert_eq!(left[0].state, InvitationState::Expired);
    for nonsense in ["", "x", &"a".repeat(43), "%00"] {
        assert_eq!(code(office.team.offer(nonsense).await), ErrorCode::NotFound);
        assert_eq!(code(office.team.decline(&visitor(), nonsense).await), ErrorCode::NotFound);
        assert_eq!(code(office.accept(None, nonsense, "O", "correct horse").await), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn three_resends_an_hour_for_the_whole_workspace() {
    let office = Office::new().await;
    let mut id = office.invite(ORLA, Role::Editor).await.unwrap().id;
    let other = office.invite("aoife@walk.example", Role::Editor).await.unwrap().id;
    for _ in 0..3 {
        id = office.team.resend_invitation(&office.admin, id).await.unwrap().id;
    }
    let refused = office.team.resend_invitation(&office.admin, other).await.unwrap_err();
    assert_eq!((refused.code(), refused.fault.retry_after), (ErrorCode::RateLimited, Some(3600)));
    office.studio.clock.advance(Duration::hours(1));
    office.team.resend_invitation(&office.admin, other).await.unwrap();
    office.work().await;
}

#[rstest]
#[case(Role::Viewer)]
#[case(Role::Member)]
#[case(Role::Editor)]
#[tokio::test]
async fn the_team_is_an_admins_business(#[case] role: Role) {
    let office = Office::new().await;
    let invitation = office.invite("aoife@walk.example", Role::Viewer).await.unwrap();
    let (orla, _) = office.joined(ORLA, role).await;
    let form = NewInvitation { email: "x@walk.example".into(), role: "viewer".into() };
    assert_eq!(office.team.members(&orla).await.unwrap().len(), 2);
    assert_eq!(code(office.team.invite(&orla, form).await), ErrorCode::Forbidden);
    assert_eq!(code(office.team.invitations(&orla).await), ErrorCode::Forbidden);
    assert_eq!(code(office.team.resend_invitation(&orla, invitation.id).await), ErrorCode::Forbidden);
    assert_eq!(code(office.team.revoke_invitation(&orla, invitation.id).await), ErrorCode::Forbidden);
    let admin = office.admin.user_id;
    let promote = MemberPatch { role: Some(Role::Admin), disabled: None };
    assert_eq!(code(office.team.change_member(&orla, orla.user_id, promote).await), ErrorCode::Forbidden);
    assert_eq!(code(office.team.remove_member(&orla, admin).await), ErrorCode::Forbidden);
    // But everybody may leave.
    office.team.remove_member(&orla, orla.user_id).await.unwrap();
    assert_eq!(office.team.members(&office.admin).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_is_kept_out_or_removed_loses_the_workspace_at_once() {
    let office = Office::new().await;
    let (orla, cookie) = office.joined(ORLA, Role::Editor).await;
    let disable = MemberPatch { role: None, disabled: Some(true) };
    let member = office.team.change_member(&office.admin, orla.user_id, disable).await.unwrap();
    assert!(member.disabled_at.is_some());
    assert!(actor(&office.identity, &cookie).await.is_none());
    let login = Login { email: ORLA.into(), password: "correct horse".into() };
    let error = office.identity.login(&visitor(), login.clone()).await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Unauthorized, NO_WORKSPACE));
    // Let in again: the old browser stays out, signing in works.
    let enable = MemberPatch { role: Some(Role::Viewer), disabled: Some(false) };
    office.team.change_member(&office.admin, orla.user_id, enable).await.unwrap();
    assert!(actor(&office.identity, &cookie).await.is_none());
    let session = office.identity.login(&visitor(), login).await.unwrap().signed_in().unwrap();
    assert_eq!(session.role, Role::Viewer);
    office.team.remove_member(&office.admin, orla.user_id).await.unwrap();
    assert!(actor(&office.identity, &session.token).await.is_none());
    assert_eq!(code(office.team.remove_member(&office.admin, orla.user_id).await), ErrorCode::NotFound);
    // Open pages hear of it.
    let told: i64 = sqlx::query_scalar(
        "select count(*) from live_events where event->>'type' = 'member.updated' and event->>'active' = 'false'",
    )
    .fetch_one(&office.studio.admin)
    .await
    .unwrap();
    assert_eq!(told, 2);
}

#[tokio::test]
async fn another_workspace_is_out_of_reach() {
    let office = Office::new().await;
    let stranger = register(&office.identity, "stranger@walk.example").await;
    office.sql("update users set email_confirmed_at = now()").await;
    let stranger = actor(&office.identity, &stranger.token).await.unwrap();
    let invitation = office.invite(ORLA, Role::Editor).await.unwrap();
    let niamh = office.admin.user_id;
    let patch = MemberPatch { role: Some(Role::Viewer), disabled: Some(true) };
    assert_eq!(code(office.team.change_member(&stranger, niamh, patch).await), ErrorCode::NotFound);
    assert_eq!(code(office.team.remove_member(&stranger, niamh).await), ErrorCode::NotFound);
    assert_eq!(code(office.team.resend_invitation(&stranger, invitation.id).await), ErrorCode::NotFound);
    assert_eq!(code(office.team.revoke_invitation(&stranger, invitation.id).await), ErrorCode::NotFound);
    assert_eq!(office.team.members(&stranger).await.unwrap().len(), 1);
    assert!(office.team.invitations(&stranger).await.unwrap().is_empty());
    assert!(office.identity.me(&office.admin).await.is_ok(), "the other admin's attempts have ended no session");
    let nobody = UserId(uuid::Uuid::nil());
    assert_eq!(code(office.team.change_member(&office.admin, nobody, patch).await), ErrorCode::NotFound);
    office.work().await;
}

#[tokio::test]
async fn the_last_admin_stays() {
    let office = Office::new().await;
    let niamh = office.admin.user_id;
    for patch in
        [MemberPatch { role: Some(Role::Editor), disabled: None }, MemberPatch { role: None, disabled: Some(true) }]
    {
        let error = office.team.change_member(&office.admin, niamh, patch).await.unwrap_err();
        assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Conflict, LAST_ADMIN));
    }
    assert_eq!(code(office.team.remove_member(&office.admin, niamh).await), ErrorCode::Conflict);
    // A disabled admin does not count.
    let (orla, _) = office.joined(ORLA, Role::Admin).await;
    let disable = MemberPatch { role: None, disabled: Some(true) };
    office.team.change_member(&office.admin, orla.user_id, disable).await.unwrap();
    assert_eq!(code(office.team.remove_member(&office.admin, niamh).await), ErrorCode::Conflict);
    let enable = MemberPatch { role: None, disabled: Some(false) };
    office.team.change_member(&office.admin, orla.user_id, enable).await.unwrap();
    office.team.remove_member(&office.admin, niamh).await.unwrap();
    // A workspace that goes as a whole takes its last admin along.
    office.sql("delete from sessions; delete from workspaces").await;
    assert_eq!(office.studio.count("memberships").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_admins_who_remove_each_other_at_once_leave_one() {
    for round in 0..6 {
        let office = Office::new().await;
        let (orla, _) = office.joined(ORLA, Role::Admin).await;
        let (one, other) = (office.team.clone(), office.team.clone());
        let (niamh, keane) = (office.admin.clone(), orla.clone());
        let demote = MemberPatch { role: Some(Role::Viewer), disabled: None };
        let first = tokio::spawn(async move { one.remove_member(&niamh, keane.user_id).await.map(drop) });
        let (niamh, keane) = (office.admin.clone(), orla.clone());
        let second = tokio::spawn(async move { other.change_member(&keane, niamh.user_id, demote).await.map(drop) });
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        let admins = office.studio.count("memberships where role = 'admin' and disabled_at is null").await;
        assert_eq!(admins, 1, "round {round}: {outcomes:?}");
        assert!(outcomes.iter().any(Result::is_ok));
    }
}

#[tokio::test]
async fn only_a_confirmed_address_invites() {
    let office = Office::new().await;
    office.sql("update users set email_confirmed_at = null").await;
    assert_eq!(code(office.invite(ORLA, Role::Editor).await), ErrorCode::EmailUnconfirmed);
    let form = NewInvitation { email: "orla".into(), role: "owner".into() };
    let error = office.team.invite(&office.admin, form).await.unwrap_err();
    assert!(error.fault.fields.get("email").is_some() && error.fault.fields.get("role").is_some());
}
