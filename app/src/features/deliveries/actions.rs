//! Doing something about a delivery, from any page that shows some.

use super::server_fns::{cancel_delivery, mark_delivery_published, retry_delivery, write_first_comment};
use crate::{
    AppError,
    layouts::use_refusal,
    session::use_session,
    shared::delivery::{Act, Acting},
};
use domain::{DeliveryId, deliveries::Delivery, workspaces::Role};
use leptos::{prelude::*, task::spawn_local};

async fn perform(id: DeliveryId, act: Act) -> Result<Delivery, AppError> {
    match act {
        Act::Retry => retry_delivery(id).await,
        Act::Cancel | Act::StopWaiting => cancel_delivery(id).await,
        Act::MarkPublished => mark_delivery_published(id).await,
        Act::WriteComment => write_first_comment(id).await,
    }
}

/// The actions on the deliveries of `list`, which shows their results.
pub fn use_acting(list: RwSignal<Vec<Delivery>>) -> Acting {
    let refusal = use_refusal();
    let busy = RwSignal::new(None);
    let act = Callback::new(move |(id, act): (DeliveryId, Act)| {
        // One at a time; the rows' buttons say that they wait.
        if busy.get_untracked().is_some() {
            return;
        }
        busy.set(Some(id));
        spawn_local(async move {
            let answer = perform(id, act).await;
            let _page_gone = busy.try_set(None);
            match answer {
                Ok(delivery) => {
                    let _page_gone = list.try_update(|list| {
                        if let Some(old) = list.iter_mut().find(|old| old.id == id) {
                            *old = delivery;
                        }
                    });
                }
                Err(error) => {
                    let name = list.try_with_untracked(|list| {
                        list.iter()
                            .find(|one| one.id == id)
                            .map(|one| format!("{} on {}", one.account_name, one.platform.label()))
                    });
                    let name = name.flatten().unwrap_or_else(|| "The delivery".to_owned());
                    refusal(&format!("{name} {}", act.failure()), &error);
                }
            }
        });
    });
    Acting { allowed: use_session().may(Role::Editor), act, busy }
}
