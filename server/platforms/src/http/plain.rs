//! Calls to something that is no platform (a sign-in provider): the same client, the same rule of addresses and the same limits,
//! without a dialect, and without a trace that anybody keeps.

use std::fmt;

use bytes::BytesMut;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{Http, Silence};

/// Nobody answers with more: discovery documents and key sets are a few kilobytes.
const LARGEST: usize = 256 * 1024;

/// A request that is a plain question, or a form.
pub(crate) struct Plain<'a> {
    pub url: Url,
    /// Makes it a `POST`.
    pub form: Option<Vec<(&'a str, &'a str)>>,
    /// For HTTP Basic.
    pub basic: Option<(&'a str, &'a SecretString)>,
}

/// Why there is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Our own rule against the address; for operators.
    Refused(String),
    /// No answer, or one that is no answer: too late, too long, a redirect, not JSON, a 5xx.
    Away(&'static str),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::Away(why) => f.write_str(why),
        }
    }
}

impl Http {
    /// Sends one request, once; the status and the JSON of its answer.
    pub(crate) async fn plain(&self, plain: Plain<'_>) -> Result<(StatusCode, Value), NoAnswer> {
        self.guard.check_url(&plain.url).map_err(|blocked| NoAnswer::Refused(blocked.to_string()))?;
        let method = if plain.form.is_some() { Method::POST } else { Method::GET };
        let mut request =
            self.client.request(method, plain.url).header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some((user, password)) = plain.basic {
            let credential = super::call::basic_value(user, password.expose_secret());
            let mut value = HeaderValue::from_str(&credential).map_err(|_| NoAnswer::Away("no credential"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(form) = &plain.form {
            request = request.form(form);
        }
        let mut response = request.send().await.map_err(|error| match Silence::of(&error) {
            Silence::Blocked(blocked) => NoAnswer::Refused(blocked.to_string()),
            Silence::BeforeSending => NoAnswer::Away("it cannot be reached"),
            Silence::AfterSending => NoAnswer::Away("it does not answer"),
        })?;
        let status = response.status();
        if status.is_redirection() {
            return Err(NoAnswer::Away("it answers from another address"));
        }
        if status.is_server_error() {
            return Err(NoAnswer::Away("it is out of order"));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer::Away("its answer breaks off"))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(NoAnswer::Away("its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        let json = serde_json::from_slice(&body).map_err(|_| NoAnswer::Away("its answer is no JSON"))?;
        Ok((status, json))
    }
}
