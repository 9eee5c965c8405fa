//! Choosing one's letters, and the link that ends them.

use std::{collections::BTreeMap, net::IpAddr};

use domain::{
    Actor, Browser, ErrorCode, RequestId, Visitor,
    audit::{Audit, AuditFilter, AuditVia},
    notifications::{NotificationEvent, NotificationPreference, Notifications, PreferencesPatch},
    posts::PostStatus,
};

use super::{telling::Harbour, *};
use crate::features::{audit::AuditService, notifications::NotificationService, posts::tests::studio::code};

fn service(studio: &Studio) -> NotificationService {
    let tokens = OneTimeTokens::new(&SecretString::from(SECRET));
    NotificationService::new(studio.db.clone(), studio.clock.clone(), tokens)
}

fn visitor() -> Visitor {
    Visitor {
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some("A mail program".to_owned()),
        request_id: RequestId::parse("req_walk").unwrap(),
        browser: Browser::default(),
    }
}

fn patch(event: NotificationEvent, email: bool) -> PreferencesPatch {
    PreferencesPatch { email: BTreeMap::from([(event, email)]) }
}

/// What the link in somebody's latest letter holds.
fn token(harbour: &Harbour, of: &Actor) -> String {
    let link = harbour.letters(of).pop().unwrap().unsubscribe.unwrap();
    link.strip_prefix("https://arctiv.example/unsubscribe?token=").unwrap().to_owned()
}

async fn fail_a_post(harbour: &Harbour) {
    let post = harbour.ended("Fresh", "failed", "failed").await;
    harbour.over(&[(post, PostStatus::Failed)]).await;
    harbour.told().await;
}

#[tokio::test]
async fn everything_is_on_until_somebody_switches_it_off_for_themselves() {
    let harbour = Harbour::new().await;
    let service = service(&harbour.studio);
    let mine = service.preferences(&harbour.admin).await.unwrap();
    assert_eq!(mine.len(), NotificationEvent::ALL.len());
    assert!(mine.iter().all(|one| one.email));
    let editors: Vec<_> = service.preferences(&harbour.editor).await.unwrap().iter().map(|one| one.event).collect();
    assert!(!editors.contains(&NotificationEvent::MemberJoined), "{editors:?}");

    let changed = service.set_preferences(&harbour.admin, patch(NotificationEvent::PostFailed, false)).await.unwrap();
    assert_eq!(changed[0], NotificationPreference { event: NotificationEvent::PostFailed, email: false });
    assert!(changed[1..].iter().all(|one| one.email));
    assert!(
        service.preferences(&harbour.editor).await.unwrap().iter().all(|one| one.email),
        "everybody for themselves"
    );
    // What is so already is not written down once more.
    service.set_preferences(&harbour.admin, patch(NotificationEvent::PostFailed, false)).await.unwrap();
    let events =
        AuditService::new(harbour.studio.db.clone()).list(&harbour.admin, AuditFilter::default()).await.unwrap();
    let recorded: Vec<_> = events.items.iter().filter(|event| event.action.starts_with("notification.")).collect();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].after, Some(serde_json::json!({ "post_failed": false })));
    assert_eq!(
        code(service.set_preferences(&harbour.admin, PreferencesPatch::default()).await),
        ErrorCode::ValidationError
    );
    service.set_preferences(&harbour.admin, patch(NotificationEvent::PostFailed, true)).await.unwrap();
    assert!(service.preferences(&harbour.admin).await.unwrap().iter().all(|one| one.email));
}

#[tokio::test]
async fn a_link_ends_letters_of_one_kind_for_one_person_in_one_workspace() {
    let harbour = Harbour::new().await;
    for (platform, name) in
        [(domain::Platform::Facebook, "Harbour & Pine"), (domain::Platform::Linkedin, "Maeve Byrne")]
    {
        harbour.studio.account(&harbour.admin, platform, name).await;
    }
    let service = service(&harbour.studio);
    fail_a_post(&harbour).await;
    let token = token(&harbour, &harbour.editor);
    // Scanners open every link: that changes nothing.
    for _ in 0..2 {
        let found = service.subscription(&token).await.unwrap();
        assert_eq!((found.event, found.workspace.as_str()), (NotificationEvent::PostFailed, "Harbour & Pine"));
        assert!(found.subscribed);
    }
    for _ in 0..2 {
        assert!(!service.unsubscribe(&visitor(), &token).await.unwrap().subscribed);
    }
    assert!(!service.subscription(&token).await.unwrap().subscribed);
    let off: Vec<_> =
        service.preferences(&harbour.editor).await.unwrap().into_iter().filter(|one| !one.email).collect();
    assert_eq!(off, [NotificationPreference { event: NotificationEvent::PostFailed, email: false }]);
    fail_a_post(&harbour).await;
    assert_eq!((harbour.letters(&harbour.admin).len(), harbour.letters(&harbour.editor).len()), (2, 1));

    let events =
        AuditService::new(harbour.studio.db.clone()).list(&harbour.admin, AuditFilter::default()).await.unwrap();
    let recorded: Vec<_> =
        events.items.iter().filter(|event| event.action == "notification.preferences_changed").collect();
    assert_eq!(recorded.len(), 1, "twice is once");
    assert_eq!(recorded[0].via, AuditVia::SignIn);
    assert_eq!(recorded[0].actor.as_ref().map(|who| who.id), Some(harbour.editor.user_id));
    // The database keeps nothing of the link.
    let kept: String =
        sqlx::query_scalar("select string_agg(p::text, '') || (select string_agg(m::text, '') from mails m) from notification_preferences p")
            .fetch_one(&harbour.studio.admin)
            .await
            .unwrap();
    assert!(!kept.contains(token.split_once('.').unwrap().1));

    // They have it again, by their own choice.
    service.set_preferences(&harbour.editor, patch(NotificationEvent::PostFailed, true)).await.unwrap();
    assert!(service.subscription(&token).await.unwrap().subscribed);
    for wrong in ["", "x", "x.y", &token[1..], &format!("{token}A"), &token.replace('.', "")] {
        assert_eq!(code(service.subscription(wrong).await), ErrorCode::NotFound, "{wrong}");
        assert_eq!(code(service.unsubscribe(&visitor(), wrong).await), ErrorCode::NotFound, "{wrong}");
    }
    // Whoever has left gets none, and the link says so.
    sqlx::query("delete from memberships where user_id = $1")
        .bind(harbour.editor.user_id.0)
        .execute(&harbour.studio.admin)
        .await
        .unwrap();
    assert!(!service.subscription(&token).await.unwrap().subscribed);
    assert!(!service.unsubscribe(&visitor(), &token).await.unwrap().subscribed);
    assert_eq!(harbour.studio.count("notification_preferences").await, 0, "choices go with the membership");
}
