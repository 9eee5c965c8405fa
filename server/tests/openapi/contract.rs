//! Holds answers against the document: each status must be documented for its operation, each body must fit its schema and
//! hold nothing that the schema does not name.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::{Map, Value, json};

/// An operation by method and path, as the document spells it: `PATCH /api/content/{id}`.
pub type Operation = String;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: header::HeaderMap,
    /// `null` where there is no JSON.
    pub body: Value,
}

impl Answer {
    /// Where only one status will do.
    #[track_caller]
    pub fn expect(&self, operation: &str, status: u16) {
        assert_eq!(self.status, status, "{operation}: {}", self.body);
    }
}

/// The document, and what has been seen of it.
pub struct Contract {
    document: Value,
    seen: BTreeSet<(Operation, u16)>,
    /// The requests that went well, by operation.
    went_well: BTreeMap<Operation, Vec<String>>,
    wrong: BTreeSet<String>,
}

impl Contract {
    pub fn new(document: Value) -> Self {
        let mut document = document;
        closed(&mut document["components"]["schemas"]);
        closed(&mut document["paths"]);
        Self { document, seen: BTreeSet::new(), went_well: BTreeMap::new(), wrong: BTreeSet::new() }
    }

    /// Every operation with its description.
    pub fn operations(&self) -> Vec<(Operation, Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let mut all = Vec::new();
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                all.push((format!("{} {path}", method.to_uppercase()), operation.clone()));
            }
        }
        assert!(all.len() > 30, "the document was misread: {} operations", all.len());
        all
    }

    pub fn operation(&self, operation: &str) -> Value {
        let (method, path) = operation.split_once(' ').unwrap();
        let found = &self.document["paths"][path][method.to_lowercase()];
        assert!(found.is_object(), "{operation} is not in the document");
        found.clone()
    }

    /// Whether the operation's answers of that status are described.
    pub fn documents(&self, operation: &str, status: u16) -> bool {
        self.operation(operation)["responses"][status.to_string()].is_object()
    }

    /// Sends a request and looks at the answer.
    pub async fn call(&mut self, operation: &str, request: RequestBuilder) -> Answer {
        let (http, request) = request.build_split();
        let request = request.unwrap();
        let sent = request.body().and_then(reqwest::Body::as_bytes).and_then(|body| serde_json::from_slice(body).ok());
        let query: Vec<String> = request.url().query_pairs().map(|(name, _)| name.into_owned()).collect();
        let answer = http.execute(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        // A stream of events has no end to wait for.
        let text =
            if kind.starts_with("text/event-stream") { Vec::new() } else { answer.bytes().await.unwrap().to_vec() };
        let body =
            if kind.starts_with("application/json") { serde_json::from_slice(&text).unwrap() } else { Value::Null };
        self.look_at_answer(operation, status, &headers, &kind, &body);
        if status.is_success() {
            self.look_at_request(operation, &query, sent.as_ref());
        }
        Answer { status: status.as_u16(), headers, body }
    }

    fn look_at_answer(
        &mut self,
        operation: &str,
        status: StatusCode,
        headers: &header::HeaderMap,
        kind: &str,
        body: &Value,
    ) {
        let place = format!("{operation} {}", status.as_u16());
        self.seen.insert((operation.to_owned(), status.as_u16()));
        let response = self.operation(operation)["responses"][status.as_str()].clone();
        if !response.is_object() {
            self.wrong.insert(format!("{place} is not documented: {body}"));
            return;
        }
        let Some(id) = headers.get("x-request-id").and_then(|id| id.to_str().ok()) else {
            self.wrong.insert(format!("{place} has no x-request-id"));
            return;
        };
        if status.is_success() || status.is_redirection() {
            self.went_well.entry(operation.to_owned()).or_default().push(id.to_owned());
        }
        if body.is_object() && operation.contains("/api/") && body["request_id"] != id {
            self.wrong.insert(format!("{place}: request_id is not the header's: {body}"));
        }
        let described = response["content"].as_object().cloned().unwrap_or_default();
        if described.is_empty() {
            if kind.starts_with("application/json") {
                self.wrong.insert(format!("{place} has a body and none is documented"));
            }
            return;
        }
        let Some(schema) = described.iter().find(|(known, _)| fits(kind, known)).map(|(_, content)| &content["schema"])
        else {
            self.wrong.insert(format!("{place} is {kind}, documented is {:?}", described.keys()));
            return;
        };
        if kind.starts_with("application/json") {
            self.fit(&place, schema, body);
        }
        if status.is_client_error() || status.is_server_error() {
            if body["error"].as_str().is_none_or(|sentence| sentence.split(' ').count() < 3) {
                self.wrong.insert(format!("{place} does not say it in a sentence: {body}"));
            }
            if status == StatusCode::BAD_REQUEST && body["details"]["fields"].as_object().is_none_or(Map::is_empty) {
                self.wrong.insert(format!("{place} names no field: {body}"));
            }
        }
    }

    /// The ids of the requests to an operation that went well.
    pub fn went_well(&self, operation: &str) -> &[String] {
        self.went_well.get(operation).map_or(&[], Vec::as_slice)
    }

    /// Something else that is wrong.
    pub fn note(&mut self, finding: String) {
        self.wrong.insert(finding);
    }

    /// What was accepted must be what the document says is acceptable.
    fn look_at_request(&mut self, operation: &str, query: &[String], sent: Option<&Value>) {
        let described = self.operation(operation);
        for name in query {
            let known = described["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["in"] == "query" && one["name"] == *name));
            if !known {
                self.wrong.insert(format!("{operation}: the parameter {name} is not documented"));
            }
        }
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        if let (Some(sent), true) = (sent, schema.is_object()) {
            self.fit(&format!("{operation}, request"), schema, sent);
        }
    }

    fn fit(&mut self, place: &str, schema: &Value, instance: &Value) {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.document["components"],
            "allOf": [schema],
        });
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&whole)
            .unwrap_or_else(|error| panic!("{place}: the schema is none: {error}"));
        for error in validator.iter_errors(instance) {
            self.wrong.insert(format!("{place}: {error} at {}", error.instance_path()));
        }
    }

    /// Everything that was found wrong, and every documented answer that nothing has provoked, but for those in
    /// `elsewhere`, with the reason.
    pub fn verdict(self, elsewhere: &BTreeMap<(&str, u16), &str>) -> Vec<String> {
        let mut wrong: Vec<String> = self.wrong.iter().cloned().collect();
        for (operation, described) in self.operations() {
            for status in described["responses"].as_object().unwrap().keys() {
                let Ok(status) = status.parse::<u16>() else { continue };
                // Said of every operation alike, and tested for all of them in tests/limits.rs.
                if status == 429 {
                    continue;
                }
                let excused = elsewhere.contains_key(&(operation.as_str(), status));
                match (self.seen.contains(&(operation.clone(), status)), excused) {
                    (false, false) => wrong.push(format!("{operation} {status} is documented and was never answered")),
                    (true, true) => wrong.push(format!("{operation} {status} was answered: take it off the list")),
                    (true, false) | (false, true) => {}
                }
            }
        }
        for (operation, status) in elsewhere.keys() {
            if !self.documents(operation, *status) {
                wrong.push(format!("{operation} {status} is excused and not documented"));
            }
        }
        wrong
    }
}

/// `image/png` fits `image/*`, `text/plain; charset=utf-8` fits `text/plain`.
fn fits(kind: &str, known: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default();
    known.strip_suffix('*').map_or(kind == known, |family| kind.starts_with(family))
}

/// No object may hold more than its schema names.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            // Closing the parts of an `allOf` would forbid each what the others name.
            assert!(
                !map.contains_key("allOf"),
                "a schema is put together of parts, which this test does not close yet: {map:?}"
            );
            if map.get("properties").is_some_and(Value::is_object) && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            map.values_mut().for_each(closed);
        }
        Value::Array(list) => list.iter_mut().for_each(closed),
        _ => {}
    }
}

#[test]
fn it_notices_what_it_is_there_for() {
    let document = json!({
        "components": { "schemas": { "Thing": {
            "type": "object", "required": ["id"],
            "properties": { "id": { "type": "string", "format": "uuid" }, "note": { "type": ["string", "null"] } },
        } } },
        "paths": {},
    });
    let mut contract = Contract::new(document);
    let schema = json!({ "$ref": "#/components/schemas/Thing" });
    let id = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001";
    contract.fit("right", &schema, &json!({ "id": id, "note": null }));
    assert!(contract.wrong.is_empty(), "{:?}", contract.wrong);
    for wrong in [json!({}), json!({ "id": 1 }), json!({ "id": "x" }), json!({ "id": id, "more": 1 }), json!([])] {
        let before = contract.wrong.len();
        contract.fit(&wrong.to_string(), &schema, &wrong);
        assert!(contract.wrong.len() > before, "{wrong} was taken");
    }
    assert!(
        fits("image/png", "image/*")
            && fits("text/plain; charset=utf-8", "text/plain")
            && !fits("text/html", "text/plain")
    );
}
