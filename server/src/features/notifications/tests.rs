//! Letters on a real PostgreSQL, with a mail server that does as it is told. Also used by the tests of other features.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::Duration;
use domain::{
    clock::Clock,
    notifications::{Letter, Mail},
    workspaces::Role,
};
use platforms::{Http, HttpSettings};
use secrecy::SecretString;
use sqlx::Row;
use vault::Vault;

mod telling;
mod unsubscribing;

use super::{
    Letters, Mailer, Writer, in_tx,
    letters::Prepared,
    mailer::Undelivered,
    webhooks::{SenderSetup, WebhookSender},
};
use crate::{
    features::posts::tests::studio::Studio,
    jobs::{Registry, run_due},
    one_time::OneTimeTokens,
};

/// A mail server that remembers what it was given, and refuses as often as it is told.
#[derive(Debug, Default)]
pub(crate) struct Post {
    sent: Mutex<Vec<Prepared>>,
    refusals: Mutex<Vec<Undelivered>>,
}

impl Post {
    /// The letters that somebody got, oldest first.
    pub fn to(&self, address: &str) -> Vec<Prepared> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|letter| letter.to == address).cloned().collect()
    }

    fn refuse(&self, again: bool, times: usize) {
        let mut refusals = self.refusals.lock().unwrap();
        refusals.extend((0..times).map(|n| Undelivered { again, reason: format!("451 busy {n}") }));
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, letter: &Prepared) -> Result<(), Undelivered> {
        if let Some(refusal) = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Err(refusal);
        }
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
        Ok(())
    }
}

/// The secret that tests sign with.
pub(crate) const SECRET: &str = "a secret that only this test server knows";

/// What jobs of tests send letters with.
pub(crate) fn letters(post: Arc<Post>) -> Letters {
    let tokens = OneTimeTokens::new(&SecretString::from(SECRET));
    Letters {
        writer: Writer::new(tokens, "https://arctiv.example".to_owned()),
        mailer: post,
        pauses: [60, 300].map(std::time::Duration::from_secs).into(),
    }
}

/// What jobs of tests call webhooks with: a receiver on this machine, and short waits.
pub(crate) fn webhooks(clock: &Arc<dyn Clock>, vault: &Arc<Vault>) -> WebhookSender {
    WebhookSender::new(SenderSetup {
        http: Arc::new(outgoing(clock, true)),
        vault: Arc::clone(vault),
        pauses: [5, 300, 1800].map(Duration::seconds).into(),
        timeout: std::time::Duration::from_secs(2),
        off_after: Duration::days(5),
    })
}

/// The way out.
pub(crate) fn outgoing(clock: &Arc<dyn Clock>, allow_private_networks: bool) -> Http {
    let timeout = std::time::Duration::from_secs(2);
    Http::new(HttpSettings { allow_private_networks, timeout, ..HttpSettings::default() }, Arc::clone(clock)).unwrap()
}

async fn write(studio: &Studio, to: &str) {
    let letter = Letter::Invitation {
        workspace: "Harbour & Pine".into(),
        invited_by: "Maeve".into(),
        role: Role::Editor,
        link: domain::InvitationId(uuid::Uuid::from_u128(7)),
    };
    let mut tx = studio.db.public().await.unwrap();
    in_tx::write(&mut tx, studio.ids.as_ref(), studio.now(), &Mail { to: to.into(), letter }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn work(studio: &Studio) {
    run_due(&studio.context, Registry::new().register(super::jobs::send_mail)).await.unwrap();
}

/// Status, attempts and error of the only letter.
async fn stands(studio: &Studio) -> (String, i16, Option<String>) {
    let row =
        sqlx::query("select status::text, attempts, last_error from mails").fetch_one(&studio.admin).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_letter_leaves_once_its_transaction_has_committed() {
    let studio = Studio::new().await;
    {
        let mut tx = studio.db.public().await.unwrap();
        let letter = Letter::EmailChanged { name: "Maeve".into(), new_email: "new@walk.example".into() };
        let mail = Mail { to: "maeve@walk.example".into(), letter };
        in_tx::write(&mut tx, studio.ids.as_ref(), studio.now(), &mail).await.unwrap();
    }
    work(&studio).await;
    assert_eq!(studio.count("mails").await, 0, "what was rolled back has never been written");
    write(&studio, "maeve@walk.example").await;
    assert!(studio.post.to("maeve@walk.example").is_empty(), "nothing is sent in the request");
    work(&studio).await;
    let sent = studio.post.to("maeve@walk.example");
    assert_eq!(sent.len(), 1);
    assert!(sent[0].subject.contains("Maeve invites you to Harbour & Pine"));
    assert_eq!(stands(&studio).await, ("sent".into(), 1, None));
    // Run again, for whatever reason, it sends nothing more.
    work(&studio).await;
    assert_eq!(studio.post.to("maeve@walk.example").len(), 1);
}

#[tokio::test]
async fn three_attempts_with_pauses_and_then_it_has_failed() {
    let studio = Studio::new().await;
    studio.post.refuse(true, 3);
    write(&studio, "maeve@walk.example").await;
    for (attempt, pause) in [(1, Some(60)), (2, Some(300)), (3, None)] {
        work(&studio).await;
        let (status, attempts, error) = stands(&studio).await;
        assert_eq!(attempts, attempt);
        assert!(error.unwrap().starts_with("451 busy"));
        let waiting = studio.jobs().await;
        match pause {
            Some(pause) => {
                assert_eq!(status, "waiting");
                assert_eq!(waiting.len(), 1);
                assert_eq!((waiting[0].run_at - studio.now()).num_seconds(), pause);
                sqlx::query("update graphile_worker._private_jobs set run_at = now()")
                    .execute(&studio.admin)
                    .await
                    .unwrap();
            }
            None => assert_eq!((status.as_str(), waiting.len()), ("failed", 0)),
        }
    }
    assert!(studio.post.to("maeve@walk.example").is_empty());
}

#[tokio::test]
async fn an_address_that_is_refused_for_good_is_not_tried_again() {
    let studio = Studio::new().await;
    studio.post.refuse(false, 1);
    write(&studio, "maeve@walk.example").await;
    work(&studio).await;
    assert_eq!(stands(&studio).await.0, "failed");
    assert!(studio.jobs().await.is_empty());
}

#[tokio::test]
async fn the_web_writes_letters_and_reads_none() {
    let studio = Studio::new().await;
    write(&studio, "maeve@walk.example").await;
    let mut tx = studio.db.public().await.unwrap();
    let error = sqlx::query("select recipient from mails").fetch_all(&mut *tx).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
}
