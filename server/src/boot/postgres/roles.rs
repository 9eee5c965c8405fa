//! The database roles the program works under.
//!
//! | role | what it is for |
//! |---|---|
//! | `arctiv_owner` | owns the schema and runs migrations; never serves a request |
//! | `arctiv_app` | web requests; bound by row-level security, cannot read `account_credentials` |
//! | `arctiv_worker` | background jobs; the only one that reads `account_credentials` |
//! | `arctiv_retention` | no login; the worker steps into it to delete what has outlived its retention |
//!
//! Row-level security is only worth something while the first three stay apart, so what exists already is checked, not
//! trusted: a program role that could bypass the policies, or act as the owner, stops the start.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgRow};
use url::Url;

use crate::database::DatabaseUrls;

/// Owner of the schema.
pub const OWNER: &str = "arctiv_owner";
/// The role of web requests.
pub const APP: &str = "arctiv_app";
/// The role of background jobs.
pub const WORKER: &str = "arctiv_worker";
/// The role retention jobs step into.
pub const RETENTION: &str = "arctiv_retention";

/// Passwords the roles shall have. `None` leaves a role's password as it is (none at all, for a new role).
#[derive(Clone, Debug, Default)]
pub struct RolePasswords {
    /// Of [`APP`].
    pub app: Option<SecretString>,
    /// Of [`WORKER`].
    pub worker: Option<SecretString>,
}

/// Why the roles are not as they must be. Each message says what an operator can do.
#[derive(Debug, thiserror::Error)]
pub enum RolesError {
    /// The login lacks CREATEROLE and an administrator has to create what is missing.
    #[error(
        "The database login \"{login}\" may not create the roles Arctiv works under. Run this once as an administrator \
         of the database, then start again: {statements}"
    )]
    MayNotCreate {
        /// The login of `DATABASE_URL`.
        login: String,
        /// SQL for the administrator, on one line.
        statements: String,
    },
    /// A role exists and has a privilege that would put it above row-level security.
    #[error(
        "The database role \"{role}\" {excess}, so tenants would no longer be kept apart. Run this as an administrator \
         of the database, then start again: {statement}"
    )]
    TooPowerful {
        /// The role in question.
        role: &'static str,
        /// What it has, completing "The role …".
        excess: &'static str,
        /// SQL that takes it away.
        statement: String,
    },
    /// A role of the program exists and cannot be logged in as.
    #[error(
        "The database does not let the role \"{role}\" in: give {APP} and {WORKER} passwords (ALTER ROLE {role} PASSWORD '…') \
         and set database.app_url and database.worker_url, or let DATABASE_URL log in as someone who may create roles"
    )]
    CannotLogIn {
        /// The role in question.
        role: &'static str,
    },
    /// The login of `DATABASE_URL` is one of the roles that must not own the schema.
    #[error(
        "DATABASE_URL logs in as \"{login}\", a role Arctiv serves requests under and which must not own the schema: log in \
         as another role, the owner of the database"
    )]
    LoginIsProgramRole {
        /// The login of `DATABASE_URL`.
        login: String,
    },
    /// The database did not answer as expected.
    #[error("The database roles could not be set up: {0}")]
    Database(#[from] sqlx::Error),
}

/// Readies a database that runs elsewhere: roles, and with which URL each of them logs in.
///
/// `url` logs in as [`OWNER`], or as someone who may create roles (then [`OWNER`] is made, and migrations step into it).
/// Without URLs of their own, the program's roles get passwords derived from that of `url`, so that every process with the
/// same setting knows them and none has to be kept.
pub async fn prepare_external(
    url: &SecretString,
    app_url: Option<&SecretString>,
    worker_url: Option<&SecretString>,
) -> Result<DatabaseUrls, RolesError> {
    let parsed = Url::parse(url.expose_secret()).map_err(|error| sqlx::Error::Configuration(error.into()))?;
    let derived = |role: &str| {
        let password = parsed.password().map(|password| hex::encode(hmac(password.as_bytes(), role.as_bytes())));
        let mut url = parsed.clone();
        // These two refuse only URLs without a host.
        let _ = url.set_username(role);
        let _ = url.set_password(password.as_deref());
        (SecretString::from(url.to_string()), password.map(SecretString::from))
    };
    let (derived_app_url, app) = derived(APP);
    let (derived_worker_url, worker) = derived(WORKER);
    let passwords =
        RolePasswords { app: app.filter(|_| app_url.is_none()), worker: worker.filter(|_| worker_url.is_none()) };

    let mut connection = PgConnection::connect(url.expose_secret()).await?;
    ensure_roles(&mut connection, &passwords).await?;
    let login = Login::read(&mut connection).await?;
    connection.close().await?;

    let owner = if login.name == OWNER {
        url.clone()
    } else {
        let mut url = parsed.clone();
        url.query_pairs_mut().append_pair("options", "-c role=arctiv_owner");
        // A plus sign means a space to HTML forms only.
        url.to_string().replace("options=-c+role", "options=-c%20role").into()
    };
    let urls = DatabaseUrls {
        owner,
        app: app_url.cloned().unwrap_or(derived_app_url),
        worker: worker_url.cloned().unwrap_or(derived_worker_url),
    };
    for (role, url) in [(APP, &urls.app), (WORKER, &urls.worker)] {
        match PgConnection::connect(url.expose_secret()).await {
            Ok(connection) => connection.close().await?,
            Err(error) if is_refused_login(&error) => return Err(RolesError::CannotLogIn { role }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(urls)
}

fn is_refused_login(error: &sqlx::Error) -> bool {
    // Class 28: a wrong password, or no entry for the role in pg_hba.conf.
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code.starts_with("28"))
}

/// Makes sure that the roles exist, have the given passwords where the login may set them, and no more power than they
/// should, and that [`OWNER`] can make a schema in the connection's database. Safe to run at every start and from several
/// processes at once.
pub async fn ensure_roles(connection: &mut PgConnection, passwords: &RolePasswords) -> Result<(), RolesError> {
    ensure(connection, passwords, true).await
}

/// The same without a word about the connection's database.
pub(super) async fn ensure_program_roles(
    connection: &mut PgConnection,
    passwords: &RolePasswords,
) -> Result<(), RolesError> {
    ensure(connection, passwords, false).await
}

async fn ensure(connection: &mut PgConnection, passwords: &RolePasswords, schema_here: bool) -> Result<(), RolesError> {
    // Roles belong to the whole cluster, so processes on other databases of it can get in between (concurrent CREATE or
    // ALTER of one role fails instead of waiting). Their work is the same as ours: look again.
    let mut tries = 0;
    loop {
        tries += 1;
        match try_ensure(connection, passwords, schema_here).await {
            Err(RolesError::Database(error)) if tries < 8 && lost_a_race(&error) => {
                tokio::time::sleep(std::time::Duration::from_millis(25 * tries)).await;
            }
            result => return result,
        }
    }
}

fn lost_a_race(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    match error.code().as_deref() {
        // unique_violation on pg_authid or pg_auth_members, duplicate_object
        Some("23505" | "42710") => true,
        // Catalogue rows are not locked: two ALTERs at once end in this internal error.
        Some("XX000") => error.message().contains("concurrently"),
        _ => false,
    }
}

async fn try_ensure(
    connection: &mut PgConnection,
    passwords: &RolePasswords,
    schema_here: bool,
) -> Result<(), RolesError> {
    let mut transaction = connection.begin().await?;
    let login = Login::read(&mut transaction).await?;
    if [APP, WORKER, RETENTION].contains(&login.name.as_str()) {
        return Err(RolesError::LoginIsProgramRole { login: login.name });
    }

    let missing = missing(&mut transaction, &login, schema_here).await?;
    if !missing.is_empty() {
        if !login.may_create_roles {
            return Err(RolesError::MayNotCreate { login: login.name, statements: missing.join("; ") + ";" });
        }
        for statement in missing {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
        }
    }
    if login.may_create_roles {
        for (role, password) in [(APP, &passwords.app), (WORKER, &passwords.worker)] {
            if let Some(password) = password {
                set_password_if_allowed(&mut transaction, role, password).await?;
            }
        }
    }
    for role in [OWNER, APP, WORKER, RETENTION] {
        check_power(&mut transaction, role).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The login of the connection.
struct Login {
    name: String,
    /// Quoted for SQL, as is the next.
    quoted: String,
    database: String,
    may_create_roles: bool,
}

impl Login {
    async fn read(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        sqlx::query(
            "SELECT rolname::text, quote_ident(rolname), quote_ident(current_database()), rolsuper OR rolcreaterole \
             FROM pg_roles WHERE rolname = current_user",
        )
        .try_map(|row: PgRow| {
            Ok(Self {
                name: row.try_get(0)?,
                quoted: row.try_get(1)?,
                database: row.try_get(2)?,
                may_create_roles: row.try_get(3)?,
            })
        })
        .fetch_one(connection)
        .await
    }
}

/// The statements that are still to be run, by us or by an administrator.
async fn missing(connection: &mut PgConnection, login: &Login, schema_here: bool) -> Result<Vec<String>, sqlx::Error> {
    let mut statements = Vec::new();
    for (role, attributes) in [
        // Given a password by an administrator, it can also be logged in as.
        (OWNER, "NOLOGIN"),
        // The worker does not inherit: it deletes as the retention role only after saying so (SET LOCAL ROLE).
        (APP, "LOGIN NOINHERIT"),
        (WORKER, "LOGIN NOINHERIT"),
        (RETENTION, "NOLOGIN"),
    ] {
        if !role_exists(connection, role).await? {
            statements.push(format!("CREATE ROLE {role} {attributes}"));
        }
    }
    if !is_member(connection, WORKER, RETENTION).await? {
        statements.push(format!("GRANT {RETENTION} TO {WORKER}"));
    }
    if let Some(statement) = inherits_retention(connection).await? {
        statements.push(statement);
    }
    if schema_here && login.name != OWNER {
        if !is_member(connection, &login.name, OWNER).await? {
            statements.push(format!("GRANT {OWNER} TO {}", login.quoted));
        }
        if !owner_may_create(connection).await? {
            // Passed on by a migration: the job library makes a schema of its own.
            statements.push(format!("GRANT CREATE ON DATABASE {} TO {OWNER} WITH GRANT OPTION", login.database));
            statements.push(format!("GRANT CREATE ON SCHEMA public TO {OWNER}"));
        }
    }
    Ok(statements)
}

async fn role_exists(connection: &mut PgConnection, role: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)").bind(role).fetch_one(connection).await
}

/// False, too, as long as one of the two does not exist.
async fn is_member(connection: &mut PgConnection, member: &str, of: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT coalesce((SELECT pg_has_role(member.oid, of.oid, 'MEMBER') FROM pg_roles member, pg_roles of \
         WHERE member.rolname = $1 AND of.rolname = $2), false)",
    )
    .bind(member)
    .bind(of)
    .fetch_one(connection)
    .await
}

/// What makes a worker that an administrator made keep the retention role's rights for when it has stepped into it: else it
/// could delete logs that it should only add to. Since PostgreSQL 16 that is a property of the membership. A superuser may all;
/// that is for [`check_power`] to say.
async fn inherits_retention(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let found: Option<bool> = sqlx::query_scalar(
        "SELECT current_setting('server_version_num')::int >= 160000 FROM pg_roles worker, pg_roles retention \
         WHERE worker.rolname = $1 AND retention.rolname = $2 AND pg_has_role(worker.oid, retention.oid, 'USAGE') \
         AND NOT worker.rolsuper",
    )
    .bind(WORKER)
    .bind(RETENTION)
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|by_membership| {
        if by_membership {
            format!("GRANT {RETENTION} TO {WORKER} WITH INHERIT FALSE")
        } else {
            format!("ALTER ROLE {WORKER} NOINHERIT")
        }
    }))
}

async fn owner_may_create(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT coalesce((SELECT has_database_privilege(oid, current_database(), 'CREATE WITH GRANT OPTION') \
         AND has_schema_privilege(oid, 'public', 'CREATE') FROM pg_roles WHERE rolname = $1), false)",
    )
    .bind(OWNER)
    .fetch_one(connection)
    .await
}

/// The login may lack the right for a role that an administrator made (PostgreSQL 16 and later). The role then keeps the
/// password it was given.
async fn set_password_if_allowed(
    connection: &mut PgConnection,
    role: &'static str,
    password: &SecretString,
) -> Result<(), sqlx::Error> {
    let mut savepoint = connection.begin().await?;
    match sqlx::query(AssertSqlSafe(set_password_statement(role, password))).execute(&mut *savepoint).await {
        Ok(_) => savepoint.commit().await,
        Err(error) if is_insufficient_privilege(&error) => {
            tracing::debug!(role, "the role keeps the password an administrator gave it");
            savepoint.rollback().await
        }
        Err(error) => Err(error),
    }
}

fn is_insufficient_privilege(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("42501")
}

async fn check_power(connection: &mut PgConnection, role: &'static str) -> Result<(), RolesError> {
    let (superuser, bypass, create_role, acts_as_owner): (bool, bool, bool, bool) = sqlx::query_as(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, pg_has_role(rolname, 'arctiv_owner', 'MEMBER') \
         FROM pg_roles WHERE rolname = $1",
    )
    .bind(role)
    .fetch_one(connection)
    .await?;
    let too_powerful = |excess, statement| Err(RolesError::TooPowerful { role, excess, statement });
    if superuser {
        too_powerful("is a superuser", format!("ALTER ROLE {role} NOSUPERUSER;"))
    } else if bypass {
        too_powerful("may bypass row-level security", format!("ALTER ROLE {role} NOBYPASSRLS;"))
    } else if role == OWNER {
        Ok(())
    } else if create_role {
        too_powerful("may create and alter roles", format!("ALTER ROLE {role} NOCREATEROLE;"))
    } else if acts_as_owner {
        too_powerful("may act as the owner of the schema", format!("REVOKE {OWNER} FROM {role};"))
    } else {
        Ok(())
    }
}

/// Creates [`OWNER`] with its password, in a cluster of our own, where the connection is a superuser's.
pub(super) async fn ensure_owner(connection: &mut PgConnection, password: &SecretString) -> Result<(), RolesError> {
    if !role_exists(connection, OWNER).await? {
        sqlx::query("CREATE ROLE arctiv_owner LOGIN NOSUPERUSER NOBYPASSRLS").execute(&mut *connection).await?;
    }
    sqlx::query(AssertSqlSafe(set_password_statement(OWNER, password))).execute(connection).await?;
    Ok(())
}

/// Creates the database for [`OWNER`], and lets nobody but the program's roles in.
pub(super) async fn ensure_database(connection: &mut PgConnection) -> Result<(), RolesError> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'arctiv')")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        sqlx::query("CREATE DATABASE arctiv OWNER arctiv_owner").execute(&mut *connection).await?;
    }
    // Repeated at each start, as a process may have died between the two.
    sqlx::query("REVOKE ALL ON DATABASE arctiv FROM PUBLIC").execute(&mut *connection).await?;
    sqlx::query("GRANT CONNECT ON DATABASE arctiv TO arctiv_app, arctiv_worker").execute(&mut *connection).await?;
    // The job library makes its own schema, as the worker. A migration grants this too, but not in a restored database.
    sqlx::query("GRANT CREATE ON DATABASE arctiv TO arctiv_worker").execute(connection).await?;
    Ok(())
}

/// `ALTER ROLE … PASSWORD` with a SCRAM verifier in place of the password, as `psql`'s `\password` does: statements end up
/// in server logs and statistics views. `role` is one of our constants; a verifier holds only Base64, `$` and `:`.
fn set_password_statement(role: &'static str, password: &SecretString) -> String {
    let salt: [u8; 16] = rand::random();
    format!("ALTER ROLE {role} PASSWORD '{}'", scram_verifier(password, salt))
}

const SCRAM_ITERATIONS: u32 = 4096;

/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` of RFC 5803, PostgreSQL's form of a stored password.
fn scram_verifier(password: &SecretString, salt: [u8; 16]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let mut round = hmac(password.expose_secret().as_bytes(), &[salt.as_slice(), &1_u32.to_be_bytes()].concat());
    let mut salted = round;
    for _ in 1..SCRAM_ITERATIONS {
        round = hmac(password.expose_secret().as_bytes(), &round);
        salted.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
    }
    let stored_key = Sha256::digest(hmac(&salted, b"Client Key"));
    let server_key = hmac(&salted, b"Server Key");
    format!(
        "SCRAM-SHA-256${SCRAM_ITERATIONS}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    )
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // The only error is a key of wrong length, and HMAC takes any.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().into())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677, section 3: user `user`, password `pencil`, and its salt. Its proof and signature follow
    /// from the keys checked here.
    #[test]
    fn the_verifier_is_that_of_the_rfc() {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let salt: [u8; 16] = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap().try_into().unwrap();
        let verifier = scram_verifier(&SecretString::from("pencil"), salt);
        let (_, keys) = verifier.rsplit_once('$').unwrap();
        let server_key = STANDARD.decode(keys.split_once(':').unwrap().1).unwrap();

        let first_bare = "n=user,r=rOprNGfwEbeRWgbNEkqO";
        let server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let final_bare = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let signature = hmac(&server_key, format!("{first_bare},{server_first},{final_bare}").as_bytes());
        assert_eq!(STANDARD.encode(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(verifier.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"));
    }
}
