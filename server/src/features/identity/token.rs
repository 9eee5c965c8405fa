//! The session cookie's value: an HS256 JWT `{sub, role, jti, iat, exp}` that lives for the inactivity limit and is
//! issued anew while the person works. The session itself is found by SHA-256 of `jti`.

use chrono::{DateTime, Utc};
use domain::{
    ServiceError, ServiceResult, UserId,
    identity::{INACTIVITY, SessionToken},
    workspaces::WorkspaceKind,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the cookie says.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claims {
    pub sub: UserId,
    pub role: WorkspaceKind,
    /// 256 random bits, hex: the session's secret name.
    pub jti: String,
    pub iat: i64,
    pub exp: i64,
}

impl Claims {
    pub fn new(user: UserId, role: WorkspaceKind, now: DateTime<Utc>) -> Self {
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self { sub: user, role, jti: hex::encode(bytes), iat: now.timestamp(), exp: (now + INACTIVITY).timestamp() }
    }

    /// The same session, from `now` on.
    #[must_use]
    pub fn renewed(self, now: DateTime<Utc>) -> Self {
        Self { iat: now.timestamp(), exp: (now + INACTIVITY).timestamp(), ..self }
    }

    /// What the `sessions` table is asked for.
    pub fn token_hash(&self) -> [u8; 32] {
        Sha256::digest(self.jti.as_bytes()).into()
    }
}

/// Signs and reads cookies.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    pub fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    pub fn sign(&self, claims: &Claims) -> ServiceResult<SessionToken> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map(SessionToken)
            .map_err(ServiceError::internal)
    }

    /// The claims of an unexpired cookie of ours; `None` for anything else. Time is `now`, not the library's.
    pub fn read(&self, token: &SessionToken, now: DateTime<Utc>) -> Option<Claims> {
        if token.0.len() > 1024 {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(&token.0, &self.decoding, &validation).ok()?.claims;
        let fresh = claims.exp > now.timestamp() && claims.iat <= now.timestamp() + 60;
        (fresh && claims.jti.len() == 64).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn tokens() -> Tokens {
        Tokens::new(&SecretString::from("0123456789abcdef0123456789abcdef"))
    }

    #[test]
    fn lives_for_thirty_minutes() {
        let claims = Claims::new(UserId(uuid::Uuid::nil()), WorkspaceKind::Client, now());
        let token = tokens().sign(&claims).unwrap();
        assert!(tokens().read(&token, now()).is_some());
        assert!(tokens().read(&token, now() + INACTIVITY - chrono::Duration::seconds(1)).is_some());
        assert!(tokens().read(&token, now() + INACTIVITY).is_none());
    }

    #[test]
    fn another_key_or_algorithm_is_refused() {
        let claims = Claims::new(UserId(uuid::Uuid::nil()), WorkspaceKind::Client, now());
        let other = Tokens::new(&SecretString::from("ffffffffffffffffffffffffffffffff"));
        assert!(tokens().read(&other.sign(&claims).unwrap(), now()).is_none());
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let token = tokens().sign(&claims).unwrap().0;
        let body = token.split('.').nth(1).unwrap();
        assert!(tokens().read(&SessionToken(format!("{none}.{body}.")), now()).is_none());
    }

    proptest! {
        #[test]
        fn garbage_never_panics_nor_passes(text in "\\PC{0,300}") {
            prop_assert!(tokens().read(&SessionToken(text), now()).is_none());
        }

        #[test]
        fn a_changed_character_is_refused(at in 0usize..200, with in "[A-Za-z0-9]") {
            let claims = Claims::new(UserId(uuid::Uuid::nil()), WorkspaceKind::Client, now());
            let token = tokens().sign(&claims).unwrap().0;
            let at = at % (token.len() - 1);
            let mut changed = token.clone();
            changed.replace_range(at..=at, &with);
            prop_assume!(changed != token);
            prop_assert!(tokens().read(&SessionToken(changed), now()).is_none());
        }
    }
}
