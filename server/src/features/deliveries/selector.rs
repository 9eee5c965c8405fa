//! A post becomes deliveries: for one that goes out now in the transaction that saves it, so that each account gets posts
//! in the order in which they were saved; for a scheduled one when its time has come, as it meets accounts as they are then.

use std::{collections::BTreeMap, fmt, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, Platform, PostId, PostVersionId, ServiceResult, WorkspaceId,
    clock::Ids,
    deliveries::{MissedPolicy, Timeliness},
    posts::{Override, PostStatus},
};
use platforms::Registry;
use sqlx::PgConnection;

use super::{
    selection::{Selection, select},
    store::{self, NewDelivery},
};
use crate::features::{accounts, notifications};

/// Makes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Selector {
    ids: Arc<dyn Ids>,
    platforms: Arc<Registry>,
    missed: MissedPolicy,
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Selector")
    }
}

/// A version of a post that goes out. The caller holds the post's lock, or has just made it.
#[derive(Clone, Copy, Debug)]
pub struct SendOff<'a> {
    pub post: PostId,
    pub version: PostVersionId,
    pub workspace: WorkspaceId,
    /// The accounts that were chosen; `None`: all that can take part.
    pub chosen: Option<&'a [AccountId]>,
    /// Accounts with a text of their own.
    pub variations: &'a BTreeMap<AccountId, Override>,
    /// The end of the undo window, or the scheduled moment.
    pub at: DateTime<Utc>,
    /// Whether somebody chose that moment: then late is late.
    pub scheduled: bool,
}

impl Selector {
    /// Skips platforms that are not among `platforms`, and treats what was missed by `missed`.
    pub fn new(ids: Arc<dyn Ids>, platforms: Arc<Registry>, missed: MissedPolicy) -> Self {
        Self { ids, platforms, missed }
    }

    /// One delivery per account for this version of a post, with the post's status that follows. Doing it twice changes
    /// nothing.
    pub async fn send_off(&self, tx: &mut PgConnection, sent: &SendOff<'_>, now: DateTime<Utc>) -> ServiceResult<()> {
        let taken = store::taken(&mut *tx, sent.post).await?;
        let all = accounts::in_tx::of_workspace(&mut *tx, sent.workspace).await?;
        let set_up = |platform| self.platforms.get(platform).is_some();
        let selection = select(&all, sent.chosen, &taken, sent.variations, set_up);
        let timeliness = if sent.scheduled { self.missed.judge(sent.at, now) } else { Timeliness::OnTime };
        let rows = match timeliness {
            Timeliness::Late => self.spread(&mut *tx, &selection, now).await?,
            Timeliness::OnTime | Timeliness::Missed => self.rows(&selection.targets, |_| sent.at.max(now)).collect(),
        };
        let made = store::insert_deliveries(&mut *tx, sent.workspace, sent.post, sent.version, &rows, now).await?;
        if !selection.skipped.is_empty() {
            store::insert_skipped(&mut *tx, sent.workspace, sent.version, &selection.skipped, now).await?;
        }
        if rows.is_empty() {
            // Nobody is left who could take it: it can be changed and sent once somebody can.
            let status = if taken.is_empty() { PostStatus::Failed } else { PostStatus::PartlyPublished };
            store::set_post_status(&mut *tx, sent.post, status).await?;
            self.tell(&mut *tx, sent, status, now).await?;
        } else if timeliness == Timeliness::Missed {
            let ids: Vec<DeliveryId> = rows.iter().map(|row| row.id).collect();
            store::hold(&mut *tx, &ids, &missed_message(sent.at)).await?;
            for (_, status) in store::derive_post_status(&mut *tx, &[sent.post]).await? {
                self.tell(&mut *tx, sent, status, now).await?;
            }
        } else if sent.scheduled && made > 0 {
            // One that goes out now was saved as such.
            store::set_post_status(&mut *tx, sent.post, PostStatus::Publishing).await?;
        }
        let skipped = selection.skipped.len();
        tracing::info!(post_id = %sent.post, accounts = rows.len(), skipped, made, ?timeliness, "targets selected");
        Ok(())
    }

    /// Nobody is there to see what becomes of a post whose time has come.
    async fn tell(
        &self,
        tx: &mut PgConnection,
        sent: &SendOff<'_>,
        status: PostStatus,
        now: DateTime<Utc>,
    ) -> ServiceResult<()> {
        if !sent.scheduled {
            return Ok(());
        }
        let ended = [(sent.workspace, sent.post, status)];
        notifications::in_tx::posts_ended(tx, self.ids.as_ref(), now, &ended).await
    }

    /// Late ones: each account's after the last one there, with a pause.
    async fn spread(
        &self,
        tx: &mut PgConnection,
        selection: &Selection,
        now: DateTime<Utc>,
    ) -> ServiceResult<Vec<NewDelivery>> {
        let accounts: Vec<AccountId> = selection.targets.iter().map(|(account, _)| *account).collect();
        let latest = store::latest_by_account(tx, &accounts, now - self.missed.spacing).await?;
        let slot = |account| self.missed.slot(now, latest.get(&account).copied(), rand::random());
        Ok(self.rows(&selection.targets, slot).collect())
    }

    fn rows(
        &self,
        targets: &[(AccountId, Platform)],
        due: impl Fn(AccountId) -> DateTime<Utc>,
    ) -> impl Iterator<Item = NewDelivery> {
        targets.iter().map(move |&(account, platform)| NewDelivery {
            id: DeliveryId(self.ids.next()),
            account,
            platform,
            due: due(account),
        })
    }
}

/// Said of what is held because its time passed while nothing ran.
pub(super) fn missed_message(at: DateTime<Utc>) -> String {
    format!(
        "It was meant for {} UTC, when Arctiv was not running. It is held, so that nothing goes out at another time unasked.",
        at.format("%-d %B %Y, %H:%M")
    )
}
