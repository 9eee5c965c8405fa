//! `[mail]`: how letters leave. Without a mail server they are kept in a folder, to be read at `/dev/mailbox` while developing.

use std::path::PathBuf;

use lettre::{AsyncSmtpTransport, Tokio1Executor, message::Mailbox};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// `smtps://user:password@host` (TLS from the start) or `smtp://user:password@host:587?tls=required` (STARTTLS).
    pub smtp_url: Option<SecretString>,
    /// Whom letters come from: `hello@arctiv.example`, or with a name other than Arctiv, `Northwind <hello@arctiv.example>`.
    pub from: String,
    /// Where letters are kept without a mail server; `<data_dir>/mailbox` when left out.
    pub folder: Option<PathBuf>,
    /// Pauses between the three attempts, seconds.
    pub pauses_seconds: Vec<u64>,
    /// How long the mail server may take, seconds.
    pub timeout_seconds: u64,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            smtp_url: None,
            from: "arctiv@localhost".to_owned(),
            folder: None,
            pauses_seconds: vec![60, 300],
            timeout_seconds: 20,
        }
    }
}

impl Section for MailSettings {
    const NAME: &'static str = "mail";
    fn validate(&self, faults: &mut Faults) {
        if self.from.parse::<Mailbox>().is_err() {
            faults.add("mail.from", "must be an address, such as hello@arctiv.example");
        }
        // Its own words could hold the password.
        if self
            .smtp_url
            .as_ref()
            .is_some_and(|url| AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret()).is_err())
        {
            faults.add(
                "mail.smtp_url (SMTP_URL)",
                "must be smtps://user:password@host or smtp://user:password@host:587?tls=required",
            );
        }
        if self.pauses_seconds.len() + 1 != usize::from(domain::notifications::MAIL_ATTEMPTS) {
            faults.add("mail.pauses_seconds", "must be two pauses, for three attempts");
        }
        if self.pauses_seconds.iter().any(|pause| !(1..=86_400).contains(pause)) {
            faults.add("mail.pauses_seconds", "each must be between 1 and 86400");
        }
        if !(1..=120).contains(&self.timeout_seconds) {
            faults.add("mail.timeout_seconds", "must be between 1 and 120");
        }
    }
}
