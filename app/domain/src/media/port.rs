//! What can be done about pictures, videos and documents.

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    FileSource, MediaAsset, MediaFile, MediaFilter, MediaPatch, MediaUse, NewUpload, Signature, TagCount, Upload,
    UploadState, Uploaded, Variant,
};
use crate::{
    actor::Actor,
    error::ServiceResult,
    ids::{MediaId, UploadId},
    page::Page,
};

/// A body as it comes in. `None` at its end; an error when it breaks off, and then nothing more.
#[async_trait]
pub trait Incoming: Send {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>>;
}

/// The other side stopped sending before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenOff;

/// The media of the actor's workspace. Reading: viewer. Changing: editor.
#[async_trait]
pub trait Media: Send + Sync {
    /// Takes a whole file of at most [`MAX_UPLOAD`](super::MAX_UPLOAD): sniffed, measured, hashed, stored. The same bytes
    /// again give the same asset.
    async fn upload(&self, actor: &Actor, upload: Upload) -> ServiceResult<Uploaded>;

    /// Newest first. A filter for removed ones finds those that can still be brought back.
    async fn list(&self, actor: &Actor, filter: MediaFilter) -> ServiceResult<Page<MediaAsset>>;

    async fn get(&self, actor: &Actor, id: MediaId) -> ServiceResult<MediaAsset>;

    /// The posts whose current version shows it, newest first; at most fifty.
    async fn uses(&self, actor: &Actor, id: MediaId) -> ServiceResult<Vec<MediaUse>>;

    /// Every tag in use, by how often and then by name; at most two hundred.
    async fn tags(&self, actor: &Actor) -> ServiceResult<Vec<TagCount>>;

    /// Changes alt text or tags.
    async fn update(&self, actor: &Actor, id: MediaId, patch: MediaPatch) -> ServiceResult<MediaAsset>;

    /// Gives a video the picture that stands for it. `VALIDATION_ERROR` when it is no picture, or the asset no video.
    async fn set_poster(&self, actor: &Actor, id: MediaId, picture: Vec<u8>) -> ServiceResult<MediaAsset>;

    /// Takes it out of the library. `CONFLICT` while a post that has not gone out uses it.
    async fn delete(&self, actor: &Actor, id: MediaId) -> ServiceResult<()>;

    /// Brings back what was removed within [`KEPT_DAYS`](super::KEPT_DAYS). `CONFLICT` when the same file is in the library
    /// by now; `GONE` when it is too late.
    async fn restore(&self, actor: &Actor, id: MediaId) -> ServiceResult<MediaAsset>;

    /// The bytes behind a signed URL; `GONE` once expired, `NOT_FOUND` when the signature is not ours.
    async fn open(&self, id: MediaId, variant: Variant, signature: Signature) -> ServiceResult<MediaFile>;

    /// Announces a file that comes in pieces.
    async fn begin_upload(&self, actor: &Actor, new: NewUpload) -> ServiceResult<UploadState>;

    /// How far an upload is, or what has become of it.
    async fn upload_state(&self, actor: &Actor, id: UploadId) -> ServiceResult<UploadState>;

    /// Takes the bytes from `offset` on, as far as they come; where the next piece begins is the state's offset.
    /// `CONFLICT` when the upload is not at `offset`, or takes no more. The last piece sets off the inspection.
    async fn append(
        &self,
        actor: &Actor,
        id: UploadId,
        offset: u64,
        body: Box<dyn Incoming>,
    ) -> ServiceResult<UploadState>;

    /// Gives an upload up, with what has arrived of it.
    async fn abandon_upload(&self, actor: &Actor, id: UploadId) -> ServiceResult<()>;
}

/// Reads all of a file. For small ones.
pub async fn read_all(source: &dyn FileSource, length: u64) -> ServiceResult<Bytes> {
    source.read(0..length).await
}
