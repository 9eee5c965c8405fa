//! Asking the platform what has become of a post, before anything is sent again.

use std::sync::Arc;

use chrono::Duration;
use domain::deliveries::{ErrorClass, Stage};
use platforms::{Finding, PlatformError};

use super::{Attempt, LOOKS, Outcome, Pipeline, comment_of, no_token};
use crate::features::{accounts::TokenError, deliveries::store::Claimed};

/// How long a platform's list usually lags behind what it shows: a second look comes after this.
const SECOND_LOOK: Duration = Duration::seconds(6);

impl Pipeline {
    pub(super) async fn reconcile(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Outcome {
        attempt.stage = if claimed.stage.is_watched() { claimed.stage } else { Stage::OutcomeUnknown };
        match self.try_reconcile(claimed, attempt).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    async fn try_reconcile(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Result<Outcome, Outcome> {
        let (material, known) = self.material(claimed).await.map_err(Outcome::Broken)?;
        attempt.first_comment = comment_of(&material, claimed);
        let adapter = Arc::clone(self.adapter(claimed)?);
        let mut open = match self.tokens.open(claimed.account).await {
            Ok(open) => open,
            Err(TokenError::Revoked { message }) => {
                return Ok(Outcome::Unclear(format!("{message} {}", unasked(claimed.stage))));
            }
            Err(other) => return Err(no_token(other)),
        };
        loop {
            let request = self.request(claimed, &material, &open).await.map_err(|outcome| match outcome {
                // What is wrong with a picture by now says nothing of what was sent.
                Outcome::Refused { error, .. } => {
                    Outcome::Unclear(format!("{} {}", error.message, unasked(claimed.stage)))
                }
                other => other,
            })?;
            let outcome = match adapter.find_published(&request, Some(&claimed.state), &known).await {
                Ok(Finding::Found { external_id, url, published_at }) => Outcome::Found {
                    external_id,
                    url,
                    at: published_at.or(claimed.commit_started_at).unwrap_or_else(|| self.clock.now()),
                },
                Ok(Finding::NotFound) => {
                    claimed.reconciliations += 1;
                    match claimed.reconciliations {
                        LOOKS => Outcome::NeverArrived,
                        looks if looks < LOOKS * 2 => Outcome::LookAgain(self.clock.now() + self.before_look(looks)),
                        _ => Outcome::Unclear(format!(
                            "{} says that it has this post already, and does not show it.",
                            claimed.platform.label()
                        )),
                    }
                }
                Ok(Finding::Processing { after }) => Outcome::Taken { at: self.after(after), trace: None },
                Ok(Finding::WaitingForCreator { .. }) => Outcome::WaitingForCreator { trace: None },
                Ok(Finding::Refused { class, reason, code }) => {
                    // A clear answer at last: nothing is public, and another try begins from the start.
                    claimed.stage = Stage::Staging;
                    claimed.in_doubt_since = None;
                    claimed.state = serde_json::json!({});
                    self.save(claimed, Stage::Staging).await?;
                    let mut error = PlatformError::new(claimed.platform, class).saying(reason);
                    error.code = code;
                    Outcome::Refused { stage: Stage::Staging, error: Box::new(error) }
                }
                Ok(Finding::CannotTell { reason }) => Outcome::Unclear(reason),
                Err(error)
                    if error.class == ErrorClass::AuthExpired && claimed.refreshed_version != Some(open.version) =>
                {
                    attempt.note(attempt.stage, &error);
                    open = self.tokens.refresh_rejected(claimed.account, open.version).await.map_err(no_token)?;
                    claimed.refreshed_version = Some(open.version);
                    continue;
                }
                Err(error) => Outcome::Refused { stage: attempt.stage, error: Box::new(error) },
            };
            self.report(&open, &outcome).await;
            return Ok(outcome);
        }
    }
}

impl Pipeline {
    /// Between the look of this number, from 1, and the next. A platform may take in late what it was slow to answer, so the last look
    /// comes a lease after the one before it: as long as it takes until a worker that has died is missed.
    fn before_look(&self, looks: u32) -> Duration {
        if looks % LOOKS == 1 { SECOND_LOOK } else { self.lease }
    }
}

/// What nobody can learn any more once access is gone.
const fn unasked(stage: Stage) -> &'static str {
    match stage {
        Stage::Processing => "What the platform made of this post cannot be asked any more.",
        Stage::WithCreator => "Whether the creator has published this post cannot be asked any more.",
        _ => "Whether this post went out before that cannot be asked any more.",
    }
}
