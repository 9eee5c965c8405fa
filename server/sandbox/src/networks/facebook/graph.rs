//! Reading: people, pages, permissions, posts and photos, with field selection and cursors.

use serde_json::{Value, json};

use super::{Facebook, SLUG, video};
use crate::{
    networks::{
        Caller, Network as _,
        meta::{Answer, GraphError, is_unlisted, login, moment, only_oneself, paged, pages_of, select, tasks, window},
    },
    wire::{Call, Fields, graph_time, percent_encode},
    world::{Account, Kind, MediaItem, Post, World},
};

/// `GET /{id}?fields=…`: whatever the id names.
pub(super) fn node(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let wanted = params.filled("fields");
    if let Some(account) = world.accounts.get(SLUG, id).cloned() {
        return match account.kind {
            Kind::Person if account.id == caller.person => {
                select("User", wanted, &["name", "id"], |field| user_field(&account, field, &call.base))
            }
            Kind::Person => Err(GraphError::missing_object(id)),
            Kind::Page => {
                let token = wanted.is_some_and(|fields| fields.contains("access_token"));
                let page = see_page(world, caller, &account, token);
                select("Page", wanted, &["name", "id"], |field| page_field(&account, field, &page, &call.base))
            }
        };
    }
    let now = world.now();
    if let Some(post) = world.posts.get(SLUG, id) {
        reads_page(caller, &post.account)?;
        return select("Post", wanted, &["created_time", "message", "id"], |field| {
            post_field(world, post, field, &call.base, post.is_public(now))
        });
    }
    if let Some(film) = world.stages.get(SLUG, id) {
        reads_page(caller, &film.owner)?;
        return select("Video", wanted, &["updated_time", "description", "id"], |field| {
            video::field(world, film, field, &call.base)
        });
    }
    if let Some(photo) = world.media.get(SLUG, id) {
        reads_page(caller, &photo.owner)?;
        return select("Photo", wanted, &["created_time", "name", "id"], |field| photo_field(photo, field, &call.base));
    }
    Err(GraphError::missing_object(id))
}

/// `GET /me/accounts`: the ticked pages, each with a token of its own.
pub(super) fn accounts(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    only_oneself(caller, id)?;
    if !caller.may("pages_show_list") {
        return Err(GraphError::permission("Requires pages_show_list permission to access user accounts"));
    }
    let listed = |page: &&Account| caller.assets.contains(&page.id) && !is_unlisted(&caller.person, &page.id);
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
    let held = |page: &&Account| caller.assets.contains(&page.id) && ids.contains(&page.id.as_str());
    let pages = world.accounts.of(SLUG).filter(held).cloned().collect();
    listing(world, call, caller, pages, params)
}

fn listing(world: &mut World, call: &Call, caller: &Caller, pages: Vec<Account>, params: &Fields) -> Answer {
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let with_token = wanted.is_none_or(|fields| fields.contains("access_token"));
    let mut data = Vec::new();
    for page in pages.iter().skip(from).take(limit) {
        let seen = see_page(world, caller, page, with_token);
        data.push(select(
            "Page",
            wanted,
            &["access_token", "category", "category_list", "name", "id", "tasks"],
            |field| page_field(page, field, &seen, &call.base),
        )?);
    }
    Ok(paged(call, SLUG, data, from, pages.len()))
}

/// `GET /{page}/feed|posts|published_posts`: newest first.
pub(super) fn posts(world: &mut World, call: &Call, caller: &Caller, page: &str, params: &Fields) -> Answer {
    let Some(account) = world.accounts.get(SLUG, page).filter(|account| account.kind == Kind::Page) else {
        return Err(GraphError::missing_object(page));
    };
    let page = account.id.clone();
    reads_page(caller, &page)?;
    let bound = |name: &str| match params.filled(name) {
        None => Ok(None),
        Some(text) => moment(text).map(Some).ok_or_else(|| {
            GraphError::invalid(format!("Param {name} must be a UNIX timestamp or a date that strtotime understands"))
        }),
    };
    let (since, until) = (bound("since")?, bound("until")?);
    let (from, limit) = window(params)?;
    let now = world.now();
    let all: Vec<&Post> = world
        .posts
        .newest(SLUG, &page)
        .filter(|post| post.is_public(now) && post.extra.get("kind").is_none_or(|kind| kind != "story"))
        .filter(|post| since.is_none_or(|since| post.created_at.timestamp() >= since))
        .filter(|post| until.is_none_or(|until| post.created_at.timestamp() <= until))
        .collect();
    let wanted = params.filled("fields");
    let data = all
        .iter()
        .skip(from)
        .take(limit)
        .map(|post| {
            select("Post", wanted, &["created_time", "message", "id"], |field| {
                post_field(world, post, field, &call.base, true)
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(paged(call, SLUG, data, from, all.len()))
}

/// `GET /{post}/comments`: oldest first.
pub(super) fn comments(world: &mut World, call: &Call, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let Some(post) = world.posts.get(SLUG, id) else { return Err(GraphError::missing_object(id)) };
    reads_page(caller, &post.account)?;
    let (from, limit) = window(params)?;
    let wanted = params.filled("fields");
    let data = post
        .comments
        .iter()
        .skip(from)
        .take(limit)
        .map(|comment| {
            select("Comment", wanted, &["created_time", "from", "message", "id"], |field| {
                Some(match field {
                    "id" => comment.id.as_str().into(),
                    "message" => comment.text.as_str().into(),
                    "created_time" => graph_time(comment.created_at).into(),
                    "from" => {
                        let name = world.accounts.get(SLUG, &comment.author).map_or("", |page| page.name.as_str());
                        json!({ "id": comment.author, "name": name })
                    }
                    _ => return None,
                })
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let total = post.comments.len();
    Ok(paged(call, SLUG, data, from, total))
}

/// Posts of a page are read with the page's own token.
fn reads_page(caller: &Caller, page: &str) -> Result<(), GraphError> {
    if caller.page.as_deref() != Some(page) {
        return Err(GraphError::new(
            403,
            10,
            "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' \
             feature, and a page access token.",
        ));
    }
    if caller.may("pages_read_engagement") { Ok(()) } else { Err(GraphError::needs("pages_read_engagement")) }
}

/// What a caller may see of a page beyond its public face.
struct Seen {
    tasks: Option<&'static [&'static str]>,
    token: Option<String>,
}

fn see_page(world: &mut World, caller: &Caller, page: &Account, token: bool) -> Seen {
    let ticked = caller.assets.contains(&page.id);
    let role = page.role_of(&caller.person).filter(|_| ticked);
    let token = (token && role.is_some()).then(|| login::page_token(world, caller, &page.id));
    Seen { tasks: role.map(tasks), token }
}

fn picture(account: &Account, base: &str) -> Value {
    let url = format!("{base}/avatar/{}/{}", account.platform, account.id);
    json!({ "data": { "height": 50, "width": 50, "is_silhouette": false, "url": url } })
}

fn user_field(user: &Account, field: &str, base: &str) -> Option<Value> {
    Some(match field {
        "id" => user.id.as_str().into(),
        "name" => user.name.as_str().into(),
        "first_name" => user.name.split(' ').next().unwrap_or_default().into(),
        "last_name" => user.name.split(' ').next_back().unwrap_or_default().into(),
        "email" => format!("{}@example.com", user.handle).into(),
        "picture" => picture(user, base),
        _ => return None,
    })
}

fn page_field(page: &Account, field: &str, seen: &Seen, base: &str) -> Option<Value> {
    Some(match field {
        "id" => page.id.as_str().into(),
        "name" => page.name.as_str().into(),
        "username" => page.handle.as_str().into(),
        "about" | "category" => page.about.as_str().into(),
        "category_list" => json!([{ "id": "2200", "name": page.about }]),
        "picture" => picture(page, base),
        "link" => format!("{base}/posts?platform=facebook&account={}", page.id).into(),
        "fan_count" | "followers_count" => 1_204.into(),
        "access_token" => seen.token.clone().into(),
        "tasks" => seen.tasks.map_or(Value::Null, |tasks| json!(tasks)),
        "instagram_business_account" => Value::Null,
        _ => return None,
    })
}

fn post_field(world: &World, post: &Post, field: &str, base: &str, public: bool) -> Option<Value> {
    let text = || if post.text.is_empty() { Value::Null } else { post.text.as_str().into() };
    Some(match field {
        "id" => post.id.as_str().into(),
        "message" => text(),
        "created_time" | "updated_time" => graph_time(post.created_at).into(),
        "scheduled_publish_time" => post.publish_at.map_or(Value::Null, |at| at.timestamp().into()),
        "is_published" => public.into(),
        "is_hidden" => false.into(),
        "status_type" => match (post.media.first(), is_film(world, post)) {
            (None, _) => "mobile_status_update",
            (Some(_), true) => "added_video",
            (Some(_), false) => "added_photos",
        }
        .into(),
        "permalink_url" => Facebook.permalink(world, base, post).into(),
        "from" => {
            let name = world.accounts.get(SLUG, &post.account).map_or("", |page| page.name.as_str());
            json!({ "id": post.account, "name": name })
        }
        "full_picture" => post.media.first().map_or(Value::Null, |one| media_url(&one.media, base).into()),
        "attachments" => attachments(world, post, base),
        _ => return None,
    })
}

fn is_film(world: &World, post: &Post) -> bool {
    post.media.first().and_then(|one| world.media.get(SLUG, &one.media)).is_some_and(MediaItem::is_film)
}

fn attachments(world: &World, post: &Post, base: &str) -> Value {
    let photo = |one: &crate::world::Attachment| {
        let item = world.media.get(SLUG, &one.media);
        json!({
            "type": "photo",
            "media_type": "photo",
            "description": post.text,
            "target": { "id": one.media, "url": media_url(&one.media, base) },
            "media": { "image": {
                "src": media_url(&one.media, base),
                "width": item.map_or(0, |item| item.width),
                "height": item.map_or(0, |item| item.height),
            } },
        })
    };
    if let (Some(film), true) = (post.media.first(), is_film(world, post)) {
        return json!({ "data": [{
            "type": "video_inline", "media_type": "video", "description": post.text,
            "target": { "id": film.media }, "media": { "source": media_url(&film.media, base) } }] });
    }
    match (post.media.as_slice(), &post.link) {
        ([], None) => Value::Null,
        ([], Some(link)) => json!({ "data": [{ "type": "share", "media_type": "link", "url": link.url }] }),
        ([one], _) => json!({ "data": [photo(one)] }),
        (many, _) => {
            let subs: Vec<Value> = many.iter().map(photo).collect();
            json!({ "data": [{ "type": "album", "media_type": "album", "subattachments": { "data": subs } }] })
        }
    }
}

fn photo_field(photo: &MediaItem, field: &str, base: &str) -> Option<Value> {
    Some(match field {
        "id" => photo.id.as_str().into(),
        "alt_text" | "alt_text_custom" => photo.alt_text.clone().into(),
        "created_time" | "name" => Value::Null,
        "width" => photo.width.into(),
        "height" => photo.height.into(),
        "link" | "picture" => media_url(&photo.id, base).into(),
        "images" => json!([{ "source": media_url(&photo.id, base), "width": photo.width, "height": photo.height }]),
        "page_story_id" => photo.used_in.clone().into(),
        _ => return None,
    })
}

fn media_url(id: &str, base: &str) -> String {
    format!("{base}/media/facebook/{}", percent_encode(id))
}
