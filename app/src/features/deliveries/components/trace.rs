//! Every try of a delivery, and in each what was asked and answered: secrets were masked before it was kept.

use crate::{
    shared::words::duration,
    ui::{RelativeTime, Table, Td, Th, Thead, Tr},
};
use domain::deliveries::DeliveryAttempt;
use leptos::prelude::*;
use serde_json::{Map, Value};

/// Every try, oldest first.
pub fn trace(attempts: Vec<DeliveryAttempt>, place: String) -> AnyView {
    if attempts.is_empty() {
        return view! { <p class="text-sm text-muted">"Nothing has been tried yet."</p> }.into_any();
    }
    let rows = attempts.into_iter().map(row).collect_view();
    view! {
        <Table label=format!("Attempts at {place}") min_width="min-w-[46rem]" bare=true>
            <Thead>
                <Th label="Attempt"/>
                <Th label="Time"/>
                <Th label="Step"/>
                <Th label="Answer"/>
                <Th label="Took" numeric=true/>
                <Th label="Outcome"/>
            </Thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn row(attempt: DeliveryAttempt) -> AnyView {
    let answer = match (attempt.http_status, attempt.platform_code) {
        (Some(status), Some(code)) => format!("{status} {code}"),
        (Some(status), None) => status.to_string(),
        (None, Some(code)) => code,
        (None, None) => "none".to_owned(),
    };
    let bad = attempt.http_status.is_some_and(|status| status >= 400);
    let calls = calls(&attempt.trace);
    let heading = match calls.len() {
        1 => "1 request and its answer".to_owned(),
        n => format!("{n} requests and their answers"),
    };
    let outcome = match attempt.outcome.as_str() {
        "success" => "Accepted".to_owned(),
        "waiting" => "Waits for the platform".to_owned(),
        "waiting_for_creator" => "With the creator".to_owned(),
        other => other.replace('_', " "),
    };
    view! {
        <Tr>
            <Td numeric=false>{attempt.number}</Td>
            <Td class="whitespace-nowrap"><RelativeTime at=attempt.started_at/></Td>
            <Td class="font-mono text-xs">{attempt.stage.as_str()}</Td>
            <Td class=if bad { "font-mono text-xs text-danger" } else { "font-mono text-xs" }>{answer}</Td>
            <Td numeric=true class="whitespace-nowrap">{duration(attempt.duration_ms.into())}</Td>
            <Td class="py-2 text-sm">
                <p>{outcome}</p>
                {attempt.message.map(|message| view! { <p class="text-muted wrap-anywhere">{message}</p> })}
                {(!calls.is_empty())
                    .then(|| {
                        view! {
                            <details class="mt-1">
                                <summary class="cursor-pointer text-sm text-accent-strong touch:min-h-11">{heading}</summary>
                                <ol class="mt-2 grid gap-3">{calls.into_iter().map(shown).collect_view()}</ol>
                            </details>
                        }
                    })}
            </Td>
        </Tr>
    }
    .into_any()
}

/// One request, in the words of HTTP.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    /// `POST https://…`
    asked: String,
    /// `503 in 320 ms`, or why there was none.
    answered: String,
    /// Headers and body of both sides, where there are any.
    request: Option<String>,
    response: Option<String>,
}

/// The requests of a trace; what has no such form is shown as it is.
fn calls(trace: &Value) -> Vec<Call> {
    trace.as_array().into_iter().flatten().map(call).collect()
}

fn call(trace: &Value) -> Call {
    let text = |name: &str| trace.get(name).and_then(Value::as_str);
    let took = trace.get("duration_ms").and_then(Value::as_u64).map(duration);
    let Some((method, url)) = text("method").zip(text("url")) else {
        return Call {
            asked: "Something else".to_owned(),
            answered: String::new(),
            request: Some(pretty(trace)),
            response: None,
        };
    };
    let status = trace.get("status").and_then(Value::as_u64);
    let answered = match (status, text("error"), took) {
        (Some(status), None, Some(took)) => format!("{status} in {took}"),
        (Some(status), Some(error), _) => format!("{status}, {error}"),
        (Some(status), None, None) => status.to_string(),
        (None, error, Some(took)) => format!("{} after {took}", error.unwrap_or("no answer")),
        (None, error, None) => error.unwrap_or("no answer").to_owned(),
    };
    Call {
        asked: format!("{method} {url}"),
        answered,
        request: side(trace, "request_headers", "request"),
        response: side(trace, "response_headers", "response"),
    }
}

/// Headers and body as one would see them on the wire.
fn side(trace: &Value, headers: &str, body: &str) -> Option<String> {
    let lines: Vec<String> = trace
        .get(headers)
        .and_then(Value::as_object)
        .map(|headers: &Map<String, Value>| {
            headers.iter().map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default())).collect()
        })
        .unwrap_or_default();
    let body = trace.get(body).filter(|body| !body.is_null()).map(pretty);
    let text = [Some(lines.join("\n")).filter(|lines| !lines.is_empty()), body];
    let text: Vec<String> = text.into_iter().flatten().collect();
    (!text.is_empty()).then(|| text.join("\n\n"))
}

fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn shown(call: Call) -> AnyView {
    let part = |label: &'static str, text: Option<String>| {
        text.map(|text| {
            view! {
                <div class="min-w-0">
                    <p class="text-xs text-muted">{label}</p>
                    <pre
                        tabindex="0"
                        role="group"
                        aria-label=label
                        class="mt-0.5 max-h-60 overflow-auto rounded-md bg-sunken p-2 font-mono text-xs whitespace-pre-wrap wrap-anywhere"
                    >
                        {text}
                    </pre>
                </div>
            }
        })
    };
    view! {
        <li class="min-w-0">
            <p class="font-mono text-xs wrap-anywhere">{call.asked} " → " {call.answered}</p>
            <div class="mt-1 grid gap-2 xl:grid-cols-2">{part("Asked", call.request)} {part("Answered", call.response)}</div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_reads_as_on_the_wire() {
        let trace = json!([{
            "operation": "commit", "method": "POST", "url": "https://api.x.com/2/tweets", "request": {"text": "Hi"},
            "status": 503, "response_headers": {"retry-after": "7"}, "response": {"title": "Down"}, "duration_ms": 320,
        }]);
        let [call] = &calls(&trace)[..] else { panic!("one call") };
        assert_eq!(call.asked, "POST https://api.x.com/2/tweets");
        assert_eq!(call.answered, "503 in 320 ms");
        assert_eq!(call.request.as_deref(), Some("{\n  \"text\": \"Hi\"\n}"));
        assert_eq!(call.response.as_deref(), Some("retry-after: 7\n\n{\n  \"title\": \"Down\"\n}"));
    }

    #[test]
    fn no_answer_says_why() {
        let trace = json!([{"method": "PUT", "url": "https://a.example", "error": "timed out", "duration_ms": 30_000}]);
        assert_eq!(calls(&trace)[0].answered, "timed out after 30.0 s");
        assert_eq!(calls(&json!([{"method": "GET", "url": "https://a.example"}]))[0].answered, "no answer");
        assert_eq!(calls(&json!(null)), []);
        assert_eq!(calls(&json!(["odd"]))[0].request.as_deref(), Some("odd"));
    }
}
