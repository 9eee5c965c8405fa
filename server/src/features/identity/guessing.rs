//! Guessing is slowed, and nobody is locked out by a stranger.
//!
//! Tries are counted by what is guessed at and from where: a browser that the account knows is a place of its own, everybody
//! else is the network they come from. So whoever guesses elsewhere makes nobody wait but themselves. An address that nobody
//! has is counted like any other, and each try before its answer is known, so that many at once gain nothing.

use domain::{Actor, ErrorCode, ServiceError, ServiceResult, Visitor, identity::too_many_guesses};
use sha2::{Digest, Sha256};

use super::{IdentityService, store};
use crate::{database::Tx, http::limits::network, one_time};

/// Tries before the first pause.
const FREE: i32 = 5;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guessed {
    Password,
}

impl Guessed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
        }
    }
}

/// One try that has been counted.
#[derive(Clone, Copy, Debug)]
#[must_use = "a right answer forgives the tries before it"]
pub struct Guess {
    key: [u8; 32],
}

impl Guess {
    fn new(what: Guessed, at: &str, from: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [what.as_str(), at, from] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        Self { key: hash.finalize().into() }
    }

    /// It was right.
    pub async fn forgive(self, tx: &mut Tx) -> ServiceResult<()> {
        store::guessed_right(tx, &self.key).await
    }
}

impl IdentityService {
    /// Counts a visitor's try at what belongs to `email`; `RATE_LIMITED` when it comes too soon.
    pub(super) async fn guess_at(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        what: Guessed,
        email: &str,
    ) -> ServiceResult<Guess> {
        let device = visitor.browser.device.as_ref().map(|token| one_time::hash(&token.0));
        let known = match &device {
            Some(device) => store::device_is_known(tx, email, device).await?,
            None => false,
        };
        let from = match (device.filter(|_| known), visitor.ip) {
            (Some(device), _) => format!("browser {}", hex::encode(device)),
            (None, Some(ip)) => format!("network {}", network(ip)),
            (None, None) => "nowhere".to_owned(),
        };
        self.count(tx, Guess::new(what, email, &from)).await
    }

    /// The same for who is signed in and is asked once more.
    pub(super) async fn guess_as(&self, tx: &mut Tx, actor: &Actor, what: Guessed) -> ServiceResult<Guess> {
        let from = actor.session_id().map_or_else(String::new, |session| format!("session {session}"));
        self.count(tx, Guess::new(what, &actor.user_id.to_string(), &from)).await
    }

    async fn count(&self, tx: &mut Tx, guess: Guess) -> ServiceResult<Guess> {
        let now = self.clock.now();
        let Some(next_at) = store::guess(tx, &guess.key, FREE, now).await? else { return Ok(guess) };
        metrics::counter!("sign_in_guesses_refused_total").increment(1);
        let wait = u32::try_from((next_at - now).num_milliseconds().max(1).unsigned_abs().div_ceil(1000));
        let wait = wait.unwrap_or(u32::MAX);
        Err(ServiceError::new(ErrorCode::RateLimited, too_many_guesses(wait)).retry_after(wait))
    }
}
