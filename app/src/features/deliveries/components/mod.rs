mod details;
mod list;

pub use list::DeliveryList;
