//! The one way out to the platforms.
//!
//! Every request goes through [`Http::send`]: checked address, time and size limits, no redirects (a redirect would
//! carry a token wherever it points), no automatic retries (whether a call may be repeated is not the client's to
//! decide), and an answer that is either a success or a [`PlatformError`] with a class.
//!
//! What a platform's codes mean is its [`Dialect`]'s business; what *silence* means is decided here, because it is the
//! same for all: a call that never left is [`ErrorClass::Transient`]; one that left and was not answered is
//! `Transient` too, unless it was the commit. A commit without a clear answer is [`ErrorClass::OutcomeUnknown`].

mod call;
mod guard;
mod notice;
mod plain;
mod rate;
#[cfg(test)]
mod tests;
mod trace;

use std::{collections::BTreeMap, error::Error as StdError, fmt, io, ops::Range, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use domain::{Platform, clock::Clock, deliveries::ErrorClass};
use reqwest::{
    StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Instrument as _, field::Empty};

pub use call::Operation;
pub(crate) use call::{Call, Content, Part, Payload, endpoint};
pub use notice::{Notice, NoticeFailed};
pub(crate) use plain::{NoAnswer, Plain};
pub use rate::RateState;
pub(crate) use rate::{meta_headers, retry_after, x_headers};
pub use trace::Trace;

use crate::{
    error::{PlatformError, Verdict, limit_of_app},
    media::MediaSource,
};
use guard::{AddressGuard, Blocked};
use trace::Masker;

/// Limits of the client.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Whether private, loopback and plain-HTTP addresses may be called: for the sandbox, never in production.
    pub allow_private_networks: bool,
    /// For name resolution, connecting and TLS.
    pub connect_timeout: Duration,
    /// For a whole call without media.
    pub timeout: Duration,
    /// For a call that carries media.
    pub upload_timeout: Duration,
    /// The longest answer read, in bytes.
    pub max_response_bytes: usize,
    /// How the program names itself.
    pub user_agent: String,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allow_private_networks: false,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_mins(2),
            max_response_bytes: 2 * 1024 * 1024,
            user_agent: concat!("Arctiv/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The HTTP client could not be made: bad TLS roots or a bad setting.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub struct HttpSetupError(#[source] reqwest::Error);

/// The client all adapters share.
pub struct Http {
    client: reqwest::Client,
    guard: AddressGuard,
    settings: HttpSettings,
    clock: Arc<dyn Clock>,
}

/// How one platform talks.
pub(crate) trait Dialect: Send + Sync {
    fn platform(&self) -> Platform;

    /// The limits an answer's headers tell of.
    fn rate(&self, headers: &HeaderMap, now: DateTime<Utc>) -> RateState;

    /// Whether an answer that is a success by its status is none by its body.
    fn refuses(&self, _answer: &Answer) -> bool {
        false
    }

    /// What an answer that is no success means. Reads the parsed body, never searches its text.
    fn verdict(&self, operation: Operation, answer: &Answer, now: DateTime<Utc>) -> Verdict;
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body, if it is JSON.
    pub json: Option<Value>,
}

/// A successful answer.
pub(crate) struct Reply {
    pub answer: Answer,
    pub rate: RateState,
    pub trace: Trace,
    platform: Platform,
    operation: Operation,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Http {
    #[expect(clippy::disallowed_methods, reason = "this is the shared client")]
    /// A client with these limits; `clock` says what "in 60 seconds" means.
    pub fn new(settings: HttpSettings, clock: Arc<dyn Clock>) -> Result<Self, HttpSetupError> {
        // `main` has done this already; a library's tests have not. Whoever comes first wins, and both are the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = AddressGuard::new(settings.allow_private_networks);
        let client = reqwest::Client::builder()
            .user_agent(settings.user_agent.clone())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // Through a proxy it would be the proxy that resolves names, unchecked.
            .no_proxy()
            .dns_resolver(guard)
            // Shorter than the platforms keep idle connections, so that a commit is not sent into one just closed.
            .pool_idle_timeout(Duration::from_secs(20))
            .build()
            .map_err(HttpSetupError)?;
        Ok(Self { client, guard, settings, clock })
    }

    /// The present moment, by the injected clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The time limit for calls that carry media.
    pub(crate) fn upload_timeout(&self) -> Duration {
        self.settings.upload_timeout
    }

    /// The time limit for a call that carries this many bytes of media: at half a megabyte a second, none is cut off
    /// for being long.
    pub(crate) fn timeout_for(&self, bytes: u64) -> Duration {
        self.settings.upload_timeout + Duration::from_secs(bytes / (512 * 1024))
    }

    /// Sends one request, once.
    pub(crate) async fn send(&self, dialect: &dyn Dialect, call: Call) -> Result<Reply, PlatformError> {
        // Words only: neither the address nor what platforms say of it may leave this process.
        let span = tracing::info_span!(
            "platform_call",
            platform = dialect.platform().as_str(),
            operation = call.operation.as_str(),
            outcome = Empty,
            http.response.status_code = Empty,
            otel.kind = "client",
            otel.status_code = Empty
        );
        let result = self.exchange(dialect, call).instrument(span.clone()).await;
        let status = match &result {
            Ok(reply) => {
                span.record("outcome", "success");
                Some(reply.answer.status.as_u16())
            }
            Err(error) => {
                span.record("outcome", error.class.as_str()).record("otel.status_code", "error");
                error.http_status
            }
        };
        span.record("http.response.status_code", status);
        result
    }

    async fn exchange(&self, dialect: &dyn Dialect, call: Call) -> Result<Reply, PlatformError> {
        let platform = dialect.platform();
        let operation = call.operation;
        let masker = Masker::new(call.secrets);
        let now = self.now();
        let mut trace = Trace {
            operation,
            method: call.method.to_string(),
            url: masker.url(&call.url),
            request_headers: masker.headers(&call.headers),
            request: masker.request(&call.payload),
            status: None,
            response_headers: BTreeMap::new(),
            response: Value::Null,
            error: None,
            started_at: now,
            duration_ms: 0,
        };
        if let Err(blocked) = self.guard.check_url(&call.url) {
            return Err(refused_by_us(platform, &blocked, trace));
        }
        let mut request = self.client.request(call.method, call.url).headers(call.headers);
        if let Some(timeout) = call.timeout {
            request = request.timeout(timeout);
        }
        request = match call.payload {
            Payload::Empty => request,
            Payload::Json(body) => request.json(&body),
            Payload::Form(fields) => request.form(&fields),
            Payload::Raw(bytes) => request.body(bytes),
            Payload::Bytes { mime, bytes } => request.header(CONTENT_TYPE, header_value(&mime)).body(bytes),
            Payload::Stream { mime, source, range } => request
                .header(CONTENT_TYPE, header_value(&mime))
                .header(CONTENT_LENGTH, range.end.saturating_sub(range.start))
                .body(stream(source, range)),
            Payload::Multipart(parts) => request.multipart(multipart(parts)),
        };
        let started = Instant::now();
        let received = self.receive(request, operation, &masker, &mut trace).await;
        trace.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answer = match received {
            Ok(answer) => answer,
            Err(silence) => {
                let class = silence.class(operation);
                tracing::debug!(
                    platform = platform.as_str(),
                    operation = operation.as_str(),
                    duration_ms = trace.duration_ms,
                    class = class.as_str(),
                    error = trace.error.as_deref(),
                    "platform call without an answer"
                );
                let mut error = PlatformError::new(platform, class);
                if let Silence::Blocked(blocked) = &silence {
                    return Err(refused_by_us(platform, blocked, trace));
                }
                error.http_status = trace.status;
                error.trace = Some(Box::new(trace));
                return Err(error);
            }
        };
        trace.response = masker.response(answer.json.as_ref(), &answer.body);
        tracing::debug!(
            platform = platform.as_str(),
            operation = operation.as_str(),
            status = answer.status.as_u16(),
            duration_ms = trace.duration_ms,
            "platform call"
        );
        let now = self.now();
        let rate = dialect.rate(&answer.headers, now);
        if answer.status.is_success() && !dialect.refuses(&answer) {
            return Ok(Reply { answer, rate, trace, platform, operation });
        }
        let mut verdict = if answer.status.is_redirection() {
            Verdict::new(ErrorClass::Operator)
                .with_code("redirect")
                .saying(format!("{} answered from another address than the one configured.", platform.label()))
        } else {
            dialect.verdict(operation, &answer, now)
        };
        if operation == Operation::Commit && leaves_open(answer.status, verdict.class) {
            verdict = Verdict { class: ErrorClass::OutcomeUnknown, message: None, ..verdict };
        }
        let mut error = PlatformError::new(platform, verdict.class);
        error.of_app = is_about_rate(verdict.class) && (verdict.of_app || rate.of_app);
        let usual = if error.of_app { limit_of_app(platform) } else { error.message };
        error.message = verdict.message.unwrap_or(usual);
        error.code = verdict.code;
        error.http_status = Some(answer.status.as_u16());
        error.retry_at = verdict
            .retry_at
            .or_else(|| retry_after(&answer.headers, now))
            .or_else(|| rate.pause_until(now).filter(|_| is_about_rate(verdict.class)));
        error.trace = Some(Box::new(trace));
        Err(error)
    }

    async fn receive(
        &self,
        request: reqwest::RequestBuilder,
        operation: Operation,
        masker: &Masker,
        trace: &mut Trace,
    ) -> Result<Answer, Silence> {
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let silence = Silence::of(&error);
                trace.error = Some(masker.text(&chain(&error.without_url())));
                return Err(silence);
            }
        };
        let status = response.status();
        let headers = response.headers().clone();
        trace.answered(masker, status, &headers);
        let mut body = BytesMut::new();
        loop {
            let problem = match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= self.settings.max_response_bytes => {
                    body.extend_from_slice(&chunk);
                    continue;
                }
                Ok(None) => break,
                Ok(Some(_)) => format!("the answer is longer than {} bytes", self.settings.max_response_bytes),
                Err(error) => chain(&error.without_url()),
            };
            trace.error = Some(masker.text(&problem));
            // A refusal whose text was lost is a refusal all the same: its status can be judged without it. Not so that of the public
            // call: Meta says 400 to its own trouble too, and others to a post that they have already.
            let is_clear = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
            if is_clear || status.is_client_error() && operation != Operation::Commit {
                body.clear();
                break;
            }
            return Err(Silence::AfterSending);
        }
        let body = body.freeze();
        let json = serde_json::from_slice(&body).ok();
        Ok(Answer { status, headers, body, json })
    }
}

impl Reply {
    /// The body as `T`. A success that cannot be read is the platform's trouble, and after a commit an open question.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, PlatformError> {
        T::deserialize(self.answer.json.as_ref().unwrap_or(&Value::Null)).map_err(|error| {
            // serde's message quotes values of the body, which may be tokens.
            let at = format!("unreadable answer ({:?} error)", error.classify());
            self.unreadable(&at)
        })
    }

    /// The error for a success without what it must contain.
    pub fn unreadable(&self, what: &str) -> PlatformError {
        let class =
            if self.operation == Operation::Commit { ErrorClass::OutcomeUnknown } else { ErrorClass::Transient };
        let mut error = PlatformError::new(self.platform, class).with_code("unreadable");
        error.http_status = Some(self.answer.status.as_u16());
        error.trace = Some(Box::new(Trace { error: Some(what.to_owned()), ..self.trace.clone() }));
        error
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers.get(name)?.to_str().ok()
    }
}

/// Why there is no answer.
enum Silence {
    /// Our own rule against the address; nothing was sent.
    Blocked(Blocked),
    /// No connection: name, address, TLS. Nothing was sent.
    BeforeSending,
    /// The request may have arrived.
    AfterSending,
}

impl Silence {
    fn of(error: &reqwest::Error) -> Self {
        let mut source: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(current) = source {
            if let Some(blocked) = current.downcast_ref::<Blocked>() {
                return Self::Blocked(blocked.clone());
            }
            source = current.source();
        }
        if error.is_connect() || error.is_builder() { Self::BeforeSending } else { Self::AfterSending }
    }

    const fn class(&self, operation: Operation) -> ErrorClass {
        match (self, operation) {
            (Self::Blocked(_), _) => ErrorClass::Operator,
            (Self::AfterSending, Operation::Commit) => ErrorClass::OutcomeUnknown,
            (Self::BeforeSending | Self::AfterSending, _) => ErrorClass::Transient,
        }
    }
}

/// Whether an answer to a commit does not say that nothing was published. Beyond 5xx (platforms.md 0.4) that is any
/// trouble of the platform's own: "an unknown error occurred" is no refusal, whatever its status.
fn leaves_open(status: StatusCode, class: ErrorClass) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || matches!(class, ErrorClass::Transient | ErrorClass::OutcomeUnknown)
}

const fn is_about_rate(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::RateLimited | ErrorClass::QuotaDaily)
}

fn refused_by_us(platform: Platform, blocked: &Blocked, mut trace: Trace) -> PlatformError {
    tracing::warn!(platform = platform.as_str(), reason = %blocked, "platform call refused");
    trace.error = Some(blocked.to_string());
    let mut error = PlatformError::new(platform, ErrorClass::Operator)
        .with_code("address_refused")
        .saying(format!("Arctiv is not allowed to call the address it has for {}.", platform.label()));
    error.trace = Some(Box::new(trace));
    error
}

/// An error and its causes in one line.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// A range of a file, piece by piece. A file that ends early breaks the request off, which then ends as one without an
/// answer; the platform never takes half of it for the whole, because its length was announced.
fn stream(source: Arc<dyn MediaSource>, range: Range<u64>) -> reqwest::Body {
    const PIECE: u64 = 256 * 1024;
    let pieces = futures::stream::try_unfold((source, range), |(source, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let end = range.end.min(range.start.saturating_add(PIECE));
        let bytes = source.read(range.start..end).await?;
        if bytes.len() as u64 != end - range.start {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        Ok(Some((bytes, (source, end..range.end))))
    });
    reqwest::Body::wrap_stream(pieces)
}

fn multipart(parts: Vec<Part>) -> reqwest::multipart::Form {
    parts.into_iter().fold(reqwest::multipart::Form::new(), |form, Part { name, mime, content }| {
        let length = content.len();
        let body = || {
            let body = match &content {
                Content::Bytes(bytes) => bytes.clone().into(),
                Content::File { source, size } => stream(Arc::clone(source), 0..*size),
            };
            reqwest::multipart::Part::stream_with_length(body, length)
        };
        let part = match mime {
            // Some servers take a part for a file only if it has a name.
            Some(mime) => body().mime_str(&mime).unwrap_or_else(|_| body()).file_name(file_name(&mime)),
            None => body(),
        };
        form.part(name, part)
    })
}

fn file_name(mime: &str) -> String {
    let extension = match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/webm" => "webm",
        "application/pdf" => "pdf",
        _ => "bin",
    };
    format!("media.{extension}")
}
