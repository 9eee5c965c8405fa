//! Facebook Pages on the Graph API (platforms.md 1): dialog, short and long user tokens, page tokens without a timer,
//! permissions, feed, photos, films, reels, stories, comments and the page's posts.

mod graph;
mod publish;
mod video;

use axum::http::Method;

use super::{
    Look, Network,
    meta::{self, GraphError, check_version, is_false, login, params, rupload, split_version},
};
use crate::{
    config::Client,
    push::{About, Message},
    wire::{Call, Fetched, Reply},
    world::{Account, Consent, Fault, Grant, Kind, Operation, Post, Slug, World},
};

pub(super) struct Facebook;

pub(super) const SLUG: Slug = Slug("facebook");

impl Network for Facebook {
    fn slug(&self) -> Slug {
        SLUG
    }

    fn title(&self) -> &'static str {
        "Facebook"
    }

    fn mark(&self) -> &'static str {
        "f"
    }

    fn look(&self) -> Look {
        Look { light: "#0a58ca", dark: "#3b7ddd", corners: "50%" }
    }

    fn pages_word(&self) -> &'static str {
        "Pages"
    }

    fn seeds(&self) -> Vec<Account> {
        let person = |id, name, handle| Account::person(SLUG, id, name, handle).silent();
        let page = |id, name, handle, staff: &[_]| Account::page(SLUG, id, name, handle, staff);
        vec![
            person("10158230011223344", "Niamh Doyle", "niamh.doyle").about("Runs a coffee roastery"),
            person("10158230055667788", "Maya Lindqvist", "maya.lindqvist")
                .about("Works for the agency Harbour & Pine"),
            person("10158230099001122", "Tomás Okafor", "tomas.okafor").about("Reads figures, publishes for one page"),
            page(
                "102938475610293",
                "Northwind Coffee Roasters",
                "northwindcoffee",
                &[("10158230011223344", "ADMIN"), ("10158230055667788", "EDITOR")],
            )
            .about("Coffee shop"),
            page("102938475620394", "Northwind Cafés Cork", "northwindcork", &[("10158230011223344", "ADMIN")])
                .about("Café"),
            page("102938475630495", "Harbour & Pine", "harbourandpine", &[("10158230055667788", "ADMIN")])
                .about("Marketing agency"),
            page("102938475640596", "Juniper Hotels Group", "juniperhotels", &[("10158230055667788", "EDITOR")])
                .about("Hotel"),
            page(
                "102938475650697",
                "Kestrel Bikes",
                "kestrelbikes",
                &[("10158230055667788", "EDITOR"), ("10158230099001122", "ADMIN")],
            )
            .about("Bicycle shop"),
            page("102938475660798", "Meridian Dental", "meridiandental", &[("10158230099001122", "ANALYST")])
                .about("Dentist"),
        ]
    }

    fn invent(&self, serial: u64, name: &str, kind: Kind) -> Vec<Account> {
        let person_id = format!("1015900{serial:010}");
        let person = Account::person(SLUG, &person_id, &format!("{name} owner"), &format!("owner.{serial}")).silent();
        let page = Account::page(
            SLUG,
            &format!("1030{serial:011}"),
            name,
            &format!("page.{serial}"),
            &[(person_id.as_str(), "ADMIN")],
        );
        match kind {
            Kind::Person => vec![person],
            Kind::Page => vec![person, page],
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
            ("pages_manage_posts", "Create and manage posts on your Pages"),
            ("pages_read_engagement", "Read content posted on your Pages"),
            ("pages_manage_engagement", "Create and manage comments on your Pages"),
            ("pages_read_user_content", "Read what people post on your Pages"),
            ("pages_manage_metadata", "Manage settings of your Pages"),
            ("pages_messaging", "Manage conversations of your Pages"),
            ("read_insights", "Read figures of your Pages"),
            ("publish_video", "Publish live video"),
        ]
    }

    fn fixed_scopes(&self) -> &'static [&'static str] {
        &["public_profile"]
    }

    fn offers_pages(&self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| scope.starts_with("pages_"))
    }

    fn refusal_query(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("error", "access_denied"),
            ("error_code", "200"),
            ("error_description", "Permissions error"),
            ("error_reason", "user_denied"),
        ]
    }

    fn code_prefix(&self) -> &'static str {
        "AQ"
    }

    /// Facebook does this so that no fragment of an earlier address is carried over.
    fn redirect_tail(&self, _: &Consent) -> &'static str {
        "#_=_"
    }

    fn operation(&self, call: &Call) -> Operation {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        let params = params(call);
        let staged = params.get("published").is_some_and(is_false);
        match (&call.method, path) {
            (_, ["dialog", "oauth"]) => Operation::Authorize,
            (_, ["oauth", "access_token"]) => {
                if params.get("grant_type") == Some("fb_exchange_token") {
                    Operation::Refresh
                } else {
                    Operation::Token
                }
            }
            (&Method::DELETE, [_, "permissions", ..]) => Operation::Revoke,
            (&Method::POST, ["video-upload", ..]) => Operation::Upload,
            (&Method::POST, [_, "photos"]) if staged => Operation::Upload,
            (&Method::POST, [_, "videos" | "video_reels" | "video_stories"])
                if matches!(params.get("upload_phase"), Some("start" | "transfer" | "cancel")) =>
            {
                Operation::Upload
            }
            (&Method::POST, [_, "feed" | "photos" | "videos" | "video_reels" | "video_stories" | "photo_stories"]) => {
                Operation::Publish
            }
            (&Method::POST, [_, "comments"]) => Operation::Comment,
            (
                &Method::GET,
                ["debug_token" | "me"]
                | [_, "accounts" | "permissions" | "businesses" | "owned_pages" | "client_pages"],
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
        path.first().and_then(|id| id.split('_').next()).map(str::to_owned).into_iter().collect()
    }

    fn pulls(&self, call: &Call) -> Option<(String, u64)> {
        let segments = call.segments();
        let (_, path) = split_version(&segments);
        match (&call.method, path) {
            (&Method::POST, [_, "photos"]) => params(call).filled("url").map(|url| (url.to_owned(), publish::MAX_PULL)),
            _ => None,
        }
    }

    fn meant_accounts(&self, world: &World, call: &Call) -> Vec<String> {
        let segments = call.segments();
        let ["video-upload", _, id] = segments.as_slice() else { return Vec::new() };
        world.stages.get(SLUG, id).map(|stage| stage.owner.clone()).into_iter().collect()
    }

    fn fetched(&self, world: &mut World, stage: &str, media: Vec<Fetched>) {
        video::fetched(world, stage, media);
    }

    fn keeps_parts(&self, call: &Call) -> bool {
        call.segments().first() == Some(&"video-upload")
    }

    fn public_post(&self, call: &Call) -> Option<String> {
        match call.segments().as_slice() {
            [page, "posts", post] => Some(format!("{page}_{post}")),
            // The short form, which Facebook sends on to the long one. No Graph path looks like it.
            [id] if id.contains('_') && id.bytes().all(|b| b.is_ascii_digit() || b == b'_') => Some((*id).to_owned()),
            _ => None,
        }
    }

    fn permalink(&self, _: &World, base: &str, post: &Post) -> String {
        let (page, own) = post.id.split_once('_').unwrap_or((post.account.as_str(), post.id.as_str()));
        format!("{base}/facebook/{page}/posts/{own}")
    }

    fn push(&self, world: &World, grant: &Grant, client: &Client, _about: About) -> Option<Message> {
        Some(meta::signed_request(world, grant, client))
    }

    fn handle(&self, world: &mut World, call: &Call) -> Reply {
        let segments = call.segments();
        if let ["video-upload", _, id] = segments.as_slice() {
            return video::upload(world, call, id);
        }
        let (version, path) = split_version(&segments);
        let version = match check_version(world, version, path) {
            Ok(version) => version,
            Err(error) => return error.into(),
        };
        let reply = match (&call.method, path) {
            (&Method::GET, ["dialog", "oauth"]) => login::dialog(world, call, self),
            (&Method::GET | &Method::POST, ["oauth", "access_token"]) => login::access_token(world, call, SLUG).into(),
            (&Method::GET, ["debug_token"]) => login::debug_token(world, call, SLUG).into(),
            _ => api(world, call, path).into(),
        };
        meta::finished(world, SLUG, version, reply)
    }

    fn refuse(&self, world: &mut World, call: &Call, status: u16, fault: &Fault) -> Reply {
        if self.keeps_parts(call) {
            return rupload::refusal(status, "The upload could not be processed");
        }
        let page = self.named_accounts(call).pop().unwrap_or_default();
        meta::refuse(world, SLUG, &page, status, fault)
    }

    fn sunset(&self, _: &mut World, call: &Call, _: &Fault) -> Reply {
        meta::sunset(call)
    }
}

/// Everything that needs a token.
fn api(world: &mut World, call: &Call, path: &[&str]) -> Result<Reply, GraphError> {
    let caller = meta::authenticate(world, call, SLUG)?;
    // `me` is whoever the token speaks for.
    let me = caller.page.clone().unwrap_or_else(|| caller.person.clone());
    let own = |id: &str| if id == "me" { me.clone() } else { id.to_owned() };
    let params = params(call);
    let value = match (&call.method, path) {
        (&Method::GET, [id]) => graph::node(world, call, &caller, &own(id), &params),
        (&Method::DELETE, [id]) => publish::delete(world, &caller, id),
        (&Method::GET, [id, "accounts"]) => graph::accounts(world, call, &caller, &own(id), &params),
        (&Method::GET, [id, "permissions"]) => meta::permissions(world, &caller, SLUG, &own(id)),
        (&Method::DELETE, [id, "permissions"]) => meta::forget(world, &caller, SLUG, &own(id), None),
        (&Method::DELETE, [id, "permissions", scope]) => meta::forget(world, &caller, SLUG, &own(id), Some(scope)),
        (&Method::GET, [id, "businesses"]) => meta::businesses(call, &caller, SLUG, &own(id), &params),
        (&Method::GET, [id, edge @ ("owned_pages" | "client_pages")]) => {
            graph::business_pages(world, call, &caller, id, edge, &params)
        }
        (&Method::GET, [id, "feed" | "posts" | "published_posts"]) => {
            graph::posts(world, call, &caller, &own(id), &params)
        }
        (&Method::POST, [id, "feed"]) => publish::feed(world, &caller, &own(id), &params),
        (&Method::POST, [id, "photos"]) => publish::photo(world, call, &caller, &own(id), &params),
        (&Method::POST, [id, "videos"]) => video::videos(world, call, &caller, &own(id), &params),
        (&Method::POST, [id, "video_reels"]) => {
            video::phases(world, call, &caller, &own(id), &params, video::Kind::Reel)
        }
        (&Method::POST, [id, "video_stories"]) => {
            video::phases(world, call, &caller, &own(id), &params, video::Kind::Story)
        }
        (&Method::POST, [id, "photo_stories"]) => publish::photo_story(world, &caller, &own(id), &params),
        (&Method::POST, [id, "comments"]) => publish::comment(world, &caller, id, &params),
        (&Method::GET, [id, "comments"]) => graph::comments(world, call, &caller, id, &params),
        _ => Err(GraphError::unknown_path(path)),
    }?;
    let reply = Reply::ok(&value);
    match &caller.page {
        Some(page) => meta::with_page_usage(world, SLUG, page, reply),
        None => Ok(reply),
    }
}
