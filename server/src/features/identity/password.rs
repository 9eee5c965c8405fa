//! Passwords: argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), off the async threads, a few at a time.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use domain::{ServiceError, ServiceResult};
use tokio::sync::Semaphore;

/// Memory and time of one hash.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// KiB.
    pub memory: u32,
    pub passes: u32,
}

impl Default for PasswordCost {
    /// OWASP Password Storage Cheat Sheet, argon2id: m=19456, t=2, p=1.
    fn default() -> Self {
        Self { memory: 19_456, passes: 2 }
    }
}

impl PasswordCost {
    /// For tests, where a thousand sign-ins must not take minutes.
    pub const CHEAP: Self = Self { memory: 8, passes: 1 };
}

/// Hashes and checks.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    params: Params,
    /// Hashing is memory and CPU by design: more at once than cores only slows each.
    slots: Arc<Semaphore>,
    /// Checked for unknown emails, so that they take as long as known ones.
    decoy: Arc<str>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but made with weaker parameters: here is a new hash.
    RightButOld(String),
}

impl Passwords {
    pub fn new(cost: PasswordCost) -> ServiceResult<Self> {
        let params = Params::new(cost.memory, cost.passes, 1, None)
            .map_err(|error| ServiceError::internal(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let decoy = hash(&argon2, "a password nobody has")?;
        let slots = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Ok(Self { argon2, params, slots: Arc::new(Semaphore::new(slots)), decoy: decoy.into() })
    }

    /// A PHC string.
    pub async fn hash(&self, password: String) -> ServiceResult<String> {
        let argon2 = self.argon2.clone();
        self.run(move || hash(&argon2, &password)).await
    }

    /// Checks against `stored`, or against the decoy when there is none: the same work either way.
    pub async fn verify(&self, password: String, stored: Option<String>) -> ServiceResult<Verdict> {
        let (argon2, params, decoy) = (self.argon2.clone(), self.params.clone(), Arc::clone(&self.decoy));
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| decoy.to_string());
            let parsed = PasswordHash::new(&stored).map_err(|error| ServiceError::internal(error.to_string()))?;
            let right = argon2.verify_password(password.as_bytes(), &parsed).is_ok();
            if !(right && known) {
                return Ok(Verdict::Wrong);
            }
            let weaker = Params::try_from(&parsed).is_ok_and(|used| {
                used.m_cost() < params.m_cost() || (used.m_cost() == params.m_cost() && used.t_cost() < params.t_cost())
            });
            if weaker { hash(&argon2, &password).map(Verdict::RightButOld) } else { Ok(Verdict::Right) }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> ServiceResult<T> + Send + 'static,
    ) -> ServiceResult<T> {
        let _slot = self.slots.acquire().await.map_err(ServiceError::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(ServiceError::internal)?
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> ServiceResult<String> {
    argon2
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| ServiceError::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn right_wrong_and_unknown() {
        let passwords = Passwords::new(PasswordCost::CHEAP).unwrap();
        let stored = passwords.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap(), Verdict::Right);
        assert_eq!(passwords.verify("wrong".into(), Some(stored)).await.unwrap(), Verdict::Wrong);
        assert_eq!(passwords.verify("a password nobody has".into(), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test]
    async fn old_hashes_are_renewed() {
        let old = Passwords::new(PasswordCost::CHEAP).unwrap().hash("correct horse".into()).await.unwrap();
        let now = Passwords::new(PasswordCost { memory: 16, passes: 1 }).unwrap();
        let Verdict::RightButOld(new) = now.verify("correct horse".into(), Some(old)).await.unwrap() else {
            panic!("renewed")
        };
        assert_eq!(now.verify("correct horse".into(), Some(new)).await.unwrap(), Verdict::Right);
    }
}
