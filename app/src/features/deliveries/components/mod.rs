mod details;
mod list;
mod reasons;
mod trace;

pub use list::DeliveryList;
pub use reasons::Reasons;
