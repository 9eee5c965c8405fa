//! What happened, written down for each webhook that is told of it, in the transaction of what happened.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    AccountId, PostId, ServiceResult, UserId, WebhookDeliveryId, WebhookId, WorkspaceId,
    clock::Ids,
    notifications::{TEST_EVENT, WebhookEvent},
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::sending::SendWebhook;
use crate::{
    features::notifications::store::{telling, webhooks as store},
    jobs::enqueue,
};

/// What it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Post(PostId),
    Account(AccountId),
    Member(UserId),
}

/// Something that happened in a workspace.
#[derive(Clone, Copy, Debug)]
pub struct News {
    pub workspace: WorkspaceId,
    pub event: WebhookEvent,
    pub subject: Subject,
}

/// The body of a request, as it is sent with every attempt.
fn body(event: &str, at: DateTime<Utc>, workspace: WorkspaceId, data: &Value) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({ "type": event, "timestamp": at, "workspace_id": workspace, "data": data }).to_string()
}

/// Writes news for the webhooks that are told of them. For a workspace without any this is one look at an index.
pub async fn publish(tx: &mut PgConnection, ids: &dyn Ids, now: DateTime<Utc>, news: &[News]) -> ServiceResult<()> {
    if news.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<WorkspaceId> = news.iter().map(|one| one.workspace).collect();
    let events: Vec<WebhookEvent> = news.iter().map(|one| one.event).collect();
    let interested = store::interested(&mut *tx, &workspaces, &events).await?;
    if interested.is_empty() {
        return Ok(());
    }
    let mut told: HashMap<Subject, Option<Value>> = HashMap::new();
    let mut called = Vec::new();
    for one in news {
        let hooks = interested.iter().filter(|(workspace, _, events)| {
            *workspace == one.workspace && events.iter().any(|event| event == one.event.as_str())
        });
        for (_, webhook, _) in hooks {
            let data = match told.get(&one.subject) {
                Some(data) => data.clone(),
                None => {
                    let data = data_of(&mut *tx, one).await?;
                    told.insert(one.subject, data.clone());
                    data
                }
            };
            // Gone in the meantime: there is nothing to tell.
            let Some(data) = data else { continue };
            let body = body(one.event.as_str(), now, one.workspace, &data);
            write(&mut *tx, ids, now, (*webhook, one.workspace), one.event.as_str(), &body).await?;
            called.push(*webhook);
        }
    }
    called.sort_unstable();
    called.dedup();
    for webhook in called {
        enqueue(&mut *tx, &SendWebhook { webhook, later: false }, None).await?;
    }
    Ok(())
}

async fn write(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    (webhook, workspace): (WebhookId, WorkspaceId),
    event: &str,
    body: &str,
) -> ServiceResult<WebhookDeliveryId> {
    let id = WebhookDeliveryId(ids.next());
    let row = store::NewDelivery { id, webhook, workspace, event, body, at: now };
    store::insert_delivery(tx, &row).await?;
    Ok(id)
}

/// Writes the event that a person sends to see whether it arrives.
pub(super) async fn test(
    tx: &mut PgConnection,
    ids: &dyn Ids,
    now: DateTime<Utc>,
    webhook: WebhookId,
    workspace: WorkspaceId,
) -> ServiceResult<WebhookDeliveryId> {
    let data = json!({ "webhook_id": webhook, "message": "This is a test. Nothing has happened." });
    let body = body(TEST_EVENT, now, workspace, &data);
    let id = write(&mut *tx, ids, now, (webhook, workspace), TEST_EVENT, &body).await?;
    enqueue(tx, &SendWebhook { webhook, later: false }, None).await?;
    Ok(id)
}

async fn data_of(tx: &mut PgConnection, news: &News) -> ServiceResult<Option<Value>> {
    match news.subject {
        Subject::Post(post) => store::post(tx, post).await,
        Subject::Account(account) => {
            let found = telling::accounts(tx, &[account.0]).await?.pop();
            Ok(found.map(|account| {
                json!({
                    "id": account.id, "platform": account.platform, "display_name": account.name, "handle": account.handle,
                    "status": account.status, "status_reason": account.reason, "token_expires_at": account.ends_at,
                })
            }))
        }
        Subject::Member(user) => {
            let found = telling::members(tx, news.workspace, &[user.0]).await?.pop();
            Ok(found.map(|(id, name, role)| json!({ "id": id, "full_name": name, "role": role })))
        }
    }
}
