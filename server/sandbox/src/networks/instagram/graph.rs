//! Reading: who signed in, the pages with the accounts behind them, containers, posts, comments.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Instagram, SLUG, Wish, containers, is_account, login, may, posts};
use crate::{
    networks::{
        Caller, Network as _,
        meta::{
            Answer, GraphError, inner_fields, is_unlisted, login as facebook_login, only_oneself, page_of, paged,
            pages_of, select, tasks, window,
        },
    },
    wire::{Call, Fields, graph_time, percent_encode},
    world::{Account, Post, World},
};

/// `GET /{id}?fields=…`: whatever the id names.
pub(super) fn node(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let wanted = params.filled("fields");
    if id == caller.person && is_account(world, caller) {
        may(world, caller, id, Wish::Read)?;
        let account = own_account(world, id)?;
        let of_itself = |field: &str| login::me_field(&account, field);
        return select("User", wanted, &["id"], |field| {
            of_itself(field).or_else(|| account_field(world, &account, field, &call.base))
        });
    }
    if id == caller.person && caller.page.is_none() {
        let person = own_account(world, id)?;
        return select("User", wanted, &["name", "id"], |field| person_field(&person, field, &call.base));
    }
    if let Some(stage) = world.stages.get(SLUG, id) {
        may(world, caller, &stage.owner, Wish::Publish)?;
        return select("IGMediaBuilder", wanted, &["id"], |field| containers::field(world, stage, field));
    }
    if let Some(post) = world.posts.get(SLUG, id) {
        may(world, caller, &post.account, Wish::Read)?;
        return select("IGMedia", wanted, &["id"], |field| post_field(world, post, field, wanted, &call.base));
    }
    // A page without an Instagram account stands among the accounts by its own id.
    if let Some(account) = world.accounts.get(SLUG, id).filter(|account| account.publishes).cloned() {
        may(world, caller, id, Wish::Read)?;
        return select("User", wanted, &["id"], |field| account_field(world, &account, field, &call.base));
    }
    let behind = |account: &&Account| account.extra.get("page").and_then(Value::as_str) == Some(id);
    let page = world.accounts.run_by(SLUG, &caller.person).filter(|page| caller.assets.contains(&page.id)).find(behind);
    let page = page.cloned().ok_or_else(|| GraphError::missing_object(id))?;
    let token = wanted.is_some_and(|fields| fields.contains("access_token"));
    page_node(world, call, caller, &page, wanted, &["name", "id"], token)
}

fn own_account(world: &World, id: &str) -> Result<Account, GraphError> {
    world.accounts.get(SLUG, id).cloned().ok_or_else(|| GraphError::missing_object(id))
}

/// `GET /me/accounts`: the ticked pages, each with the account behind it, if there is one.
pub(super) fn accounts(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    only_oneself(caller, id)?;
    if is_account(world, caller) {
        return Err(GraphError::unknown_path(&["me", "accounts"]));
    }
    if !caller.may("pages_show_list") {
        return Err(GraphError::permission("Requires pages_show_list permission to access user accounts"));
    }
    let listed = |page: &&Account| {
        caller.assets.contains(&page.id) && !is_unlisted(&caller.person, &page_of(world, SLUG, &page.id))
    };
    let pages = world.accounts.run_by(SLUG, &caller.person).filter(listed).cloned().collect();
    listing(world, call, caller, pages, params)
}

/// `GET /{business}/owned_pages` and `/client_pages`: of its pages, those that were ticked.
pub(super) fn business_pages(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    business: &str,
    edge: &str,
    params: &Fields,
) -> Answer {
    let ids = pages_of(caller, business, edge)?;
    let held =
        |page: &&Account| caller.assets.contains(&page.id) && ids.contains(&page_of(world, SLUG, &page.id).as_str());
    let pages = world.accounts.of(SLUG).filter(held).cloned().collect();
    listing(world, call, caller, pages, params)
}

fn listing(world: &mut World, call: &Call, caller: &Caller, pages: Vec<Account>, params: &Fields) -> Answer {
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let token = wanted.is_none_or(|fields| fields.contains("access_token"));
    let default = ["access_token", "category", "name", "id", "tasks"];
    let mut data = Vec::new();
    for page in pages.iter().skip(from).take(limit) {
        data.push(page_node(world, call, caller, page, wanted, &default, token)?);
    }
    Ok(paged(call, SLUG, data, from, pages.len()))
}

fn page_node(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    page: &Account,
    wanted: Option<&str>,
    default: &[&str],
    token: bool,
) -> Answer {
    let token = token.then(|| facebook_login::page_token(world, caller, &page.id));
    let role = page.role_of(&caller.person).map(tasks);
    let behind = |field: &str| {
        // Without the scope nothing shows behind the page.
        if !page.publishes || !caller.may("instagram_basic") {
            return Value::Null;
        }
        let inner = wanted.and_then(|fields| inner_fields(fields, field));
        select("IGUser", inner, &["id"], |field| account_field(world, page, field, &call.base)).unwrap_or_default()
    };
    select("Page", wanted, default, |field| {
        Some(match field {
            "id" => page_of(world, SLUG, &page.id).into(),
            "name" => page.name.as_str().into(),
            "username" => page.handle.as_str().into(),
            "category" => page.about.as_str().into(),
            "picture" => json!({ "data": { "url": picture(page, &call.base), "is_silhouette": false } }),
            "access_token" => token.clone().into(),
            "tasks" => role.map_or(Value::Null, |tasks| json!(tasks)),
            "instagram_business_account" | "connected_instagram_account" => behind(field),
            _ => return None,
        })
    })
}

fn picture(account: &Account, base: &str) -> String {
    format!("{base}/avatar/instagram/{}", account.id)
}

fn person_field(person: &Account, field: &str, base: &str) -> Option<Value> {
    Some(match field {
        "id" => person.id.as_str().into(),
        "name" => person.name.as_str().into(),
        "email" => format!("{}@example.com", person.handle).into(),
        "picture" => json!({ "data": { "url": picture(person, base), "is_silhouette": false } }),
        _ => return None,
    })
}

fn account_field(world: &World, account: &Account, field: &str, base: &str) -> Option<Value> {
    Some(match field {
        "id" => account.id.as_str().into(),
        "username" => account.handle.as_str().into(),
        "name" => account.name.as_str().into(),
        "biography" => account.about.as_str().into(),
        "profile_picture_url" => picture(account, base).into(),
        "followers_count" => 1_204.into(),
        "follows_count" => 180.into(),
        "media_count" => world.posts.count(SLUG, &account.id).into(),
        "website" => Value::Null,
        _ => return None,
    })
}

/// `GET /{ig}/media`: newest first, without stories.
pub(super) fn media(world: &mut World, call: &Call, caller: &Caller, ig: &str, params: &Fields) -> Answer {
    may(world, caller, ig, Wish::Read)?;
    let all: Vec<&Post> = world.posts.newest(SLUG, ig).filter(|post| !is_story(post)).collect();
    feed(world, call, params, &all)
}

/// `GET /{ig}/stories`: newest first, each for a day.
pub(super) fn stories(world: &mut World, call: &Call, caller: &Caller, ig: &str, params: &Fields) -> Answer {
    may(world, caller, ig, Wish::Read)?;
    let since = world.now() - TimeDelta::days(1);
    let all: Vec<&Post> =
        world.posts.newest(SLUG, ig).filter(|post| is_story(post) && post.created_at > since).collect();
    feed(world, call, params, &all)
}

fn is_story(post: &Post) -> bool {
    post.extra.get("kind").is_some_and(|kind| kind == "story")
}

fn feed(world: &World, call: &Call, params: &Fields, all: &[&Post]) -> Answer {
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let data = all
        .iter()
        .skip(from)
        .take(limit)
        .map(|post| select("IGMedia", wanted, &["id"], |field| post_field(world, post, field, wanted, &call.base)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(call, SLUG, data, from, all.len()))
}

fn post_field(world: &World, post: &Post, field: &str, wanted: Option<&str>, base: &str) -> Option<Value> {
    let kind = post.extra.get("kind").and_then(Value::as_str).unwrap_or_default();
    let first = post.media.first().and_then(|one| world.media.get(SLUG, &one.media));
    let film = first.is_some_and(crate::world::MediaItem::is_film);
    let source = || first.map(|item| media_url(&item.id, base));
    Some(match field {
        "id" => post.id.as_str().into(),
        "caption" => Some(post.text.as_str()).filter(|text| !text.is_empty()).into(),
        "media_type" => match (kind, film) {
            ("carousel", _) => "CAROUSEL_ALBUM",
            (_, true) => "VIDEO",
            (_, false) => "IMAGE",
        }
        .into(),
        "media_product_type" => match kind {
            "reel" => "REELS",
            "story" => "STORY",
            _ => "FEED",
        }
        .into(),
        "media_url" => source().into(),
        "thumbnail_url" => source().filter(|_| film).into(),
        "permalink" => Instagram.permalink(world, base, post).into(),
        "shortcode" => posts::code_of(&post.id).into(),
        "timestamp" => graph_time(post.created_at).into(),
        "username" => world.accounts.get(SLUG, &post.account).map(|account| account.handle.as_str()).into(),
        "owner" => json!({ "id": post.account }),
        "alt_text" => post.media.first().and_then(|one| one.alt_text.clone()).into(),
        "comments_count" => post.comments.len().into(),
        "like_count" => 0.into(),
        "is_comment_enabled" => true.into(),
        "children" if kind == "carousel" => children(world, post, wanted, base),
        "children" => Value::Null,
        _ => return None,
    })
}

fn children(world: &World, post: &Post, wanted: Option<&str>, base: &str) -> Value {
    let inner = wanted.and_then(|fields| inner_fields(fields, "children"));
    let child = |one: &crate::world::Attachment| {
        let item = world.media.get(SLUG, &one.media)?;
        select("IGMedia", inner, &["id"], |field| {
            Some(match field {
                // A child's medium is named after its container.
                "id" => one.media.trim_end_matches('m').into(),
                "media_type" => if item.is_film() { "VIDEO" } else { "IMAGE" }.into(),
                "media_url" => media_url(&one.media, base).into(),
                "alt_text" => one.alt_text.clone().into(),
                _ => return None,
            })
        })
        .ok()
    };
    json!({ "data": post.media.iter().filter_map(child).collect::<Vec<Value>>() })
}

fn media_url(media: &str, base: &str) -> String {
    format!("{base}/media/instagram/{}", percent_encode(media))
}

/// `GET /{media}/comments`: newest first.
pub(super) fn comments(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let post = world.posts.get(SLUG, id).ok_or_else(|| GraphError::missing_object(id))?;
    may(world, caller, &post.account, Wish::Comment)?;
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let data = post
        .comments
        .iter()
        .rev()
        .skip(from)
        .take(limit)
        .map(|comment| {
            select("IGComment", wanted, &["timestamp", "text", "id"], |field| {
                let author = world.accounts.get(SLUG, &comment.author);
                Some(match field {
                    "id" => comment.id.as_str().into(),
                    "text" => comment.text.as_str().into(),
                    "timestamp" => graph_time(comment.created_at).into(),
                    "username" => author.map(|account| account.handle.as_str()).into(),
                    "from" => {
                        json!({ "id": comment.author, "username": author.map(|account| account.handle.as_str()) })
                    }
                    _ => return None,
                })
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let total = post.comments.len();
    Ok(paged(call, SLUG, data, from, total))
}
