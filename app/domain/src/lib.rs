//! What Arctiv knows without touching anything: ids, states, rules, limits, request and response types, and for each
//! feature the *port* (`<feature>/port.rs`), the trait that lists what can be done, actor first.
//!
//! No I/O, no clock, no randomness: the same code runs in the browser (live limits, previews, validation) and in the
//! server (which refuses what the browser should never have sent). The ports are the product's table of contents:
//! server functions, REST handlers, jobs and test fakes all go through them.

pub mod accounts;
pub mod actor;
pub mod audit;
pub mod clock;
pub mod deliveries;
pub mod error;
pub mod events;
pub mod identity;
pub mod ids;
pub mod media;
pub mod notifications;
pub mod page;
pub mod platform;
pub mod posts;
pub mod text;
pub mod workspaces;

pub use actor::{Actor, Browser, CookieToken, Peer, RequestId, Via, Visitor};
pub use error::{ErrorCode, Fault, FieldErrors, ServiceError, ServiceResult};
pub use ids::*;
pub use page::{Page, PageRequest};
pub use platform::Platform;
