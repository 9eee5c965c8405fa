//! Registration and sign-in from the browser. A refusal is a value, for the form to show; see `pages` for the same
//! without JavaScript.

use domain::{
    FieldErrors,
    identity::{Login, Register},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{codec::Json, error::AppError};

/// What became of a form that opens a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// The cookie is set: load this path.
    Welcome { to: String },
    /// What the person can mend.
    Refused { fields: FieldErrors, message: Option<String> },
}

/// Signs in. `next` is where to go afterwards, if it is one of our own paths.
#[server(prefix = "/fn", endpoint = "identity/login", input = Json, output = Json)]
pub async fn sign_in(form: Login, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (crate::services::services()?, crate::services::visitor()?);
    let outcome = services.identity.login(&visitor, form).await;
    enter(&services, outcome, next.as_deref())
}

/// Registers and signs in.
#[server(prefix = "/fn", endpoint = "identity/register", input = Json, output = Json)]
pub async fn sign_up(form: Register, next: Option<String>) -> Result<Entry, AppError> {
    let (services, visitor) = (crate::services::services()?, crate::services::visitor()?);
    let outcome = services.identity.register(&visitor, form).await;
    enter(&services, outcome, next.as_deref())
}

#[cfg(feature = "ssr")]
fn enter(
    services: &crate::services::Services,
    outcome: domain::ServiceResult<domain::identity::SignedIn>,
    next: Option<&str>,
) -> Result<Entry, AppError> {
    use domain::ErrorCode;

    match outcome {
        Ok(signed_in) => {
            crate::services::set_cookie(&(services.settings.session_cookie)(&signed_in.token));
            let to = domain::identity::safe_next(next).unwrap_or(signed_in.workspace.kind.dashboard());
            Ok(Entry::Welcome { to: to.to_owned() })
        }
        Err(error)
            if matches!(error.code(), ErrorCode::ValidationError | ErrorCode::Unauthorized | ErrorCode::Conflict) =>
        {
            let fault = error.fault;
            let message = fault.fields.is_empty().then_some(fault.message);
            Ok(Entry::Refused { fields: fault.fields, message })
        }
        Err(error) => Err(crate::error::refuse(error)),
    }
}
