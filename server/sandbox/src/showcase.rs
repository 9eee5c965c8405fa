//! The page that shows what the simulated accounts have published, so that a person trying the product sees the result.

use std::fmt::Write as _;

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde::Deserialize;

use crate::{
    Sandbox,
    html::{self, escape, mark},
    networks::{self, Network},
    wire::{Reply, percent_encode},
    world::{Account, MediaItem, Post, World},
};

/// Posts shown per account.
const PER_ACCOUNT: usize = 20;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/", get(overview))
        .route("/posts", get(overview))
        .route("/media/{platform}/{id}", get(medium))
        .route("/avatar/{platform}/{id}", get(avatar))
}

#[derive(Deserialize)]
struct Filter {
    platform: Option<String>,
    account: Option<String>,
}

/// Everything, by account, newest first. Answers 304 while nothing has changed: an open page asks every few seconds.
async fn overview(State(sandbox): State<Sandbox>, Query(filter): Query<Filter>, headers: HeaderMap) -> Reply {
    let world = sandbox.world();
    let tag = format!("\"{}-{}\"", sandbox.started(), world.revision());
    let known = headers.get("if-none-match").and_then(|value| value.to_str().ok());
    if known == Some(tag.as_str()) {
        return Reply::empty(StatusCode::NOT_MODIFIED).header("etag", tag);
    }
    let chosen = filter.platform.as_deref().and_then(networks::find);
    let accounts: Vec<&Account> = world
        .accounts
        .iter()
        .filter(|account| chosen.is_none_or(|network| account.platform == network.slug()))
        .filter(|account| filter.account.as_deref().is_none_or(|wanted| account.is_called(wanted)))
        .collect();
    let mut sections: Vec<(&Account, &Post)> = accounts
        .iter()
        .filter_map(|account| {
            let newest = world.posts.newest(account.platform, &account.id).find(|post| post.is_public(world.now()));
            newest.map(|post| (*account, post))
        })
        .collect();
    sections.sort_by_key(|(_, post)| std::cmp::Reverse(post.created_at));
    let mut main = String::new();
    if sections.is_empty() {
        main.push_str(
            "<div class=\"empty\"><h2>Nothing has been published yet</h2><p class=\"muted\">Connect one of the simulated \
             accounts below and save a post. It shows here a moment later.</p></div>",
        );
    } else {
        main.push_str("<div class=\"accounts\">");
        for (account, _) in &sections {
            main.push_str(&section(&world, account));
        }
        main.push_str("</div>");
    }
    main.push_str(&roster(&world, &accounts));
    let body = format!(
        "<header><div class=\"bar\"><div><h1>Simulated networks</h1><p class=\"muted small\" style=\"margin:0\">\
         What the simulated accounts have published. Nothing here left this machine.</p></div>{}</div></header>\
         <main>{main}</main>{REFRESH}",
        navigation(chosen),
    );
    Reply::html(StatusCode::OK, html::page("Simulated networks", "showcase", &body))
        .header("etag", tag)
        .header("cache-control", "no-cache")
}

fn navigation(chosen: Option<&'static dyn Network>) -> String {
    let current = |is: bool| if is { " aria-current=\"page\"" } else { "" };
    let mut out =
        format!("<nav aria-label=\"Networks\"><ul><li><a href=\"/posts\"{}>All</a></li>", current(chosen.is_none()));
    for network in networks::ALL {
        let is = chosen.is_some_and(|chosen| chosen.slug() == network.slug());
        let _ = write!(
            out,
            "<li><a href=\"/posts?platform={}\"{}>{}</a></li>",
            network.slug(),
            current(is),
            network.title()
        );
    }
    out.push_str("</ul></nav>");
    out
}

fn section(world: &World, account: &Account) -> String {
    let now = world.now();
    let title = networks::of(account.platform).map_or("", |network| network.title());
    let letters = networks::of(account.platform).map_or("", |network| network.mark());
    let id = format!("{}-{}", account.platform, escape(&account.id));
    let mut out = format!(
        "<section class=\"account\" aria-labelledby=\"{id} {id}-at\" data-platform=\"{}\" data-account=\"{}\"><div class=\"head\">\
         {}<div><h2 id=\"{id}\">{}</h2><span class=\"muted small\" id=\"{id}-at\">{title} · @{}</span></div></div>",
        account.platform,
        escape(&account.id),
        mark(letters, account.platform.0),
        escape(&account.name),
        escape(&account.handle),
    );
    for post in world.posts.newest(account.platform, &account.id).filter(|post| post.is_public(now)).take(PER_ACCOUNT) {
        out.push_str(&card(world, post));
    }
    out.push_str("</section>");
    out
}

fn card(world: &World, post: &Post) -> String {
    let mut out = format!("<article data-post=\"{}\">", escape(&post.id));
    if let Some(kind) = post.extra.get("kind").and_then(serde_json::Value::as_str).filter(|kind| *kind != "post") {
        let _ = write!(out, "<p class=\"tag\">{}</p>", escape(&in_words(kind)));
    }
    if !post.text.is_empty() {
        let _ = write!(out, "<p class=\"text\">{}</p>", escape(&post.text));
    }
    if !post.media.is_empty() {
        out.push_str("<div class=\"media\">");
        for one in &post.media {
            let item = world.media.get(post.platform, &one.media);
            let alt = one.alt_text.as_deref().unwrap_or_default();
            let caption =
                if alt.is_empty() { "No alternative text".to_owned() } else { format!("Alt text: {}", escape(alt)) };
            let address = format!("/media/{}/{}", post.platform, percent_encode(&one.media));
            let picture = match item.filter(|item| item.bytes().is_some()) {
                Some(item) if item.mime.starts_with("image/") => format!(
                    "<img src=\"{address}\" alt=\"{}\" width=\"{}\" height=\"{}\" loading=\"lazy\">",
                    escape(alt),
                    item.width,
                    item.height,
                ),
                Some(item) if item.is_film() => {
                    format!("<video src=\"{address}\" controls preload=\"none\" aria-label=\"Film\"></video>")
                }
                Some(_) => format!("<a class=\"link\" href=\"{address}\">Document</a>"),
                None => "<p class=\"muted small\">The file is no longer kept.</p>".to_owned(),
            };
            let caption = match item.filter(|item| !item.mime.starts_with("image/")) {
                Some(item) => in_figures(item),
                None => caption,
            };
            let _ = write!(out, "<figure>{picture}<figcaption>{caption}</figcaption></figure>");
        }
        out.push_str("</div>");
    }
    if let Some(link) = &post.link {
        let _ = write!(
            out,
            "<a class=\"link\" href=\"{}\" rel=\"noreferrer\">{}</a>",
            escape(&link.url),
            escape(link.title.as_deref().unwrap_or(&link.url)),
        );
    }
    if !post.comments.is_empty() {
        out.push_str("<ul class=\"comments\" aria-label=\"Comments\">");
        for comment in &post.comments {
            let _ = write!(out, "<li>{}</li>", escape(&comment.text));
        }
        out.push_str("</ul>");
    }
    let address = networks::of(post.platform).map_or_else(String::new, |network| network.permalink(world, "", post));
    let _ = write!(
        out,
        "<a class=\"small\" href=\"{}\"><time datetime=\"{}\">{}</time><span class=\"sr\"> open this post</span></a></article>",
        escape(&address),
        post.created_at.to_rfc3339(),
        post.created_at.format("%-d %b %Y, %H:%M:%S UTC"),
    );
    out
}

/// `photo_story` reads `Photo story`.
fn in_words(kind: &str) -> String {
    let words = kind.replace('_', " ").to_lowercase();
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Length and size of a file that is no picture.
fn in_figures(item: &MediaItem) -> String {
    let size = format!("{} bytes", item.size);
    match item.duration_ms {
        0 => size,
        ms => format!("{}.{} s · {}×{} · {size}", ms / 1_000, ms % 1_000 / 100, item.width, item.height),
    }
}

/// Who there is to connect.
fn roster(world: &World, accounts: &[&Account]) -> String {
    const MOST: usize = 200;
    let mut out = String::from(
        "<details><summary>Simulated accounts</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Simulated accounts\"><table><thead><tr><th scope=\"col\">Network</th><th scope=\"col\">Name</th>\
         <th scope=\"col\">Handle</th><th scope=\"col\">Run by</th><th scope=\"col\">Posts</th></tr></thead><tbody>",
    );
    for account in accounts.iter().take(MOST) {
        let staff: Vec<&str> = account
            .staff
            .iter()
            .filter_map(|staff| world.accounts.get(account.platform, &staff.person))
            .map(|person| person.name.as_str())
            .collect();
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>@{}</td><td>{}</td><td>{}</td></tr>",
            networks::of(account.platform).map_or("", |network| network.title()),
            escape(&account.name),
            escape(&account.handle),
            escape(&staff.join(", ")),
            world.posts.count(account.platform, &account.id),
        );
    }
    out.push_str("</tbody></table></div></details>");
    out
}

/// Asks for the page again while it is looked at. Without a script the page is as good, only still.
const REFRESH: &str = "<script>(()=>{let tag;const look=async()=>{if(document.hidden)return;try{
const answer=await fetch(location.href,{headers:tag?{'If-None-Match':tag}:{},cache:'no-store'});
if(answer.status!==200)return;const first=!tag;tag=answer.headers.get('etag');if(first)return;
const next=new DOMParser().parseFromString(await answer.text(),'text/html').querySelector('main');
const now=document.querySelector('main');const open=now.querySelector('details')?.open;
if(open)next.querySelector('details')?.setAttribute('open','');
if(!now.contains(document.activeElement))now.replaceWith(next)}catch{}};look();setInterval(look,2000)})()</script>";

/// One post's public page.
pub(crate) fn public_page(world: &World, network: &dyn Network, id: &str) -> Reply {
    let post = world.posts.get(network.slug(), id).filter(|post| post.is_public(world.now()));
    let (status, title, main) = match post {
        Some(post) => {
            let account = world.accounts.get(network.slug(), &post.account);
            let name = account.map_or("", |account| account.name.as_str());
            let head = account.map(|account| {
                format!(
                    "<div class=\"head\">{}<div><h1>{}</h1><span class=\"muted small\">@{}</span></div></div>",
                    mark(network.mark(), network.slug().0),
                    escape(&account.name),
                    escape(&account.handle),
                )
            });
            let body = format!("<div class=\"account\">{}{}</div>", head.unwrap_or_default(), card(world, post));
            (StatusCode::OK, format!("{name} on simulated {}", network.title()), body)
        }
        None => (
            StatusCode::NOT_FOUND,
            format!("Not on simulated {}", network.title()),
            "<div class=\"empty\"><h1>This post is not here</h1><p class=\"muted\">It was deleted, or the sandbox was \
             started anew.</p></div>"
                .to_owned(),
        ),
    };
    let body = format!(
        "<header class=\"ribbon\"><strong>Simulated {}</strong><a href=\"/posts\">All published posts</a></header>\
         <main>{main}</main>",
        network.title()
    );
    Reply::html(status, html::page(&title, "consent", &body))
}

/// The bytes of an upload.
async fn medium(State(sandbox): State<Sandbox>, Path((platform, id)): Path<(String, String)>) -> Reply {
    let world = sandbox.world();
    let item = networks::find(&platform).and_then(|network| world.media.get(network.slug(), &id));
    match item.and_then(|item| item.bytes().map(|bytes| (item, bytes.clone()))) {
        Some((item, bytes)) => Reply { body: bytes, ..Reply::empty(StatusCode::OK) }
            .header("content-type", &item.mime)
            .header("x-content-type-options", "nosniff")
            .header("cache-control", "private, max-age=3600"),
        None => Reply::empty(StatusCode::NOT_FOUND),
    }
}

async fn avatar(State(sandbox): State<Sandbox>, Path((platform, id)): Path<(String, String)>) -> Reply {
    let world = sandbox.world();
    match networks::find(&platform).and_then(|network| world.accounts.get(network.slug(), &id)) {
        Some(account) => Reply::typed(StatusCode::OK, "image/svg+xml", html::avatar(&account.initials(), &account.id))
            .header("cache-control", "private, max-age=3600"),
        None => Reply::empty(StatusCode::NOT_FOUND),
    }
}
