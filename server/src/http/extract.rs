//! Extractors whose refusals speak our envelope: who acts, and what they sent.

use axum::{
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, FailedToBufferBody},
    },
    http::{StatusCode, header, request::Parts},
};
use domain::{Actor, ErrorCode, RequestId, ServiceError, Visitor};
use serde::de::DeserializeOwned;

use super::{envelope::ApiError, keys::Presented};

/// The signed-in actor; 401 when there is none. The session middleware found it.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Actor);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Actor>().cloned().map(Self).ok_or_else(|| nobody(parts).into())
    }
}

fn nobody(parts: &Parts) -> ServiceError {
    if parts.extensions.get::<Presented>() == Some(&Presented::NotTaken) {
        return ServiceError::new(ErrorCode::Unauthorized, "API keys are not taken here. Sign in with a browser.");
    }
    ServiceError::unauthorized()
}

/// The signed-in actor, if there is one.
#[derive(Clone, Debug)]
pub struct MaybeSignedIn(pub Option<Actor>);

impl<S: Sync> FromRequestParts<S> for MaybeSignedIn {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Actor>().cloned()))
    }
}

/// Whoever asks, signed in or not.
#[derive(Clone, Debug)]
pub struct Anyone(pub Visitor);

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Visitor>()
            .cloned()
            .map(Self)
            .ok_or_else(|| ServiceError::internal("the visitor middleware did not run").into())
    }
}

/// The request's id.
#[derive(Clone, Debug)]
pub struct Id(pub RequestId);

impl<S: Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<RequestId>()
            .cloned()
            .map(Self)
            .ok_or_else(|| ServiceError::internal("the request id middleware did not run").into())
    }
}

/// A JSON body; what is wrong with it is said with the field's name.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Sync + Send> FromRequest<S> for Body<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !json {
            return Err(ServiceError::field("content-type", "Send JSON, with content-type: application/json.").into());
        }
        let bytes = axum::body::Bytes::from_request(request, state).await.map_err(too_large_or_broken)?;
        // A list would be read as the fields in their order.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(ServiceError::field("body", "Send a JSON object: fields in curly brackets.").into());
        }
        parse_json(&bytes).map(Self).map_err(ApiError)
    }
}

/// A body as it came, for what is signed byte by byte.
#[derive(Clone, Debug)]
pub struct RawBody(pub axum::body::Bytes);

impl<S: Sync + Send> FromRequest<S> for RawBody {
    type Rejection = ApiError;
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        axum::body::Bytes::from_request(request, state).await.map(Self).map_err(too_large_or_broken)
    }
}

/// Brackets within brackets; nothing that is taken here needs nearly as many.
const DEEPEST: usize = 32;

/// Whether brackets nest deeper than anything we take. Fields that nobody asked for are passed over, however deep they are;
/// what is nonsense should be refused all the same.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// Parses JSON, naming the field at fault.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ServiceError> {
    if is_too_deep(bytes) {
        return Err(ServiceError::field("body", "This JSON nests deeper than anything that is taken here."));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "body".to_owned() } else { path };
        let inner = error.into_inner();
        let message = if inner.is_syntax() || inner.is_eof() {
            format!("This is not valid JSON (line {}, column {}).", inner.line(), inner.column())
        } else {
            readable(&inner.to_string())
        };
        ServiceError::field(&field, message)
    })?;
    deserializer.end().map_err(|_| ServiceError::field("body", "There is something behind the JSON value."))?;
    Ok(value)
}

/// Serde's words up to the position, as a sentence.
fn readable(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str().trim_end_matches('.')),
        None => "This value does not fit.".to_owned(),
    }
}

fn too_large_or_broken(rejection: BytesRejection) -> ApiError {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            ServiceError::new(ErrorCode::PayloadTooLarge, "This request is larger than we take.").into()
        }
        other => ServiceError::field("body", "The request's body could not be read.").because(other).into(),
    }
}

/// Query parameters; unknown ones are ignored, wrong ones named.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self).map_err(ApiError)
    }
}

/// Parses a query string, naming the parameter at fault. Empty values count as left out, as forms send them.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, ServiceError> {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().filter(|(_, value)| !value.is_empty()).collect();
    read_pairs(&pairs).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { at_fault::<T>(&pairs).unwrap_or("query") } else { &path };
        ServiceError::field(field, readable(&error.into_inner().to_string()))
    })
}

type QueryError = serde_path_to_error::Error<serde_urlencoded::de::Error>;

fn read_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, QueryError> {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let deserializer = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(deserializer)
}

/// A flattened struct hides which parameter it was: the one that cannot be read on its own either, or stands there twice.
fn at_fault<T: DeserializeOwned>(pairs: &[(String, String)]) -> Option<&str> {
    let alone = pairs.iter().find(|pair| read_pairs::<T>(std::slice::from_ref(pair)).is_err());
    let twice = || pairs.iter().find(|(name, _)| pairs.iter().filter(|(other, _)| other == name).count() > 1);
    alone.or_else(twice).map(|(name, _)| name.as_str())
}

/// A path parameter that is an id; anything else is simply not found.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<T, S> FromRequestParts<S> for PathId<T>
where
    T: From<uuid::Uuid>,
    S: Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<uuid::Uuid>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(id)| Self(T::from(id)))
            .map_err(|_| ServiceError::not_found("page").into())
    }
}

/// Two path parameters: an id, and the number of one of its parts. Anything else is simply not found.
#[derive(Clone, Copy, Debug)]
pub struct PathPart<T>(pub T, pub u32);

impl<T, S> FromRequestParts<S> for PathPart<T>
where
    T: From<uuid::Uuid>,
    S: Send + Sync,
{
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<(uuid::Uuid, u32)>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path((id, number))| Self(T::from(id), number))
            .map_err(|_| ServiceError::not_found("page").into())
    }
}

/// 404 in our envelope, for paths under `/api` that lead nowhere.
pub async fn not_found() -> ApiError {
    ServiceError::new(ErrorCode::NotFound, "There is nothing at this address.").into()
}

/// 405 in our envelope.
pub async fn method_not_allowed() -> (StatusCode, ApiError) {
    (
        StatusCode::METHOD_NOT_ALLOWED,
        ServiceError::new(ErrorCode::NotFound, "This address does not take that method.").into(),
    )
}

#[cfg(test)]
mod tests {
    use domain::{
        accounts::{AccountFilter, ConnectionEventFilter},
        audit::AuditFilter,
        deliveries::DeliveryFilter,
        identity::Register,
        posts::{NewPost, PostFilter, PostPatch},
    };
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("limit=many", "limit")]
    #[case("platform=facebook&offset=-1", "offset")]
    #[case("limit=5&status=pending,done", "status")]
    #[case("platform=myspace&limit=5", "platform")]
    #[case("content_id=1", "content_id")]
    #[case("q=a&q=b", "q")]
    #[case("limit=1&limit=2", "limit")]
    fn the_parameter_at_fault_is_named(#[case] query: &str, #[case] name: &str) {
        let error = parse_query::<DeliveryFilter>(query).unwrap_err();
        assert!(error.fault.fields.get(name).is_some(), "{query}: {:?}", error.fault.fields);
    }

    /// Either it is read, or the refusal names something.
    fn read_or_named<T: DeserializeOwned>(outcome: Result<T, ServiceError>) -> Result<(), TestCaseError> {
        if let Err(error) = outcome {
            prop_assert_eq!(error.code(), ErrorCode::ValidationError);
            prop_assert!(!error.fault.fields.is_empty() && !error.fault.message.is_empty());
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused_by_name(
            name in "limit|offset|cursor|q|status|platform|actor|action|subject|from|to|active|event_type|\\PC{0,8}",
            value in "\\PC{0,30}|-?[0-9]{1,25}|%[0-9a-f]{0,2}|[a-z,]{0,20}",
            rest in "[ -~]{0,60}",
        ) {
            let query = format!("{name}={value}&{rest}");
            read_or_named(parse_query::<DeliveryFilter>(&query))?;
            read_or_named(parse_query::<PostFilter>(&query))?;
            read_or_named(parse_query::<AccountFilter>(&query))?;
            read_or_named(parse_query::<ConnectionEventFilter>(&query))?;
            read_or_named(parse_query::<AuditFilter>(&query))?;
        }

        #[test]
        fn any_body_is_read_or_refused_by_name(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "\\{(\"[a-z_]{0,12}\":(null|true|-?[0-9]{1,20}|\"\\PC{0,8}\"|\\[\\]|\\{\\}),?){0,4}\\}".prop_map(String::into_bytes),
            ],
        ) {
            read_or_named(parse_json::<NewPost>(&bytes))?;
            read_or_named(parse_json::<PostPatch>(&bytes))?;
            read_or_named(parse_json::<Register>(&bytes))?;
        }
    }

    #[test]
    fn what_nests_too_deep_is_refused_and_brackets_in_texts_are_none() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(DEEPEST).as_bytes()) && is_too_deep(nested(DEEPEST + 1).as_bytes()));
        let unknown = format!(r#"{{"no_such_field":{}}}"#, nested(5_000));
        assert!(parse_json::<PostPatch>(unknown.as_bytes()).unwrap_err().fault.fields.get("body").is_some());
        let text = format!(r#"{{"body":"\"{}"}}"#, "[{".repeat(100));
        assert!(parse_json::<PostPatch>(text.as_bytes()).is_ok());
    }

    #[test]
    fn several_states_and_empty_values() {
        let filter: DeliveryFilter = parse_query("status=pending%2Cpublishing&platform=&q=a%20b&unknown=1").unwrap();
        assert_eq!((filter.status.to_string().as_str(), filter.q.as_deref()), ("pending,publishing", Some("a b")));
    }
}
