//! The letter for a forgotten password: whether anybody has the address is found out here and not in the request, whose
//! answer therefore takes the same time for all. And putting together what somebody wants to take along.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    DataExportId, PasswordResetId, ServiceError, ServiceResult,
    identity::{MAX_RESENDS, RESEND_WINDOW, RESET_LIFE},
    notifications::{Letter, Mail},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::store;
use crate::{
    features::{media::read_portrait, notifications},
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

/// Somebody wants their data.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BuildExport {
    pub export_id: DataExportId,
}

impl Job for BuildExport {
    const TASK: &'static str = "identity_build_export";

    fn key(&self) -> Option<String> {
        Some(format!("export/{}", self.export_id))
    }
}

/// Puts it together, and tells the person. Running it twice tells them once.
pub async fn build_export(context: JobContext, job: BuildExport) -> ServiceResult<()> {
    let now = context.clock.now();
    let mut tx = context.db.worker().await?;
    let Some(person) = store::export_to_build(&mut tx, job.export_id).await? else { return Ok(()) };
    let mut data = store::gather(&mut tx, person.user).await?;
    if let (Some(name), Some(whole)) = (person.avatar, data.as_object_mut()) {
        let picture = STANDARD.encode(read_portrait(&context.files, &name).await?);
        whole.insert("picture".to_owned(), json!({ "file_name": name, "base64": picture }));
    }
    let content = serde_json::to_vec_pretty(&data).map_err(ServiceError::internal)?;
    if !store::finish_export(&mut tx, job.export_id, &content, now).await? {
        return Ok(());
    }
    let letter = Letter::Notice {
        subject: "Your data is ready".to_owned(),
        heading: "Your data is ready".to_owned(),
        paragraphs: vec![format!(
            "Hello {}, what Arctiv keeps of you is put together in one file. You can fetch it for 7 days, while you are \
             signed in.",
            person.full_name
        )],
        action: Some(("Go to your data".to_owned(), "/settings/data".to_owned())),
    };
    let mail = Mail { to: person.email, letter };
    notifications::in_tx::write(&mut tx, context.ids.as_ref(), now, &mail).await?;
    tx.commit().await?;
    tracing::info!(user_id = %person.user, export = %job.export_id, bytes = content.len(), "own data put together");
    Ok(())
}
