//! Fulfils [`Notifications`]: which letters somebody gets.
//!
//! The link at the end of a letter says whom, where and what for, and is signed by a key of the server's: whoever holds it may switch
//! that off, without signing in and as often as they like. It holds no secret that could be used for anything else, and the database
//! keeps nothing of it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use domain::{
    Actor, ServiceError, ServiceResult, UserId, Visitor, WorkspaceId,
    audit::Action,
    clock::Clock,
    notifications::{
        NotificationEvent, NotificationPreference, Notifications, PreferencesPatch, Subscriber, Subscription,
    },
    workspaces::Role,
};
use serde_json::Value;
use uuid::Uuid;

use super::{policy, store::preferences as store};
use crate::{
    database::{Database, Tx},
    features::audit::in_tx::{Entry, record},
    one_time::OneTimeTokens,
};

/// What a signature of such a link is for.
const PURPOSE: &str = "unsubscribe";

/// Two ids, and the shortest and longest word behind them.
const IDS: usize = 32;
const LONGEST: usize = IDS + 40;

/// The token of a link that ends letters about an event.
pub(super) fn token(tokens: &OneTimeTokens, to: Subscriber, event: NotificationEvent) -> String {
    let said = said(to, event);
    format!("{}.{}", URL_SAFE_NO_PAD.encode(&said), tokens.stamp(PURPOSE, &said))
}

fn said(to: Subscriber, event: NotificationEvent) -> Vec<u8> {
    [to.workspace.0.as_bytes().as_slice(), to.user.0.as_bytes(), event.as_str().as_bytes()].concat()
}

/// What a token says, if we have signed it.
fn read(tokens: &OneTimeTokens, token: &str) -> Option<(Subscriber, NotificationEvent)> {
    let (said, stamp) = token.split_once('.')?;
    let said = URL_SAFE_NO_PAD.decode(said).ok().filter(|said| (IDS..=LONGEST).contains(&said.len()))?;
    if !tokens.is_stamp(PURPOSE, &said, stamp) {
        return None;
    }
    let (workspace, rest) = said.split_at_checked(16)?;
    let (user, event) = rest.split_at_checked(16)?;
    let to = Subscriber {
        user: UserId(Uuid::from_slice(user).ok()?),
        workspace: WorkspaceId(Uuid::from_slice(workspace).ok()?),
    };
    Some((to, std::str::from_utf8(event).ok()?.parse().ok()?))
}

/// Which letters people get.
#[derive(Clone)]
pub struct NotificationService {
    database: Database,
    clock: Arc<dyn Clock>,
    tokens: OneTimeTokens,
}

impl std::fmt::Debug for NotificationService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NotificationService")
    }
}

/// As the record shows it: by event, whether letters come.
fn facts(chosen: &BTreeMap<NotificationEvent, bool>) -> Value {
    let facts = chosen.iter().map(|(event, email)| (event.as_str().to_owned(), Value::Bool(*email)));
    Value::Object(facts.collect())
}

fn shown(role: Role, chosen: &BTreeMap<NotificationEvent, bool>) -> Vec<NotificationPreference> {
    let concerning = NotificationEvent::ALL.into_iter().filter(|event| event.concerns(role));
    let on = |event| chosen.get(&event).copied().unwrap_or(true);
    concerning.map(|event| NotificationPreference { event, email: on(event) }).collect()
}

impl NotificationService {
    /// `tokens` sign the links.
    pub fn new(database: Database, clock: Arc<dyn Clock>, tokens: OneTimeTokens) -> Self {
        Self { database, clock, tokens }
    }

    /// Writes what differs from what is; whether anything did, as it was and as it is.
    async fn choose(
        tx: &mut Tx,
        (workspace, user): (WorkspaceId, UserId),
        wanted: &BTreeMap<NotificationEvent, bool>,
        at: DateTime<Utc>,
    ) -> ServiceResult<Option<(Value, Value)>> {
        let before = store::chosen(tx, workspace, user).await?;
        let was = |event: &NotificationEvent| before.get(event).copied().unwrap_or(true);
        let changed: BTreeMap<_, _> = wanted
            .iter()
            .filter(|(event, email)| was(event) != **email)
            .map(|(event, email)| (*event, *email))
            .collect();
        if changed.is_empty() {
            return Ok(None);
        }
        store::choose(tx, workspace, user, &changed, at).await?;
        let earlier = changed.keys().map(|event| (*event, was(event))).collect();
        Ok(Some((facts(&earlier), facts(&changed))))
    }

    fn open(&self, token: &str) -> ServiceResult<(Subscriber, NotificationEvent)> {
        read(&self.tokens, token).ok_or_else(|| ServiceError::not_found("link"))
    }
}

#[async_trait]
impl Notifications for NotificationService {
    async fn preferences(&self, actor: &Actor) -> ServiceResult<Vec<NotificationPreference>> {
        policy::may_choose(actor)?;
        let mut tx = self.database.read(actor).await?;
        Ok(shown(actor.role, &store::chosen(&mut tx, actor.workspace_id, actor.user_id).await?))
    }

    async fn set_preferences(
        &self,
        actor: &Actor,
        patch: PreferencesPatch,
    ) -> ServiceResult<Vec<NotificationPreference>> {
        policy::may_choose(actor)?;
        patch.check().into_result()?;
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        let whose = (actor.workspace_id, actor.user_id);
        if let Some((before, after)) = Self::choose(&mut tx, whose, &patch.email, now).await? {
            let entry = Entry::by(actor, Action::NotificationsChanged, now).on(actor.user_id, "");
            record(&mut tx, entry.was(before).is(after));
        }
        let chosen = store::chosen(&mut tx, actor.workspace_id, actor.user_id).await?;
        tx.commit().await?;
        Ok(shown(actor.role, &chosen))
    }

    async fn subscription(&self, token: &str) -> ServiceResult<Subscription> {
        let (to, event) = self.open(token)?;
        let mut tx = self.database.tenant_of(to.user, to.workspace).await?;
        let found = store::membership(&mut tx, to.workspace, to.user).await?;
        let (workspace, role) = found.ok_or_else(|| ServiceError::not_found("link"))?;
        let chosen = store::chosen(&mut tx, to.workspace, to.user).await?;
        tx.commit().await?;
        // Whoever has left gets none any more.
        let subscribed = role.is_some() && chosen.get(&event).copied().unwrap_or(true);
        Ok(Subscription { event, workspace, subscribed })
    }

    async fn unsubscribe(&self, visitor: &Visitor, token: &str) -> ServiceResult<Subscription> {
        let (to, event) = self.open(token)?;
        let now = self.clock.now();
        let mut tx = self.database.tenant_of(to.user, to.workspace).await?;
        let found = store::membership(&mut tx, to.workspace, to.user).await?;
        let (workspace, role) = found.ok_or_else(|| ServiceError::not_found("link"))?;
        if role.is_some() {
            let wanted = BTreeMap::from([(event, false)]);
            if let Some((before, after)) = Self::choose(&mut tx, (to.workspace, to.user), &wanted, now).await? {
                let action = Action::NotificationsChanged;
                let entry = Entry::at_the_door(visitor, to.workspace, to.user, action, now).on(to.user, "");
                record(&mut tx, entry.was(before).is(after));
                tracing::info!(user_id = %to.user, %event, "letters switched off by a link");
            }
        }
        tx.commit().await?;
        Ok(Subscription { event, workspace, subscribed: false })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn tokens(secret: &str) -> OneTimeTokens {
        OneTimeTokens::new(&SecretString::from(secret))
    }

    fn to(n: u128) -> Subscriber {
        Subscriber { user: UserId(Uuid::from_u128(n)), workspace: WorkspaceId(Uuid::from_u128(n + 1)) }
    }

    #[test]
    fn a_token_says_whom_where_and_what_for() {
        let ours = tokens("a secret");
        for event in NotificationEvent::ALL {
            let token = token(&ours, to(7), event);
            assert!(token.len() < 130 && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
            assert_eq!(read(&ours, &token), Some((to(7), event)));
            assert_eq!(read(&tokens("another secret"), &token), None);
        }
    }

    #[test]
    fn nobody_can_make_one_from_another() {
        let ours = tokens("a secret");
        let (said, stamp) = (said(to(8), NotificationEvent::PostFailed), ours.stamp(PURPOSE, b"something else"));
        assert_eq!(read(&ours, &format!("{}.{stamp}", URL_SAFE_NO_PAD.encode(said))), None);
        let one = token(&ours, to(7), NotificationEvent::PostFailed);
        let other = token(&ours, to(9), NotificationEvent::PostFailed);
        let mixed = format!("{}.{}", one.split_once('.').unwrap().0, other.split_once('.').unwrap().1);
        assert_eq!(read(&ours, &mixed), None);
    }

    proptest! {
        #[test]
        fn any_text_as_a_token_is_read_or_refused(text in "\\PC{0,160}", at in 0_usize..120, byte in any::<u8>()) {
            let ours = tokens("a secret");
            prop_assert_eq!(read(&ours, &text), None);
            let mut bytes = token(&ours, to(7), NotificationEvent::PostFailed).into_bytes();
            let at = at % bytes.len();
            let same = bytes[at] == byte;
            bytes[at] = byte;
            if let (false, Ok(changed)) = (same, String::from_utf8(bytes)) {
                prop_assert_eq!(read(&ours, &changed), None, "{}", changed);
            }
        }
    }
}
