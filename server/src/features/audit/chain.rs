//! The chain of hashes, made once more: the same as `audit_hash` in the migration, in other code, so that a changed
//! function in the database is noticed like a changed row.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An event as its hash sees it: every value as PostgreSQL writes it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub workspace: Uuid,
    pub seq: i64,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub action: String,
    pub via: String,
    pub user_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub api_key_id: Option<Uuid>,
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    pub subject_name: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
}

/// Where a chain begins and ends.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub workspace: Uuid,
    pub seq: i64,
    pub hash: Vec<u8>,
    pub pruned_seq: i64,
    pub pruned_hash: Vec<u8>,
}

impl Link {
    fn made(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut part = |text: Option<&str>| match text {
            Some(text) => hash.update(format!("{}:{text}", text.len())),
            None => hash.update("-"),
        };
        let uuid = |id: Option<Uuid>| id.map(|id| id.to_string());
        part(Some(&hex::encode(&self.prev_hash)));
        part(Some(&self.workspace.to_string()));
        part(Some(&self.seq.to_string()));
        part(Some(&self.action));
        part(Some(&self.via));
        part(uuid(self.user_id).as_deref());
        part(uuid(self.session_id).as_deref());
        part(uuid(self.api_key_id).as_deref());
        part(self.request_id.as_deref());
        part(self.ip.as_deref());
        part(self.user_agent.as_deref());
        part(Some(&self.subject_kind));
        part(uuid(self.subject_id).as_deref());
        part(self.subject_name.as_deref());
        part(self.before.as_deref());
        part(self.after.as_deref());
        part(Some(&self.at.to_string()));
        hash.finalize().into()
    }
}

/// A walk along one chain, from its beginning.
#[derive(Debug)]
pub(super) struct Walk {
    at: i64,
    hash: Vec<u8>,
}

impl Walk {
    pub fn new(head: &Head) -> Self {
        Self { at: head.pruned_seq, hash: head.pruned_hash.clone() }
    }

    /// The number of the last event that was reached.
    pub fn reached(&self) -> i64 {
        self.at
    }

    /// The next event, or what is wrong with it.
    pub fn step(&mut self, link: &Link) -> Result<(), String> {
        let next = self.at + 1;
        if link.seq != next {
            return Err(match link.seq - next {
                1 => format!("Event {next} is missing."),
                n if n > 1 => format!("Events {next} to {} are missing.", link.seq - 1),
                _ => format!("Event {} stands where event {next} should.", link.seq),
            });
        }
        if link.made().as_slice() != link.hash {
            return Err(format!("Event {next} was changed after it was written."));
        }
        if link.prev_hash != self.hash {
            return Err(format!("Event {next} does not follow the event before it: one of them was replaced."));
        }
        self.at = next;
        self.hash.clone_from(&link.hash);
        Ok(())
    }

    /// Behind the last event.
    pub fn end(&self, head: &Head) -> Result<(), String> {
        if self.at != head.seq {
            return Err(if self.at < head.seq {
                format!("The newest events are missing: {} were written, the last one here is {}.", head.seq, self.at)
            } else {
                format!("Event {} was never written by Arctiv: its chain ends with {}.", self.at, head.seq)
            });
        }
        if self.hash != head.hash {
            return Err(format!("Event {} is not the one that was written last.", self.at));
        }
        Ok(())
    }
}
