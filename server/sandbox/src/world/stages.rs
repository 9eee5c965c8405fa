//! Publications in the making: what a network keeps between the first call and the public post. Instagram's containers,
//! TikTok's publish ids and Facebook's upload sessions are all of this kind.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByPlatform, Pieces, Slug};

/// Why a network gave up on something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The network's number for it, where it has numbers.
    pub(crate) code: i64,
    /// The network's word or sentence for it.
    pub(crate) words: String,
}

impl Failure {
    pub(crate) fn new(code: i64, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }
}

/// How far a publication has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StageState {
    /// Bytes are still to come, or are being fetched.
    Waiting,
    /// The network works on it until then; what comes of it is settled already.
    Working(DateTime<Utc>, Option<Failure>),
    Failed(Failure),
    Ready,
    /// Public, under this id.
    Published(String),
}

/// One publication in the making.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) platform: Slug,
    pub(crate) id: String,
    /// Account in whose name it will stand.
    pub(crate) owner: String,
    pub(crate) client: String,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) state: StageState,
    /// Media that it holds, by their ids.
    pub(crate) media: Vec<String>,
    /// What only its network knows.
    pub(crate) what: Value,
    /// Size that was announced.
    pub(crate) expected: u64,
    /// What has arrived so far, by offset.
    #[serde(skip)]
    pub(crate) pieces: Pieces,
}

impl Stage {
    pub(crate) fn new(platform: Slug, id: String, owner: &str, client: &str, now: DateTime<Utc>) -> Self {
        Self {
            platform,
            id,
            owner: owner.to_owned(),
            client: client.to_owned(),
            made_at: now,
            state: StageState::Waiting,
            media: Vec::new(),
            what: Value::Null,
            expected: 0,
            pieces: Pieces::default(),
        }
    }

    /// Where it stands now: work ends by itself.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> StageState {
        match &self.state {
            StageState::Working(until, outcome) if *until <= now => match outcome {
                Some(failure) => StageState::Failed(failure.clone()),
                None => StageState::Ready,
            },
            state => state.clone(),
        }
    }

    pub(crate) fn says(&self, name: &str) -> Option<&str> {
        self.what.get(name).and_then(Value::as_str)
    }
}

/// All publications in the making.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Stage>", into = "Vec<Stage>")]
pub(crate) struct Stages(ByPlatform<Stage>);

impl Stages {
    pub(crate) fn put(&mut self, stage: Stage) {
        self.0.insert((stage.platform, stage.id.clone()), stage);
    }

    pub(crate) fn get(&self, platform: Slug, id: &str) -> Option<&Stage> {
        self.0.get(&(platform, id.to_owned()))
    }

    pub(crate) fn get_mut(&mut self, platform: Slug, id: &str) -> Option<&mut Stage> {
        self.0.get_mut(&(platform, id.to_owned()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stage> {
        self.0.values()
    }

    pub(crate) fn of(&self, platform: Slug) -> impl Iterator<Item = &Stage> {
        self.iter().filter(move |stage| stage.platform == platform)
    }
}

impl From<Vec<Stage>> for Stages {
    fn from(list: Vec<Stage>) -> Self {
        Self(list.into_iter().map(|stage| ((stage.platform, stage.id.clone()), stage)).collect())
    }
}

impl From<Stages> for Vec<Stage> {
    fn from(stages: Stages) -> Self {
        stages.0.into_values().collect()
    }
}
