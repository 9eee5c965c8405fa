//! Who you are: registration, sign-in, sign-out; `links`, the pages that letters lead to; `security`, one's password and
//! address.
//!
//! The forms are plain HTML forms that post to their own address: without JavaScript the server answers, with a redirect
//! or with the same page and what is wrong. With JavaScript [`components::EntryForm`] takes over: fields are checked as
//! they are left, with the same rules, and a lost network loses nothing that was typed.

pub mod components;
mod devices;
pub mod invite;
pub mod links;
pub mod own_data;
pub mod pages;
mod passkeys;
pub mod profile;
pub mod security;
pub mod server_fns;
pub mod two_step;
pub mod verify;
mod webauthn;
