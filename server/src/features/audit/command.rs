//! `arctiv audit verify`: every chain of every workspace, for the operator.

use domain::{ServiceResult, audit::Standing};
use uuid::Uuid;

use super::{service, store};
use crate::database::Database;

/// What was found.
#[derive(Debug)]
pub struct Verdict {
    pub workspaces: Vec<(Uuid, Standing)>,
}

impl Verdict {
    pub fn intact(&self) -> bool {
        self.workspaces.iter().all(|(_, standing)| standing.intact)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let events: i64 = self.workspaces.iter().map(|(_, standing)| standing.events).sum();
        for (workspace, standing) in &self.workspaces {
            if let Some(broken) = &standing.broken {
                writeln!(f, "workspace {workspace}: {broken}")?;
            }
        }
        let broken = self.workspaces.iter().filter(|(_, standing)| !standing.intact).count();
        match broken {
            0 => write!(f, "The audit log is whole: {events} events in {} workspaces.", self.workspaces.len()),
            n => write!(f, "The audit log was tampered with in {n} of {} workspaces.", self.workspaces.len()),
        }
    }
}

/// Makes every hash once more, in one view of the whole record.
pub async fn verify(database: &Database) -> ServiceResult<Verdict> {
    let mut tx = database.worker().await?;
    store::hold_still(&mut tx).await?;
    let mut workspaces = Vec::new();
    for head in store::heads(&mut tx).await? {
        workspaces.push((head.workspace, service::walk(&mut tx, &head).await?));
    }
    for workspace in store::headless(&mut tx).await? {
        workspaces.push((workspace, service::without_head(true)));
    }
    Ok(Verdict { workspaces })
}
