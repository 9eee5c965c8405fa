//! The whole database into a file and back, by PostgreSQL's own programs, under a login that row-level security does not
//! bind: under any other, `pg_dump` would refuse, or leave out what the policies hide.

use std::{path::Path, process::Stdio};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;
use url::Url;

use super::{Installation, OWNER, WORKER};

/// Why a dump was not made or not read back.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The program is not there.
    #[error(
        "{program} is missing: install PostgreSQL's client programs of version {version}, or set database.postgres_bin"
    )]
    Missing {
        /// Its name.
        program: &'static str,
        /// The server's.
        version: u16,
    },
    /// The login is bound by the policies.
    #[error(
        "row-level security binds the login of DATABASE_URL, so it cannot read everything: set database.admin_url \
         (ARCTIV_DATABASE__ADMIN_URL) to one that may bypass it, such as the superuser's"
    )]
    Bound,
    /// The program said no.
    #[error("{program} failed: {reason}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// Its last lines.
        reason: String,
    },
    /// The address cannot be read.
    #[error("the address of the database cannot be read: {0}")]
    Address(#[from] url::ParseError),
    /// The database refused a statement.
    #[error("the database refuses: {0}")]
    Database(#[from] sqlx::Error),
}

/// Everything in the database, into `file`, in one view of it. Counters of rate limits stay behind.
pub async fn dump(installation: &Installation, url: &SecretString, file: &Path) -> Result<(), DumpError> {
    let mut admin = PgConnection::connect(url.expose_secret()).await?;
    let free: bool = sqlx::query_scalar("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
        .fetch_one(&mut admin)
        .await?;
    admin.close().await?;
    if !free {
        return Err(DumpError::Bound);
    }
    let mut command = program(installation, "pg_dump", url)?;
    command.arg("--format=custom").arg("--no-unlogged-table-data").arg("--file").arg(file);
    run("pg_dump", installation, command).await
}

/// Whether nothing of Arctiv is in the database.
pub async fn is_empty(url: &SecretString) -> Result<bool, DumpError> {
    let mut admin = PgConnection::connect(url.expose_secret()).await?;
    let empty: bool =
        sqlx::query_scalar("select to_regclass('public.workspaces') is null").fetch_one(&mut admin).await?;
    admin.close().await?;
    Ok(empty)
}

/// Reads a dump back into an empty database, all of it or nothing.
pub async fn restore(installation: &Installation, url: &SecretString, file: &Path) -> Result<(), DumpError> {
    let mut command = program(installation, "pg_restore", url)?;
    command.arg("--single-transaction").arg("--exit-on-error").arg(file);
    run("pg_restore", installation, command).await?;
    // Rights on the database itself are in no dump of what is inside.
    let mut admin = PgConnection::connect(url.expose_secret()).await?;
    let name: String = sqlx::query_scalar("select quote_ident(current_database())").fetch_one(&mut admin).await?;
    for grant in [
        format!("grant create on database {name} to {OWNER} with grant option"),
        format!("grant create on database {name} to {WORKER}"),
    ] {
        sqlx::query(AssertSqlSafe(grant)).execute(&mut admin).await?;
    }
    admin.close().await?;
    Ok(())
}

/// One of PostgreSQL's programs on a database. The password travels in the environment, where other users do not see it.
fn program(installation: &Installation, name: &'static str, url: &SecretString) -> Result<Command, DumpError> {
    let mut url = Url::parse(url.expose_secret())?;
    let password = url.password().map(percent_decoded);
    // Fails for an address without a host only.
    let _ = url.set_password(None);
    let mut command = Command::new(installation.program(name));
    command.arg("--dbname").arg(url.as_str()).arg("--no-password").env("LC_ALL", "C");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

fn percent_decoded(text: &str) -> String {
    let escaped = text.replace('+', "%2B");
    let pair = format!("p={escaped}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

async fn run(name: &'static str, installation: &Installation, mut command: Command) -> Result<(), DumpError> {
    let output =
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => DumpError::Missing { program: name, version: installation.version.major },
            _ => DumpError::Failed { program: name, reason: error.to_string() },
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default();
    Err(DumpError::Failed { program: name, reason: last.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read_as_addresses_write_them() {
        assert_eq!(percent_decoded("a%40b+c%2Fd"), "a@b+c/d");
    }
}
