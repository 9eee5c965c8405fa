//! What a letter says: its words, in one layout, as HTML and as plain text.
//!
//! Links are made here, when a letter is sent: what waits in the database holds the ids of links and no token.

use askama::Template;
use chrono::{DateTime, Utc};
use domain::{
    MailId, ServiceError, ServiceResult,
    notifications::{Happened, Letter, SecurityChange, Subscriber, UNSUBSCRIBE_PAGE},
};
use uuid::Uuid;

use super::{
    happened::{self, Said},
    preferences,
};
use crate::one_time::{OneTimeTokens, Purpose};

/// A letter as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    pub id: MailId,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Where such letters are switched off; for those that can be.
    pub unsubscribe: Option<String>,
    pub at: DateTime<Utc>,
}

/// What one letter says.
#[derive(Debug)]
struct Words {
    subject: String,
    /// What a mailbox shows beside the subject.
    preview: String,
    heading: String,
    paragraphs: Vec<String>,
    action: Option<Action>,
    /// Small, at the end.
    notes: Vec<String>,
    /// The last of all: why this letter came, and the end of such letters.
    end: Option<End>,
}

#[derive(Debug)]
struct End {
    why: String,
    label: &'static str,
    url: String,
}

#[derive(Debug)]
struct Action {
    label: String,
    url: String,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    words: &'a Words,
    origin: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    words: &'a Words,
    origin: &'a str,
}

/// Writes letters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    tokens: OneTimeTokens,
    origin: String,
}

impl Writer {
    /// `origin` without a trailing slash, as people reach us.
    pub fn new(tokens: OneTimeTokens, origin: String) -> Self {
        Self { tokens, origin }
    }

    /// What makes the tokens of links.
    pub fn tokens(&self) -> &OneTimeTokens {
        &self.tokens
    }

    /// The whole letter.
    pub fn write(&self, id: MailId, to: &str, letter: &Letter, at: DateTime<Utc>) -> ServiceResult<Prepared> {
        let words = self.words(letter);
        let origin = self.origin.as_str();
        let html = Html { words: &words, origin }.render().map_err(ServiceError::internal)?;
        let text = Text { words: &words, origin }.render().map_err(ServiceError::internal)?;
        let unsubscribe = words.end.map(|end| end.url);
        Ok(Prepared { id, to: to.to_owned(), subject: words.subject, text, html, unsubscribe, at })
    }

    fn link(&self, purpose: Purpose, id: Uuid) -> String {
        let token = self.tokens.token(purpose, id);
        match purpose {
            Purpose::ConfirmEmail => format!("{}/confirm?token={token}", self.origin),
            Purpose::ResetPassword => format!("{}/reset?token={token}", self.origin),
            Purpose::Invitation => format!("{}/invite/{token}", self.origin),
        }
    }

    fn action(&self, label: &str, purpose: Purpose, id: Uuid) -> Action {
        Action { label: label.to_owned(), url: self.link(purpose, id) }
    }

    fn way(&self, label: &str, path: &str) -> Action {
        Action { label: label.to_owned(), url: format!("{}/{}", self.origin, path.trim_start_matches('/')) }
    }

    fn event(&self, name: &str, workspace: &str, to: Subscriber, what: &Happened) -> Words {
        let event = what.event();
        let Said { subject, summary, paragraphs, action } = happened::say(what, workspace);
        let token = preferences::token(&self.tokens, to, event);
        let greeting = format!("Hello {name}, {}", uncapitalised(&summary));
        Words {
            heading: subject.clone(),
            subject,
            preview: summary,
            paragraphs: std::iter::once(greeting).chain(paragraphs).collect(),
            action: action.map(|(label, path)| self.way(label, &path)),
            notes: Vec::new(),
            end: Some(End {
                why: format!(
                    "You get this letter because you work in {workspace} on Arctiv, and want to know: {}.",
                    event.label()
                ),
                label: "Stop these letters",
                url: format!("{}{UNSUBSCRIBE_PAGE}?token={token}", self.origin),
            }),
        }
    }

    fn words(&self, letter: &Letter) -> Words {
        match letter {
            Letter::ConfirmEmail { name, link } => Words {
                subject: "Confirm your email address".to_owned(),
                preview: "One click, and all features are yours. The link works for 24 hours.".to_owned(),
                heading: format!("Welcome to Arctiv, {name}"),
                paragraphs: vec!["Please confirm that this is your email address, to activate all features.".to_owned()],
                action: Some(self.action("Confirm email address", Purpose::ConfirmEmail, link.0)),
                notes: vec![
                    "The link works for 24 hours and once.".to_owned(),
                    "You did not register? Then somebody mistyped their address, and you need not do anything.".to_owned(),
                ],
                end: None,
            },
            Letter::ConfirmNewEmail { name, link } => Words {
                subject: "Confirm your new email address".to_owned(),
                preview: "Your address changes once you confirm this one. The link works for 24 hours.".to_owned(),
                heading: "Is this your new address?".to_owned(),
                paragraphs: vec![format!(
                    "{name} wants to sign in to Arctiv with this email address. It changes once you confirm it; until then \
                     the old one stays."
                )],
                action: Some(self.action("Confirm new address", Purpose::ConfirmEmail, link.0)),
                notes: vec![
                    "The link works for 24 hours and once.".to_owned(),
                    "You do not know about this? Then do nothing, and nothing changes.".to_owned(),
                ],
                end: None,
            },
            Letter::EmailChanged { name, new_email } => Words {
                subject: "Your email address was changed".to_owned(),
                preview: format!("You sign in with {new_email} from now on."),
                heading: "Your email address was changed".to_owned(),
                paragraphs: vec![
                    format!("Hello {name}, you sign in to Arctiv with {new_email} from now on. This address is not used any more."),
                    "It was not you? Then somebody knows your password. Ask an admin of your workspace, or whoever runs this \
                     Arctiv, to disable your access at once."
                        .to_owned(),
                ],
                action: None,
                notes: Vec::new(),
                end: None,
            },
            Letter::ResetPassword { name, link } => Words {
                subject: "Choose a new password".to_owned(),
                preview: "Somebody asked for a new password for your account. The link works for 1 hour.".to_owned(),
                heading: "Choose a new password".to_owned(),
                paragraphs: vec![format!("Hello {name}, somebody, most likely you, forgot the password of your Arctiv account.")],
                action: Some(self.action("Choose a new password", Purpose::ResetPassword, link.0)),
                notes: vec![
                    "The link works for 1 hour and once. It ends all sessions of your account.".to_owned(),
                    "It was not you? Then do nothing: your password stays as it is.".to_owned(),
                ],
                end: None,
            },
            Letter::PasswordChanged { name, at } => Words {
                subject: "Your password was changed".to_owned(),
                preview: "All your other sessions have ended.".to_owned(),
                heading: "Your password was changed".to_owned(),
                paragraphs: vec![format!(
                    "Hello {name}, the password of your Arctiv account was changed on {}. All your other sessions have ended.",
                    at.format("%-d %B %Y at %H:%M UTC")
                )],
                action: Some(Action {
                    label: "It was not me: choose a new password".to_owned(),
                    url: format!("{}/forgot", self.origin),
                }),
                notes: vec!["It was you? Then there is nothing to do.".to_owned()],
                end: None,
            },
            Letter::SecurityChanged { name, change, at } => {
                let (subject, sentence) = change_words(change);
                Words {
                    preview: sentence.clone(),
                    heading: subject.clone(),
                    subject,
                    paragraphs: vec![
                        format!("Hello {name}, on {}: {sentence}", at.format("%-d %B %Y at %H:%M UTC")),
                        "It was not you? Then change your password at once, and end all other sessions on the page below."
                            .to_owned(),
                    ],
                    action: Some(Action {
                        label: "Look at your security".to_owned(),
                        url: format!("{}/settings/security", self.origin),
                    }),
                    notes: vec!["It was you? Then there is nothing to do.".to_owned()],
                    end: None,
                }
            }
            Letter::NewDevice { name, device, ip, at } => {
                let at = at.format("%-d %B %Y at %H:%M UTC");
                let place = ip.as_ref().map(|ip| format!(", from the address {ip}")).unwrap_or_default();
                Words {
                    subject: "New sign-in to your account".to_owned(),
                    preview: format!("{device}, on {at}."),
                    heading: "A new sign-in to your account".to_owned(),
                    paragraphs: vec![
                        format!(
                            "Hello {name}, somebody signed in to your Arctiv account with a browser that was not used for it \
                             before: {device}{place}, on {at}."
                        ),
                        "It was not you? Then end that session on the page below, and change your password at once.".to_owned(),
                    ],
                    action: Some(Action {
                        label: "See where you are signed in".to_owned(),
                        url: format!("{}/settings/security", self.origin),
                    }),
                    notes: vec!["It was you? Then there is nothing to do.".to_owned()],
                    end: None,
                }
            }
            Letter::Invitation { workspace, invited_by, role, link } => Words {
                subject: format!("{invited_by} invites you to {workspace}"),
                preview: format!("Join {workspace} on Arctiv as {role}. The invitation is open for 7 days."),
                heading: format!("Join {workspace} on Arctiv"),
                paragraphs: vec![
                    format!("{invited_by} invites you to work in {workspace}, as {role}."),
                    "Arctiv is where teams connect social accounts and publish to all of them, without sharing a password.".to_owned(),
                ],
                action: Some(self.action("See the invitation", Purpose::Invitation, link.0)),
                notes: vec![
                    "The invitation is for this email address, and open for 7 days.".to_owned(),
                    format!("You do not know {invited_by}? Then do nothing, or decline it on its page."),
                ],
                end: None,
            },
            Letter::Event { name, workspace, to, what } => self.event(name, workspace, *to, what),
            Letter::Notice { subject, heading, paragraphs, action } => Words {
                subject: subject.clone(),
                preview: paragraphs.first().cloned().unwrap_or_default(),
                heading: heading.clone(),
                paragraphs: paragraphs.clone(),
                action: action.as_ref().map(|(label, path)| self.way(label, path)),
                notes: Vec::new(),
                end: None,
            },
        }
    }
}

/// As it reads within a sentence.
fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Subject, and what happened in one sentence.
fn change_words(change: &SecurityChange) -> (String, String) {
    match change {
        SecurityChange::TwoStepEnabled => (
            "Two-step sign-in is on".to_owned(),
            "two-step sign-in was switched on for your account. All your other sessions have ended.".to_owned(),
        ),
        SecurityChange::TwoStepDisabled => (
            "Two-step sign-in is off".to_owned(),
            "two-step sign-in was switched off for your account. Your password alone opens it now.".to_owned(),
        ),
        SecurityChange::RecoveryCodesRenewed => (
            "You have new recovery codes".to_owned(),
            "new recovery codes were made for your account. The earlier ones do not work any more.".to_owned(),
        ),
        SecurityChange::PasskeyAdded { label } => (
            "A passkey was added".to_owned(),
            format!("the passkey “{label}” was added to your account. It opens the account without your password."),
        ),
        SecurityChange::PasskeyRemoved { label } => (
            "A passkey was removed".to_owned(),
            format!("the passkey “{label}” was removed from your account. It opens nothing any more."),
        ),
        SecurityChange::RecoveryCodeUsed { left } => (
            "A recovery code was used".to_owned(),
            match left {
                0 => "somebody signed in with the last of your recovery codes. Make new ones now.".to_owned(),
                1 => "somebody signed in with one of your recovery codes. One is left.".to_owned(),
                left => format!("somebody signed in with one of your recovery codes. {left} are left."),
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        AccountId, EmailConfirmationId, InvitationId, PasswordResetId, Platform, PostId, UserId, WebhookId,
        WorkspaceId,
        notifications::{
            DecidedPost, EndingAccount, FailedAccount, FailedPost, JoinedMember, LostAccount, NotificationEvent,
            StoppedWebhook, WaitingPost,
        },
        workspaces::Role,
    };
    use secrecy::SecretString;

    use super::*;

    fn writer() -> Writer {
        let tokens = OneTimeTokens::new(&SecretString::from("a secret that only this test knows"));
        Writer::new(tokens, "https://arctiv.example".to_owned())
    }

    fn samples() -> Vec<(&'static str, Letter)> {
        let (name, id) = (|| "Niamh Doyle".to_owned(), Uuid::from_u128(7));
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        vec![
            ("confirm_email", Letter::ConfirmEmail { name: name(), link: EmailConfirmationId(id) }),
            ("confirm_new_email", Letter::ConfirmNewEmail { name: name(), link: EmailConfirmationId(id) }),
            ("email_changed", Letter::EmailChanged { name: name(), new_email: "niamh@new.example".into() }),
            ("reset_password", Letter::ResetPassword { name: name(), link: PasswordResetId(id) }),
            ("password_changed", Letter::PasswordChanged { name: name(), at }),
            (
                "recovery_code_used",
                Letter::SecurityChanged { name: name(), change: SecurityChange::RecoveryCodeUsed { left: 9 }, at },
            ),
            (
                "new_device",
                Letter::NewDevice { name: name(), device: "Firefox on Mac".into(), ip: Some("203.0.113.7".into()), at },
            ),
            (
                "invitation",
                Letter::Invitation {
                    workspace: "Harbour & Pine".into(),
                    invited_by: name(),
                    role: Role::Editor,
                    link: InvitationId(id),
                },
            ),
            (
                "post_failed",
                event(Happened::PostsFailed { posts: vec![failed_post("The winter menu is here")], more: 0 }),
            ),
            (
                "posts_failed",
                event(Happened::PostsFailed {
                    posts: vec![failed_post("The winter menu is here"), failed_post("Open on Sunday")],
                    more: 3,
                }),
            ),
            (
                "approval_requested",
                event(Happened::ApprovalsRequested {
                    posts: vec![WaitingPost {
                        id: PostId(id),
                        title: "The winter menu is here".into(),
                        asked_by: "Orla Keane".into(),
                    }],
                    more: 0,
                }),
            ),
            (
                "post_rejected",
                event(Happened::PostsDecided {
                    posts: vec![DecidedPost {
                        id: PostId(id),
                        title: "The winter menu is here".into(),
                        by: "Orla Keane".into(),
                        note: Some("The date is wrong.".into()),
                    }],
                    more: 0,
                }),
            ),
            (
                "connection_lost",
                event(Happened::ConnectionsLost { accounts: vec![lost_account("Harbour & Pine")], more: 0 }),
            ),
            (
                "connections_lost",
                event(Happened::ConnectionsLost {
                    accounts: vec![lost_account("Harbour & Pine"), lost_account("Pier 7")],
                    more: 0,
                }),
            ),
            (
                "connection_expiring",
                event(Happened::ConnectionsExpiring {
                    accounts: vec![EndingAccount {
                        id: AccountId(id),
                        name: "Niamh Doyle".into(),
                        platform: Platform::Linkedin,
                        ends_at: at,
                    }],
                    more: 0,
                }),
            ),
            (
                "member_joined",
                event(Happened::MembersJoined {
                    members: vec![JoinedMember { name: "Orla Keane".into(), role: Role::Editor }],
                    more: 0,
                }),
            ),
            ("role_changed", event(Happened::RoleChanged { role: Role::Editor })),
            (
                "webhook_disabled",
                event(Happened::WebhooksDisabled {
                    webhooks: vec![StoppedWebhook {
                        id: WebhookId(id),
                        url: "https://hooks.example/arctiv".into(),
                        gone: false,
                    }],
                }),
            ),
            (
                "notice",
                Letter::Notice {
                    subject: "X needs reconnecting".into(),
                    heading: "This connection needs updating".into(),
                    paragraphs: vec!["@northwindcoffee was revoked at X.".into()],
                    action: Some(("Open accounts".into(), "/accounts".into())),
                },
            ),
        ]
    }

    fn event(what: Happened) -> Letter {
        let to = Subscriber { user: UserId(Uuid::from_u128(8)), workspace: WorkspaceId(Uuid::from_u128(9)) };
        Letter::Event { name: "Niamh Doyle".into(), workspace: "Harbour & Pine".into(), to, what }
    }

    fn failed_post(title: &str) -> FailedPost {
        let account = |name: &str, platform, reason: &str, needs_person| FailedAccount {
            name: name.into(),
            platform,
            reason: reason.into(),
            needs_person,
        };
        FailedPost {
            id: PostId(Uuid::from_u128(7)),
            title: title.into(),
            published: 3,
            accounts: vec![
                account("Harbour & Pine", Platform::Facebook, "The picture is too small.", false),
                account("@harbourpine", Platform::Twitter, "The platform did not answer.", true),
            ],
        }
    }

    fn lost_account(name: &str) -> LostAccount {
        LostAccount {
            id: AccountId(Uuid::from_u128(7)),
            name: name.into(),
            platform: Platform::Facebook,
            reason: "Access was taken back at Facebook. Please reconnect the account.".into(),
            limited: false,
        }
    }

    fn written(letter: &Letter) -> Prepared {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        writer().write(MailId(Uuid::from_u128(1)), "niamh@northwind.example", letter, at).unwrap()
    }

    #[test]
    fn letters_read_as_they_should() {
        for (name, letter) in samples() {
            let prepared = written(&letter);
            insta::assert_snapshot!(
                format!("{name}.txt"),
                format!("Subject: {}\n\n{}", prepared.subject, prepared.text)
            );
        }
        // The layout is one: one letter shows it.
        insta::assert_snapshot!("confirm_email.html", written(&samples()[0].1).html);
    }

    #[test]
    fn both_parts_hold_the_way_on() {
        for (name, letter) in samples() {
            let Prepared { text, html, .. } = written(&letter);
            let links: Vec<&str> = text.split_whitespace().filter(|word| word.starts_with("https://")).collect();
            for link in links {
                assert!(html.contains(link), "{name}: {link} is missing in the HTML");
            }
            assert!(!text.contains("&amp;") && !text.contains('<'), "{name}: {text}");
        }
    }

    #[test]
    fn only_letters_about_a_workspace_can_be_ended() {
        for (name, letter) in samples() {
            let Prepared { unsubscribe, text, html, .. } = written(&letter);
            match letter {
                Letter::Event { .. } => {
                    let link = unsubscribe.unwrap();
                    assert!(link.starts_with("https://arctiv.example/unsubscribe?token="), "{name}: {link}");
                    assert!(text.contains(&link) && html.contains(&link), "{name}");
                }
                _ => assert!(unsubscribe.is_none() && !text.contains("/unsubscribe"), "{name}"),
            }
        }
        let events: std::collections::BTreeSet<_> = samples()
            .into_iter()
            .filter_map(|(_, letter)| if let Letter::Event { what, .. } = letter { Some(what.event()) } else { None })
            .collect();
        assert_eq!(events.len(), NotificationEvent::ALL.len(), "every event has a sample");
    }

    #[test]
    fn names_cannot_write_html() {
        let letter = Letter::ConfirmEmail {
            name: "<script>alert(1)</script>".into(),
            link: EmailConfirmationId(Uuid::from_u128(7)),
        };
        assert!(!written(&letter).html.contains("<script>"));
    }

    #[test]
    fn what_waits_holds_no_token() {
        let (_, letter) = samples().swap_remove(0);
        let token = writer().tokens.token(Purpose::ConfirmEmail, Uuid::from_u128(7));
        assert!(written(&letter).text.contains(&token));
        assert!(!serde_json::to_string(&letter).unwrap().contains(&token));
    }
}
