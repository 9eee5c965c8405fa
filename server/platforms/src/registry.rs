//! The adapters of the platforms that are set up, and what is known of all.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use domain::{Platform, accounts::MissingScope};

use crate::{
    ENTRIES,
    adapter::{Adapter, ApiVersion, VersionStatus},
    http::Http,
    oauth,
    settings::{Defaults, PlatformSettings, SettingsError},
};

/// What each adapter says of itself, for the list in `lib.rs`.
pub(crate) struct Entry {
    pub platform: Platform,
    pub defaults: &'static Defaults,
    pub build: fn(PlatformSettings, Arc<Http>) -> Arc<dyn Adapter>,
}

/// The platforms Arctiv can connect to, whether they are configured or not.
pub fn supported() -> impl Iterator<Item = Platform> {
    ENTRIES.iter().map(|entry| entry.platform)
}

/// Whether a platform is many servers, of which an operator names the one where the app is registered.
pub fn has_instances(platform: Platform) -> bool {
    defaults(platform).is_some_and(|defaults| defaults.instances)
}

/// What each of these scopes costs an account of `platform` that goes without it, for lists built from stored names.
pub fn missing_scopes(platform: Platform, scopes: &[String]) -> Vec<MissingScope> {
    let uses = defaults(platform).map_or(&[][..], |defaults| defaults.scope_uses);
    scopes.iter().map(|scope| oauth::describe(scope, uses)).collect()
}

pub(crate) fn defaults(platform: Platform) -> Option<&'static Defaults> {
    ENTRIES.iter().find(|entry| entry.platform == platform).map(|entry| entry.defaults)
}

/// A version of a platform's API that an operator must act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionWarning {
    /// Whose.
    pub platform: Platform,
    /// Whether it answers no more.
    pub ended: bool,
    /// In a sentence for operators.
    pub message: String,
}

/// The adapters of the configured platforms.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    adapters: BTreeMap<Platform, Arc<dyn Adapter>>,
}

impl Registry {
    /// An adapter for each of `settings`. All faults are reported, not only the first.
    pub fn new(
        settings: impl IntoIterator<Item = PlatformSettings>,
        http: &Arc<Http>,
    ) -> Result<Self, Vec<SettingsError>> {
        let mut registry = Self::default();
        let mut faults = Vec::new();
        for settings in settings {
            let platform = settings.platform;
            if let Err(fault) = settings.validate() {
                faults.push(fault);
                continue;
            }
            match ENTRIES.iter().find(|entry| entry.platform == platform) {
                None => faults.push(SettingsError::Unsupported(platform)),
                Some(_) if registry.adapters.contains_key(&platform) => faults.push(SettingsError::Twice(platform)),
                Some(entry) => registry.insert((entry.build)(settings, Arc::clone(http))),
            }
        }
        if faults.is_empty() { Ok(registry) } else { Err(faults) }
    }

    /// Puts an adapter in, in place of the one there was: for tests with fakes.
    pub fn insert(&mut self, adapter: Arc<dyn Adapter>) {
        self.adapters.insert(adapter.platform(), adapter);
    }

    /// The adapter of a configured platform.
    pub fn get(&self, platform: Platform) -> Option<&Arc<dyn Adapter>> {
        self.adapters.get(&platform)
    }

    /// Each version in use that ends, and when.
    pub fn version_ends(&self) -> impl Iterator<Item = (Platform, ApiVersion, NaiveDate)> {
        self.adapters.values().filter_map(|adapter| {
            let version = adapter.api_version();
            let ends_on = version.ends_on?;
            Some((adapter.platform(), version, ends_on))
        })
    }

    /// What to tell an operator on `today` about versions that have ended, or end soon.
    pub fn version_warnings(&self, today: NaiveDate) -> Vec<VersionWarning> {
        let warning = |(platform, version, ends_on): (Platform, ApiVersion, NaiveDate)| {
            let status = version.status(today);
            let label = platform.label();
            let version = &version.version;
            let until = ends_on.format("%-d %B %Y");
            let message = match status {
                VersionStatus::Fine => return None,
                VersionStatus::EndsIn { days: 0 } => format!("{label}: API version {version} ends today"),
                VersionStatus::EndsIn { days: 1 } => format!("{label}: API version {version} ends tomorrow"),
                VersionStatus::EndsIn { days } => {
                    format!("{label}: API version {version} ends in {days} days, on {until}")
                }
                VersionStatus::Ended => format!("{label}: API version {version} has ended on {until}"),
            };
            Some(VersionWarning { platform, ended: status == VersionStatus::Ended, message })
        };
        self.version_ends().filter_map(warning).collect()
    }

    /// Puts them into the log; at every start, and daily.
    pub fn warn_of_versions(&self, today: NaiveDate) {
        for VersionWarning { platform, ended, message } in self.version_warnings(today) {
            if ended {
                tracing::error!(%platform, "{message}; calls to it are refused");
            } else {
                tracing::warn!(%platform, "{message}; a newer release of Arctiv brings a newer one");
            }
        }
    }

    /// The configured platforms.
    pub fn platforms(&self) -> impl Iterator<Item = Platform> {
        self.adapters.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_sound() {
        let mut seen = std::collections::BTreeSet::new();
        for Entry { platform, defaults, .. } in ENTRIES {
            assert!(seen.insert(*platform), "{platform} stands in the list twice");
            assert!(defaults.versions.iter().any(|known| known.version == defaults.version), "{platform}: version");
            for scope in defaults.scopes.iter().chain(defaults.sandbox_scopes) {
                assert!(defaults.scope_uses.iter().any(|known| known.scope == *scope), "{platform}: {scope}");
            }
            assert!(defaults.scope_uses.iter().any(|known| known.needed_to_publish), "{platform}: publishing");
            assert!(platform.rules().is_some(), "{platform}: rules");
            for known in defaults.versions {
                assert_eq!(known.to_api_version().ends_on.is_some(), known.ends_on.is_some(), "{platform}: date");
            }
        }
    }

    #[test]
    fn operators_are_told_of_versions_sixty_days_ahead() {
        let settings = |platform, ends_on: Option<&str>| {
            let redirect_uri = "https://arctiv.example/callback".parse().unwrap();
            let settings = PlatformSettings::new(platform, "id", "secret".into(), redirect_uri).unwrap();
            PlatformSettings { api_version_ends_on: ends_on.map(|day| day.parse().unwrap()), ..settings }
        };
        let registry = Registry::new(
            [
                settings(Platform::Facebook, None),
                settings(Platform::Linkedin, Some("2026-12-24")),
                settings(Platform::Twitter, None),
            ],
            &crate::testing::http_with(|_| ()),
        )
        .unwrap();
        let on = |day: &str| {
            let warnings = registry.version_warnings(day.parse().unwrap());
            warnings.into_iter().map(|warning| (warning.ended, warning.message)).collect::<Vec<_>>()
        };
        assert_eq!(on("2026-10-24"), []);
        let version = registry.get(Platform::Linkedin).unwrap().api_version().version;
        let linkedin = |words: &str| format!("LinkedIn: API version {version} {words}");
        assert_eq!(on("2026-10-25"), [(false, linkedin("ends in 60 days, on 24 December 2026"))]);
        assert_eq!(on("2026-12-23"), [(false, linkedin("ends tomorrow"))]);
        assert_eq!(on("2026-12-24"), [(false, linkedin("ends today"))]);
        assert_eq!(on("2026-12-25"), [(true, linkedin("has ended on 24 December 2026"))]);
        let both = on("2028-07-30");
        assert!(both.len() == 2 && both[0].1.starts_with("Facebook: API version v25.0 has ended"), "{both:?}");
        assert_eq!(registry.version_ends().count(), 2);
    }

    #[test]
    fn stored_names_find_their_costs_again() {
        let missing = missing_scopes(Platform::Twitter, &["tweet.write".into(), "gone.scope".into()]);
        assert!(missing[0].needed_to_publish && missing[0].costs.contains("published"));
        assert!(!missing[1].needed_to_publish);
        assert!(missing_scopes(Platform::Instagram, &["instagram_content_publish".into()])[0].needed_to_publish);
        // Of a platform without an adapter.
        assert_eq!(missing_scopes(Platform::GoogleAds, &["adwords".into()]).len(), 1);
    }
}
