//! The adapters against the sandbox, which speaks the networks' protocols strictly and shares no code with them: from
//! the consent page to a published post, through every fault it can inject.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod mastodon;
mod moving;

use std::{io::Cursor, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use domain::{Platform, clock::Clock, deliveries::ErrorClass, platform::PostOptions};
use moving::{Host, MIB, chosen, film};
use platforms::{
    Account, AccountKind, Adapter, AuthorizeRequest, Exchange, ExchangeRequest, Finding, Grant, Http, HttpSettings,
    Login, MediaItem, Pkce, PlatformError, PlatformSettings, Probe, Progress, PublishRequest, Published, Registry,
};
use rstest::rstest;
use sandbox::{Config, Running, SECRET_MARK, Sandbox, driver::Visitor};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

/// A person of the sandbox for each network, and the account of theirs these tests post to.
const FACEBOOK: Who = who(Platform::Facebook, "Niamh Doyle", "Northwind Coffee Roasters");
const X: Who = who(Platform::Twitter, "northwindcoffee", "@northwindcoffee");
/// Of X, too, and pays for longer posts.
const PAYING: Who = who(Platform::Twitter, "kestrelbikes", "@kestrelbikes");
const MEMBER: Who = who(Platform::Linkedin, "Niamh Doyle", "Niamh Doyle");
const ORGANIZATION: Who = who(Platform::Linkedin, "Niamh Doyle", "Northwind Coffee");
const MASTODON: Who = who(Platform::Mastodon, "northwindcoffee", "Northwind Coffee");
const TIKTOK: Who = who(Platform::Tiktok, "northwindcoffee", "Northwind Coffee");
/// By Instagram's own login.
const INSTAGRAM: Who = who(Platform::Instagram, "northwindcoffee", "@northwindcoffee");
/// Through the Page it is linked to.
const LINKED: Who = Who { login: Login::Facebook, ..INSTAGRAM };

#[derive(Clone, Copy, Debug)]
struct Who {
    platform: Platform,
    person: &'static str,
    account: &'static str,
    login: Login,
}

const fn who(platform: Platform, person: &'static str, account: &'static str) -> Who {
    Who { platform, person, account, login: Login::Own }
}

/// The sandbox's clock is the real one.
struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

struct World {
    sandbox: Running,
    adapter: Arc<dyn Adapter>,
    who: Who,
    /// Where the networks fetch media from that take none.
    host: Host,
}

impl World {
    async fn new(who: Who) -> Self {
        Self::with(who, |_| ()).await
    }

    async fn with(who: Who, change: impl FnOnce(&mut PlatformSettings)) -> Self {
        // Shorter than the sandbox's slowness.
        Self::build(who, change, Duration::from_secs(2)).await
    }

    /// For large files, which an unoptimised sandbox takes its time over.
    async fn patient(who: Who) -> Self {
        Self::build(who, |_| (), Duration::from_mins(1)).await
    }

    /// With the partner's app, which gets refresh tokens everywhere.
    async fn build(who: Who, change: impl FnOnce(&mut PlatformSettings), timeout: Duration) -> Self {
        let sandbox = Sandbox::start(Config { processing_ms: 300, ..Config::default() }).await.unwrap();
        let http = HttpSettings {
            allow_private_networks: true,
            timeout,
            upload_timeout: timeout.max(Duration::from_secs(5)),
            ..HttpSettings::default()
        };
        let http = Arc::new(Http::new(http, Arc::new(RealClock)).unwrap());
        let redirect_uri = format!("http://127.0.0.1:8080/api/oauth/{}/callback", who.platform).parse().unwrap();
        let secret = SecretString::from(sandbox::PARTNER_CLIENT_SECRET);
        let mut settings = PlatformSettings::new(who.platform, sandbox::PARTNER_CLIENT_ID, secret, redirect_uri)
            .unwrap()
            .with_login(who.login)
            .unwrap()
            .in_sandbox(&sandbox.url().parse().unwrap());
        change(&mut settings);
        let registry = Registry::new([settings], &http).unwrap();
        let adapter = Arc::clone(registry.get(who.platform).unwrap());
        Self { sandbox, adapter, who, host: Host::new().await }
    }

    async fn authorize(&self, visitor: Visitor) -> Result<Exchange, PlatformError> {
        let pkce = Pkce::generate();
        let pkce = self.adapter.traits().pkce.then_some(&pkce);
        let url = self.adapter.authorize_url(&AuthorizeRequest { state: "the-state", pkce, again: false });
        let back = visitor.authorize(url.as_str()).await.unwrap();
        assert_eq!(parameter(&back, "state").as_deref(), Some("the-state"));
        let code = parameter(&back, "code").unwrap().into();
        self.adapter.exchange(&ExchangeRequest { code: &code, pkce }).await
    }

    /// Signs the person in and picks the account.
    async fn grant(&self) -> Grant {
        let exchange = self.authorize(Visitor::called(self.who.person)).await.unwrap();
        let names = |grant: &Grant| {
            grant.profile.display_name == self.who.account || grant.profile.handle.as_deref() == Some(self.who.account)
        };
        exchange.grants.into_iter().find(names).unwrap()
    }

    async fn account(&self) -> Account {
        usable(self.grant().await)
    }

    /// A post with these words, and with a picture where the network takes none without.
    async fn post(&self, account: &Account, text: &str) -> PublishRequest {
        let mut request = post(account, text);
        if matches!(self.who.platform, Platform::Instagram | Platform::Tiktok) {
            request.media = vec![self.host.photo(1).await];
        }
        request.options.tiktok = (self.who.platform == Platform::Tiktok).then(chosen);
        request
    }

    async fn publish(&self, request: &PublishRequest) -> Result<Published, PlatformError> {
        let state = self.stage(request).await?;
        self.adapter.commit(request, &state).await.inspect(|published| {
            assert_no_secret(&serde_json::to_string(&published.trace).unwrap());
        })
    }

    async fn stage(&self, request: &PublishRequest) -> Result<Value, PlatformError> {
        self.stage_on(request, None).await
    }

    /// From a state that was saved.
    async fn stage_from(&self, request: &PublishRequest, saved: &Value) -> Result<Value, PlatformError> {
        self.stage_on(request, Some(saved.clone())).await
    }

    async fn stage_on(&self, request: &PublishRequest, mut state: Option<Value>) -> Result<Value, PlatformError> {
        loop {
            let staged = self.adapter.stage(request, state.as_ref()).await?;
            assert_no_secret(&serde_json::to_string(&staged.traces).unwrap());
            assert_no_secret(&staged.state.to_string());
            state = Some(staged.state);
            match staged.progress {
                Progress::Ready => return Ok(state.unwrap()),
                Progress::More => {}
                // The sandbox works faster than it says.
                Progress::Wait { after } => tokio::time::sleep(after.min(Duration::from_millis(350))).await,
            }
        }
    }

    async fn find(&self, request: &PublishRequest) -> Finding {
        self.adapter.find_published(request, None, &[]).await.unwrap()
    }

    async fn posts(&self) -> Vec<Value> {
        self.sandbox.control().unwrap().posts(Some(self.who.platform.as_str())).await.unwrap()
    }

    async fn fault(&self, operation: &str, fault: &str, more: Value) {
        let mut rule = json!({"platform": self.who.platform.as_str(), "operation": operation, "fault": fault});
        let rule_fields = rule.as_object_mut().unwrap();
        rule_fields.extend(more.as_object().unwrap().clone());
        self.sandbox.control().unwrap().fault(&rule).await.unwrap();
    }

    async fn a_day_passes(&self) {
        self.sandbox.control().unwrap().post("advance", &json!({"seconds": 86_401})).await.unwrap();
    }

    async fn control(&self, what: &str) {
        let body = json!({"platform": self.who.platform.as_str()});
        self.sandbox.control().unwrap().post(what, &body).await.unwrap();
    }
}

fn usable(grant: Grant) -> Account {
    Account { external_id: grant.profile.external_id, kind: grant.profile.kind, tokens: grant.tokens }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn post(account: &Account, text: &str) -> PublishRequest {
    PublishRequest {
        account: account.clone(),
        text: text.into(),
        link: None,
        media: Vec::new(),
        options: PostOptions::default(),
        started_at: RealClock.now(),
    }
}

/// A real PNG, another one for each shade.
fn picture(shade: u8, alt_text: Option<&str>) -> MediaItem {
    let mut bytes = Vec::new();
    let pixels = image::RgbImage::from_pixel(64, 48, image::Rgb([shade, 120, 200]));
    pixels.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    MediaItem::from_bytes("image/png", bytes.into(), alt_text.map(str::to_owned))
}

fn assert_no_secret(text: &str) {
    assert!(!text.contains(SECRET_MARK), "a token or code shows in {text}");
    assert!(!text.contains(sandbox::PARTNER_CLIENT_SECRET), "the client secret shows in {text}");
}

/// The class of an error that shows no secret anywhere.
fn class(error: &PlatformError) -> ErrorClass {
    assert_no_secret(&format!("{error} {error:?} {:?}", error.trace));
    assert_no_secret(&serde_json::to_string(&error.trace).unwrap());
    error.class
}

// ---- connecting ---------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_person_connects_their_pages() {
    let world = World::new(FACEBOOK).await;
    let exchange = world.authorize(Visitor::called("Maya Lindqvist")).await.unwrap();
    assert_eq!(exchange.grants.len(), 4);
    let grantors: Vec<&str> = exchange.grants.iter().map(|grant| grant.grantor.as_str()).collect();
    assert!(grantors.iter().all(|grantor| *grantor == grantors[0]) && !grantors[0].is_empty());
    for grant in exchange.grants {
        assert!(grant.missing_scopes.is_empty(), "{:?}", grant.missing_scopes);
        assert!(grant.tokens.expires_at.is_none() && grant.tokens.refresh_expires_at.is_some());
        let profile = grant.profile.clone();
        let account = usable(grant);
        assert_eq!(world.adapter.identify(&account).await.unwrap(), profile);
        let Probe::Alive { scopes, .. } = world.adapter.probe(&account).await.unwrap() else { panic!() };
        assert_eq!(scopes.unwrap(), account.tokens.scopes);
    }
}

/// A business's client, which stands in no list of the person's own.
#[rstest]
#[case(FACEBOOK, "Juniper Hotels Group", "102938475640596")]
#[case(LINKED, "Juniper Hotels", "17841400000000013")]
#[tokio::test]
async fn what_a_business_holds_is_found_and_renewed(#[case] who: Who, #[case] name: &str, #[case] id: &str) {
    let world = World::new(who).await;
    let exchange = world.authorize(Visitor::called("Maya Lindqvist")).await.unwrap();
    let grant = exchange.grants.into_iter().find(|grant| grant.profile.external_id == id).unwrap();
    assert_eq!(grant.profile.display_name, name);
    let mut account = usable(grant);
    account.tokens = world.adapter.refresh(&account).await.unwrap();
    world.publish(&world.post(&account, "Nine houses by the sea").await).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
    let without = Visitor::called("Maya Lindqvist").without_scope("business_management");
    let exchange = world.authorize(without).await.unwrap();
    assert!(exchange.grants.iter().all(|grant| grant.profile.external_id != id));
}

#[tokio::test]
async fn a_page_one_may_not_post_to_is_left_out() {
    let world = World::new(FACEBOOK).await;
    let exchange = world.authorize(Visitor::called("Tomás Okafor")).await.unwrap();
    assert_eq!(exchange.grants.len(), 1);
    assert_eq!(exchange.left_out[0].name, "Meridian Dental");
    let only = Visitor::called("Tomás Okafor").only_pages(["Meridian Dental"]);
    let error = world.authorize(only).await.unwrap_err();
    assert_eq!((class(&error), error.code.as_deref()), (ErrorClass::Permission, Some("no_role")));
}

#[tokio::test]
async fn a_person_connects_x() {
    let world = World::new(X).await;
    let grant = world.grant().await;
    assert_eq!(grant.profile.kind, AccountKind::Profile);
    assert!(grant.tokens.refresh_token.is_some() && grant.missing_scopes.is_empty());
    let lives = grant.tokens.expires_at.unwrap() - RealClock.now();
    assert!(lives > chrono::Duration::minutes(118) && lives <= chrono::Duration::minutes(120), "{lives}");
    let profile = grant.profile.clone();
    assert_eq!(profile.text_max, None);
    assert_eq!(world.adapter.identify(&usable(grant)).await.unwrap(), profile);
}

#[tokio::test]
async fn an_account_that_pays_x_writes_more_and_what_it_wrote_is_found() {
    let world = World::new(PAYING).await;
    let grant = world.grant().await;
    assert_eq!(grant.profile.text_max, Some(25_000));
    let account = usable(grant);
    let error = world.publish(&post(&account, &"a".repeat(25_001))).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Validation, "{error:?}");
    // The list shows but the beginning of a long text, unless the whole is asked for.
    let text = format!("Frames & forks, at https://kestrel.bike/frames: {}", "built slowly. ".repeat(200));
    let mut request = post(&account, text.trim_end());
    request.media = vec![picture(1, None)];
    let mut other = post(&account, &format!("{}. Or quickly.", request.text));
    other.media = vec![picture(2, None)];
    world.publish(&other).await.unwrap();
    assert_eq!(world.find(&request).await, Finding::NotFound, "it begins alike");
    let published = world.publish(&request).await.unwrap();
    let Finding::Found { external_id, .. } = world.find(&request).await else { panic!("not found") };
    assert_eq!(external_id, published.external_id);

    let ended = json!({"platform": "twitter", "account": "kestrelbikes", "premium": false});
    world.sandbox.control().unwrap().post("premium", &ended).await.unwrap();
    assert_eq!(world.adapter.identify(&account).await.unwrap().text_max, None);
}

#[tokio::test]
async fn a_person_connects_themselves_and_their_organizations() {
    let world = World::new(MEMBER).await;
    let exchange = world.authorize(Visitor::called("Maya Lindqvist")).await.unwrap();
    let kinds: Vec<_> = exchange.grants.iter().map(|grant| grant.profile.kind).collect();
    assert_eq!(kinds, [AccountKind::Profile, AccountKind::Organization, AccountKind::Organization]);
    assert_eq!(exchange.left_out[0].name, "Juniper Hotels Group");
    for grant in exchange.grants {
        assert!(grant.missing_scopes.is_empty(), "{:?}", grant.missing_scopes);
        let profile = grant.profile.clone();
        let account = usable(grant);
        assert_eq!(world.adapter.identify(&account).await.unwrap(), profile);
        let Probe::Alive { scopes, expires_at } = world.adapter.probe(&account).await.unwrap() else { panic!() };
        assert_eq!(scopes.unwrap(), account.tokens.scopes);
        assert!(expires_at.is_some());
    }
}

#[rstest]
#[case(FACEBOOK, "pages_manage_posts", true)]
#[case(FACEBOOK, "read_insights", false)]
#[case(X, "media.write", false)]
#[case(X, "tweet.write", true)]
#[case(MEMBER, "w_member_social", true)]
#[case(ORGANIZATION, "w_organization_social", true)]
#[tokio::test]
async fn an_unticked_scope_is_missed(#[case] who: Who, #[case] scope: &str, #[case] needed: bool) {
    let world = World::new(who).await;
    let exchange = world.authorize(Visitor::called(who.person).without_scope(scope)).await.unwrap();
    let missed: Vec<_> = exchange.grants.iter().flat_map(|grant| &grant.missing_scopes).collect();
    assert!(!missed.is_empty());
    for missing in missed {
        assert_eq!((missing.scope.as_str(), missing.needed_to_publish), (scope, needed));
    }
}

#[rstest]
#[case(FACEBOOK, "pages_show_list")]
#[case(LINKED, "pages_show_list")]
#[case(X, "users.read")]
#[tokio::test]
async fn without_some_scopes_there_is_nothing_to_connect(#[case] who: Who, #[case] scope: &str) {
    let world = World::new(who).await;
    let error = world.authorize(Visitor::called(who.person).without_scope(scope)).await.unwrap_err();
    assert_eq!((class(&error), error.code.as_deref()), (ErrorClass::Permission, Some("scope_missing")));
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(LINKED)]
#[case(X)]
#[case(MEMBER)]
#[case(TIKTOK)]
#[case(MASTODON)]
#[tokio::test]
async fn a_code_works_once(#[case] who: Who) {
    let world = World::new(who).await;
    let pkce = Pkce::generate();
    let pkce = world.adapter.traits().pkce.then_some(&pkce);
    let url = world.adapter.authorize_url(&AuthorizeRequest { state: "s", pkce, again: true });
    let back = Visitor::called(who.person).authorize(url.as_str()).await.unwrap();
    let code = parameter(&back, "code").unwrap().into();
    world.adapter.exchange(&ExchangeRequest { code: &code, pkce }).await.unwrap();
    let error = world.adapter.exchange(&ExchangeRequest { code: &code, pkce }).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Validation, "{error:?}");
}

#[tokio::test]
async fn x_holds_the_code_to_its_verifier() {
    let world = World::new(X).await;
    let (one, other) = (Pkce::generate(), Pkce::generate());
    let url = world.adapter.authorize_url(&AuthorizeRequest { state: "s", pkce: Some(&one), again: false });
    let back = Visitor::called(X.person).authorize(url.as_str()).await.unwrap();
    let code = parameter(&back, "code").unwrap().into();
    let error = world.adapter.exchange(&ExchangeRequest { code: &code, pkce: Some(&other) }).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Validation);
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(LINKED)]
#[case(X)]
#[case(MEMBER)]
#[case(TIKTOK)]
#[case(MASTODON)]
#[tokio::test]
async fn wrong_app_settings_are_the_operators(#[case] who: Who) {
    let world = World::with(who, |settings| settings.client_secret = "not-the-secret".into()).await;
    let error = world.authorize(Visitor::called(who.person)).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Operator, "{error:?}");
}

// ---- keeping access -------------------------------------------------------------------------------------------------

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(LINKED)]
#[case(X)]
#[case(MEMBER)]
#[case(TIKTOK)]
#[tokio::test]
async fn access_is_renewed(#[case] who: Who) {
    let world = World::new(who).await;
    let mut account = world.account().await;
    if who.platform == Platform::Instagram {
        // Instagram renews nothing younger.
        world.a_day_passes().await;
    }
    let before = account.tokens.access_token.expose_secret().to_owned();
    account.tokens = world.adapter.refresh(&account).await.unwrap();
    if !matches!(who.platform, Platform::Facebook | Platform::Instagram) {
        assert_ne!(account.tokens.access_token.expose_secret(), before);
    }
    assert!(!account.tokens.scopes.is_empty() && account.tokens.refresh_token.is_some());
    world.publish_to_the_end(&world.post(&account, "After a refresh").await).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
}

#[tokio::test]
async fn expired_access_to_x_comes_back_by_refreshing() {
    let world = World::new(X).await;
    let mut account = world.account().await;
    world.control("expire-tokens").await;
    let request = post(&account, "Hello");
    assert_eq!(class(&world.publish(&request).await.unwrap_err()), ErrorClass::AuthExpired);
    account.tokens = world.adapter.refresh(&account).await.unwrap();
    world.publish(&post(&account, "Hello")).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_of_x_used_twice_ends_the_connection() {
    let world = World::new(X).await;
    let mut account = world.account().await;
    let renewed = world.adapter.refresh(&account).await.unwrap();
    assert_eq!(class(&world.adapter.refresh(&account).await.unwrap_err()), ErrorClass::AuthRevoked);
    account.tokens = renewed;
    assert_eq!(class(&world.adapter.refresh(&account).await.unwrap_err()), ErrorClass::AuthRevoked);
}

#[rstest]
#[case(FACEBOOK, ErrorClass::AuthRevoked)]
#[case(X, ErrorClass::AuthExpired)]
#[case(MEMBER, ErrorClass::AuthRevoked)]
#[case(ORGANIZATION, ErrorClass::AuthRevoked)]
#[tokio::test]
async fn access_taken_back_is_noticed(#[case] who: Who, #[case] expected: ErrorClass) {
    let world = World::new(who).await;
    let account = world.account().await;
    world.control("revoke").await;
    assert_eq!(class(&world.publish(&post(&account, "Hello")).await.unwrap_err()), expected);
    assert_eq!(class(&world.adapter.refresh(&account).await.unwrap_err()), ErrorClass::AuthRevoked);
    let probe = world.adapter.probe(&account).await.unwrap();
    assert!(matches!(probe, Probe::Gone { .. } | Probe::AskByRefresh), "{probe:?}");
    assert!(world.posts().await.is_empty());
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(MEMBER)]
#[case(MASTODON)]
#[tokio::test]
async fn access_is_given_back(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    world.adapter.revoke(&account).await.unwrap();
    let error = world.publish(&post(&account, "Hello")).await.unwrap_err();
    assert!(matches!(class(&error), ErrorClass::AuthRevoked | ErrorClass::AuthExpired), "{error:?}");
    // A second time is fine too.
    world.adapter.revoke(&account).await.unwrap();
}

// ---- publishing -----------------------------------------------------------------------------------------------------

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(MEMBER)]
#[case(ORGANIZATION)]
#[case(MASTODON)]
#[tokio::test]
async fn a_text_arrives_as_it_was_written(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let text = "Brewing (slowly) #coffee & <tea>\n\n“crème brûlée” _for_ *you* ☕ [sic] {x} ~5 | \\o/ me@northwind";
    let request = post(&account, text);
    let published = world.publish(&request).await.unwrap();
    let posts = world.posts().await;
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0]["text"], text);
    // Mastodon's ids are kept together with their instance.
    assert_eq!(posts[0]["account"].as_str(), account.external_id.split('@').next());
    assert_eq!(posts[0]["id"], published.external_id);
    // The address leads to the sandbox's own page of the post.
    let page = is_there(published.url.as_deref().unwrap()).await;
    assert!(page, "{:?} leads nowhere", published.url);
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(ORGANIZATION)]
#[case(MASTODON)]
#[tokio::test]
async fn a_link_arrives(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let link = "https://arctiv.example/offers?autumn=1&b=2";
    let mut request = post(&account, "Our autumn menu");
    if who.platform.rules().unwrap().link_in_text {
        request.text = format!("Our autumn menu\n\n{link}");
    } else {
        request.link = Some(link.to_owned());
    }
    let published = world.publish(&request).await.unwrap();
    let posts = world.posts().await;
    let shown = posts[0].to_string();
    assert!(shown.contains(link), "{shown}");
    let finding = world.find(&request).await;
    assert!(
        matches!(&finding, Finding::Found { external_id, .. } if *external_id == published.external_id),
        "{finding:?}"
    );
}

#[rstest]
#[case(FACEBOOK, 1)]
#[case(FACEBOOK, 3)]
#[case(X, 1)]
#[case(X, 4)]
#[case(MEMBER, 1)]
#[case(ORGANIZATION, 3)]
#[case(MASTODON, 1)]
#[case(MASTODON, 4)]
#[tokio::test]
async fn pictures_arrive_in_order_with_their_alt_texts(#[case] who: Who, #[case] count: u8) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Look");
    let alts: Vec<String> = (0..count).map(|number| format!("Picture number {number}")).collect();
    request.media = alts.iter().zip(0..).map(|(alt, shade)| picture(shade, Some(alt))).collect();
    let sizes: Vec<u64> = request.media.iter().map(|item| item.size).collect();
    let published = world.publish(&request).await.unwrap();
    let posts = world.posts().await;
    let media = posts[0]["media"].as_array().unwrap();
    let shown: Vec<(&str, u64)> = media
        .iter()
        .map(|media| (media["alt_text"].as_str().unwrap_or(""), media["bytes"].as_u64().unwrap()))
        .collect();
    let sent: Vec<(&str, u64)> = alts.iter().map(String::as_str).zip(sizes).collect();
    assert_eq!(shown, sent);
    if who.account != MEMBER.account {
        let finding = world.find(&request).await;
        assert!(
            matches!(&finding, Finding::Found { external_id, .. } if *external_id == published.external_id),
            "{finding:?}"
        );
        // The same words without pictures are another post.
        request.media.clear();
        assert_eq!(world.find(&request).await, Finding::NotFound);
    }
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(ORGANIZATION)]
#[case(MASTODON)]
#[tokio::test]
async fn a_picture_goes_out_without_words(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "");
    request.media = vec![picture(9, None)];
    world.publish(&request).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
    assert!(matches!(world.find(&request).await, Finding::Found { .. }));
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(MEMBER)]
#[tokio::test]
async fn the_same_post_again_is_a_duplicate(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    world.publish(&post(&account, "Once")).await.unwrap();
    let error = world.publish(&post(&account, "Once")).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Duplicate);
    assert_eq!(world.posts().await.len(), 1);
}

#[rstest]
#[case(FACEBOOK, "pages_manage_posts")]
#[case(INSTAGRAM, "instagram_business_content_publish")]
#[case(LINKED, "instagram_content_publish")]
#[case(X, "tweet.write")]
#[case(MEMBER, "w_member_social")]
#[case(TIKTOK, "video.publish")]
#[tokio::test]
async fn posting_without_its_scope_is_refused(#[case] who: Who, #[case] scope: &str) {
    let world = World::new(who).await;
    let exchange = world.authorize(Visitor::called(who.person).without_scope(scope)).await.unwrap();
    let account = usable(exchange.grants.into_iter().next().unwrap());
    let error = world.publish(&world.post(&account, "Hello").await).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Permission, "{error:?}");
}

#[rstest]
#[case(FACEBOOK, 63_207)]
#[case(X, 281)]
#[case(MEMBER, 3_001)]
#[case(MASTODON, 501)]
#[tokio::test]
async fn a_text_too_long_is_refused(#[case] who: Who, #[case] length: usize) {
    let world = World::new(who).await;
    let account = world.account().await;
    let error = world.publish(&post(&account, &"a".repeat(length))).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Validation, "{error:?}");
    world.publish(&post(&account, &"a".repeat(length - 1))).await.unwrap();
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(MASTODON)]
#[tokio::test]
async fn a_picture_that_is_none_is_refused(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Look");
    request.media = vec![MediaItem::from_bytes("image/png", vec![1, 2, 3, 4].into(), None)];
    let error = world.publish(&request).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::MediaInvalid, "{error:?}");
    assert!(world.posts().await.is_empty());
}

/// X, TikTok and Mastodon have no versions with a date.
#[rstest]
#[case(FACEBOOK, "v20.0")]
#[case(INSTAGRAM, "v20.0")]
#[case(LINKED, "v20.0")]
#[case(MEMBER, "202401")]
#[tokio::test]
async fn a_version_that_has_ended_is_the_operators(#[case] who: Who, #[case] version: &str) {
    let current = World::new(who).await;
    let account = current.account().await;
    let outdated = PlatformSettings::new(
        who.platform,
        sandbox::PARTNER_CLIENT_ID,
        sandbox::PARTNER_CLIENT_SECRET.into(),
        "http://127.0.0.1:8080/callback".parse().unwrap(),
    );
    let outdated = outdated.unwrap().with_login(who.login).unwrap();
    let mut outdated = outdated.in_sandbox(&current.sandbox.url().parse().unwrap());
    outdated.api_version = Some(version.to_owned());
    let settings = HttpSettings { allow_private_networks: true, ..HttpSettings::default() };
    let http = Arc::new(Http::new(settings, Arc::new(RealClock)).unwrap());
    let registry = Registry::new([outdated], &http).unwrap();
    let adapter = registry.get(who.platform).unwrap();
    let request = current.post(&account, "Hello").await;
    let error = match adapter.stage(&request, None).await {
        Ok(staged) => adapter.commit(&request, &staged.state).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(class(&error), ErrorClass::Operator, "{error:?}");
}

// ---- faults ---------------------------------------------------------------------------------------------------------

/// Three ways to lose the answer to a post that went out.
#[rstest]
#[case(FACEBOOK, "drop_after_accept")]
#[case(FACEBOOK, "slow")]
#[case(FACEBOOK, "malformed")]
#[case(X, "drop_after_accept")]
#[case(X, "slow")]
#[case(X, "malformed")]
#[case(ORGANIZATION, "drop_after_accept")]
#[case(ORGANIZATION, "slow")]
#[case(MASTODON, "drop_after_accept")]
#[case(MASTODON, "slow")]
#[case(MASTODON, "malformed")]
#[tokio::test]
async fn a_post_whose_answer_was_lost_is_found(#[case] who: Who, #[case] fault: &str) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Read https://arctiv.example/a & tell me (soon)");
    request.media = vec![picture(1, Some("A cup")), picture(2, None)];
    let state = world.stage(&request).await.unwrap();
    assert_eq!(world.find(&request).await, Finding::NotFound);
    world.fault("publish", fault, json!({"slow_ms": 2_500})).await;
    let error = world.adapter.commit(&request, &state).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{error:?}");
    let posts = world.posts().await;
    assert_eq!(posts.len(), 1);
    let finding = world.find(&request).await;
    let Finding::Found { external_id, url, published_at } = finding else { panic!("{finding:?}") };
    assert_eq!(posts[0]["id"], external_id);
    assert!(url.is_some() && published_at.is_some());
}

#[rstest]
#[case(FACEBOOK)]
#[case(X)]
#[case(ORGANIZATION)]
#[case(MASTODON)]
#[tokio::test]
async fn a_post_that_never_arrived_is_not_found_and_may_be_sent_again(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let request = post(&account, "Hello again");
    let state = world.stage(&request).await.unwrap();
    for (fault, more) in
        [("timeout", json!({})), ("status", json!({"status": 500})), ("status", json!({"status": 503}))]
    {
        world.fault("publish", fault, more).await;
        let error = world.adapter.commit(&request, &state).await.unwrap_err();
        assert_eq!(class(&error), ErrorClass::OutcomeUnknown, "{fault}: {error:?}");
        assert_eq!(world.find(&request).await, Finding::NotFound);
    }
    world.adapter.commit(&request, &state).await.unwrap();
    assert_eq!(world.posts().await.len(), 1);
}

#[tokio::test]
async fn a_members_lost_answer_takes_a_person() {
    let world = World::new(MEMBER).await;
    let account = world.account().await;
    let request = post(&account, "Hello");
    world.fault("publish", "drop_after_accept", json!({})).await;
    assert_eq!(class(&world.publish(&request).await.unwrap_err()), ErrorClass::OutcomeUnknown);
    assert!(matches!(world.find(&request).await, Finding::CannotTell { .. }));
    // Sent again by that person's decision, the duplicate shows that the first one had gone out.
    assert_eq!(class(&world.publish(&request).await.unwrap_err()), ErrorClass::Duplicate);
    assert_eq!(world.posts().await.len(), 1);
}

#[rstest]
#[case(FACEBOOK, ErrorClass::RateLimited)]
#[case(INSTAGRAM, ErrorClass::RateLimited)]
#[case(LINKED, ErrorClass::RateLimited)]
#[case(X, ErrorClass::RateLimited)]
#[case(TIKTOK, ErrorClass::RateLimited)]
// LinkedIn's limits are those of the day.
#[case(MEMBER, ErrorClass::QuotaDaily)]
#[case(MASTODON, ErrorClass::RateLimited)]
#[tokio::test]
async fn a_limit_says_when_to_come_back(#[case] who: Who, #[case] expected: ErrorClass) {
    let world = World::new(who).await;
    let account = world.account().await;
    world.fault("publish", "status", json!({"status": 429, "retry_after": 120})).await;
    let error = world.publish(&world.post(&account, "Hello").await).await.unwrap_err();
    assert_eq!(class(&error), expected);
    let wait = error.retry_at.unwrap() - RealClock.now();
    assert!(wait > chrono::Duration::seconds(100) && wait <= chrono::Duration::seconds(121), "{wait}");
    assert!(world.posts().await.is_empty());
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(LINKED)]
#[case(X)]
#[case(MEMBER)]
#[case(MASTODON)]
#[tokio::test]
async fn trouble_while_uploading_passes(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    let mut request = post(&account, "Look");
    request.media = if who.platform == Platform::Instagram {
        vec![world.host.photo(1).await, world.host.photo(2).await]
    } else {
        vec![picture(1, None), picture(2, None)]
    };
    for (fault, more) in [("status", json!({"status": 503})), ("drop_after_accept", json!({})), ("timeout", json!({}))]
    {
        world.fault("upload", fault, more).await;
        assert_eq!(class(&world.stage(&request).await.unwrap_err()), ErrorClass::Transient, "{fault}");
    }
    world.publish(&request).await.unwrap();
    assert_eq!(world.posts().await[0]["media"].as_array().unwrap().len(), 2);
}

/// TikTok fetches pictures after the post has been made; a film is sent to it before.
#[tokio::test]
async fn trouble_while_uploading_to_tiktok_passes() {
    let world = World::patient(TIKTOK).await;
    let account = world.account().await;
    let mut request = world.post(&account, "Look").await;
    request.media = vec![film(10 * MIB)];
    for (fault, more) in [("status", json!({"status": 503})), ("drop_after_accept", json!({})), ("drop", json!({}))] {
        world.fault("upload", fault, more).await;
        assert_eq!(class(&world.stage(&request).await.unwrap_err()), ErrorClass::Transient, "{fault}");
    }
    world.publish_to_the_end(&request).await.unwrap();
    assert_eq!(world.posts().await[0]["media"].as_array().unwrap().len(), 1);
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(LINKED)]
#[case(X)]
#[case(MEMBER)]
#[case(TIKTOK)]
#[tokio::test]
async fn trouble_of_the_token_service_says_nothing_about_the_account(#[case] who: Who) {
    let world = World::new(who).await;
    let account = world.account().await;
    if who.platform == Platform::Instagram {
        world.a_day_passes().await;
    }
    for (fault, more) in [("status", json!({"status": 503})), ("timeout", json!({}))] {
        world.fault("refresh", fault, more).await;
        let error = world.adapter.refresh(&account).await.unwrap_err();
        assert_eq!(class(&error), ErrorClass::Transient, "{fault}: {error:?}");
    }
    world.adapter.refresh(&account).await.unwrap();
}

/// Whether a page is there.
async fn is_there(url: &str) -> bool {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\nconnection: close\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200")
}
