//! Uploads in pieces: what arrives is written to the store as it comes, piece by piece, and stays there whatever happens to
//! the connection, so that a lost one costs at most the piece that was under way.
//!
//! Each request's bytes become a piece of their own, under a key that nobody else has; then one conditional update moves the
//! upload's offset from where the request began to where it ended. Of two requests for the same bytes (a browser that has
//! given up on a connection the server still believes in) one wins, and the other's piece is thrown away. So nothing is
//! locked while bytes are on their way.
//!
//! When the last byte has come, a job inspects the whole, copies it to where it stays and makes it an asset.

use std::time::Duration as StdDuration;

use axum::body::Bytes;
use chrono::Duration;
use domain::{
    Actor, ErrorCode, ServiceError, ServiceResult, UploadId,
    media::{Incoming, MAX_OPEN_UPLOADS, NewUpload, UPLOAD_KEPT_HOURS, UploadState, UploadStatus},
};
use tokio::task;
use tracing::Instrument;

use super::{
    files,
    in_tx::asset,
    inspect,
    jobs::FinishUpload,
    pieces::Piece,
    policy,
    service::{MediaService, alt_text},
    store::{self, NewUploadRow, UploadRow},
};
use crate::{database::Tx, jobs::enqueue};

/// How long nothing may come before a connection counts as lost.
const SILENCE: StdDuration = StdDuration::from_mins(1);

impl MediaService {
    pub(super) async fn begin(&self, actor: &Actor, new: NewUpload) -> ServiceResult<UploadState> {
        policy::add(actor)?;
        new.check()?;
        let alt_text = new.alt_text.as_deref().map(alt_text).transpose()?.flatten();
        let now = self.clock.now();
        let mut tx = self.database.tenant(actor).await?;
        self.has_room(&mut tx, actor, new.length).await?;
        if store::open_uploads(&mut tx, actor.workspace_id).await? >= i64::from(MAX_OPEN_UPLOADS) {
            return Err(ServiceError::conflict(format!(
                "{MAX_OPEN_UPLOADS} uploads are under way in this workspace. Let some of them finish first."
            )));
        }
        let id = UploadId(self.ids.next());
        let row = NewUploadRow {
            id,
            workspace: actor.workspace_id,
            file_name: &new.file_name,
            alt_text,
            length: new.length,
            created_by: actor.user_id,
            expires_at: now + Duration::hours(UPLOAD_KEPT_HOURS),
            at: now,
        };
        store::insert_upload(&mut tx, &row).await?;
        let state = self.state_of(&mut tx, actor, id).await?;
        tx.commit().await?;
        Ok(state)
    }

    pub(super) async fn state(&self, actor: &Actor, id: UploadId) -> ServiceResult<UploadState> {
        policy::read(actor)?;
        let mut tx = self.database.read(actor).await?;
        self.state_of(&mut tx, actor, id).await
    }

    async fn state_of(&self, tx: &mut Tx, actor: &Actor, id: UploadId) -> ServiceResult<UploadState> {
        let row = store::upload(tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        let media = match row.media {
            Some(media) => store::get(tx, actor.workspace_id, media).await?.map(|row| asset(&self.links, row)),
            None => None,
        };
        Ok(UploadState {
            id,
            file_name: row.file_name,
            length: row.length,
            offset: row.received,
            status: row.status,
            expires_at: row.expires_at,
            media,
            duplicate: row.duplicate,
            error: row.refusal,
        })
    }

    pub(super) async fn take(
        &self,
        actor: &Actor,
        id: UploadId,
        offset: u64,
        body: Box<dyn Incoming>,
    ) -> ServiceResult<UploadState> {
        policy::add(actor)?;
        let mut tx = self.database.read(actor).await?;
        let row = store::upload(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        drop(tx);
        if row.status != UploadStatus::Receiving || row.expires_at <= self.clock.now() {
            return Err(ServiceError::conflict("This upload takes no more."));
        }
        if row.received != offset {
            return Err(elsewhere(row.received));
        }
        // What has arrived is kept also when nobody waits for the answer any more: a task of its own, which a lost
        // connection does not end.
        let (service, actor) = (self.clone(), actor.clone());
        let taking = async move { service.take_piece(&actor, row, offset, body).await };
        task::spawn(taking.in_current_span()).await.map_err(ServiceError::internal)?
    }

    async fn take_piece(
        &self,
        actor: &Actor,
        row: UploadRow,
        offset: u64,
        mut body: Box<dyn Incoming>,
    ) -> ServiceResult<UploadState> {
        let room = row.length - offset;
        let key = files::piece_key(actor.workspace_id, row.id, offset, self.ids.next());
        let mut writer = None;
        let (mut bytes, mut head) = (0u64, Vec::new());
        loop {
            let chunk: Bytes = match tokio::time::timeout(SILENCE, body.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                // The end, or the end of the connection: what has come is kept.
                Ok(None | Some(Err(_))) | Err(_) => break,
            };
            if chunk.is_empty() {
                continue;
            }
            bytes += chunk.len() as u64;
            let to = match &mut writer {
                Some(writer) => writer,
                None => writer.insert(self.files.writer(&key).await?),
            };
            let written = if bytes > room { Err(too_much(row.length)) } else { to.write(chunk.clone()).await };
            if let Err(error) = written {
                if let Some(writer) = writer.take() {
                    writer.abandon().await;
                }
                return Err(error);
            }
            if offset == 0 && head.len() as u64 <= inspect::HEAD {
                head.extend_from_slice(&chunk);
            }
        }
        if let Some(writer) = writer {
            writer.finish().await?;
            // What can be no asset is refused by its first bytes, not when all of it has come.
            let enough = offset == 0 && (head.len() as u64 >= inspect::HEAD || bytes == row.length);
            let claim = if enough { inspect::sniff(&head, row.length).map(drop) } else { Ok(()) };
            let piece = Piece { start: offset, bytes, storage_key: key.clone() };
            if let Err(error) = self.advance(actor, &row, &piece, claim.err()).await {
                // A commit whose answer was lost may have happened: then the piece is in use, and stays.
                if error.code() != ErrorCode::ServiceUnavailable {
                    self.drop_file(&key).await;
                }
                return Err(error);
            }
        }
        self.state(actor, row.id).await
    }

    /// Moves the upload past the piece, if it still stands where the piece begins.
    async fn advance(
        &self,
        actor: &Actor,
        row: &UploadRow,
        piece: &Piece,
        refused: Option<inspect::Refusal>,
    ) -> ServiceResult<()> {
        let now = self.clock.now();
        let expires = now + Duration::hours(UPLOAD_KEPT_HOURS);
        let mut tx = self.database.tenant(actor).await?;
        if !store::advance_upload(&mut tx, actor.workspace_id, row.id, piece, expires, now).await? {
            let now_at = store::upload(&mut tx, actor.workspace_id, row.id).await?.map_or(0, |row| row.received);
            return Err(elsewhere(now_at));
        }
        if let Some(refusal) = refused {
            let error = ServiceError::from(refusal);
            store::refuse_upload(&mut tx, row.id, &error.fault.message).await?;
            let keys = store::take_pieces(&mut tx, row.id).await?;
            tx.commit().await?;
            for key in keys {
                self.drop_file(&key).await;
            }
            return Err(error);
        }
        if piece.start + piece.bytes == row.length {
            enqueue(&mut tx, &FinishUpload { upload_id: row.id }, None).await?;
        }
        tx.commit().await
    }

    pub(super) async fn abandon(&self, actor: &Actor, id: UploadId) -> ServiceResult<()> {
        policy::add(actor)?;
        let mut tx = self.database.tenant(actor).await?;
        let keys = store::delete_upload(&mut tx, actor.workspace_id, id).await?.ok_or_else(absent)?;
        tx.commit().await?;
        for key in keys {
            self.drop_file(&key).await;
        }
        Ok(())
    }
}

fn absent() -> ServiceError {
    ServiceError::not_found("upload")
}

fn elsewhere(received: u64) -> ServiceError {
    ServiceError::field_conflict("upload-offset", format!("This upload goes on at byte {received}."))
}

fn too_much(length: u64) -> ServiceError {
    let mut error = ServiceError::field("file", format!("More has come than the {length} bytes that were announced."));
    error.fault.code = ErrorCode::PayloadTooLarge;
    error
}
