//! Bringing the program up and down.
//!
//! | file | holds |
//! |---|---|
//! | [`assemble`] | the services, made from settings and a database: one place, for the program and for tests |
//! | [`router`] | the whole HTTP surface, and its OpenAPI document |
//! | [`run`] | the commands that serve and work, and how they end |
//! | [`postgres`] | the embedded database |
//! | [`backup`] | the whole in a folder, and back |
//! | [`demo`], [`doctor`] | a filled workspace to try; what is wrong with a machine |
//! | [`telemetry`] | logs, metrics and traces |

pub mod assemble;
pub mod backup;
pub mod demo;
pub mod doctor;
pub mod postgres;
pub mod router;
pub mod run;
pub mod telemetry;
