//! The log's rows. Each opens to all there is to know of it, without a script as well.

use super::query::AuditQuery;
use crate::ui::{
    Avatar, AvatarSize, Badge, DescriptionList, Detail, Glyph, RelativeTime, Table, Td, Th, Thead, Tr, icon,
};
use domain::audit::{AuditEvent, AuditVia};
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Who did it, for people.
fn who(event: &AuditEvent) -> String {
    match (&event.actor, event.via) {
        (Some(person), _) => person.name.clone().unwrap_or_else(|| "Somebody who has left".to_owned()),
        (None, AuditVia::ApiKey) => "An API key".to_owned(),
        (None, _) => "Arctiv".to_owned(),
    }
}

/// How they came in, where that is not the usual way.
const fn way(via: AuditVia) -> Option<&'static str> {
    match via {
        AuditVia::ApiKey => Some("API key"),
        AuditVia::System => Some("By itself"),
        AuditVia::Session | AuditVia::SignIn => None,
    }
}

/// The events of a page, newest first.
pub fn event_rows(events: Vec<AuditEvent>) -> AnyView {
    let rows =
        events.into_iter().map(|event| view! { <li class="border-t border-border first:border-t-0">{row(event)}</li> });
    view! {
        <ol aria-label="Audit log" class="overflow-hidden rounded-lg border border-border bg-surface">{rows.collect_view()}</ol>
    }
    .into_any()
}

fn row(event: AuditEvent) -> AnyView {
    let name = who(&event);
    let done = event.label().to_owned();
    let thing = event.subject.name.clone();
    let picture = match event.actor {
        Some(_) => view! { <Avatar name=name.clone() size=AvatarSize::Small decorative=true/> }.into_any(),
        None => view! {
            <span class="grid size-6 shrink-0 place-items-center rounded-full bg-sunken text-muted">
                {icon(Glyph::Settings, "size-3.5")}
            </span>
        }
        .into_any(),
    };
    let way = (event.actor.is_some() || event.via == AuditVia::ApiKey).then(|| way(event.via)).flatten();
    let way = way.map(|way| match &event.api_key_name {
        Some(key) => format!("{way} “{key}”"),
        None => way.to_owned(),
    });
    let (number, action, at) = (event.seq.to_string(), event.action.clone(), event.at);
    let facts = facts(event);
    view! {
        <details class="group" data-event=number data-action=action>
            <summary class="flex min-h-11 cursor-pointer list-none items-center gap-3 px-3.5 py-2 hover:bg-hover touch:min-h-12 [&::-webkit-details-marker]:hidden">
                {picture}
                <span class="min-w-0 flex-1 sm:truncate">
                    <span class="font-medium">{name}</span>
                    " "
                    {done}
                    {thing.map(|thing| view! { <span class="text-muted">" · " <span class="wrap-anywhere">{thing}</span></span> })}
                    {way.map(|way| view! { <span class="ml-2"><Badge>{way}</Badge></span> })}
                </span>
                <RelativeTime at class="shrink-0 text-sm text-muted max-sm:text-xs"/>
                {icon(Glyph::ChevronDown, "size-4 shrink-0 text-muted group-open:rotate-180")}
            </summary>
            <div class="grid gap-4 border-t border-border bg-sunken px-3.5 py-4">{facts}</div>
        </details>
    }
    .into_any()
}

fn facts(event: AuditEvent) -> AnyView {
    let at = event.at.format("%-d %B %Y, %H:%M:%S UTC").to_string();
    let changes = changes(event.before.as_ref(), event.after.as_ref());
    let has_changes = !changes.is_empty();
    let table = has_changes.then(|| {
        let rows = changes
            .into_iter()
            .map(|(field, before, after)| {
                view! {
                    <Tr>
                        <Td class="align-top py-2 text-sm font-medium">{field}</Td>
                        <Td muted=true class="align-top py-2 wrap-anywhere">{before}</Td>
                        <Td class="align-top py-2 text-sm wrap-anywhere">{after}</Td>
                    </Tr>
                }
            })
            .collect_view();
        view! {
            <Table label=format!("What changed, event {}", event.seq) min_width="min-w-[24rem]">
                <Thead>
                    <Th label="Field" class="w-40"/>
                    <Th label="Before"/>
                    <Th label="After"/>
                </Thead>
                <tbody>{rows}</tbody>
            </Table>
        }
    });
    let email = event.actor.and_then(|person| person.email);
    let all_of_it = event.subject.id.map(|id| AuditQuery::of(id).href());
    let subject = event.subject.id.map_or(event.subject.kind.clone(), |id| format!("{} {id}", event.subject.kind));
    let detail = |label: &'static str, value: Option<String>| {
        value.map(|value| {
            let whole = value.clone();
            view! { <Detail label mono=true><span title=whole>{value}</span></Detail> }
        })
    };
    view! {
        {table}
        <DescriptionList columns="grid-cols-[6rem_minmax(0,1fr)] sm:grid-cols-[8rem_minmax(0,1fr)]">
            <Detail label="When">{at}</Detail>
            {email.map(|email| view! { <Detail label="Who">{email}</Detail> })}
            {event.ip.map(|ip| view! { <Detail label="From" mono=true>{ip}</Detail> })}
            {event.user_agent.map(|agent| view! { <Detail label="With"><span class="wrap-anywhere">{agent}</span></Detail> })}
            <Detail label="What" mono=true>{event.action}</Detail>
            <Detail label="Thing" mono=true>
                {subject}
                {all_of_it.map(|href| view! { <a href=href class="ml-3 font-sans text-sm font-medium text-accent-strong hover:underline">"All of its events"</a> })}
            </Detail>
            {detail("Session", event.session_id.map(|id| id.to_string()))}
            {event.api_key_name.map(|name| view! { <Detail label="API key">{name}</Detail> })}
            {detail("Key’s id", event.api_key_id.map(|id| id.to_string()))}
            {detail("Request", event.request_id)}
            <Detail label="Number">{event.seq}</Detail>
            {detail("Hash", Some(event.hash))}
        </DescriptionList>
    }
    .into_any()
}

/// Field by field, what it was and what it is.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, String, String)> {
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let (before, after): (Map<String, Value>, Map<String, Value>) = (fields(before), fields(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| (words(name), shown(before.get(name)), shown(after.get(name))))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// `missing_scopes` as people write it.
fn words(field: &str) -> String {
    let text = field.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Array(list)) if list.is_empty() => "none".to_owned(),
        Some(Value::Array(list)) => list.iter().map(|one| shown(Some(one))).collect::<Vec<_>>().join(", "),
        Some(Value::Object(map)) if map.is_empty() => "none".to_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_changed_field_by_field() {
        let before = json!({ "is_active": true, "title": null, "same": 1 });
        let after = json!({ "is_active": false, "title": "Roast", "same": 1, "account_ids": ["a", "b"] });
        let row = |field: &str, before: &str, after: &str| (field.to_owned(), before.to_owned(), after.to_owned());
        assert_eq!(
            changes(Some(&before), Some(&after)),
            [row("Account ids", "–", "a, b"), row("Is active", "yes", "no"), row("Title", "–", "Roast")]
        );
        assert!(changes(None, None).is_empty() && changes(Some(&json!(3)), None).is_empty());
    }
}
