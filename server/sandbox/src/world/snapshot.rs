//! Keeping the world over a restart: one JSON file, replaced as a whole, so that a crash leaves the old or the new one.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

use super::{Accounts, MediaItem, Oauth, Posts, World};

#[derive(Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    serial: u64,
    accounts: Accounts,
    oauth: Oauth,
    posts: Posts,
    media: Vec<MediaItem>,
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
        Ok(())
    }

    /// Changes so far; a snapshot of an equal number need not be written.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The state as it is written to the file.
    pub(crate) fn to_json(&self) -> io::Result<Vec<u8>> {
        let snapshot = Snapshot {
            format: FORMAT,
            serial: self.serial,
            accounts: self.accounts.clone(),
            oauth: self.oauth.clone(),
            posts: self.posts.clone(),
            media: self.media.iter().cloned().collect(),
        };
        Ok(serde_json::to_vec(&snapshot)?)
    }
}

/// Replaces the state file.
pub(crate) fn write(path: &Path, json: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("new");
    std::fs::write(&draft, json)?;
    std::fs::rename(&draft, path)
}
