//! Uploaded pictures and films. Their facts are kept; their bytes only within a budget, oldest out first.

use std::collections::VecDeque;

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{ByPlatform, Pieces, Slug, Whole};
use crate::image::{self, Sniffed};

/// How far an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MediaState {
    /// Announced; bytes are still to come.
    Waiting,
    /// The network works on it until then, and will then use it.
    Processing(DateTime<Utc>),
    /// The network works on it until then, and will then find that it cannot use it.
    Doomed(DateTime<Utc>),
    Ready,
    /// The network could not use the bytes.
    Failed,
}

/// A film without a movie header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unplayable;

/// One upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MediaItem {
    pub(crate) platform: Slug,
    pub(crate) id: String,
    /// Account that may post it.
    pub(crate) owner: String,
    /// What the uploader said it is.
    pub(crate) declared: String,
    /// What it is.
    pub(crate) mime: String,
    pub(crate) expected: u64,
    pub(crate) size: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Of a film; zero where nobody knows.
    #[serde(default)]
    pub(crate) duration_ms: u64,
    /// Did the sandbox see all of it, or only the beginning of something large?
    #[serde(default)]
    pub(crate) complete: bool,
    pub(crate) hash: u64,
    pub(crate) alt_text: Option<String>,
    pub(crate) state: MediaState,
    pub(crate) expires_at: DateTime<Utc>,
    /// The post that shows it.
    pub(crate) used_in: Option<String>,
    #[serde(with = "as_base64")]
    bytes: Option<Bytes>,
    /// Pieces of an upload that is not finished, by number.
    #[serde(skip)]
    pub(crate) pieces: Pieces,
}

impl MediaItem {
    pub(crate) fn announced(platform: Slug, id: String, owner: String, expires_at: DateTime<Utc>) -> Self {
        Self {
            platform,
            id,
            owner,
            declared: String::new(),
            mime: String::new(),
            expected: 0,
            size: 0,
            width: 0,
            height: 0,
            duration_ms: 0,
            complete: false,
            hash: 0,
            alt_text: None,
            state: MediaState::Waiting,
            expires_at,
            used_in: None,
            bytes: None,
            pieces: Pieces::default(),
        }
    }

    /// Takes the bytes; `None` if nobody knows what they are.
    pub(crate) fn fill(&mut self, bytes: Bytes) -> Option<Sniffed> {
        self.take(Whole::of(bytes))
    }

    /// Takes a file that came in pieces.
    pub(crate) fn take(&mut self, whole: Whole) -> Option<Sniffed> {
        (self.hash, self.size, self.complete) = (whole.hash, whole.size, whole.complete);
        let sniffed = image::sniff(&whole.bytes);
        if let Some(sniffed) = sniffed {
            sniffed.mime.clone_into(&mut self.mime);
            (self.width, self.height, self.duration_ms) = (sniffed.width, sniffed.height, sniffed.duration_ms);
        }
        self.bytes = whole.complete.then_some(whole.bytes);
        self.pieces.clear();
        self.state = MediaState::Ready;
        sniffed
    }

    pub(crate) fn is_film(&self) -> bool {
        self.mime.starts_with("video/")
    }

    /// Milliseconds that a film lasts, where its header says so. A large film's header may stand where the sandbox did
    /// not look, and WebM's is not read.
    pub(crate) fn length(&self) -> Result<Option<u64>, Unplayable> {
        match self.duration_ms {
            0 if self.complete && self.mime != "video/webm" => Err(Unplayable),
            0 => Ok(None),
            known => Ok(Some(known)),
        }
    }

    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }

    /// Processing ends by itself.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> MediaState {
        match self.state {
            MediaState::Processing(until) if until <= now => MediaState::Ready,
            MediaState::Doomed(until) if until <= now => MediaState::Failed,
            state => state,
        }
    }
}

/// All uploads.
#[derive(Clone, Debug)]
pub(crate) struct MediaStore {
    items: ByPlatform<MediaItem>,
    /// Items that hold bytes, oldest first.
    held: VecDeque<(Slug, String)>,
    held_bytes: usize,
    budget: usize,
}

impl MediaStore {
    pub(crate) fn new(budget: usize) -> Self {
        Self { items: ByPlatform::new(), held: VecDeque::new(), held_bytes: 0, budget }
    }

    pub(crate) fn restore(&mut self, items: Vec<MediaItem>) {
        for item in items {
            self.put(item);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &MediaItem> {
        self.items.values()
    }

    /// Adds or replaces an item, and lets go of old bytes when there are too many.
    pub(crate) fn put(&mut self, item: MediaItem) {
        let key = (item.platform, item.id.clone());
        if let Some(bytes) = &item.bytes {
            self.held_bytes += bytes.len();
            self.held.push_back(key.clone());
        }
        self.items.insert(key, item);
        while self.held_bytes > self.budget && self.held.len() > 1 {
            let Some(oldest) = self.held.pop_front() else { break };
            if let Some(bytes) = self.items.get_mut(&oldest).and_then(|item| item.bytes.take()) {
                self.held_bytes -= bytes.len();
            }
        }
    }

    pub(crate) fn get(&self, platform: Slug, id: &str) -> Option<&MediaItem> {
        self.items.get(&(platform, id.to_owned()))
    }

    pub(crate) fn get_mut(&mut self, platform: Slug, id: &str) -> Option<&mut MediaItem> {
        self.items.get_mut(&(platform, id.to_owned()))
    }

    /// Takes an item out, to change it and [`put`](Self::put) it back.
    pub(crate) fn take(&mut self, platform: Slug, id: &str) -> Option<MediaItem> {
        let key = (platform, id.to_owned());
        let item = self.items.remove(&key)?;
        if let Some(bytes) = &item.bytes {
            self.held_bytes -= bytes.len();
            self.held.retain(|other| *other != key);
        }
        Some(item)
    }

    /// An upload that `owner` could put on a post now: there, theirs, unused and not too old.
    pub(crate) fn usable(&self, platform: Slug, id: &str, owner: &str, now: DateTime<Utc>) -> Option<&MediaItem> {
        self.get(platform, id).filter(|item| item.owner == owner && item.used_in.is_none() && item.expires_at > now)
    }

    pub(crate) fn mark_used(&mut self, platform: Slug, id: &str, post: &str) {
        if let Some(item) = self.get_mut(platform, id) {
            item.used_in = Some(post.to_owned());
        }
    }

    pub(crate) fn lives_until(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
        now + TimeDelta::seconds(seconds)
    }
}

/// Bytes in the snapshot file.
mod as_base64 {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Bytes;

    #[expect(clippy::ref_option, reason = "the shape that serde asks for")]
    pub(super) fn serialize<S: Serializer>(bytes: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&STANDARD.encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_pixels_go_and_facts_stay() {
        let platform = Slug("twitter");
        let mut store = MediaStore::new(10);
        for id in ["1", "2", "3"] {
            let mut item = MediaItem::announced(platform, id.into(), "me".into(), Utc::now());
            item.fill(Bytes::from_static(b"GIF89a"));
            store.put(item);
        }
        assert!(store.get(platform, "1").unwrap().bytes().is_none());
        assert_eq!(store.get(platform, "1").unwrap().size, 6);
        assert!(store.get(platform, "3").unwrap().bytes().is_some());
        assert_eq!(store.held_bytes, 6);
        let item = store.take(platform, "3").unwrap();
        assert_eq!(store.held_bytes, 0);
        store.put(item);
        assert_eq!(store.held_bytes, 6);
    }
}
