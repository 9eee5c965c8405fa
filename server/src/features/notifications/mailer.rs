//! How a letter leaves: through a mail server or, without one, into a folder.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{ServiceError, ServiceResult};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::letters::Prepared;

/// Why a letter did not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Whether another try could end otherwise.
    pub again: bool,
    /// For the operator.
    pub reason: String,
}

/// Sends letters.
#[async_trait]
pub trait Mailer: Send + Sync {
    async fn send(&self, letter: &Prepared) -> Result<(), Undelivered>;
}

/// Through a mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    pub fn new(url: &SecretString, from: &str, timeout: Duration) -> ServiceResult<Self> {
        // The settings have been checked; the error's own words could hold the password.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_| ServiceError::internal("mail.smtp_url is not an address of a mail server"))?
            .timeout(Some(timeout))
            .build();
        let mut from: Mailbox = from.parse().map_err(ServiceError::internal)?;
        from.name.get_or_insert_with(|| "Arctiv".to_owned());
        Ok(Self { transport, from })
    }

    fn message(&self, letter: &Prepared) -> Result<Message, Undelivered> {
        let never = |error: &dyn fmt::Display| Undelivered { again: false, reason: error.to_string() };
        let to: Mailbox = letter.to.parse().map_err(|error| never(&error))?;
        let host = self.from.email.domain().to_owned();
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            // The same for every attempt, so that a mail server that has taken it already can tell.
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .date(letter.at.into())
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| never(&error))?;
        if let Some(url) = &letter.unsubscribe {
            for (name, value) in one_click(url) {
                message.headers_mut().insert_raw(value_of(name, value));
            }
        }
        Ok(message)
    }
}

/// What lets a mail program end such letters with one click, by RFC 8058: it posts that very body to that address, without a
/// cookie and without opening a page. Mail servers that sign letters (DKIM) have to sign both headers for it to be offered.
fn one_click(url: &str) -> [(&'static str, String); 2] {
    [("List-Unsubscribe", format!("<{url}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

/// Addresses are ASCII and must stand in one line, which the encoder would fold.
fn value_of(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, letter: &Prepared) -> Result<(), Undelivered> {
        let message = self.message(letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Undelivered { again: !error.is_permanent(), reason: error.to_string() }),
        }
    }
}

/// A letter in the folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub id: domain::MailId,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    #[serde(default)]
    pub unsubscribe: Option<String>,
    pub at: DateTime<Utc>,
}

/// Into a folder: one file a letter, named by time, so that the newest comes last.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The newest letters, newest first.
    pub async fn letters(&self, most: usize) -> ServiceResult<Vec<Kept>> {
        let mut names = Vec::new();
        let mut folder = match tokio::fs::read_dir(&self.0).await {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(ServiceError::internal(error)),
        };
        while let Some(entry) = folder.next_entry().await.map_err(ServiceError::internal)? {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                names.push(path);
            }
        }
        names.sort_unstable();
        let mut letters = Vec::new();
        for path in names.iter().rev().take(most) {
            let bytes = tokio::fs::read(path).await.map_err(ServiceError::internal)?;
            letters.push(serde_json::from_slice(&bytes).map_err(ServiceError::internal)?);
        }
        Ok(letters)
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, letter: &Prepared) -> Result<(), Undelivered> {
        let failed = |error: &dyn fmt::Display| Undelivered { again: true, reason: error.to_string() };
        tokio::fs::create_dir_all(&self.0).await.map_err(|error| failed(&error))?;
        let kept = Kept {
            id: letter.id,
            to: letter.to.clone(),
            subject: letter.subject.clone(),
            text: letter.text.clone(),
            html: letter.html.clone(),
            unsubscribe: letter.unsubscribe.clone(),
            at: letter.at,
        };
        let bytes = serde_json::to_vec_pretty(&kept).map_err(|error| failed(&error))?;
        let name = format!("{:020}-{}", letter.at.timestamp_micros(), letter.id);
        // Whole or not at all, for whoever reads at the same time.
        let draft = self.0.join(format!("{name}.draft"));
        tokio::fs::write(&draft, bytes).await.map_err(|error| failed(&error))?;
        tokio::fs::rename(&draft, self.0.join(format!("{name}.json"))).await.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use domain::MailId;
    use uuid::Uuid;

    use super::*;

    fn letter(n: u128) -> Prepared {
        Prepared {
            id: MailId(Uuid::from_u128(n)),
            to: "niamh@northwind.example".into(),
            subject: format!("Number {n}: ünïted\r\nBcc: everybody@example.com"),
            text: "Hello".into(),
            html: "<p>Hello</p>".into(),
            unsubscribe: None,
            at: DateTime::from_timestamp(1_790_000_000 + i64::try_from(n).unwrap(), 0).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_folder_keeps_letters_newest_first() {
        let path = std::env::temp_dir().join(format!("arctiv-mailbox-{}", std::process::id()));
        let folder = Folder::new(&path);
        assert!(folder.letters(10).await.unwrap().is_empty());
        for n in 1..=3 {
            folder.send(&letter(n)).await.unwrap();
        }
        let found: Vec<_> = folder.letters(2).await.unwrap().into_iter().map(|kept| kept.id).collect();
        assert_eq!(found, [MailId(Uuid::from_u128(3)), MailId(Uuid::from_u128(2))]);
        std::fs::remove_dir_all(path).unwrap();
    }

    #[tokio::test]
    async fn a_message_has_two_parts_and_headers_that_nothing_breaks_out_of() {
        let url = SecretString::from("smtp://localhost:2525");
        let smtp = Smtp::new(&url, "Arctiv <hello@arctiv.example>", Duration::from_secs(1)).unwrap();
        let message = String::from_utf8(smtp.message(&letter(1)).unwrap().formatted()).unwrap();
        assert!(message.contains("multipart/alternative") && message.contains("text/html"), "{message}");
        assert!(!message.lines().any(|line| line.starts_with("Bcc")), "{message}");
        assert!(message.contains("Message-ID: <00000000-0000-0000-0000-000000000001@arctiv.example>"), "{message}");
    }

    #[tokio::test]
    async fn a_letter_that_can_be_ended_says_how_to_mail_programs() {
        let url = SecretString::from("smtp://localhost:2525");
        let smtp = Smtp::new(&url, "Arctiv <hello@arctiv.example>", Duration::from_secs(1)).unwrap();
        let formatted = |letter: &Prepared| String::from_utf8(smtp.message(letter).unwrap().formatted()).unwrap();
        assert!(!formatted(&letter(1)).contains("List-Unsubscribe"));
        let link = format!("https://arctiv.example/unsubscribe?token={}", "a".repeat(120));
        let message = formatted(&Prepared { unsubscribe: Some(link.clone()), ..letter(1) });
        assert!(message.contains(&format!("List-Unsubscribe: <{link}>\r\n")), "{message}");
        assert!(message.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{message}");
    }

    #[tokio::test]
    async fn a_mail_server_that_is_away_is_tried_again() {
        // Nobody listens on the port of discard.
        let url = SecretString::from("smtp://127.0.0.1:9");
        let smtp = Smtp::new(&url, "Arctiv <hello@arctiv.example>", Duration::from_secs(1)).unwrap();
        assert!(smtp.send(&letter(1)).await.unwrap_err().again);
        let nobody = Prepared { to: "no address".into(), ..letter(1) };
        assert!(!smtp.send(&nobody).await.unwrap_err().again);
    }
}
