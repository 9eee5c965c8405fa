//! Settings: one file per section, environment over file over default, all faults reported at once.
//!
//! The file is `arctiv.toml` in the working folder, or what `ARCTIV_CONFIG` or `--config` names. A setting
//! `[section] key` is the variable `ARCTIV_SECTION__KEY`; a few have short names of their own ([`ALIASES`]).
//! Secrets live in `secrecy` types and are never printed.

mod audit;
mod database;
mod limits;
mod log;
mod mail;
mod media;
mod oidc;
mod platforms;
mod publishing;
mod security;
mod server;
mod traces;
mod webhooks;

use std::{collections::HashMap, fmt, path::Path};

pub use audit::AuditSettings;
pub use database::DatabaseSettings;
pub use limits::LimitsSettings;
pub use log::{LogFormat, LogSettings};
pub use mail::MailSettings;
pub use media::{MediaSettings, MediaStore, S3Settings};
pub use oidc::{OidcInForce, OidcSettings};
pub use platforms::{PlatformSection, PlatformsSettings};
pub use publishing::PublishingSettings;
pub use security::{Keys, SecuritySettings, TokenAlgorithm};
use serde::de::DeserializeOwned;
pub use server::{Environment, ServerSettings};
pub use traces::TracesSettings;
pub use webhooks::WebhookSettings;

/// Short names of common settings.
pub const ALIASES: [(&str, &str); 11] = [
    ("DATABASE_URL", "database.url"),
    ("JWT_SECRET", "security.jwt_secret"),
    ("ARCTIV_TOKEN_KEYS", "security.token_keys"),
    ("ARCTIV_ENV", "server.environment"),
    ("ARCTIV_LISTEN", "server.listen"),
    ("ARCTIV_PUBLIC_URL", "server.public_url"),
    ("ARCTIV_DATA_DIR", "server.data_dir"),
    ("ARCTIV_SANDBOX_URL", "platforms.sandbox_url"),
    ("SMTP_URL", "mail.smtp_url"),
    // As every program that exports traces is told.
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "traces.endpoint"),
    ("OTEL_SERVICE_NAME", "traces.service_name"),
];

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub server: ServerSettings,
    pub database: DatabaseSettings,
    pub security: SecuritySettings,
    pub oidc: OidcSettings,
    pub platforms: PlatformsSettings,
    pub publishing: PublishingSettings,
    pub media: MediaSettings,
    pub limits: LimitsSettings,
    pub audit: AuditSettings,
    pub mail: MailSettings,
    pub webhooks: WebhookSettings,
    pub log: LogSettings,
    pub traces: TracesSettings,
}

/// A section of the settings.
trait Section: DeserializeOwned + Default {
    /// The table's name in the file.
    const NAME: &'static str;
    /// Adds a line for each value that cannot be right.
    fn validate(&self, faults: &mut Faults);
}

/// Everything that is wrong with the settings.
#[derive(Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn add(&mut self, key: &str, problem: impl fmt::Display) {
        self.0.push(format!("{key}: {problem}"));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "setting is" } else { "settings are" };
        write!(f, "{} {plural} wrong:", self.0.len())?;
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Settings {
    /// Reads the file (if any) and this process's environment.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn load(file: Option<&Path>) -> Result<Self, Faults> {
        let chosen = file.map(Path::to_path_buf).or_else(|| std::env::var_os("ARCTIV_CONFIG").map(Into::into));
        Self::read(
            chosen.as_deref(),
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect(),
        )
    }

    /// The same from given variables; the file must exist when it is named.
    pub fn read(file: Option<&Path>, variables: HashMap<String, String>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let mut builder = config::Config::builder();
        builder = match file {
            Some(path) => builder.add_source(config::File::from(path).format(config::FileFormat::Toml)),
            None => builder.add_source(config::File::new("arctiv.toml", config::FileFormat::Toml).required(false)),
        };
        let mut long_names = HashMap::new();
        for (name, value) in variables {
            if let Some((_, key)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
                if !value.is_empty() {
                    match builder.clone().set_override(*key, value) {
                        Ok(next) => builder = next,
                        Err(error) => faults.add(&name, error),
                    }
                }
            } else if name.starts_with("ARCTIV_") && name.contains("__") {
                long_names.insert(name, value);
            }
        }
        builder = builder.add_source(
            config::Environment::with_prefix("ARCTIV")
                .prefix_separator("_")
                .separator("__")
                .try_parsing(true)
                .list_separator(",")
                .with_list_parse_key("publishing.pauses_seconds")
                .with_list_parse_key("mail.pauses_seconds")
                .with_list_parse_key("webhooks.pauses_seconds")
                .with_list_parse_key("server.trusted_proxies")
                .ignore_empty(true)
                .source(Some(long_names)),
        );
        let tree = match builder.build() {
            Ok(tree) => tree,
            Err(error) => {
                faults.add("the settings file", error);
                return Err(faults);
            }
        };
        let known = [
            ServerSettings::NAME,
            DatabaseSettings::NAME,
            SecuritySettings::NAME,
            OidcSettings::NAME,
            PlatformsSettings::NAME,
            PublishingSettings::NAME,
            MediaSettings::NAME,
            LimitsSettings::NAME,
            AuditSettings::NAME,
            MailSettings::NAME,
            WebhookSettings::NAME,
            LogSettings::NAME,
            TracesSettings::NAME,
        ];
        match tree.clone().try_deserialize::<HashMap<String, serde_json::Value>>() {
            Ok(sections) => {
                for name in sections.keys().filter(|name| !known.contains(&name.as_str())) {
                    faults.add(name, format!("there is no such section; there are {}", known.join(", ")));
                }
            }
            Err(error) => faults.add("the settings file", error),
        }
        let settings = Self {
            server: section(&tree, &mut faults),
            database: section(&tree, &mut faults),
            security: section(&tree, &mut faults),
            oidc: section(&tree, &mut faults),
            platforms: section(&tree, &mut faults),
            publishing: section(&tree, &mut faults),
            media: section(&tree, &mut faults),
            limits: section(&tree, &mut faults),
            audit: section(&tree, &mut faults),
            mail: section(&tree, &mut faults),
            webhooks: section(&tree, &mut faults),
            log: section(&tree, &mut faults),
            traces: section(&tree, &mut faults),
        };
        if settings.server.environment == Environment::Production {
            settings.security.require_for_production(&mut faults);
            settings.server.require_for_production(&mut faults);
        }
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }
}

fn section<S: Section>(tree: &config::Config, faults: &mut Faults) -> S {
    match tree.get::<S>(S::NAME) {
        Ok(section) => {
            section.validate(faults);
            section
        }
        Err(config::ConfigError::NotFound(_)) => S::default(),
        Err(error) => {
            faults.add(&format!("[{}]", S::NAME), error);
            S::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Faults> {
        Settings::read(None, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn defaults_are_sound() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.publishing.pauses_seconds, [10, 60, 300, 1800]);
    }

    #[test]
    fn the_environment_wins_by_long_and_short_names() {
        let settings = read(&[
            ("ARCTIV_SERVER__LISTEN", "0.0.0.0:9000"),
            ("DATABASE_URL", "postgres://x/y"),
            ("ARCTIV_LOG__LEVEL", "debug"),
        ])
        .unwrap();
        assert_eq!(settings.server.listen.port(), 9000);
        assert!(settings.database.url.is_some());
        assert_eq!(settings.log.level, "debug");
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let settings =
            read(&[("ARCTIV_PUBLISHING__PAUSES_SECONDS", "1,2,3"), ("ARCTIV_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")])
                .unwrap();
        assert_eq!(settings.publishing.pauses_seconds, [1, 2, 3]);
        assert_eq!(settings.server.trusted_proxies.len(), 1);
    }

    #[test]
    fn all_faults_come_at_once_and_name_their_setting() {
        let faults = read(&[
            ("ARCTIV_SERVER__LISTEN", "nowhere"),
            ("ARCTIV_PUBLISHING__CONCURRENCY", "0"),
            ("ARCTIV_DATABASE__POOL", "many"),
            ("ARCTIV_WHAT__EVER", "1"),
            ("JWT_SECRET", "short"),
            ("SMTP_URL", "carrier://pigeon"),
            ("ARCTIV_OIDC__ISSUER", "http://login.example.com"),
            ("ARCTIV_MAIL__FROM", "nobody"),
            ("ARCTIV_MAIL__PAUSES_SECONDS", "0,0"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:pigeon@localhost:4318"),
            ("ARCTIV_TRACES__RATIO", "2"),
        ])
        .unwrap_err()
        .to_string();
        for part in [
            "server",
            "publishing.concurrency",
            "database",
            "what",
            "security.jwt_secret",
            "oidc.issuer",
            "oidc.client_id",
            "oidc.client_secret",
            "mail.smtp_url",
            "mail.from",
            "mail.pauses_seconds",
            "traces.endpoint",
            "traces.ratio",
        ] {
            assert!(faults.contains(part), "{part} missing in: {faults}");
        }
        assert!(
            !faults.contains("short") && !faults.contains("pigeon"),
            "a secret's value must not be shown: {faults}"
        );
    }

    #[test]
    fn production_needs_its_keys() {
        let faults = read(&[("ARCTIV_ENV", "production"), ("ARCTIV_PUBLIC_URL", "http://arctiv.example")])
            .unwrap_err()
            .to_string();
        for part in ["JWT_SECRET", "ARCTIV_TOKEN_KEYS", "https"] {
            assert!(faults.contains(part), "{part} missing in: {faults}");
        }
    }
}
