//! Letters leave in the background: three attempts, with pauses, and never in the request that they tell of.

use std::{sync::Arc, time::Duration};

use chrono::Duration as Pause;
use domain::{MailId, ServiceResult, notifications::MAIL_ATTEMPTS, text::truncate_chars};
use serde::{Deserialize, Serialize};

use super::{letters::Writer, mailer::Mailer, store};
use crate::jobs::{Job, JobContext, enqueue};

/// What sending needs. Cheap to clone.
#[derive(Clone)]
pub struct Letters {
    pub writer: Writer,
    pub mailer: Arc<dyn Mailer>,
    /// Between the attempts.
    pub pauses: Arc<[Duration]>,
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letters")
    }
}

/// One letter is to be sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SendMail {
    pub mail: MailId,
}

impl Job for SendMail {
    const TASK: &'static str = "notifications_send_mail";
}

/// Tries once. What failed and may succeed later is tried again by a job of its own, after the pause; a job that dies
/// in between is run again by the queue, so a letter may in rare cases come twice, and is never lost.
pub async fn send_mail(context: JobContext, job: SendMail) -> ServiceResult<()> {
    let mut tx = context.db.worker().await?;
    let found = store::waiting_mail(&mut tx, job.mail).await?;
    tx.commit().await?;
    let Some(mail) = found else { return Ok(()) };
    let prepared = context.letters.writer.write(job.mail, &mail.to, &mail.letter, context.clock.now())?;
    let outcome = context.letters.mailer.send(&prepared).await;
    let (now, attempts) = (context.clock.now(), mail.attempts + 1);
    let mut tx = context.db.worker().await?;
    match outcome {
        Ok(()) => {
            store::mail_sent(&mut tx, job.mail, attempts, now).await?;
            metrics::counter!("mails_sent").increment(1);
        }
        Err(error) => {
            let reason = truncate_chars(&error.reason, 1000);
            let pause = usize::from(attempts).checked_sub(1).and_then(|at| context.letters.pauses.get(at));
            match pause.filter(|_| error.again && attempts < MAIL_ATTEMPTS) {
                Some(pause) => {
                    tracing::warn!(mail = %job.mail, attempts, reason, "a letter was not taken and will be tried again");
                    store::mail_delayed(&mut tx, job.mail, attempts, reason).await?;
                    let pause = Pause::from_std(*pause).unwrap_or_else(|_| Pause::minutes(5));
                    enqueue(&mut tx, &job, Some(now + pause)).await?;
                }
                None => {
                    tracing::error!(mail = %job.mail, attempts, reason, "a letter could not be sent");
                    store::mail_failed(&mut tx, job.mail, attempts, reason, now).await?;
                    metrics::counter!("mails_failed").increment(1);
                }
            }
        }
    }
    tx.commit().await
}
