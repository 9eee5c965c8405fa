//! Fulfils [`PushEvents`]: messages of platforms, checked here and acted on in the background, so that a platform has its
//! answer at once and a database that is busy costs no message.
//!
//! A signature tells who wrote a message and not when it arrives: platforms send again what was not taken, and anybody who
//! has seen one could. So what a message does depends on the moment it was written for: see
//! [`Tokens::access_removed`](super::Tokens).

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ErrorCode, Platform, ServiceError, ServiceResult, Visitor,
    accounts::{DataDeletion, DeletionTaken, PushEvents, PushMessage},
    clock::Clock,
};
use platforms::{Push, PushRefusal, Removed};
use sha2::{Digest, Sha256};
use url::Url;

use super::{jobs::AccessRemoved, store};
use crate::{database::Database, jobs::enqueue};

/// The longest code that is looked up.
const CODE_MAX: usize = 64;

/// What [`PushService`] is made of.
pub struct PushSetup {
    pub db: Database,
    pub clock: Arc<dyn Clock>,
    pub platforms: Arc<platforms::Registry>,
    /// As the program is reached from outside.
    pub public_url: Url,
}

impl fmt::Debug for PushSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushSetup").finish_non_exhaustive()
    }
}

/// See the module.
#[derive(Debug)]
pub struct PushService {
    with: PushSetup,
}

impl PushService {
    pub fn new(setup: PushSetup) -> Self {
        Self { with: setup }
    }

    fn hear(&self, platform: Platform, message: PushMessage) -> ServiceResult<Push> {
        let adapter = self.with.platforms.get(platform).ok_or_else(|| ServiceError::not_found("platform"))?;
        let message = platforms::PushMessage { headers: message.headers, body: message.body };
        adapter.hear(&message).map_err(|refusal| refused(platform, refusal))
    }
}

fn refused(platform: Platform, refusal: PushRefusal) -> ServiceError {
    let label = platform.label();
    match refusal {
        PushRefusal::NotHere => ServiceError::not_found("platform"),
        PushRefusal::Unreadable => {
            ServiceError::field("body", format!("This is no message as {label} documents it.")).because(refusal)
        }
        // Which of them it is, the log says.
        PushRefusal::Unsigned | PushRefusal::Foreign | PushRefusal::Untimely => {
            let message = format!("This message is not signed by {label} for this Arctiv, or not of this time.");
            ServiceError::new(ErrorCode::Unauthorized, message).because(refusal)
        }
    }
}

#[async_trait]
impl PushEvents for PushService {
    async fn receive(&self, _: &Visitor, platform: Platform, message: PushMessage) -> ServiceResult<()> {
        let Push::Removed(removed) = self.hear(platform, message)? else { return Ok(()) };
        let mut tx = self.with.db.public().await?;
        enqueue(&mut tx, &AccessRemoved::new(removed, None), None).await?;
        tx.commit().await
    }

    async fn forget(&self, _: &Visitor, platform: Platform, message: PushMessage) -> ServiceResult<DeletionTaken> {
        let Push::Removed(removed) = self.hear(platform, message)? else {
            return Err(refused(platform, PushRefusal::Unreadable));
        };
        let now = self.with.clock.now();
        // A name for the request that tells nothing; nobody needs to guess it, and a random one cannot be.
        let code = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>());
        let mut tx = self.with.db.public().await?;
        let kept = store::put_deletion(&mut tx, &code, platform, &person(&removed), removed.at, now).await?;
        enqueue(&mut tx, &AccessRemoved::new(removed, Some(kept.clone())), None).await?;
        let found = store::deletion(&mut tx, &kept).await?;
        tx.commit().await?;
        let status_url = format!("{}/api/data-deletions/{kept}", self.with.public_url.as_str().trim_end_matches('/'));
        Ok(DeletionTaken { deletion: shown(kept, found)?, status_url })
    }

    async fn deletion(&self, _: &Visitor, code: &str) -> ServiceResult<DataDeletion> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if code.is_empty() || code.len() > CODE_MAX || !code.bytes().all(sound) {
            return Err(ServiceError::not_found("request"));
        }
        let mut tx = self.with.db.public().await?;
        let found = store::deletion(&mut tx, code).await?;
        shown(code.to_owned(), found)
    }
}

type Found = Option<(Platform, chrono::DateTime<chrono::Utc>, Option<chrono::DateTime<chrono::Utc>>)>;

fn shown(code: String, found: Found) -> ServiceResult<DataDeletion> {
    let (platform, requested_at, completed_at) = found.ok_or_else(|| ServiceError::not_found("request"))?;
    Ok(DataDeletion { code, platform, requested_at, completed_at })
}

/// By which the same request is known again without keeping who made it.
fn person(removed: &Removed) -> [u8; 32] {
    Sha256::digest(removed.grantor.as_bytes()).into()
}
