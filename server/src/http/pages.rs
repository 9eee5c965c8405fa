//! Pages: rendered by `app`, behind the gate; and the forms that work without JavaScript.

use std::{collections::HashSet, sync::LazyLock};

use app::{
    services::{RequestContext, Services},
    session::FormOutcome,
};
use axum::{
    Router,
    body::Bytes,
    extract::{FromRef, FromRequest, Multipart, Path, Request, State, multipart::MultipartError},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, post},
};
use domain::{
    Actor, ErrorCode, Fault, ServiceError, SessionId, Visitor,
    identity::{
        ConfirmTotp, DeleteAccount, ForgotPassword, Gate, Login, LoginStep, Me, ProfilePatch, ProvePassword, Register,
        ResetPassword, SecondStep, SignedIn as Session, gate, safe_next, split_specialties,
    },
    notifications::{NotificationEvent, PreferencesPatch, UNSUBSCRIBE_PAGE},
    text::truncate_chars,
    workspaces::{AcceptInvitation, NewWorkspace, WorkspaceKind, WorkspacePatch, elsewhere},
};
use leptos::{
    WasmSplitManifest,
    config::LeptosOptions,
    nonce::use_nonce,
    prelude::{provide_context, use_context},
    server_fn::axum::server_fn_paths,
};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};

use super::{
    assets::Assets,
    cookie::{self, CookiePolicy},
    envelope::{self, ApiError},
    extract::{Anyone, SignedIn, not_found},
    middleware::IN_WORKSPACE,
    picture,
};

/// What pages need; a part of the program's state.
#[derive(Clone)]
pub struct PageState {
    pub services: Services,
    pub options: LeptosOptions,
    pub cookies: CookiePolicy,
    pub assets: Assets,
    /// Another origin that pictures come from: the sandbox's, where it plays the platforms.
    pub picture_origin: Option<String>,
}

/// The routes of the app, listed once: listing renders, and two at a time would hang (leptos#4773).
pub fn routes() -> Vec<AxumRouteListing> {
    generate_route_list(app::App)
}

/// Pages, server functions, forms and files; everything that is not `/api`.
pub fn router<S>(state: PageState, routes: Vec<AxumRouteListing>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let surroundings = Surroundings::of(&state);
    let context = {
        let services = state.services.clone();
        move || {
            let request = use_context::<axum::http::request::Parts>();
            let Some(parts) = request else { return };
            surroundings.provide(context_of(&services, &parts.extensions).as_ref());
        }
    };
    let options = state.options.clone();
    Router::new()
        .leptos_routes_with_context(&state, routes, context, move || app::shell(options.clone()))
        .route("/fn/{*path}", post(server_functions))
        .route("/in/{workspace}/fn/{*path}", post(server_functions_in))
        .route("/login", post(login))
        .route("/login/verify", post(verify))
        .route("/register", post(register))
        .route("/logout", post(logout))
        .route("/workspaces", post(workspaces))
        .route("/settings/workspace", post(workspace_settings).layer(picture::body_limit()))
        .route("/settings/data", post(own_data))
        .route("/settings/notifications", post(notifications))
        .route("/unsubscribe", post(unsubscribe))
        .route("/settings/profile", post(profile).layer(picture::body_limit()))
        .route("/confirm", post(confirm))
        .route("/forgot", post(forgot))
        .route("/reset", post(reset))
        .route("/settings/security/sessions", post(end_sessions))
        .route("/settings/security/two-step", post(two_step))
        .route("/invite/{token}", post(join))
        .route("/invite/{token}/decline", post(decline))
        .fallback(any(file_or_page))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

impl FromRef<PageState> for LeptosOptions {
    fn from_ref(state: &PageState) -> Self {
        state.options.clone()
    }
}

/// What is the same around every page.
#[derive(Clone)]
struct Surroundings {
    picture_origin: Option<String>,
    modules: Option<WasmSplitManifest>,
}

impl Surroundings {
    fn of(state: &PageState) -> Self {
        Self { picture_origin: state.picture_origin.clone(), modules: state.assets.modules() }
    }

    /// Fills the context of a page.
    fn provide(&self, context: Option<&RequestContext>) {
        if let Some(context) = context {
            context.provide();
        }
        if let Some(modules) = &self.modules {
            provide_context(modules.clone());
        }
        content_security_policy(self.picture_origin.as_deref());
    }
}

/// Scripts: ours, by the page's nonce. Styles of elements are set by components (widths of meters), hence
/// `style-src-attr`; style *elements* need the nonce.
fn content_security_policy(picture_origin: Option<&str>) {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let pictures = picture_origin.unwrap_or_default();
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data: blob: https: {pictures}; media-src 'self' blob:; font-src 'self'; connect-src 'self'; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// The refused form that a page shows again.
#[derive(Clone)]
struct Refused(FormOutcome);

fn context_of(services: &Services, extensions: &axum::http::Extensions) -> Option<RequestContext> {
    Some(RequestContext {
        services: services.clone(),
        actor: extensions.get::<Actor>().cloned(),
        me: extensions.get::<Me>().cloned(),
        visitor: extensions.get::<Visitor>().cloned()?,
        form: extensions.get::<Refused>().map(|refused| refused.0.clone()),
    })
}

/// Who may see which page.
async fn guard(State(state): State<PageState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        || path.starts_with("/fn/")
        || path.starts_with(IN_WORKSPACE)
    {
        return next.run(request).await;
    }
    if let Some(file) = state.assets.serve(request.method(), &path, request.headers()).await {
        return file;
    }
    let kind = request.extensions().get::<Actor>().map(|actor| actor.kind);
    let path_and_query = request.uri().path_and_query().map_or(path.as_str(), |all| all.as_str());
    if let Gate::Redirect(to) = gate(&path, path_and_query, kind) {
        return Redirect::to(&to).into_response();
    }
    next.run(request).await
}

/// Where the app's server functions are. They are known once the program is loaded.
static SERVER_FUNCTIONS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| server_fn_paths().map(|(path, _)| path).collect());

/// The server functions by path and method, for tests that leave none out.
pub fn server_function_list() -> Vec<(String, Method)> {
    // Listing the pages sees to it that the app, and with it the registry, is there.
    drop(routes());
    server_fn_paths().map(|(path, method)| (path.to_owned(), method)).collect()
}

async fn server_functions(State(state): State<PageState>, request: Request) -> Response {
    // The framework's own answer explains itself to whoever wrote the program.
    if !SERVER_FUNCTIONS.contains(request.uri().path()) {
        return not_found().await.into_response();
    }
    let context = context_of(&state.services, request.extensions());
    leptos_axum::handle_server_fns_with_context(
        move || {
            if let Some(context) = &context {
                context.provide();
            }
        },
        request,
    )
    .await
    .into_response()
}

/// The same for a page that says which workspace it belongs to; that the session is in it has been seen to.
async fn server_functions_in(
    State(state): State<PageState>,
    Path((_, name)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let Ok(uri) = format!("/fn/{name}").parse() else { return not_found().await.into_response() };
    *request.uri_mut() = uri;
    server_functions(State(state), request).await
}

/// Files were tried by the guard; what is left is a page that the app shows as not found.
async fn file_or_page(State(state): State<PageState>, request: Request) -> Response {
    render(&state, request).await
}

async fn render(state: &PageState, request: Request) -> Response {
    let context = context_of(&state.services, request.extensions());
    let options = state.options.clone();
    let surroundings = Surroundings::of(state);
    let handler = leptos_axum::render_app_async_with_context(
        move || surroundings.provide(context.as_ref()),
        move || app::shell(options.clone()),
    );
    handler(request).await.into_response()
}

/// Takes an offered place.
async fn join(
    State(state): State<PageState>,
    Anyone(visitor): Anyone,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = AcceptInvitation {
        token,
        full_name: field(&pairs, "full_name").unwrap_or_default(),
        password: field(&pairs, "password").unwrap_or_default(),
    };
    let actor = parts.extensions.get::<Actor>().cloned();
    match state.services.identity.accept_invitation(&visitor, actor.as_ref(), form).await {
        Ok(session) => {
            let to = session.workspace.kind.dashboard();
            ([cookie::set(state.cookies, &session.token)], Redirect::to(to)).into_response()
        }
        Err(error) => {
            let page = parts.uri.path().to_owned();
            again(&state, &page, parts, pairs, error).await
        }
    }
}

/// Says no to it; the page then says that it was declined.
async fn decline(
    State(state): State<PageState>,
    Anyone(visitor): Anyone,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let page = request.uri().path().trim_end_matches("/decline").to_owned();
    match state.services.team.decline(&visitor, &token).await {
        Ok(()) => Redirect::to(&page).into_response(),
        Err(error) if matches!(error.code(), ErrorCode::Gone | ErrorCode::NotFound) => {
            Redirect::to(&page).into_response()
        }
        Err(error) => ApiError(error).into_response(),
    }
}

type Pairs = Vec<(String, String)>;

fn field(pairs: &Pairs, name: &str) -> Option<String> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

async fn read_form(request: Request) -> Result<(axum::http::request::Parts, Pairs), Response> {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, 64 * 1024).await.map_err(|error| {
        ApiError(ServiceError::new(ErrorCode::PayloadTooLarge, "This form is larger than we take.").because(error))
            .into_response()
    })?;
    Ok((parts, url::form_urlencoded::parse(&bytes).into_owned().collect()))
}

async fn login(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = Login {
        email: field(&pairs, "email").unwrap_or_default(),
        password: field(&pairs, "password").unwrap_or_default(),
    };
    let outcome = match state.services.identity.login(&visitor, form).await {
        Ok(LoginStep::SignedIn(session)) => Ok(*session),
        Ok(LoginStep::SecondStep(pending)) => {
            let next = field(&pairs, "next").filter(|next| safe_next(Some(next)).is_some());
            let query = next
                .map(|next| url::form_urlencoded::Serializer::new(String::new()).append_pair("next", &next).finish());
            let to = query.map_or_else(|| "/login/verify".to_owned(), |query| format!("/login/verify?{query}"));
            return ([cookie::keep_sign_in(state.cookies, &pending.token)], Redirect::to(&to)).into_response();
        }
        Err(error) => Err(error),
    };
    finish(&state, "/login", parts, pairs, outcome).await
}

/// The second step.
async fn verify(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = SecondStep { code: field(&pairs, "code").unwrap_or_default() };
    let outcome = state.services.two_steps.second_step(&visitor, form).await;
    // A code is not shown again.
    let pairs = pairs.into_iter().filter(|(name, _)| name != "code").collect();
    finish(&state, "/login/verify", parts, pairs, outcome).await
}

async fn register(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = Register {
        email: field(&pairs, "email").unwrap_or_default(),
        password: field(&pairs, "password").unwrap_or_default(),
        role: field(&pairs, "role").unwrap_or_default(),
        full_name: field(&pairs, "full_name").unwrap_or_default(),
        agency_name: field(&pairs, "agency_name").filter(|name| !name.trim().is_empty()),
    };
    let outcome = state.services.identity.register(&visitor, form).await;
    finish(&state, "/register", parts, pairs, outcome).await
}

/// Into the app with a session, or the same page again with what was wrong.
async fn finish(
    state: &PageState,
    page: &'static str,
    parts: axum::http::request::Parts,
    pairs: Pairs,
    outcome: Result<Session, ServiceError>,
) -> Response {
    match outcome {
        Ok(session) => {
            let kind: WorkspaceKind = session.workspace.kind;
            let next = field(&pairs, "next");
            let to = safe_next(next.as_deref()).unwrap_or(kind.dashboard());
            ([cookie::set(state.cookies, &session.token)], Redirect::to(to)).into_response()
        }
        Err(error) => {
            // The page is shown again to somebody who is not signed in.
            let mut parts = parts;
            parts.extensions.remove::<Me>();
            again(state, page, parts, pairs, error).await
        }
    }
}

/// The page again, with what was wrong with its form. `page` is what was posted to: the browser, which has that address, builds the
/// same page from it.
async fn again(
    state: &PageState,
    page: &str,
    parts: axum::http::request::Parts,
    pairs: Pairs,
    error: ServiceError,
) -> Response {
    envelope::log(&error);
    let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::BAD_REQUEST);
    let fault: Fault = error.fault;
    let again = repeated(page, parts, FormOutcome::new(pairs, fault));
    let mut response = render(state, again).await;
    *response.status_mut() = status;
    response
}

/// A request for the page of a form, with what became of that.
fn repeated(page: &str, parts: axum::http::request::Parts, outcome: FormOutcome) -> Request {
    let mut again = Request::new(axum::body::Body::empty());
    *again.uri_mut() = parts.uri.clone();
    let query = match parts.uri.query() {
        Some(query) if !page.contains('?') => format!("{page}?{query}"),
        _ => page.to_owned(),
    };
    if let Ok(uri) = query.parse() {
        *again.uri_mut() = uri;
    }
    *again.headers_mut() = parts.headers;
    *again.extensions_mut() = parts.extensions;
    again.headers_mut().remove(header::CONTENT_LENGTH);
    again.headers_mut().remove(header::CONTENT_TYPE);
    again.extensions_mut().insert(Refused(outcome));
    again
}

/// A path with the token of a link, if there is one.
fn with_token(path: &str, token: Option<&str>) -> String {
    let query =
        token.map(|token| url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish());
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// Confirms an address: the button on the page of the link, since merely opening it must change nothing. The other button there
/// asks for another letter.
async fn confirm(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    if field(&pairs, "resend").is_some() {
        return resend(state, visitor, parts, pairs).await;
    }
    let token = field(&pairs, "token").unwrap_or_default();
    match state.services.credentials.confirm_email(&visitor, &token).await {
        Ok(_) if parts.extensions.get::<Actor>().is_some() => Redirect::to("/confirm?done=true").into_response(),
        Ok(_) => Redirect::to("/login?notice=confirmed").into_response(),
        // The page of the link says why, and how to get another.
        Err(error) if matches!(error.code(), ErrorCode::Gone | ErrorCode::NotFound) => {
            Redirect::to(&with_token("/confirm", Some(&token))).into_response()
        }
        Err(error) => again(&state, "/confirm", parts, pairs, error).await,
    }
}

/// Sends the confirmation mail again, to who is signed in or to who holds a link that does not work any more.
async fn resend(state: PageState, visitor: Visitor, parts: axum::http::request::Parts, pairs: Pairs) -> Response {
    let token = field(&pairs, "token").filter(|token| !token.is_empty());
    let outcome = match (&token, parts.extensions.get::<Actor>()) {
        (Some(token), _) => state.services.credentials.resend_for_link(&visitor, token).await,
        (None, Some(actor)) => state.services.credentials.resend_confirmation(actor).await,
        (None, None) => return Redirect::to("/login?next=/confirm").into_response(),
    };
    let page = with_token("/confirm", token.as_deref());
    match outcome {
        Ok(_) => Redirect::to(&format!("{page}{}sent=true", if token.is_some() { '&' } else { '?' })).into_response(),
        Err(error) => again(&state, "/confirm", parts, pairs, error).await,
    }
}

async fn forgot(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let form = ForgotPassword { email: field(&pairs, "email").unwrap_or_default() };
    match state.services.credentials.forgot_password(&visitor, form).await {
        Ok(()) => Redirect::to("/forgot?sent=true").into_response(),
        Err(error) => again(&state, "/forgot", parts, pairs, error).await,
    }
}

async fn reset(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let token = field(&pairs, "token").unwrap_or_default();
    let form = ResetPassword { token, password: field(&pairs, "password").unwrap_or_default() };
    match state.services.credentials.reset_password(&visitor, form).await {
        Ok(()) => ([cookie::clear(state.cookies)], Redirect::to("/login?notice=reset")).into_response(),
        Err(error) => again(&state, "/reset", parts, pairs, error).await,
    }
}

/// Goes to another workspace, or makes a further one: the two kinds of forms on the page of one's workspaces.
async fn workspaces(State(state): State<PageState>, request: Request) -> Response {
    const PAGE: &str = "/workspaces";
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(actor) = parts.extensions.get::<Actor>() else {
        return Redirect::to("/login?next=/workspaces").into_response();
    };
    let memberships = &state.services.memberships;
    let outcome = match field(&pairs, "to") {
        Some(to) => match to.parse() {
            Ok(to) => memberships.switch(actor, to).await,
            Err(_) => Err(ServiceError::not_found("workspace")),
        },
        None => {
            let form = NewWorkspace {
                name: field(&pairs, "name").unwrap_or_default(),
                kind: field(&pairs, "kind").unwrap_or_default(),
            };
            memberships.create(actor, form).await
        }
    };
    match outcome {
        Ok(entered) => Redirect::to(entered.kind.dashboard()).into_response(),
        Err(error) => again(&state, PAGE, parts, pairs, error).await,
    }
}

/// A form of the settings: fields, or a picture with fields beside it.
struct SettingsForm {
    parts: axum::http::request::Parts,
    pairs: Pairs,
    picture: Option<Vec<u8>>,
}

async fn read_settings(request: Request) -> Result<SettingsForm, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let (parts, pairs) = read_form(request).await?;
        return Ok(SettingsForm { parts, pairs, picture: None });
    }
    let refused = |error: MultipartError| {
        let error = if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            picture::too_large().because(error)
        } else {
            ServiceError::field("file", "The picture could not be read. Try again.").because(error)
        };
        ApiError(error).into_response()
    };
    let (parts, body) = request.into_parts();
    let form = Multipart::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let mut form = form.map_err(|error| {
        ApiError(ServiceError::field("file", "This form was not understood.").because(error)).into_response()
    })?;
    let (mut pairs, mut file) = (Pairs::new(), None);
    while let Some(field) = form.next_field().await.map_err(refused)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "picture" {
            file = Some(field.bytes().await.map_err(refused)?.into());
        } else if pairs.len() < 20 {
            let text = field.text().await.map_err(refused)?;
            pairs.push((name, truncate_chars(&text, 200).to_owned()));
        }
    }
    Ok(SettingsForm { parts, pairs, picture: file })
}

/// What a page of the settings answers: itself again, with a word that it is saved or with what is wrong.
async fn settled<T>(
    state: &PageState,
    page: &str,
    parts: axum::http::request::Parts,
    pairs: Pairs,
    outcome: Result<T, ServiceError>,
) -> Response {
    match outcome {
        Ok(_) => Redirect::to(&format!("{page}?saved=true")).into_response(),
        Err(error) => {
            let mut parts = parts;
            if let Ok(uri) = page.parse() {
                // Without the word of an earlier time.
                parts.uri = uri;
            }
            again(state, page, parts, pairs, error).await
        }
    }
}

/// A form that belongs to a workspace counts in that one only.
fn meant_here(actor: &Actor, pairs: &Pairs) -> Result<(), ServiceError> {
    match field(pairs, "workspace") {
        Some(named) if named.parse() != Ok(actor.workspace_id) => Err(elsewhere()),
        _ => Ok(()),
    }
}

/// A number as somebody typed it; nothing for nothing.
fn number<T: std::str::FromStr>(pairs: &Pairs, name: &str) -> Result<Option<T>, ServiceError> {
    match field(pairs, name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ServiceError::field(name, "Enter a whole number")),
    }
}

async fn workspace_settings(State(state): State<PageState>, request: Request) -> Response {
    const PAGE: &str = "/settings/workspace";
    let SettingsForm { parts, pairs, picture: file } = match read_settings(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(actor) = parts.extensions.get::<Actor>() else {
        return Redirect::to("/login?next=/settings/workspace").into_response();
    };
    let settings = &state.services.workspace_settings;
    let outcome = async {
        meant_here(actor, &pairs)?;
        if let Some(file) = file {
            return settings.set_logo(actor, file).await;
        }
        if field(&pairs, "remove_picture").is_some() {
            return settings.remove_logo(actor).await;
        }
        let patch = WorkspacePatch {
            name: field(&pairs, "name"),
            slug: field(&pairs, "slug").map(|slug| slug.trim().to_owned()),
            time_zone: field(&pairs, "time_zone").map(|zone| zone.trim().to_owned()),
            undo_seconds: number(&pairs, "undo_seconds")?,
            new_accounts_active: Some(field(&pairs, "new_accounts_active").is_some()),
            approval_policy: match field(&pairs, "approval_policy") {
                None => None,
                Some(word) => Some(
                    word.parse()
                        .map_err(|()| ServiceError::field("approval_policy", "Choose whose posts wait for approval"))?,
                ),
            },
        };
        settings.change(actor, patch).await
    };
    let outcome = outcome.await;
    settled(&state, PAGE, parts, pairs, outcome).await
}

async fn profile(State(state): State<PageState>, request: Request) -> Response {
    const PAGE: &str = "/settings/profile";
    let SettingsForm { parts, pairs, picture: file } = match read_settings(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(actor) = parts.extensions.get::<Actor>() else {
        return Redirect::to("/login?next=/settings/profile").into_response();
    };
    let profiles = &state.services.profiles;
    let outcome = async {
        if let Some(file) = file {
            return profiles.set_avatar(actor, file).await;
        }
        if field(&pairs, "remove_picture").is_some() {
            return profiles.remove_avatar(actor).await;
        }
        // The page shows the fields that there are; an empty number takes it away.
        let patch = ProfilePatch {
            full_name: field(&pairs, "full_name"),
            headline: field(&pairs, "headline"),
            bio: field(&pairs, "bio"),
            specialties: field(&pairs, "specialties").map(|typed| split_specialties(&typed)),
            availability: field(&pairs, "availability"),
            agency_name: field(&pairs, "agency_name"),
            team_size: match field(&pairs, "team_size") {
                Some(_) => Some(number(&pairs, "team_size")?.unwrap_or(0)),
                None => None,
            },
            listed: field(&pairs, "availability").map(|_| field(&pairs, "listed").is_some()),
        };
        profiles.change_profile(actor, patch).await
    };
    let outcome = outcome.await;
    settled(&state, PAGE, parts, pairs, outcome).await
}

/// Asks for one's data, or deletes the account.
async fn own_data(State(state): State<PageState>, request: Request) -> Response {
    const PAGE: &str = "/settings/data";
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(actor) = parts.extensions.get::<Actor>() else {
        return Redirect::to("/login?next=/settings/data").into_response();
    };
    let data = &state.services.own_data;
    if field(&pairs, "export").is_some() {
        let outcome = data.request_export(actor).await;
        return settled(&state, PAGE, parts, pairs, outcome).await;
    }
    let form = DeleteAccount { current_password: field(&pairs, "current_password").unwrap_or_default() };
    match data.delete_account(actor, form).await {
        Ok(()) => ([cookie::clear(state.cookies)], Redirect::to("/login?notice=deleted")).into_response(),
        Err(error) => settled::<()>(&state, PAGE, parts, pairs, Err(error)).await,
    }
}

/// Which letters somebody gets: the page sends which of them it shows, and which of those are ticked.
async fn notifications(State(state): State<PageState>, request: Request) -> Response {
    const PAGE: &str = "/settings/notifications";
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let Some(actor) = parts.extensions.get::<Actor>() else {
        return Redirect::to("/login?next=/settings/notifications").into_response();
    };
    let outcome = async {
        meant_here(actor, &pairs)?;
        let named = |name: &str| -> Vec<NotificationEvent> {
            pairs.iter().filter(|(key, _)| key == name).filter_map(|(_, word)| word.parse().ok()).collect()
        };
        let on = named("email");
        let patch =
            PreferencesPatch { email: named("shown").into_iter().map(|event| (event, on.contains(&event))).collect() };
        state.services.notifications.set_preferences(actor, patch).await
    };
    let outcome = outcome.await;
    settled(&state, PAGE, parts, pairs, outcome).await
}

/// Ends letters of a kind, for whoever holds the link at their end: by the button on its page, or by a mail program, which posts to the
/// address of the link without opening it (RFC 8058). The answer is the page itself, since such a program follows no redirect.
async fn unsubscribe(State(state): State<PageState>, Anyone(visitor): Anyone, request: Request) -> Response {
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let in_address = parts.uri.query().and_then(|query| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "token")
            .map(|(_, token)| token.into_owned())
    });
    let token = field(&pairs, "token").or(in_address).unwrap_or_default();
    // Where the link is none of ours, the page says so.
    if let Err(error) = state.services.notifications.unsubscribe(&visitor, &token).await
        && error.code() != ErrorCode::NotFound
    {
        return ApiError(error).into_response();
    }
    let sent = FormOutcome { values: [("token".to_owned(), token)].into(), ..FormOutcome::default() };
    render(&state, repeated(UNSUBSCRIBE_PAGE, parts, sent)).await
}

async fn logout(State(state): State<PageState>, actor: Result<SignedIn, ApiError>) -> Response {
    // Somebody whose session has ended already wants the same thing.
    if let Ok(SignedIn(actor)) = actor
        && let Err(error) = state.services.identity.logout(&actor).await
    {
        return ApiError(error).into_response();
    }
    let clear: (HeaderName, HeaderValue) = cookie::clear(state.cookies);
    ([clear], Redirect::to("/login")).into_response()
}

/// Ends one session of whoever asks, or all others.
async fn end_sessions(State(state): State<PageState>, actor: Result<SignedIn, ApiError>, request: Request) -> Response {
    const PAGE: &str = "/settings/security";
    let Ok(SignedIn(actor)) = actor else { return Redirect::to("/login?next=/settings/security").into_response() };
    let pairs = match read_form(request).await {
        Ok((_, pairs)) => pairs,
        Err(response) => return response,
    };
    let sessions = &state.services.sessions;
    let ended = match field(&pairs, "session").map(|id| id.parse::<SessionId>()) {
        Some(Ok(id)) => sessions.end_session(&actor, id).await.map(|()| "one".to_owned()),
        Some(Err(_)) => Err(ServiceError::not_found("session")),
        None => sessions.end_other_sessions(&actor).await.map(|all| all.ended.to_string()),
    };
    match ended {
        Ok(ended) => Redirect::to(&format!("{PAGE}?ended={ended}")).into_response(),
        // It has ended already.
        Err(error) if error.code() == ErrorCode::NotFound => Redirect::to(PAGE).into_response(),
        Err(error) => ApiError(error).into_response(),
    }
}

/// Setting two-step sign-in up, and off. Recovery codes are in the answer itself: no address leads to them.
async fn two_step(State(state): State<PageState>, actor: Result<SignedIn, ApiError>, request: Request) -> Response {
    const PAGE: &str = "/settings/security/two-step";
    let Ok(SignedIn(actor)) = actor else {
        return Redirect::to("/login?next=/settings/security/two-step").into_response();
    };
    let (parts, pairs) = match read_form(request).await {
        Ok(form) => form,
        Err(response) => return response,
    };
    let password = || ProvePassword { current_password: field(&pairs, "current_password").unwrap_or_default() };
    let two_steps = &state.services.two_steps;
    let codes = match field(&pairs, "do").as_deref() {
        Some("begin") => two_steps.begin_totp(&actor, password()).await.map(|_| None),
        Some("confirm") => {
            let form = ConfirmTotp { code: field(&pairs, "code").unwrap_or_default() };
            two_steps.confirm_totp(&actor, form).await.map(Some)
        }
        Some("codes") => two_steps.renew_recovery_codes(&actor, password()).await.map(Some),
        Some("disable") => two_steps.disable_two_step(&actor, password()).await.map(|()| None),
        _ => return Redirect::to(PAGE).into_response(),
    };
    // Which of the page's forms it was; nothing that was typed.
    let form: Pairs = pairs.into_iter().filter(|(name, _)| name == "do").collect();
    match codes {
        Ok(None) => Redirect::to(PAGE).into_response(),
        Ok(Some(codes)) => {
            let values = form.into_iter().chain([("recovery_codes".to_owned(), codes.codes.join(" "))]).collect();
            let outcome = FormOutcome { values, ..FormOutcome::default() };
            let mut response = render(&state, repeated(PAGE, parts, outcome)).await;
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => again(&state, PAGE, parts, form, error).await,
    }
}
