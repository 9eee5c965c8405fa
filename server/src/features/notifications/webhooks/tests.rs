//! Webhooks on a real PostgreSQL, against a real receiver that checks signatures by itself.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use domain::{
    AccountId, Actor, ErrorCode, Platform, PostId,
    audit::{Audit, AuditFilter},
    clock::Clock,
    notifications::{
        MAX_WEBHOOKS, MadeWebhook, NewWebhook, WebhookDelivery, WebhookDeliveryStatus, WebhookEvent, WebhookOff,
        WebhookPatch, Webhooks,
    },
    posts::PostStatus,
    workspaces::Role,
};
use futures::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use rstest::rstest;
use serde_json::Value;
use sha2::Sha256;
use vault::{Algorithm, KeyRing, Vault};

use super::{
    WebhookService, WebhookSetup, reseal_all,
    sending::{SendWebhook, send_webhook},
};
use crate::{
    features::{
        audit::AuditService,
        notifications::{self, in_tx, jobs::send_mail, telling},
        posts::tests::studio::{Studio, code, field, text},
    },
    jobs::{Registry, run_due},
};

/// A program that takes notices, and answers as it is told.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    /// Its address.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().route("/hook", post(take)).route("/other", post(take)).with_state(self.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        url
    }

    /// The next answers; 204 when there are no more.
    fn answers(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// What arrived, with the signatures that were sent along.
    fn got(&self) -> Vec<(String, Value, Vec<String>)> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|(headers, body)| {
                let header = |name: &str| headers[name].to_str().unwrap().to_owned();
                let signatures = header("webhook-signature").split(' ').map(str::to_owned).collect();
                (header("webhook-id"), serde_json::from_str(body).unwrap(), signatures)
            })
            .collect()
    }

    /// Whether a request is signed with a secret, worked out from what arrived and nothing of ours.
    fn is_signed(&self, at: usize, secret: &str) -> bool {
        let got = self.got.lock().unwrap();
        let (headers, body) = &got[at];
        let header = |name: &str| headers[name].to_str().unwrap();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(signed);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    receiver.got.lock().unwrap().push((headers, String::from_utf8(body.to_vec()).unwrap()));
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(204);
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, [("location", "/other")], "noted").into_response()
}

struct Yard {
    studio: Studio,
    admin: Actor,
    receiver: Receiver,
    url: String,
    service: WebhookService,
}

fn service(studio: &Studio, allow_private_networks: bool) -> WebhookService {
    let clock: Arc<dyn Clock> = studio.clock.clone();
    WebhookService::new(WebhookSetup {
        db: studio.db.clone(),
        http: Arc::new(notifications::tests::outgoing(&clock, allow_private_networks)),
        clock,
        ids: studio.ids.clone(),
        vault: studio.vault.clone(),
    })
}

impl Yard {
    async fn new() -> Self {
        let studio = Studio::new().await;
        let admin = studio.workspace("UTC").await;
        sqlx::query("update users set email_confirmed_at = now()").execute(&studio.admin).await.unwrap();
        let receiver = Receiver::default();
        let url = receiver.start().await;
        let service = service(&studio, true);
        Self { studio, admin, receiver, url, service }
    }

    fn form(&self, events: &[WebhookEvent]) -> NewWebhook {
        NewWebhook { url: self.url.clone(), description: "Reports".into(), events: events.to_vec() }
    }

    async fn add(&self, events: &[WebhookEvent]) -> MadeWebhook {
        self.service.add(&self.admin, self.form(events)).await.unwrap()
    }

    /// Works off what is due by the clock that stands still.
    async fn work(&self) {
        sqlx::query("update graphile_worker._private_jobs set run_at = now() where run_at <= $1 and locked_at is null")
            .bind(self.studio.now())
            .execute(&self.studio.admin)
            .await
            .unwrap();
        let registry = Registry::new().register(send_webhook).register(telling::tell).register(send_mail);
        run_due(&self.studio.context, registry).await.unwrap();
    }

    async fn sent(&self, made: &MadeWebhook) -> Vec<WebhookDelivery> {
        self.service.deliveries(&self.admin, made.webhook.id).await.unwrap()
    }

    async fn account(&self) -> AccountId {
        self.studio.account(&self.admin, Platform::Facebook, "Harbour & Pine").await
    }

    /// A post that has ended, as the pipeline says it.
    async fn ended(&self, post: PostId, status: PostStatus) {
        let mut tx = self.studio.db.worker().await.unwrap();
        let ended = [(self.admin.workspace_id, post, status)];
        in_tx::posts_ended(&mut tx, self.studio.ids.as_ref(), self.studio.now(), &ended).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_happened_arrives_signed_at_the_webhooks_that_are_told_of_it() {
    let yard = Yard::new().await;
    let (told, not_told) =
        (yard.add(&[WebhookEvent::PostPublished]).await, yard.add(&[WebhookEvent::AccountLost]).await);
    let elsewhere = yard.studio.workspace("UTC").await;
    service(&yard.studio, true).add(&elsewhere, yard.form(&[WebhookEvent::PostPublished])).await.unwrap();
    yard.account().await;
    let post = yard.studio.save(&yard.admin, text("Fresh from the roaster")).await.id;
    yard.studio.settle(post, Platform::Facebook, "success").await;
    yard.ended(post, PostStatus::Published).await;
    assert!(yard.receiver.got().is_empty(), "nothing is sent in the transaction");
    yard.work().await;
    let got = yard.receiver.got();
    let [(id, body, signatures)] = &got[..] else { panic!("one request: {got:?}") };
    assert_eq!(
        (body["type"].as_str(), body["data"]["id"].as_str()),
        (Some("post.published"), Some(post.to_string().as_str()))
    );
    assert_eq!(body["workspace_id"], yard.admin.workspace_id.to_string());
    assert_eq!(body["data"]["status"], "published");
    assert_eq!(body["data"]["deliveries"][0]["account_name"], "Harbour & Pine");
    assert!(id.starts_with("msg_") && signatures.len() == 1);
    assert!(yard.receiver.is_signed(0, &told.secret) && !yard.receiver.is_signed(0, &not_told.secret));
    let sent = yard.sent(&told).await;
    assert_eq!(
        (sent[0].status, sent[0].attempts, sent[0].response_status),
        (WebhookDeliveryStatus::Delivered, 1, Some(204))
    );
    assert!(yard.sent(&not_told).await.is_empty());
    assert!(yard.studio.jobs().await.iter().all(|job| job.task != SendWebhook::task()), "nothing waits any more");
}

impl SendWebhook {
    fn task() -> &'static str {
        <Self as crate::jobs::Job>::TASK
    }
}

#[tokio::test]
async fn accounts_and_members_are_told_of_too() {
    let yard = Yard::new().await;
    yard.add(WebhookEvent::ALL).await;
    let account = yard.account().await;
    let (ids, now, workspace) = (yard.studio.ids.clone(), yard.studio.now(), yard.admin.workspace_id);
    let mut tx = yard.studio.db.worker().await.unwrap();
    in_tx::account_lost(&mut tx, ids.as_ref(), now, workspace, account).await.unwrap();
    tx.commit().await.unwrap();
    // Under the web's role.
    let mut tx = yard.studio.db.tenant(&yard.admin).await.unwrap();
    let event = WebhookEvent::AccountUnlinked;
    in_tx::account_changed(&mut tx, ids.as_ref(), now, workspace, account, event).await.unwrap();
    in_tx::member_joined(&mut tx, ids.as_ref(), now, workspace, yard.admin.user_id).await.unwrap();
    tx.commit().await.unwrap();
    yard.work().await;
    let mut types: Vec<String> = yard.receiver.got().iter().map(|(_, body, _)| body["type"].to_string()).collect();
    types.sort();
    assert_eq!(types, ["\"account.lost\"", "\"account.unlinked\"", "\"member.joined\""]);
    let bodies = yard.receiver.got();
    assert!(bodies.iter().any(|(_, body, _)| body["data"]["full_name"] == "Maeve Byrne"));
    assert!(!format!("{bodies:?}").contains("@example.com"), "no addresses of people");
}

#[tokio::test]
async fn what_does_not_arrive_is_tried_again_after_pauses_and_then_given_up() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    yard.receiver.answers(&[500, 404, 301, 503]);
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    for (attempt, pause) in [(1, 5), (2, 300), (3, 1800)] {
        yard.work().await;
        let sent = yard.sent(&made).await.remove(0);
        assert_eq!((sent.status, sent.attempts), (WebhookDeliveryStatus::Waiting, attempt));
        let waits = (sent.next_attempt_at.unwrap() - yard.studio.now()).num_milliseconds();
        assert!((pause * 1000..=pause * 1100).contains(&waits), "{waits} after {attempt}");
        // Too early nothing happens.
        yard.studio.clock.advance(Duration::seconds(pause - 1));
        yard.work().await;
        assert_eq!(yard.receiver.got().len(), usize::from(attempt));
        yard.studio.clock.advance(Duration::seconds(pause / 10 + 11));
    }
    yard.work().await;
    let sent = yard.sent(&made).await.remove(0);
    assert_eq!((sent.status, sent.attempts, sent.response_status), (WebhookDeliveryStatus::Failed, 4, Some(503)));
    assert!(sent.next_attempt_at.is_none());
    let got = yard.receiver.got();
    assert_eq!(got.len(), 4, "redirects are not followed");
    assert!(got.iter().all(|(id, body, _)| *id == got[0].0 && *body == got[0].1), "every attempt is the same event");
    let webhook = yard.service.get(&yard.admin, made.webhook.id).await.unwrap();
    assert!(webhook.enabled && webhook.failing_since.is_some());

    // Somebody mends it, and sends the same once more.
    yard.service.resend(&yard.admin, sent.id).await.unwrap();
    assert_eq!(code(yard.service.resend(&yard.admin, sent.id).await), ErrorCode::Conflict);
    yard.work().await;
    let sent = yard.sent(&made).await.remove(0);
    assert_eq!((sent.status, sent.attempts, sent.error), (WebhookDeliveryStatus::Delivered, 1, None));
    assert_eq!(yard.receiver.got()[4].0, got[0].0);
    assert_eq!(yard.service.get(&yard.admin, made.webhook.id).await.unwrap().failing_since, None);
}

#[tokio::test]
async fn the_next_event_does_not_wait_for_the_pause_of_the_one_before() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    yard.receiver.answers(&[500, 500]);
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    yard.work().await;
    yard.studio.clock.advance(Duration::seconds(20));
    yard.work().await;
    assert_eq!(yard.receiver.got().len(), 2, "the second attempt, after which a pause of minutes begins");
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    yard.work().await;
    let sent = yard.sent(&made).await;
    assert_eq!([sent[0].status, sent[1].status], [WebhookDeliveryStatus::Delivered, WebhookDeliveryStatus::Waiting]);
    // And what waits is not forgotten over it.
    yard.studio.clock.advance(Duration::seconds(400));
    yard.work().await;
    assert_eq!(yard.sent(&made).await[1].status, WebhookDeliveryStatus::Delivered);
}

#[tokio::test]
async fn two_workers_send_each_event_once() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    for _ in 0..12 {
        yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    }
    let job = SendWebhook { webhook: made.webhook.id, later: false };
    // With places of their own, as in processes of their own.
    let clock: Arc<dyn Clock> = yard.studio.clock.clone();
    let contexts = (0..4).map(|_| {
        let webhooks = notifications::tests::webhooks(&clock, &yard.studio.vault);
        crate::jobs::JobContext { webhooks, ..yard.studio.context.clone() }
    });
    for outcome in join_all(contexts.map(|context| send_webhook(context, job))).await {
        outcome.unwrap();
    }
    let mut ids: Vec<String> = yard.receiver.got().into_iter().map(|(id, _, _)| id).collect();
    assert_eq!(ids.len(), 12);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12, "an event was sent twice");
}

#[tokio::test]
async fn an_attempt_whose_worker_died_is_made_again() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    // Claimed, and never ended.
    let (now, lease) = (yard.studio.now(), yard.studio.now() + Duration::seconds(60));
    let mut tx = yard.studio.db.worker().await.unwrap();
    crate::features::notifications::store::webhooks::claim(&mut tx, made.webhook.id, now, lease)
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    yard.work().await;
    assert!(yard.receiver.got().is_empty(), "it is somebody else’s");
    yard.studio.clock.advance(Duration::seconds(61));
    yard.work().await;
    let sent = yard.sent(&made).await.remove(0);
    assert_eq!((sent.status, sent.attempts), (WebhookDeliveryStatus::Delivered, 2));
}

#[tokio::test]
async fn an_address_that_is_gone_is_not_called_again_and_admins_hear_of_it() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    yard.receiver.answers(&[410]);
    for _ in 0..2 {
        yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    }
    yard.work().await;
    let webhook = yard.service.get(&yard.admin, made.webhook.id).await.unwrap();
    assert_eq!((webhook.enabled, webhook.off_because), (false, Some(WebhookOff::Gone)));
    assert!(yard.sent(&made).await.iter().all(|sent| sent.status == WebhookDeliveryStatus::Failed));
    assert_eq!(yard.receiver.got().len(), 1);
    let letters = yard.studio.post.to(&format!("{}@example.com", yard.admin.user_id));
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("answers that it is gone (410)"), "{}", letters[0].text);
    for refused in [
        code(yard.service.test(&yard.admin, made.webhook.id).await),
        code(yard.service.resend(&yard.admin, yard.sent(&made).await[0].id).await),
    ] {
        assert_eq!(refused, ErrorCode::Conflict);
    }
    let on = WebhookPatch { enabled: Some(true), ..WebhookPatch::default() };
    let webhook = yard.service.change(&yard.admin, made.webhook.id, on).await.unwrap();
    assert_eq!((webhook.enabled, webhook.off_because, webhook.failing_since), (true, None, None));
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    yard.work().await;
    assert_eq!(yard.receiver.got().len(), 2);
    let events = AuditService::new(yard.studio.db.clone()).list(&yard.admin, AuditFilter::default()).await.unwrap();
    let actions: Vec<&str> = events.items.iter().map(|event| event.action.as_str()).collect();
    for action in ["webhook.added", "webhook.tested", "webhook.stopped", "webhook.changed"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    let record = format!("{:?}", events.items);
    assert!(!record.contains(&made.secret) && !record.contains("whsec_"));
}

#[tokio::test]
async fn days_of_nothing_but_failures_switch_it_off() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    yard.receiver.answers(&[500; 40]);
    for day in 0..5 {
        let webhook = yard.service.get(&yard.admin, made.webhook.id).await.unwrap();
        assert!(webhook.enabled, "day {day}");
        yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
        yard.work().await;
        yard.studio.clock.advance(Duration::days(1));
        yard.work().await;
    }
    let webhook = yard.service.get(&yard.admin, made.webhook.id).await.unwrap();
    assert_eq!(webhook.off_because, Some(WebhookOff::Failing));
    assert_eq!(yard.studio.post.to(&format!("{}@example.com", yard.admin.user_id)).len(), 1);
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_one_before_for_a_day() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    let id = made.webhook.id;
    let renewed = yard.service.renew_secret(&yard.admin, id).await.unwrap();
    assert_ne!(renewed.secret, made.secret);
    yard.service.test(&yard.admin, id).await.unwrap();
    yard.work().await;
    assert!(yard.receiver.is_signed(0, &made.secret) && yard.receiver.is_signed(0, &renewed.secret));
    let webhook = yard.service.get(&yard.admin, id).await.unwrap();
    assert_eq!(webhook.previous_secret_until, Some(renewed.previous_until));
    yard.studio.clock.advance(Duration::hours(24));
    yard.service.test(&yard.admin, id).await.unwrap();
    yard.work().await;
    assert!(!yard.receiver.is_signed(1, &made.secret) && yard.receiver.is_signed(1, &renewed.secret));
    assert_eq!(yard.service.get(&yard.admin, id).await.unwrap().previous_secret_until, None);
    // Two at once end well.
    for outcome in join_all((0..2).map(|_| yard.service.renew_secret(&yard.admin, id))).await {
        outcome.unwrap();
    }

    // Sealed, and out of reach of the web; under new keys it signs on.
    let kept: String = sqlx::query_scalar("select string_agg(s::text, '') from webhook_secrets s")
        .fetch_one(&yard.studio.admin)
        .await
        .unwrap();
    let hidden = hex::encode(&renewed.secret);
    assert!(!kept.contains(&renewed.secret) && !kept.contains(&hidden));
    let mut tx = yard.studio.db.tenant(&yard.admin).await.unwrap();
    let error = sqlx::query("select sealed from webhook_secrets").fetch_all(&mut *tx).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    drop(tx);
    let other = Vault::new(KeyRing::generate().unwrap(), Algorithm::default());
    assert_eq!(reseal_all(&yard.studio.db, &other).await.unwrap(), (0, 4), "nothing is lost when a key is missing");
    assert_eq!(reseal_all(&yard.studio.db, &yard.studio.vault).await.unwrap(), (0, 0));
}

#[rstest]
#[case("http://hooks.example/")]
#[case("https://127.0.0.1/")]
#[case("https://[::1]/")]
#[case("https://169.254.169.254/latest/meta-data")]
#[case("https://10.1.2.3/")]
#[case("https://user:secret@hooks.example/")]
#[case("https://")]
#[tokio::test]
async fn addresses_in_our_own_networks_are_refused(#[case] url: &str) {
    let studio = Studio::new().await;
    let admin = studio.workspace("UTC").await;
    let strict = service(&studio, false);
    let form = NewWebhook { url: url.into(), events: vec![WebhookEvent::PostFailed], ..NewWebhook::default() };
    assert!(field(strict.add(&admin, form).await, "url").starts_with("This address cannot be called"));
}

#[tokio::test]
async fn a_name_that_leads_into_our_own_network_is_not_called() {
    let yard = Yard::new().await;
    // As if it had led elsewhere when it was added.
    let named = yard.url.replace("127.0.0.1", "localhost");
    let form = NewWebhook { url: named, ..yard.form(&[WebhookEvent::PostFailed]) };
    let made = yard.service.add(&yard.admin, form).await.unwrap();
    yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
    let clock: Arc<dyn Clock> = yard.studio.clock.clone();
    let strict = super::WebhookSender::new(super::SenderSetup {
        http: Arc::new(notifications::tests::outgoing(&clock, false)),
        vault: yard.studio.vault.clone(),
        pauses: Vec::new(),
        timeout: std::time::Duration::from_secs(2),
        off_after: Duration::days(5),
    });
    let context = crate::jobs::JobContext { webhooks: strict, ..yard.studio.context.clone() };
    send_webhook(context, SendWebhook { webhook: made.webhook.id, later: false }).await.unwrap();
    assert!(yard.receiver.got().is_empty());
    let sent = yard.sent(&made).await.remove(0);
    assert_eq!((sent.status, sent.response_status), (WebhookDeliveryStatus::Failed, None));
    assert!(sent.error.unwrap().starts_with("Not called: "));
}

#[tokio::test]
async fn an_address_where_nobody_is_or_somebody_says_nothing() {
    let yard = Yard::new().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}/", silent.local_addr().unwrap());
    for (url, words) in [("http://127.0.0.1:9/".to_owned(), "cannot be reached"), (silent_url, "took too long")] {
        let form = NewWebhook { url, ..yard.form(&[WebhookEvent::PostFailed]) };
        let made = yard.service.add(&yard.admin, form).await.unwrap();
        yard.service.test(&yard.admin, made.webhook.id).await.unwrap();
        yard.work().await;
        let sent = yard.sent(&made).await.remove(0);
        assert!(sent.error.as_ref().unwrap().contains(words), "{sent:?}");
        assert_eq!(sent.status, WebhookDeliveryStatus::Waiting);
    }
}

#[tokio::test]
async fn webhooks_are_an_admins_and_one_workspaces_and_there_is_an_end_to_them() {
    let yard = Yard::new().await;
    let made = yard.add(&[WebhookEvent::PostFailed]).await;
    let id = made.webhook.id;
    let sent = yard.service.test(&yard.admin, id).await.unwrap();
    let editor = yard.studio.colleague(&yard.admin, Role::Editor).await;
    let stranger = yard.studio.workspace("UTC").await;
    let program = Actor { via: domain::Via::ApiKey(domain::ApiKeyId(yard.studio.ids.next())), ..yard.admin.clone() };
    for who in [&editor, &program] {
        assert_eq!(code(yard.service.list(who).await), ErrorCode::Forbidden);
        assert_eq!(code(yard.service.add(who, yard.form(&[WebhookEvent::PostFailed])).await), ErrorCode::Forbidden);
        assert_eq!(code(yard.service.renew_secret(who, id).await), ErrorCode::Forbidden);
    }
    assert!(yard.service.list(&stranger).await.unwrap().is_empty());
    let patch = || WebhookPatch { enabled: Some(false), ..WebhookPatch::default() };
    for refused in [
        code(yard.service.get(&stranger, id).await),
        code(yard.service.change(&stranger, id, patch()).await),
        code(yard.service.renew_secret(&stranger, id).await),
        code(yard.service.remove(&stranger, id).await),
        code(yard.service.test(&stranger, id).await),
        code(yard.service.deliveries(&stranger, id).await),
        code(yard.service.resend(&stranger, sent.id).await),
    ] {
        assert_eq!(refused, ErrorCode::NotFound);
    }
    let more =
        join_all((0..MAX_WEBHOOKS + 2).map(|_| yard.service.add(&yard.admin, yard.form(&[WebhookEvent::PostFailed]))))
            .await;
    let refused: Vec<_> = more.into_iter().filter_map(Result::err).map(|error| error.code()).collect();
    assert_eq!(refused, [ErrorCode::Conflict; 3]);
    yard.service.remove(&yard.admin, id).await.unwrap();
    assert_eq!(code(yard.service.remove(&yard.admin, id).await), ErrorCode::NotFound);
    assert_eq!(yard.studio.count("webhook_deliveries").await, 0, "the log goes with it");
}
