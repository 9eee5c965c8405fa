//! Passkeys: keys that a browser, a phone or a security key holds, and that open an account without its password.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check_present;
use crate::{actor::CookieToken, error::FieldErrors, ids::PasskeyId};

/// How many somebody may have.
pub const MAX_PASSKEYS: usize = 20;
/// Characters of a passkey's name.
pub const MAX_PASSKEY_NAME: usize = 60;

pub const PASSKEY_NAME_REQUIRED: &str = "Please give the passkey a name";
pub const PASSKEY_REFUSED: &str = "This passkey does not open an account here.";
pub const PASSKEY_ENDED: &str = "That took too long, or was begun elsewhere. Please try again.";
pub const PASSKEY_TAKEN: &str = "This passkey has been added already.";
pub const TOO_MANY_PASSKEYS: &str = "You have 20 passkeys. Remove one that you do not use any more.";
/// Where the site is reached by an address of numbers, or over plain HTTP: browsers make no passkeys for those.
pub const NO_PASSKEYS: &str = "Passkeys need a site with a name and HTTPS, which this one is not set up with.";

/// A passkey, to its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a browser is asked for: `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyOptions {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub options: Value,
}

/// The same for a sign-in, with the cookie that it is bound to.
#[derive(Clone, Debug)]
pub struct PasskeyChallenge {
    /// A new one; none where the browser has one already, for its second step.
    pub token: Option<CookieToken>,
    pub options: PasskeyOptions,
}

/// What the passkey is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PasskeyStep {
    /// In place of address and password.
    #[default]
    First,
    /// After them.
    Second,
}

/// Begins a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct BeginPasskey {
    pub step: PasskeyStep,
}

/// A browser's answer to a sign-in: `AuthenticationResponseJSON`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PasskeyAnswer {
    pub step: PasskeyStep,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: Value,
}

/// A browser's answer to a registration: `RegistrationResponseJSON`, and what its owner calls it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewPasskey {
    /// 1 to 60 characters.
    #[garde(custom(check_name))]
    pub name: String,
    #[garde(skip)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: Value,
}

/// What is checked before a browser is asked: the name, and the password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(default)]
pub struct PasskeyForm {
    #[garde(custom(check_name))]
    pub name: String,
    #[garde(custom(check_present))]
    pub current_password: String,
}

impl std::fmt::Debug for PasskeyForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyForm").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Another name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct RenamePasskey {
    /// 1 to 60 characters.
    #[garde(custom(check_name))]
    pub name: String,
}

macro_rules! forms {
    ($($form:ident),+) => {$(
        impl $form {
            /// What is wrong, field by field; empty when all is well.
            pub fn check(&self) -> FieldErrors {
                self.validate().err().map(FieldErrors::from).unwrap_or_default()
            }
        }
    )+};
}
forms!(NewPasskey, PasskeyForm, RenamePasskey);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
fn check_name(value: &str, _: &()) -> garde::Result {
    let value = value.trim();
    if value.is_empty() {
        Err(garde::Error::new(PASSKEY_NAME_REQUIRED))
    } else if value.chars().count() > MAX_PASSKEY_NAME {
        Err(garde::Error::new("The name must be at most 60 characters"))
    } else if value.chars().any(char::is_control) {
        Err(garde::Error::new("The name must not contain control characters"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_limits() {
        let name = |name: &str| RenamePasskey { name: name.into() }.check().get("name").map(str::to_owned);
        assert_eq!(name(" Phone "), None);
        assert_eq!(name("  ").as_deref(), Some(PASSKEY_NAME_REQUIRED));
        assert!(name(&"ä".repeat(60)).is_none() && name(&"ä".repeat(61)).is_some() && name("a\u{7}b").is_some());
    }
}
