//! Fulfils [`Sessions`]: where somebody is signed in; and tells them of a browser that they have not used before.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    Actor, CookieToken, ServiceError, ServiceResult, SessionId, UserId, Visitor,
    audit::Action,
    identity::{EndedSessions, INACTIVITY, REISSUE_AFTER, SessionInfo, Sessions, device_words},
    notifications::{Letter, Mail},
};
use serde_json::json;
use uuid::Uuid;

use super::{IdentityService, policy, store};
use crate::{
    database::Tx,
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    one_time,
};

/// Letters about new browsers within an hour: who signs in without keeping cookies would get one each time.
const LETTERS_AN_HOUR: i64 = 5;

/// Since when a session must have been seen to be alive.
fn seen_after(now: DateTime<Utc>) -> DateTime<Utc> {
    now - INACTIVITY - REISSUE_AFTER
}

impl IdentityService {
    /// Remembers the browser that somebody signs in with, and writes to them when it is a new one; not at the first of all.
    pub(super) async fn meet_device(
        &self,
        tx: &mut Tx,
        visitor: &Visitor,
        token: &CookieToken,
        user: UserId,
    ) -> ServiceResult<Uuid> {
        let now = self.clock.now();
        let met = store::meet_device(tx, self.ids.next(), &one_time::hash(&token.0), now).await?;
        if met.fresh && met.others > 0 && met.new_lately <= LETTERS_AN_HOUR {
            let person = store::contact(tx, user).await?.ok_or_else(ServiceError::unauthorized)?;
            let letter = Letter::NewDevice {
                name: person.full_name,
                device: device_words(visitor.user_agent.as_deref()),
                ip: visitor.ip.map(|ip| ip.to_string()),
                at: now,
            };
            let mail = Mail { to: person.email, letter };
            notifications::in_tx::write(tx, self.ids.as_ref(), now, &mail).await?;
        }
        Ok(met.id)
    }
}

#[async_trait]
impl Sessions for IdentityService {
    async fn sessions(&self, actor: &Actor) -> ServiceResult<Vec<SessionInfo>> {
        let now = self.clock.now();
        let mut tx = self.database.read(actor).await?;
        let rows = store::own_sessions(&mut tx, now, seen_after(now)).await?;
        let current = actor.session_id();
        Ok(rows
            .into_iter()
            .map(|row| SessionInfo {
                is_current: current == Some(row.id),
                id: row.id,
                device: device_words(row.user_agent.as_deref()),
                ip: row.ip,
                workspace: row.workspace,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
                expires_at: row.expires_at,
            })
            .collect())
    }

    async fn end_session(&self, actor: &Actor, session: SessionId) -> ServiceResult<()> {
        policy::may_change_credentials(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let ended = store::revoke_own_session(&mut tx, session, now).await?;
        let Some(user_agent) = ended else { return Err(ServiceError::not_found("session")) };
        record(
            &mut tx,
            Entry::by(actor, Action::SessionRevoked, now).on(session, &device_words(user_agent.as_deref())),
        );
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "session ended by its owner");
        Ok(())
    }

    async fn end_other_sessions(&self, actor: &Actor) -> ServiceResult<EndedSessions> {
        let keep = policy::may_change_credentials(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let ended = store::revoke_other_sessions(&mut tx, keep, now, seen_after(now)).await?;
        let entry = Entry::by(actor, Action::SessionOthersRevoked, now);
        record(&mut tx, entry.on(keep, "").is(json!({ "ended": ended })));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, ended, "all other sessions ended by their owner");
        Ok(EndedSessions { ended })
    }
}
