//! The SQL of deliveries, by what it serves.
//!
//! | module | serves |
//! |---|---|
//! | `lists` | people and programs that read |
//! | `changes` | people and programs that start over, cancel, mark |
//! | `of_posts` | other features, about the deliveries of a post |
//! | `selecting` | the selector |
//! | `overdue` | the worker, when it starts after an outage |
//! | `claiming` | the worker, looking for something to do |
//! | `under_way` | the worker, at it |
//! | `outcomes` | the worker, when it is done |
//! | `comments` | what follows a post that is out |

mod changes;
mod claiming;
mod comments;
mod lists;
mod of_posts;
mod outcomes;
mod overdue;
mod selecting;
mod under_way;

pub use changes::*;
pub use claiming::*;
pub use comments::*;
pub use lists::*;
pub use of_posts::*;
pub use outcomes::*;
pub use overdue::*;
pub use selecting::*;
pub use under_way::*;
