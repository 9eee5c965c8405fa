//! What an admin sets for a workspace, and what people say of themselves.

use domain::{
    identity::{Me, ProfilePatch, Profiles},
    media::Signature,
    posts::ApprovalPolicy,
    workspaces::{MAX_PORTRAIT, SLUG_TAKEN, WorkspacePatch, WorkspaceSettings},
};
use image::ImageFormat;
use object_store::{ObjectStoreExt, path::Path};
use serde_json::{Value, json};

use super::{super::SettingsService, *};
use crate::features::{
    identity::ProfileService,
    media::{MediaLinks, Portraits, samples::picture},
};

/// The office, with what changes it.
struct Desk {
    office: Office,
    settings: SettingsService,
    profiles: ProfileService,
    links: MediaLinks,
}

impl Desk {
    async fn new() -> Self {
        let office = Office::new().await;
        let (db, clock) = (office.studio.db.clone(), office.studio.clock.clone());
        let links = MediaLinks::new(&SecretString::from(SECRET), clock.clone());
        let portraits = Portraits::new(office.studio.files.clone(), links.clone(), office.studio.ids.clone());
        let settings = SettingsService::new(db.clone(), clock.clone(), links.clone(), portraits.clone());
        let profiles = ProfileService::new(db, clock, links.clone(), portraits);
        Self { office, settings, profiles, links }
    }

    fn admin(&self) -> &Actor {
        &self.office.admin
    }

    /// Before and after of the latest line of an action.
    async fn recorded(&self, action: &str) -> (Value, Value) {
        sqlx::query_as("select before, after from audit_events where action = $1 order by seq desc limit 1")
            .bind(action)
            .fetch_one(&self.office.studio.admin)
            .await
            .unwrap()
    }

    async fn lines(&self, action: &'static str) -> i64 {
        sqlx::query_scalar("select count(*) from audit_events where action = $1")
            .bind(action)
            .fetch_one(&self.office.studio.admin)
            .await
            .unwrap()
    }

    /// The file behind an address, if there is one.
    async fn file(&self, url: &str) -> Option<Vec<u8>> {
        let name = url.trim_start_matches("/portraits/").split('?').next().unwrap();
        let found = self.office.studio.store.get(&Path::from(format!("portraits/{name}"))).await.ok()?;
        Some(found.bytes().await.unwrap().to_vec())
    }

    async fn me(&self) -> Me {
        self.office.identity.me(self.admin()).await.unwrap()
    }
}

fn square(side: u32) -> Vec<u8> {
    picture(side, side, 255, ImageFormat::Png)
}

#[tokio::test]
async fn an_admin_changes_the_settings_and_the_record_says_what_was() {
    let desk = Desk::new().await;
    let before = desk.settings.settings(desk.admin()).await.unwrap();
    assert_eq!((before.undo_seconds, before.new_accounts_active, before.time_zone.as_str()), (5, true, "UTC"));
    let patch = WorkspacePatch {
        name: Some(" Pier & Pine ".into()),
        time_zone: Some("Europe/Dublin".into()),
        undo_seconds: Some(0),
        new_accounts_active: Some(false),
        approval_policy: Some(ApprovalPolicy::Everybody),
        ..WorkspacePatch::default()
    };
    let after = desk.settings.change(desk.admin(), patch.clone()).await.unwrap();
    assert_eq!((after.name.as_str(), after.slug.as_str(), after.undo_seconds), ("Pier & Pine", "harbour-pine", 0));
    let me = desk.me().await.workspace;
    assert_eq!(me, after);
    let (was, is) = desk.recorded("workspace.changed").await;
    assert_eq!(
        was,
        json!({
            "name": "Harbour & Pine", "time_zone": "UTC", "undo_seconds": 5, "new_accounts_active": true,
            "approval_policy": "members"
        })
    );
    assert_eq!(is["time_zone"], "Europe/Dublin");
    // The same again changes nothing, and leaves nothing.
    desk.settings.change(desk.admin(), patch).await.unwrap();
    assert_eq!(desk.lines("workspace.changed").await, 1);
    let wrong = WorkspacePatch { slug: Some("Pier".into()), undo_seconds: Some(61), ..WorkspacePatch::default() };
    let error = desk.settings.change(desk.admin(), wrong).await.unwrap_err();
    assert!(error.fault.fields.get("slug").is_some() && error.fault.fields.get("undo_seconds").is_some());
}

#[rstest]
#[case(Role::Viewer)]
#[case(Role::Member)]
#[case(Role::Editor)]
#[tokio::test]
async fn everybody_else_sees_them_and_changes_nothing(#[case] role: Role) {
    let desk = Desk::new().await;
    let (orla, _) = desk.office.joined(ORLA, role).await;
    assert_eq!(desk.settings.settings(&orla).await.unwrap().name, "Harbour & Pine");
    let patch = WorkspacePatch { name: Some("Mine".into()), ..WorkspacePatch::default() };
    assert_eq!(code(desk.settings.change(&orla, patch).await), ErrorCode::Forbidden);
    assert_eq!(code(desk.settings.set_logo(&orla, square(8)).await), ErrorCode::Forbidden);
    assert_eq!(code(desk.settings.remove_logo(&orla).await), ErrorCode::Forbidden);
    assert_eq!(desk.me().await.workspace.name, "Harbour & Pine");
}

#[tokio::test]
async fn a_short_name_is_one_workspaces_only_and_the_others_stay_as_they_are() {
    let desk = Desk::new().await;
    let other = register(&desk.office.identity, "stranger@walk.example").await;
    let slug = WorkspacePatch { slug: Some(other.workspace.slug.clone()), ..WorkspacePatch::default() };
    assert_eq!(field(desk.settings.change(desk.admin(), slug).await, "slug"), SLUG_TAKEN);
    let patch = WorkspacePatch { name: Some("Pier".into()), ..WorkspacePatch::default() };
    desk.settings.change(desk.admin(), patch).await.unwrap();
    let stranger = actor(&desk.office.identity, &other.token).await.unwrap();
    assert_eq!(desk.settings.settings(&stranger).await.unwrap(), other.workspace);
    desk.office.work().await;
}

#[tokio::test]
async fn a_logo_is_kept_small_shown_for_an_hour_and_replaced() {
    let desk = Desk::new().await;
    let with = desk.settings.set_logo(desk.admin(), square(1_200)).await.unwrap();
    let url = with.logo_url.unwrap();
    assert_eq!(desk.me().await.workspace.logo_url.as_deref(), Some(url.as_str()));
    let kept = image::load_from_memory(&desk.file(&url).await.unwrap()).unwrap();
    assert_eq!((kept.width(), kept.height()), (480, 480));

    let (name, query) = url.trim_start_matches("/portraits/").split_once('?').unwrap();
    let signature: Signature = serde_urlencoded::from_str(query).unwrap();
    assert!(desk.links.verify_portrait(name, &signature).is_ok());
    assert!(desk.links.verify_portrait("0199f2c4-8a31-7c5e-b1d0-4f6a00000001.png", &signature).is_err());
    desk.office.studio.clock.advance(Duration::minutes(71));
    assert!(desk.links.verify_portrait(name, &signature).is_err());

    let next = desk.settings.set_logo(desk.admin(), square(20)).await.unwrap().logo_url.unwrap();
    assert!(desk.file(&url).await.is_none(), "the old one is gone");
    assert!(desk.file(&next).await.is_some());
    for nothing in [b"<svg/>".to_vec(), Vec::new(), b"\x89PNG\r\n\x1a\nbroken".to_vec()] {
        assert!(!field(desk.settings.set_logo(desk.admin(), nothing).await, "file").is_empty());
    }
    let error = desk.settings.set_logo(desk.admin(), vec![0; MAX_PORTRAIT + 1]).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::PayloadTooLarge);
    assert!(desk.settings.remove_logo(desk.admin()).await.unwrap().logo_url.is_none());
    assert!(desk.file(&next).await.is_none());
    desk.settings.remove_logo(desk.admin()).await.unwrap();
    assert_eq!(desk.lines("workspace.changed").await, 3);
}

#[tokio::test]
async fn people_say_of_themselves_what_their_kind_has() {
    let desk = Desk::new().await;
    let niamh = desk.admin();
    let patch = ProfilePatch {
        full_name: Some(" Niamh Walsh ".into()),
        headline: Some("Cafés and small shops".into()),
        specialties: Some(vec!["Food".into(), " food ".into(), "Small shops".into()]),
        team_size: Some(4),
        listed: Some(true),
        ..ProfilePatch::default()
    };
    let after = desk.profiles.change_profile(niamh, patch.clone()).await.unwrap();
    assert_eq!((after.full_name.as_str(), after.specialties.len(), after.listed), ("Niamh Walsh", 2, true));
    let me = desk.me().await;
    assert_eq!((me.user.full_name.as_str(), me.profile.team_size), ("Niamh Walsh", Some(4)));
    let (was, is) = desk.recorded("user.profile_changed").await;
    assert_eq!((&was["full_name"], &is["full_name"]), (&json!("Niamh Doyle"), &json!("Niamh Walsh")));
    assert!(is.get("bio").is_none(), "what stayed is not said");
    desk.profiles.change_profile(niamh, patch).await.unwrap();
    assert_eq!(desk.lines("user.profile_changed").await, 1);
    let gone = ProfilePatch { headline: Some(String::new()), team_size: Some(0), ..ProfilePatch::default() };
    let after = desk.profiles.change_profile(niamh, gone).await.unwrap();
    assert_eq!((after.headline, after.team_size), (None, None));
    // Another kind has other fields.
    desk.office.sql("update users set role = 'client'").await;
    let wrong = ProfilePatch { availability: Some("Now".into()), team_size: Some(1), ..ProfilePatch::default() };
    let error = desk.profiles.change_profile(niamh, wrong).await.unwrap_err();
    assert!(error.fault.fields.get("availability").is_some() && error.fault.fields.get("team_size").is_some());
}

#[tokio::test]
async fn a_picture_is_a_persons_own() {
    let desk = Desk::new().await;
    let (orla, _) = desk.office.joined(ORLA, Role::Viewer).await;
    let url = desk.profiles.set_avatar(&orla, square(600)).await.unwrap().avatar_url.unwrap();
    assert!(desk.file(&url).await.is_some());
    assert!(desk.me().await.profile.avatar_url.is_none(), "nobody else gets it");
    assert!(desk.profiles.remove_avatar(&orla).await.unwrap().avatar_url.is_none());
    assert!(desk.file(&url).await.is_none());
}
