//! Giving an unlinked account's access back to its platform.

use chrono::{DateTime, Duration, Utc};
use domain::{AccountId, ServiceResult};
use platforms::{PlatformError, RevokeReach};

use super::{PAUSES, Tokens, limited};
use crate::features::accounts::store::{self, Held};

/// How long giving back may be tried before the tokens are deleted all the same.
pub(super) const GIVE_BACK_FOR: Duration = Duration::minutes(5);

impl Tokens {
    /// Gives an unlinked account's access back to the platform as well as it can, and deletes the tokens. The moment to
    /// come back, if the platform could not be reached and there is still time.
    pub(in crate::features::accounts) async fn give_back(
        &self,
        account: AccountId,
    ) -> ServiceResult<Option<DateTime<Utc>>> {
        let Some(held) = self.read(account).await? else { return Ok(None) };
        // Connected again in the meantime.
        let Some(requested_at) = held.revoke_requested_at else { return Ok(None) };
        let now = self.now();
        let owner = self.inner.with.ids.next();
        // A renewal under way would put new tokens into the place of those that are given back.
        if self.take_lease(account, held.version, owner, now, true).await?.is_none() {
            return Ok(Some(held.lease_until.unwrap_or(now).max(now) + Duration::seconds(1)));
        }
        let (platform, version) = (held.platform, held.version);
        if let Err(error) = self.revoke_at_platform(account, held).await {
            let at = error.retry_at.unwrap_or(now).max(now + PAUSES[0]);
            if at < requested_at + GIVE_BACK_FOR {
                let mut tx = self.inner.with.db.worker().await?;
                store::end_lease(&mut tx, account, version, owner, true).await?;
                tx.commit().await?;
                return Ok(Some(at));
            }
            tracing::warn!(%account, %platform, code = error.code, status = error.http_status,
                "access could not be given back at the platform; its tokens are deleted here");
        }
        let mut tx = self.inner.with.db.worker().await?;
        store::delete_unlinked(&mut tx, account).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Tells the platform, unless that would take other accounts with it. What cannot be opened or asked is let go.
    async fn revoke_at_platform(&self, account: AccountId, held: Held) -> Result<(), PlatformError> {
        let platform = held.platform;
        let Some(adapter) = self.inner.with.platforms.get(platform) else { return Ok(()) };
        if adapter.traits().revokes == RevokeReach::Grantor {
            let others = async {
                let mut connection = self.inner.with.db.worker_connection().await?;
                store::grantor_has_others(&mut connection, account, platform, &held.grantor).await
            };
            // If that cannot be learned, the others are not put at risk.
            if others.await.unwrap_or(true) {
                return Ok(());
            }
        }
        match self.unseal(account, held) {
            Ok(token) => match limited(platform, adapter.revoke(&token.account())).await {
                // It was gone already.
                Err(error) if error.is_about_access() => Ok(()),
                other => other,
            },
            Err(error) => {
                tracing::error!(%account, %error, "the tokens of an unlinked account cannot be opened");
                Ok(())
            }
        }
    }
}
