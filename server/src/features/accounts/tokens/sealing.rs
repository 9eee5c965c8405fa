//! How tokens are sealed for their account's row, opened, and sealed anew under another key. No other file opens them.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::{AccountId, ServiceResult};
use uuid::Uuid;
use vault::{Context, Vault};

use super::{OpenToken, TokenResult, Tokens};
use crate::features::accounts::{
    service::sealing_failed,
    store::{self, Held, SealedTokens},
};

const TABLE: &str = "account_credentials";
const ACCESS: &str = "access_token_sealed";
const REFRESH: &str = "refresh_token_sealed";
const EXTRA: &str = "extra_sealed";

/// What a key rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Accounts whose tokens are now under the sealing key.
    pub resealed: u64,
    /// Accounts whose tokens no key of the ring opens. While there are any, no key should be taken out of the ring.
    pub unreadable: u64,
}

impl fmt::Display for Resealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts = |n: u64| if n == 1 { "1 account".to_owned() } else { format!("{n} accounts") };
        write!(f, "The tokens of {} were sealed anew.", accounts(self.resealed))?;
        match self.unreadable {
            0 => f.write_str(" Nothing is left under another key."),
            n => write!(f, " Those of {} could not be opened: keep the old keys, and see the log.", accounts(n)),
        }
    }
}

impl Tokens {
    /// Seals everything anew that is not under the present sealing key and cipher. Safe while the program runs, and to
    /// break off.
    pub async fn reseal_all(&self) -> ServiceResult<Resealed> {
        const BATCH: i64 = 200;
        let vault = &self.inner.with.vault;
        let prefix = vault.sealing_prefix();
        let mut done = Resealed::default();
        let mut after = AccountId(Uuid::nil());
        loop {
            let mut tx = self.inner.with.db.worker().await?;
            let batch = store::stale(&mut tx, &prefix, after, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(done) };
            after = last.account;
            for mut row in batch {
                let id = row.account;
                match reseal(vault, &mut row) {
                    Ok(()) => {
                        store::save_resealed(&mut tx, &row).await?;
                        done.resealed += 1;
                    }
                    Err(error) => {
                        tracing::error!(account = %id, %error, "tokens cannot be sealed anew");
                        done.unreadable += 1;
                    }
                }
            }
            tx.commit().await?;
            tracing::info!(done.resealed, done.unreadable, "sealing tokens anew");
        }
    }

    pub(super) fn unseal(&self, account: AccountId, held: Held) -> TokenResult {
        let vault = &self.inner.with.vault;
        let open = |sealed: &[u8], column| vault.open(sealed, &place(&account, column)).map_err(sealing_failed);
        let tokens = platforms::Tokens {
            access_token: open(&held.tokens.access, ACCESS)?,
            refresh_token: held.tokens.refresh.as_deref().map(|sealed| open(sealed, REFRESH)).transpose()?,
            expires_at: held.tokens.expires_at,
            refresh_expires_at: held.tokens.refresh_expires_at,
            scopes: held.scopes,
        };
        Ok(OpenToken {
            account_id: account,
            platform: held.platform,
            version: held.version,
            external_id: held.external_id,
            kind: held.kind,
            expires_at: tokens.expires_at,
            tokens,
        })
    }
}

fn place<'a>(account: &'a AccountId, column: &'static str) -> Context<'a> {
    Context::new(TABLE, account.0.as_bytes(), column)
}

/// Seals what an authorization or a renewal brought, for the account's row.
pub(in crate::features::accounts) fn seal(
    vault: &Vault,
    account: AccountId,
    tokens: &platforms::Tokens,
    obtained_at: DateTime<Utc>,
) -> ServiceResult<SealedTokens> {
    let seal = |secret, column| vault.seal(secret, &place(&account, column)).map_err(sealing_failed);
    Ok(SealedTokens {
        access: seal(&tokens.access_token, ACCESS)?,
        refresh: tokens.refresh_token.as_ref().map(|token| seal(token, REFRESH)).transpose()?,
        obtained_at,
        expires_at: tokens.expires_at,
        refresh_expires_at: tokens.refresh_expires_at,
    })
}

fn reseal(vault: &Vault, row: &mut store::Stale) -> Result<(), vault::VaultError> {
    let account = row.account;
    let columns = [(Some(&mut row.access), ACCESS), (row.refresh.as_mut(), REFRESH), (row.extra.as_mut(), EXTRA)];
    for (sealed, column) in columns {
        let Some(sealed) = sealed else { continue };
        if let Some(anew) = vault.reseal(sealed, &place(&account, column))? {
            *sealed = anew;
        }
    }
    Ok(())
}
