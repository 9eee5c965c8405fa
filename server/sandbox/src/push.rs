//! What networks send of their own accord to the applications that people have let in: that access was taken back, and
//! that somebody wants gone what is kept of them. Each network makes its messages itself, signed as it signs them
//! ([`crate::networks::Network::push`]); here they are sent, again where they are not taken, and remembered.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;

use crate::{
    Sandbox, networks,
    world::{Grant, Slug, World},
};

/// Pauses before a message is sent again; the real networks go on for days.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];
/// Messages that are remembered.
const KEEP: usize = 1_000;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum About {
    /// A person has taken access back.
    Removed,
    /// A person wants gone what the application keeps of them.
    Deletion,
}

/// A message as its network makes it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// A message that was sent, and what came back; for `GET /control/webhooks`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sent {
    platform: Slug,
    about: About,
    /// The person it is about.
    account: String,
    url: String,
    attempt: usize,
    at: DateTime<Utc>,
    /// `None`: nobody answered.
    status: Option<u16>,
    answer: Value,
}

/// What was sent, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox(VecDeque<Sent>);

impl Outbox {
    fn add(&mut self, sent: Sent) {
        while self.0.len() >= KEEP {
            self.0.pop_front();
        }
        self.0.push_back(sent);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sent> {
        self.0.iter()
    }
}

/// A message with where it goes.
pub(crate) struct Letter {
    platform: Slug,
    about: About,
    account: String,
    url: String,
    message: Message,
}

/// The letters about these grants, to applications that have registered an address for them.
pub(crate) fn letters(world: &World, grants: &[Grant], about: About) -> Vec<Letter> {
    let Some(base) = world.settings.webhooks.as_deref() else { return Vec::new() };
    let base = base.trim_end_matches('/');
    grants
        .iter()
        .filter_map(|grant| {
            let network = networks::of(grant.platform)?;
            let client = world.config.client(&grant.client)?;
            let message = network.push(world, grant, client, about)?;
            let url = match about {
                About::Removed => format!("{base}/{}", grant.platform),
                About::Deletion => format!("{base}/{}/data-deletion", grant.platform),
            };
            Some(Letter { platform: grant.platform, about, account: grant.person.clone(), url, message })
        })
        .collect()
}

/// Sends letters in the background.
pub(crate) fn send(sandbox: &Sandbox, letters: Vec<Letter>) {
    for letter in letters {
        let sandbox = sandbox.clone();
        tokio::spawn(async move { deliver(&sandbox, &letter).await });
    }
}

/// Sends a letter until it is taken, or often enough; what the application answered.
pub(crate) async fn deliver(sandbox: &Sandbox, letter: &Letter) -> Option<Value> {
    for attempt in 1..=PAUSES.len() + 1 {
        let (status, answer) = post(sandbox, letter).await;
        let taken = status.is_some_and(|status| status < 300);
        note(sandbox, letter, attempt, status, &answer);
        if taken {
            return Some(answer);
        }
        let pause = PAUSES.get(attempt - 1)?;
        if sandbox.unless_closing(*pause).await {
            return None;
        }
    }
    None
}

fn note(sandbox: &Sandbox, letter: &Letter, attempt: usize, status: Option<u16>, answer: &Value) {
    let mut world = sandbox.world();
    let at = world.now();
    world.outbox.add(Sent {
        platform: letter.platform,
        about: letter.about,
        account: letter.account.clone(),
        url: letter.url.clone(),
        attempt,
        at,
        status,
        answer: answer.clone(),
    });
}

async fn post(sandbox: &Sandbox, letter: &Letter) -> (Option<u16>, Value) {
    let Ok(client) = sandbox.http() else { return (None, Value::Null) };
    let mut request = client
        .post(&letter.url)
        .timeout(Duration::from_secs(10))
        .header("content-type", letter.message.content_type)
        .body(letter.message.body.clone());
    for (name, value) in &letter.message.headers {
        request = request.header(*name, value);
    }
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (Some(status), answer.json().await.unwrap_or_default())
        }
        Err(error) => {
            tracing::debug!(url = letter.url, %error, "nobody took a message");
            (None, Value::Null)
        }
    }
}

/// The HMAC-SHA256 that signs a message.
pub(crate) fn mac(secret: &str, text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => mac.chain_update(text).finalize().into_bytes().to_vec(),
        // A key may have any length.
        Err(_) => Vec::new(),
    }
}
