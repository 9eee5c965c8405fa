//! Keys of programs on a real PostgreSQL.

use chrono::TimeDelta;
use domain::{
    ApiKeyId, Via,
    audit::{Audit, AuditFilter, AuditVia},
    clock::Clock,
    workspaces::{ApiKey, ApiKeyState, ApiKeys, KeyHolder, MAX_API_KEYS, NewApiKey, Scope},
};

use super::*;
use crate::features::{audit::AuditService, workspaces::ApiKeyService};

fn wanted(name: &str, days: Option<u32>) -> NewApiKey {
    NewApiKey { name: name.to_owned(), scopes: vec![Scope::ContentRead, Scope::MediaWrite], expires_in_days: days }
}

impl Office {
    fn keys(&self) -> ApiKeyService {
        let ids: Arc<dyn Ids> = self.studio.ids.clone();
        ApiKeyService::new(self.studio.db.clone(), self.studio.clock.clone(), ids)
    }

    async fn holder(&self, key: &str) -> Option<KeyHolder> {
        self.keys().authenticate(key, &visitor()).await.unwrap()
    }

    async fn key(&self, id: ApiKeyId) -> ApiKey {
        let keys = self.keys().list(&self.admin).await.unwrap();
        keys.into_iter().find(|key| key.id == id).unwrap()
    }
}

#[tokio::test]
async fn a_key_is_shown_once_acts_as_its_maker_and_is_on_the_record() {
    let office = Office::new().await;
    let made = office.keys().create(&office.admin, wanted(" Feed ", None)).await.unwrap();
    assert_eq!((made.api_key.name.as_str(), made.api_key.expires_at), ("Feed", None));
    assert!(made.key.starts_with(&made.api_key.prefix) && made.key.len() == 52);
    let kept: String = sqlx::query_scalar("select string_agg(k::text, '') from api_keys k")
        .fetch_one(&office.studio.admin)
        .await
        .unwrap();
    assert!(!kept.contains(&made.key[12..]), "the key itself is kept");

    let holder = office.holder(&made.key).await.unwrap();
    assert_eq!(
        (holder.actor.user_id, holder.actor.workspace_id, holder.actor.role, holder.actor.via),
        (office.admin.user_id, office.admin.workspace_id, Role::Admin, Via::ApiKey(made.api_key.id))
    );
    assert_eq!(holder.scopes.into_iter().collect::<Vec<_>>(), [Scope::ContentRead, Scope::MediaWrite]);
    for wrong in ["", "arc_", &made.key[..51], &format!("{}x", &made.key[..51]), &made.key.to_uppercase()] {
        assert!(office.holder(wrong).await.is_none(), "{wrong}");
    }
    // A key makes no keys, whatever its maker may.
    assert_eq!(code(office.keys().create(&holder.actor, wanted("Another", None)).await), ErrorCode::Forbidden);
    assert_eq!(code(office.keys().list(&holder.actor).await), ErrorCode::Forbidden);

    // What it does names it, and still says whose it is.
    office.team.invite(&holder.actor, NewInvitation { email: ORLA.into(), role: "viewer".into() }).await.unwrap();
    office.work().await;
    let events = AuditService::new(office.studio.db.clone()).list(&office.admin, AuditFilter::default()).await.unwrap();
    let invited = &events.items[0];
    assert_eq!((invited.action.as_str(), invited.via), ("invitation.sent", AuditVia::ApiKey));
    assert_eq!((invited.api_key_id, invited.api_key_name.as_deref()), (Some(made.api_key.id.0), Some("Feed")));
    assert_eq!(invited.actor.as_ref().map(|person| person.id), Some(office.admin.user_id));
    let created = &events.items[1];
    assert_eq!((created.action.as_str(), created.subject.name.as_deref()), ("api_key.created", Some("Feed")));
    assert!(!created.after.as_ref().unwrap().to_string().contains(&made.key[12..]));
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_has_expired_or_its_maker_is_gone() {
    let office = Office::new().await;
    let keys = office.keys();
    let (revoked, short) = (
        keys.create(&office.admin, wanted("Revoked", None)).await.unwrap(),
        keys.create(&office.admin, wanted("Short", Some(1))).await.unwrap(),
    );
    keys.revoke(&office.admin, revoked.api_key.id).await.unwrap();
    assert!(office.holder(&revoked.key).await.is_none());
    assert_eq!(code(keys.revoke(&office.admin, revoked.api_key.id).await), ErrorCode::NotFound);

    office.studio.clock.advance(Duration::hours(23));
    assert!(office.holder(&short.key).await.is_some());
    office.studio.clock.advance(Duration::hours(1));
    assert!(office.holder(&short.key).await.is_none());
    assert_eq!(office.key(short.api_key.id).await.state, ApiKeyState::Expired);

    let (orla, _) = office.joined(ORLA, Role::Admin).await;
    let hers = keys.create(&orla, wanted("Hers", None)).await.unwrap();
    let patch = |role, disabled| MemberPatch { role, disabled };
    office.team.change_member(&office.admin, orla.user_id, patch(Some(Role::Viewer), None)).await.unwrap();
    assert_eq!(office.holder(&hers.key).await.unwrap().actor.role, Role::Viewer, "never beyond its maker’s role");
    office.team.change_member(&office.admin, orla.user_id, patch(None, Some(true))).await.unwrap();
    assert!(office.holder(&hers.key).await.is_none());
    assert_eq!(office.key(hers.api_key.id).await.state, ApiKeyState::Stopped);
    office.team.change_member(&office.admin, orla.user_id, patch(None, Some(false))).await.unwrap();
    assert!(office.holder(&hers.key).await.is_some());
}

#[tokio::test]
async fn when_it_was_last_used_is_written_once_a_minute() {
    let office = Office::new().await;
    let made = office.keys().create(&office.admin, wanted("Feed", None)).await.unwrap();
    let id = made.api_key.id;
    let row = async || {
        let version: String = sqlx::query_scalar("select xmin::text from api_keys where id = $1")
            .bind(id.0)
            .fetch_one(&office.studio.admin)
            .await
            .unwrap();
        (version, office.key(id).await.last_used_at)
    };
    let (unused, never) = row().await;
    assert_eq!(never, None);
    let first = office.studio.clock.now();
    office.holder(&made.key).await.unwrap();
    let (written, used) = row().await;
    assert!(written != unused && used == Some(first));
    office.studio.clock.advance(TimeDelta::seconds(59));
    join_all((0..20).map(|_| office.holder(&made.key))).await;
    assert_eq!(row().await, (written, Some(first)), "a row was written for a request");
    office.studio.clock.advance(TimeDelta::seconds(1));
    join_all((0..20).map(|_| office.holder(&made.key))).await;
    assert_eq!(row().await.1, Some(first + TimeDelta::minutes(1)));
}

#[tokio::test]
async fn there_is_an_end_to_keys_also_when_many_are_made_at_once() {
    let office = Office::new().await;
    let keys = office.keys();
    let made = join_all((0..MAX_API_KEYS + 5).map(|n| {
        let (keys, admin) = (keys.clone(), office.admin.clone());
        async move { keys.create(&admin, wanted(&format!("Key {n}"), None)).await }
    }))
    .await;
    let refused: Vec<_> = made.into_iter().filter_map(Result::err).map(|error| error.code()).collect();
    assert_eq!(refused, [ErrorCode::Conflict; 5]);
    assert!(!field(keys.create(&office.admin, wanted("", None)).await, "name").is_empty());
}

#[tokio::test]
async fn keys_are_an_admins_and_one_workspaces() {
    let office = Office::new().await;
    let made = office.keys().create(&office.admin, wanted("Feed", None)).await.unwrap();
    let (editor, _) = office.joined(ORLA, Role::Editor).await;
    assert_eq!(code(office.keys().list(&editor).await), ErrorCode::Forbidden);
    assert_eq!(code(office.keys().create(&editor, wanted("Feed", None)).await), ErrorCode::Forbidden);
    let stranger = register(&office.identity, "stranger@walk.example").await;
    office.work().await;
    let stranger = actor(&office.identity, &stranger.token).await.unwrap();
    assert!(office.keys().list(&stranger).await.unwrap().is_empty());
    assert_eq!(code(office.keys().revoke(&stranger, made.api_key.id).await), ErrorCode::NotFound);
    assert!(office.holder(&made.key).await.is_some());
}
