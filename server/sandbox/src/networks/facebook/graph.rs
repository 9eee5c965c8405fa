//! Reading: people, pages, permissions, posts and photos, with field selection and cursors.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::{Answer, Facebook, GraphError, SLUG, login, tasks};
use crate::{
    networks::{Caller, Network as _, with_query},
    wire::{Call, Fields, graph_time, percent_encode},
    world::{Account, Ended, Kind, MediaItem, Post, World},
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
    let pages: Vec<Account> =
        world.accounts.run_by(SLUG, &caller.person).filter(|page| caller.assets.contains(&page.id)).cloned().collect();
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
    Ok(paged(call, data, from, pages.len()))
}

/// `GET /me/businesses`: nobody here keeps pages in a business account; all of them stand in `accounts`.
pub(super) fn businesses(caller: &Caller, id: &str) -> Answer {
    only_oneself(caller, id)?;
    if !caller.may("business_management") {
        return Err(GraphError::needs("business_management"));
    }
    Ok(json!({ "data": [] }))
}

/// `GET /me/permissions`.
pub(super) fn permissions(world: &mut World, caller: &Caller, id: &str) -> Answer {
    only_oneself(caller, id)?;
    let grant = world.oauth.grants_mut(SLUG).find(|grant| grant.id == caller.grant);
    let Some(grant) = grant else { return Ok(json!({ "data": [] })) };
    let one = |status: &'static str| move |scope: &String| json!({ "permission": scope, "status": status });
    let data: Vec<Value> =
        grant.scopes.iter().map(one("granted")).chain(grant.declined.iter().map(one("declined"))).collect();
    Ok(json!({ "data": data }))
}

/// `DELETE /{user}/permissions[/{scope}]`: the person's consent to this application, whole or in part. It holds for all
/// tokens that the application has of this person.
pub(super) fn forget(world: &mut World, caller: &Caller, id: &str, scope: Option<&str>) -> Answer {
    // A page token may do this too: it was made by the person.
    if id != caller.person && caller.page.as_deref() != Some(id) {
        return Err(GraphError::missing_object(id));
    }
    let mut found = false;
    for grant in world.oauth.grants_mut(SLUG) {
        if grant.client != caller.client || grant.person != caller.person || grant.ended.is_some() {
            continue;
        }
        match scope {
            None => {
                grant.ended = Some(Ended::ByClient);
                found = true;
            }
            Some(scope) => {
                if grant.scopes.remove(scope) {
                    grant.declined.insert(scope.to_owned());
                    found = true;
                }
            }
        }
    }
    if !found {
        return Err(GraphError::invalid("Invalid permission"));
    }
    world.changed();
    Ok(json!({ "success": true }))
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
        .filter(|post| post.is_public(now))
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
    Ok(paged(call, data, from, all.len()))
}

fn only_oneself(caller: &Caller, id: &str) -> Result<(), GraphError> {
    if id != caller.person || caller.page.is_some() {
        return Err(GraphError::new(
            400,
            100,
            "(#100) Tried accessing nonexisting field on node type (Page): this edge needs a user access token",
        ));
    }
    Ok(())
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

/// Builds an object of the wanted fields. `read` answers `None` for a field that the type does not have and
/// `Some(Null)` for one that is empty, which Graph then leaves out.
fn select(
    kind: &str,
    wanted: Option<&str>,
    default: &[&str],
    read: impl Fn(&str) -> Option<Value>,
) -> Result<Value, GraphError> {
    let mut out = Map::new();
    let fields = wanted.map_or_else(|| default.iter().map(|f| (*f).to_owned()).collect(), top_fields);
    for field in fields.iter().map(String::as_str).chain(["id"]) {
        match read(field) {
            None => {
                return Err(GraphError::invalid(format!(
                    "Tried accessing nonexisting field ({field}) on node type ({kind})"
                )));
            }
            Some(Value::Null) => {}
            Some(value) => drop(out.insert(field.to_owned(), value)),
        }
    }
    Ok(Value::Object(out))
}

/// `a,b{c,d},e.limit(3)` has the fields `a`, `b` and `e`.
fn top_fields(fields: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut depth = 0_u32;
    let mut named = true;
    for c in fields.chars() {
        match c {
            '{' | '(' => (depth, named) = (depth + 1, false),
            '}' | ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => named = false,
            ',' if depth == 0 => {
                out.push(String::new());
                named = true;
            }
            c if named && depth == 0 && !c.is_whitespace() => {
                if let Some(last) = out.last_mut() {
                    last.push(c);
                }
            }
            _ => {}
        }
    }
    out.retain(|field| !field.is_empty());
    out
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
        "status_type" => if post.media.is_empty() { "mobile_status_update" } else { "added_photos" }.into(),
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

fn cursor(at: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("at:{at}"))
}

/// Where a page of results begins, and how long it is.
fn window(params: &Fields) -> Result<(usize, usize), GraphError> {
    let from = match params.filled("after") {
        None => 0,
        Some(text) => URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix("at:").and_then(|at| at.parse().ok()))
            .ok_or_else(|| GraphError::invalid("Invalid cursors values After Cursor specified"))?,
    };
    let limit = match params.filled("limit") {
        None => 25,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| GraphError::invalid("Param limit must be an integer between 1 and 100"))?,
    };
    Ok((from, limit))
}

fn paged(call: &Call, data: Vec<Value>, from: usize, total: usize) -> Value {
    let end = from + data.len();
    if data.is_empty() {
        return json!({ "data": [] });
    }
    let mut paging = json!({ "cursors": { "before": cursor(from), "after": cursor(end) } });
    if end < total {
        // As Graph does, the next page's address repeats the whole query, token included.
        let address = format!("{}/facebook/{}", call.base, call.path.join("/"));
        let mut pairs: Vec<(&str, &str)> = call.query.iter().filter(|(name, _)| *name != "after").collect();
        let after = cursor(end);
        if call.query.get("access_token").is_none()
            && let Some(token) = call.bearer()
        {
            pairs.push(("access_token", token));
        }
        pairs.push(("after", &after));
        if let Some(map) = paging.as_object_mut() {
            map.insert("next".to_owned(), with_query(&address, pairs).into());
        }
    }
    json!({ "data": data, "paging": paging })
}

/// Seconds since 1970, or a time in RFC 3339.
fn moment(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_count_once() {
        assert_eq!(
            top_fields("id, name,picture{url,width},posts.limit(3){id},tasks"),
            ["id", "name", "picture", "posts", "tasks"]
        );
        assert!(top_fields(",").is_empty());
    }
}
