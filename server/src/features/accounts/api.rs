//! The REST paths of accounts, and the two that a browser walks through to connect one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRef, FromRequestParts, Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use chrono::NaiveDate;
use domain::{
    AccountId, OauthStateId, Platform, ServiceError,
    accounts::{
        Account, AccountFilter, AccountStatus, Accounts, AuthorizeOptions, Callback, ConnectionEvent,
        ConnectionEventFilter, Creator, DataDeletion, PlatformOffer, PushEvents, PushMessage, Withheld,
    },
};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    csv::{head, line},
    oauth::OauthFailure,
};
use crate::http::{
    csv,
    envelope::{ApiError, ApiResult, Failure, List, Ok200, Success, SuccessPage, log},
    extract::{Anyone, Body, PathId, Query, RawBody, SignedIn},
};

/// All routes of this feature, for any state that holds the port.
pub fn router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn Accounts>: FromRef<S>,
{
    OpenApiRouter::new()
        .routes(routes!(offers))
        .routes(routes!(list, connect))
        .routes(routes!(get, unlink))
        .routes(routes!(toggle))
        .routes(routes!(refresh))
        .routes(routes!(creator))
        .routes(routes!(events))
        .routes(routes!(authorize))
        .routes(routes!(callback))
        .routes(routes!(withheld))
}

type Port = State<Arc<dyn Accounts>>;

/// A platform that this Arctiv can connect to.
#[derive(Debug, Serialize, ToSchema)]
struct OfferedPlatform {
    platform: Platform,
    /// What people call it.
    label: &'static str,
    /// Whether the operator has set up an app there.
    configured: bool,
    /// The version of its API that is spoken here, such as `v25.0`; `null` while it is not set up.
    api_version: Option<String>,
    /// The last day (UTC) on which that version answers; `null` where the platform has named none.
    api_version_ends_on: Option<NaiveDate>,
}

impl From<PlatformOffer> for OfferedPlatform {
    fn from(offer: PlatformOffer) -> Self {
        Self {
            platform: offer.platform,
            label: offer.platform.label(),
            configured: offer.configured,
            api_version: offer.api_version,
            api_version_ends_on: offer.api_version_ends_on,
        }
    }
}

/// The platforms that accounts can be connected at, with the calendar of their API versions: which is spoken here, and until
/// when it answers. Before that day the operator updates Arctiv or sets another version.
#[utoipa::path(
    get, path = "/api/platforms", tag = "accounts",
    responses(
        (status = 200, body = Success<Vec<OfferedPlatform>>),
        (status = 401, description = "Not signed in", body = Failure),
    ),
)]
async fn offers(State(accounts): Port, SignedIn(actor): SignedIn) -> ApiResult<Ok200<Vec<OfferedPlatform>>> {
    let offers = accounts.offers(&actor).await?;
    Ok(Ok200(offers.into_iter().map(OfferedPlatform::from).collect()))
}

/// The accounts of the workspace, by name. Disconnected ones only with `status=disconnected`.
#[utoipa::path(
    get, path = "/api/social-accounts", tag = "accounts",
    params(
        ("platform" = Option<Platform>, Query, description = "Only this platform"),
        ("status" = Option<AccountStatus>, Query, description = "Only this status"),
        ("q" = Option<String>, Query, max_length = 100, description = "Part of a name, handle or platform id"),
        ("active" = Option<bool>, Query, description = "Only those that take part in posts, or only the others"),
        ("attention" = Option<bool>, Query, description = "Only those whose connection waits for a person, or only the others"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if left out"),
        ("offset" = Option<u32>, Query, maximum = 100_000, description = "Not together with `cursor`"),
        ("cursor" = Option<String>, Query, max_length = 200, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, body = SuccessPage<Account>),
        (status = 400, description = "A parameter is out of range", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
    ),
)]
async fn list(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    Query(filter): Query<AccountFilter>,
) -> ApiResult<List<Account>> {
    Ok(List(accounts.list(&actor, filter).await?))
}

/// Which platform to connect.
#[derive(Debug, Deserialize, ToSchema)]
struct ConnectRequest {
    platform: Platform,
}

/// Where to send the browser.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorizeUrl {
    /// The platform's consent page. Good for 10 minutes, in the session that asked for it.
    authorize_url: String,
}

/// Starts connecting an account. Needs a session: only the person who signed in can finish it.
#[utoipa::path(
    post, path = "/api/social-accounts", tag = "accounts", request_body = ConnectRequest,
    responses(
        (status = 200, body = Success<AuthorizeUrl>),
        (status = 400, description = "No such platform", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Not an admin", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
        (status = 502, description = "This Arctiv is not set up for the platform", body = Failure),
    ),
)]
async fn connect(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    Body(request): Body<ConnectRequest>,
) -> ApiResult<Ok200<AuthorizeUrl>> {
    let authorize_url = accounts.authorize(&actor, request.platform, AuthorizeOptions::default()).await?;
    Ok(Ok200(AuthorizeUrl { authorize_url }))
}

/// One account.
#[utoipa::path(
    get, path = "/api/social-accounts/{id}", tag = "accounts",
    params(("id" = AccountId, Path)),
    responses(
        (status = 200, body = Success<Account>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    ),
)]
async fn get(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
) -> ApiResult<Ok200<Account>> {
    Ok(Ok200(accounts.get(&actor, id).await?))
}

/// Whether an account takes part.
#[derive(Debug, Deserialize, ToSchema)]
struct ToggleRequest {
    is_active: bool,
}

/// Switches whether new posts go to an account.
#[utoipa::path(
    patch, path = "/api/social-accounts/{id}/toggle", tag = "accounts",
    params(("id" = AccountId, Path)), request_body = ToggleRequest,
    responses(
        (status = 200, body = Success<Account>),
        (status = 400, description = "Not a boolean", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Neither editor nor admin", body = Failure),
        (status = 404, description = "Absent, unlinked, or another workspace's", body = Failure),
        (status = 413, description = "The request is too large", body = Failure),
    ),
)]
async fn toggle(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
    Body(request): Body<ToggleRequest>,
) -> ApiResult<Ok200<Account>> {
    Ok(Ok200(accounts.set_active(&actor, id, request.is_active).await?))
}

/// Asks for new tokens at once. The answer shows the account as it is now; the renewal follows within seconds, as a
/// line of the connection log and an `account.status` event. An account that its platform has restricted stays failed until
/// somebody reconnects it.
#[utoipa::path(
    post, path = "/api/social-accounts/{id}/refresh", tag = "accounts",
    params(("id" = AccountId, Path)),
    responses(
        (status = 200, body = Success<Account>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "A viewer", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "The account must be reconnected", body = Failure),
    ),
)]
async fn refresh(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
) -> ApiResult<Ok200<Account>> {
    Ok(Ok200(accounts.refresh(&actor, id).await?))
}

/// Asks what the account's creator may choose for a post: audiences, comments, duets, stitches. The platform is asked in
/// the background, unless it has answered within the last minute: call again while `pending`. TikTok only.
#[utoipa::path(
    post, path = "/api/social-accounts/{id}/creator", tag = "accounts",
    params(("id" = AccountId, Path)),
    responses(
        (status = 200, body = Success<Creator>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "A viewer", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
        (status = 409, description = "The platform has no such choices, or the account must be reconnected", body = Failure),
    ),
)]
async fn creator(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
) -> ApiResult<Ok200<Creator>> {
    Ok(Ok200(accounts.creator(&actor, id).await?))
}

/// Which part of a connection log, and as what.
#[derive(Debug, Deserialize)]
struct LogQuery {
    format: Option<csv::Format>,
    #[serde(flatten)]
    filter: ConnectionEventFilter,
}

/// The connection log of an account, newest first. With `format=csv`, or `Accept: text/csv`, everything under the filter as
/// one CSV file (`limit`, `offset` and `cursor` are not looked at then). Lines are kept for two years.
#[utoipa::path(
    get, path = "/api/social-accounts/{id}/events", tag = "accounts",
    params(
        ("id" = AccountId, Path),
        ("event_type" = Option<String>, Query, description = "Only events of one of these kinds: `token_refreshed,token_expired`"),
        ("from" = Option<String>, Query, description = "From this day (in the workspace's time zone) or time on"),
        ("to" = Option<String>, Query, description = "The end of that range: a moment is not in it, a day is"),
        ("format" = Option<String>, Query, description = "`json` or `csv`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if left out"),
        ("offset" = Option<u32>, Query, maximum = 100_000, description = "Not together with `cursor`"),
        ("cursor" = Option<String>, Query, max_length = 200, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page, or the file", content(
            (SuccessPage<ConnectionEvent> = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is out of range, or none of those that are taken", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, or another workspace's", body = Failure),
    ),
)]
async fn events(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
    headers: HeaderMap,
    Query(query): Query<LogQuery>,
) -> ApiResult<Response> {
    let filter = query.filter;
    if !csv::is_asked(query.format, &headers) {
        return Ok(List(accounts.events(&actor, id, filter).await?).into_response());
    }
    // What can be refused is refused before the file begins.
    let first = accounts.events_portion(&actor, id, &filter, None).await?;
    Ok(csv::file("attachment; filename=\"connection-log.csv\"", head(), line, first, move |last: &ConnectionEvent| {
        let (accounts, actor, filter, last) = (Arc::clone(&accounts), actor.clone(), filter.clone(), last.id);
        async move { accounts.events_portion(&actor, id, &filter, Some(last)).await }
    }))
}

/// Unlinks an account: its tokens are given back at the platform and deleted, and it leaves every list.
#[utoipa::path(
    delete, path = "/api/social-accounts/{id}", tag = "accounts",
    params(("id" = AccountId, Path)),
    responses(
        (status = 200, description = "`data` is null", body = Success<Option<Account>>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Not an admin", body = Failure),
        (status = 404, description = "Absent, unlinked before, or another workspace's", body = Failure),
    ),
)]
async fn unlink(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<AccountId>,
) -> ApiResult<Ok200<Option<Account>>> {
    accounts.unlink(&actor, id).await?;
    Ok(Ok200(None))
}

/// A platform by the word in the path; any other word is simply not found.
struct PathPlatform(Platform);

impl<S: Send + Sync> FromRequestParts<S> for PathPlatform {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let word = Path::<String>::from_request_parts(parts, state).await.ok();
        word.and_then(|Path(word)| word.parse().ok())
            .map(Self)
            .ok_or_else(|| ServiceError::not_found("platform").into())
    }
}

/// What to reconnect, and where to end up.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AuthorizeQuery {
    account_id: Option<AccountId>,
    return_to: Option<String>,
}

/// Sends the browser to the platform's consent page.
#[utoipa::path(
    get, path = "/api/oauth/{platform}/authorize", tag = "accounts",
    params(
        ("platform" = Platform, Path),
        ("account_id" = Option<AccountId>, Query, description = "The account to reconnect; members may, too"),
        ("return_to" = Option<String>, Query, description = "A path of this site to come back to; `/accounts` if left out"),
    ),
    responses(
        (status = 303, description = "To the platform; to the accounts page (or that of the account to reconnect) with \
            `oauth_error` if this Arctiv is not set up for it; a browser that is not signed in, to `/login`"),
        (status = 400, description = "The account is of another platform", body = Failure),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 403, description = "Not an admin (for reconnecting: a viewer)", body = Failure),
        (status = 404, description = "No such platform or account", body = Failure),
    ),
)]
async fn authorize(
    State(accounts): Port,
    PathPlatform(platform): PathPlatform,
    signed_in: Result<SignedIn, ApiError>,
    headers: HeaderMap,
    Query(query): Query<AuthorizeQuery>,
) -> Result<Redirect, ApiError> {
    let SignedIn(actor) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(_) if is_browser(&headers) => return Ok(Redirect::to("/login?next=/accounts")),
        Err(error) => return Err(error),
    };
    let options = AuthorizeOptions { account_id: query.account_id, return_to: query.return_to };
    match accounts.authorize(&actor, platform, options).await {
        Ok(url) => Ok(Redirect::to(&url)),
        Err(error) => match OauthFailure::behind(&error) {
            Some(failure) => Ok(to_problem(failure, platform)),
            None => Err(error.into()),
        },
    }
}

/// Where the platform sends the browser back to.
#[utoipa::path(
    get, path = "/api/oauth/{platform}/callback", tag = "accounts",
    params(
        ("platform" = Platform, Path),
        ("state" = Option<String>, Query, description = "Ours, from the authorize address"),
        ("code" = Option<String>, Query, description = "The platform's, when the person agreed"),
        ("error" = Option<String>, Query, description = "The platform's, when not"),
    ),
    responses(
        (status = 303, description = "Back into the app with `connected` (how many), `platform`, and `withheld` (the id of \
            what was withheld, if anything was); or to the accounts page, after a reconnection to that of the account, with \
            `oauth_error` (a word for what went wrong) and `platform`; or, not signed in, to `/login`"),
        (status = 404, description = "No such platform", body = Failure),
    ),
)]
async fn callback(
    State(accounts): Port,
    PathPlatform(platform): PathPlatform,
    signed_in: Result<SignedIn, ApiError>,
    callback: Result<Query<Callback>, ApiError>,
) -> Response {
    let Ok(SignedIn(actor)) = signed_in else {
        return Redirect::to("/login?next=/accounts").into_response();
    };
    // What cannot be read is no answer of the platform's: the person gets the page that says so, and not our JSON.
    let callback = callback.map(|Query(callback)| callback).unwrap_or_default();
    match accounts.callback(&actor, platform, callback).await {
        Ok(connected) => {
            let mut pairs =
                vec![("connected", connected.accounts.len().to_string()), ("platform", platform.to_string())];
            pairs.extend(connected.withheld.map(|id| ("withheld", id.to_string())));
            Redirect::to(&with_query(&connected.return_to, &pairs)).into_response()
        }
        Err(error) => match OauthFailure::behind(&error) {
            Some(failure) => {
                log(&error);
                to_problem(failure, platform).into_response()
            }
            None => ApiError(error).into_response(),
        },
    }
}

/// What was withheld in an authorization of one's own: permissions that were not given and pages that were not
/// connected, with what that costs. Kept for a day.
#[utoipa::path(
    get, path = "/api/authorizations/{id}/withheld", tag = "accounts",
    params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 200, body = Success<Withheld>),
        (status = 401, description = "Not signed in", body = Failure),
        (status = 404, description = "Absent, somebody else's, or nothing was withheld", body = Failure),
    ),
)]
async fn withheld(
    State(accounts): Port,
    SignedIn(actor): SignedIn,
    PathId(id): PathId<OauthStateId>,
) -> ApiResult<Ok200<Withheld>> {
    Ok(Ok200(accounts.withheld(&actor, id).await?))
}

/// What platforms send of their own accord, for any state that holds the port.
pub fn push_router<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Arc<dyn PushEvents>: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(receive)).routes(routes!(forget)).routes(routes!(deletion))
}

/// A message as the port takes it. What a browser would bring along is left out.
fn message_of(headers: &HeaderMap, body: RawBody) -> PushMessage {
    let telling = |name: &HeaderName| *name != header::COOKIE && *name != header::AUTHORIZATION;
    let headers = headers
        .iter()
        .filter(|(name, _)| telling(name))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    PushMessage { headers, body: body.0.to_vec() }
}

/// Takes a platform's message about a person who has taken access back: Meta's *deauthorize callback* (a form with
/// `signed_request`), TikTok's webhook (JSON with the header `TikTok-Signature`). Register this address there.
#[utoipa::path(
    post, path = "/api/webhooks/{platform}", tag = "accounts", security(()),
    params(("platform" = Platform, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "As the platform signs it"),
    responses(
        (status = 200, description = "Taken; `data` is null", body = Success<Option<Account>>),
        (status = 400, description = "Signed, and not as the platform documents it", body = Failure),
        (status = 401, description = "Not signed by the platform for this Arctiv, or not of this time", body = Failure),
        (status = 404, description = "No such platform, one that sends nothing, or one that is not set up", body = Failure),
        (status = 413, description = "The message is too large", body = Failure),
    ),
)]
async fn receive(
    State(push): State<Arc<dyn PushEvents>>,
    Anyone(visitor): Anyone,
    PathPlatform(platform): PathPlatform,
    headers: HeaderMap,
    body: RawBody,
) -> ApiResult<Ok200<Option<Account>>> {
    push.receive(&visitor, platform, message_of(&headers, body)).await?;
    Ok(Ok200(None))
}

/// What Meta's documentation asks for, as it asks for it.
#[derive(Debug, Serialize, ToSchema)]
struct DeletionTicket {
    /// Where the person can see what became of the request.
    url: String,
    confirmation_code: String,
    request_id: String,
}

/// Takes a platform's message about a person who wants gone what is kept of them: Meta's *data deletion callback*.
#[utoipa::path(
    post, path = "/api/webhooks/{platform}/data-deletion", tag = "accounts", security(()),
    params(("platform" = Platform, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "As the platform signs it"),
    responses(
        (status = 200, description = "Taken; in the platform's form, not in an envelope", body = DeletionTicket),
        (status = 400, description = "Signed, and not as the platform documents it", body = Failure),
        (status = 401, description = "Not signed by the platform for this Arctiv, or not of this time", body = Failure),
        (status = 404, description = "No such platform, one that sends nothing, or one that is not set up", body = Failure),
        (status = 413, description = "The message is too large", body = Failure),
    ),
)]
async fn forget(
    State(push): State<Arc<dyn PushEvents>>,
    Anyone(visitor): Anyone,
    PathPlatform(platform): PathPlatform,
    headers: HeaderMap,
    body: RawBody,
) -> ApiResult<Json<DeletionTicket>> {
    let taken = push.forget(&visitor, platform, message_of(&headers, body)).await?;
    Ok(Json(DeletionTicket {
        url: taken.status_url,
        confirmation_code: taken.deletion.code,
        request_id: visitor.request_id.to_string(),
    }))
}

/// What became of a request to be forgotten, by the code its person was given.
#[utoipa::path(
    get, path = "/api/data-deletions/{code}", tag = "accounts", security(()),
    params(("code" = String, Path)),
    responses(
        (status = 200, body = Success<DataDeletion>),
        (status = 404, description = "No such request", body = Failure),
    ),
)]
async fn deletion(
    State(push): State<Arc<dyn PushEvents>>,
    Anyone(visitor): Anyone,
    code: Result<Path<String>, PathRejection>,
) -> ApiResult<Ok200<DataDeletion>> {
    let code = code.map(|Path(code)| code).unwrap_or_default();
    Ok(Ok200(push.deletion(&visitor, &code).await?))
}

/// To the page that says what went wrong, the account's own where one was to be reconnected; in a word, so that nobody can
/// make it say something else.
fn to_problem(failure: &OauthFailure, platform: Platform) -> Redirect {
    let page = failure.account.map_or_else(|| "/accounts".to_owned(), |id| format!("/accounts/{id}"));
    let pairs = [("oauth_error", failure.problem.code().to_owned()), ("platform", platform.to_string())];
    Redirect::to(&with_query(&page, &pairs))
}

/// Adds to the query of a path of ours, before its fragment.
fn with_query(path: &str, pairs: &[(&str, String)]) -> String {
    let (path, fragment) = path.split_once('#').map_or((path, None), |(path, fragment)| (path, Some(fragment)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = if path.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{joint}{query}{fragment}")
}

/// Whether a person looks at the answer, rather than a program.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::with_query;

    #[test]
    fn a_query_is_added_where_it_belongs() {
        let pairs = [("connected", "2".to_owned()), ("platform", "facebook".to_owned())];
        assert_eq!(with_query("/accounts", &pairs), "/accounts?connected=2&platform=facebook");
        assert_eq!(with_query("/compose?post=1#media", &pairs), "/compose?post=1&connected=2&platform=facebook#media");
    }
}
