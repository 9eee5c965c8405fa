//! The record as CSV.

use domain::audit::AuditEvent;

use crate::http::csv;

const COLUMNS: [&str; 17] = [
    "seq",
    "at",
    "action",
    "actor_id",
    "actor_name",
    "actor_email",
    "via",
    "session_id",
    "api_key_id",
    "api_key_name",
    "request_id",
    "ip",
    "user_agent",
    "subject",
    "before",
    "after",
    "hash",
];

/// The first line.
pub(super) fn head() -> String {
    csv::line(&COLUMNS)
}

/// One event.
pub(super) fn line(event: &AuditEvent) -> String {
    let text = |value: Option<String>| value.unwrap_or_default();
    let actor = event.actor.as_ref();
    let subject =
        [Some(event.subject.kind.clone()), event.subject.id.map(|id| id.to_string()), event.subject.name.clone()];
    let cells: [String; COLUMNS.len()] = [
        event.seq.to_string(),
        event.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        event.action.clone(),
        text(actor.map(|actor| actor.id.to_string())),
        text(actor.and_then(|actor| actor.name.clone())),
        text(actor.and_then(|actor| actor.email.clone())),
        event.via.as_str().to_owned(),
        text(event.session_id.map(|id| id.to_string())),
        text(event.api_key_id.map(|id| id.to_string())),
        text(event.api_key_name.clone()),
        text(event.request_id.clone()),
        text(event.ip.clone()),
        text(event.user_agent.clone()),
        subject.into_iter().flatten().collect::<Vec<_>>().join(" "),
        text(event.before.as_ref().map(ToString::to_string)),
        text(event.after.as_ref().map(ToString::to_string)),
        event.hash.clone(),
    ];
    csv::line(&cells)
}
