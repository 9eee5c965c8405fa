//! The letter for a forgotten password. Whether anybody has the address is found out here and not in the request, whose
//! answer therefore takes the same time for all.

use domain::{
    PasswordResetId, ServiceResult,
    identity::{MAX_RESENDS, RESEND_WINDOW, RESET_LIFE},
    notifications::{Letter, Mail},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store;
use crate::{
    features::notifications,
    jobs::{Job, JobContext},
    one_time::Purpose,
};

/// Somebody says that they have forgotten the password of this address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendResetLink {
    pub email: String,
}

impl Job for SendResetLink {
    const TASK: &'static str = "identity_send_reset_link";

    // Pressed twice, it is sent once. The queue shows keys around, so not the address itself.
    fn key(&self) -> Option<String> {
        Some(format!("reset/{}", hex::encode(Sha256::digest(self.email.as_bytes()))))
    }
}

/// Sends a link, three an hour at most; earlier ones stop working. Nothing for an address that nobody has.
pub async fn send_reset_link(context: JobContext, job: SendResetLink) -> ServiceResult<()> {
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let Some(person) = store::active_person(&mut tx, &job.email).await? else { return Ok(()) };
    store::take_turns(&mut tx, person.user).await?;
    if store::resets_since(&mut tx, person.user, now - RESEND_WINDOW).await? >= i64::from(MAX_RESENDS) {
        tracing::info!(user_id = %person.user, "too many links for a forgotten password within an hour");
        return Ok(());
    }
    store::revoke_resets(&mut tx, person.user, now).await?;
    let id = PasswordResetId(context.ids.next());
    let token_hash = context.letters.writer.tokens().hash_of(Purpose::ResetPassword, id.0);
    store::insert_reset(&mut tx, id, person.user, &token_hash, now, now + RESET_LIFE).await?;
    let mail = Mail { to: job.email, letter: Letter::ResetPassword { name: person.full_name, link: id } };
    notifications::in_tx::write(&mut tx, context.ids.as_ref(), now, &mail).await?;
    tx.commit().await
}
