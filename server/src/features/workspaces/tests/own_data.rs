//! Taking one's data along, and deleting one's account.

use domain::{
    Platform,
    identity::{DataExport, DeleteAccount, Departure, LOGIN_REFUSED, OwnData},
    media::Signature,
    posts::{NewPost, PostStatus, Visibility},
};
use serde_json::Value;

use super::*;
use crate::features::{
    accounts,
    identity::{self, OwnDataService},
    media::{MediaLinks, Portraits},
};

/// The office, and the way out of it.
struct Door {
    office: Office,
    data: OwnDataService,
    /// The admin, with a session of their own.
    niamh: Actor,
    cookie: SessionToken,
}

impl Door {
    async fn new() -> Self {
        let office = Office::new().await;
        let studio = &office.studio;
        let links = MediaLinks::new(&SecretString::from(SECRET), studio.clock.clone());
        let portraits = Portraits::new(studio.files.clone(), links, studio.ids.clone());
        let (accounts, posts) = (studio.accounts.clone(), studio.posts.clone());
        let data = OwnDataService::new(office.identity.clone(), accounts, posts, portraits);
        let login = Login { email: NIAMH.into(), password: "correct horse".into() };
        let cookie = office.identity.login(&visitor(), login).await.unwrap().signed_in().unwrap().token;
        let niamh = actor(&office.identity, &cookie).await.unwrap();
        Self { office, data, niamh, cookie }
    }

    async fn work(&self) {
        let registry = Registry::new()
            .register(notifications::jobs::send_mail)
            .register(identity::jobs::build_export)
            .register(accounts::jobs::revoke_access);
        run_due(&self.office.studio.context, registry).await.unwrap();
    }

    async fn text(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(&self.office.studio.admin).await.unwrap()
    }
}

fn password(text: &str) -> DeleteAccount {
    DeleteAccount { current_password: text.to_owned() }
}

fn link(export: &DataExport) -> Signature {
    serde_urlencoded::from_str(export.url.as_deref().unwrap().split_once('?').unwrap().1).unwrap()
}

#[tokio::test]
async fn what_somebody_takes_along_is_theirs_and_nobody_elses() {
    let door = Door::new().await;
    let (orla, _) = door.office.joined(ORLA, Role::Editor).await;
    let draft = |body: &str| NewPost { body: body.into(), visibility: Visibility::Private, ..NewPost::default() };
    door.office.studio.save(&door.niamh, draft("Written by Niamh")).await;
    door.office.studio.save(&orla, draft("Written by Orla")).await;

    let asked = door.data.request_export(&orla).await.unwrap();
    assert_eq!(asked.ready_at, None);
    assert_eq!(door.data.request_export(&orla).await.unwrap().id, asked.id, "under way, it is the same one");
    door.work().await;
    let letter = door.office.studio.post.to(ORLA).pop().unwrap();
    assert!(letter.subject == "Your data is ready" && letter.text.contains("/settings/data"), "{}", letter.text);

    let ready = door.data.exports(&orla).await.unwrap().remove(0);
    let content = door.data.open_export(ready.id, link(&ready)).await.unwrap();
    assert_eq!(ready.bytes, i64::try_from(content.len()).ok());
    let text = String::from_utf8(content.clone()).unwrap();
    for own in [ORLA, "Orla Keane", "Written by Orla", "Harbour & Pine", "session.opened", "A browser"] {
        assert!(text.contains(own), "{own} is missing: {text}");
    }
    for not_theirs in [NIAMH, "Niamh", "argon2", "token_hash", "Written by Niamh"] {
        assert!(!text.contains(not_theirs), "{not_theirs}: {text}");
    }
    let data: Value = serde_json::from_slice(&content).unwrap();
    assert_eq!(data["posts"].as_array().unwrap().len(), 1);

    // Nobody else has it, and nobody without its link.
    assert!(door.data.exports(&door.niamh).await.unwrap().is_empty());
    let forged = Signature { signature: "AAAA".into(), ..link(&ready) };
    assert_eq!(code(door.data.open_export(ready.id, forged).await), ErrorCode::NotFound);
    let link = link(&ready);
    door.office.studio.clock.advance(Duration::minutes(71));
    assert_eq!(code(door.data.open_export(ready.id, link).await), ErrorCode::Gone);
    door.office.studio.clock.advance(Duration::days(7));
    assert!(door.data.exports(&orla).await.unwrap().is_empty());
}

#[tokio::test]
async fn three_times_a_day_is_often_enough() {
    let door = Door::new().await;
    for _ in 0..3 {
        door.data.request_export(&door.niamh).await.unwrap();
        door.work().await;
    }
    let refused = door.data.request_export(&door.niamh).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(refused.fault.retry_after.is_some_and(|seconds| seconds > 86_000));
    door.office.studio.clock.advance(Duration::days(1));
    door.data.request_export(&door.niamh).await.unwrap();
    door.work().await;
}

#[tokio::test]
async fn the_only_admin_of_others_stays_until_there_is_another() {
    let door = Door::new().await;
    let (orla, _) = door.office.joined(ORLA, Role::Editor).await;
    let outcome = door.data.departure(&door.niamh).await.unwrap().remove(0).outcome;
    assert_eq!(outcome, Departure::Blocks);
    assert!(
        !field(door.data.delete_account(&door.niamh, password("wrong horse")).await, "current_password").is_empty()
    );
    let error = door.data.delete_account(&door.niamh, password("correct horse")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert!(error.fault.message.contains("Harbour & Pine"), "{}", error.fault.message);
    assert!(actor(&door.office.identity, &door.cookie).await.is_some());

    let promote = MemberPatch { role: Some(Role::Admin), disabled: None };
    door.office.team.change_member(&door.niamh, orla.user_id, promote).await.unwrap();
    door.data.delete_account(&door.niamh, password("correct horse")).await.unwrap();
    assert!(actor(&door.office.identity, &door.cookie).await.is_none());
    let login = Login { email: NIAMH.into(), password: "correct horse".into() };
    let refused = door.office.identity.login(&visitor(), login).await.unwrap_err();
    assert_eq!(refused.fault.message, LOGIN_REFUSED, "as for an address that nobody has");
    let orla = Actor { role: Role::Admin, ..orla };
    let members = door.office.team.members(&orla).await.unwrap();
    assert_eq!(members.iter().map(|one| one.email.as_str()).collect::<Vec<_>>(), [ORLA]);
    assert_eq!(door.office.studio.count("workspaces where closed_at is null").await, 1);
    let line: (Option<uuid::Uuid>, Option<String>) =
        sqlx::query_as("select user_id, subject_name from audit_events where action = 'user.deleted'")
            .fetch_one(&door.office.studio.admin)
            .await
            .unwrap();
    assert_eq!(line, (Some(door.niamh.user_id.0), None), "who it was, nobody can say");
    door.work().await;
    assert_eq!(door.office.studio.post.to(NIAMH).pop().unwrap().subject, "Your account is deleted");
    // The address is free again.
    register(&door.office.identity, NIAMH).await;
    door.work().await;
}

#[tokio::test]
async fn a_workspace_without_anybody_is_closed() {
    let door = Door::new().await;
    let studio = &door.office.studio;
    door.office.invite("una@walk.example", Role::Viewer).await.unwrap();
    let token = door.office.token("una@walk.example").await;
    studio.account(&door.niamh, Platform::Twitter, "Harbour").await;
    let later = NewPost {
        body: "Not any more".into(),
        visibility: Visibility::Scheduled,
        scheduled_at: Some(studio.now() + Duration::days(1)),
        ..NewPost::default()
    };
    let post = studio.save(&door.niamh, later).await;
    let undone = NewPost { body: "Nor this".into(), undo_seconds: Some(60), ..NewPost::default() };
    let sending = studio.save(&door.niamh, undone).await;
    assert_eq!(door.data.departure(&door.niamh).await.unwrap()[0].outcome, Departure::Closed);

    door.data.delete_account(&door.niamh, password("correct horse")).await.unwrap();
    let status = door.text("select status::text from accounts").await;
    assert_eq!(status, "disconnected");
    for id in [post.id, sending.id] {
        let status: String = sqlx::query_scalar("select status::text from posts where id = $1")
            .bind(id.0)
            .fetch_one(&studio.admin)
            .await
            .unwrap();
        assert_eq!(status, PostStatus::Draft.as_str());
    }
    let waiting: Vec<_> = studio.jobs().await.into_iter().map(|job| job.task).collect();
    assert!(waiting.contains(&"accounts_revoke_access".to_owned()), "{waiting:?}");
    assert_eq!(door.text("select name from workspaces").await, "Closed workspace");
    assert_eq!(studio.count("users").await + studio.count("memberships").await, 0);
    // Nobody comes in by an old letter.
    assert_eq!(code(door.office.accept(None, &token, "Una", "correct horse").await), ErrorCode::Gone);

    // After 30 days nothing of it is left.
    studio.clock.advance(Duration::days(31));
    let registry = Registry::new()
        .register(crate::jobs::retention::sweep_retention)
        .register(notifications::jobs::send_mail)
        .register(accounts::jobs::revoke_access)
        .register(crate::features::deliveries::jobs::select_targets);
    let mut tx = studio.db.worker().await.unwrap();
    crate::jobs::enqueue(&mut tx, &crate::jobs::retention::SweepRetention::default(), None).await.unwrap();
    tx.commit().await.unwrap();
    run_due(&studio.context, registry).await.unwrap();
    for table in ["workspaces", "posts", "accounts", "audit_events"] {
        assert_eq!(studio.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_disabled_person_is_kept_out_everywhere() {
    let door = Door::new().await;
    sqlx::query("update users set is_active = false").execute(&door.office.studio.admin).await.unwrap();
    assert!(actor(&door.office.identity, &door.cookie).await.is_none(), "also with a session");
    let login = Login { email: NIAMH.into(), password: "correct horse".into() };
    let refused = door.office.identity.login(&visitor(), login).await.unwrap_err();
    assert_eq!((refused.code(), refused.fault.message.as_str()), (ErrorCode::Unauthorized, LOGIN_REFUSED));
    // What a program holds in hand of them is no way in either.
    assert_eq!(code(door.data.delete_account(&door.niamh, password("correct horse")).await), ErrorCode::Unauthorized);
}
