//! What is Mastodon's alone: no way to renew, a key with each post, films that are worked on, and who may see a post.

use domain::{deliveries::ErrorClass, platform::Audience};
use platforms::{AccountKind, Finding, MediaItem, PlatformError, Progress};
use sandbox::{driver::Visitor, samples};
use serde_json::json;

use super::{MASTODON, World, class, picture, post, usable};

#[tokio::test]
async fn a_person_connects_an_account_of_the_instance() {
    let world = World::new(MASTODON).await;
    let grant = world.grant().await;
    assert_eq!(
        (grant.profile.kind, grant.profile.handle.as_deref()),
        (AccountKind::Profile, Some("@northwindcoffee@127.0.0.1"))
    );
    let instance = world.sandbox.url().trim_start_matches("http://").to_owned();
    assert!(grant.profile.external_id.ends_with(&format!("@{instance}")), "{}", grant.profile.external_id);
    assert!(grant.tokens.refresh_token.is_none() && grant.tokens.expires_at.is_none());
    assert!(grant.missing_scopes.is_empty(), "{:?}", grant.missing_scopes);
    let profile = grant.profile.clone();
    assert_eq!(world.adapter.identify(&usable(grant)).await.unwrap(), profile);
    // All or nothing.
    let exchange = world.authorize(Visitor::called(MASTODON.person).without_scope("write:media")).await.unwrap();
    assert!(exchange.grants.iter().all(|grant| grant.missing_scopes.is_empty()));
}

#[tokio::test]
async fn access_taken_back_shows_in_every_call() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    world.control("revoke").await;
    let request = post(&account, "Hello");
    for error in [
        world.publish(&request).await.unwrap_err(),
        world.adapter.probe(&account).await.unwrap_err(),
        world.adapter.refresh(&account).await.unwrap_err(),
    ] {
        assert_eq!(class(&error), ErrorClass::AuthExpired, "{error:?}");
    }
    assert!(world.posts().await.is_empty());
}

#[tokio::test]
async fn a_commit_sent_again_makes_no_second_post() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    let mut request = post(&account, "Once, whatever happens");
    request.media = vec![picture(1, None)];
    let state = world.stage(&request).await.unwrap();
    world.fault("publish", "drop_after_accept", json!({})).await;
    let lost = world.adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(class(&lost), ErrorClass::OutcomeUnknown);
    // The list is not asked, as if it lagged behind.
    let again = world.stage_from(&request, &state).await.unwrap();
    let published = world.adapter.commit(&request, &again).await.unwrap();
    let posts = world.posts().await;
    assert_eq!((posts.len(), posts[0]["id"].as_str()), (1, Some(published.external_id.as_str())));
    // The same words in a delivery of their own are a post of their own.
    world.publish(&post(&account, "Once, whatever happens")).await.unwrap();
    assert_eq!(world.posts().await.len(), 2);
}

#[tokio::test]
async fn a_film_is_worked_on_and_goes_out() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    let bytes = samples::film_of(720, 1_280, 8_000, 7, 3 * 1024 * 1024);
    let film = MediaItem::from_bytes("video/mp4", bytes.into(), Some("Beans falling".into()));
    let mut request = post(&account, "A film");
    request.media = vec![film];
    let first = world.adapter.stage(&request, None).await.unwrap();
    assert!(matches!(first.progress, Progress::Wait { .. }), "{:?}", first.progress);
    let published = world.publish(&request).await.unwrap();
    let posts = world.posts().await;
    assert_eq!(posts[0]["media"][0]["type"], "video/mp4");
    assert_eq!(posts[0]["media"][0]["alt_text"], "Beans falling");
    let Finding::Found { external_id, .. } = world.find(&request).await else { panic!("not found") };
    assert_eq!(external_id, published.external_id);

    world.fault("upload", "failed_processing", json!({})).await;
    request.text = "Another".into();
    let error: PlatformError = world.publish(&request).await.unwrap_err();
    assert_eq!((class(&error), error.stale), (ErrorClass::MediaInvalid, true));
}

#[tokio::test]
async fn posts_for_followers_stay_among_them() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    let mut request = post(&account, "For those who follow");
    request.options.audience = Some(Audience::Followers);
    let published = world.publish(&request).await.unwrap();
    assert!(world.posts().await.is_empty(), "everybody sees it");
    let Finding::Found { external_id, .. } = world.find(&request).await else { panic!("its author does not see it") };
    assert_eq!(external_id, published.external_id);
    let comment = world.adapter.comment(&account, &external_id, "More for them").await.unwrap();
    assert_ne!(comment, external_id);
    assert!(world.posts().await.is_empty(), "the answer is shown to more people than the post");
}

#[tokio::test]
async fn a_mention_with_a_domain_is_found_without_it() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    let request =
        post(&account, "Thanks @niamh@roasters.social & @harbourpine,\nsee https://arctiv.example/a?b=1&c=2 #tea");
    let published = world.publish(&request).await.unwrap();
    let Finding::Found { external_id, .. } = world.find(&request).await else { panic!("not found") };
    assert_eq!(external_id, published.external_id);
    let other = post(&account, "Thanks @niamh@elsewhere.example & @harbourpine");
    assert_eq!(world.find(&other).await, Finding::NotFound);
}

#[tokio::test]
async fn an_account_the_instance_has_frozen_is_its_owners_to_mend() {
    let world = World::new(MASTODON).await;
    let account = world.account().await;
    world.fault("publish", "status", json!({"status": 403})).await;
    let error = world.publish(&post(&account, "Hello")).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Policy);
    assert!(error.message.contains("Its owner"), "{}", error.message);
}
