//! Fulfils [`Profiles`].

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Actor, ServiceError, ServiceResult,
    audit::Action,
    clock::Clock,
    identity::{OwnProfile, ProfilePatch, Profiles},
};
use serde_json::{Value, json};

use super::store::{self, ProfileRow};
use crate::{
    database::{Database, Tx},
    features::{
        audit::in_tx::{Entry, record},
        media::{MediaLinks, Portraits},
    },
};

/// What people say of themselves.
#[derive(Clone)]
pub struct ProfileService {
    database: Database,
    clock: Arc<dyn Clock>,
    links: MediaLinks,
    portraits: Portraits,
}

/// For the record: everything but the address of the picture, which is another one every ten minutes.
fn facts(row: &ProfileRow) -> Value {
    let OwnProfile {
        full_name,
        role: _,
        headline,
        bio,
        specialties,
        availability,
        agency_name,
        team_size,
        listed,
        avatar_url: _,
    } = &row.profile;
    json!({
        "full_name": full_name, "headline": headline, "bio": bio, "specialties": specialties, "availability": availability,
        "agency_name": agency_name, "team_size": team_size, "listed": listed, "picture": row.avatar.is_some(),
    })
}

impl std::fmt::Debug for ProfileService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProfileService")
    }
}

impl ProfileService {
    pub fn new(database: Database, clock: Arc<dyn Clock>, links: MediaLinks, portraits: Portraits) -> Self {
        Self { database, clock, links, portraits }
    }

    async fn read(&self, tx: &mut Tx, actor: &Actor, hold: bool) -> ServiceResult<ProfileRow> {
        let found = store::profile(tx, &self.links, actor.user_id, hold).await?;
        found.ok_or_else(ServiceError::unauthorized)
    }

    async fn picture(&self, actor: &Actor, name: Option<String>) -> ServiceResult<OwnProfile> {
        let mut tx = self.database.tenant(actor).await?;
        let before = self.read(&mut tx, actor, true).await?;
        store::set_avatar(&mut tx, actor.user_id, name.as_deref()).await?;
        let after = self.read(&mut tx, actor, false).await?;
        let entry = Entry::by(actor, Action::UserProfileChanged, self.clock.now());
        let entry = entry.on(actor.user_id, &after.profile.full_name);
        // A picture in place of another changes none of the facts.
        record(&mut tx, entry.was(json!({ "picture": before.avatar })).is(json!({ "picture": after.avatar })));
        tx.commit().await?;
        self.portraits.forget(before.avatar).await;
        Ok(after.profile)
    }
}

#[async_trait]
impl Profiles for ProfileService {
    async fn profile(&self, actor: &Actor) -> ServiceResult<OwnProfile> {
        let mut tx = self.database.read(actor).await?;
        Ok(self.read(&mut tx, actor, false).await?.profile)
    }

    async fn change_profile(&self, actor: &Actor, patch: ProfilePatch) -> ServiceResult<OwnProfile> {
        let mut tx = self.database.tenant(actor).await?;
        let before = self.read(&mut tx, actor, true).await?;
        patch.check(before.profile.role).into_result()?;
        let after = ProfileRow { profile: patch.apply(before.profile.clone()), avatar: before.avatar.clone() };
        if after.profile == before.profile {
            return Ok(after.profile);
        }
        store::set_profile(&mut tx, actor.user_id, &after.profile).await?;
        let entry = Entry::by(actor, Action::UserProfileChanged, self.clock.now());
        let entry = entry.on(actor.user_id, &after.profile.full_name);
        record(&mut tx, entry.changed(facts(&before), facts(&after)));
        tx.commit().await?;
        tracing::info!(user_id = %actor.user_id, "profile changed");
        Ok(after.profile)
    }

    async fn set_avatar(&self, actor: &Actor, picture: Vec<u8>) -> ServiceResult<OwnProfile> {
        let name = self.portraits.keep(picture).await?;
        match self.picture(actor, Some(name.clone())).await {
            Ok(profile) => Ok(profile),
            Err(error) => {
                self.portraits.forget(Some(name)).await;
                Err(error)
            }
        }
    }

    async fn remove_avatar(&self, actor: &Actor) -> ServiceResult<OwnProfile> {
        let profile = self.profile(actor).await?;
        if profile.avatar_url.is_none() {
            return Ok(profile);
        }
        self.picture(actor, None).await
    }
}
