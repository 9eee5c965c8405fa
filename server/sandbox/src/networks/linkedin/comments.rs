//! Comments under a post, in the name of a member or an organisation.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{ApiError, Caller, SLUG, json_body, may_read, may_write, paging, urn_of, window};
use crate::{
    wire::{Call, Reply, percent_encode},
    world::{Comment, World},
};

const MAX_TEXT: usize = 1_250;

/// `POST /rest/socialActions/{urn}/comments`: 201, the id in `x-restli-id`.
pub(super) fn create(world: &mut World, call: &Call, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    let body = json_body(call)?.as_object().cloned().unwrap_or_default();
    let known = ["actor", "object", "message", "content", "parentComment"];
    if let Some(unknown) = body.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(ApiError::unknown_field(&format!("/{unknown}")));
    }
    let actor = body.get("actor").and_then(Value::as_str).ok_or_else(|| ApiError::missing_field("/actor"))?;
    let account = may_write(world, caller, actor, "socialActions.CREATE-comments")?.clone();
    if body.get("object").is_some_and(|object| object != urn) {
        return Err(ApiError::field_value("/object", "another post than the one in the path"));
    }
    let text = body.get("message").and_then(|message| message.get("text")).and_then(Value::as_str);
    let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(|| ApiError::missing_field("/message/text"))?;
    if text.chars().count() > MAX_TEXT {
        let words = format!("Field message.text is longer than {MAX_TEXT} characters");
        return Err(ApiError::new(400, "FIELD_LENGTH_TOO_LONG", words).input("/message/text"));
    }
    let (now, number) = (world.now(), world.snowflake());
    let post = world.posts.get_mut(SLUG, urn).ok_or_else(|| ApiError::not_found(urn))?;
    let id = number.to_string();
    post.comments.push(Comment { id: id.clone(), author: account.id.clone(), text: text.to_owned(), created_at: now });
    let shown = shown(urn, post.comments.last(), &urn_of(&account));
    world.changed();
    let location = format!("/linkedin/rest/socialActions/{}/comments/{id}", percent_encode(urn));
    Ok(Reply::json(StatusCode::CREATED, &shown).header("x-restli-id", &id).header("location", location))
}

fn shown(urn: &str, comment: Option<&Comment>, actor: &str) -> Value {
    let Some(comment) = comment else { return Value::Null };
    json!({
        "id": comment.id, "$URN": format!("urn:li:comment:({urn},{})", comment.id), "actor": actor, "object": urn,
        "message": { "text": comment.text, "attributes": [] },
        "created": { "actor": actor, "time": comment.created_at.timestamp_millis() },
    })
}

/// `GET /rest/socialActions/{urn}/comments`: for those who run the organisation.
pub(super) fn list(world: &World, call: &Call, caller: &Caller, urn: &str) -> Result<Reply, ApiError> {
    let post = world.posts.get(SLUG, urn).ok_or_else(|| ApiError::not_found(urn))?;
    may_read(world, caller, &post.account, "socialActions.GET_ALL-comments")?;
    let (start, count) = window(call, 100)?;
    let elements: Vec<Value> = post
        .comments
        .iter()
        .skip(start)
        .take(count)
        .map(|comment| {
            let actor = world.accounts.get(SLUG, &comment.author).map(urn_of).unwrap_or_default();
            shown(urn, Some(comment), &actor)
        })
        .collect();
    let paging = paging(call, start, count, post.comments.len());
    Ok(Reply::ok(&json!({ "paging": paging, "elements": elements })))
}
