//! Asking what a creator allows, and the first call of each kind of post.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{Creator, SLUG, Trouble, errors::fine, json_body, upload};
use crate::{
    config::on_this_machine,
    networks::Caller,
    wire::{Call, Reply},
    world::{Account, Stage, StageState, World, random},
};

const MAX_TITLE: usize = 2_200;
const MAX_PHOTO_TITLE: usize = 90;
const MAX_DESCRIPTION: usize = 4_000;
const MAX_PHOTOS: usize = 35;
const MAX_VIDEO: u64 = 4 << 30;
const MAX_PHOTO: u64 = 20 << 20;
/// What the sandbox fetches; a film that is larger has to be sent.
const MAX_PULL: u64 = 1 << 30;
const MB: u64 = 1 << 20;
/// A chunk holds 5 to 64 MB, the last one up to 128.
const CHUNK: std::ops::RangeInclusive<u64> = 5 * MB..=64 * MB;
const MAX_LAST: u64 = 128 * MB;
const MAX_CHUNKS: u64 = 1_000;
/// Direct posts of a creator in a day.
const POSTS_PER_DAY: u64 = 15;
/// Drafts that may wait for a creator, of the last day.
const MAX_PENDING: usize = 5;

/// `POST /v2/post/publish/creator_info/query/`.
pub(super) fn creator_info(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let account = account(world, caller)?;
    let creator = Creator(&account);
    Ok(fine(json!({
        "creator_avatar_url": format!("{}/avatar/tiktok/{}", call.base, account.id),
        "creator_username": account.handle,
        "creator_nickname": account.name,
        "privacy_level_options": creator.levels(),
        "comment_disabled": creator.flag("comment_disabled"),
        "duet_disabled": creator.flag("duet_disabled"),
        "stitch_disabled": creator.flag("stitch_disabled"),
        "max_video_post_duration_sec": creator.max_seconds(),
    })))
}

fn account(world: &World, caller: &Caller) -> Result<Account, Trouble> {
    world.accounts.get(SLUG, &caller.person).cloned().ok_or_else(Trouble::token)
}

/// `POST /v2/post/publish/video/init/`: a film for the profile.
pub(super) fn video(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let body = json_body(call)?;
    let account = account(world, caller)?;
    let info = record(body, "post_info")?;
    let post = post_info(world, &account, info, "title", MAX_TITLE)?;
    let source = source(world, body)?;
    count_post(world, caller)?;
    Ok(begin(world, call, caller, "video", true, post, source))
}

/// `POST /v2/post/publish/inbox/video/init/`: a film that the creator finds in the inbox and posts, or not.
pub(super) fn draft(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let body = json_body(call)?;
    let source = source(world, body)?;
    check_pending(world, caller)?;
    Ok(begin(world, call, caller, "video", false, json!({}), source))
}

/// `POST /v2/post/publish/content/init/`: photos, for the profile or the inbox.
pub(super) fn photos(world: &mut World, call: &Call, caller: &Caller) -> Result<Reply, Trouble> {
    let body = json_body(call)?;
    let direct = match text(body, "post_mode")? {
        Some("DIRECT_POST") => true,
        Some("MEDIA_UPLOAD") => false,
        _ => return Err(Trouble::param("post_mode must be DIRECT_POST or MEDIA_UPLOAD.")),
    };
    let scope = if direct { "video.publish" } else { "video.upload" };
    if !caller.may(scope) {
        return Err(Trouble::scope(scope));
    }
    if text(body, "media_type")? != Some("PHOTO") {
        return Err(Trouble::param("media_type must be PHOTO."));
    }
    let account = account(world, caller)?;
    let info = record(body, "post_info")?;
    let mut post =
        if direct { post_info(world, &account, info, "description", MAX_DESCRIPTION)? } else { words(info)? };
    let title = limited(info, "title", MAX_PHOTO_TITLE)?.to_owned();
    limited(info, "description", MAX_DESCRIPTION)?;
    if let Some(map) = post.as_object_mut() {
        map.insert("title".to_owned(), title.into());
    }
    let source = record(body, "source_info")?;
    if text(source, "source")? != Some("PULL_FROM_URL") {
        return Err(Trouble::param("Photos are taken with the source PULL_FROM_URL only."));
    }
    let images = source.get("photo_images").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !(1..=MAX_PHOTOS).contains(&images.len()) {
        return Err(Trouble::param(format!("photo_images must hold 1 to {MAX_PHOTOS} addresses.")));
    }
    let addresses = images
        .iter()
        .map(|image| verified(world, image.as_str().unwrap_or_default()))
        .collect::<Result<Vec<_>, _>>()?;
    let cover = source.get("photo_cover_index").map_or(Some(0), Value::as_u64);
    if cover.is_none_or(|at| at >= images.len() as u64) {
        return Err(Trouble::param("photo_cover_index must be the index of one of photo_images."));
    }
    if direct {
        count_post(world, caller)?;
    } else {
        check_pending(world, caller)?;
    }
    Ok(begin(world, call, caller, "photo", direct, post, Source::Addresses(addresses, MAX_PHOTO)))
}

/// Texts of a draft; everything else is the creator's to choose.
fn words(info: &Map<String, Value>) -> Result<Value, Trouble> {
    Ok(json!({ "description": limited(info, "description", MAX_DESCRIPTION)? }))
}

/// Where the bytes come from.
enum Source {
    /// Size, chunk size and number of chunks, as announced.
    File(u64, u64, u64),
    /// Addresses, and how much each may hold.
    Addresses(Vec<String>, u64),
}

fn source(world: &World, body: &Map<String, Value>) -> Result<Source, Trouble> {
    let info = record(body, "source_info")?;
    match text(info, "source")? {
        Some("FILE_UPLOAD") => {
            let number = |name: &str| {
                let number = info.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
                number.ok_or_else(|| Trouble::param(format!("{name} must be a positive integer.")))
            };
            let (size, chunk, count) = (number("video_size")?, number("chunk_size")?, number("total_chunk_count")?);
            check_chunks(size, chunk, count)?;
            Ok(Source::File(size, chunk, count))
        }
        Some("PULL_FROM_URL") => {
            let address = text(info, "video_url")?.unwrap_or_default();
            Ok(Source::Addresses(vec![verified(world, address)?], MAX_PULL))
        }
        _ => Err(Trouble::param("source must be FILE_UPLOAD or PULL_FROM_URL.")),
    }
}

/// The rules of TikTok's media transfer guide.
fn check_chunks(size: u64, chunk: u64, count: u64) -> Result<(), Trouble> {
    if size > MAX_VIDEO {
        return Err(Trouble::param("The video is larger than 4 GB."));
    }
    if chunk == size && count == 1 && size <= *CHUNK.end() {
        return Ok(());
    }
    if size < *CHUNK.start() {
        return Err(Trouble::param("A video of less than 5 MB is uploaded whole: chunk_size must be video_size."));
    }
    if !CHUNK.contains(&chunk) || chunk > size {
        return Err(Trouble::param("The chunk size is invalid: it must be between 5 MB and 64 MB."));
    }
    if count != size / chunk || count > MAX_CHUNKS {
        return Err(Trouble::param(
            "The total chunk count is invalid: it must be video_size / chunk_size, rounded down.",
        ));
    }
    if size - chunk * (count - 1) > MAX_LAST {
        return Err(Trouble::param("The last chunk would be larger than 128 MB."));
    }
    Ok(())
}

/// An address that TikTok may take media from.
fn verified(world: &World, address: &str) -> Result<String, Trouble> {
    let url = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Trouble::param("A media address is missing or is not one."))?;
    let prefixes = &world.settings.verified_prefixes;
    let known = if prefixes.is_empty() {
        on_this_machine(&url)
    } else {
        prefixes.iter().any(|prefix| address.starts_with(prefix.as_str()))
    };
    if known {
        return Ok(address.to_owned());
    }
    let words = "Please review our URL ownership verification rules.";
    Err(Trouble::new(403, "url_ownership_unverified", words))
}

/// The fields of `post_info` in a direct post, checked against what the creator allows.
fn post_info(
    world: &World,
    account: &Account,
    info: &Map<String, Value>,
    text_field: &str,
    most: usize,
) -> Result<Value, Trouble> {
    let creator = Creator(account);
    let words = limited(info, text_field, most)?;
    let level = text(info, "privacy_level")?.unwrap_or_default();
    if !creator.levels().contains(&level) {
        let words = "The privacy_level is not one of the privacy_level_options of the creator.";
        return Err(Trouble::new(403, "privacy_level_option_mismatch", words));
    }
    let flags = [
        "disable_duet",
        "disable_comment",
        "disable_stitch",
        "brand_content_toggle",
        "brand_organic_toggle",
        "is_aigc",
        "auto_add_music",
    ];
    if let Some(wrong) = flags.iter().find(|name| info.get(**name).is_some_and(|value| !value.is_boolean())) {
        return Err(Trouble::param(format!("{wrong} must be true or false.")));
    }
    if info.get("video_cover_timestamp_ms").is_some_and(|value| value.as_u64().is_none()) {
        return Err(Trouble::param("video_cover_timestamp_ms must be an integer."));
    }
    let says = |name: &str| info.get(name).and_then(Value::as_bool).unwrap_or_default();
    if says("brand_content_toggle") && level == "SELF_ONLY" {
        return Err(Trouble::param("Branded content cannot be private."));
    }
    // An application that was not audited may post only where nobody looks.
    let unseen = level == "SELF_ONLY" && creator.flag("private");
    if !world.settings.audited && !unseen {
        let words = "Unaudited clients can only post to a private account, as SELF_ONLY.";
        return Err(Trouble::new(403, "unaudited_client_can_only_post_to_private_accounts", words));
    }
    Ok(json!({
        "description": words, "privacy_level": level,
        "disable_comment": says("disable_comment") || creator.flag("comment_disabled"),
        "disable_duet": says("disable_duet") || creator.flag("duet_disabled"),
        "disable_stitch": says("disable_stitch") || creator.flag("stitch_disabled"),
        "brand_content": says("brand_content_toggle"), "brand_organic": says("brand_organic_toggle"),
        "is_aigc": says("is_aigc"), "auto_add_music": says("auto_add_music"),
    }))
}

fn record<'a>(map: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, Trouble> {
    map.get(name).and_then(Value::as_object).ok_or_else(|| Trouble::param(format!("{name} is missing.")))
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Trouble> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Trouble::param(format!("{name} must be a string."))),
    }
}

/// A text whose length counts in UTF-16 units, as TikTok counts.
fn limited<'a>(map: &'a Map<String, Value>, name: &str, most: usize) -> Result<&'a str, Trouble> {
    let text = text(map, name)?.unwrap_or_default();
    if text.encode_utf16().count() > most {
        return Err(Trouble::param(format!("{name} is longer than {most} characters.")));
    }
    Ok(text)
}

fn count_post(world: &mut World, caller: &Caller) -> Result<(), Trouble> {
    if world.meter(format!("tiktok posts {}", caller.person), POSTS_PER_DAY, 86_400).exceeded {
        let words = "The daily post cap from the API is reached for the current user.";
        return Err(Trouble::new(403, "spam_risk_too_many_posts", words));
    }
    Ok(())
}

fn check_pending(world: &World, caller: &Caller) -> Result<(), Trouble> {
    let now = world.now();
    let since = now - TimeDelta::days(1);
    let pending = world
        .stages
        .of(SLUG)
        .filter(|stage| stage.owner == caller.person && stage.made_at > since)
        .filter(|stage| !upload::is_direct(stage) && stage.says("post_id").is_none())
        .filter(|stage| !matches!(stage.state(now), StageState::Failed(_)))
        .count();
    if pending >= MAX_PENDING && world.settings.enforce_limits {
        let words = "There may be at most 5 pending shares within any 24-hour period.";
        return Err(Trouble::new(403, "spam_risk_too_many_pending_share", words));
    }
    Ok(())
}

/// Opens a publication; from here on its status tells.
fn begin(
    world: &mut World,
    call: &Call,
    caller: &Caller,
    kind: &str,
    direct: bool,
    post: Value,
    source: Source,
) -> Reply {
    let from = if matches!(source, Source::File(..)) { "file" } else { "url" };
    let way = match (kind, direct) {
        ("photo", true) => "p_pub",
        ("photo", false) => "p_inbox",
        (_, true) => "v_pub",
        (_, false) => "v_inbox",
    };
    let id = format!("{way}_{from}~v2-1.{}", world.snowflake());
    let mut stage = Stage::new(SLUG, id.clone(), &caller.person, &caller.client, world.now());
    let mut what = json!({ "kind": kind, "direct": direct, "post": post, "from": from });
    let mut data = json!({ "publish_id": id });
    let mut addresses = None;
    match source {
        Source::File(size, chunk, count) => {
            let ticket = random(40);
            stage.expected = size;
            if let (Some(what), Some(data)) = (what.as_object_mut(), data.as_object_mut()) {
                what.insert("chunk".to_owned(), chunk.into());
                what.insert("chunks".to_owned(), count.into());
                what.insert("ticket".to_owned(), ticket.as_str().into());
                data.insert("upload_url".to_owned(), upload::address(&call.base, &id, &ticket).into());
            }
        }
        Source::Addresses(list, most) => addresses = Some((list, most)),
    }
    stage.what = what;
    world.stages.put(stage);
    if let Some((list, most)) = addresses {
        world.send_for(SLUG, &id, list, most);
    }
    world.changed();
    fine(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_the_transfer_guide() {
        let fits = |size: u64, chunk: u64, count: u64| check_chunks(size, chunk, count).is_ok();
        // Whole, up to 64 MB.
        assert!(fits(1_000, 1_000, 1) && fits(64 * MB, 64 * MB, 1));
        assert!(!fits(64 * MB + 1, 64 * MB + 1, 1));
        // Rounded down: the last chunk takes what is left.
        assert!(fits(50_000_123, 10_000_000, 5));
        assert!(!fits(50_000_123, 10_000_000, 6));
        assert!(fits(127 * MB, 64 * MB, 1));
        // Too small, too large, too many, a small file cut up.
        assert!(!fits(50 * MB, 4 * MB, 12) && !fits(200 * MB, 65 * MB, 3));
        assert!(!fits(4 * MB, 2 * MB, 2) && !fits((4 << 30) + 1, 64 * MB, 64));
    }
}
