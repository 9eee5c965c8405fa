//! The versions of the platforms' APIs that this Arctiv speaks, and how long each still answers.

use chrono::NaiveDate;

use super::PlatformOffer;

/// How an API version stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionStatus {
    /// No end in sight: none named, or further away than the warning time.
    Fine,
    /// It ends within [`VersionStatus::WARNING_DAYS`].
    EndsIn {
        /// Days left; 0 is the last day.
        days: u32,
    },
    /// It has ended.
    Ended,
}

impl VersionStatus {
    /// How long before its end a version is warned of.
    pub const WARNING_DAYS: u32 = 60;

    /// How a version whose last day is `ends_on` stands on `today`; both are days in UTC.
    pub fn of(ends_on: Option<NaiveDate>, today: NaiveDate) -> Self {
        let Some(ends_on) = ends_on else { return Self::Fine };
        match u32::try_from((ends_on - today).num_days()) {
            Err(_) => Self::Ended,
            Ok(days) if days <= Self::WARNING_DAYS => Self::EndsIn { days },
            Ok(_) => Self::Fine,
        }
    }

    /// The badge's words; none while it is fine.
    pub fn label(self) -> Option<String> {
        match self {
            Self::Fine => None,
            Self::EndsIn { days: 0 } => Some("Ends today".to_owned()),
            Self::EndsIn { days: 1 } => Some("Ends tomorrow".to_owned()),
            Self::EndsIn { days } => Some(format!("Ends in {days} days")),
            Self::Ended => Some("Ended".to_owned()),
        }
    }

    /// What it means and what is to be done, in a sentence; none while it is fine.
    pub const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Fine => None,
            Self::EndsIn { .. } => Some("Whoever runs this Arctiv must update it or set another version before then."),
            Self::Ended => {
                Some("The platform refuses it. Whoever runs this Arctiv must update it or set another version.")
            }
        }
    }
}

impl PlatformOffer {
    /// "v25.0, until 6 October 2027"; without its last day where the platform has named none. `None` where no version is
    /// known.
    pub fn version_words(&self) -> Option<String> {
        let version = self.api_version.as_deref()?;
        Some(match self.api_version_ends_on {
            Some(day) => format!("{version}, until {}", day.format("%-d %B %Y")),
            None => version.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_version_in_words() {
        let offer = |version: Option<&str>, ends_on: Option<&str>| PlatformOffer {
            platform: Platform::Facebook,
            configured: version.is_some(),
            api_version: version.map(str::to_owned),
            api_version_ends_on: ends_on.map(day),
        };
        let words = |version, ends_on| offer(version, ends_on).version_words();
        assert_eq!(words(Some("v25.0"), Some("2027-10-06")).as_deref(), Some("v25.0, until 6 October 2027"));
        assert_eq!(words(Some("v2"), None).as_deref(), Some("v2"));
        assert_eq!(words(None, None), None);
    }

    #[test]
    fn people_are_told_sixty_days_ahead_what_is_to_be_done() {
        let on = |today| VersionStatus::of(Some(day("2027-10-06")), day(today));
        assert_eq!(on("2027-08-06"), VersionStatus::Fine);
        assert_eq!((on("2027-08-06").label(), on("2027-08-06").advice()), (None, None));
        for (today, label) in [
            ("2027-08-07", "Ends in 60 days"),
            ("2027-08-26", "Ends in 41 days"),
            ("2027-10-05", "Ends tomorrow"),
            ("2027-10-06", "Ends today"),
            ("2027-10-07", "Ended"),
        ] {
            assert_eq!(on(today).label().as_deref(), Some(label), "{today}");
            assert!(on(today).advice().unwrap().contains("must update it or set another version"), "{today}");
        }
        assert_eq!(VersionStatus::of(None, day("2099-01-01")), VersionStatus::Fine);
    }
}
