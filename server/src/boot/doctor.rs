//! `arctiv doctor`: looks at everything a start needs and says what is wrong, all at once.

use std::{fmt::Display, path::Path};

use super::{
    assemble::{adapters, vault},
    postgres::{OLDEST_MAJOR, locate},
    run::Ready,
};
use crate::{
    clock::SystemClock,
    config::{Keys, MediaStore, Settings},
    database::{Database, PoolSizes},
    features::media::MediaFiles,
};

/// Prints a line per check; whether all is well.
pub async fn doctor(settings: &Settings) -> bool {
    let mut report = Report { well: true };
    report.note("settings", Ok::<_, &str>(format!("{:?}, {}", settings.server.environment, settings.server.origin())));
    report.note("data folder", writable(&settings.server.data_dir));
    report.note("port", free_port(settings).await);
    let keys = Keys::resolve(&settings.security, &settings.server.data_dir);
    report.note(
        "keys",
        match &keys {
            Ok(keys) => {
                vault(settings, keys).map(|_| "sealing and opening".to_owned()).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        },
    );
    if settings.database.url.is_none() {
        report.note(
            "PostgreSQL programs",
            locate(settings.database.postgres_bin.as_deref(), None)
                .await
                .map(|found| format!("version {}, {OLDEST_MAJOR} or newer is needed", found.version)),
        );
    }
    match Ready::reach(settings).await {
        Err(error) => report.note("database", Err::<String, _>(error)),
        Ok(ready) => {
            report.note("database", schema(&ready).await);
            ready.release().await;
        }
    }
    report.note("media", media(settings).await);
    let clock: std::sync::Arc<dyn domain::clock::Clock> = std::sync::Arc::new(SystemClock);
    let found = adapters(settings, &clock);
    report.note(
        "platforms",
        match &found {
            Ok(registry) => {
                let names: Vec<_> = registry.platforms().map(domain::Platform::label).collect();
                Ok(if names.is_empty() {
                    "none is set up; see [platforms.apps] in the settings, or try `arctiv demo`".to_owned()
                } else {
                    names.join(", ")
                })
            }
            Err(error) => Err(error.cause.as_ref().map_or_else(|| error.fault.message.clone(), ToString::to_string)),
        },
    );
    if let Ok(registry) = &found {
        report.versions(registry, clock.now().date_naive());
    }
    report.well
}

/// Writes a file where media are kept, and takes it away again.
async fn media(settings: &Settings) -> Result<String, String> {
    let place = match settings.media.store {
        MediaStore::Folder => settings.media.folder(&settings.server.data_dir).display().to_string(),
        MediaStore::S3 => format!("bucket {}", settings.media.s3.bucket),
    };
    let checked = match MediaFiles::open(&settings.media, &settings.server.data_dir) {
        Ok(files) => files.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => Ok(format!("{place}: writing and removing")),
        Err(error) => {
            let why = error.cause.map_or_else(|| error.fault.message.clone(), |cause| cause.to_string());
            Err(format!("{place}: {why}"))
        }
    }
}

struct Report {
    well: bool,
}

impl Report {
    fn note<T: Display, E: Display>(&mut self, what: &str, result: Result<T, E>) {
        match result {
            Ok(fine) => println!("  ok     {what}: {fine}"),
            Err(wrong) => {
                self.well = false;
                println!("  WRONG  {what}: {wrong}");
            }
        }
    }
}

impl Report {
    /// The API versions in use: when the next one ends, which end soon, and which have ended.
    fn versions(&mut self, registry: &platforms::Registry, today: chrono::NaiveDate) {
        let warnings = registry.version_warnings(today);
        if warnings.is_empty() {
            let next = registry.version_ends().min_by_key(|(_, _, ends_on)| *ends_on);
            let words = next.map_or_else(
                || "none has an end".to_owned(),
                |(platform, version, ends_on)| {
                    let (label, until) = (platform.label(), ends_on.format("%-d %B %Y"));
                    format!("none ends soon; the next is {label}'s {} on {until}", version.version)
                },
            );
            self.note("API versions", Ok::<_, &str>(words));
        }
        for warning in warnings {
            if warning.ended {
                self.note("API versions", Err::<&str, _>(warning.message));
            } else {
                println!("  soon   API versions: {}", warning.message);
            }
        }
    }
}

fn writable(folder: &Path) -> Result<String, String> {
    let probe = folder.join(".doctor");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&probe, b"ok"))
        .and_then(|()| std::fs::remove_file(&probe))
        .map(|()| folder.display().to_string())
        .map_err(|error| {
            format!("{} cannot be written ({error}). Set ARCTIV_DATA_DIR to a folder of this user.", folder.display())
        })
}

async fn free_port(settings: &Settings) -> Result<String, String> {
    match super::run::listen(settings.server.listen).await {
        Ok(_) => Ok(settings.server.listen.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

async fn schema(ready: &Ready) -> Result<String, String> {
    let database = Database::connect(&ready.urls, PoolSizes::default()).map_err(|error| error.to_string())?;
    let migrated = database.is_migrated().await;
    database.close().await;
    match migrated {
        Ok(true) => Ok("reachable, schema up to date".to_owned()),
        Ok(false) => {
            Ok("reachable, older than this program; `arctiv migrate` or the next start brings it up to date".to_owned())
        }
        Err(_) => Ok("reachable, still empty; the next start fills it".to_owned()),
    }
}
