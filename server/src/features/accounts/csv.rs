//! The connection log as CSV, its columns called as REST calls the fields.

use domain::accounts::ConnectionEvent;

use crate::http::csv;

const COLUMNS: [&str; 7] = ["id", "created_at", "event_type", "platform", "account_id", "status_code", "message"];

/// The first line.
pub(super) fn head() -> String {
    csv::line(&COLUMNS)
}

/// One event.
pub(super) fn line(event: &ConnectionEvent) -> String {
    let cells: [String; COLUMNS.len()] = [
        event.id.to_string(),
        event.created_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        event.event_type.as_str().to_owned(),
        event.platform.to_string(),
        event.account_id.map(|id| id.to_string()).unwrap_or_default(),
        event.status_code.map(|code| code.to_string()).unwrap_or_default(),
        event.message.clone().unwrap_or_default(),
    ];
    csv::line(&cells)
}
