//! The files behind media, in an object store: a local folder by default.

use std::{
    fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Bytes;
use chrono::{DateTime, Utc};
use domain::{MediaId, ServiceError, ServiceResult, UploadId, WorkspaceId, media::FileSource};
use futures::{Stream, TryStreamExt, future};
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as Key, prefix::PrefixStore,
};
use platforms::MediaSource;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::config::{MediaSettings, MediaStore, S3Settings};

/// What a large file is written in, bytes: as small as every store of the S3 kind takes a part.
const CHUNK: usize = 5 * 1024 * 1024;
/// The same in a folder.
const FOLDER_CHUNK: usize = 1024 * 1024;
/// Chunks on their way to the store at once, for one file.
const IN_FLIGHT: usize = 2;

/// Reads and writes the files of media by their storage keys. Cheap to clone.
///
/// A key is `<workspace>/<SHA-256>/<id>/original.<ext>`, `…/thumbnail.<ext>`, `…/poster-<uuid>.<ext>` or
/// `…/copy-<recipe>.<ext>`. It belongs to one row of `media` and is never used again, so files can be removed without asking
/// who else may need them; the hash in it lets whoever runs Arctiv check a folder or a bucket with `sha256sum`. What has
/// arrived of an upload lies under `uploads/<workspace>/<upload>/part-<offset>-<uuid>.bin`.
#[derive(Clone)]
pub struct MediaFiles {
    store: Arc<dyn ObjectStore>,
    /// Where the store is a folder: half-written files in it are seen by nobody else.
    folder: Option<Arc<Path>>,
}

impl fmt::Debug for MediaFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaFiles({})", self.store)
    }
}

impl MediaFiles {
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, folder: None }
    }

    /// Where the settings say. A bucket is not contacted yet: [`check`](Self::check) does that.
    pub fn open(settings: &MediaSettings, data_dir: &Path) -> ServiceResult<Self> {
        match settings.store {
            MediaStore::Folder => {
                let folder = settings.folder(data_dir);
                Self::local(&folder).map_err(|error| {
                    ServiceError::internal(format!(
                        "the folder for media, {}, cannot be used: {error}",
                        folder.display()
                    ))
                })
            }
            MediaStore::S3 => Self::bucket(&settings.s3),
        }
    }

    /// Files in a bucket.
    fn bucket(settings: &S3Settings) -> ServiceResult<Self> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_virtual_hosted_style_request(!settings.path_style)
            .with_allow_http(settings.allow_http);
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        if let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
        }
        let bucket = builder.build().map_err(|error| {
            ServiceError::internal(format!("the bucket {} cannot be used: {error}", settings.bucket))
        })?;
        let store: Arc<dyn ObjectStore> = match settings.prefix.as_deref().map(|prefix| prefix.trim_matches('/')) {
            Some(prefix) if !prefix.is_empty() => Arc::new(PrefixStore::new(bucket, Key::from(prefix))),
            _ => Arc::new(bucket),
        };
        Ok(Self::new(store))
    }

    /// Files in `folder`, which is made if need be. What was written stays written: each file is synced to disk
    /// before its row is saved.
    pub fn local(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
        let store = Arc::new(store.with_fsync(true).with_automatic_cleanup(true));
        Ok(Self { store, folder: Some(folder.into()) })
    }

    /// The whole file under a row's `storage_key` or `thumbnail_key`. `INTERNAL_ERROR` when it is not there: a row
    /// without its file is ours to mend.
    pub async fn read(&self, storage_key: &str) -> ServiceResult<Bytes> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        let found = self.store.get(&key).await.map_err(ServiceError::internal)?;
        found.bytes().await.map_err(ServiceError::internal)
    }

    /// The file as adapters read it, piece by piece.
    pub fn source(&self, storage_key: &str) -> ServiceResult<Arc<dyn MediaSource>> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        Ok(Arc::new(StoredFile { store: self.store.clone(), key }))
    }

    /// The file, piece by piece.
    pub fn file(&self, storage_key: &str) -> ServiceResult<Arc<dyn FileSource>> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        Ok(Arc::new(StoredFile { store: self.store.clone(), key }))
    }

    /// How long the file is, bytes.
    pub async fn length(&self, storage_key: &str) -> ServiceResult<u64> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        Ok(self.store.head(&key).await.map_err(ServiceError::internal)?.size)
    }

    /// Writes a file of any size as it comes; nobody sees it before it is finished.
    pub async fn writer(&self, storage_key: &str) -> ServiceResult<FileWriter> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        let upload = self.store.put_multipart(&key).await.map_err(ServiceError::internal)?;
        // A folder takes pieces of any size, and what is not held need not be given back.
        let chunk = if self.folder.is_some() { FOLDER_CHUNK } else { CHUNK };
        Ok(FileWriter(WriteMultipart::new_with_chunk_size(upload, chunk)))
    }

    /// Whether files can be written and read back; for `doctor` and readiness.
    pub async fn check(&self) -> ServiceResult<()> {
        // Some stores make a bucket that is not there when something is written to it; none lists it.
        self.is_empty().await?;
        let key = Key::from("arctiv-check");
        self.store.put(&key, PutPayload::from_static(b"ok")).await.map_err(ServiceError::internal)?;
        self.store.delete(&key).await.map_err(ServiceError::internal)
    }

    /// Copies every file that is not there yet into a folder, for a backup.
    pub async fn export(&self, folder: &Path) -> ServiceResult<()> {
        let into = LocalFileSystem::new_with_prefix(folder).map_err(ServiceError::internal)?.with_fsync(true);
        copy(self.store.as_ref(), &into).await
    }

    /// The same the other way round.
    pub async fn import(&self, folder: &Path) -> ServiceResult<()> {
        let from = LocalFileSystem::new_with_prefix(folder).map_err(ServiceError::internal)?;
        copy(&from, self.store.as_ref()).await
    }

    /// Whether there is no file at all.
    pub async fn is_empty(&self) -> ServiceResult<bool> {
        Ok(self.store.list(None).try_next().await.map_err(ServiceError::internal)?.is_none())
    }

    pub async fn write(&self, storage_key: &str, bytes: Bytes) -> ServiceResult<()> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        self.store.put(&key, PutPayload::from_bytes(bytes)).await.map_err(ServiceError::internal)?;
        Ok(())
    }

    /// The files that were written before `before`, each with what it was written for. Files of another shape are
    /// not ours to judge, and left out.
    pub fn older_than(&self, before: DateTime<Utc>) -> impl Stream<Item = ServiceResult<(String, Owner)>> {
        self.store.list(None).map_err(ServiceError::internal).try_filter_map(move |file| {
            let key = file.location.to_string();
            let owner = owner(&key).filter(|_| file.last_modified < before);
            future::ready(Ok(owner.map(|id| (key, id))))
        })
    }

    /// Removes what a process that died while writing has left half-written in the folder, older than `age`; how many
    /// files. The store itself does not show them.
    pub(super) async fn remove_half_written(&self, age: Duration) -> ServiceResult<u64> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let removing = tokio::task::spawn_blocking(move || {
            let mut removed = 0;
            remove_half_written(&folder, age, &mut removed)?;
            Ok::<_, io::Error>(removed)
        });
        removing.await.map_err(ServiceError::internal)?.map_err(ServiceError::internal)
    }

    /// Removes a file; one that is gone already is as good.
    pub async fn remove(&self, storage_key: &str) -> ServiceResult<()> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ServiceError::internal(error)),
        }
    }
}

/// Files that are at `from` and not at `to`. One that vanishes meanwhile was removed by somebody, and is not missed.
async fn copy(from: &dyn ObjectStore, to: &dyn ObjectStore) -> ServiceResult<()> {
    let mut files = from.list(None);
    while let Some(file) = files.try_next().await.map_err(ServiceError::internal)? {
        match to.head(&file.location).await {
            Ok(there) if there.size == file.size => continue,
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(ServiceError::internal(error)),
        }
        let found = match from.get(&file.location).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(ServiceError::internal(error)),
        };
        if file.size <= CHUNK as u64 {
            let bytes = found.bytes().await.map_err(ServiceError::internal)?;
            to.put(&file.location, PutPayload::from_bytes(bytes)).await.map_err(ServiceError::internal)?;
            continue;
        }
        // A video is never held whole.
        let upload = to.put_multipart(&file.location).await.map_err(ServiceError::internal)?;
        let mut writer = FileWriter(WriteMultipart::new_with_chunk_size(upload, CHUNK));
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.try_next().await.map_err(ServiceError::internal)? {
            writer.write(piece).await?;
        }
        writer.finish().await?;
    }
    Ok(())
}

/// A file on its way into the store.
pub struct FileWriter(WriteMultipart);

impl FileWriter {
    /// Waits while the store is behind, so that little is held.
    pub async fn write(&mut self, bytes: Bytes) -> ServiceResult<()> {
        self.0.wait_for_capacity(IN_FLIGHT).await.map_err(ServiceError::internal)?;
        self.0.put(bytes);
        Ok(())
    }

    pub async fn finish(self) -> ServiceResult<()> {
        self.0.finish().await.map_err(ServiceError::internal)?;
        Ok(())
    }

    /// Best effort: what stays behind is swept at night.
    pub async fn abandon(self) {
        if let Err(error) = self.0.abort().await {
            tracing::warn!(%error, "a file that was not finished stays behind for now");
        }
    }
}

/// What a file was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Asset(MediaId),
    Upload(UploadId),
}

/// Where the files of a new asset go: the folder, without the name.
pub(super) fn folder(workspace: WorkspaceId, sha256: &[u8], id: MediaId) -> String {
    format!("{workspace}/{}/{id}", hex::encode(sha256))
}

/// Where a piece of an upload goes. `unique` tells two of the same offset apart.
pub(super) fn piece_key(workspace: WorkspaceId, upload: UploadId, offset: u64, unique: Uuid) -> String {
    format!("uploads/{workspace}/{upload}/part-{offset:013}-{unique}.bin")
}

/// What a key of ours belongs to.
fn owner(key: &str) -> Option<Owner> {
    let mut parts = key.split('/');
    let (first, second, id, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !is_ours(name) {
        return None;
    }
    if first == "uploads" {
        second.parse::<WorkspaceId>().ok()?;
        return id.parse().ok().map(UploadId).map(Owner::Upload);
    }
    let whole = first.parse::<WorkspaceId>().is_ok() && second.len() == 64;
    id.parse().ok().filter(|_| whole).map(MediaId).map(Owner::Asset)
}

/// Whether a file has a name that we give.
fn is_ours(name: &str) -> bool {
    name.split_once('.').is_some_and(|(stem, _)| {
        matches!(stem, "original" | "thumbnail")
            || ["poster-", "copy-", "part-"].iter().any(|prefix| stem.starts_with(prefix))
    })
}

/// `original.png#17`: the store writes under such a name, and renames the file once it is whole.
fn is_half_written(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split_once('#').is_some_and(|(name, number)| {
        is_ours(name) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn remove_half_written(folder: &Path, age: Duration, removed: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path: PathBuf = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            remove_half_written(&path, age, removed)?;
        } else if kind.is_file() && is_half_written(&path) {
            // The file system's own time on both sides: neither is the program's.
            let written = entry.metadata()?.modified()?;
            if written.elapsed().is_ok_and(|passed| passed > age) {
                fs::remove_file(&path)?;
                *removed += 1;
            }
        }
    }
    Ok(())
}

struct StoredFile {
    store: Arc<dyn ObjectStore>,
    key: Key,
}

#[async_trait]
impl MediaSource for StoredFile {
    async fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.store.get_range(&self.key, range).await.map_err(io::Error::other)
    }
}

#[async_trait]
impl FileSource for StoredFile {
    async fn read(&self, range: Range<u64>) -> ServiceResult<Bytes> {
        MediaSource::read(self, range).await.map_err(ServiceError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_asset_or_upload() {
        let workspace: WorkspaceId = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001".parse().unwrap();
        let id: MediaId = "0199f2c4-8a31-7c5e-b1d0-4f6a00000002".parse().unwrap();
        let folder = folder(workspace, &[7; 32], id);
        for name in ["original.png", "thumbnail.jpg", "poster-1.jpg", "copy-jpg-w0-p0-b1.jpg"] {
            assert_eq!(owner(&format!("{folder}/{name}")), Some(Owner::Asset(id)), "{name}");
        }
        let piece = piece_key(workspace, UploadId(id.0), 8_388_608, Uuid::from_u128(1));
        assert_eq!(owner(&piece), Some(Owner::Upload(UploadId(id.0))));
        let foreign = [
            "arctiv-check",
            "notes.txt",
            "a/b/c/original.png",
            &format!("{folder}/x.png"),
            &format!("{folder}/original.png/x"),
        ];
        for key in foreign {
            assert_eq!(owner(key), None, "{key}");
        }
    }

    #[tokio::test]
    async fn what_was_never_finished_is_removed_once_it_is_old() {
        let folder = std::env::temp_dir().join(format!("arctiv-half-{}", std::process::id()));
        let deep = folder.join("w/h/i");
        fs::create_dir_all(&deep).unwrap();
        for name in ["original.png#3", "original.png", "notes#1", "original.png#x"] {
            fs::write(deep.join(name), b"x").unwrap();
        }
        let files = MediaFiles::local(&folder).unwrap();
        assert_eq!(files.remove_half_written(Duration::from_hours(1)).await.unwrap(), 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(files.remove_half_written(Duration::from_millis(1)).await.unwrap(), 1);
        let mut left: Vec<_> =
            fs::read_dir(&deep).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["notes#1", "original.png", "original.png#x"]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
