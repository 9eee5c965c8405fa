//! Fulfils [`Queue`], and gives a post its slot while it is saved.

use std::{collections::HashSet, fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    AccountId, Actor, ErrorCode, PostId, QueueSlotId, ServiceError, ServiceResult, WorkspaceId,
    accounts::{Account, Accounts},
    audit::Action,
    clock::{Clock, Ids},
    posts::{
        best_times::{BestTime, best_times},
        queue::{FreeSlot, MAX_FREE, MAX_SLOTS, NewSlot, Queue, QueueSlot, coming, scope},
        schedule,
    },
};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    plan::{self, Timing},
    policy, store,
};
use crate::{
    database::Database,
    features::{
        audit::in_tx::{Entry, record},
        workspaces,
    },
};

/// Fulfils [`Queue`].
#[derive(Clone)]
pub struct QueueService {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    accounts: Arc<dyn Accounts>,
}

impl fmt::Debug for QueueService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueService")
    }
}

impl QueueService {
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, accounts: Arc<dyn Accounts>) -> Self {
        Self { database, clock, ids, accounts }
    }
}

#[async_trait]
impl Queue for QueueService {
    async fn slots(&self, actor: &Actor) -> ServiceResult<Vec<QueueSlot>> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::queue::slots(&mut tx, actor.workspace_id).await
    }

    async fn add(&self, actor: &Actor, slot: NewSlot) -> ServiceResult<QueueSlot> {
        policy::arrange(actor)?;
        slot.check().into_result()?;
        if let Some(account) = slot.social_account_id {
            // Another workspace's cannot be told from one that does not exist.
            let account = self.accounts.get(actor, account).await.map_err(|error| match error.code() {
                ErrorCode::NotFound => {
                    ServiceError::field("social_account_id", "This account is not connected to this workspace.")
                }
                _ => error,
            })?;
            if account.platform.rules().is_none() {
                return Err(ServiceError::field("social_account_id", "Posts do not go to this account."));
            }
        }
        let mut tx = self.database.tenant(actor).await?;
        if store::queue::count(&mut tx, actor.workspace_id).await? >= i64::try_from(MAX_SLOTS).unwrap_or(i64::MAX) {
            return Err(ServiceError::conflict(format!("The queue has at most {MAX_SLOTS} slots. Remove one first.")));
        }
        let time_zone = match slot.time_zone {
            Some(zone) => zone,
            None => workspaces::in_tx::time_zone(&mut tx, actor.workspace_id).await?,
        };
        let slot = QueueSlot {
            id: QueueSlotId(self.ids.next()),
            social_account_id: slot.social_account_id,
            weekday: slot.weekday,
            time: slot.time,
            time_zone,
            created_at: self.clock.now(),
        };
        store::queue::insert(&mut tx, actor.workspace_id, &slot).await?;
        let entry = Entry::by(actor, Action::QueueSlotAdded, slot.created_at).on(slot.id, &called(&slot));
        record(&mut tx, entry.is(json!(slot)));
        tx.commit().await?;
        Ok(slot)
    }

    async fn remove(&self, actor: &Actor, id: QueueSlotId) -> ServiceResult<()> {
        policy::arrange(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let slots = store::queue::slots(&mut tx, actor.workspace_id).await?;
        let slot = slots.into_iter().find(|slot| slot.id == id).ok_or_else(|| ServiceError::not_found("queue slot"))?;
        store::queue::delete(&mut tx, actor.workspace_id, id).await?;
        let entry = Entry::by(actor, Action::QueueSlotRemoved, self.clock.now()).on(id, &called(&slot));
        record(&mut tx, entry.was(json!(slot)));
        tx.commit().await
    }

    async fn free(&self, actor: &Actor, accounts: Option<Vec<AccountId>>, limit: u32) -> ServiceResult<Vec<FreeSlot>> {
        policy::read(actor)?;
        if !(1..=MAX_FREE).contains(&limit) {
            return Err(ServiceError::field("limit", format!("Limit must be between 1 and {MAX_FREE}.")));
        }
        let mut tx = self.database.read(actor).await?;
        let now = self.clock.now();
        let slots = store::queue::slots(&mut tx, actor.workspace_id).await?;
        let scope = scope(accounts.as_deref(), &slots);
        let taken = store::queue::taken(&mut tx, actor.workspace_id, scope, now, None).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(untaken(coming(&slots, scope, now), &taken).take(limit).collect())
    }

    async fn best_times(
        &self,
        actor: &Actor,
        accounts: Option<Vec<AccountId>>,
        zone: Option<String>,
    ) -> ServiceResult<Vec<BestTime>> {
        policy::read(actor)?;
        let connected = plan::connected(self.accounts.as_ref(), actor).await?;
        let chosen = plan::chosen(accounts.as_deref());
        let wanted = |account: &&Account| match &chosen {
            Some(chosen) => chosen.contains(&account.id),
            None => account.cannot_take_part().is_none(),
        };
        let wanted: Vec<&Account> = connected.iter().filter(wanted).collect();
        let mut tx = self.database.read(actor).await?;
        let zone = match zone {
            Some(zone) => zone,
            None => workspaces::in_tx::time_zone(&mut tx, actor.workspace_id).await?,
        };
        let zone = schedule::zone(&zone).ok_or_else(|| ServiceError::field("time_zone", schedule::UNKNOWN_ZONE))?;
        let now = self.clock.now();
        let ids: Vec<AccountId> = wanted.iter().map(|account| account.id).collect();
        let neighbours = store::neighbours(&mut tx, actor.workspace_id, &ids, None, now).await?;
        let taken: Vec<DateTime<Utc>> = neighbours.into_iter().map(|other| other.at).collect();
        Ok(best_times(&wanted.iter().map(|account| account.platform).collect(), &taken, zone, now))
    }
}

/// "Monday 07:30, Europe/Dublin".
fn called(slot: &QueueSlot) -> String {
    format!("{} {}, {}", slot.weekday.label(), slot.time, slot.time_zone)
}

fn untaken(coming: Vec<FreeSlot>, taken: &HashSet<DateTime<Utc>>) -> impl Iterator<Item = FreeSlot> {
    coming.into_iter().filter(move |slot| !taken.contains(&slot.at))
}

/// Gives a post the next free slot, in the transaction that saves it: what it had before goes back, and nobody else gets this one.
/// A validation error of `queue` when there is none.
pub async fn take(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    accounts: Option<&[AccountId]>,
    now: DateTime<Utc>,
) -> ServiceResult<Timing> {
    store::queue::release(tx, workspace, post, None).await?;
    let slots = store::queue::slots(tx, workspace).await?;
    let scope = scope(accounts, &slots);
    let coming = coming(&slots, scope, now);
    if coming.is_empty() {
        return Err(ServiceError::field("queue", "The queue has no slots yet. Add some in the queue's settings."));
    }
    let taken = store::queue::taken(tx, workspace, scope, now, Some(post)).await?;
    for slot in untaken(coming, &taken) {
        if store::queue::book(tx, workspace, post, scope, slot.at, now).await? {
            return Ok(Timing::Scheduled { at: slot.at, local: slot.local, zone: slot.time_zone });
        }
    }
    Err(ServiceError::field("queue", "Every slot of the next year is taken. Add more, or pick a time."))
}

/// Gives back the slot of a post that goes out at another time, or not at all.
pub async fn release_unless(
    tx: &mut PgConnection,
    workspace: WorkspaceId,
    post: PostId,
    timing: &Timing,
) -> ServiceResult<()> {
    let at = match timing {
        Timing::Scheduled { at, .. } => Some(*at),
        Timing::Never | Timing::At(_) => None,
    };
    store::queue::release(tx, workspace, post, at).await
}
