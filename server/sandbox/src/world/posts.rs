//! What the simulated accounts have published.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByPlatform, Slug};

/// One picture or film on a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    /// Id in the media store.
    pub(crate) media: String,
    pub(crate) alt_text: Option<String>,
}

/// A link card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) url: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
}

/// What somebody wrote under a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: String,
    /// Account in whose name it stands.
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// One post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) platform: Slug,
    /// In whose name it stands.
    pub(crate) account: String,
    /// The network's id.
    pub(crate) id: String,
    /// Application that sent it.
    pub(crate) client: String,
    /// As people read it.
    pub(crate) text: String,
    pub(crate) media: Vec<Attachment>,
    pub(crate) link: Option<Link>,
    pub(crate) created_at: DateTime<Utc>,
    /// Held back by the network until then.
    pub(crate) publish_at: Option<DateTime<Utc>>,
    /// Made, but shown to nobody.
    pub(crate) hidden: bool,
    /// What only its network knows: visibility, reply, raw text.
    pub(crate) extra: Value,
    /// Equal for posts that the network would call duplicates.
    pub(crate) fingerprint: u64,
    /// Oldest first.
    #[serde(default)]
    pub(crate) comments: Vec<Comment>,
}

impl Post {
    pub(crate) fn is_public(&self, now: DateTime<Utc>) -> bool {
        !self.hidden && self.publish_at.is_none_or(|at| at <= now)
    }
}

/// What makes two posts the same: text, link and the pictures' content, not their ids.
pub(crate) fn fingerprint(text: &str, link: Option<&str>, media: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (text.trim(), link, media).hash(&mut hasher);
    hasher.finish()
}

/// All posts, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Post>", into = "Vec<Post>")]
pub(crate) struct Posts {
    next: u64,
    all: BTreeMap<u64, Post>,
    by_id: ByPlatform<u64>,
    by_account: ByPlatform<Vec<u64>>,
    /// Newest post of each fingerprint per account.
    prints: HashMap<(Slug, String, u64), u64>,
}

impl Posts {
    pub(crate) fn add(&mut self, post: Post) {
        let at = self.next;
        self.next += 1;
        self.by_id.insert((post.platform, post.id.clone()), at);
        self.by_account.entry((post.platform, post.account.clone())).or_default().push(at);
        self.prints.insert((post.platform, post.account.clone(), post.fingerprint), at);
        self.all.insert(at, post);
    }

    pub(crate) fn get(&self, platform: Slug, id: &str) -> Option<&Post> {
        self.by_id.get(&(platform, id.to_owned())).and_then(|at| self.all.get(at))
    }

    pub(crate) fn get_mut(&mut self, platform: Slug, id: &str) -> Option<&mut Post> {
        self.by_id.get(&(platform, id.to_owned())).and_then(|at| self.all.get_mut(at))
    }

    pub(crate) fn remove(&mut self, platform: Slug, id: &str) -> Option<Post> {
        let at = self.by_id.remove(&(platform, id.to_owned()))?;
        let post = self.all.remove(&at)?;
        if let Some(list) = self.by_account.get_mut(&(platform, post.account.clone())) {
            list.retain(|other| *other != at);
        }
        let print = (platform, post.account.clone(), post.fingerprint);
        if self.prints.get(&print) == Some(&at) {
            self.prints.remove(&print);
        }
        Some(post)
    }

    /// An account's posts, newest first.
    pub(crate) fn newest(&self, platform: Slug, account: &str) -> impl Iterator<Item = &Post> {
        let list = self.by_account.get(&(platform, account.to_owned()));
        list.into_iter().flatten().rev().filter_map(|at| self.all.get(at))
    }

    /// The account's newest post that says the same, if it is not older than `since`.
    pub(crate) fn same_as(
        &self,
        platform: Slug,
        account: &str,
        fingerprint: u64,
        since: DateTime<Utc>,
    ) -> Option<&Post> {
        let at = self.prints.get(&(platform, account.to_owned(), fingerprint))?;
        self.all.get(at).filter(|post| post.created_at >= since)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Post> {
        self.all.values()
    }

    pub(crate) fn count(&self, platform: Slug, account: &str) -> usize {
        self.by_account.get(&(platform, account.to_owned())).map_or(0, Vec::len)
    }
}

impl From<Vec<Post>> for Posts {
    fn from(list: Vec<Post>) -> Self {
        let mut posts = Self::default();
        for post in list {
            posts.add(post);
        }
        posts
    }
}

impl From<Posts> for Vec<Post> {
    fn from(posts: Posts) -> Self {
        posts.all.into_values().collect()
    }
}
