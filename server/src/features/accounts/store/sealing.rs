//! Rows to be sealed anew under another key.

use domain::{AccountId, ServiceResult};
use sqlx::PgConnection;

use crate::database::failed;

/// A row that was sealed under another key, or with another cipher.
#[derive(Debug)]
pub struct Stale {
    pub account: AccountId,
    pub version: i64,
    pub access: Vec<u8>,
    pub refresh: Option<Vec<u8>>,
    pub extra: Option<Vec<u8>>,
}

/// Rows with an envelope that does not begin with `prefix`, in the order of their ids.
pub async fn stale(tx: &mut PgConnection, prefix: &[u8], after: AccountId, limit: i64) -> ServiceResult<Vec<Stale>> {
    let rows = sqlx::query!(
        "select account_id, token_version, access_token_sealed, refresh_token_sealed, extra_sealed
           from account_credentials
          where account_id > $2
            and (substring(access_token_sealed from 1 for length($1::bytea)) <> $1::bytea
                 or substring(refresh_token_sealed from 1 for length($1::bytea)) <> $1::bytea
                 or substring(extra_sealed from 1 for length($1::bytea)) <> $1::bytea)
          order by account_id limit $3",
        prefix,
        after.0,
        limit
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    Ok(rows
        .into_iter()
        .map(|row| Stale {
            account: row.account_id.into(),
            version: row.token_version,
            access: row.access_token_sealed,
            refresh: row.refresh_token_sealed,
            extra: row.extra_sealed,
        })
        .collect())
}

/// Writes a row sealed anew; false if its tokens have been replaced meanwhile, and thereby sealed anew as well. The
/// version stays: the tokens are the same, and a renewal under way must still find it.
pub async fn save_resealed(tx: &mut PgConnection, row: &Stale) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update account_credentials set access_token_sealed = $3, refresh_token_sealed = $4, extra_sealed = $5
          where account_id = $1 and token_version = $2",
        row.account.0,
        row.version,
        row.access,
        row.refresh,
        row.extra
    )
    .execute(tx)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}
