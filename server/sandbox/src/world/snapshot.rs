//! Keeping the world over a restart: one JSON file, replaced as a whole, so that a crash leaves the old or the new one.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

use super::{Accounts, MediaItem, Oauth, Posts, Stages, World};

/// A copy of what is kept, taken under the lock and written outside it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    format: u32,
    serial: u64,
    accounts: Accounts,
    oauth: Oauth,
    posts: Posts,
    media: Vec<MediaItem>,
    #[serde(default)]
    stages: Stages,
}

const FORMAT: u32 = 1;

impl World {
    /// Reads the state file, if there is one. A file that cannot be read stops the start: guessing would lose accounts.
    pub(crate) fn load(&mut self, path: &Path) -> io::Result<()> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let snapshot: Snapshot = serde_json::from_slice(&text)?;
        if snapshot.format != FORMAT {
            let found = snapshot.format;
            return Err(io::Error::other(format!("state file has format {found}, this sandbox reads {FORMAT}")));
        }
        self.serial = snapshot.serial;
        self.accounts = snapshot.accounts;
        // Accounts that a newer sandbox brings with it.
        for seed in Accounts::seeded().iter() {
            self.accounts.add(seed.clone());
        }
        self.oauth = snapshot.oauth;
        self.posts = snapshot.posts;
        self.media.restore(snapshot.media);
        self.stages = snapshot.stages;
        Ok(())
    }

    /// Changes so far; a snapshot of an equal number need not be written.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            format: FORMAT,
            serial: self.serial,
            accounts: self.accounts.clone(),
            oauth: self.oauth.clone(),
            posts: self.posts.clone(),
            media: self.media.iter().cloned().collect(),
            stages: self.stages.clone(),
        }
    }
}

impl Snapshot {
    /// Replaces the state file.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let draft = path.with_extension("new");
        std::fs::write(&draft, serde_json::to_vec(self)?)?;
        std::fs::rename(&draft, path)
    }
}
