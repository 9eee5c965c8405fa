//! Deletes what has outlived its use, under a role of its own that can do nothing else.

use chrono::TimeDelta;
use domain::ServiceResult;
use serde::{Deserialize, Serialize};

use super::{Job, JobContext, store};
use crate::features::audit;

/// One round through all tables with a keeping time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct SweepRetention {}

impl Job for SweepRetention {
    const TASK: &'static str = "retention_sweep";

    fn key(&self) -> Option<String> {
        Some(Self::TASK.to_owned())
    }
}

/// Deletes in batches, each in its own transaction, so that nothing waits long for a lock.
pub async fn sweep_retention(context: JobContext, _: SweepRetention) -> ServiceResult<()> {
    let now = context.clock.now();
    let until = now - TimeDelta::days(i64::from(context.audit_keep_days));
    loop {
        let mut tx = context.db.worker().await?;
        let pruned = audit::in_tx::prune(&mut tx, until).await?;
        tx.commit().await?;
        if pruned == 0 {
            break;
        }
        tracing::info!(pruned, days = context.audit_keep_days, "audit events past their keeping time deleted");
    }
    for kept in &store::KEPT {
        let mut deleted = 0;
        loop {
            let mut tx = context.db.worker().await?;
            let batch = store::delete_batch(&mut tx, kept, now).await?;
            tx.commit().await?;
            deleted += batch;
            if batch == 0 {
                break;
            }
        }
        if deleted > 0 {
            tracing::info!(table = kept.table, kept_for = kept.rule, deleted, "rows past their keeping time deleted");
        }
    }
    Ok(())
}
