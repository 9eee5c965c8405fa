//! The record as CSV (RFC 4180). Spreadsheets take a cell that begins like a formula for one, and what people have typed
//! stands in here; such cells begin with an apostrophe.

use domain::audit::AuditEvent;

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
    format!("{}\r\n", COLUMNS.join(","))
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
    let line: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", line.join(","))
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads one line as RFC 4180 says.
    fn read(line: &str) -> Vec<String> {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            match (quoted, c) {
                (true, '"') if rest.peek() == Some(&'"') => {
                    rest.next();
                    cell.push('"');
                }
                (true, '"') => quoted = false,
                (false, '"') => quoted = true,
                (false, ',') => cells.push(std::mem::take(&mut cell)),
                (_, c) => cell.push(c),
            }
        }
        cells.push(cell);
        cells
    }

    proptest! {
        #[test]
        fn any_texts_come_back_as_the_cells_they_were(texts in proptest::collection::vec("[ -~\\n\\r\\t=\"',äé]{0,20}", 1..6)) {
            let line: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
            let cells = read(&line.join(","));
            prop_assert_eq!(cells.len(), texts.len());
            for (cell, text) in cells.iter().zip(&texts) {
                prop_assert_eq!(cell.strip_prefix('\'').filter(|rest| rest == text).unwrap_or(cell), text);
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {:?}", cell);
            }
        }
    }
}
