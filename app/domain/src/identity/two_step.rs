//! Two-step sign-in: after the password, a code of an authenticator app, or a recovery code for whoever has lost it.

use chrono::{DateTime, Duration, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::check_present;
use crate::error::FieldErrors;

/// How long a sign-in waits for its second step.
pub const PENDING_LIFE: Duration = Duration::minutes(10);
/// How long a secret that was shown waits for its first code.
pub const SETUP_LIFE: Duration = Duration::minutes(15);
/// Recovery codes that are made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code, without its dashes: 80 bits.
const RECOVERY_LENGTH: usize = 16;
/// Those without the ones that look alike.
pub const RECOVERY_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Nobody types more than this.
const MAX_CODE: usize = 64;

pub const CODE_REQUIRED: &str = "Please enter a code";
pub const CODE_WRONG: &str = "This code is not right. Codes of the app change every 30 seconds, and each works once";
pub const SIGN_IN_AGAIN: &str = "Your sign-in took too long. Please start again with your password.";
pub const TWO_STEP_ON: &str = "Two-step sign-in is switched on already.";
pub const TWO_STEP_OFF: &str = "Two-step sign-in is not switched on.";
pub const SETUP_ENDED: &str = "The key that was shown is not valid any more. Please start again.";
/// For an invitation, whose page asks for a password and no code.
pub const JOIN_SIGNED_IN: &str = "Your account has two-step sign-in. Sign in first, then open the invitation again.";

/// With what a sign-in can be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepMethod {
    /// Six digits of an authenticator app.
    Totp,
    RecoveryCode,
    Passkey,
}

/// What a sign-in waits for, after the right password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiting {
    pub methods: Vec<StepMethod>,
    pub expires_at: DateTime<Utc>,
}

/// The second step.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct SecondStep {
    /// Six digits of the app, or a recovery code.
    #[garde(custom(check_code))]
    pub code: String,
}

/// The first code of an app that was just set up.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ConfirmTotp {
    /// Six digits.
    #[garde(custom(check_code))]
    pub code: String,
}

/// The present password, for a change that asks for nothing else.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct ProvePassword {
    #[garde(custom(check_present))]
    pub current_password: String,
}

macro_rules! forms {
    ($($form:ident),+) => {$(
        impl $form {
            /// What is wrong, field by field; empty when all is well.
            pub fn check(&self) -> FieldErrors {
                self.validate().err().map(FieldErrors::from).unwrap_or_default()
            }
        }
        // They hold secrets.
        impl std::fmt::Debug for $form {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($form)).finish_non_exhaustive()
            }
        }
    )+};
}
forms!(SecondStep, ConfirmTotp, ProvePassword);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands the context by reference")]
fn check_code(value: &str, _: &()) -> garde::Result {
    match value.trim().chars().count() {
        0 => Err(garde::Error::new(CODE_REQUIRED)),
        n if n > MAX_CODE => Err(garde::Error::new(CODE_WRONG)),
        _ => Ok(()),
    }
}

/// How two-step sign-in stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TwoStep {
    /// Since when it is switched on; `null` when it is not.
    pub enabled_at: Option<DateTime<Utc>>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u32,
}

/// What an authenticator app is given. Shown until the first code of the app, then never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpSetup {
    /// The key in Base32, for typing.
    pub secret: String,
    /// `otpauth://…`, what the picture says.
    pub uri: String,
    /// The same as a QR code: an SVG document.
    pub qr_svg: String,
    /// Until when a code must confirm it.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpSetup").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Recovery codes, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Each works once, in place of a code of the app.
    pub codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodes({})", self.codes.len())
    }
}

/// What somebody typed as their second step.
#[derive(Clone, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    Totp(String),
    /// As it was made, without dashes.
    Recovery(String),
    /// Neither.
    Nonsense,
}

/// Tells a code of the app from a recovery code. Spaces, dashes, capitals and letters that look like digits are forgiven.
pub fn read_code(text: &str) -> Typed {
    let plain: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_ascii_lowercase();
    if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Typed::Totp(plain);
    }
    let code: String = plain
        .chars()
        .map(|c| match c {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect();
    if code.len() == RECOVERY_LENGTH && code.bytes().all(|byte| RECOVERY_ALPHABET.contains(&byte)) {
        Typed::Recovery(code)
    } else {
        Typed::Nonsense
    }
}

/// A recovery code from 16 random bytes, in groups of four.
pub fn recovery_code(random: [u8; RECOVERY_LENGTH]) -> String {
    let mut code = String::with_capacity(RECOVERY_LENGTH + 3);
    for (n, byte) in random.into_iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(RECOVERY_ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0')));
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_told_apart() {
        assert!(read_code(" 123 456 ") == Typed::Totp("123456".into()));
        assert!(read_code("0O1l-IABC-DEFG-HJKM") == Typed::Recovery("00111abcdefghjkm".into()));
        for nonsense in ["", "12345", "1234567", "uuuu-uuuu-uuuu-uuuu", "１２３４５６"] {
            assert!(read_code(nonsense) == Typed::Nonsense, "{nonsense}");
        }
        assert!(SecondStep { code: "  ".into() }.check().get("code").is_some());
        assert!(SecondStep { code: "1".repeat(65) }.check().get("code").is_some());
    }

    #[test]
    fn debug_shows_no_secret() {
        let codes = RecoveryCodes { codes: vec!["hunter22".into()] };
        let shown = format!("{codes:?}{:?}", SecondStep { code: "hunter22".into() });
        assert!(!shown.contains("hunter22"));
    }

    proptest! {
        #[test]
        fn a_recovery_code_is_read_as_it_was_made(random in any::<[u8; 16]>(), loud in any::<bool>()) {
            let code = recovery_code(random);
            prop_assert_eq!(code.len(), 19);
            let typed = if loud { code.to_ascii_uppercase() } else { code.replace('-', " ") };
            prop_assert!(read_code(&typed) == Typed::Recovery(code.replace('-', "")));
        }

        #[test]
        fn whatever_is_typed_never_panics(text in "\\PC{0,80}") {
            let _typed = read_code(&text);
        }
    }
}
