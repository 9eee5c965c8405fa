//! From a finished container to a post, what may still be published today, and comments.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    SLUG, Wish,
    containers::{self, Kind, Standing, marked_words},
    may,
};
use crate::{
    networks::{
        Caller,
        meta::{Answer, GraphError, select},
    },
    wire::Fields,
    world::{Attachment, Comment, Post, StageState, World, fingerprint},
};

/// Posts that an account may publish by API in any 24 hours.
const QUOTA: usize = 50;
/// What is told where limits are not enforced: more than anybody publishes.
const NO_QUOTA: usize = 1_000_000;
const DAY: i64 = 86_400;
const MAX_COMMENT: usize = 300;

/// `POST /{ig}/media_publish`.
pub(super) fn publish(world: &mut World, caller: &Caller, ig: &str, params: &Fields) -> Answer {
    may(world, caller, ig, Wish::Publish)?;
    let id =
        params.filled("creation_id").ok_or_else(|| GraphError::invalid("The parameter creation_id is required"))?;
    let now = world.now();
    let stage = world.stages.get(SLUG, id).filter(|stage| stage.owner == ig).ok_or_else(|| containers::missing(id))?;
    let stage = stage.clone();
    match containers::standing(world, &stage, now) {
        Standing::Finished => {}
        Standing::InProgress => return Err(containers::not_ready()),
        Standing::Expired => return Err(containers::expired()),
        Standing::Published => return Err(containers::missing(id)),
        Standing::Error(_) => {
            return Err(GraphError::media(-1, 2_207_032, "Create media fail, please try to re-create media"));
        }
    }
    if stage.what.get("child").and_then(Value::as_bool).unwrap_or_default() {
        return Err(GraphError::media(100, 2_207_028, "An item of a carousel cannot be published by itself."));
    }
    if world.settings.enforce_limits && published_today(world, ig) >= QUOTA {
        let mut error = GraphError::media(9, 2_207_042, "(#9) Application request limit reached").for_people(
            "Publish Limit Reached",
            "You reached the maximum number of posts that is allowed to be published by Content Publishing API.",
        );
        error.transient = false;
        return Err(error);
    }
    let media: Vec<Attachment> = stage
        .media
        .iter()
        .map(|id| {
            let alt_text = world.media.get(SLUG, id).and_then(|item| item.alt_text.clone());
            Attachment { media: id.clone(), alt_text }
        })
        .collect();
    let hashes: Vec<u64> =
        media.iter().filter_map(|one| world.media.get(SLUG, &one.media)).map(|item| item.hash).collect();
    let post = format!("18{:015}", world.snowflake() % 1_000_000_000_000_000);
    for one in &media {
        world.media.mark_used(SLUG, &one.media, &post);
    }
    let children = stage.what.get("children").and_then(Value::as_array).cloned().unwrap_or_default();
    for id in children.iter().filter_map(Value::as_str).chain([stage.id.as_str()]) {
        if let Some(stage) = world.stages.get_mut(SLUG, id) {
            stage.state = StageState::Published(post.clone());
        }
    }
    let caption = stage.says("caption").unwrap_or_default().to_owned();
    world.posts.add(Post {
        platform: SLUG,
        account: ig.to_owned(),
        id: post.clone(),
        client: stage.client.clone(),
        fingerprint: fingerprint(&caption, None, &hashes),
        text: caption,
        media,
        link: None,
        created_at: now,
        publish_at: None,
        hidden: false,
        extra: json!({
            "kind": match Kind::of(&stage) {
                Kind::Reel => "reel",
                Kind::Story => "story",
                Kind::Carousel => "carousel",
                Kind::Image | Kind::Film => "post",
            },
            "container": stage.id, "user_tags": stage.what.get("user_tags"),
            "collaborators": stage.what.get("collaborators"),
        }),
        comments: Vec::new(),
    });
    world.changed();
    Ok(json!({ "id": post }))
}

fn published_today(world: &World, ig: &str) -> usize {
    let since = world.now() - TimeDelta::seconds(DAY);
    world.posts.newest(SLUG, ig).take_while(|post| post.created_at > since).count()
}

/// `GET /{ig}/content_publishing_limit`.
pub(super) fn limit(world: &World, caller: &Caller, ig: &str, params: &Fields) -> Answer {
    may(world, caller, ig, Wish::Publish)?;
    let total = if world.settings.enforce_limits { QUOTA } else { NO_QUOTA };
    let one = select("ContentPublishingLimitResponse", params.filled("fields"), &["quota_usage"], |field| {
        Some(match field {
            "quota_usage" => published_today(world, ig).into(),
            "config" => json!({ "quota_total": total, "quota_duration": DAY }),
            // This node has no id.
            "id" => Value::Null,
            _ => return None,
        })
    })?;
    Ok(json!({ "data": [one] }))
}

/// `POST /{media}/comments`.
pub(super) fn comment(world: &mut World, caller: &Caller, id: &str, params: &Fields) -> Answer {
    let post = world.posts.get(SLUG, id).ok_or_else(|| GraphError::missing_object(id))?;
    let ig = post.account.clone();
    may(world, caller, &ig, Wish::Comment)?;
    if post.extra.get("kind").is_some_and(|kind| kind == "story") {
        return Err(GraphError::missing_object(id));
    }
    let text = params.filled("message").ok_or_else(|| GraphError::invalid("The parameter message is required"))?;
    let links = text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"));
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let shouted = letters().count() > 1 && letters().all(char::is_uppercase);
    if text.chars().count() > MAX_COMMENT || marked_words(text, '#') > 4 || links.count() > 1 || shouted {
        return Err(GraphError::invalid(format!(
            "A comment holds at most {MAX_COMMENT} characters, 4 hashtags and 1 address, and is not in capitals alone"
        )));
    }
    let comment = Comment {
        id: format!("17{:015}", world.snowflake() % 1_000_000_000_000_000),
        author: ig,
        text: text.to_owned(),
        created_at: world.now(),
    };
    let answer = json!({ "id": comment.id });
    if let Some(post) = world.posts.get_mut(SLUG, id) {
        post.comments.push(comment);
    }
    world.changed();
    Ok(answer)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The code in a post's address: its number, written with 64 digits.
pub(super) fn code_of(id: &str) -> String {
    let mut number: u64 = id.parse().unwrap_or_default();
    let mut digits = Vec::new();
    while number > 0 {
        let digit = usize::try_from(number % 64).unwrap_or_default();
        digits.extend(ALPHABET.get(digit).map(|byte| char::from(*byte)));
        number /= 64;
    }
    digits.iter().rev().collect()
}

/// The number behind a code.
pub(super) fn id_of(code: &str) -> Option<String> {
    let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte).and_then(|at| u64::try_from(at).ok());
    let number = code.bytes().try_fold(0_u64, |number, byte| number.checked_mul(64)?.checked_add(digit(byte)?))?;
    Some(number.to_string())
}

pub(super) fn permalink(world: &World, base: &str, post: &Post) -> String {
    match post.extra.get("kind").and_then(Value::as_str) {
        Some("story") => {
            let handle = world.accounts.get(SLUG, &post.account).map_or("", |account| account.handle.as_str());
            format!("{base}/instagram/stories/{handle}/{}", post.id)
        }
        Some("reel") => format!("{base}/instagram/reel/{}/", code_of(&post.id)),
        _ => format!("{base}/instagram/p/{}/", code_of(&post.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways() {
        for id in ["18000000000000001", "18912345678901234"] {
            assert_eq!(id_of(&code_of(id)).as_deref(), Some(id));
        }
        assert_eq!(id_of("no code!"), None);
    }
}
