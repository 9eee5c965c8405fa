//! One shape for every REST answer, and the one place that turns errors into HTTP.
//!
//! Success: `{"success":true,"data":…,"request_id":"req_…"}`, lists with `"page"`.
//! Failure: `{"success":false,"error":"…","code":"…","details":{"fields":{…}},"request_id":"req_…"}`.

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{ErrorCode, Fault, Page, RequestId, ServiceError};
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// The id of the request this task answers; set by the outermost middleware.
    static REQUEST_ID: RequestId;
}

/// Runs a request under its id, so that answers carry it without every handler passing it on.
pub async fn with_request_id(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    match id {
        Some(id) => REQUEST_ID.scope(id, next.run(request)).await,
        None => next.run(request).await,
    }
}

/// Runs the making of an answer under the request's id, where the request's own task is gone (it panicked).
pub fn under_request_id<T>(id: RequestId, make: impl FnOnce() -> T) -> T {
    REQUEST_ID.sync_scope(id, make)
}

/// The present request's id, if there is one.
pub fn request_id() -> Option<RequestId> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

fn request_id_text() -> String {
    request_id().map_or_else(String::new, |id| id.as_str().to_owned())
}

/// A success.
#[derive(Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always true.
    pub success: bool,
    pub data: T,
    pub request_id: String,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuccessPage<T> {
    /// Always true.
    pub success: bool,
    pub data: Vec<T>,
    pub page: PageInfo,
    pub request_id: String,
}

/// Where in the list this page lies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageInfo {
    pub total: i64,
    pub limit: u32,
    pub offset: u32,
    pub next_cursor: Option<String>,
}

/// A failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Always false.
    pub success: bool,
    /// A sentence for people.
    pub error: String,
    pub code: ErrorCode,
    pub details: Details,
    pub request_id: String,
}

/// More about a failure.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Details {
    /// Field → what is wrong with it.
    #[serde(skip_serializing_if = "domain::FieldErrors::is_empty")]
    pub fields: domain::FieldErrors,
    /// Seconds until another try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// 200 with data.
#[derive(Debug)]
pub struct Ok200<T>(pub T);
/// 201 with data.
#[derive(Debug)]
pub struct Created<T>(pub T);
/// 200 with a page of a list.
#[derive(Debug)]
pub struct List<T>(pub Page<T>);

/// JSON, written into one piece of memory of about the right size. axum's own grows with a long list, again and again.
fn json(value: &impl Serialize, about: usize) -> Response {
    let mut text = Vec::with_capacity(about);
    if let Err(error) = serde_json::to_writer(&mut text, value) {
        return ApiError(ServiceError::internal(error)).into_response();
    }
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// Bytes that one thing takes, roughly.
const ONE: usize = 640;

impl<T: Serialize> IntoResponse for Ok200<T> {
    fn into_response(self) -> Response {
        json(&Success { success: true, data: self.0, request_id: request_id_text() }, ONE)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Ok200(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        let Page { items, total, limit, offset, next_cursor } = self.0;
        let page = PageInfo { total, limit, offset, next_cursor };
        let about = ONE * (items.len() + 1);
        json(&SuccessPage { success: true, data: items, page, request_id: request_id_text() }, about)
    }
}

/// A service's error on its way out: logged once, here, with its cause; sent without.
#[derive(Debug)]
pub struct ApiError(pub ServiceError);

/// What every REST handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        log(&self.0);
        failure(self.0.fault)
    }
}

/// Logs a failure once: what is ours to mend as an error, what the caller can mend for the curious.
pub fn log(error: &ServiceError) {
    let code = error.code();
    let cause = error.cause.as_deref().map(|cause| chain(cause));
    if code.status() >= 500 {
        tracing::error!(?code, cause, message = %error.fault.message, "request failed");
    } else {
        tracing::debug!(?code, cause, message = %error.fault.message, "request refused");
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = cause.source();
    }
    text
}

/// The failure envelope for a fault.
pub fn failure(fault: Fault) -> Response {
    let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry_after = fault.retry_after;
    let body = Failure {
        success: false,
        error: fault.message,
        code: fault.code,
        details: Details { fields: fault.fields, retry_after },
        request_id: request_id_text(),
    };
    let refusal = Refusal { message: body.error.clone(), request_id: body.request_id.clone() };
    let mut response = (status, Json(body)).into_response();
    response.extensions_mut().insert(refusal);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Stands in the answer's extensions, so that the edge can show it as a page where a person looks at it.
#[derive(Clone, Debug)]
pub struct Refusal {
    message: String,
    request_id: String,
}

/// A failure as a plain page, for when the app itself could not make one: the database is away, rendering broke.
pub fn page(response: Response) -> Response {
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else { return response };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en-IE\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Something went wrong · Arctiv</title><link rel=\"stylesheet\" href=\"/pkg/arctiv.css\"></head>\
         <body class=\"bg-background font-sans text-base text-text antialiased\"><main class=\"mx-auto max-w-2xl px-4 py-10\">\
         <h1 class=\"text-xl font-semibold\">Something went wrong</h1><p class=\"mt-2 text-muted\">{}</p>\
         <p class=\"mt-4\"><a class=\"font-medium text-accent-strong\" href=\"\">Try again</a></p>\
         <p class=\"mt-4 font-mono text-xs text-muted\">{}</p></main></body></html>",
        escape(&refusal.message),
        escape(&refusal.request_id),
    );
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; font-src 'self'; frame-ancestors 'none'"),
    );
    Response::from_parts(parts, axum::body::Body::from(html))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
