//! How a feature writes into the record, inside its own transaction:
//!
//! ```ignore
//! audit::in_tx::record(&mut tx, Entry::by(actor, Action::PostDeleted, now).on(id.0, &title));
//! ```
//!
//! Nothing is awaited: the entry goes into the record when the transaction commits, and with it or not at all.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{
    Actor, Peer, ServiceResult, SessionId, UserId, Via, Visitor, WorkspaceId,
    audit::{Action, AuditVia},
    text::truncate_chars,
};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;
use crate::database::Tx;

/// The longest text in an entry's details, characters; what is longer is cut.
const LONGEST_TEXT: usize = 300;

/// Events of each chain that are deleted at a time.
const BATCH: i32 = 5000;

/// One thing that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub(super) workspace_id: WorkspaceId,
    action: &'static str,
    via: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    subject_kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
    created_at: DateTime<Utc>,
}

impl Entry {
    fn new(workspace: WorkspaceId, via: AuditVia, action: Action, at: DateTime<Utc>) -> Self {
        Self {
            workspace_id: workspace,
            action: action.as_str(),
            via: via.as_str(),
            user_id: None,
            session_id: None,
            api_key_id: None,
            request_id: None,
            ip: None,
            user_agent: None,
            subject_kind: action.noun(),
            subject_id: None,
            subject_name: None,
            before: None,
            after: None,
            created_at: at,
        }
    }

    fn from(mut self, peer: Peer) -> Self {
        self.ip = peer.ip;
        self.user_agent = peer.user_agent.map(|agent| truncate_chars(&agent, 400).to_owned());
        self
    }

    /// Something the actor did, in the actor's workspace.
    pub fn by(actor: &Actor, action: Action, at: DateTime<Utc>) -> Self {
        let (via, session_id, api_key_id) = match actor.via {
            Via::Session(session) => (AuditVia::Session, Some(session), None),
            Via::ApiKey(key) => (AuditVia::ApiKey, None, Some(key.0)),
            Via::System => (AuditVia::System, None, None),
        };
        let mut entry = Self::new(actor.workspace_id, via, action, at).from(actor.peer.clone());
        entry.user_id = Some(actor.user_id);
        entry.session_id = session_id;
        entry.api_key_id = api_key_id;
        entry.request_id = Some(actor.request_id.as_str().to_owned());
        entry
    }

    /// Something done at the door of a workspace, by or about somebody who has no session there yet.
    pub fn at_the_door(
        visitor: &Visitor,
        workspace: WorkspaceId,
        user: UserId,
        action: Action,
        at: DateTime<Utc>,
    ) -> Self {
        let mut entry = Self::new(workspace, AuditVia::SignIn, action, at).from(visitor.peer());
        entry.user_id = Some(user);
        entry.request_id = Some(visitor.request_id.as_str().to_owned());
        entry
    }

    /// The same by somebody who is nobody here yet.
    pub fn by_a_visitor(visitor: &Visitor, workspace: WorkspaceId, action: Action, at: DateTime<Utc>) -> Self {
        let mut entry = Self::new(workspace, AuditVia::SignIn, action, at).from(visitor.peer());
        entry.request_id = Some(visitor.request_id.as_str().to_owned());
        entry
    }

    /// Something that Arctiv did by itself.
    pub fn by_itself(workspace: WorkspaceId, action: Action, at: DateTime<Utc>) -> Self {
        Self::new(workspace, AuditVia::System, action, at)
    }

    /// What it was done to, and how that is called now.
    #[must_use]
    pub fn on(mut self, id: impl Into<Uuid>, name: &str) -> Self {
        self.subject_id = Some(id.into());
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        self.subject_name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        self
    }

    /// What it was like before. Never a secret.
    #[must_use]
    pub fn was(mut self, before: Value) -> Self {
        self.before = Some(tidy(before));
        self
    }

    /// What it is like now. Never a secret.
    #[must_use]
    pub fn is(mut self, after: Value) -> Self {
        self.after = Some(tidy(after));
        self
    }

    /// Both, reduced to the fields that differ.
    #[must_use]
    pub fn changed(self, before: Value, after: Value) -> Self {
        let (before, after) = differing(before, after);
        self.was(before).is(after)
    }
}

/// Goes into the record when the transaction commits.
pub fn record(tx: &mut Tx, entry: Entry) {
    tx.record(entry);
}

/// Writes what a transaction has recorded; the last thing it does.
pub(crate) async fn write(tx: &mut PgConnection, mut entries: Vec<Entry>) -> ServiceResult<()> {
    // Whoever appends to several chains takes them in one order, or two could wait for each other.
    entries.sort_by_key(|entry| entry.workspace_id);
    store::append(tx, &entries).await
}

/// Deletes a batch of events that are older than `until`, under the role that may; how many.
pub(crate) async fn prune(tx: &mut PgConnection, until: DateTime<Utc>) -> ServiceResult<i64> {
    store::prune(tx, until, BATCH).await
}

/// Without what the database cannot hold, and no longer than a record should be.
fn tidy(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let clean: String = text.chars().filter(|c| *c != '\0').collect();
            let short = truncate_chars(&clean, LONGEST_TEXT);
            Value::String(if short.len() == clean.len() { clean } else { format!("{}…", short.trim_end()) })
        }
        Value::Array(list) => Value::Array(list.into_iter().take(100).map(tidy).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(name, value)| (name, tidy(value))).collect()),
        other => other,
    }
}

fn differing(before: Value, after: Value) -> (Value, Value) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return (Value::Null, Value::Null);
    };
    let only = |of: &Map<String, Value>, other: &Map<String, Value>| {
        let kept = of.iter().filter(|(name, value)| other.get(*name) != Some(value));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    (only(&before, &after), only(&after, &before))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let (before, after) =
            differing(json!({ "a": 1, "b": [1], "gone": true }), json!({ "a": 1, "b": [2], "new": null }));
        assert_eq!((before, after), (json!({ "b": [1], "gone": true }), json!({ "b": [2], "new": null })));
    }

    #[test]
    fn long_and_odd_texts_are_cut() {
        let tidied = tidy(json!({ "body": "x".repeat(1000), "odd": "a\u{0}b", "n": 1, "list": ["\u{0}"] }));
        assert_eq!(tidied["body"].as_str().unwrap().chars().count(), LONGEST_TEXT + 1);
        assert_eq!((&tidied["odd"], &tidied["list"]), (&json!("ab"), &json!([""])));
        let entry = Entry::by_itself(WorkspaceId(Uuid::nil()), Action::PostCreated, DateTime::UNIX_EPOCH);
        let entry = entry.on(Uuid::nil(), &format!(" \u{7}{}", "ä".repeat(300)));
        assert_eq!(entry.subject_name.unwrap().chars().count(), 199);
    }
}
