//! One person in several workspaces.

use domain::{
    Via, WorkspaceId,
    workspaces::{MAX_WORKSPACES, Memberships, NewWorkspace, OwnWorkspace, WorkspaceKind},
};

use super::*;

/// Orla has a workspace of her own, and works in the office too; her browser is there.
async fn in_both(role: Role) -> (Office, SessionToken, WorkspaceId) {
    let office = Office::new().await;
    let registered = register(&office.identity, ORLA).await;
    office.sql("update users set email_confirmed_at = now()").await;
    // Her other letter is on its way first.
    office.work().await;
    office.invite(ORLA, role).await.unwrap();
    let token = office.token(ORLA).await;
    let present = actor(&office.identity, &registered.token).await.unwrap();
    let session = office.accept(Some(&present), &token, "", "").await.unwrap();
    (office, session.token, registered.workspace.id)
}

impl Office {
    async fn present(&self, token: &SessionToken) -> Actor {
        actor(&self.identity, token).await.unwrap()
    }

    /// Actions on a workspace's record, oldest first.
    async fn recorded(&self, workspace: WorkspaceId) -> Vec<String> {
        sqlx::query_scalar("select action from audit_events where workspace_id = $1 order by seq")
            .bind(workspace.0)
            .fetch_all(&self.studio.admin)
            .await
            .unwrap()
    }
}

fn seen(all: &[OwnWorkspace]) -> Vec<(WorkspaceId, Role, bool)> {
    all.iter().map(|one| (one.id, one.role, one.current)).collect()
}

#[tokio::test]
async fn somebody_is_in_one_of_their_workspaces_at_a_time_and_sees_nothing_of_the_others() {
    let (office, cookie, own) = in_both(Role::Viewer).await;
    let here = office.present(&cookie).await;
    let theirs = office.admin.workspace_id;
    assert_eq!((here.workspace_id, here.role), (theirs, Role::Viewer));
    let mut expected = vec![(own, Role::Admin, false), (theirs, Role::Viewer, true)];
    expected.sort();
    assert_eq!(seen(&office.identity.workspaces(&here).await.unwrap()), expected, "both have one name");
    assert_eq!(office.team.members(&here).await.unwrap().len(), 2);

    let entered = office.identity.switch(&here, own).await.unwrap();
    assert_eq!((entered.id, entered.role, entered.current), (own, Role::Admin, true));
    let there = office.present(&cookie).await;
    assert_eq!((there.workspace_id, there.role), (own, Role::Admin));
    let members = office.team.members(&there).await.unwrap();
    assert_eq!(members.iter().map(|one| one.email.as_str()).collect::<Vec<_>>(), [ORLA]);
    assert_eq!(office.recorded(own).await.last().map(String::as_str), Some("workspace.entered"));
    // What she may do in her own she may not do there.
    office.identity.switch(&there, theirs).await.unwrap();
    let form = NewInvitation { email: "x@walk.example".into(), role: "viewer".into() };
    assert_eq!(code(office.team.invite(&office.present(&cookie).await, form).await), ErrorCode::Forbidden);
    office.work().await;
}

#[tokio::test]
async fn nobody_goes_where_they_do_not_belong() {
    let (office, cookie, own) = in_both(Role::Editor).await;
    let orla = office.present(&cookie).await;
    let stranger = register(&office.identity, "stranger@walk.example").await;
    for nowhere in [stranger.workspace.id, WorkspaceId(uuid::Uuid::nil())] {
        assert_eq!(code(office.identity.switch(&orla, nowhere).await), ErrorCode::NotFound);
    }
    assert_eq!(office.present(&cookie).await.workspace_id, office.admin.workspace_id);
    assert!(!office.recorded(stranger.workspace.id).await.contains(&"workspace.entered".to_owned()));
    // Nor where they are kept out.
    office.identity.switch(&orla, own).await.unwrap();
    let disable = MemberPatch { role: None, disabled: Some(true) };
    office.team.change_member(&office.admin, orla.user_id, disable).await.unwrap();
    let orla = office.present(&cookie).await;
    assert_eq!(seen(&office.identity.workspaces(&orla).await.unwrap()), [(own, Role::Admin, true)]);
    assert_eq!(code(office.identity.switch(&orla, office.admin.workspace_id).await), ErrorCode::NotFound);
    // A program belongs to one workspace.
    let program = Actor { via: Via::System, ..orla };
    assert_eq!(code(office.identity.switch(&program, own).await), ErrorCode::Forbidden);
    let form = NewWorkspace { name: "More".into(), kind: "client".into() };
    assert_eq!(code(office.identity.create(&program, form).await), ErrorCode::Forbidden);
    office.work().await;
}

#[tokio::test]
async fn whoever_loses_a_workspace_goes_on_in_another() {
    let (office, cookie, own) = in_both(Role::Editor).await;
    let orla = office.present(&cookie).await;
    office.team.remove_member(&office.admin, orla.user_id).await.unwrap();
    let moved = office.present(&cookie).await;
    assert_eq!((moved.workspace_id, moved.role), (own, Role::Admin));
    assert_eq!(office.team.members(&moved).await.unwrap().len(), 1);
    // Without another there is nothing to go on in.
    let (una, session) = office.joined("una@walk.example", Role::Viewer).await;
    office.team.remove_member(&office.admin, una.user_id).await.unwrap();
    assert!(actor(&office.identity, &session).await.is_none());
    // A session that is elsewhere stays there.
    office.team.remove_member(&moved, orla.user_id).await.unwrap_err();
    assert_eq!(office.present(&cookie).await.workspace_id, own);
}

#[tokio::test]
async fn somebody_who_signs_in_comes_back_to_where_they_were_last() {
    let (office, cookie, own) = in_both(Role::Editor).await;
    let login = || Login { email: ORLA.into(), password: "correct horse".into() };
    office.studio.clock.advance(Duration::minutes(1));
    let again = office.identity.login(&visitor(), login()).await.unwrap().signed_in().unwrap();
    assert_eq!(again.workspace.id, office.admin.workspace_id);
    office.identity.switch(&office.present(&again.token).await, own).await.unwrap();
    office.studio.clock.advance(Duration::minutes(1));
    assert_eq!(office.identity.login(&visitor(), login()).await.unwrap().signed_in().unwrap().workspace.id, own);
    // Where they may not come in any more, they do not.
    office.identity.switch(&office.present(&cookie).await, own).await.unwrap();
    office.studio.clock.advance(Duration::minutes(1));
    let session = office.identity.login(&visitor(), login()).await.unwrap().signed_in().unwrap();
    office.identity.switch(&office.present(&session.token).await, office.admin.workspace_id).await.unwrap();
    office.team.remove_member(&office.admin, session.user.id).await.unwrap();
    assert_eq!(office.identity.login(&visitor(), login()).await.unwrap().signed_in().unwrap().workspace.id, own);
}

#[tokio::test]
async fn a_further_workspace_is_made_and_entered() {
    let office = Office::new().await;
    let login = Login { email: NIAMH.into(), password: "correct horse".into() };
    let cookie = office.identity.login(&visitor(), login).await.unwrap().signed_in().unwrap().token;
    let here = office.present(&cookie).await;
    let wrong = NewWorkspace { name: " ".into(), kind: "shop".into() };
    let error = office.identity.create(&here, wrong).await.unwrap_err();
    assert!(error.fault.fields.get("name").is_some() && error.fault.fields.get("kind").is_some());
    // The same name: another slug.
    let form = NewWorkspace { name: " Harbour & Pine ".into(), kind: "manager".into() };
    let made = office.identity.create(&here, form.clone()).await.unwrap();
    assert_eq!((made.name.as_str(), made.kind, made.role), ("Harbour & Pine", WorkspaceKind::Manager, Role::Admin));
    let there = office.present(&cookie).await;
    assert_eq!((there.workspace_id, there.kind), (made.id, WorkspaceKind::Manager));
    assert_eq!(office.team.members(&there).await.unwrap().len(), 1);
    assert_eq!(office.recorded(made.id).await, ["workspace.created"]);
    let all = office.identity.workspaces(&there).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_ne!(all[0].slug, all[1].slug);
    for _ in all.len()..MAX_WORKSPACES {
        let actor = office.present(&cookie).await;
        office.identity.create(&actor, form.clone()).await.unwrap();
    }
    let error = office.identity.create(&office.present(&cookie).await, form).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(office.studio.count("workspaces").await, i64::try_from(MAX_WORKSPACES).unwrap());
}
