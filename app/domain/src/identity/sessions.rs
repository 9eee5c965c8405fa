//! Where somebody is signed in, and by which browser.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::SessionId;

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    pub id: SessionId,
    /// In plain words, such as `Chrome on Windows`.
    pub device: String,
    /// The address it signed in from.
    pub ip: Option<String>,
    /// The workspace it is in.
    pub workspace: String,
    pub created_at: DateTime<Utc>,
    /// Exact to five minutes.
    pub last_seen_at: DateTime<Utc>,
    /// It ends then at the latest.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Sessions that were ended together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedSessions {
    pub ended: u32,
}

/// What browsers are called, by what stands in their user agents; the first that is found counts, since most claim to be
/// others as well.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac", "Mac"),
    ("Linux", "Linux"),
];

/// A device in plain words, from what its browser says of itself: a hint for people, and no proof of anything.
pub fn device_words(user_agent: Option<&str>) -> String {
    let agent = user_agent.map(str::trim).unwrap_or_default();
    let find = |names: &[(&'static str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => {
            let name: String = agent
                .split(['/', ' '])
                .next()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .take(30)
                .collect();
            if name.is_empty() { "An unknown device".to_owned() } else { format!("A program ({name})") }
        }
    }
}

/// Seconds as a sentence says them: `40 seconds`, `3 minutes`.
pub fn wait_words(seconds: u32) -> String {
    let (number, unit) = if seconds < 90 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// For somebody who has guessed too often.
pub fn too_many_guesses(seconds: u32) -> String {
    format!("Too many attempts to sign in. Please try again in {}.", wait_words(seconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Chrome on Windows"
    )]
    #[case(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        "Edge on Windows"
    )]
    #[case(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Safari on iPhone"
    )]
    #[case("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Mac")]
    #[case(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        "Chrome on Android"
    )]
    #[case("Mozilla/5.0 (X11; Linux x86_64) Something/1", "A browser on Linux")]
    #[case("curl/8.5.0", "A program (curl)")]
    #[case("<b>/1", "A program (b)")]
    #[case("", "An unknown device")]
    fn devices_in_plain_words(#[case] agent: &str, #[case] words: &str) {
        assert_eq!(device_words(Some(agent)), words);
    }

    #[test]
    fn waiting_in_words() {
        assert_eq!(wait_words(1), "1 second");
        assert_eq!(wait_words(80), "80 seconds");
        assert_eq!(wait_words(121), "3 minutes");
    }

    proptest! {
        #[test]
        fn whatever_a_browser_says_the_words_are_short_and_plain(agent in "\\PC{0,400}") {
            let words = device_words(Some(&agent));
            prop_assert!(!words.is_empty() && words.len() <= 60);
            prop_assert!(words.chars().all(|c| c.is_ascii_alphanumeric() || " ()-_.".contains(c)));
        }
    }
}
