//! Proof Key for Code Exchange (RFC 7636), method S256: who redeems a code must have started the authorization.

use std::fmt;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use secrecy::{ExposeSecret, SecretString};

/// The verifier to keep, sealed, from authorization to exchange.
#[derive(Clone)]
pub struct Pkce {
    verifier: SecretString,
}

impl Pkce {
    /// A new pair from the system's random source.
    pub fn generate() -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self { verifier: verifier.into_secret().into() }
    }

    /// The pair behind a kept verifier.
    pub const fn from_verifier(verifier: SecretString) -> Self {
        Self { verifier }
    }

    /// What to keep.
    pub const fn verifier(&self) -> &SecretString {
        &self.verifier
    }

    pub(crate) fn challenge(&self) -> PkceCodeChallenge {
        PkceCodeChallenge::from_code_verifier_sha256(&self.oauth2_verifier())
    }

    pub(crate) fn oauth2_verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.verifier.expose_secret().to_owned())
    }
}

impl fmt::Debug for Pkce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkce([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_rfcs() {
        // RFC 7636, appendix B.
        let pkce = Pkce::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(pkce.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn pairs_differ_and_stay_hidden() {
        let (one, two) = (Pkce::generate(), Pkce::generate());
        assert_ne!(one.verifier().expose_secret(), two.verifier().expose_secret());
        assert!((43..=128).contains(&one.verifier().expose_secret().len()));
        assert!(!format!("{one:?}").contains(one.verifier().expose_secret()));
    }
}
