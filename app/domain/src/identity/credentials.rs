//! What proves who somebody is: a confirmed email address and a password, and the links by which both are replaced.
//!
//! The sentences about confirming are seed K's, word for word.

use chrono::{DateTime, Duration, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::{check_email, check_password, check_present};
use crate::error::FieldErrors;

/// A confirmation link works this long.
pub const CONFIRMATION_LIFE: Duration = Duration::hours(24);
/// A link for a forgotten password works this long.
pub const RESET_LIFE: Duration = Duration::hours(1);
/// How many confirmation mails somebody may ask for again within [`RESEND_WINDOW`].
pub const MAX_RESENDS: u32 = 3;
pub const RESEND_WINDOW: Duration = Duration::hours(1);

/// Above every page until the address is confirmed.
pub const CONFIRM_BANNER: &str = "Please confirm your email to activate all features";
/// Right after a confirmation mail was sent.
pub const CONFIRM_SENT: &str = "Verification email sent. Check spam folder.";
/// After three resends within an hour; a countdown says what is left of the hour.
pub const TOO_MANY_RESENDS: &str = "Too many attempts. Please try again in 1 hour";
pub const ALREADY_CONFIRMED: &str = "Your email is confirmed already.";
/// The one answer to a forgotten password, whether the address is known or not.
pub const FORGOT_SENT: &str =
    "If an account belongs to this address, a link to choose a new password is on its way. It works for 1 hour.";
/// A wrong present password, where a change asks for it.
pub const PASSWORD_WRONG: &str = "This is not your present password";

/// How a single-use link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    Open,
    Expired,
    Used,
    Revoked,
    /// Never was a link of ours.
    Unknown,
}

impl LinkState {
    pub const ALL: [Self; 5] = [Self::Open, Self::Expired, Self::Used, Self::Revoked, Self::Unknown];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for LinkState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// Why a confirmation link does not work; empty for an open one.
pub const fn confirmation_words(state: LinkState) -> &'static str {
    match state {
        LinkState::Open => "",
        LinkState::Expired => "This link has expired. Request a new confirmation email",
        LinkState::Used => "This link has already been used. Request a new confirmation email",
        LinkState::Revoked => "This link has been replaced by a newer one. Request a new confirmation email",
        LinkState::Unknown => "This link is not complete. Open it from the email once more",
    }
}

/// Why a link for a new password does not work; empty for an open one.
pub const fn reset_words(state: LinkState) -> &'static str {
    match state {
        LinkState::Open => "",
        LinkState::Expired => "This link has expired. Request a new one to choose a password",
        LinkState::Used => "This link has already been used. Request a new one to choose a password",
        LinkState::Revoked => {
            "This link has been replaced by a newer one. Open the latest email, or request a new link"
        }
        LinkState::Unknown => "This link is not complete. Open it from the email once more, or request a new one",
    }
}

/// What is left of the confirmation mails somebody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resends {
    /// 0 to 3.
    pub left: u32,
    /// From when on another one may be asked for, when none is left now.
    pub next_at: Option<DateTime<Utc>>,
}

impl Resends {
    /// From the number of resends within the window, and when the first of those was.
    pub fn of(sent: u32, first: Option<DateTime<Utc>>) -> Self {
        let left = MAX_RESENDS.saturating_sub(sent);
        Self { left, next_at: first.filter(|_| left == 0).map(|first| first + RESEND_WINDOW) }
    }

    /// Seconds from `now` until another one may be asked for, at least one.
    pub fn wait(&self, now: DateTime<Utc>) -> Option<u32> {
        let seconds = (self.next_at? - now + Duration::milliseconds(999)).num_seconds().max(1);
        u32::try_from(seconds).ok()
    }
}

/// What the page of a confirmation link shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub state: LinkState,
    /// The address it is about; none for an unknown link.
    pub email: Option<String>,
    /// Whether a new mail can be asked for here, and how many; none where the address is confirmed already.
    pub resends: Option<Resends>,
}

/// What a confirmation link did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirmed {
    /// The address that is confirmed now.
    pub email: String,
}

/// The token of a confirmation link.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ConfirmEmail {
    /// From the link in the mail.
    pub token: String,
}

/// Whose password is forgotten.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ForgotPassword {
    #[garde(custom(check_email))]
    pub email: String,
}

/// A new password in place of a forgotten one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ResetPassword {
    /// From the link in the mail.
    #[garde(skip)]
    pub token: String,
    /// 8 to 256 characters.
    #[garde(custom(check_password))]
    pub password: String,
}

/// A new password for who knows the present one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ChangePassword {
    #[garde(custom(check_present))]
    pub current_password: String,
    /// 8 to 256 characters.
    #[garde(custom(check_password))]
    pub new_password: String,
}

/// A new address, by who knows the password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ChangeEmail {
    /// RFC 5322, at most 254 characters.
    #[garde(custom(check_email))]
    pub email: String,
    #[garde(custom(check_present))]
    pub current_password: String,
}

/// A change of address that waits for its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChange {
    /// Where the link was sent.
    pub email: String,
    pub expires_at: DateTime<Utc>,
}

macro_rules! forms {
    ($($form:ident),+) => {$(
        impl $form {
            /// What is wrong, field by field; empty when all is well.
            pub fn check(&self) -> FieldErrors {
                self.validate().err().map(FieldErrors::from).unwrap_or_default()
            }
        }
        // They hold passwords or tokens.
        impl std::fmt::Debug for $form {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($form)).finish_non_exhaustive()
            }
        }
    )+};
}

forms!(ForgotPassword, ResetPassword, ChangePassword, ChangeEmail);

impl std::fmt::Debug for ConfirmEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConfirmEmail(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn the_sentences_are_the_seeds() {
        assert_eq!(confirmation_words(LinkState::Expired), "This link has expired. Request a new confirmation email");
        assert_eq!(
            confirmation_words(LinkState::Used),
            "This link has already been used. Request a new confirmation email"
        );
        for state in LinkState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(confirmation_words(state).is_empty(), state == LinkState::Open);
            assert_eq!(reset_words(state).is_empty(), state == LinkState::Open);
        }
    }

    #[test]
    fn forms_name_their_fields_and_show_nothing() {
        let form = ChangePassword { current_password: String::new(), new_password: "short".into() };
        assert!(form.check().get("current_password").is_some() && form.check().get("new_password").is_some());
        assert!(ForgotPassword { email: "no".into() }.check().get("email").is_some());
        assert!(ResetPassword { token: "t".into(), password: "long enough".into() }.check().is_empty());
        assert!(!format!("{:?}", ResetPassword { token: "t0ken".into(), password: "hunter22".into() }).contains('0'));
    }

    proptest! {
        #[test]
        fn three_an_hour_and_never_a_wait_of_nothing(sent in 0u32..8, ago in 0i64..3600) {
            let first = now() - Duration::seconds(ago);
            let resends = Resends::of(sent, (sent > 0).then_some(first));
            prop_assert_eq!(resends.left, 3u32.saturating_sub(sent));
            prop_assert_eq!(resends.next_at.is_some(), sent >= 3);
            if let Some(wait) = resends.wait(now()) {
                prop_assert!((1..=3600).contains(&wait));
                prop_assert_eq!(i64::from(wait), 3600 - ago);
            }
        }
    }
}
