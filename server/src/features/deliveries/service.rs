//! Fulfils [`Deliveries`].

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Duration;
use domain::{
    Actor, DeliveryId, Page, PostId, ServiceError, ServiceResult,
    audit::Action,
    clock::{Clock, Ids},
    deliveries::{
        CommentStatus, DeadLetterReason, Deliveries, Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFigures,
        DeliveryFilter, DeliveryStatus, Outcome,
    },
};
use serde_json::json;

use super::{
    jobs::WriteComment,
    policy,
    store::{self, Filter},
};
use crate::{
    cursor::{TimeCursor, cut},
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        notifications,
    },
    jobs::enqueue,
};

/// Deliveries, as people and programs ask for them.
#[derive(Clone)]
pub struct DeliveryService {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    max_attempts: u32,
    spacing: Duration,
}

/// How far back deliveries may have been made that ended within the last day: a week of waiting for a creator, and some.
const MADE_WITHIN: Duration = Duration::days(9);

impl DeliveryService {
    /// `max_attempts` is the retry policy's, for showing "2 of 5"; `spacing` lies between deliveries to one account that
    /// start over together.
    pub fn new(
        database: Database,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        max_attempts: u32,
        spacing: Duration,
    ) -> Self {
        Self { database, clock, ids, max_attempts, spacing }
    }

    /// What a person has made of a post; programs that listen are told.
    async fn derive(&self, tx: &mut Tx, actor: &Actor, posts: &[PostId]) -> ServiceResult<()> {
        let changed = store::derive_post_status(tx, posts).await?;
        let news: Vec<_> = changed.into_iter().map(|(post, status)| (actor.workspace_id, post, status)).collect();
        notifications::in_tx::posts_published(tx, self.ids.as_ref(), self.clock.now(), &news).await
    }

    /// Once the end of a delivery stands. Workers write an end without the post's lock, so one that ended another at the same moment
    /// and this person may each have seen the other as open; whoever is later sees both. The next sweep does it where this fails.
    async fn settle(&self, actor: &Actor, post: PostId) {
        let settled = async {
            let mut tx = self.database.tenant(actor).await?;
            self.derive(&mut tx, actor, &[post]).await?;
            tx.commit().await
        };
        if let Err(error) = settled.await {
            tracing::warn!(cause = ?error.cause, post_id = %post, "a post could not be ended; the next sweep does it");
        }
    }

    /// A line for the record: what somebody has done with a delivery.
    fn record(&self, tx: &mut Tx, actor: &Actor, action: Action, before: &Delivery, after: &Delivery) {
        let entry = Entry::by(actor, action, self.clock.now());
        let entry = entry.on(after.id, &format!("{} · {}", after.account_name, after.content_excerpt));
        record(tx, entry.was(json!({ "status": before.status })).is(json!({ "status": after.status })));
    }

    async fn find(&self, tx: &mut Tx, id: DeliveryId) -> ServiceResult<Delivery> {
        let filter = Filter { id: Some(id.0), ..Filter::default() };
        store::list(tx, &filter, 1, 0, None, self.max_attempts)
            .await?
            .pop()
            .ok_or_else(|| ServiceError::not_found("delivery"))
    }
}

#[async_trait]
impl Deliveries for DeliveryService {
    async fn list(&self, actor: &Actor, filter: DeliveryFilter) -> ServiceResult<Page<Delivery>> {
        policy::may_read(actor)?;
        let window = filter.page.window()?;
        let after = window.cursor.as_deref().map(TimeCursor::parse).transpose()?;
        let wanted = Filter::try_from(&filter)?;
        let mut tx = self.database.read(actor).await?;
        let mut items = store::list(
            &mut tx,
            &wanted,
            i64::from(window.limit) + 1,
            i64::from(window.offset),
            after,
            self.max_attempts,
        )
        .await?;
        let total = store::count(&mut tx, &wanted).await?;
        let more = cut(&mut items, window.limit);
        let next_cursor =
            items.last().filter(|_| more).map(|last| TimeCursor { at: last.created_at, id: last.id.0 }.encode());
        Ok(Page { items, total, limit: window.limit, offset: window.offset, next_cursor })
    }

    async fn get(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let delivery = self.find(&mut tx, id).await?;
        Ok(delivery)
    }

    async fn attempts(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Vec<DeliveryAttempt>> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        self.find(&mut tx, id).await?;
        let attempts = store::attempts(&mut tx, id).await?;
        Ok(attempts)
    }

    async fn counts(&self, actor: &Actor) -> ServiceResult<DeliveryCounts> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let counts = store::counts(&mut tx).await?;
        Ok(counts)
    }

    async fn figures(&self, actor: &Actor) -> ServiceResult<DeliveryFigures> {
        policy::may_read(actor)?;
        let now = self.clock.now();
        let mut tx = self.database.read(actor).await?;
        store::figures(&mut tx, now - DeliveryFigures::SPAN, now, now - MADE_WITHIN, DeliveryFigures::STEPS).await
    }

    async fn dead_letters(&self, actor: &Actor) -> ServiceResult<Vec<DeadLetterReason>> {
        policy::may_read(actor)?;
        let mut tx = self.database.read(actor).await?;
        store::dead_letters(&mut tx).await
    }

    async fn retry(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        policy::may_publish(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        store::lock_post_of(&mut tx, id).await?;
        let before = self.find(&mut tx, id).await?;
        if before.status != DeliveryStatus::Failed {
            return Err(ServiceError::conflict("Only a failed delivery can be retried."));
        }
        let post = store::restart(&mut tx, id, self.clock.now()).await?.ok_or_else(|| {
            ServiceError::conflict("This delivery can no longer be retried: its post was deleted, or it is under way.")
        })?;
        self.derive(&mut tx, actor, &[post]).await?;
        let delivery = self.find(&mut tx, id).await?;
        self.record(&mut tx, actor, Action::DeliveryRetried, &before, &delivery);
        tx.commit().await?;
        Ok(delivery)
    }

    async fn retry_failed(&self, actor: &Actor, filter: DeliveryFilter) -> ServiceResult<u32> {
        policy::may_publish(actor)?;
        let wanted = Filter::try_from(&filter)?;
        let mut tx = self.database.tenant(actor).await?;
        let posts = store::restart_all(&mut tx, &wanted, self.clock.now(), self.spacing.as_seconds_f64()).await?;
        self.derive(&mut tx, actor, &posts).await?;
        if !posts.is_empty() {
            let entry = Entry::by(actor, Action::DeliveriesRetried, self.clock.now());
            record(&mut tx, entry.is(json!({ "deliveries": posts.len(), "filter": filter })));
        }
        tx.commit().await?;
        Ok(u32::try_from(posts.len()).unwrap_or(u32::MAX))
    }

    async fn cancel(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        policy::may_publish(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        store::lock_post_of(&mut tx, id).await?;
        let before = self.find(&mut tx, id).await?;
        let post = store::cancel(&mut tx, id).await?.ok_or_else(|| {
            ServiceError::conflict(match before.status {
                DeliveryStatus::Canceled => "This delivery is canceled already.",
                DeliveryStatus::Success => "It is public already. Delete it at the platform if it should go.",
                DeliveryStatus::Failed => "It has failed already; there is nothing to cancel.",
                DeliveryStatus::Retried if before.outcome == Some(Outcome::Processing) => {
                    "The platform has it already and is working on it."
                }
                DeliveryStatus::Retried | DeliveryStatus::Pending => {
                    "It may be public already; the platform is being asked."
                }
                DeliveryStatus::Publishing => "It is being published at this moment.",
            })
        })?;
        self.derive(&mut tx, actor, &[post]).await?;
        let delivery = self.find(&mut tx, id).await?;
        self.record(&mut tx, actor, Action::DeliveryCanceled, &before, &delivery);
        tx.commit().await?;
        self.settle(actor, post).await;
        Ok(delivery)
    }

    async fn mark_published(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        policy::may_publish(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        store::lock_post_of(&mut tx, id).await?;
        let before = self.find(&mut tx, id).await?;
        let post = store::mark_published(&mut tx, id, self.clock.now()).await?.ok_or_else(|| {
            ServiceError::conflict("Only a delivery whose outcome is unknown can be marked as published.")
        })?;
        self.derive(&mut tx, actor, &[post]).await?;
        let delivery = self.find(&mut tx, id).await?;
        self.record(&mut tx, actor, Action::DeliveryMarkedPublished, &before, &delivery);
        tx.commit().await?;
        self.settle(actor, post).await;
        Ok(delivery)
    }

    async fn write_comment(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        policy::may_publish(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let before = self.find(&mut tx, id).await?;
        if !store::restart_comment(&mut tx, id).await? {
            return Err(ServiceError::conflict(match before.first_comment {
                None => "This delivery has no first comment.",
                Some(comment) if comment.status == CommentStatus::Written => "The first comment is there already.",
                Some(_) => "The first comment is being written.",
            }));
        }
        enqueue(&mut tx, &WriteComment { delivery_id: id }, None).await?;
        let delivery = self.find(&mut tx, id).await?;
        let entry = Entry::by(actor, Action::DeliveryCommentRetried, self.clock.now());
        record(&mut tx, entry.on(id, &format!("{} · {}", delivery.account_name, delivery.content_excerpt)));
        tx.commit().await?;
        Ok(delivery)
    }
}
