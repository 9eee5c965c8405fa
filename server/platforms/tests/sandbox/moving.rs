//! Videos, documents, stories, and the two networks that publish nothing else than media: Instagram and TikTok.

use std::{io, ops::Range, sync::Arc, time::Duration};

use domain::{
    Platform,
    deliveries::ErrorClass,
    platform::{PostFormat, PublishingQuota, TiktokOptions, TiktokPrivacy},
};
use platforms::{
    Account, AccountKind, Finding, Login, MediaItem, MediaSource, PlatformError, Probe, Progress, PublishRequest,
    Published, Standing, VideoTransfer,
};
use rstest::rstest;
use sandbox::{driver::Visitor, samples};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::{FACEBOOK, INSTAGRAM, LINKED, MEMBER, ORGANIZATION, TIKTOK, Who, World, X, class, picture, post, usable};

pub(super) const MIB: usize = 1024 * 1024;

async fn instagram(login: Login) -> World {
    World::new(if login == Login::Own { INSTAGRAM } else { LINKED }).await
}

/// Where networks fetch media from.
pub(super) struct Host(MockServer);

impl Host {
    pub(super) async fn new() -> Self {
        Self(MockServer::start().await)
    }

    async fn serving(&self, name: &str, mime: &str, bytes: Vec<u8>) -> MediaItem {
        let at = format!("/media/{name}/original");
        let answer = ResponseTemplate::new(200).set_body_raw(bytes.clone(), mime);
        Mock::given(path(at.as_str())).respond_with(answer).mount(&self.0).await;
        let item = MediaItem::from_bytes(mime, bytes.into(), None);
        MediaItem { public_url: Some(format!("{}{at}?expires=1&signature=x", self.0.uri())), ..item }
    }

    pub(super) async fn photo(&self, seed: u8) -> MediaItem {
        self.serving(&format!("photo-{seed}"), "image/jpeg", samples::jpeg(1_080, 1_080, seed)).await
    }

    async fn film(&self, seed: u8) -> MediaItem {
        self.serving(&format!("film-{seed}"), "video/mp4", samples::film(720, 1_280, 8_000, seed)).await
    }
}

pub(super) fn film(size: usize) -> MediaItem {
    let bytes = samples::film_of(720, 1_280, 8_000, 7, size);
    MediaItem::from_bytes("video/mp4", bytes.into(), None)
}

impl World {
    /// Asks what has become of a post until there is an answer.
    async fn outcome(&self, request: &PublishRequest, state: &Value) -> Finding {
        for _ in 0..60 {
            match self.adapter.find_published(request, Some(state), &[]).await.unwrap() {
                Finding::Processing { .. } => tokio::time::sleep(Duration::from_millis(250)).await,
                finding => return finding,
            }
        }
        let asked = self.sandbox.control().unwrap().requests(Some(self.who.platform.as_str())).await.unwrap();
        panic!("no answer to what has become of a post; last asked: {:?}", asked.last());
    }

    /// Publishes, and waits for what comes of it.
    pub(super) async fn publish_to_the_end(
        &self,
        request: &PublishRequest,
    ) -> Result<(Published, Finding), PlatformError> {
        let state = self.stage(request).await?;
        let published = self.adapter.commit(request, &state).await?;
        let state = match &published.standing {
            Standing::Processing { state, .. } => state.clone(),
            Standing::Public | Standing::WaitingForCreator => state,
        };
        let finding = self.outcome(request, &state).await;
        Ok((published, finding))
    }

    async fn media(&self) -> Vec<(String, u64)> {
        let posts = self.posts().await;
        assert_eq!(posts.len(), 1, "{posts:?}");
        let media = posts.first().and_then(|post| post.get("media")?.as_array()).unwrap();
        let facts = |media: &Value| Some((media.get("type")?.as_str()?.to_owned(), media.get("bytes")?.as_u64()?));
        media.iter().map(|media| facts(media).unwrap()).collect()
    }
}

fn found(finding: &Finding) -> &str {
    match finding {
        Finding::Found { external_id, .. } => external_id,
        other => panic!("not found: {other:?}"),
    }
}

// ---- instagram ------------------------------------------------------------------------------------------------------

#[rstest]
#[case(Login::Own, AccountKind::Professional)]
#[case(Login::Facebook, AccountKind::LinkedProfessional)]
#[tokio::test]
async fn a_person_connects_instagram(#[case] login: Login, #[case] kind: AccountKind) {
    let world = instagram(login).await;
    let grant = world.grant().await;
    assert_eq!(grant.profile.kind, kind);
    assert!(grant.missing_scopes.is_empty(), "{:?}", grant.missing_scopes);
    assert!(grant.tokens.refresh_token.is_some());
    let profile = grant.profile.clone();
    let account = usable(grant);
    let identified = world.adapter.identify(&account).await.unwrap();
    assert_eq!((identified.external_id, identified.handle), (profile.external_id, profile.handle));
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Alive { .. }));
}

#[rstest]
#[case(Login::Own)]
#[case(Login::Facebook)]
#[tokio::test]
async fn a_picture_goes_out_on_instagram(#[case] login: Login) {
    let world = instagram(login).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "Brewing (slowly) #coffee & <tea>\n\n“crème brûlée” ☕");
    let photo = host.photo(1).await;
    request.media = vec![MediaItem { alt_text: Some("A cup".into()), ..photo }];
    let (published, finding) = world.publish_to_the_end(&request).await.unwrap();
    let posts = world.posts().await;
    assert_eq!(posts[0]["text"], request.text);
    assert_eq!(posts[0]["media"][0]["alt_text"], "A cup");
    assert_eq!(posts[0]["id"], published.external_id);
    assert_eq!(found(&finding), published.external_id);
    let url = world.adapter.permalink(&account, &published.external_id).await.unwrap().unwrap();
    assert!(super::is_there(&url).await, "{url} leads nowhere");
    let comment = world.adapter.comment(&account, &published.external_id, "More in the shop").await.unwrap();
    assert!(!comment.is_empty());
}

#[rstest]
#[case(Login::Own)]
#[case(Login::Facebook)]
#[tokio::test]
async fn a_carousel_of_pictures_and_a_film_goes_out(#[case] login: Login) {
    let world = instagram(login).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "Three things");
    request.media = vec![host.photo(1).await, host.film(2).await, host.photo(3).await];
    let sizes: Vec<u64> = request.media.iter().map(|item| item.size).collect();
    let (published, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert_eq!(found(&finding), published.external_id);
    let kept: Vec<u64> = world.media().await.into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(kept, sizes);
}

#[rstest]
#[case(true, PostFormat::Feed)]
#[case(true, PostFormat::Reel)]
#[case(false, PostFormat::Reel)]
#[case(true, PostFormat::Story)]
#[tokio::test]
async fn a_film_goes_out_on_instagram(#[case] fetched: bool, #[case] format: PostFormat) {
    let world = instagram(Login::Own).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, if format == PostFormat::Story { "" } else { "Opening day" });
    request.options.format = format;
    request.media = vec![if fetched { host.film(1).await } else { film(3 * MIB) }];
    let (published, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert_eq!(world.media().await, [("video/mp4".to_owned(), request.media[0].size)]);
    assert_eq!(found(&finding), published.external_id);
}

#[tokio::test]
async fn an_instagram_story_whose_answer_was_lost_is_found() {
    let world = instagram(Login::Own).await;
    let account = world.account().await;
    let mut request = world.post(&account, "").await;
    request.options.format = PostFormat::Story;
    let state = world.stage(&request).await.unwrap();
    world.fault("publish", "drop_after_accept", json!({})).await;
    let error = world.adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{error:?}");
    let finding = world.outcome(&request, &state).await;
    let Finding::Found { external_id, url: Some(url), .. } = finding else { panic!("{finding:?}") };
    assert_eq!(world.posts().await[0]["id"], external_id);
    assert!(super::is_there(&url).await, "{url} leads nowhere");
}

#[tokio::test]
async fn an_instagram_post_whose_answer_was_lost_is_found() {
    let world = instagram(Login::Own).await;
    let account = world.account().await;
    let host = Host::new().await;
    for fault in ["drop_after_accept", "slow", "malformed"] {
        let mut request = post(&account, &format!("Lost by {fault}"));
        request.media = vec![host.photo(1).await];
        let state = world.stage(&request).await.unwrap();
        world.fault("publish", fault, json!({"slow_ms": 2_500})).await;
        let error = world.adapter.commit(&request, &state).await.unwrap_err();
        assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{fault}: {error:?}");
        let finding = world.outcome(&request, &state).await;
        assert_eq!(world.posts().await.last().unwrap()["id"], found(&finding), "{fault}");
    }
}

#[tokio::test]
async fn an_instagram_post_that_never_arrived_is_sent_again() {
    let world = instagram(Login::Own).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "Again");
    request.media = vec![host.photo(1).await];
    let state = world.stage(&request).await.unwrap();
    for (fault, more) in [("timeout", json!({})), ("status", json!({"status": 503}))] {
        world.fault("publish", fault, more).await;
        let error = world.adapter.commit(&request, &state).await.unwrap_err();
        assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{fault}: {error:?}");
        assert_eq!(world.outcome(&request, &state).await, Finding::NotFound);
    }
    // A later attempt looks at the container, and uses it.
    let again = world.adapter.stage(&request, Some(&state)).await.unwrap();
    assert_eq!((again.progress, &again.state), (Progress::Ready, &state));
    world.adapter.commit(&request, &state).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
}

#[tokio::test]
async fn a_picture_instagram_does_not_take_is_refused() {
    let world = instagram(Login::Own).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "Too wide");
    request.media = vec![host.serving("wide", "image/jpeg", samples::jpeg(2_000, 500, 1)).await];
    let error = world.publish_to_the_end(&request).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::MediaInvalid, "{error:?}");
    assert!(world.posts().await.is_empty());
}

#[rstest]
#[case(Login::Own)]
#[case(Login::Facebook)]
#[tokio::test]
async fn access_to_instagram_taken_back_is_noticed(#[case] login: Login) {
    let world = instagram(login).await;
    let account = world.account().await;
    world.control("revoke").await;
    let host = Host::new().await;
    let mut request = post(&account, "Hello");
    request.media = vec![host.photo(1).await];
    assert_eq!(class(&world.stage(&request).await.unwrap_err()), ErrorClass::AuthRevoked);
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Gone { .. }));
    assert_eq!(class(&world.adapter.refresh(&account).await.unwrap_err()), ErrorClass::AuthRevoked);
}

#[tokio::test]
async fn access_to_instagram_through_facebook_is_renewed_and_given_back() {
    let world = instagram(Login::Facebook).await;
    let mut account = world.account().await;
    account.tokens = world.adapter.refresh(&account).await.unwrap();
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Alive { .. }));
    world.adapter.revoke(&account).await.unwrap();
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Gone { .. }));
}

// ---- tiktok ---------------------------------------------------------------------------------------------------------

/// The choices of a creator who lets everybody see it.
pub(super) fn chosen() -> TiktokOptions {
    TiktokOptions {
        privacy: TiktokPrivacy::PublicToEveryone,
        allow_comments: true,
        allow_duet: false,
        allow_stitch: false,
        own_brand: false,
        paid_partnership: false,
        made_with_ai: false,
        auto_add_music: false,
    }
}

#[rstest]
#[case(Login::Own)]
#[case(Login::Facebook)]
#[tokio::test]
async fn instagram_tells_what_is_used_of_its_quota(#[case] login: Login) {
    let world = instagram(login).await;
    let account = usable(world.grant().await);
    let quota = world.adapter.publishing_quota(&account).await.unwrap().unwrap();
    assert_eq!((quota.used, quota.window), (0, 86_400));
    let host = Host::new().await;
    let request = PublishRequest { media: vec![host.photo(1).await], ..post(&account, "Counted") };
    world.publish(&request).await.unwrap();
    assert_eq!(world.adapter.publishing_quota(&account).await.unwrap().unwrap(), PublishingQuota { used: 1, ..quota });
}

#[tokio::test]
async fn a_creator_connects_tiktok() {
    let world = World::new(TIKTOK).await;
    let grant = world.grant().await;
    assert!(grant.missing_scopes.is_empty(), "{:?}", grant.missing_scopes);
    assert!(grant.tokens.expires_at.is_some() && grant.tokens.refresh_expires_at.is_some());
    let profile = grant.profile.clone();
    let mut account = usable(grant);
    assert_eq!(world.adapter.identify(&account).await.unwrap(), profile);
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Alive { .. }));
    let choices = world.adapter.creator_choices(&account).await.unwrap().unwrap();
    assert!(choices.privacy.contains(&TiktokPrivacy::PublicToEveryone) && choices.comments, "{choices:?}");
    // The old pair is dead once there is a new one.
    let old = account.clone();
    account.tokens = world.adapter.refresh(&account).await.unwrap();
    assert_eq!(class(&world.adapter.refresh(&old).await.unwrap_err()), ErrorClass::AuthRevoked);
    assert!(matches!(world.adapter.probe(&account).await.unwrap(), Probe::Alive { .. }));
}

#[rstest]
#[case(200_000)]
#[case(10 * MIB)]
#[tokio::test]
async fn a_film_goes_out_on_tiktok(#[case] size: usize) {
    let world = World::patient(TIKTOK).await;
    let account = world.account().await;
    let mut request = post(&account, "Opening day #coffee");
    request.options.tiktok = Some(chosen());
    request.media = vec![film(size)];
    let (published, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert!(matches!(published.standing, Standing::Processing { .. }));
    found(&finding);
    assert_eq!(world.media().await, [("video/mp4".to_owned(), size as u64)]);
    assert_eq!(world.posts().await[0]["text"], request.text);
}

#[tokio::test]
async fn pictures_go_out_on_tiktok() {
    let world = World::new(TIKTOK).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "The new menu");
    request.options.tiktok = Some(chosen());
    request.media = vec![host.photo(1).await, host.photo(2).await];
    let (_, finding) = world.publish_to_the_end(&request).await.unwrap();
    found(&finding);
    assert_eq!(world.media().await.len(), 2);
}

#[tokio::test]
async fn a_film_is_fetched_by_tiktok() {
    let world = World::with(TIKTOK, |settings| settings.video_transfer = VideoTransfer::Pull).await;
    let account = world.account().await;
    let mut request = post(&account, "Opening day #coffee");
    request.options.tiktok = Some(chosen());
    let film = world.host.film(1).await;
    request.media = vec![film.clone()];
    let (published, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert!(matches!(published.standing, Standing::Processing { .. }));
    found(&finding);
    assert_eq!(world.media().await, [("video/mp4".to_owned(), film.size)]);

    // Fetching may fail, which is worth another try.
    let gone = film.public_url.as_ref().map(|url| url.replace("film-1", "film-2"));
    request.media = vec![MediaItem { public_url: gone, ..film.clone() }];
    let (_, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert!(matches!(&finding, Finding::Refused { class: ErrorClass::Transient, .. }), "{finding:?}");

    // Without the answer there is no handle to ask by.
    request.media = vec![film];
    let state = world.stage(&request).await.unwrap();
    world.fault("publish", "drop_after_accept", json!({})).await;
    let error = world.adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{error:?}");
    assert!(matches!(world.outcome(&request, &state).await, Finding::CannotTell { .. }));
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn without_choices_a_post_waits_for_its_creator(#[case] pictures: bool) {
    let world = World::new(TIKTOK).await;
    let account = world.account().await;
    let host = Host::new().await;
    let mut request = post(&account, "For you to finish");
    request.media = vec![if pictures { host.photo(1).await } else { film(200_000) }];
    let (_, finding) = world.publish_to_the_end(&request).await.unwrap();
    assert!(matches!(finding, Finding::WaitingForCreator { .. }), "{finding:?}");
}

#[tokio::test]
async fn a_tiktok_post_whose_answer_was_lost_is_found() {
    let world = World::new(TIKTOK).await;
    let account = world.account().await;
    for fault in ["drop_after_accept", "slow"] {
        let mut request = post(&account, &format!("Lost by {fault}"));
        request.options.tiktok = Some(chosen());
        request.media = vec![film(200_000)];
        let state = world.stage(&request).await.unwrap();
        // What publishes is the last piece.
        world.fault("upload", fault, json!({"slow_ms": 2_500})).await;
        let error = world.adapter.commit(&request, &state).await.unwrap_err();
        assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{fault}: {error:?}");
        found(&world.outcome(&request, &state).await);
    }
    assert_eq!(world.posts().await.len(), 2);
}

#[tokio::test]
async fn access_to_tiktok_taken_back_is_noticed() {
    let world = World::new(TIKTOK).await;
    let account = world.account().await;
    world.control("revoke").await;
    let mut request = post(&account, "Hello");
    request.options.tiktok = Some(chosen());
    request.media = vec![film(200_000)];
    let refused = class(&world.stage(&request).await.unwrap_err());
    assert!(matches!(refused, ErrorClass::AuthExpired | ErrorClass::AuthRevoked), "{refused}");
    assert_eq!(class(&world.adapter.refresh(&account).await.unwrap_err()), ErrorClass::AuthRevoked);
}

#[rstest]
#[case(INSTAGRAM, "instagram_business_content_publish", true)]
#[case(INSTAGRAM, "instagram_business_manage_insights", false)]
#[case(TIKTOK, "video.publish", true)]
#[case(TIKTOK, "video.upload", false)]
#[tokio::test]
async fn an_unticked_scope_is_missed(#[case] who: Who, #[case] scope: &str, #[case] needed: bool) {
    let world = World::new(who).await;
    let exchange = world.authorize(Visitor::called(who.person).without_scope(scope)).await.unwrap();
    let missed: Vec<_> = exchange.grants.iter().flat_map(|grant| &grant.missing_scopes).collect();
    assert_eq!(missed.len(), 1);
    assert_eq!((missed[0].scope.as_str(), missed[0].needed_to_publish), (scope, needed));
}

// ---- films and documents elsewhere ----------------------------------------------------------------------------------

#[rstest]
#[case(FACEBOOK, PostFormat::Feed, 200_000)]
#[case(FACEBOOK, PostFormat::Feed, 11 * MIB)]
#[case(FACEBOOK, PostFormat::Reel, 200_000)]
#[case(FACEBOOK, PostFormat::Reel, 9 * MIB)]
#[case(FACEBOOK, PostFormat::Story, 200_000)]
#[case(X, PostFormat::Feed, 200_000)]
#[case(X, PostFormat::Feed, 17 * MIB)]
#[case(ORGANIZATION, PostFormat::Feed, 200_000)]
#[case(ORGANIZATION, PostFormat::Feed, 9 * MIB)]
#[case(MEMBER, PostFormat::Feed, 200_000)]
#[tokio::test]
async fn a_film_goes_out(#[case] who: Who, #[case] format: PostFormat, #[case] size: usize) {
    let world = World::patient(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Opening day");
    request.options.format = format;
    request.media = vec![film(size)];
    let state = world.stage(&request).await.unwrap();
    let (published, state) = commit_when_ready(&world, &request, &state).await;
    if who.account != MEMBER.account {
        assert_eq!(found(&world.outcome(&request, &state).await), published.external_id);
    }
    assert_eq!(world.media().await, [("video/mp4".to_owned(), size as u64)]);
}

/// A member's video cannot be asked about; until it is ready, the post is refused for that.
async fn commit_when_ready(world: &World, request: &PublishRequest, state: &Value) -> (Published, Value) {
    for _ in 0..20 {
        match world.adapter.commit(request, state).await {
            Err(error) if error.class == ErrorClass::MediaProcessing => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            other => {
                let published = other.unwrap();
                let state = match &published.standing {
                    Standing::Processing { state, .. } => state.clone(),
                    _ => state.clone(),
                };
                return (published, state);
            }
        }
    }
    panic!("it never became ready");
}

#[rstest]
#[case(MEMBER)]
#[case(ORGANIZATION)]
#[tokio::test]
async fn a_document_goes_out(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Our year in figures");
    request.options.title = Some("2026".into());
    request.media = vec![MediaItem::from_bytes("application/pdf", samples::pdf(1).into(), None)];
    let state = world.stage(&request).await.unwrap();
    commit_when_ready(&world, &request, &state).await;
    let media = world.media().await;
    assert_eq!(media, [("application/pdf".to_owned(), request.media[0].size)]);
}

#[tokio::test]
async fn a_picture_becomes_a_story() {
    let world = World::new(FACEBOOK).await;
    let account = world.account().await;
    let mut request = post(&account, "");
    request.options.format = PostFormat::Story;
    request.media = vec![picture(1, None)];
    let published = world.publish(&request).await.unwrap();
    assert_eq!(published.standing, Standing::Public);
    assert_eq!(world.posts().await.len(), 1);
}

#[rstest]
#[case(FACEBOOK, PostFormat::Feed)]
#[case(FACEBOOK, PostFormat::Reel)]
#[case(X, PostFormat::Feed)]
#[case(ORGANIZATION, PostFormat::Feed)]
#[tokio::test]
async fn a_film_whose_answer_was_lost_is_found(#[case] who: Who, #[case] format: PostFormat) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Opening day");
    request.options.format = format;
    request.media = vec![film(200_000)];
    let state = world.stage(&request).await.unwrap();
    assert_eq!(world.outcome(&request, &state).await, Finding::NotFound);
    world.fault("publish", "drop_after_accept", json!({})).await;
    let error = world.adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{error:?}");
    found(&world.outcome(&request, &state).await);
    assert_eq!(world.posts().await.len(), 1);
}

/// A worker dies, and another one goes on with what was saved: nothing that arrived is sent again.
#[rstest]
#[case(FACEBOOK, 3, 20 * MIB)]
#[case(X, 1, 18 * MIB)]
#[case(ORGANIZATION, 3, 20 * MIB)]
#[case(TIKTOK, 3, 22 * MIB)]
#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off(#[case] who: Who, #[case] steps: usize, #[case] size: usize) {
    let world = World::patient(who).await;
    let account = world.account().await;
    let mut request = post(&account, "A long film");
    request.options.tiktok = (who.platform == Platform::Tiktok).then(chosen);
    request.media = vec![film(size)];
    let mut saved: Option<Value> = None;
    for _ in 0..steps {
        saved = Some(world.adapter.stage(&request, saved.as_ref()).await.unwrap().state);
    }
    world.fault("upload", "status", json!({"status": 503})).await;
    let broken = world.adapter.stage(&request, saved.as_ref()).await;
    assert_eq!(class(&broken.unwrap_err()), ErrorClass::Transient);
    let before = bytes_sent(&world).await;
    let state = resume(&world, &request, saved).await;
    assert!(bytes_sent(&world).await - before < size as u64, "everything was sent again");
    let (_, state) = commit_when_ready(&world, &request, &state).await;
    found(&world.outcome(&request, &state).await);
    assert_eq!(world.media().await, [("video/mp4".to_owned(), size as u64)]);
}

/// Instagram's videos, and reels and stories of Pages, are sent in one go, whatever their size.
#[rstest]
#[case(INSTAGRAM, PostFormat::Reel)]
#[case(LINKED, PostFormat::Story)]
#[case(FACEBOOK, PostFormat::Reel)]
#[case(FACEBOOK, PostFormat::Story)]
#[tokio::test]
async fn an_upload_in_one_go_goes_on_where_the_connection_broke(#[case] who: Who, #[case] format: PostFormat) {
    const SIZE: usize = 4 * MIB;
    let world = World::patient(who).await;
    let account = world.account().await;
    let whole = film(SIZE);
    let mut request = post(&account, "A long film");
    request.options.format = format;
    request.media = vec![MediaItem { source: Arc::new(Torn(Arc::clone(&whole.source))), ..whole.clone() }];
    let saved = world.adapter.stage(&request, None).await.unwrap().state;
    let broken = world.adapter.stage(&request, Some(&saved)).await;
    assert_eq!(class(&broken.unwrap_err()), ErrorClass::Transient);
    // The sandbox notices a little later that nothing more will come.
    for _ in 0..100 {
        if uploads(&world).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let before = bytes_sent(&world).await;
    request.media = vec![whole];
    let state = resume(&world, &request, Some(saved)).await;
    let sent = bytes_sent(&world).await - before;
    assert!(sent < SIZE as u64, "everything was sent again");
    assert_eq!(uploads(&world).await, 2);
    let (_, state) = commit_when_ready(&world, &request, &state).await;
    found(&world.outcome(&request, &state).await);
    assert_eq!(world.media().await, [("video/mp4".to_owned(), SIZE as u64)]);
}

/// All of it arrived, or a piece of it; only the answer did not.
#[rstest]
#[case(INSTAGRAM, PostFormat::Reel, 4 * MIB, 1)]
#[case(LINKED, PostFormat::Story, 4 * MIB, 1)]
#[case(FACEBOOK, PostFormat::Reel, 4 * MIB, 1)]
#[case(FACEBOOK, PostFormat::Story, 9 * MIB, 1)]
#[case(FACEBOOK, PostFormat::Feed, 20 * MIB, 2)]
#[case(TIKTOK, PostFormat::Feed, 22 * MIB, 2)]
#[tokio::test]
async fn what_arrived_without_an_answer_is_not_sent_again(
    #[case] who: Who,
    #[case] format: PostFormat,
    #[case] size: usize,
    #[case] steps: usize,
) {
    let world = World::patient(who).await;
    let account = world.account().await;
    let mut request = post(&account, "A long film");
    request.options.format = format;
    request.options.tiktok = (who.platform == Platform::Tiktok).then(chosen);
    request.media = vec![film(size)];
    let mut saved: Option<Value> = None;
    for _ in 0..steps {
        saved = Some(world.adapter.stage(&request, saved.as_ref()).await.unwrap().state);
    }
    world.fault("upload", "drop_after_accept", json!({})).await;
    let lost = world.adapter.stage(&request, saved.as_ref()).await;
    assert_eq!(class(&lost.unwrap_err()), ErrorClass::Transient);
    let state = resume(&world, &request, saved).await;
    let (_, state) = commit_when_ready(&world, &request, &state).await;
    found(&world.outcome(&request, &state).await);
    assert_eq!(world.media().await, [("video/mp4".to_owned(), size as u64)]);
    if format != PostFormat::Feed {
        assert_eq!(uploads(&world).await, 1, "it was sent again");
    }
}

/// A file that ends too early, as a connection may.
struct Torn(Arc<dyn MediaSource>);

#[async_trait::async_trait]
impl MediaSource for Torn {
    async fn read(&self, range: Range<u64>) -> io::Result<bytes::Bytes> {
        if range.end > 3 * MIB as u64 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.0.read(range).await
    }
}

/// How often Meta's upload host was sent something.
async fn uploads(world: &World) -> usize {
    let requests = world.sandbox.control().unwrap().requests(Some(world.who.platform.as_str())).await.unwrap();
    let is_upload = |request: &&Value| {
        let path = request.get("path").and_then(Value::as_str).unwrap_or_default();
        path.contains("video-upload") || path.contains("ig-api-upload")
    };
    requests.iter().filter(is_upload).count()
}

async fn resume(world: &World, request: &PublishRequest, saved: Option<Value>) -> Value {
    let mut state = saved;
    loop {
        let staged = world.adapter.stage(request, state.as_ref()).await.unwrap();
        state = Some(staged.state);
        match staged.progress {
            Progress::Ready => return state.unwrap(),
            Progress::More => {}
            Progress::Wait { .. } => tokio::time::sleep(Duration::from_millis(350)).await,
        }
    }
}

/// By what the requests announced.
async fn bytes_sent(world: &World) -> u64 {
    let requests = world.sandbox.control().unwrap().requests(Some(world.who.platform.as_str())).await.unwrap();
    let length = |request: &Value| request.pointer("/headers/content-length")?.as_str()?.parse::<u64>().ok();
    requests.iter().filter_map(length).sum()
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(MEMBER)]
#[case(ORGANIZATION)]
#[tokio::test]
async fn a_first_comment_is_written(#[case] who: Who) {
    let world = World::new(who).await;
    let account: Account = world.account().await;
    let published = world.publish(&post(&account, "A post")).await.unwrap();
    let comment = world.adapter.comment(&account, &published.external_id, "And a word below").await.unwrap();
    assert!(!comment.is_empty() && comment != published.external_id);
}
