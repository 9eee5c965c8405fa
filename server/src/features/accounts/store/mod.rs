//! The SQL of accounts. What the web asks runs in a tenant's transaction under its role; what is sealed can be read under
//! the worker's alone.
//!
//! | file | serves |
//! |---|---|
//! | `lists` | what people see of accounts |
//! | `connecting` | an authorization's state, and the account it brings |
//! | `creators` | what creators may choose for a post |
//! | `quotas` | how much accounts may still publish |
//! | `tokens` | what is sealed, and the lease on it |
//! | `standing` | what becomes of an account by itself |
//! | `log` | the connection log |
//! | `removal` | what platforms say of their own accord |
//! | `sealing` | another key |

mod connecting;
mod creators;
mod lists;
mod log;
mod quotas;
mod removal;
mod sealing;
mod standing;
mod tokens;

pub(super) use connecting::*;
pub(super) use creators::*;
pub(super) use lists::*;
pub(super) use log::*;
pub(super) use quotas::*;
pub(super) use removal::*;
pub(super) use sealing::*;
pub(super) use standing::*;
pub(super) use tokens::*;
