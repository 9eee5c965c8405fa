//! Stage → wait → commit.

use std::{sync::Arc, time::Instant};

use chrono::Duration;
use domain::{
    ServiceError, ServiceResult,
    accounts::AccountStatus,
    deliveries::{ErrorClass, Stage},
};
use platforms::{Adapter, Progress, PublishRequest, Published, Standing};

use super::{ADDRESS_WAIT, Attempt, Outcome, Pipeline, Step, comment_of, no_token};
use crate::{
    features::{
        accounts::OpenToken,
        deliveries::store::{self, Claimed, Mark},
    },
    gather::together,
};

impl Pipeline {
    pub(super) async fn publish(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Outcome {
        match self.try_publish(claimed, attempt).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    async fn try_publish(&self, claimed: &mut Claimed, attempt: &mut Attempt) -> Result<Outcome, Outcome> {
        // Two questions to the database that do not depend on each other.
        let (material, open) = tokio::join!(self.material(claimed), self.tokens.open(claimed.account));
        let (material, _) = material.map_err(Outcome::Broken)?;
        attempt.first_comment = comment_of(&material, claimed);
        if material.deleted {
            return Ok(Outcome::Canceled);
        }
        if material.account_status != AccountStatus::Connected {
            return Ok(Outcome::NoAccess {
                class: ErrorClass::AuthRevoked,
                message: format!("The account is not connected any more ({}).", material.account_status.label()),
            });
        }
        let adapter = Arc::clone(self.adapter(claimed)?);
        let mut open = open.map_err(no_token)?;
        loop {
            let request = self.request(claimed, &material, &open).await?;
            match self.stage_and_commit(adapter.as_ref(), claimed, &request, attempt).await? {
                // A 401 is a clear refusal: nothing is public. Renewed once per token, then it is the platform's word.
                Outcome::Refused { stage, error }
                    if error.class == ErrorClass::AuthExpired && claimed.refreshed_version != Some(open.version) =>
                {
                    attempt.note(stage, &error);
                    claimed.refreshed_version = Some(open.version);
                    open = self.tokens.refresh_rejected(claimed.account, open.version).await.map_err(no_token)?;
                    claimed.refreshed_version = Some(open.version);
                }
                outcome => {
                    self.report(&open, &outcome).await;
                    return Ok(outcome);
                }
            }
        }
    }

    /// Tells the keeper of tokens when the platform says that access is gone, or not enough to publish.
    pub(super) async fn report(&self, open: &OpenToken, outcome: &Outcome) {
        let Outcome::Refused { stage, error } = outcome else { return };
        let told = match error.class {
            ErrorClass::AuthRevoked => self.tokens.revoked(open, &error.message, error.http_status, true).await,
            // Refused again right after a renewal: not yet proof, but worth a question in a minute.
            ErrorClass::AuthExpired => self.tokens.revoked(open, &error.message, error.http_status, false).await,
            // Being refused a look at what is there says nothing about publishing.
            ErrorClass::Permission if matches!(stage, Stage::Staging | Stage::Committing) => {
                self.tokens.not_permitted(open, &error.message).await
            }
            _ => return,
        };
        if let Err(failed) = told {
            tracing::error!(account_id = %open.account_id, cause = ?failed.cause, "a refusal could not be recorded");
        }
    }

    async fn stage_and_commit(
        &self,
        adapter: &dyn Adapter,
        claimed: &mut Claimed,
        request: &PublishRequest,
        attempt: &mut Attempt,
    ) -> Result<Outcome, Outcome> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(Outcome::HandedBack);
            }
            attempt.stage = Stage::Staging;
            let saved = Some(&claimed.state).filter(|state| state.as_object().is_none_or(|map| !map.is_empty()));
            let staged = match adapter.stage(request, saved).await {
                Ok(staged) => staged,
                Err(error) => {
                    if error.stale {
                        claimed.state = serde_json::json!({});
                        self.save(claimed, Stage::Staging).await?;
                    }
                    return Ok(Outcome::Refused { stage: Stage::Staging, error: Box::new(error) });
                }
            };
            attempt.traces.extend(staged.traces.iter().filter_map(|trace| serde_json::to_value(trace).ok()));
            attempt.pause_until = staged.rate.pause_until(self.clock.now());
            claimed.state = staged.state;
            match staged.progress {
                Progress::Ready => break,
                Progress::More => self.save(claimed, Stage::Staging).await?,
                Progress::Wait { after } => {
                    self.save(claimed, Stage::Waiting).await?;
                    attempt.stage = Stage::Waiting;
                    return Ok(Outcome::Waiting(self.after(after)));
                }
            }
        }
        self.step(Step::Staged);
        if self.stop.is_cancelled() {
            self.save(claimed, Stage::Staging).await?;
            return Ok(Outcome::HandedBack);
        }
        let now = self.clock.now();
        let marked = Instant::now();
        let mark = Mark { hold: claimed.hold(), state: claimed.state.clone(), now, lease_until: now + self.lease };
        let held = self.marks.with(mark, |marks| self.begin_commits(marks)).await;
        // Whether it was saved or not: no call has been made, so nothing is in doubt.
        if !held
            .unwrap_or_else(|| Err(ServiceError::internal("the task that saved it was dropped")))
            .map_err(Outcome::Broken)?
        {
            return Ok(Outcome::Lost);
        }
        claimed.commit_started_at.get_or_insert(now);
        claimed.reconciliations = 0;
        claimed.stage = Stage::Committing;
        attempt.stage = Stage::Committing;
        self.step(Step::Committing);
        // Had this process slept since the mark, another could be looking for the post by now: then it is not sent.
        if Duration::from_std(marked.elapsed()).is_ok_and(|slept| slept > self.lease / 4) {
            return Ok(Outcome::Lost);
        }
        match adapter.commit(request, &claimed.state).await {
            Ok(published) => {
                self.step(Step::Committed);
                self.taken(adapter, claimed, request, published).await
            }
            Err(error) => {
                if error.class != ErrorClass::OutcomeUnknown {
                    // A clear refusal: this call has left nothing in doubt.
                    claimed.stage = Stage::Staging;
                    claimed.commit_started_at = claimed.in_doubt_since;
                }
                Ok(Outcome::Refused { stage: Stage::Committing, error: Box::new(error) })
            }
        }
    }

    async fn begin_commits(&self, marks: Vec<Mark>) -> Vec<ServiceResult<bool>> {
        together(&marks, |marks| async move {
            let held = store::begin_commits(self.database.worker_pool(), marks).await?;
            Ok(marks.iter().map(|mark| held.contains(&mark.hold)).collect())
        })
        .await
    }

    /// What an accepted post comes to: public, in work, or the creator's to finish.
    async fn taken(
        &self,
        adapter: &dyn Adapter,
        claimed: &mut Claimed,
        request: &PublishRequest,
        mut published: Published,
    ) -> Result<Outcome, Outcome> {
        match std::mem::replace(&mut published.standing, Standing::Public) {
            Standing::Public => {
                if published.url.is_none() {
                    let asked = adapter.permalink(&request.account, &published.external_id);
                    // The post is out; its address is worth a moment and no more.
                    published.url = tokio::time::timeout(ADDRESS_WAIT, asked).await.ok().and_then(Result::ok).flatten();
                }
                Ok(Outcome::Published(Box::new(published)))
            }
            Standing::Processing { state, after } => {
                claimed.state = state;
                self.save(claimed, Stage::Processing).await?;
                let trace = serde_json::to_value(&published.trace).ok();
                Ok(Outcome::Taken { at: self.after(after), trace })
            }
            Standing::WaitingForCreator => {
                Ok(Outcome::WaitingForCreator { trace: serde_json::to_value(&published.trace).ok() })
            }
        }
    }
}
