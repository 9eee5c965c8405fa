//! Every task and its handler: one list ([`all`]), and what makes a typed handler fit the library.
//!
//! A handler is `async fn(JobContext, J) -> ServiceResult<()>`. An error counts as an attempt; it is logged once, here,
//! with the task, the job's id and what caused it, and stands in the job's row until the next attempt.

use std::{collections::BTreeMap, fmt, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use domain::{ServiceError, ServiceResult};
use graphile_worker::{JobDefinition, TaskHandler, WorkerContext};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tracing::{Instrument, field::Empty};

use super::{Job, JobContext, JobsError, Lane, retention, wakeups::Wakeups};
use crate::features::{accounts, deliveries, identity, media, notifications};

/// All tasks this program runs. A task that is given up stays here until no database can hold a job of it any more.
pub fn all() -> Registry {
    Registry::new()
        .register(retention::sweep_retention)
        .register(deliveries::jobs::select_targets)
        .register(deliveries::jobs::prepare_media)
        .register(media::jobs::remove_files)
        .register(media::jobs::sweep_files)
        .register(media::jobs::finish_upload)
        .register(media::jobs::expire_uploads)
        .register(deliveries::jobs::write_comment)
        .register(accounts::jobs::ask_creator)
        .register(accounts::jobs::ask_quota)
        .register(accounts::jobs::refresh_token)
        .register(accounts::jobs::confirm_access)
        .register(accounts::jobs::revoke_access)
        .register(accounts::jobs::access_removed)
        .register(accounts::jobs::sweep_tokens)
        .register(notifications::jobs::send_mail)
        .register(notifications::telling::tell)
        .register(notifications::webhooks::sending::send_webhook)
        .register(identity::jobs::send_reset_link)
        .register(identity::jobs::build_export)
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Handler = Arc<dyn Fn(JobContext, Value) -> BoxFuture<ServiceResult<()>> + Send + Sync>;

/// Tasks by name.
#[derive(Default)]
pub struct Registry {
    handlers: BTreeMap<&'static str, Handler>,
    definitions: Vec<(Lane, JobDefinition)>,
    twice: Option<&'static str>,
}

impl Registry {
    /// Without any task.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of `J`'s task.
    #[must_use]
    pub fn register<J, F, Fut>(mut self, handler: F) -> Self
    where
        J: Job,
        F: Fn(JobContext, J) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ServiceResult<()>> + Send + 'static,
    {
        let erased: Handler = Arc::new(move |context, payload| match serde_json::from_value::<J>(payload) {
            Ok(job) => Box::pin(handler(context, job)),
            Err(error) => Box::pin(async { Err(ServiceError::internal(error)) }),
        });
        if self.handlers.insert(J::TASK, erased).is_some() {
            self.twice = Some(J::TASK);
        }
        self.definitions.push((J::LANE, JobDefinition::of::<Adapted<J>>()));
        self
    }

    /// Whether a handler for the task is here.
    pub fn handles(&self, task: &str) -> bool {
        self.handlers.contains_key(task)
    }

    /// What the library needs: a definition per task, with its lane, and the handlers that those look up.
    pub(super) fn into_parts(self) -> Result<(Vec<(Lane, JobDefinition)>, Handlers), JobsError> {
        match self.twice {
            Some(task) => Err(JobsError::Twice(task)),
            None => Ok((self.definitions, Handlers(Arc::new(self.handlers)))),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.handlers.keys()).finish()
    }
}

/// The handlers, as the library carries them to each job.
#[derive(Clone)]
pub(super) struct Handlers(Arc<BTreeMap<&'static str, Handler>>);

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// `J` as the library wants it: a type with a name. It keeps the payload as it came, so that one which does not parse
/// fails like any other job does, and is logged in the same place.
struct Adapted<J> {
    payload: Value,
    job: PhantomData<fn() -> J>,
}

impl<J> Serialize for Adapted<J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.payload.serialize(serializer)
    }
}

impl<'de, J> Deserialize<'de> for Adapted<J> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { payload: Value::deserialize(deserializer)?, job: PhantomData })
    }
}

impl<J: Job> TaskHandler for Adapted<J> {
    const IDENTIFIER: &'static str = J::TASK;

    #[expect(refining_impl_trait, reason = "nobody outside names this type, and the precise one is easier to read")]
    async fn run(self, context: WorkerContext) -> Result<(), LastError> {
        let job = context.job();
        let (id, attempt, attempts) = (*job.id(), *job.attempts(), *job.max_attempts());
        let span = tracing::info_span!("job", task = J::TASK, job = id, attempt, otel.status_code = Empty);
        let result = async {
            let handlers = context.get_ext::<Handlers>();
            let handler = handlers.and_then(|handlers| handlers.0.get(J::TASK));
            let (Some(handler), Some(context)) = (handler, context.get_ext::<JobContext>()) else {
                return Err(ServiceError::internal("the job runner was started without its context"));
            };
            handler(context.clone(), self.payload).await
        }
        .instrument(span.clone())
        .await;
        // Others may be due as well.
        if let Some(wakeups) = context.get_ext::<Wakeups>() {
            wakeups.wake();
        }
        result.map_err(|error| {
            span.record("otel.status_code", "error");
            let error = LastError::from(error);
            span.in_scope(|| {
                if attempt < attempts {
                    tracing::warn!(%error, attempts, "job failed and will be tried again");
                } else {
                    tracing::error!(%error, attempts, "job failed for the last time");
                }
            });
            error
        })
    }
}

/// What stands in the failed job's row: the causes, for whoever looks at it. Never shown to users.
struct LastError(String);

impl From<ServiceError> for LastError {
    fn from(error: ServiceError) -> Self {
        let mut text = format!("{:?}", error.code());
        let mut cause = error.cause.as_deref().map(|cause| cause as &dyn std::error::Error);
        if cause.is_none() {
            text = format!("{text}: {}", error.fault.message);
        }
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self(text)
    }
}

impl fmt::Display for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// The library keeps the debug form.
impl fmt::Debug for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
