//! `arctiv backup` and `arctiv restore`: database and pictures together, the keys apart.
//!
//! A backup is a folder:
//!
//! | file | holds |
//! |---|---|
//! | `manifest.json` | when, by which version, checksums, the names of the keys that open what is sealed in it |
//! | `database.dump` | `pg_dump` in its own format |
//! | `media/` | the files behind pictures, by their storage keys |
//!
//! It may be made while Arctiv runs. Files are copied before the database and once more after it: a picture's file is
//! written before its row and never changed, so every row of the dump has its file.
//!
//! The keys are not in it, since whoever finds it would have every account's access; `--keys` writes them into a file of
//! their own, to be kept elsewhere.
//!
//! A restored Arctiv is set back in time, and the networks are not. What was under way may have gone out since, so
//! deliveries that are due are put before a person, and posts that are due become drafts: nothing is sent twice because of
//! a restore. What lies in the future stays planned.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use domain::clock::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    assemble::{media_files, pool_sizes},
    postgres::{EmbeddedOptions, EmbeddedPostgres, Installation, dump, locate},
    run::{Failure, Ready},
};
use crate::{
    clock::SystemClock,
    config::{Environment, Keys, Settings},
    database::{Database, MIGRATOR},
    features::{audit, deliveries},
};

const MANIFEST: &str = "manifest.json";
const DUMP: &str = "database.dump";
const MEDIA: &str = "media";
const FORMAT: u32 = 1;

/// What stands in `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    arctiv: String,
    made_at: chrono::DateTime<chrono::Utc>,
    /// The newest migration of the program that made it.
    migration: i64,
    dump_sha256: String,
    dump_bytes: u64,
    media_files: u64,
    /// The names of the keys in force, which say nothing of the keys.
    key_ids: BTreeSet<String>,
}

/// The file that `--keys` writes and reads.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    jwt_secret: String,
    token_keys: String,
}

/// A database, and the login that may read and write all of it.
struct Whole {
    embedded: Option<EmbeddedPostgres>,
    installation: Installation,
    admin: SecretString,
}

impl Whole {
    async fn reach(settings: &Settings) -> Result<Self, Failure> {
        if let Some(url) = &settings.database.url {
            let installation = locate(settings.database.postgres_bin.as_deref(), None).await?;
            let admin = settings.database.admin_url.clone().unwrap_or_else(|| url.clone());
            return Ok(Self { embedded: None, installation, admin });
        }
        let mut options = EmbeddedOptions::new(&settings.server.data_dir);
        options.bin_dir.clone_from(&settings.database.postgres_bin);
        let embedded = EmbeddedPostgres::start(&options).await?;
        Ok(Self {
            installation: embedded.installation().clone(),
            admin: embedded.admin_url(),
            embedded: Some(embedded),
        })
    }

    async fn release(self) {
        if let Some(embedded) = self.embedded
            && let Err(error) = embedded.stop().await
        {
            tracing::error!(%error, "the embedded database did not stop");
        }
    }
}

/// Makes a backup in `folder`, which must not exist yet; what to tell the operator.
pub async fn backup(settings: &Settings, folder: &Path, keys_to: Option<&Path>) -> Result<String, Failure> {
    if folder.exists() {
        return Err(format!("{} is there already: name a folder that is not", folder.display()).into());
    }
    let keys = Keys::resolve(&settings.security, &settings.server.data_dir)?;
    let half = with_suffix(folder, ".half");
    if half.exists() {
        fs::remove_dir_all(&half)?;
    }
    fs::DirBuilder::new().recursive(true).create(&half)?;
    private(&half)?;
    let whole = Whole::reach(settings).await?;
    let made = fill(settings, &whole, &keys, &half).await;
    whole.release().await;
    let manifest = made?;
    // Whole or not there.
    fs::rename(&half, folder)?;
    let made = format!(
        "{}: the database ({} KiB) and {} files.",
        folder.display(),
        manifest.dump_bytes.div_ceil(1024),
        manifest.media_files
    );
    let about_keys = match keys_to {
        Some(file) => {
            write_keys(file, &keys)?;
            format!("The keys are in {}. Keep them apart from the backup.", file.display())
        }
        None => "The keys are not in it: keep JWT_SECRET and ARCTIV_TOKEN_KEYS elsewhere (or use --keys), or every account has to be \
                 reconnected after a restore."
            .to_owned(),
    };
    Ok(format!("{made}\n{about_keys}"))
}

async fn fill(settings: &Settings, whole: &Whole, keys: &Keys, half: &Path) -> Result<Manifest, Failure> {
    let files = media_files(settings)?;
    let media = half.join(MEDIA);
    fs::create_dir_all(&media)?;
    files.export(&media).await?;
    let file = half.join(DUMP);
    dump::dump(&whole.installation, &whole.admin, &file).await?;
    files.export(&media).await?;
    let (dump_sha256, dump_bytes) = checksum(&file)?;
    let ring = vault::KeyRing::parse(&keys.token_keys)?;
    let manifest = Manifest {
        format: FORMAT,
        arctiv: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: SystemClock.now(),
        migration: newest_migration(),
        dump_sha256,
        dump_bytes,
        media_files: count_files(&media)?,
        key_ids: ring.ids().map(|id| id.as_str().to_owned()).collect(),
    };
    fs::write(half.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(manifest)
}

/// Brings a backup back into an empty data folder or database; what to tell the operator.
pub async fn restore(settings: &Settings, folder: &Path, keys_from: Option<&Path>) -> Result<String, Failure> {
    let manifest = read_manifest(folder)?;
    let file = folder.join(DUMP);
    let (sha256, _) = checksum(&file)?;
    if sha256 != manifest.dump_sha256 {
        return Err(format!("{} is damaged: its checksum is not the one in {MANIFEST}", file.display()).into());
    }
    let files = media_files(settings)?;
    if !files.is_empty().await? {
        return Err("There are pictures already: restore into an empty data folder.".into());
    }
    if let Some(from) = keys_from {
        take_keys(settings, from)?;
    }
    let keys = Keys::resolve(&settings.security, &settings.server.data_dir)?;
    let ring = vault::KeyRing::parse(&keys.token_keys)?;
    let known: BTreeSet<String> = ring.ids().map(|id| id.as_str().to_owned()).collect();
    let opens = manifest.key_ids.iter().any(|id| known.contains(id));

    let whole = Whole::reach(settings).await?;
    let restored = async {
        if !dump::is_empty(&whole.admin).await? {
            return Err::<(), Failure>(
                "There is an Arctiv in this database already: restore into an empty one, or an empty data folder."
                    .into(),
            );
        }
        dump::restore(&whole.installation, &whole.admin, &file).await?;
        Ok(())
    }
    .await;
    whole.release().await;
    restored?;
    files.import(&folder.join(MEDIA)).await?;

    // Up to this program's schema; then what was under way is put before a person.
    let ready = Ready::prepare(settings).await?;
    let settled = settle(settings, &ready).await;
    ready.release().await;
    let (held, verdict) = settled?;
    let mut told = vec![format!(
        "Restored as it was on {}: the database and {} files. {verdict}",
        manifest.made_at.format("%-d %B %Y at %H:%M UTC"),
        manifest.media_files
    )];
    if held.deliveries > 0 || held.posts > 0 {
        let deliveries = match held.deliveries {
            1 => "1 delivery waits for a person's word".to_owned(),
            n => format!("{n} deliveries wait for a person's word"),
        };
        let posts = match held.posts {
            0 => String::new(),
            1 => ", and 1 post is a draft again".to_owned(),
            n => format!(", and {n} posts are drafts again"),
        };
        told.push(format!(
            "What was due may have gone out since, so nothing of it is sent by itself: {deliveries}{posts}."
        ));
    }
    if !opens {
        told.push(
            "None of the backup's keys is here, so the tokens in it cannot be opened: every account has to be reconnected."
                .to_owned(),
        );
    }
    Ok(told.join("\n"))
}

async fn settle(
    settings: &Settings,
    ready: &Ready,
) -> Result<(deliveries::in_tx::Held, audit::command::Verdict), Failure> {
    let database = Database::connect(&ready.urls, pool_sizes(settings))?;
    let settled = async {
        let mut tx = database.worker().await?;
        let held = deliveries::in_tx::hold_what_is_due(&mut tx, SystemClock.now()).await?;
        tx.commit().await?;
        Ok::<_, Failure>((held, audit::command::verify(&database).await?))
    }
    .await;
    database.close().await;
    settled
}

fn read_manifest(folder: &Path) -> Result<Manifest, Failure> {
    let file = folder.join(MANIFEST);
    let bytes = fs::read(&file).map_err(|error| format!("{} is no backup: {MANIFEST}: {error}", folder.display()))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    if manifest.format != FORMAT || manifest.migration > newest_migration() {
        return Err(format!(
            "This backup was made by Arctiv {}, which is newer than this one ({}): restore it with that version.",
            manifest.arctiv,
            env!("CARGO_PKG_VERSION")
        )
        .into());
    }
    Ok(manifest)
}

fn newest_migration() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// SHA-256, hex, and length.
fn checksum(file: &Path) -> io::Result<(String, u64)> {
    let mut file = fs::File::open(file)?;
    let (mut hash, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), length));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        length += read as u64;
    }
}

fn count_files(folder: &Path) -> io::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        count += if entry.file_type()?.is_dir() { count_files(&entry.path())? } else { 1 };
    }
    Ok(count)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// For nobody but its owner: password hashes and sealed tokens will be in it.
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

fn write_keys(file: &Path, keys: &Keys) -> Result<(), Failure> {
    let content = KeyFile {
        jwt_secret: keys.jwt_secret.expose_secret().to_owned(),
        token_keys: keys.token_keys.expose_secret().to_owned(),
    };
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut out = opened.map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    out.write_all(&serde_json::to_vec_pretty(&content)?)?;
    out.sync_all()?;
    Ok(())
}

/// Development keeps its keys in the data folder, where they are put; production has them in its settings, and is told.
fn take_keys(settings: &Settings, from: &Path) -> Result<(), Failure> {
    let bytes = fs::read(from).map_err(|error| format!("{} cannot be read: {error}", from.display()))?;
    let keys: KeyFile =
        serde_json::from_slice(&bytes).map_err(|error| format!("{} holds no keys: {error}", from.display()))?;
    vault::KeyRing::parse(&SecretString::from(keys.token_keys.clone()))?;
    if settings.server.environment == Environment::Production {
        return Err(format!("In production keys are settings: set JWT_SECRET and ARCTIV_TOKEN_KEYS to what is in {}, and leave --keys out.", from.display()).into());
    }
    Keys::put(&settings.server.data_dir, &keys.jwt_secret, &keys.token_keys)?;
    Ok(())
}
