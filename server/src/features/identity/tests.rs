//! Links by mail and changes of credentials, on a real PostgreSQL, with a clock that stands still.

mod device;

use std::{net::IpAddr, sync::Arc};

use chrono::Duration;
use device::Device;
use domain::{
    Actor, Browser, CookieToken, ErrorCode, RequestId, ServiceResult, Visitor,
    clock::{Clock, Ids},
    identity::{
        CODE_WRONG, ChangeEmail, ChangePassword, ConfirmTotp, Credentials, EMAIL_INVALID, ForgotPassword, Identity,
        LinkState, Login, LoginStep, NewPasskey, PASSWORD_WRONG, PasskeyAnswer, PasskeyStep, Passkeys, ProvePassword,
        Register, RenamePasskey, ResetPassword, SecondStep, SessionToken, Sessions, SignedIn, StepMethod,
        TOO_MANY_RESENDS, TwoSteps, confirmation_words, reset_words,
    },
};
use futures::future::join_all;
use secrecy::SecretString;
use vault::{Algorithm, KeyRing, Vault};

use super::{IdentityService, PasswordCost, RelyingParty, jobs::send_reset_link};
use crate::{
    features::{
        notifications::{self, tests::SECRET},
        posts::tests::studio::{Studio, code, field},
    },
    jobs::{Registry, run_due},
};

/// People and their letters.
struct House {
    studio: Studio,
    ring: SecretString,
    identity: IdentityService,
}

fn visitor() -> Visitor {
    Visitor {
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some("A browser".to_owned()),
        request_id: RequestId::parse("req_walk").unwrap(),
        browser: Browser::default(),
    }
}

fn vault(ring: &SecretString) -> Arc<Vault> {
    Arc::new(Vault::new(KeyRing::parse(ring).unwrap(), Algorithm::XChaCha20Poly1305))
}

impl House {
    async fn new() -> Self {
        let studio = Studio::new().await;
        let ids: Arc<dyn Ids> = studio.ids.clone();
        let secret = SecretString::from(SECRET);
        let ring = KeyRing::generate().unwrap().to_setting();
        let identity = IdentityService::new(
            studio.db.clone(),
            studio.clock.clone(),
            ids,
            &secret,
            PasswordCost::CHEAP,
            vault(&ring),
        )
        .unwrap();
        let identity = identity.with_passkeys_of(RelyingParty::of(&SITE.parse().unwrap()));
        Self { studio, ring, identity }
    }

    async fn register(&self, email: &str) -> SignedIn {
        let form = Register {
            email: email.to_owned(),
            password: "correct horse".to_owned(),
            role: "client".to_owned(),
            full_name: "Niamh Doyle".to_owned(),
            agency_name: None,
        };
        self.identity.register(&visitor(), form).await.unwrap()
    }

    async fn login(&self, email: &str, password: &str) -> ServiceResult<SignedIn> {
        let form = Login { email: email.to_owned(), password: password.to_owned() };
        self.identity.login(&visitor(), form).await.map(|step| step.signed_in().unwrap())
    }

    async fn actor(&self, token: &SessionToken) -> Option<Actor> {
        self.identity.authenticate(token, &visitor()).await.unwrap().map(|found| found.actor)
    }

    /// Runs what waits.
    async fn work(&self) {
        let registry = Registry::new().register(notifications::jobs::send_mail).register(send_reset_link);
        run_due(&self.studio.context, registry).await.unwrap();
        assert!(self.studio.jobs().await.is_empty(), "work was left behind");
    }

    /// The token in the latest letter to somebody.
    async fn token(&self, email: &str) -> String {
        self.work().await;
        let letter = self.studio.post.to(email).pop().unwrap();
        let at = letter.text.find("?token=").unwrap() + "?token=".len();
        letter.text[at..].split_whitespace().next().unwrap().to_owned()
    }

    async fn confirmed(&self, email: &str) -> bool {
        sqlx::query_scalar("select email_confirmed_at is not null from users where email = $1")
            .bind(email)
            .fetch_one(&self.studio.admin)
            .await
            .unwrap()
    }

    async fn forgot(&self, email: &str) {
        self.identity.forgot_password(&visitor(), ForgotPassword { email: email.to_owned() }).await.unwrap();
    }

    async fn reset(&self, token: &str, password: &str) -> ServiceResult<()> {
        let form = ResetPassword { token: token.to_owned(), password: password.to_owned() };
        self.identity.reset_password(&visitor(), form).await
    }
}

/// Where the site is reached.
const SITE: &str = "https://arctiv.example";

const NIAMH: &str = "niamh@walk.example";

#[tokio::test]
async fn a_confirmation_link_works_once_and_looking_at_it_consumes_nothing() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let token = house.token(NIAMH).await;
    for _ in 0..3 {
        let shown = house.identity.confirmation(&token).await.unwrap();
        assert_eq!((shown.state, shown.email.as_deref(), shown.resends), (LinkState::Open, Some(NIAMH), None));
    }
    assert!(!house.confirmed(NIAMH).await);
    assert_eq!(house.identity.confirm_email(&visitor(), &token).await.unwrap().email, NIAMH);
    assert!(house.confirmed(NIAMH).await);
    let error = house.identity.confirm_email(&visitor(), &token).await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, confirmation_words(LinkState::Used)));
    assert_eq!(house.identity.confirmation(&token).await.unwrap().resends.unwrap().left, 3, "the seed wants a button");
    assert_eq!(code(house.identity.resend_for_link(&visitor(), &token).await), ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_clicks_at_once_one_wins() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let first = house.token(NIAMH).await;
    let actor = house.actor(&house.login(NIAMH, "correct horse").await.unwrap().token).await.unwrap();
    house.identity.resend_confirmation(&actor).await.unwrap();
    let second = house.token(NIAMH).await;
    // Both links, many times each: a person has one address to confirm.
    let clicks = (0..12).map(|n| {
        let (identity, token) = (house.identity.clone(), if n % 2 == 0 { &first } else { &second }.clone());
        tokio::spawn(async move { identity.confirm_email(&visitor(), &token).await })
    });
    let outcomes: Vec<_> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.into_iter().filter_map(Result::err).all(|error| error.code() == ErrorCode::Gone));

    house.forgot(NIAMH).await;
    let token = house.token(NIAMH).await;
    let clicks = (0..8).map(|n| {
        let (identity, token) = (house.identity.clone(), token.clone());
        let form = ResetPassword { token, password: format!("password number {n}") };
        tokio::spawn(async move { identity.reset_password(&visitor(), form).await })
    });
    let outcomes: Vec<_> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
    let won: Vec<_> = outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_ok()).map(|(n, _)| n).collect();
    let [won] = won[..] else { panic!("one click wins: {won:?}") };
    // The right one first: wrong ones make everybody from here wait.
    for n in std::iter::once(won).chain((0..8).filter(|n| *n != won)) {
        let outcome = house.login(NIAMH, &format!("password number {n}")).await;
        assert_eq!(outcome.is_ok(), n == won, "password {n}");
    }
}

#[tokio::test]
async fn links_end_with_their_time_each_with_its_sentence() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let token = house.token(NIAMH).await;
    house.studio.clock.advance(Duration::hours(24) - Duration::seconds(1));
    assert_eq!(house.identity.confirmation(&token).await.unwrap().state, LinkState::Open);
    house.studio.clock.advance(Duration::seconds(1));
    let error = house.identity.confirm_email(&visitor(), &token).await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, confirmation_words(LinkState::Expired)));
    // Whoever holds it gets a new one without signing in.
    assert_eq!(house.identity.resend_for_link(&visitor(), &token).await.unwrap().left, 2);
    let again = house.token(NIAMH).await;
    assert_ne!(again, token);
    house.identity.confirm_email(&visitor(), &again).await.unwrap();

    house.forgot(NIAMH).await;
    let token = house.token(NIAMH).await;
    house.studio.clock.advance(Duration::hours(1));
    let error = house.reset(&token, "long enough").await.unwrap_err();
    assert_eq!((error.code(), error.fault.message.as_str()), (ErrorCode::Gone, reset_words(LinkState::Expired)));
    house.forgot(NIAMH).await;
    let older = house.token(NIAMH).await;
    house.forgot(NIAMH).await;
    let newer = house.token(NIAMH).await;
    assert_eq!(house.identity.reset_state(&older).await.unwrap(), LinkState::Revoked);
    house.reset(&newer, "long enough").await.unwrap();
    assert_eq!(house.identity.reset_state(&newer).await.unwrap(), LinkState::Used);

    for nonsense in ["", "x", &"a".repeat(43), &"a".repeat(5000), "%00", "ü"] {
        assert_eq!(house.identity.confirmation(nonsense).await.unwrap().state, LinkState::Unknown);
        assert_eq!(code(house.identity.confirm_email(&visitor(), nonsense).await), ErrorCode::NotFound);
        assert_eq!(code(house.identity.resend_for_link(&visitor(), nonsense).await), ErrorCode::NotFound);
        assert_eq!(code(house.reset(nonsense, "long enough").await), ErrorCode::NotFound);
    }
    // A token of one purpose is none of another.
    assert_eq!(house.identity.reset_state(&again).await.unwrap(), LinkState::Unknown);
    assert_eq!(house.identity.confirmation(&newer).await.unwrap().state, LinkState::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_resends_an_hour_also_when_pressed_at_once() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let actor = house.actor(&session.token).await.unwrap();
    assert_eq!(house.identity.resends(&actor).await.unwrap().left, 3);
    let presses = (0..8).map(|_| {
        let (identity, actor) = (house.identity.clone(), actor.clone());
        tokio::spawn(async move { identity.resend_confirmation(&actor).await })
    });
    let outcomes: Vec<_> = join_all(presses).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    let refused = outcomes.into_iter().find_map(Result::err).unwrap();
    assert_eq!((refused.code(), refused.fault.message.as_str()), (ErrorCode::RateLimited, TOO_MANY_RESENDS));
    assert_eq!(refused.fault.retry_after, Some(3600));
    house.work().await;
    assert_eq!(house.studio.post.to(NIAMH).len(), 4);
    house.studio.clock.advance(Duration::minutes(59));
    let left = house.identity.resends(&actor).await.unwrap();
    assert_eq!((left.left, left.wait(house.studio.now())), (0, Some(60)));
    house.studio.clock.advance(Duration::minutes(1));
    // The session has gone idle meanwhile; the person has not.
    assert_eq!(house.identity.resend_confirmation(&actor).await.unwrap().left, 2);
    house.work().await;
}

#[tokio::test]
async fn an_unknown_address_is_answered_like_a_known_one() {
    let house = House::new().await;
    house.register(NIAMH).await;
    house.work().await;
    let before = house.studio.post.to(NIAMH).len();
    for email in ["nobody@walk.example", " NIAMH@walk.example "] {
        house.forgot(email).await;
        // All that the request does is to leave a job behind, the same for both.
        let jobs = house.studio.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert_eq!(jobs[0].task, "identity_send_reset_link");
        house.work().await;
    }
    assert!(house.studio.post.to("nobody@walk.example").is_empty());
    assert_eq!(house.studio.post.to(NIAMH).len(), before + 1);
    let form = ForgotPassword { email: "nobody".into() };
    assert_eq!(field(house.identity.forgot_password(&visitor(), form).await, "email"), EMAIL_INVALID);
    // No mailbox is flooded.
    for _ in 0..5 {
        house.forgot(NIAMH).await;
        house.work().await;
    }
    assert_eq!(house.studio.post.to(NIAMH).len(), before + 3);
    // A disabled account gets nothing.
    sqlx::query("update users set is_active = false").execute(&house.studio.admin).await.unwrap();
    house.studio.clock.advance(Duration::hours(2));
    house.forgot(NIAMH).await;
    house.work().await;
    assert_eq!(house.studio.post.to(NIAMH).len(), before + 3);
}

#[tokio::test]
async fn a_reset_ends_every_session_and_tells_the_owner() {
    let house = House::new().await;
    let first = house.register(NIAMH).await;
    let second = house.login(NIAMH, "correct horse").await.unwrap();
    house.forgot(NIAMH).await;
    let token = house.token(NIAMH).await;
    assert!(field(house.reset(&token, "short").await, "password").contains("8 characters"));
    house.reset(&token, "a new password").await.unwrap();
    assert!(house.actor(&first.token).await.is_none() && house.actor(&second.token).await.is_none());
    assert_eq!(code(house.login(NIAMH, "correct horse").await), ErrorCode::Unauthorized);
    house.login(NIAMH, "a new password").await.unwrap();
    assert!(house.confirmed(NIAMH).await, "the link has proven the address");
    house.work().await;
    assert_eq!(house.studio.post.to(NIAMH).pop().unwrap().subject, "Your password was changed");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_no_other_persons() {
    let house = House::new().await;
    let here = house.register(NIAMH).await;
    let elsewhere = house.login(NIAMH, "correct horse").await.unwrap();
    let stranger = house.register("orla@walk.example").await;
    let actor = house.actor(&here.token).await.unwrap();
    let form = |current: &str, new: &str| ChangePassword { current_password: current.into(), new_password: new.into() };
    let change = async |current: &str, new: &str| house.identity.change_password(&actor, form(current, new)).await;
    assert_eq!(field(change("wrong horse", "a new password").await, "current_password"), PASSWORD_WRONG);
    assert!(!field(change("correct horse", "short").await, "new_password").is_empty());
    assert!(house.actor(&elsewhere.token).await.is_some());
    change("correct horse", "a new password").await.unwrap();
    assert!(house.actor(&here.token).await.is_some() && house.actor(&stranger.token).await.is_some());
    assert!(house.actor(&elsewhere.token).await.is_none());
    house.login(NIAMH, "a new password").await.unwrap();
    house.work().await;
}

#[tokio::test]
async fn a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    house.register("orla@walk.example").await;
    let actor = house.actor(&session.token).await.unwrap();
    let change = async |email: &str, password: &str| {
        let form = ChangeEmail { email: email.into(), current_password: password.into() };
        house.identity.change_email(&actor, form).await
    };
    let new = "niamh@new.example";
    assert_eq!(field(change(new, "wrong horse").await, "current_password"), PASSWORD_WRONG);
    assert!(!field(change(NIAMH, "correct horse").await, "email").is_empty());
    assert_eq!(code(change("orla@walk.example", "correct horse").await), ErrorCode::Conflict);
    assert_eq!(change(new, "correct horse").await.unwrap().email, new);
    let token = house.token(new).await;
    house.login(NIAMH, "correct horse").await.unwrap();
    house.identity.confirm_email(&visitor(), &token).await.unwrap();
    assert_eq!(code(house.login(NIAMH, "correct horse").await), ErrorCode::Unauthorized);
    house.login(new, "correct horse").await.unwrap();
    assert!(house.confirmed(new).await);
    house.work().await;
    assert_eq!(house.studio.post.to(NIAMH).pop().unwrap().subject, "Your email address was changed");
    // Asked for twice, the first link is replaced; taken by somebody else meanwhile, nothing changes.
    change("first@new.example", "correct horse").await.unwrap();
    let first = house.token("first@new.example").await;
    change("second@new.example", "correct horse").await.unwrap();
    let second = house.token("second@new.example").await;
    assert_eq!(house.identity.confirmation(&first).await.unwrap().state, LinkState::Revoked);
    assert_eq!(house.identity.confirmation(&first).await.unwrap().resends, None);
    house.register("second@new.example").await;
    assert_eq!(code(house.identity.confirm_email(&visitor(), &second).await), ErrorCode::Conflict);
    house.login(new, "correct horse").await.unwrap();
    assert_eq!(code(change("third@new.example", "correct horse").await), ErrorCode::RateLimited);
    house.work().await;
}

#[tokio::test]
async fn a_program_changes_no_credentials() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let actor = Actor { via: domain::Via::System, ..house.actor(&session.token).await.unwrap() };
    let form = ChangePassword { current_password: "correct horse".into(), new_password: "a new password".into() };
    assert_eq!(code(house.identity.change_password(&actor, form).await), ErrorCode::Forbidden);
    let form = ChangeEmail { email: "x@y.example".into(), current_password: "correct horse".into() };
    assert_eq!(code(house.identity.change_email(&actor, form).await), ErrorCode::Forbidden);
    assert_eq!(code(house.identity.resend_confirmation(&actor).await), ErrorCode::Forbidden);
    house.work().await;
}

/// Somebody with a browser of their own, at an address.
fn at(device: &str, ip: u8) -> Visitor {
    let device = Some(CookieToken(device.to_owned()));
    Visitor { ip: Some(IpAddr::from([192, 0, 2, ip])), browser: Browser { device, sign_in: None }, ..visitor() }
}

impl House {
    async fn login_at(&self, visitor: &Visitor, email: &str, password: &str) -> ServiceResult<SignedIn> {
        let form = Login { email: email.to_owned(), password: password.to_owned() };
        self.identity.login(visitor, form).await.map(|step| step.signed_in().unwrap())
    }

    /// Subjects of the letters to somebody.
    async fn subjects(&self, email: &str) -> Vec<String> {
        self.work().await;
        self.studio.post.to(email).into_iter().map(|letter| letter.subject).collect()
    }
}

const NEW_SIGN_IN: &str = "New sign-in to your account";

#[tokio::test]
async fn a_new_browser_is_told_of_once_and_the_first_of_all_not() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let (home, phone) = (at("home", 1), at("phone", 2));
    house.login_at(&home, NIAMH, "correct horse").await.unwrap();
    assert!(!house.subjects(NIAMH).await.contains(&NEW_SIGN_IN.to_owned()), "nothing is known to compare it with");
    for _ in 0..2 {
        house.login_at(&phone, NIAMH, "correct horse").await.unwrap();
        house.login_at(&home, NIAMH, "correct horse").await.unwrap();
    }
    let told = house.subjects(NIAMH).await.into_iter().filter(|subject| subject == NEW_SIGN_IN).count();
    assert_eq!(told, 1);
    let letter = house.studio.post.to(NIAMH).pop().unwrap();
    assert!(letter.text.contains("192.0.2.2") && letter.text.contains("/settings/security"), "{}", letter.text);
    assert!(!format!("{letter:?}").contains("phone"), "the cookie stands in a letter");
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("select token_hash from known_devices").fetch_all(&house.studio.admin).await.unwrap();
    assert!(kept.len() == 2 && kept.iter().all(|hash| hash != b"phone"));

    // Who keeps no cookies does not fill the mailbox.
    for n in 0..9 {
        house.login_at(&at(&format!("program {n}"), 3), NIAMH, "correct horse").await.unwrap();
    }
    let told = house.subjects(NIAMH).await.into_iter().filter(|subject| subject == NEW_SIGN_IN).count();
    assert!((2..=5).contains(&told), "{told} letters");
}

#[tokio::test]
async fn sessions_are_listed_in_plain_words_and_ended_one_by_one_or_all() {
    let house = House::new().await;
    house.register(NIAMH).await;
    house.register("other@walk.example").await;
    let safari = Visitor {
        user_agent: Some("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) Version/17.5 Safari/604.1".into()),
        ..at("phone", 2)
    };
    let (phone, desk) = (
        house.login_at(&safari, NIAMH, "correct horse").await.unwrap(),
        house.login_at(&at("desk", 1), NIAMH, "correct horse").await.unwrap(),
    );
    let (on_phone, actor) = (house.actor(&phone.token).await.unwrap(), house.actor(&desk.token).await.unwrap());
    let mine = house.identity.sessions(&actor).await.unwrap();
    assert_eq!(mine.len(), 3);
    assert_eq!(
        mine.iter().filter(|session| session.is_current).map(|session| session.id).collect::<Vec<_>>(),
        [actor.session_id().unwrap()]
    );
    let shown = mine.iter().find(|session| Some(session.id) == on_phone.session_id()).unwrap();
    assert_eq!(
        (shown.device.as_str(), shown.ip.as_deref(), shown.workspace.as_str()),
        ("Safari on iPhone", Some("192.0.2.2"), "Niamh Doyle")
    );

    // Nobody else's.
    let stranger = house.login_at(&at("elsewhere", 9), "other@walk.example", "correct horse").await.unwrap();
    let stranger = house.actor(&stranger.token).await.unwrap();
    assert_eq!(code(house.identity.end_session(&stranger, shown.id).await), ErrorCode::NotFound);
    assert_eq!(house.identity.end_other_sessions(&stranger).await.unwrap().ended, 1);
    assert!(house.actor(&phone.token).await.is_some());

    house.identity.end_session(&actor, shown.id).await.unwrap();
    assert_eq!(code(house.identity.end_session(&actor, shown.id).await), ErrorCode::NotFound);
    assert!(house.actor(&phone.token).await.is_none(), "an ended session is alive");
    // Its browser is a stranger again.
    house.login_at(&safari, NIAMH, "correct horse").await.unwrap();
    let told = house.subjects(NIAMH).await.into_iter().filter(|subject| subject == NEW_SIGN_IN).count();
    assert_eq!(told, 2, "the desk, and the phone when it came again");

    assert_eq!(house.identity.end_other_sessions(&actor).await.unwrap().ended, 2);
    let left = house.identity.sessions(&actor).await.unwrap();
    assert!(left.len() == 1 && left.iter().all(|session| session.is_current));
    assert!(house.actor(&desk.token).await.is_some());
    // What is idle is not shown as signed in.
    house.studio.clock.advance(Duration::minutes(36));
    assert!(house.identity.sessions(&actor).await.unwrap().is_empty());
}

fn waits(outcome: ServiceResult<SignedIn>) -> Option<u32> {
    let error = outcome.unwrap_err();
    match error.code() {
        ErrorCode::RateLimited => error.fault.retry_after,
        ErrorCode::Unauthorized => None,
        other => panic!("{other:?}: {error}"),
    }
}

#[tokio::test]
async fn guessing_is_slowed_ever_more_and_locks_nobody_else_out() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let (home, thief) = (at("home", 1), at("thief", 66));
    house.login_at(&home, NIAMH, "correct horse").await.unwrap();
    // The same for an address that nobody has.
    for email in [NIAMH, "nobody@walk.example"] {
        for _ in 0..5 {
            assert_eq!(waits(house.login_at(&thief, email, "wrong horse").await), None);
        }
        let mut pauses = Vec::new();
        for _ in 0..9 {
            let wait = waits(house.login_at(&thief, email, "wrong horse").await).unwrap();
            // A new cookie makes no new thief, and asking again makes it no longer.
            assert_eq!(waits(house.login_at(&at("another name", 66), email, "wrong horse").await), Some(wait));
            pauses.push(wait);
            house.studio.clock.advance(Duration::seconds(i64::from(wait)));
            assert_eq!(waits(house.login_at(&thief, email, "wrong horse").await), None);
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 900, 900]);
        let error = house.login_at(&thief, email, "correct horse").await.unwrap_err();
        assert_eq!(error.fault.message, "Too many attempts to sign in. Please try again in 15 minutes.");
    }
    for _ in 0..6 {
        let _slowed = house.login_at(&thief, NIAMH, "wrong horse").await;
    }
    // The owner, at home, in the thief's own network, and somewhere new.
    for place in [home, at("home", 66), at("a new phone", 3)] {
        house.login_at(&place, NIAMH, "correct horse").await.unwrap();
    }
    // A day later all is forgiven.
    house.studio.clock.advance(Duration::days(2));
    house.login_at(&thief, NIAMH, "correct horse").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_guesses_at_once_count_one_by_one() {
    let house = House::new().await;
    house.register(NIAMH).await;
    let tries = (0..24).map(|n| {
        let identity = house.identity.clone();
        let form = Login { email: NIAMH.to_owned(), password: format!("wrong horse {n}") };
        tokio::spawn(async move { identity.login(&at("thief", 66), form).await.map(|step| step.signed_in().unwrap()) })
    });
    let waits: Vec<_> = join_all(tries).await.into_iter().map(|outcome| waits(outcome.unwrap())).collect();
    assert_eq!(waits.iter().filter(|wait| wait.is_none()).count(), 5, "{waits:?}");
}

#[tokio::test]
async fn right_answers_forgive_and_the_password_asked_for_again_is_no_way_round() {
    let house = House::new().await;
    house.register(NIAMH).await;
    for _ in 0..4 {
        for _ in 0..4 {
            assert!(house.login(NIAMH, "wrong horse").await.is_err());
        }
        house.login(NIAMH, "correct horse").await.unwrap();
    }
    let actor = house.actor(&house.login(NIAMH, "correct horse").await.unwrap().token).await.unwrap();
    let change =
        |current: &str| ChangePassword { current_password: current.into(), new_password: "another horse".into() };
    for _ in 0..5 {
        let outcome = house.identity.change_password(&actor, change("wrong horse")).await;
        assert_eq!(field(outcome, "current_password"), PASSWORD_WRONG);
    }
    assert_eq!(code(house.identity.change_password(&actor, change("correct horse")).await), ErrorCode::RateLimited);
    house.studio.clock.advance(Duration::seconds(10));
    house.identity.change_password(&actor, change("correct horse")).await.unwrap();
}

/// A code of the app that holds this key.
fn code_of(secret: &str, at: chrono::DateTime<chrono::Utc>) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let app = totp_rs::Builder::new().with_secret(secret).with_account_name("any").build().unwrap();
    app.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}

fn proof(password: &str) -> ProvePassword {
    ProvePassword { current_password: password.to_owned() }
}

/// Somebody whose account asks for a second step.
struct Careful {
    actor: Actor,
    secret: String,
    codes: Vec<String>,
}

impl House {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.studio.clock.now()
    }

    async fn careful(&self) -> Careful {
        let session = self.register(NIAMH).await;
        let actor = self.actor(&session.token).await.unwrap();
        let secret = self.identity.begin_totp(&actor, proof("correct horse")).await.unwrap().secret;
        let code = code_of(&secret, self.now());
        let codes = self.identity.confirm_totp(&actor, ConfirmTotp { code }).await.unwrap().codes;
        // The code that switched it on is used up.
        self.studio.clock.advance(Duration::seconds(60));
        Careful { actor, secret, codes }
    }

    /// The browser after the right password.
    async fn half_in(&self, place: &Visitor) -> Visitor {
        let form = Login { email: NIAMH.to_owned(), password: "correct horse".to_owned() };
        let LoginStep::SecondStep(pending) = self.identity.login(place, form).await.unwrap() else {
            panic!("the password alone has opened a session")
        };
        let browser = Browser { sign_in: Some(pending.token), ..place.browser.clone() };
        Visitor { browser, ..place.clone() }
    }

    async fn second(&self, half_in: &Visitor, code: &str) -> ServiceResult<SignedIn> {
        self.identity.second_step(half_in, SecondStep { code: code.to_owned() }).await
    }
}

#[tokio::test]
async fn two_steps_are_asked_for_once_an_app_is_confirmed() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let elsewhere = house.login(NIAMH, "correct horse").await.unwrap();
    let actor = house.actor(&session.token).await.unwrap();
    assert_eq!(
        field(house.identity.begin_totp(&actor, proof("wrong horse")).await, "current_password"),
        PASSWORD_WRONG
    );
    let setup = house.identity.begin_totp(&actor, proof("correct horse")).await.unwrap();
    assert!(setup.uri.starts_with("otpauth://totp/") && setup.uri.contains(&setup.secret), "{}", setup.uri);
    assert!(setup.qr_svg.starts_with("<svg ") && setup.qr_svg.len() > 1000);
    // Until a code came, the password is enough, and no other session is shown the key.
    let other = house.actor(&elsewhere.token).await.unwrap();
    assert_eq!(house.identity.begun_totp(&actor).await.unwrap(), Some(setup.clone()));
    assert_eq!(house.identity.begun_totp(&other).await.unwrap(), None);
    let right = ConfirmTotp { code: code_of(&setup.secret, house.now()) };
    assert_eq!(code(house.identity.confirm_totp(&other, right.clone()).await), ErrorCode::Conflict);
    let wrong = code_of(&setup.secret, house.now() + Duration::hours(1));
    assert_eq!(field(house.identity.confirm_totp(&actor, ConfirmTotp { code: wrong }).await, "code"), CODE_WRONG);
    house.login(NIAMH, "correct horse").await.unwrap();

    let codes = house.identity.confirm_totp(&actor, right.clone()).await.unwrap().codes;
    assert_eq!(codes.len(), 10);
    assert_eq!(code(house.identity.confirm_totp(&actor, right.clone()).await), ErrorCode::Conflict);
    assert_eq!(code(house.identity.begin_totp(&actor, proof("correct horse")).await), ErrorCode::Conflict);
    let state = house.identity.two_step(&actor).await.unwrap();
    assert!(state.enabled_at.is_some() && state.recovery_codes_left == 10);
    assert!(house.actor(&session.token).await.is_some() && house.actor(&elsewhere.token).await.is_none());

    let half = house.half_in(&at("desk", 1)).await;
    let waiting = house.identity.waiting(&half).await.unwrap().unwrap();
    assert_eq!(waiting.methods, [StepMethod::Totp, StepMethod::RecoveryCode]);
    assert_eq!(house.identity.waiting(&at("desk", 1)).await.unwrap(), None);
    // The one that switched it on is used.
    assert_eq!(field(house.second(&half, &right.code).await, "code"), CODE_WRONG);
    house.studio.clock.advance(Duration::seconds(30));
    let next = code_of(&setup.secret, house.now());
    let signed_in = house.second(&half, &next).await.unwrap();
    assert!(house.actor(&signed_in.token).await.is_some());
    assert_eq!(code(house.second(&half, &next).await), ErrorCode::Unauthorized, "a waiting sign-in was used twice");
    assert_eq!(field(house.second(&house.half_in(&at("desk", 1)).await, &next).await, "code"), CODE_WRONG);

    // Nothing is kept as it is.
    let rows: Vec<String> = sqlx::query_scalar(
        "select t::text from totp_secrets t union all select r::text from recovery_codes r union all select p::text from pending_sign_ins p",
    )
    .fetch_all(&house.studio.admin)
    .await
    .unwrap();
    let kept = rows.join(" ");
    let raw = hex::encode(totp_rs::Secret::try_from_base32(&setup.secret).unwrap().as_bytes());
    assert!(rows.len() > 11 && !kept.contains(&setup.secret) && !kept.contains(&raw));
    assert!(codes.iter().all(|code| !kept.contains(code.as_str()) && !kept.contains(&code.replace('-', ""))));
    assert!(house.subjects(NIAMH).await.contains(&"Two-step sign-in is on".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_requests_with_one_code_one_wins() {
    let house = House::new().await;
    let careful = house.careful().await;
    let place = at("desk", 1);
    // The owner's own browser, or the sixth would have to wait.
    house.second(&house.half_in(&place).await, &code_of(&careful.secret, house.now())).await.unwrap();
    for recovery in [false, true] {
        house.studio.clock.advance(Duration::minutes(20));
        let code = if recovery { careful.codes[0].clone() } else { code_of(&careful.secret, house.now()) };
        let (mut halves, mut tries) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            halves.push(house.half_in(&place).await);
        }
        for n in 0..4 {
            let (identity, half, code) = (house.identity.clone(), halves[n % 2].clone(), code.clone());
            tries.push(tokio::spawn(async move { identity.second_step(&half, SecondStep { code }).await }));
        }
        let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn recovery_codes_work_once_each_and_new_ones_replace_them() {
    let house = House::new().await;
    let Careful { actor, codes, .. } = house.careful().await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    house.second(&house.half_in(&at("desk", 1)).await, &typed).await.unwrap();
    assert_eq!(field(house.second(&house.half_in(&at("desk", 1)).await, &typed).await, "code"), CODE_WRONG);
    assert_eq!(house.identity.two_step(&actor).await.unwrap().recovery_codes_left, 9);
    assert!(house.subjects(NIAMH).await.contains(&"A recovery code was used".to_owned()));
    assert_eq!(
        code(house.identity.renew_recovery_codes(&actor, proof("wrong horse")).await),
        ErrorCode::ValidationError
    );
    let new = house.identity.renew_recovery_codes(&actor, proof("correct horse")).await.unwrap().codes;
    assert!(new.iter().all(|code| !codes.contains(code)));
    let half = house.half_in(&at("desk", 1)).await;
    assert_eq!(field(house.second(&half, &codes[4]).await, "code"), CODE_WRONG);
    house.second(&half, &new[0]).await.unwrap();
}

#[tokio::test]
async fn a_waiting_sign_in_opens_nothing_ends_soon_and_dies_with_the_password() {
    let house = House::new().await;
    let careful = house.careful().await;
    let half = house.half_in(&at("desk", 1)).await;
    let token = SessionToken(half.browser.sign_in.clone().unwrap().0);
    assert!(house.actor(&token).await.is_none(), "a waiting sign-in is a session");
    house.studio.clock.advance(Duration::minutes(10));
    let code_now = code_of(&careful.secret, house.now());
    assert_eq!(house.identity.waiting(&half).await.unwrap(), None);
    assert_eq!(code(house.second(&half, &code_now).await), ErrorCode::Unauthorized);

    let half = house.half_in(&at("desk", 1)).await;
    let form = ChangePassword { current_password: "correct horse".into(), new_password: "another horse".into() };
    house.identity.change_password(&careful.actor, form).await.unwrap();
    assert_eq!(code(house.second(&half, &code_now).await), ErrorCode::Unauthorized);
    // A new password by mail does not take the second step away.
    house.forgot(NIAMH).await;
    house.reset(&house.token(NIAMH).await, "correct horse").await.unwrap();
    house.half_in(&at("desk", 1)).await;
}

#[tokio::test]
async fn switching_off_asks_for_the_password_and_forgets_all() {
    let house = House::new().await;
    let Careful { actor, .. } = house.careful().await;
    let half = house.half_in(&at("desk", 1)).await;
    assert_eq!(
        field(house.identity.disable_two_step(&actor, proof("wrong horse")).await, "current_password"),
        PASSWORD_WRONG
    );
    house.identity.disable_two_step(&actor, proof("correct horse")).await.unwrap();
    assert_eq!(code(house.identity.disable_two_step(&actor, proof("correct horse")).await), ErrorCode::Conflict);
    assert_eq!(code(house.identity.renew_recovery_codes(&actor, proof("correct horse")).await), ErrorCode::Conflict);
    assert_eq!(house.identity.waiting(&half).await.unwrap(), None);
    house.login(NIAMH, "correct horse").await.unwrap();
    let left: i64 =
        sqlx::query_scalar("select (select count(*) from totp_secrets) + (select count(*) from recovery_codes)")
            .fetch_one(&house.studio.admin)
            .await
            .unwrap();
    assert_eq!(left, 0);
    assert!(house.subjects(NIAMH).await.contains(&"Two-step sign-in is off".to_owned()));
}

#[tokio::test]
async fn codes_cannot_be_guessed_from_many_places_and_their_owner_still_comes_in() {
    let house = House::new().await;
    let careful = house.careful().await;
    let home = at("home", 1);
    house.second(&house.half_in(&home).await, &code_of(&careful.secret, house.now())).await.unwrap();
    let mut wrong = 0;
    for n in 0..40 {
        // Each from another network.
        let half = house.half_in(&at(&format!("thief {n}"), 100 + n)).await;
        match house.second(&half, "000000").await.unwrap_err().code() {
            ErrorCode::ValidationError => wrong += 1,
            other => assert_eq!(other, ErrorCode::RateLimited),
        }
    }
    assert_eq!(wrong, 20);
    house.studio.clock.advance(Duration::seconds(30));
    house.second(&house.half_in(&home).await, &code_of(&careful.secret, house.now())).await.unwrap();
}

#[tokio::test]
async fn secrets_follow_the_keys() {
    let house = House::new().await;
    let careful = house.careful().await;
    let (database, old) = (&house.studio.db, &house.identity.vault);
    assert_eq!(super::reseal_all(database, old).await.unwrap(), (0, 0));
    let stranger = vault(&KeyRing::generate().unwrap().to_setting());
    assert_eq!(super::reseal_all(database, &stranger).await.unwrap(), (0, 1), "nothing is lost when a key is missing");
    let aes = Vault::new(KeyRing::parse(&house.ring).unwrap(), Algorithm::Aes256Gcm);
    assert_eq!(super::reseal_all(database, &aes).await.unwrap(), (1, 0));
    assert_eq!(super::reseal_all(database, &aes).await.unwrap(), (0, 0));
    house.second(&house.half_in(&at("desk", 1)).await, &code_of(&careful.secret, house.now())).await.unwrap();
}

impl House {
    /// A passkey of the actor's, on a new device.
    async fn passkey(&self, actor: &Actor) -> Device {
        let mut device = Device::new();
        let begun = self.identity.begin_passkey(actor, proof("correct horse")).await.unwrap();
        let form = NewPasskey { name: " Phone ".into(), credential: device.create(&begun.options, SITE) };
        assert_eq!(self.identity.add_passkey(actor, form).await.unwrap().name, "Phone");
        device
    }

    /// The browser that a sign-in was begun in, and what it is asked for.
    async fn asked(&self, place: &Visitor, step: PasskeyStep) -> (Visitor, serde_json::Value) {
        let begun = self.identity.begin_passkey_sign_in(place, step).await.unwrap();
        let sign_in = begun.token.or_else(|| place.browser.sign_in.clone());
        let browser = Browser { sign_in, ..place.browser.clone() };
        (Visitor { browser, ..place.clone() }, begun.options.options)
    }

    async fn answer(
        &self,
        place: &Visitor,
        step: PasskeyStep,
        credential: serde_json::Value,
    ) -> ServiceResult<SignedIn> {
        self.identity.sign_in_with_passkey(place, PasskeyAnswer { step, credential }).await
    }
}

#[tokio::test]
async fn passkeys_are_made_for_sites_with_a_name_and_https() {
    for (url, some) in [
        ("https://arctiv.example", true),
        ("http://localhost:8080", true),
        ("http://arctiv.example", false),
        ("http://127.0.0.1:8080", false),
        ("https://192.0.2.1", false),
    ] {
        assert_eq!(RelyingParty::of(&url.parse().unwrap()).is_some(), some, "{url}");
    }
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let actor = house.actor(&session.token).await.unwrap();
    let nowhere = house.identity.clone().with_passkeys_of(None);
    assert!(!nowhere.available());
    assert_eq!(code(nowhere.begin_passkey(&actor, proof("correct horse")).await), ErrorCode::Conflict);
    assert_eq!(code(nowhere.begin_passkey_sign_in(&visitor(), PasskeyStep::First).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_passkey_signs_in_once_for_each_challenge_and_only_where_that_was_given() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let actor = house.actor(&session.token).await.unwrap();
    assert_eq!(
        field(house.identity.begin_passkey(&actor, proof("wrong horse")).await, "current_password"),
        PASSWORD_WRONG
    );
    let mut device = house.passkey(&actor).await;
    let place = at("desk", 1);

    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    let answer = device.get(&options, SITE);
    // Another browser has the answer, not the cookie.
    assert_eq!(code(house.answer(&at("thief", 66), PasskeyStep::First, answer.clone()).await), ErrorCode::Gone);
    let (there, _) = house.asked(&at("thief", 66), PasskeyStep::First).await;
    assert_eq!(code(house.answer(&there, PasskeyStep::First, answer.clone()).await), ErrorCode::Unauthorized);
    let signed_in = house.answer(&here, PasskeyStep::First, answer.clone()).await.unwrap();
    assert!(house.actor(&signed_in.token).await.is_some());
    assert_eq!(code(house.answer(&here, PasskeyStep::First, answer).await), ErrorCode::Gone);
    assert!(house.identity.passkeys(&actor).await.unwrap()[0].last_used_at.is_some());

    // A page that only looks like ours, a device that does not make sure of its owner, and a copy of the device.
    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    let answer = device.get(&options, "https://arctlv.example");
    assert_eq!(code(house.answer(&here, PasskeyStep::First, answer).await), ErrorCode::Unauthorized);
    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    device.verifies = false;
    let answer = device.get(&options, SITE);
    assert_eq!(code(house.answer(&here, PasskeyStep::First, answer).await), ErrorCode::Unauthorized);
    device.verifies = true;
    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    device.counter = 0;
    let answer = device.get(&options, SITE);
    assert_eq!(code(house.answer(&here, PasskeyStep::First, answer).await), ErrorCode::Unauthorized);
    device.counter = 100;

    // Too late, and nonsense.
    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    house.studio.clock.advance(Duration::minutes(5));
    assert_eq!(code(house.answer(&here, PasskeyStep::First, device.get(&options, SITE)).await), ErrorCode::Gone);
    assert_eq!(code(house.answer(&here, PasskeyStep::First, serde_json::json!({})).await), ErrorCode::ValidationError);

    let id = house.identity.passkeys(&actor).await.unwrap()[0].id;
    house.register("other@walk.example").await;
    let stranger = house.login("other@walk.example", "correct horse").await.unwrap();
    let stranger = house.actor(&stranger.token).await.unwrap();
    let name = RenamePasskey { name: "Mine".into() };
    assert_eq!(code(house.identity.remove_passkey(&stranger, id).await), ErrorCode::NotFound);
    assert_eq!(code(house.identity.rename_passkey(&stranger, id, name.clone()).await), ErrorCode::NotFound);
    assert_eq!(house.identity.rename_passkey(&actor, id, name).await.unwrap().name, "Mine");
    let (here, options) = house.asked(&place, PasskeyStep::First).await;
    house.identity.remove_passkey(&actor, id).await.unwrap();
    assert_eq!(
        code(house.answer(&here, PasskeyStep::First, device.get(&options, SITE)).await),
        ErrorCode::Unauthorized
    );
    let told = house.subjects(NIAMH).await;
    assert!(
        ["A passkey was added", "A passkey was removed"].iter().all(|subject| told.contains(&(*subject).to_owned()))
    );
}

#[tokio::test]
async fn a_passkey_is_added_by_the_session_that_began_it_and_once() {
    let house = House::new().await;
    let (first, second) = (house.register(NIAMH).await, house.login(NIAMH, "correct horse").await.unwrap());
    let (actor, elsewhere) = (house.actor(&first.token).await.unwrap(), house.actor(&second.token).await.unwrap());
    let mut device = Device::new();
    let begun = house.identity.begin_passkey(&actor, proof("correct horse")).await.unwrap();
    assert_eq!(
        (&begun.options["rp"]["id"], &begun.options["rp"]["name"]),
        (&"arctiv.example".into(), &"Arctiv".into())
    );
    let form = NewPasskey { name: "Phone".into(), credential: device.create(&begun.options, SITE) };
    assert_eq!(code(house.identity.add_passkey(&elsewhere, form.clone()).await), ErrorCode::Gone);
    assert!(
        !field(house.identity.add_passkey(&actor, NewPasskey { name: " ".into(), ..form.clone() }).await, "name")
            .is_empty()
    );
    house.identity.add_passkey(&actor, form.clone()).await.unwrap();
    assert_eq!(code(house.identity.add_passkey(&actor, form).await), ErrorCode::Gone);
    // The device is told what it has already, and a credential belongs to one account.
    let begun = house.identity.begin_passkey(&actor, proof("correct horse")).await.unwrap();
    assert_eq!(begun.options["excludeCredentials"].as_array().unwrap().len(), 1);
    let again = NewPasskey { name: "Again".into(), credential: device.create(&begun.options, SITE) };
    assert_eq!(code(house.identity.add_passkey(&actor, again).await), ErrorCode::Conflict);
    let begun = house.identity.begin_passkey(&actor, proof("correct horse")).await.unwrap();
    let forged =
        NewPasskey { name: "False".into(), credential: Device::new().create(&begun.options, "https://arctlv.example") };
    assert!(!field(house.identity.add_passkey(&actor, forged).await, "credential").is_empty());
}

#[tokio::test]
async fn a_passkey_is_a_second_step_of_its_owners_sign_in_and_of_no_other() {
    let house = House::new().await;
    let careful = house.careful().await;
    let mut device = house.passkey(&careful.actor).await;
    house.register("other@walk.example").await;
    let stranger = house.login("other@walk.example", "correct horse").await.unwrap();
    let mut foreign = house.passkey(&house.actor(&stranger.token).await.unwrap()).await;
    let half = house.half_in(&at("desk", 1)).await;
    assert!(house.identity.waiting(&half).await.unwrap().unwrap().methods.contains(&StepMethod::Passkey));
    assert_eq!(
        code(house.identity.begin_passkey_sign_in(&at("desk", 1), PasskeyStep::Second).await),
        ErrorCode::Unauthorized
    );

    let (half, options) = house.asked(&half, PasskeyStep::Second).await;
    let answer = foreign.get(&options, SITE);
    assert_eq!(code(house.answer(&half, PasskeyStep::Second, answer).await), ErrorCode::Unauthorized);
    let (half, options) = house.asked(&half, PasskeyStep::Second).await;
    let answer = device.get(&options, SITE);
    // A challenge of one purpose is none of the other.
    assert_eq!(code(house.answer(&half, PasskeyStep::First, answer.clone()).await), ErrorCode::Gone);
    house.answer(&half, PasskeyStep::Second, answer).await.unwrap();
    assert_eq!(house.identity.waiting(&half).await.unwrap(), None, "the sign-in still waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_answers_to_one_challenge_one_wins() {
    let house = House::new().await;
    let session = house.register(NIAMH).await;
    let mut device = house.passkey(&house.actor(&session.token).await.unwrap()).await;
    let (here, options) = house.asked(&at("desk", 1), PasskeyStep::First).await;
    let answer = device.get(&options, SITE);
    let tries = (0..6).map(|_| {
        let (identity, here) = (house.identity.clone(), here.clone());
        let form = PasskeyAnswer { step: PasskeyStep::First, credential: answer.clone() };
        tokio::spawn(async move { identity.sign_in_with_passkey(&here, form).await })
    });
    let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
}
