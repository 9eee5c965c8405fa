//! The whole HTTP surface: REST with its OpenAPI document, pages, health.

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::Method,
    middleware as layer,
    routing::{any, get},
};
use domain::workspaces::Scope;
use leptos_axum::AxumRouteListing;
use tower_http::compression::{
    CompressionLayer, Predicate,
    predicate::{NotForContentType, SizeAbove},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, RefOr, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use super::assemble::Arctiv;
use crate::{
    config::Environment,
    features::{accounts, audit, deliveries, identity, media, notifications, posts, workspaces},
    http::{extract, health, keys, limits, middleware, pages, well_known},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Arctiv",
        description = "Everything a person can do in Arctiv, a program can do here, through the same services.\n\n\
                       Every answer is an envelope: `{\"success\":true,\"data\":…,\"request_id\":…}`, lists with `page`; \
                       failures carry `error`, `code` and `details.fields`. A state-changing request with the session \
                       cookie must come from Arctiv's own origin.\n\nA program signs in with an API key of the workspace \
                       (`Authorization: Bearer arc_…`), which an admin makes under *API keys*. It acts as that admin, within \
                       the scopes it was given; each operation names the scope it takes, and those that name none take no \
                       keys.\n\nEvery answer says how many requests a minute are \
                       answered (`x-ratelimit-limit`), how many are left (`x-ratelimit-remaining`) and in how many \
                       seconds all are there again (`x-ratelimit-reset`).",
        license(name = "MIT", identifier = "MIT"),
    ),
    modifiers(&Session),
    security(("session" = [])),
    tags(
        (name = "identity", description = "Register, log in, log out, who am I, what proves it"),
        (name = "workspaces", description = "The team of a workspace, and the keys of its programs"),
        (name = "accounts", description = "Connected platform accounts"),
        (name = "posts", description = "Posts"),
        (name = "deliveries", description = "Posts on their way to accounts"),
        (name = "media", description = "Pictures, videos and documents"),
        (name = "events", description = "Live changes"),
        (name = "notifications", description = "Which letters you get"),
        (name = "webhooks", description = "Addresses that are told what happens"),
        (name = "audit", description = "Who changed what, and when"),
        (name = "operation", description = "For operators"),
    )
)]
struct Document;

struct Session;

impl Modify for Session {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("arctiv_session")));
        let key = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("arc_…")
            .description(Some("An API key of the workspace. Each operation names the scope that it takes."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
    }
}

/// What any operation may answer, since every one of them is counted.
struct Limited;

impl Modify for Limited {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let failure = Content::new(Some(Ref::from_schema_name("Failure")));
        let refusal = ResponseBuilder::new()
            .description("`RATE_LIMITED`: try again after `retry-after` seconds")
            .content("application/json", failure)
            .build();
        let counted = document.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/api/"));
        for (_, item) in counted {
            let operations =
                [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten();
            for operation in operations {
                operation.responses.responses.insert("429".to_owned(), RefOr::T(refusal.clone()));
            }
        }
    }
}

/// Which operations take an API key, and with which scope.
struct Keyed;

impl Modify for Keyed {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let operations = [
                (Method::GET, &mut item.get),
                (Method::PUT, &mut item.put),
                (Method::POST, &mut item.post),
                (Method::DELETE, &mut item.delete),
                (Method::PATCH, &mut item.patch),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let scope = match keys::access(&method, path) {
                    keys::Access::None => continue,
                    keys::Access::Any => None,
                    keys::Access::Scope(scope) => Some(scope),
                };
                let session = SecurityRequirement::new("session", [] as [&str; 0]);
                let key = SecurityRequirement::new("api_key", scope.map(Scope::as_str));
                operation.security = Some(vec![session, key]);
                if let Some(scope) = scope {
                    let failure = Content::new(Some(Ref::from_schema_name("Failure")));
                    let refusal = ResponseBuilder::new()
                        .description(format!("`FORBIDDEN`: the API key lacks the scope `{scope}`"))
                        .content("application/json", failure)
                        .build();
                    operation.responses.responses.entry("403".to_owned()).or_insert(RefOr::T(refusal));
                }
            }
        }
    }
}

/// Paths that are no part of the API: where nothing is, the document itself and the page that shows it.
const UNDOCUMENTED: [&str; 3] = ["/api", "/api/{*path}", "/api/openapi.json"];

fn api() -> OpenApiRouter<Arctiv> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(identity::router())
        .merge(identity::providers_router())
        .merge(workspaces::router())
        .merge(workspaces::keys_router())
        .merge(accounts::api::router())
        .merge(accounts::api::push_router())
        .merge(posts::api::router())
        .merge(posts::api::queue_router())
        .merge(posts::drafts::router())
        .merge(media::api::router())
        .merge(media::portraits::router())
        .merge(deliveries::router())
        .merge(notifications::router())
        .merge(notifications::api::preferences_router())
        .merge(notifications::webhooks::api::router())
        .merge(audit::api::router())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// The REST API, its document, and what is said where it has nothing.
fn rest() -> Router<Arctiv> {
    let (rest, mut document) = api().split_for_parts();
    Limited.modify(&mut document);
    Keyed.modify(&mut document);
    let document = get(move || std::future::ready(Json(document.clone())));
    let [nothing, nowhere, description] = UNDOCUMENTED;
    rest.route(nothing, any(extract::not_found))
        .route(nowhere, any(extract::not_found))
        .route(description, document)
        .method_not_allowed_fallback(extract::method_not_allowed)
}

/// The REST API's document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api().into_openapi();
    Limited.modify(&mut document);
    Keyed.modify(&mut document);
    document
}

/// Everything. `routes` are the app's pages, listed once per process.
pub fn router(arctiv: &Arctiv, routes: Vec<AxumRouteListing>) -> Router {
    let edge = arctiv.edge();
    let rest = rest().with_state(arctiv.clone());
    let docs = SwaggerUi::new("/api/docs").config(utoipa_swagger_ui::Config::new(["/api/openapi.json"]));
    let security_txt = get(well_known::security_txt).with_state(arctiv.security_contact());
    // Live events are tiny and must not be held back; media are compressed already, and read in parts by their bytes.
    let compress = SizeAbove::new(512)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::new("video/"))
        .and(NotForContentType::new("application/pdf"))
        .and(NotForContentType::new("application/vnd."))
        .and(NotForContentType::new("application/msword"))
        .and(NotForContentType::new("application/wasm"));
    // Letters that a developer wants to read; they hold links that open things.
    let mailbox = arctiv.mailbox.clone().filter(|_| arctiv.settings.server.environment == Environment::Development);
    let mailbox = mailbox.map(notifications::mailbox::router).unwrap_or_default();
    Router::new()
        .merge(rest)
        .merge(docs)
        .route(well_known::SECURITY_TXT, security_txt)
        .merge(mailbox)
        .merge(pages::router(arctiv.pages(), routes))
        .layer(DefaultBodyLimit::max(arctiv.settings.server.body_limit))
        .layer(CompressionLayer::new().br(true).gzip(true).no_deflate().no_zstd().compress_when(compress))
        .layer(layer::from_fn(keys::admit))
        .layer(layer::from_fn_with_state(edge.clone(), limits::limit))
        .layer(layer::from_fn_with_state(edge.clone(), middleware::session))
        .layer(layer::from_fn_with_state(edge.clone(), middleware::same_origin))
        .layer(layer::from_fn_with_state(edge.clone(), middleware::time_limit))
        .layer(layer::from_fn_with_state(edge.clone(), middleware::observe))
        .layer(layer::from_fn_with_state(edge, middleware::security_headers))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The paths of a router, which tells them in its debug form only.
    fn paths(router: &Router<Arctiv>) -> BTreeSet<String> {
        let text = format!("{router:?}");
        // The first two are those of the fallback, which every router has.
        let own = |path: &&str| path.starts_with('/') && *path != "/" && !path.contains("axum_fallback");
        text.split('"').filter(own).map(str::to_owned).collect()
    }

    #[test]
    fn every_path_is_documented_and_every_documented_path_is_there() {
        let documented: BTreeSet<String> = openapi().paths.paths.into_keys().collect();
        assert!(documented.len() > 20, "{documented:?}");
        let mut routed = paths(&rest());
        for path in UNDOCUMENTED {
            assert!(routed.remove(path), "{path} is not routed: is the debug form read rightly?");
        }
        assert_eq!(routed, documented);
    }

    #[test]
    fn a_path_beside_the_document_would_be_noticed() {
        let beside = rest().route("/api/secret", get(extract::not_found));
        assert!(paths(&beside).contains("/api/secret"));
    }
}
