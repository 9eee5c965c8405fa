//! What can be done about deliveries.

use async_trait::async_trait;

use super::{DeadLetterReason, Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFigures, DeliveryFilter};
use crate::{actor::Actor, error::ServiceResult, ids::DeliveryId, page::Page};

/// Deliveries of the actor's workspace. Reading: viewer. Changing: editor.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Newest first.
    async fn list(&self, actor: &Actor, filter: DeliveryFilter) -> ServiceResult<Page<Delivery>>;

    async fn get(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery>;

    /// Oldest first.
    async fn attempts(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Vec<DeliveryAttempt>>;

    /// How many of the workspace's deliveries stand where.
    async fn counts(&self, actor: &Actor) -> ServiceResult<DeliveryCounts>;

    /// The last 24 hours in figures.
    async fn figures(&self, actor: &Actor) -> ServiceResult<DeliveryFigures>;

    /// The dead letters by reason, the most frequent first. The letters themselves are the failed ones of that
    /// [`DeliveryFilter::error_class`].
    async fn dead_letters(&self, actor: &Actor) -> ServiceResult<Vec<DeadLetterReason>>;

    /// A failed delivery starts over, with all its attempts. `CONFLICT` in any other state. Where the outcome is
    /// unknown this is the person's word that it did *not* go out.
    async fn retry(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery>;

    /// All failed deliveries under the filter start over, except those that need a person's decision; how many. Those to
    /// one account follow each other with a pause, oldest first.
    async fn retry_failed(&self, actor: &Actor, filter: DeliveryFilter) -> ServiceResult<u32>;

    /// Stops what has not been sent. `CONFLICT` when it is being published or final.
    async fn cancel(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery>;

    /// A person has looked: a delivery of unknown outcome did go out. `CONFLICT` unless it needs a person.
    async fn mark_published(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery>;

    /// Writes the first comment once more. `CONFLICT` unless it has failed, or nobody can tell: then this is the person's
    /// word that it is *not* there.
    async fn write_comment(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery>;
}
