//! What became due while nobody worked: it goes out late, one post to an account after the other, or is held for a person.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, PostId, ServiceResult,
    deliveries::{MissedPolicy, Timeliness},
};
use uuid::Uuid;

use super::Pipeline;
use crate::features::deliveries::{
    selector::missed_message,
    store::{self, OVERDUE_AT_ONCE},
};

impl Pipeline {
    /// To be called when a worker starts. Where another one has been at work all the while, what is overdue is only the length of
    /// the queue, and nothing is changed.
    pub async fn after_an_outage(&self, missed: &MissedPolicy) -> ServiceResult<()> {
        let now = self.clock.now();
        if store::somebody_works(self.database.worker_pool(), now - MissedPolicy::GRACE, now).await? {
            return Ok(());
        }
        let mut last: HashMap<AccountId, DateTime<Utc>> = HashMap::new();
        while self.some_after_an_outage(missed, now, &mut last).await? {}
        Ok(())
    }

    /// Whether there may be more.
    async fn some_after_an_outage(
        &self,
        missed: &MissedPolicy,
        now: DateTime<Utc>,
        last: &mut HashMap<AccountId, DateTime<Utc>>,
    ) -> ServiceResult<bool> {
        let mut tx = self.database.worker().await?;
        let overdue = store::lock_overdue(&mut tx, now - MissedPolicy::GRACE).await?;
        if overdue.is_empty() {
            return Ok(false);
        }
        let mut late: Vec<(DeliveryId, DateTime<Utc>)> = Vec::new();
        let mut held: HashMap<DateTime<Utc>, Vec<DeliveryId>> = HashMap::new();
        let mut posts: Vec<(PostId, Uuid)> = Vec::new();
        for one in &overdue {
            if missed.judge(one.due_at, now) == Timeliness::Missed {
                held.entry(one.due_at).or_default().push(one.id);
                posts.push((one.post, one.workspace.0));
            } else {
                let at = missed.slot(now, last.get(&one.account).copied(), rand::random());
                last.insert(one.account, at);
                late.push((one.id, at));
            }
        }
        store::put_off(&mut tx, &late).await?;
        for (meant_for, ids) in &held {
            store::hold(&mut tx, ids, &missed_message(*meant_for)).await?;
        }
        if !posts.is_empty() {
            self.derive(&mut tx, &posts, now).await?;
        }
        tx.commit().await?;
        tracing::warn!(
            late = late.len(),
            held = overdue.len() - late.len(),
            "found what became due while nobody worked"
        );
        Ok(i64::try_from(overdue.len()).is_ok_and(|n| n == OVERDUE_AT_ONCE))
    }
}
