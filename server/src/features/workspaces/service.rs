//! Fulfils [`Workspaces`]: what several features know, read in one transaction, so that the parts of a page agree.

use std::fmt;

use async_trait::async_trait;
use domain::{
    Actor, ServiceResult,
    accounts::AccountCounts,
    deliveries::DeliveryCounts,
    workspaces::{ACCOUNTS_SHOWN, Connections, LATEST, Latest, Overview, Role, WAITING, WorkspaceKind, Workspaces},
};

use super::policy;
use crate::{
    database::{Database, Tx},
    features::{accounts, deliveries, media::MediaLinks, posts},
};

/// The workspace as a whole.
#[derive(Clone)]
pub struct WorkspaceService {
    database: Database,
    links: MediaLinks,
    max_attempts: u32,
}

impl fmt::Debug for WorkspaceService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkspaceService")
    }
}

impl WorkspaceService {
    /// `max_attempts` is the retry policy's, for showing "2 of 5".
    pub fn new(database: Database, links: MediaLinks, max_attempts: u32) -> Self {
        Self { database, links, max_attempts }
    }

    async fn read_connections(&self, tx: &mut Tx) -> ServiceResult<Connections> {
        let (accounts, total) = accounts::in_tx::first(tx, ACCOUNTS_SHOWN).await?;
        let total = u64::try_from(total).unwrap_or_default();
        let counts = if accounts.len() as u64 == total {
            AccountCounts::of(&accounts)
        } else {
            accounts::in_tx::counts(tx).await?
        };
        Ok(Connections { accounts, total, counts })
    }

    async fn read_latest(&self, tx: &mut Tx, actor: &Actor) -> ServiceResult<Latest> {
        let deliveries = deliveries::in_tx::latest(tx, self.max_attempts).await?;
        let (waiting, waiting_total) = if actor.role >= Role::Editor {
            posts::in_tx::waiting(tx, &self.links, actor.workspace_id, WAITING).await?
        } else {
            (Vec::new(), 0)
        };
        let (posts, counts) = if actor.kind == WorkspaceKind::Manager {
            let posts = posts::in_tx::latest(tx, &self.links, actor.workspace_id, LATEST).await?;
            (posts, deliveries::in_tx::counts(tx).await?)
        } else {
            (Vec::new(), DeliveryCounts::default())
        };
        Ok(Latest { deliveries, posts, counts, waiting, waiting_total })
    }
}

#[async_trait]
impl Workspaces for WorkspaceService {
    async fn overview(&self, actor: &Actor) -> ServiceResult<Overview> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let connections = self.read_connections(&mut tx).await?;
        let latest = self.read_latest(&mut tx, actor).await?;
        Ok(Overview { connections, latest })
    }

    async fn connections(&self, actor: &Actor) -> ServiceResult<Connections> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        self.read_connections(&mut tx).await
    }

    async fn latest(&self, actor: &Actor) -> ServiceResult<Latest> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        self.read_latest(&mut tx, actor).await
    }
}
