//! The server of Arctiv: it owns the database, the OAuth callbacks and the background jobs, and serves the `app`.
//!
//! | module | holds |
//! |---|---|
//! | [`boot`] | state, router, telemetry, shutdown, the embedded PostgreSQL |
//! | [`config`] | settings, one file per section |
//! | [`http`] | middleware, envelope, REST routers, OAuth callback, live events, uploads |
//! | [`features`] | one folder per noun: service, policy, store, REST, jobs |
//! | [`gather`] | what several tasks ask of the database at the same moment, asked once |
//! | [`limits`] | how often anybody may ask, exact across processes |
//! | [`jobs`] | the job library's registry and schedules, one list |
//! | [`database`] | pools, roles, tenant transactions |
//! | [`one_time`] | links for one use |
//! | [`cursor`] | places in lists that are newest first |
//! | [`search`] | what people search for, as a pattern |

pub mod boot;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod database;
pub mod features;
pub mod gather;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod one_time;
pub mod search;
