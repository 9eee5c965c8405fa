//! What several features use: the product's states in the design system's words, and addresses with filters in them.

pub mod query;
pub mod words;
