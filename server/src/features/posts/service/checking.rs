//! Checking a post before it is saved.

use std::collections::BTreeMap;

use domain::{
    AccountId, Actor, Platform, ServiceResult,
    platform::PostOptions,
    posts::{
        CheckedPost, PostToCheck,
        preflight::{self, Advice},
    },
};

use super::{PostService, absent};
use crate::features::{
    deliveries,
    posts::{
        plan::{self, Timing},
        policy, store,
    },
    workspaces,
};

impl PostService {
    pub(super) async fn check_post(&self, actor: &Actor, wanted: PostToCheck) -> ServiceResult<CheckedPost> {
        policy::draft(actor)?;
        let PostToCheck { post, content_id } = wanted;
        let now = self.clock.now();
        post.check(now).into_result()?;
        let accounts = plan::connected(self.accounts.as_ref(), actor).await?;
        let creators = self.creators(actor, makes_tiktok_choices(&post.options)).await?;
        let mut tx = self.database.tenant(actor).await?;
        let zone = workspaces::in_tx::time_zone(&mut tx, actor.workspace_id).await?;
        // A slot of the queue is taken by saving; until then the post is looked at as one of now.
        let timing = if post.queue { Timing::At(now) } else { Timing::of(&post, &zone, now)? };
        let content = post.content();
        plan::known_variations(&content, &accounts)?;
        let pictures = self.pictures(&mut tx, actor, &post.media_assets).await?;
        let taken = match content_id {
            Some(id) => {
                store::get(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
                deliveries::in_tx::taken(&mut tx, id).await?
            }
            None => Vec::new(),
        };
        let chosen = plan::chosen(post.account_ids.as_deref());
        let mut targets = plan::targets(chosen.as_deref(), &accounts, &taken)?;
        plan::with_creators(&mut targets, creators);
        let ids: Vec<AccountId> = targets.iter().map(|target| target.account_id).collect();
        let neighbours = store::neighbours(&mut tx, actor.workspace_id, &ids, content_id, now).await?;
        drop(tx);
        let quotas = self.accounts.quotas(actor, &ids).await?;
        let pending = quotas.iter().any(|quota| quota.pending);
        let shapes: Vec<_> = pictures.iter().map(preflight::Medium::from).collect();
        let has_media = !shapes.is_empty();
        let at = timing.publishes_at().unwrap_or(now);
        let advice = Advice { content: &content, has_media, targets: &targets, at, now, quotas: &quotas };
        let mut findings = preflight::check(&content, &shapes, &targets);
        findings.extend(preflight::advise(&advice, &neighbours));
        Ok(CheckedPost { findings, x_price: preflight::x_price(&content, &shapes, &targets), pending })
    }
}

/// Whether what may be chosen has to be known.
pub(super) fn makes_tiktok_choices(options: &BTreeMap<Platform, PostOptions>) -> bool {
    options.values().any(|options| options.tiktok.is_some())
}
