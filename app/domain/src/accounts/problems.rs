//! What can go wrong between "Connect" and the platform's answer: a word for the address bar, a sentence for people.
//!
//! The server puts [`OauthProblem::code`] into the URL it sends the browser back to (`/accounts?oauth_error=<code>`);
//! the page reads it there and shows [`OauthProblem::sentence`]. The same sentence stands in the connection log. So no
//! text travels through a URL, where anybody could write their own.

use std::{fmt, str::FromStr};

use crate::platform::Platform;

/// Why an authorisation did not end in a connected account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OauthProblem {
    /// The person said no on the platform's page.
    Refused,
    /// The `state` is none of ours.
    StateUnknown,
    /// More than ten minutes went by.
    StateExpired,
    /// The callback came a second time.
    StateUsed,
    /// The authorisation was started in another browser, or before signing in again.
    OtherSession,
    /// The platform did not take the code.
    ExchangeFailed,
    /// What was unticked is needed to connect at all.
    MissingScopes,
    /// Granted, but no page or account was chosen that could be connected.
    NothingToConnect,
    /// Another workspace holds the account.
    ConnectedElsewhere,
    /// A reconnection that ended at another account than the one it was for.
    OtherAccount,
    /// The platform errs or does not answer.
    PlatformDown,
    /// This Arctiv has no client id for the platform.
    NotConfigured,
}

impl OauthProblem {
    pub const ALL: [Self; 12] = [
        Self::Refused,
        Self::StateUnknown,
        Self::StateExpired,
        Self::StateUsed,
        Self::OtherSession,
        Self::ExchangeFailed,
        Self::MissingScopes,
        Self::NothingToConnect,
        Self::ConnectedElsewhere,
        Self::OtherAccount,
        Self::PlatformDown,
        Self::NotConfigured,
    ];

    /// The word in the URL and in the log's details.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::StateUnknown => "state_unknown",
            Self::StateExpired => "state_expired",
            Self::StateUsed => "state_used",
            Self::OtherSession => "other_session",
            Self::ExchangeFailed => "exchange_failed",
            Self::MissingScopes => "missing_scopes",
            Self::NothingToConnect => "nothing_to_connect",
            Self::ConnectedElsewhere => "connected_elsewhere",
            Self::OtherAccount => "other_account",
            Self::PlatformDown => "platform_down",
            Self::NotConfigured => "not_configured",
        }
    }

    /// What happened and what comes next, in two sentences at most.
    pub fn sentence(self, platform: Platform) -> String {
        let name = platform.label();
        match self {
            Self::Refused => {
                format!(
                    "You did not give Arctiv access to {name}. Nothing has changed. Connect again when you are ready."
                )
            }
            Self::StateUnknown => {
                format!(
                    "We could not match this answer from {name} to a request of yours, so nothing was connected. Start again from Accounts."
                )
            }
            Self::StateExpired => {
                format!(
                    "Connecting to {name} took longer than 10 minutes, so the request has expired. Start again from Accounts."
                )
            }
            Self::StateUsed => {
                format!(
                    "This answer from {name} has already been used. If the account is not in your list, connect it again."
                )
            }
            Self::OtherSession => {
                format!("Connecting to {name} was started in another session. Start again in this browser.")
            }
            Self::ExchangeFailed => {
                format!("{name} did not complete the connection. Nothing was changed. Please try again.")
            }
            Self::MissingScopes => {
                format!(
                    "{name} did not give Arctiv the permissions it needs. Connect again and leave all permissions ticked."
                )
            }
            Self::NothingToConnect => platform.descriptor().nothing_to_connect.map_or_else(
                || {
                    format!(
                        "{name} named no account that Arctiv can connect. Connect again and choose one that you manage."
                    )
                },
                str::to_owned,
            ),
            Self::ConnectedElsewhere => {
                format!(
                    "This {name} account is already connected in another workspace. Disconnect it there first, then connect it here."
                )
            }
            Self::OtherAccount => {
                format!(
                    "You chose another {name} account than the one you were reconnecting, so nothing was changed. Sign in at {name} with the right account and try again."
                )
            }
            Self::PlatformDown => {
                format!(
                    "{name} is not answering at the moment. Nothing was changed. Please try again in a few minutes."
                )
            }
            Self::NotConfigured => {
                format!("This Arctiv is not set up for {name} yet. Ask whoever runs it to add the {name} app.")
            }
        }
    }
}

impl fmt::Display for OauthProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for OauthProblem {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|problem| problem.code() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_go_into_a_url_as_they_are() {
        for problem in OauthProblem::ALL {
            assert_eq!(problem.code().parse(), Ok(problem));
            assert!(problem.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        }
        assert_eq!("<script>".parse::<OauthProblem>(), Err(()));
    }

    #[test]
    fn every_sentence_names_the_platform_and_ends() {
        for problem in OauthProblem::ALL {
            for platform in Platform::ALL {
                let sentence = problem.sentence(platform);
                assert!(sentence.contains(platform.label()), "{sentence}");
                assert!(sentence.ends_with('.') && !sentence.contains('!'), "{sentence}");
            }
        }
    }
}
