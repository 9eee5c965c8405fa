//! Faults by rule: what is to go wrong, for whom, how often.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Slug;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// The authorization page.
    Authorize,
    /// A code for a token.
    Token,
    /// A new token for an old one.
    Refresh,
    /// Giving a token back.
    Revoke,
    /// Who am I, which pages, what was granted, is this token alive.
    Identity,
    /// Media on its way in, also photos that are not yet shown.
    Upload,
    /// The call that makes a post public.
    Publish,
    /// Reading posts and media back, deleting them.
    Status,
    /// In a rule: every operation.
    Any,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Refused with a status, before anything happens.
    Status,
    /// No answer at all; nothing happens.
    Timeout,
    /// Done as asked, and then the connection closes without an answer.
    DropAfterAccept,
    /// Done at once, answered late.
    Slow,
    /// The person takes the grant back just before the request.
    Revoked,
    /// Done as asked, and answered with something that is no answer.
    Malformed,
}

/// A rule, as `POST /control/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Absent: every platform.
    #[serde(default)]
    pub(crate) platform: Option<Slug>,
    /// Id or handle of the account concerned. Absent: every account.
    #[serde(default)]
    pub(crate) account: Option<String>,
    pub(crate) operation: Operation,
    #[serde(rename = "fault")]
    pub(crate) kind: FaultKind,
    /// HTTP status of a `status` fault, 500 if absent.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Seconds; sent as the platform would send them.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// How often it happens.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Milliseconds that a `slow` answer is late, 3000 if absent.
    #[serde(default)]
    pub(crate) slow_ms: Option<u64>,
    /// The platform's own error code (Facebook's `code`, LinkedIn's `serviceErrorCode`).
    #[serde(default)]
    pub(crate) code: Option<i64>,
    /// Facebook's `error_subcode`.
    #[serde(default)]
    pub(crate) subcode: Option<i64>,
    /// Words in the error body.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// The whole error body, instead of the platform's.
    #[serde(default)]
    pub(crate) body: Option<Value>,
}

fn once() -> u32 {
    1
}

/// The rules in force, first come first served.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.0.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Uses up one turn of the first rule that fits. `concerns` says whether the request is about an account.
    pub(crate) fn strike(
        &mut self,
        platform: Slug,
        operation: Operation,
        concerns: impl Fn(&str) -> bool,
    ) -> Option<Fault> {
        let at = self.0.iter().position(|fault| {
            fault.platform.is_none_or(|wanted| wanted == platform)
                && (fault.operation == Operation::Any || fault.operation == operation)
                && fault.account.as_deref().is_none_or(&concerns)
        })?;
        let fault = self.0.get_mut(at)?;
        fault.times -= 1;
        if fault.times == 0 { Some(self.0.remove(at)) } else { Some(fault.clone()) }
    }
}
