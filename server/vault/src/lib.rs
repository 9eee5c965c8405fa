#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod context;
mod envelope;
mod error;
mod key_ring;
mod vault;

pub use context::Context;
pub use envelope::{Algorithm, UnknownAlgorithm};
pub use error::{KeyRingError, VaultError};
pub use key_ring::{KeyId, KeyRing};
pub use vault::Vault;
