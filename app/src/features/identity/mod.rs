//! Who you are: registration, sign-in, sign-out.
//!
//! The forms are plain HTML forms that post to their own address: without JavaScript the server answers, with a redirect
//! or with the same page and what is wrong. With JavaScript [`components::EntryForm`] takes over: fields are checked as
//! they are left, with the same rules, and a lost network loses nothing that was typed.

pub mod components;
pub mod pages;
pub mod server_fns;
