//! The versions of a post: shown, compared and brought back.

use domain::{
    AccountId, Actor, MediaId, Page, PageRequest, PostId, ServiceError, ServiceResult,
    accounts::Account,
    posts::{
        Content, Post, PostPatch, PostStatus,
        preflight::excerpt,
        versions::{Comparison, PostVersion, VersionSummary},
    },
};

use super::{Manner, PostService, absent};
use crate::{
    cursor::cut,
    database::Tx,
    features::{
        media,
        posts::{plan, policy, store},
    },
};

impl PostService {
    pub(super) async fn list_versions(
        &self,
        actor: &Actor,
        id: PostId,
        page: PageRequest,
    ) -> ServiceResult<Page<VersionSummary>> {
        policy::read(actor)?;
        let window = page.window()?;
        let foreign = || ServiceError::field("cursor", "This cursor is not one of ours.");
        let before = match &window.cursor {
            Some(cursor) => Some(cursor.parse::<i32>().ok().filter(|number| *number > 0).ok_or_else(foreign)?),
            None => None,
        };
        let mut tx = self.database.read(actor).await?;
        let current = store::versions::current(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let (limit, offset) = (i64::from(window.limit) + 1, i64::from(window.offset));
        let mut rows = store::versions::history(&mut tx, actor.workspace_id, id, before, limit, offset).await?;
        let more = cut(&mut rows, window.limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.number.to_string());
        let items = rows
            .into_iter()
            .map(|row| VersionSummary {
                number: row.number,
                current: row.number == current,
                author: row.author,
                changes: row.changes,
                restored_from: row.restored_from,
                excerpt: excerpt(row.title.as_deref(), &row.body),
                created_at: row.created_at,
            })
            .collect();
        // Numbers have no gaps.
        Ok(Page { items, total: i64::from(current), limit: window.limit, offset: window.offset, next_cursor })
    }

    pub(super) async fn compare_versions(
        &self,
        actor: &Actor,
        id: PostId,
        from: u32,
        to: u32,
    ) -> ServiceResult<Comparison> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        let (from, _) = self.load_version(&mut tx, actor, id, from).await?;
        let (to, _) = self.load_version(&mut tx, actor, id, to).await?;
        drop(tx);
        let choice = |version: &PostVersion| version.meant_for.as_ref().and_then(|meant| meant.account_ids.clone());
        let accounts = if choice(&from) == choice(&to) {
            Vec::new()
        } else {
            plan::connected(self.accounts.as_ref(), actor).await?
        };
        Ok(Comparison::of(&from, &to, |chosen| account_words(chosen, &accounts)))
    }

    pub(super) async fn restore_version(&self, actor: &Actor, id: PostId, number: u32) -> ServiceResult<Post> {
        policy::draft(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        policy::change(actor, row.author.id)?;
        let (version, media) = self.load_version(&mut tx, actor, id, number).await?;
        let undo_seconds = store::undo_seconds(&mut tx, actor.workspace_id).await?;
        drop(tx);
        if version.current {
            return Err(ServiceError::conflict("This is the current version already."));
        }
        if row.status == PostStatus::Publishing {
            return Err(ServiceError::conflict(
                "This post is going out right now. Undo it first, or wait until it is out.",
            ));
        }
        if version.media.len() < media.len() {
            return Err(ServiceError::conflict(format!(
                "A picture of version {number} is not in the library any more, so it cannot be brought back as it was."
            )));
        }
        // Every part of the content is named, so that one that is added later is not forgotten here.
        let Content { body, link, overrides, variations, options } = version.content;
        let patch = PostPatch {
            title: Some(version.title.unwrap_or_default()).filter(|_| version.meant_for.is_some()),
            body: Some(body),
            link: Some(link.unwrap_or_default()),
            media_assets: Some(media),
            overrides: Some(overrides),
            variations: Some(variations),
            options: Some(options),
            undo_seconds: Some(undo_seconds),
            version: Some(row.version),
            ..PostPatch::default()
        };
        self.change(actor, id, patch, Manner { restored_from: Some(number), asks: false }).await
    }

    /// A version with its pictures as far as they are there, and the ids of all that it had.
    pub(super) async fn load_version(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: PostId,
        number: u32,
    ) -> ServiceResult<(PostVersion, Vec<MediaId>)> {
        let current = store::versions::current(tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let wanted = i32::try_from(number).map_err(|_| absent_version())?;
        let row = store::versions::get(tx, actor.workspace_id, id, wanted).await?.ok_or_else(absent_version)?;
        let mut assets = media::in_tx::assets(tx, &self.links, actor.workspace_id, &row.media).await?;
        let version = PostVersion {
            number,
            current: number == current,
            author: row.author,
            title: row.title,
            content: row.content,
            media: row.media.iter().filter_map(|id| assets.remove(id)).collect(),
            meant_for: row.meant_for,
            restored_from: row.restored_from,
            created_at: row.created_at,
        };
        Ok((version, row.media))
    }
}

fn absent_version() -> ServiceError {
    ServiceError::not_found("version")
}

/// A choice of accounts by their names.
fn account_words(chosen: Option<&[AccountId]>, accounts: &[Account]) -> String {
    let Some(chosen) = chosen else { return "All active accounts".to_owned() };
    let mut names: Vec<String> = accounts
        .iter()
        .filter(|account| chosen.contains(&account.id))
        .map(|account| format!("{} ({})", account.display_name, account.platform.label()))
        .collect();
    match chosen.len() - names.len().min(chosen.len()) {
        0 => {}
        1 => names.push("an account that is not connected any more".to_owned()),
        gone => names.push(format!("{gone} accounts that are not connected any more")),
    }
    names.join(", ")
}
