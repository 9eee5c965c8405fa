//! The record of who changed what.
//!
//! | file | holds |
//! |---|---|
//! | [`in_tx`] | what every feature asks inside its own transaction: [`in_tx::record`], one line |
//! | `service` | the port [`domain::audit::Audit`]: list, export, verify |
//! | `chain` | the hashes, made once more |
//! | [`command`] | `arctiv audit verify` |
//! | `policy` | who may look |
//! | `store` | the SQL |
//! | [`api`] | REST |
//!
//! An event is written by the transaction that makes the change, as its last statement before the commit
//! ([`Tx::commit`](crate::database::Tx::commit)). The database numbers it and hashes it together with the hash of the
//! event before; the head of the workspace's chain is locked from there to the commit and no longer, so the chain's
//! order is the order in which changes took effect, whoever waits for the lock holds it for one flush to disk, and
//! nobody who holds it waits for anything else.
//!
//! The program's roles can append and read. Nobody can change an event without the chain showing it: [`chain`] makes
//! every hash again, in other code than the database's, and holds the head against what is there, so that a missing end
//! is noticed as well as a missing middle.

pub mod api;
mod chain;
pub mod command;
mod csv;
pub mod in_tx;
mod policy;
mod service;
mod store;

#[cfg(test)]
mod tests;

pub use service::AuditService;
