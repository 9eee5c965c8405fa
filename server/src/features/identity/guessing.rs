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
/// The same for codes, from all places together that the account does not know. Six digits are few, and who gets to guess
/// them has the password; their owner still comes in with a browser of theirs.
const FREE_EVERYWHERE: i32 = 20;

/// What is guessed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guessed {
    Password,
    /// A second step, by who has the password.
    Code,
}

impl Guessed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
        }
    }
}

/// One try that has been counted.
#[derive(Clone, Debug)]
#[must_use = "a right answer forgives the tries before it"]
pub struct Guess {
    keys: Vec<[u8; 32]>,
}

impl Guess {
    /// It was right.
    pub async fn forgive(self, tx: &mut Tx) -> ServiceResult<()> {
        for key in &self.keys {
            store::guessed_right(tx, key).await?;
        }
        Ok(())
    }
}

fn key(what: Guessed, at: &str, from: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [what.as_str(), at, from] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
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
        let mut guess = Guess { keys: vec![self.count(tx, key(what, email, &from), FREE).await?] };
        if what == Guessed::Code && !known {
            guess.keys.push(self.count(tx, key(what, email, "everywhere"), FREE_EVERYWHERE).await?);
        }
        Ok(guess)
    }

    /// The same for who is signed in and is asked once more.
    pub(super) async fn guess_as(&self, tx: &mut Tx, actor: &Actor, what: Guessed) -> ServiceResult<Guess> {
        let from = actor.session_id().map_or_else(String::new, |session| format!("session {session}"));
        Ok(Guess { keys: vec![self.count(tx, key(what, &actor.user_id.to_string(), &from), FREE).await?] })
    }

    async fn count(&self, tx: &mut Tx, key: [u8; 32], free: i32) -> ServiceResult<[u8; 32]> {
        let now = self.clock.now();
        let Some(next_at) = store::guess(tx, &key, free, now).await? else { return Ok(key) };
        metrics::counter!("sign_in_guesses_refused_total").increment(1);
        let wait = u32::try_from((next_at - now).num_milliseconds().max(1).unsigned_abs().div_ceil(1000));
        let wait = wait.unwrap_or(u32::MAX);
        Err(ServiceError::new(ErrorCode::RateLimited, too_many_guesses(wait)).retry_after(wait))
    }
}
