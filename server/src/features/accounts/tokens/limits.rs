//! What a connected account lacks: permissions that were taken back at its platform, or without which it refuses to
//! publish.

use domain::{
    AccountId, Platform, ServiceResult, WorkspaceId,
    accounts::{AccountStatus, ConnectionEventType, MissingScope},
    audit::Action,
};
use platforms::AccountKind;
use serde_json::json;

use super::{OpenToken, Tokens};
use crate::{
    database::Tx,
    features::{
        accounts::store,
        audit::in_tx::{Entry, record},
        notifications,
    },
};

/// Begins what is shown where a platform refuses to publish and does not name what is missing; a post that goes out ends it.
pub const NOT_PERMITTED: &str = "Publishing was refused for lack of a permission: ";

impl Tokens {
    /// Says that the platform refused to publish for lack of a permission or a role. A job asks in a minute what is missing,
    /// unless the account shows something already.
    pub async fn not_permitted(&self, token: &OpenToken, message: &str) -> ServiceResult<()> {
        let Some(held) = self.read(token.account_id).await? else { return Ok(()) };
        if held.status != AccountStatus::Connected || held.status_reason.is_some() {
            return Ok(());
        }
        self.doubt(token.account_id, token.version, Some(message)).await
    }

    /// Compares what a platform says it grants with what it is asked for. What is taken back is shown, logged and told once;
    /// what is given again is no longer missing.
    pub(super) async fn scopes_told(
        &self,
        tx: &mut Tx,
        id: AccountId,
        workspace: WorkspaceId,
        kind: AccountKind,
        scopes: &[String],
    ) -> ServiceResult<()> {
        let Some(account) = store::find(tx, id).await? else { return Ok(()) };
        let platform = account.platform;
        // Every account is granted something: a list of nothing tells nothing.
        let Some(adapter) = self.inner.with.platforms.get(platform).filter(|_| !scopes.is_empty()) else {
            return Ok(());
        };
        let mut names = adapter.scopes_of(kind);
        names.retain(|scope| !scopes.contains(scope));
        let missing = platforms::missing_scopes(platform, &names);
        let before = &account.missing_scopes;
        let taken = |one: &&MissingScope| !before.contains(one);
        let given: Vec<&str> =
            before.iter().filter(|one| !missing.contains(one)).map(|one| one.scope.as_str()).collect();
        let any_taken = missing.iter().any(|one| taken(&one));
        if !any_taken && given.is_empty() {
            return Ok(());
        }
        // What was unticked on purpose when the account was connected is no news, and stays out of the words.
        let shown = account.status_reason.as_deref().unwrap_or_default();
        let news: Vec<&MissingScope> = missing.iter().filter(|one| taken(one) || shown.contains(&one.costs)).collect();
        let lacks = (!news.is_empty()).then(|| taken_back(platform, &news));
        store::show_scopes(tx, id, scopes, &names, lacks.as_deref()).await?;
        let now = self.now();
        let (was, is) = (before.iter().map(|one| &one.scope).collect::<Vec<_>>(), &names);
        let entry = Entry::by_itself(workspace, Action::AccountPermissionsChanged, now).on(id, "");
        let entry = entry.was(json!({ "missing_scopes": was }));
        record(tx, entry.is(json!({ "platform": platform, "missing_scopes": is })));
        if !given.is_empty() {
            let message = format!("{} gives us permission again: {}.", platform.label(), given.join(", "));
            let kind = ConnectionEventType::TokenRefreshed;
            store::add_event(tx, &self.event(id, workspace, platform, kind, Some(&message), None)).await?;
        }
        if any_taken {
            let kind = ConnectionEventType::RevocationDetected;
            store::add_event(tx, &self.event(id, workspace, platform, kind, lacks.as_deref(), None)).await?;
            // Of one that has failed they know, and reconnecting it tells the rest.
            if account.status == AccountStatus::Connected {
                self.tell_limited(tx, workspace, id).await?;
            }
        }
        Ok(())
    }

    /// Shows, where nothing says more, that an account's platform refused to publish for lack of a permission.
    pub(super) async fn show_not_permitted(
        &self,
        id: AccountId,
        workspace: WorkspaceId,
        platform: Platform,
        message: &str,
    ) -> ServiceResult<()> {
        let mut tx = self.inner.with.db.worker().await?;
        let account = store::find(&mut tx, id).await?;
        // That it cannot publish is named already.
        if account.is_none_or(|account| account.missing_scopes.iter().any(|missing| missing.needed_to_publish)) {
            return Ok(());
        }
        let lacks = format!(
            "{NOT_PERMITTED}{message} Please reconnect the account and allow everything on the list, or ask for the \
             missing role there."
        );
        if store::show_lack(&mut tx, id, &lacks).await? {
            let kind = ConnectionEventType::AuthorizationFailed;
            store::add_event(&mut tx, &self.event(id, workspace, platform, kind, Some(&lacks), None)).await?;
            self.tell_limited(&mut tx, workspace, id).await?;
        }
        tx.commit().await
    }

    async fn tell_limited(&self, tx: &mut Tx, workspace: WorkspaceId, account: AccountId) -> ServiceResult<()> {
        notifications::in_tx::account_limited(tx, self.inner.with.ids.as_ref(), self.now(), workspace, account).await
    }
}

/// What a connected account lacks by what was taken back at its platform.
fn taken_back(platform: Platform, missing: &[&MissingScope]) -> String {
    let names: Vec<&str> = missing.iter().map(|one| one.scope.as_str()).collect();
    let mut costs: Vec<&str> = missing.iter().map(|one| one.costs.as_str()).collect();
    costs.dedup();
    format!(
        "{} no longer gives us every permission ({}). {} Please reconnect the account and allow everything on the list.",
        platform.label(),
        names.join(", "),
        costs.join(" ")
    )
}
