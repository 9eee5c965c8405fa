//! What a platform's refusal means to us and to people.

use std::{borrow::Cow, error::Error as StdError, fmt};

use chrono::{DateTime, Utc};
use domain::{Platform, deliveries::ErrorClass};

use crate::http::Trace;

/// A call to a platform that did not succeed: what happened, what to do, and what comes next ([`ErrorClass`]).
///
/// Carries no secret: messages are ours, and the trace is masked. `Display` is the sentence for people.
#[derive(Clone)]
pub struct PlatformError {
    /// Whose refusal it is.
    pub platform: Platform,
    /// What the caller should do next (platforms.md 0.7).
    pub class: ErrorClass,
    /// In plain words, what happened and what to do. Always ours, never the platform's text.
    pub message: Cow<'static, str>,
    /// The platform's own code (`190/463`, `usage-capped`), for the log.
    pub code: Option<String>,
    /// The status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// When another try makes sense, if the platform said so by header or body.
    pub retry_at: Option<DateTime<Utc>>,
    /// Whether a limit is the whole app's, so that it holds for every account of the platform.
    pub of_app: bool,
    /// Whether what was staged is of no more use: the next try, if there is one, stages anew.
    pub stale: bool,
    /// The request and the answer with secrets masked; `None` if nothing was sent.
    pub trace: Option<Box<Trace>>,
}

impl PlatformError {
    /// An error of `class` in the words that class has for `platform`.
    pub fn new(platform: Platform, class: ErrorClass) -> Self {
        Self {
            platform,
            class,
            message: sentence(platform, class),
            code: None,
            http_status: None,
            retry_at: None,
            of_app: false,
            stale: false,
            trace: None,
        }
    }

    /// With words of its own.
    #[must_use]
    pub fn saying(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Of something whose staged state is of no more use.
    #[must_use]
    pub const fn staging_anew(mut self) -> Self {
        self.stale = true;
        self
    }

    /// With the platform's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Whether this is evidence that access is gone. One such answer is not yet proof, except for
    /// [`ErrorClass::AuthRevoked`]; see the rule on disconnecting in the architecture.
    pub const fn is_about_access(&self) -> bool {
        matches!(self.class, ErrorClass::AuthExpired | ErrorClass::AuthRevoked)
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformError")
            .field("platform", &self.platform.as_str())
            .field("class", &self.class.as_str())
            .field("message", &self.message)
            .field("code", &self.code)
            .field("http_status", &self.http_status)
            .field("retry_at", &self.retry_at)
            .finish_non_exhaustive()
    }
}

impl StdError for PlatformError {}

/// What happened, for those cases where the platform's code says no more than the class. What to do about it is
/// [`ErrorClass::advice`].
fn sentence(platform: Platform, class: ErrorClass) -> Cow<'static, str> {
    let label = platform.label();
    match class {
        ErrorClass::AuthExpired => format!("Our access to this {label} account has expired."),
        ErrorClass::AuthRevoked => format!("{label} no longer accepts our access to this account."),
        ErrorClass::Permission => format!("{label} says that we may not do this with the account."),
        ErrorClass::Validation => format!("{label} refused the post as it is."),
        ErrorClass::Duplicate => format!("{label} says that this post has already been published."),
        ErrorClass::RateLimited => format!("{label} asks us to slow down for this account."),
        ErrorClass::QuotaDaily => format!("The daily limit of {label} for this account is used up."),
        ErrorClass::MediaProcessing => format!("{label} is still processing the media."),
        ErrorClass::MediaInvalid => format!("{label} refused a picture or video of this post."),
        ErrorClass::Policy => format!("{label} has restricted this account."),
        ErrorClass::Billing => format!("The paid access to {label} is used up."),
        ErrorClass::Transient => format!("{label} could not be reached, or had trouble answering."),
        ErrorClass::OutcomeUnknown => {
            format!("{label} gave no clear answer, so the post may or may not have been published.")
        }
        ErrorClass::Operator => format!("{label} refused the app itself."),
        // Of ours, never a platform's.
        ErrorClass::Missed => format!("The time of this post for {label} has passed."),
    }
    .into()
}

/// The same for a limit that is not the account's alone.
pub(crate) fn limit_of_app(platform: Platform) -> Cow<'static, str> {
    format!("{} asks this whole app to slow down, for all accounts.", platform.label()).into()
}

/// How a dialect reads a refusal; [`crate::http::Http`] makes the [`PlatformError`] of it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What comes next.
    pub class: ErrorClass,
    /// The platform's code, for the log.
    pub code: Option<String>,
    /// Words of its own, where the code says more than the class.
    pub message: Option<Cow<'static, str>>,
    /// When another try makes sense, if the answer says so.
    pub retry_at: Option<DateTime<Utc>>,
    /// Whether a limit is the whole app's.
    pub of_app: bool,
}

impl Verdict {
    /// A verdict of `class` and nothing else.
    pub const fn new(class: ErrorClass) -> Self {
        Self { class, code: None, message: None, retry_at: None, of_app: false }
    }

    /// With words of its own.
    #[must_use]
    pub fn saying(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// With the platform's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Of a limit of the whole app.
    #[must_use]
    pub const fn of_app(mut self) -> Self {
        self.of_app = true;
        self
    }

    /// With the moment before which no other try makes sense.
    #[must_use]
    pub fn not_before(mut self, retry_at: Option<DateTime<Utc>>) -> Self {
        self.retry_at = retry_at;
        self
    }
}
