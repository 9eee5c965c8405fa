//! What other features need of workspaces inside their own transactions: invitations, and the zone.

use chrono::{DateTime, Utc};
use domain::{ErrorCode, ServiceError, ServiceResult, UserId, WorkspaceId, workspaces::InvitationState};
use sqlx::PgConnection;

use super::store;
pub use super::store::{OfferRow, time_zone};
use crate::one_time::{hash, is_shaped};

/// What a link offers; `NOT_FOUND` for what never was one.
pub async fn offer(tx: &mut PgConnection, token: &str, at: DateTime<Utc>) -> ServiceResult<OfferRow> {
    let found = if is_shaped(token) { store::offer(tx, &hash(token), at).await? } else { None };
    found.ok_or_else(|| ServiceError::not_found("invitation"))
}

/// Consumes a link for `user`, whose address it was sent to; `GONE` when another click was quicker.
pub async fn accept(
    tx: &mut PgConnection,
    token: &str,
    user: UserId,
    membership: uuid::Uuid,
    at: DateTime<Utc>,
) -> ServiceResult<WorkspaceId> {
    match store::accept(tx, &hash(token), user, membership, at).await? {
        Some(workspace) => Ok(workspace),
        None => {
            let state = store::offer(tx, &hash(token), at).await?.map(|found| found.offer.state);
            Err(closed(state.unwrap_or(InvitationState::Revoked)))
        }
    }
}

/// Why a link is not followed.
pub fn closed(state: InvitationState) -> ServiceError {
    // One that reads as open has lost against another click.
    let state = if state == InvitationState::Open { InvitationState::Accepted } else { state };
    ServiceError::new(ErrorCode::Gone, state.words())
}
