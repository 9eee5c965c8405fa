//! Instagram (platforms.md 2), by its two doors: Facebook Login, where accounts stand behind pages, and Instagram Login,
//! where the account itself signs in. Both lead to the same containers, which become posts.
//!
//! The real doors are on hosts of their own. Here they share a prefix, and a request shows by its path or its token
//! which one it means.

mod containers;
mod graph;
mod login;
mod posts;

use axum::http::Method;
use serde_json::json;

use super::{
    Caller, Look, Network,
    meta::{self, GraphError, check_version, login as facebook_login, params, rupload, split_version, tasks},
};
use crate::{
    config::Client,
    consent,
    push::{About, Message},
    wire::{Call, Fetched, Reply},
    world::{Account, Consent, Fault, Grant, Kind, Operation, Post, Slug, World},
};

pub(super) struct Instagram;

pub(super) const SLUG: Slug = Slug("instagram");

/// Version of a call without one.
const DEFAULT_VERSION: &str = "v21.0";

impl Network for Instagram {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "Instagram"
    }

    fn mark(&self) -> &'static str {
        "IG"
    }

    fn look(&self) -> Look {
        Look { light: "#b0246f", dark: "#c0387f", corners: "12px" }
    }

    fn pages_word(&self) -> &'static str {
        "Pages and Instagram accounts"
    }

    fn seeds(&self) -> Vec<Account> {
        let person = |id, name, handle| Account::person(SLUG, id, name, handle).silent();
        let account = |id, name, handle, page: &str, staff: &[_]| {
            Account::page(SLUG, id, name, handle, staff).with(json!({ "page": page }))
        };
        let page = |id: &str, name, handle, staff: &[_]| {
            Account::page(SLUG, id, name, handle, staff).with(json!({ "page": id })).silent()
        };
        vec![
            person("10158230011223344", "Niamh Doyle", "niamh.doyle").about("Runs a coffee roastery"),
            person("10158230055667788", "Maya Lindqvist", "maya.lindqvist")
                .about("Works for the agency Harbour & Pine"),
            person("10158230099001122", "Tomás Okafor", "tomas.okafor").about("Reads figures, publishes for one page"),
            account(
                "17841400000000011",
                "Northwind Coffee",
                "northwindcoffee",
                "102938475610293",
                &[("10158230011223344", "ADMIN"), ("10158230055667788", "EDITOR")],
            )
            .about("Small-batch roasters. Cork."),
            account(
                "17841400000000012",
                "Harbour & Pine",
                "harbourandpine",
                "102938475630495",
                &[("10158230055667788", "ADMIN")],
            )
            .about("We look after brands you like."),
            account(
                "17841400000000013",
                "Juniper Hotels",
                "juniperhotels",
                "102938475640596",
                &[("10158230055667788", "EDITOR"), ("10158230099001122", "ANALYST")],
            )
            .about("Nine houses by the sea."),
            account(
                "17841400000000014",
                "Kestrel Bikes",
                "kestrelbikes",
                "102938475650697",
                &[("10158230055667788", "EDITOR"), ("10158230099001122", "ADMIN")],
            )
            .about("Bicycles, built slowly."),
            page("102938475620394", "Northwind Cafés Cork", "northwindcork", &[("10158230011223344", "ADMIN")])
                .about("A page without an Instagram account"),
        ]
    }

    fn invent(&self, serial: u64, name: &str, kind: Kind) -> Vec<Account> {
        let person_id = format!("1015901{serial:010}");
        let person = Account::person(SLUG, &person_id, &format!("{name} owner"), &format!("owner.{serial}")).silent();
        let staff = [(person_id.as_str(), "ADMIN")];
        let account = Account::page(SLUG, &format!("1784141{serial:010}"), name, &format!("insta.{serial}"), &staff)
            .with(json!({ "page": format!("1031{serial:011}") }));
        match kind {
            Kind::Person => vec![person],
            Kind::Page => vec![person, account],
        }
    }

    fn default_kind(&self) -> Kind {
        Kind::Page
    }

    fn scopes(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("public_profile", "Receive your name and profile picture"),
            ("email", "Receive your email address"),
            ("business_management", "Manage your businesses"),
            ("pages_show_list", "See a list of the Pages you manage"),
            ("pages_read_engagement", "Read content posted on your Pages"),
            ("instagram_basic", "See your Instagram profiles and posts"),
            ("instagram_content_publish", "Create and manage posts of your Instagram accounts"),
            ("instagram_manage_comments", "Manage comments of your Instagram accounts"),
            ("instagram_manage_insights", "See figures of your Instagram accounts"),
            ("instagram_business_basic", "See your profile and posts"),
            ("instagram_business_content_publish", "Create and manage your posts"),
            ("instagram_business_manage_comments", "Manage comments on your posts"),
            ("instagram_business_manage_insights", "See figures of your account"),
            ("instagram_business_manage_messages", "Manage your messages"),
        ]
    }

    fn fixed_scopes(&self) -> &'static [&'static str] {
        &["public_profile", "instagram_business_basic"]
    }

    fn signs_in(&self, account: &Account, scopes: &[String]) -> bool {
        if is_own_login(scopes) {
            account.kind == Kind::Page && account.publishes
        } else {
            account.kind == Kind::Person
        }
    }

    fn offers_pages(&self, scopes: &[String]) -> bool {
        !is_own_login(scopes)
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("error", "access_denied"),
            ("error_description", "The user denied your request."),
            ("error_reason", "user_denied"),
        ]
    }

    fn code_prefix(&self) -> &'static str {
        "AQ"
    }

    fn redirect_tail(&self, consent: &Consent) -> &'static str {
        if is_own_login(&consent.scopes) { "#_" } else { "#_=_" }
    }

    fn operation(&self, call: &Call) -> Operation {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        match (&call.method, path) {
            (_, ["oauth", "authorize"] | ["dialog", "oauth"]) => Operation::Authorize,
            (_, ["access_token" | "refresh_access_token"]) => Operation::Refresh,
            (_, ["oauth", "access_token"]) => {
                if params(call).get("grant_type") == Some("fb_exchange_token") {
                    Operation::Refresh
                } else {
                    Operation::Token
                }
            }
            (&Method::DELETE, [_, "permissions", ..]) => Operation::Revoke,
            (&Method::POST, [_, "media"] | ["ig-api-upload", ..]) => Operation::Upload,
            (&Method::POST, [_, "media_publish"]) => Operation::Publish,
            (&Method::POST, [_, "comments" | "replies"]) => Operation::Comment,
            (
                &Method::GET,
                ["debug_token" | "me"]
                | [
                    _,
                    "accounts"
                    | "permissions"
                    | "businesses"
                    | "owned_pages"
                    | "client_pages"
                    | "content_publishing_limit",
                ],
            ) => Operation::Identity,
            _ => Operation::Status,
        }
    }

    fn credential(&self, call: &Call) -> Option<String> {
        let params = params(call);
        ["fb_exchange_token", "code", "input_token", "access_token"]
            .iter()
            .find_map(|name| params.filled(name))
            .or_else(|| call.bearer())
            .or_else(|| call.oauth_token())
            .map(str::to_owned)
    }

    fn named_accounts(&self, call: &Call) -> Vec<String> {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        path.first().map(|id| (*id).to_owned()).into_iter().collect()
    }

    /// Pictures are fetched before the answer, films after it.
    fn pulls(&self, call: &Call) -> Option<(String, u64)> {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        match (&call.method, path) {
            (&Method::POST, [_, "media"]) => {
                params(call).filled("image_url").map(|url| (url.to_owned(), containers::MAX_IMAGE))
            }
            _ => None,
        }
    }

    fn meant_accounts(&self, world: &World, call: &Call) -> Vec<String> {
        let segments = call.segments();
        let ["ig-api-upload", _, id] = segments.as_slice() else { return Vec::new() };
        world.stages.get(SLUG, id).map(|stage| stage.owner.clone()).into_iter().collect()
    }

    fn fetched(&self, world: &mut World, stage: &str, media: Vec<Fetched>) {
        containers::fetched(world, stage, media);
    }

    fn keeps_parts(&self, call: &Call) -> bool {
        call.segments().first() == Some(&"ig-api-upload")
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            ["p" | "reel", code] => posts::id_of(code),
            ["stories", _, id] => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, world: &World, base: &str, post: &Post) -> String {
        posts::permalink(world, base, post)
    }

    fn push(&self, world: &World, grant: &Grant, client: &Client, _about: About) -> Option<Message> {
        Some(meta::signed_request(world, grant, client))
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        let segments = call.segments();
        match (&call.method, segments.as_slice()) {
            (&Method::GET, ["oauth", "authorize"]) => return login::authorize(world, call),
            (&Method::POST, ["oauth", "access_token"]) => return login::exchange(world, call),
            (_, ["ig-api-upload", _, id]) => return containers::upload(world, call, id),
            _ => {}
        }
        let (version, path) = split_version(&segments);
        let version = match version.map(|version| check_version(world, Some(version), path)).transpose() {
            Ok(version) => version.unwrap_or(DEFAULT_VERSION),
            Err(error) => return error.into(),
        };
        let reply = match (&call.method, path) {
            (&Method::GET, ["dialog", "oauth"]) => dialog(world, call),
            (&Method::GET | &Method::POST, ["oauth", "access_token"]) => {
                facebook_login::access_token(world, call, SLUG).into()
            }
            (&Method::GET, ["debug_token"]) => facebook_login::debug_token(world, call, SLUG).into(),
            (&Method::GET, ["access_token"]) => login::lengthen(world, call).into(),
            (&Method::GET, ["refresh_access_token"]) => login::refresh(world, call).into(),
            _ => api(world, call, path).into(),
        };
        meta::finished(world, SLUG, version, reply)
    }

    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        if self.keeps_parts(call) {
            return rupload::refusal(status, "Request processing failed");
        }
        if matches!((&call.method, call.segments().as_slice()), (&Method::POST, ["oauth", "access_token"])) {
            return login::refusal(status, fault.message.as_deref().unwrap_or("Matching code was not found"));
        }
        let account = self.named_accounts(call).pop().unwrap_or_default();
        meta::refuse(world, SLUG, &account, status, fault)
    }

    fn sunset(&self, _: &mut World, call: &Call, _: &Fault) -> Reply {
        meta::sunset(call)
    }
}

/// Facebook's dialog knows nothing of the scopes of Instagram's own login.
fn dialog(world: &mut World, call: &Call) -> Reply {
    let asked = call.query.get("scope").unwrap_or_default();
    match asked.split([',', ' ']).find(|scope| scope.starts_with("instagram_business_")) {
        Some(scope) => {
            let words = format!("Invalid Scopes: {scope}. This message is only shown to developers.");
            consent::fault_page(&Instagram, "Invalid Scopes", &words)
        }
        None => facebook_login::dialog(world, call, &Instagram),
    }
}

/// Do these scopes mean Instagram's own login?
fn is_own_login(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope.starts_with("instagram_business_"))
}

/// Everything that needs a token.
fn api(world: &mut World, call: &Call, path: &[&str]) -> Result<Reply, GraphError> {
    let caller = meta::authenticate(world, call, SLUG)?;
    let me = caller.page.as_ref().map_or_else(|| caller.person.clone(), |page| meta::page_of(world, SLUG, page));
    let own = |id: &str| if id == "me" { me.clone() } else { id.to_owned() };
    // A page token may give back what its person granted.
    let person = caller.person.clone();
    let whose = |id: &str| if id == "me" { person.clone() } else { id.to_owned() };
    let params = params(call);
    let value = match (&call.method, path) {
        (&Method::GET, [id]) => graph::node(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "accounts"]) => graph::accounts(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "permissions"]) if !is_account(world, &caller) => {
            meta::permissions(world, &caller, SLUG, &own(id))
        }
        (&Method::DELETE, [id, "permissions"]) if !is_account(world, &caller) => {
            meta::forget(world, &caller, SLUG, &whose(id), None)
        }
        (&Method::DELETE, [id, "permissions", scope]) if !is_account(world, &caller) => {
            meta::forget(world, &caller, SLUG, &whose(id), Some(scope))
        }
        (&Method::GET, [id, "businesses"]) => meta::businesses(call, &caller, SLUG, &own(id), &params),
        (&Method::GET, [id, edge @ ("owned_pages" | "client_pages")]) => {
            graph::business_pages(world, call, &caller, id, edge, &params)
        }
        (&Method::GET, [id, "content_publishing_limit"]) => posts::limit(world, &caller, &own(id), &params),
        (&Method::POST, [id, "media"]) => containers::create(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "media"]) => graph::media(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "stories"]) => graph::stories(world, call, &caller, &own(id), &params),
        (&Method::POST, [id, "media_publish"]) => posts::publish(world, &caller, &own(id), &params),
        (&Method::POST, [id, "comments"]) => posts::comment(world, &caller, id, &params),
        (&Method::GET, [id, "comments"]) => graph::comments(world, call, &caller, id, &params),
        _ => Err(GraphError::unknown_path(path)),
    }?;
    let account = path.first().map(|id| own(id)).filter(|id| world.accounts.get(SLUG, id).is_some());
    let reply = Reply::ok(&value);
    match account {
        Some(account) => meta::with_page_usage(world, SLUG, &account, reply),
        None => Ok(reply),
    }
}

/// Did an Instagram account sign in itself?
fn is_account(world: &World, caller: &Caller) -> bool {
    world.accounts.get(SLUG, &caller.person).is_some_and(|account| account.kind == Kind::Page)
}

/// What a caller wants to do with an Instagram account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Read,
    Publish,
    Comment,
}

impl Wish {
    /// Scopes by Facebook Login and by Instagram Login.
    fn scopes(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Read => (&["instagram_basic"], &["instagram_business_basic"]),
            Self::Publish => (
                &["instagram_basic", "instagram_content_publish", "pages_read_engagement"],
                &["instagram_business_basic", "instagram_business_content_publish"],
            ),
            Self::Comment => (
                &["instagram_basic", "instagram_manage_comments"],
                &["instagram_business_basic", "instagram_business_manage_comments"],
            ),
        }
    }
}

/// May the caller do this with that account? By Facebook Login it takes the ticked account, the scopes and a role on
/// the page; by Instagram Login the account itself and the scopes.
fn may(world: &World, caller: &Caller, id: &str, wish: Wish) -> Result<(), GraphError> {
    let account = world.accounts.get(SLUG, id).filter(|account| account.kind == Kind::Page && account.publishes);
    let account = account.ok_or_else(|| GraphError::missing_object(id))?;
    let itself = caller.person == account.id;
    let behind_page =
        caller.assets.contains(&account.id) && caller.page.as_ref().is_none_or(|page| *page == account.id);
    if !itself && !behind_page {
        return Err(GraphError::missing_object(id));
    }
    let (by_page, by_itself) = wish.scopes();
    let needed = if itself { by_itself } else { by_page };
    if let Some(missing) = needed.iter().find(|scope| !caller.may(scope)) {
        return Err(GraphError::needs(missing));
    }
    let task = if wish == Wish::Read { "ANALYZE" } else { "CREATE_CONTENT" };
    let role = account.role_of(&caller.person).unwrap_or_default();
    if !itself && !tasks(role).contains(&task) {
        return Err(GraphError::permission(format!("The user needs the task {task} on the connected Page")));
    }
    Ok(())
}
