//! The audit log from the browser.

use domain::{
    Page,
    audit::{AuditEvent, AuditFilter, AuditPerson, Standing},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};
#[cfg(feature = "ssr")]
use crate::{error::refuse, services::acting};

/// A page of the log, and whom it can be narrowed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditView {
    pub events: Page<AuditEvent>,
    pub people: Vec<AuditPerson>,
}

/// A page of the log.
#[server(prefix = "/fn", endpoint = "audit/list", input = Json)]
pub async fn view_audit(filter: AuditFilter) -> Result<AuditView, AppError> {
    let (services, actor) = acting()?;
    let events = services.audit.list(&actor, filter).await.map_err(refuse)?;
    Ok(AuditView { events, people: services.audit.people(&actor).await.map_err(refuse)? })
}

/// Makes every hash once more.
#[server(prefix = "/fn", endpoint = "audit/verify", input = Json)]
pub async fn verify_audit() -> Result<Standing, AppError> {
    let (services, actor) = acting()?;
    services.audit.verify(&actor).await.map_err(refuse)
}
