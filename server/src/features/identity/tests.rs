//! Links by mail and changes of credentials, on a real PostgreSQL, with a clock that stands still.

use std::{net::IpAddr, sync::Arc};

use chrono::Duration;
use domain::{
    Actor, ErrorCode, RequestId, ServiceResult, Visitor,
    clock::Ids,
    identity::{
        ChangeEmail, ChangePassword, Credentials, EMAIL_INVALID, ForgotPassword, Identity, LinkState, Login,
        PASSWORD_WRONG, Register, ResetPassword, SessionToken, SignedIn, TOO_MANY_RESENDS, confirmation_words,
        reset_words,
    },
};
use futures::future::join_all;
use secrecy::SecretString;

use super::{IdentityService, PasswordCost, jobs::send_reset_link};
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
    identity: IdentityService,
}

fn visitor() -> Visitor {
    Visitor {
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        user_agent: Some("A browser".to_owned()),
        request_id: RequestId::parse("req_walk").unwrap(),
    }
}

impl House {
    async fn new() -> Self {
        let studio = Studio::new().await;
        let ids: Arc<dyn Ids> = studio.ids.clone();
        let secret = SecretString::from(SECRET);
        let identity =
            IdentityService::new(studio.db.clone(), studio.clock.clone(), ids, &secret, PasswordCost::CHEAP).unwrap();
        Self { studio, identity }
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
        self.identity.login(&visitor(), form).await
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
    assert_eq!(won.len(), 1);
    for n in 0..8 {
        let outcome = house.login(NIAMH, &format!("password number {n}")).await;
        assert_eq!(outcome.is_ok(), won.contains(&n), "password {n}");
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
