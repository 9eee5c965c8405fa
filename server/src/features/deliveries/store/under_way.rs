//! An attempt under way: what it works with, and what it saves before it calls a platform.

use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use domain::{
    AccountId, DeliveryId, MediaId, Platform, PostVersionId, ServiceError, ServiceResult, WorkspaceId,
    accounts::AccountStatus,
    deliveries::Stage,
    media::{Fit, MediaType, PictureFacts, Recipe, fit},
    posts::Content,
};
use lru::LruCache;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{Claimed, Hold, Lease};
use crate::{
    database::{failed, unknown_word, word},
    features::media::Original,
};

/// All that a delivery needs to be published.
#[derive(Clone, Debug)]
pub struct Material {
    pub content: Arc<Content>,
    pub account_status: AccountStatus,
    pub deleted: bool,
    /// Shared with the post's other deliveries, as the content is.
    pub media: Arc<Vec<MediaRow>>,
}

/// A picture, video or document of the post.
#[derive(Debug)]
pub struct MediaRow {
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub kind: MediaType,
    pub bytes: u64,
    pub size: Option<(u32, u32)>,
    pub see_through: bool,
    pub alt_text: Option<String>,
    pub storage_key: String,
}

impl MediaRow {
    /// The copy that a platform takes instead of it, if it is a picture that the platform does not take as it is.
    pub fn copy_for(&self, platform: Platform) -> Option<(Original<'_>, Recipe)> {
        let ((width, height), kind, rules) = (self.size?, self.kind.image()?, platform.rules()?);
        let facts = PictureFacts { kind, bytes: self.bytes, width, height, see_through: self.see_through };
        let Fit::Copy(recipe) = fit(rules, &facts) else { return None };
        let original = Original { id: self.id, workspace: self.workspace, kind, storage_key: &self.storage_key };
        Some((original, recipe))
    }
}

/// What each of these deliveries works with; one that is gone is left out.
pub async fn materials(
    tx: &mut PgConnection,
    known: &Versions,
    wanted: &[(DeliveryId, PostVersionId)],
) -> ServiceResult<HashMap<DeliveryId, Material>> {
    let ids: Vec<Uuid> = wanted.iter().map(|(delivery, _)| delivery.0).collect();
    let mut versions: Vec<Uuid> = wanted.iter().map(|(_, version)| version.0).collect();
    versions.sort_unstable();
    versions.dedup();
    let versions = known.read(&mut *tx, &versions).await?;
    let with_media: Vec<Uuid> = versions.iter().filter(|(_, version)| version.has_media).map(|(id, _)| *id).collect();
    let mut media = if with_media.is_empty() { HashMap::new() } else { media_of(&mut *tx, &with_media).await? };
    let rows = sqlx::query!(
        r#"select d.id, d.post_version_id, a.status::text as "status!", p.deleted_at is not null as "deleted!"
             from deliveries d join posts p on p.id = d.post_id join accounts a on a.id = d.account_id
            where d.id = any($1)"#,
        &ids
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let mut materials = HashMap::with_capacity(rows.len());
    for row in rows {
        let Some(version) = versions.get(&row.post_version_id) else { continue };
        materials.insert(
            row.id.into(),
            Material {
                content: Arc::clone(&version.content),
                account_status: word("account status", &row.status)?,
                deleted: row.deleted,
                media: Arc::clone(media.entry(row.post_version_id).or_default()),
            },
        );
    }
    Ok(materials)
}

/// Versions that were read lately: a post's deliveries ask for the same one, which never changes.
#[derive(Debug)]
pub struct Versions(Mutex<LruCache<Uuid, Version>>);

/// What a version says, and whether it shows anything.
#[derive(Clone, Debug)]
struct Version {
    content: Arc<Content>,
    has_media: bool,
}

/// Versions that are remembered. One has up to 70,000 characters, most a few hundred.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

impl Default for Versions {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Versions {
    async fn read(&self, tx: &mut PgConnection, wanted: &[Uuid]) -> ServiceResult<HashMap<Uuid, Version>> {
        let mut found = HashMap::with_capacity(wanted.len());
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            found.extend(wanted.iter().filter_map(|id| Some((*id, known.get(id)?.clone()))));
        }
        let unknown: Vec<Uuid> = wanted.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if !unknown.is_empty() {
            let read = versions_of(tx, &unknown).await?;
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, version) in read {
                known.put(id, version.clone());
                found.insert(id, version);
            }
        }
        Ok(found)
    }
}

async fn versions_of(tx: &mut PgConnection, versions: &[Uuid]) -> ServiceResult<Vec<(Uuid, Version)>> {
    let rows = sqlx::query!(
        r#"select id, body, link, overrides, options, variations,
                  exists (select from post_media m where m.post_version_id = v.id) as "has_media!"
             from post_versions v where id = any($1)"#,
        versions
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|row| {
            let content = Content {
                body: row.body,
                link: row.link,
                overrides: serde_json::from_value(row.overrides).map_err(ServiceError::internal)?,
                variations: serde_json::from_value(row.variations).map_err(ServiceError::internal)?,
                options: serde_json::from_value(row.options).map_err(ServiceError::internal)?,
            };
            Ok((row.id, Version { content: Arc::new(content), has_media: row.has_media }))
        })
        .collect()
}

/// What each of these versions shows, in its order; those that show nothing are left out.
pub async fn media_of(tx: &mut PgConnection, versions: &[Uuid]) -> ServiceResult<HashMap<Uuid, Arc<Vec<MediaRow>>>> {
    let rows = sqlx::query!(
        r#"select pm.post_version_id, m.id, m.workspace_id, m.content_type, m.bytes, m.width, m.height, m.alt_text, m.storage_key,
                  coalesce(m.thumbnail_key like '%.png', false) as "see_through!"
             from post_media pm join media m on m.id = pm.media_id where pm.post_version_id = any($1)
            order by pm.post_version_id, pm.position"#,
        versions
    )
    .fetch_all(tx)
    .await
    .map_err(failed)?;
    let mut media: HashMap<Uuid, Vec<MediaRow>> = HashMap::new();
    for row in rows {
        media.entry(row.post_version_id).or_default().push(MediaRow {
            id: row.id.into(),
            workspace: row.workspace_id.into(),
            kind: MediaType::from_mime(&row.content_type)
                .ok_or_else(|| unknown_word("content type", &row.content_type))?,
            bytes: row.bytes.unsigned_abs(),
            size: row.width.zip(row.height).map(|(w, h)| (w.unsigned_abs(), h.unsigned_abs())),
            see_through: row.see_through,
            alt_text: row.alt_text,
            storage_key: row.storage_key,
        });
    }
    Ok(media.into_iter().map(|(version, rows)| (version, Arc::new(rows))).collect())
}

/// Posts already known at the account, so that two with equal words are not confused.
pub async fn known_external_ids(tx: &mut PgConnection, account: AccountId) -> ServiceResult<Vec<String>> {
    sqlx::query_scalar!(
        r#"select external_post_id as "id!" from deliveries
            where account_id = $1 and external_post_id is not null order by created_at desc limit 200"#,
        account.0
    )
    .fetch_all(tx)
    .await
    .map_err(failed)
}

/// Saves what has been staged; false when the row is no longer held.
pub async fn save_state(
    pool: &PgPool,
    claimed: &Claimed,
    stage: Stage,
    saved: &serde_json::Value,
) -> ServiceResult<bool> {
    let done = sqlx::query!(
        "update deliveries set remote_state = $3, stage = $4::text::delivery_stage
          where id = $1 and status = 'publishing' and lease_owner = $2",
        claimed.id.0,
        claimed.lease.0,
        saved,
        stage.as_str()
    )
    .execute(pool)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// One delivery's last word before its public call.
#[derive(Debug)]
pub struct Mark {
    pub hold: Hold,
    pub state: serde_json::Value,
    pub now: DateTime<Utc>,
    pub lease_until: DateTime<Utc>,
}

/// The last thing before the public calls: from here on a worker that dies leaves an unknown outcome. Those that still
/// hold.
pub async fn begin_commits(pool: &PgPool, marks: &[Mark]) -> ServiceResult<HashSet<Hold>> {
    let ids: Vec<Uuid> = marks.iter().map(|mark| mark.hold.0.0).collect();
    let leases: Vec<Uuid> = marks.iter().map(|mark| mark.hold.1.0).collect();
    let states: Vec<serde_json::Value> = marks.iter().map(|mark| mark.state.clone()).collect();
    let nows: Vec<DateTime<Utc>> = marks.iter().map(|mark| mark.now).collect();
    let untils: Vec<DateTime<Utc>> = marks.iter().map(|mark| mark.lease_until).collect();
    // Locked in one order, as the renewal of leases does, or the two could wait for each other.
    let held = sqlx::query!(
        r#"with held as materialized (
           select id, lease from deliveries d join unnest($1::uuid[], $5::uuid[]) as h (id, lease) using (id)
            where d.status = 'publishing' and d.lease_owner = lease order by id for update of d
         )
         update deliveries d
            set remote_state = m.state, stage = 'committing', commit_started_at = coalesce(d.commit_started_at, m.now),
                reconciliations = 0, lease_until = m.lease_until
           from held
           join unnest($1::uuid[], $5::uuid[], $2::jsonb[], $3::timestamptz[], $4::timestamptz[]) as m (id, lease, state, now, lease_until)
                using (id, lease)
          where d.id = held.id and d.lease_until > m.now
         returning d.id, lease as "lease!""#,
        &ids,
        &states,
        &nows,
        &untils,
        &leases
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(held.into_iter().map(|row| (row.id.into(), Lease(row.lease))).collect())
}
