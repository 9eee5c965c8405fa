//! Who you are: registration, sign-in, the session and what is known of the person behind it.
//!
//! The sentences are seed K's, word for word.

use chrono::Duration;
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::{
    error::FieldErrors,
    ids::UserId,
    text,
    workspaces::{Role, Workspace, WorkspaceKind},
};

mod credentials;
mod own_data;
mod passkeys;
mod port;
mod profile;
mod providers;
mod routes;
mod sessions;
mod two_step;
pub use credentials::{
    ALREADY_CONFIRMED, CONFIRM_BANNER, CONFIRM_SENT, CONFIRMATION_LIFE, ChangeEmail, ChangePassword, ConfirmEmail,
    Confirmation, Confirmed, EmailChange, FORGOT_SENT, ForgotPassword, LinkState, MAX_RESENDS, PASSWORD_WRONG,
    RESEND_WINDOW, RESET_LIFE, Resends, ResetPassword, TOO_MANY_RESENDS, confirmation_words, reset_words,
};
pub use own_data::{
    DataExport, DeleteAccount, Departure, EXPORT_LIFE, EXPORT_WINDOW, Leaving, MAX_EXPORTS, TOO_MANY_EXPORTS,
    sole_admin,
};
pub use passkeys::{
    BeginPasskey, MAX_PASSKEY_NAME, MAX_PASSKEYS, NO_PASSKEYS, NewPasskey, PASSKEY_ENDED, PASSKEY_NAME_REQUIRED,
    PASSKEY_REFUSED, PASSKEY_TAKEN, Passkey, PasskeyAnswer, PasskeyChallenge, PasskeyForm, PasskeyOptions, PasskeyStep,
    RenamePasskey, TOO_MANY_PASSKEYS,
};
pub use port::{
    Authenticated, Credentials, Identity, LoginStep, OwnData, Passkeys, PendingSignIn, Profiles, SessionToken,
    Sessions, SignedIn, TwoSteps,
};
pub use profile::{
    MAX_AVAILABILITY, MAX_BIO, MAX_HEADLINE, MAX_SPECIALTIES, MAX_SPECIALTY, MAX_TEAM_SIZE, OwnProfile, ProfilePatch,
    presents_itself, split_specialties,
};
pub use providers::{
    BrowserToken, PROVIDER_LIFE, ProviderCallback, ProviderEntry, ProviderProblem, ProviderStart, Providers,
};
pub use routes::{Gate, gate, safe_next};
pub use sessions::{EndedSessions, SessionInfo, device_words, too_many_guesses, wait_words};
pub use two_step::{
    CODE_REQUIRED, CODE_WRONG, ConfirmTotp, JOIN_SIGNED_IN, PENDING_LIFE, ProvePassword, RECOVERY_CODES, RecoveryCodes,
    SETUP_ENDED, SETUP_LIFE, SIGN_IN_AGAIN, SecondStep, StepMethod, TWO_STEP_OFF, TWO_STEP_ON, TotpSetup, TwoStep,
    Typed, Waiting, read_code, recovery_code,
};

/// A session ends after this much inactivity: the life of one signed cookie.
pub const INACTIVITY: Duration = Duration::minutes(30);
/// A session ends after this much time, whatever happens.
pub const ABSOLUTE: Duration = Duration::days(7);
/// The cookie is signed anew when it is older than this, not on every request.
pub const REISSUE_AFTER: Duration = Duration::minutes(5);

pub const MIN_PASSWORD: usize = 8;
/// Longer passwords only cost hashing time; argon2 itself would take 4 GiB.
pub const MAX_PASSWORD: usize = 256;
pub const MAX_NAME: usize = 100;
pub const MAX_AGENCY_NAME: usize = 255;

pub const EMAIL_INVALID: &str = "Please enter a valid email address";
pub const EMAIL_TAKEN: &str = "This email is already in use. Try logging in instead.";
pub const PASSWORD_SHORT: &str = "Password must be at least 8 characters";
pub const PASSWORD_LONG: &str = "Password must be at most 256 characters";
pub const NAME_REQUIRED: &str = "Full name is required";
pub const AGENCY_NAME_REQUIRED: &str = "Agency name is required";
/// One message for an unknown email, a wrong password and a disabled account.
pub const LOGIN_REFUSED: &str = "Email or password is incorrect.";

/// For somebody whose last workspace has removed them.
pub const NO_WORKSPACE: &str = "You do not belong to a workspace any more. Ask for an invitation to come back.";

/// A new user and their first workspace.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Register {
    /// RFC 5322, at most 254 characters.
    #[garde(custom(check_email))]
    pub email: String,
    /// 8 to 256 characters.
    #[garde(custom(check_password))]
    pub password: String,
    /// `client`, `manager` or `agency`.
    #[garde(custom(check_kind))]
    pub role: String,
    /// 1 to 100 characters.
    #[garde(custom(check_full_name))]
    pub full_name: String,
    /// Required for an agency, at most 255 characters; ignored otherwise.
    #[garde(custom(check_agency_name(&self.role)))]
    pub agency_name: Option<String>,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Register").field("role", &self.role).finish_non_exhaustive()
    }
}

impl Register {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        self.validate().err().map(FieldErrors::from).unwrap_or_default()
    }

    /// The kind, once [`check`](Self::check) has passed.
    pub fn kind(&self) -> Option<WorkspaceKind> {
        self.role.parse().ok()
    }

    /// What the first workspace is called.
    pub fn workspace_name(&self) -> String {
        let agency = self.agency_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        match (self.kind(), agency) {
            (Some(WorkspaceKind::Agency), Some(name)) => name.to_owned(),
            _ => self.full_name.trim().to_owned(),
        }
    }
}

/// Email and password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Login {
    #[garde(custom(check_email))]
    pub email: String,
    #[garde(custom(check_present))]
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// What is wrong, field by field; empty when all is well.
    pub fn check(&self) -> FieldErrors {
        self.validate().err().map(FieldErrors::from).unwrap_or_default()
    }
}

/// The one form in which emails are stored and compared: trimmed, lower case.
pub fn normalize_email(email: &str) -> String {
    email.trim().to_lowercase()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
pub(crate) fn check_email(value: &str, _: &()) -> garde::Result {
    let value = value.trim();
    let sound = value.len() <= 254
        && !text::has_control_chars(value)
        && email_address::EmailAddress::parse_with_options(
            value,
            email_address::Options::default().with_required_tld().without_display_text().without_domain_literal(),
        )
        .is_ok();
    if sound { Ok(()) } else { Err(garde::Error::new(EMAIL_INVALID)) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
pub(crate) fn check_password(value: &str, _: &()) -> garde::Result {
    match value.chars().count() {
        n if n < MIN_PASSWORD => Err(garde::Error::new(PASSWORD_SHORT)),
        n if n > MAX_PASSWORD => Err(garde::Error::new(PASSWORD_LONG)),
        _ => Ok(()),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
pub(crate) fn check_present(value: &str, _: &()) -> garde::Result {
    match value.chars().count() {
        0 => Err(garde::Error::new("Please enter your password")),
        n if n > MAX_PASSWORD => Err(garde::Error::new(PASSWORD_LONG)),
        _ => Ok(()),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
fn check_kind(value: &str, _: &()) -> garde::Result {
    value
        .parse::<WorkspaceKind>()
        .map(drop)
        .map_err(|()| garde::Error::new("Choose how you work: client, manager or agency"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
pub(crate) fn check_full_name(value: &str, _: &()) -> garde::Result {
    let value = value.trim();
    if value.is_empty() {
        Err(garde::Error::new(NAME_REQUIRED))
    } else if value.chars().count() > MAX_NAME {
        Err(garde::Error::new("Full name must be at most 100 characters"))
    } else if value.chars().any(char::is_control) {
        Err(garde::Error::new("Full name must not contain control characters"))
    } else {
        Ok(())
    }
}

fn check_agency_name(role: &str) -> impl FnOnce(&Option<String>, &()) -> garde::Result + '_ {
    move |value, &()| {
        if role != WorkspaceKind::Agency.as_str() {
            return Ok(());
        }
        let value = value.as_deref().map(str::trim).unwrap_or_default();
        if value.is_empty() {
            Err(garde::Error::new(AGENCY_NAME_REQUIRED))
        } else if value.chars().count() > MAX_AGENCY_NAME {
            Err(garde::Error::new("Agency name must be at most 255 characters"))
        } else if value.chars().any(char::is_control) {
            Err(garde::Error::new("Agency name must not contain control characters"))
        } else {
            Ok(())
        }
    }
}

/// A person, to themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub full_name: String,
    /// Chosen at registration; the kind of the first workspace.
    pub role: WorkspaceKind,
    pub email_confirmed: bool,
}

/// What people show of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    pub headline: Option<String>,
    pub bio: Option<String>,
    pub specialties: Vec<String>,
    pub availability: Option<String>,
    pub agency_name: Option<String>,
    pub team_size: Option<i32>,
    /// Whether they are found in the directory of managers and agencies.
    pub listed: bool,
    /// Signed, good for about an hour; `null` without a picture.
    pub avatar_url: Option<String>,
}

/// The answer to "who am I".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    pub user: User,
    pub profile: Profile,
    pub workspace: Workspace,
    pub role: Role,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn register() -> Register {
        Register {
            email: "niamh@northwind.example".into(),
            password: "correct horse".into(),
            role: "client".into(),
            full_name: "Niamh Doyle".into(),
            agency_name: None,
        }
    }

    #[test]
    fn a_sound_form_passes() {
        assert!(register().check().is_empty());
    }

    #[rstest]
    #[case("")]
    #[case("plain")]
    #[case("a@b")]
    #[case("a b@c.example")]
    #[case("Niamh <n@c.example>")]
    #[case("a@c.example\n")]
    #[case("a\u{7}@c.example")]
    fn emails_that_are_none(#[case] email: &str) {
        let form = Register { email: email.into(), ..register() };
        let ok_when_trimmed = email.trim() == "a@c.example";
        assert_eq!(form.check().get("email").is_none(), ok_when_trimmed, "{email:?}");
    }

    #[test]
    fn copy_is_the_seeds() {
        let form = Register { password: "1234567".into(), role: "agency".into(), full_name: " ".into(), ..register() };
        let errors = form.check();
        assert_eq!(errors.get("password"), Some("Password must be at least 8 characters"));
        assert_eq!(errors.get("agency_name"), Some("Agency name is required"));
        assert_eq!(errors.get("full_name"), Some(NAME_REQUIRED));
    }

    #[test]
    fn passwords_count_characters_not_bytes() {
        assert!(Register { password: "ääääääää".into(), ..register() }.check().is_empty());
        assert!(Register { password: "ä".repeat(257), ..register() }.check().get("password").is_some());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}{:?}", register(), Login { email: "e".into(), password: "hunter22".into() });
        assert!(!shown.contains("correct horse") && !shown.contains("hunter22"));
    }
}
