//! The files behind pictures, in an object store: a local folder by default.

use std::{fmt, fs, io, ops::Range, path::Path, sync::Arc};

use async_trait::async_trait;
use axum::body::Bytes;
use domain::{MediaId, ServiceError, ServiceResult, WorkspaceId};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key};
use platforms::MediaSource;

/// Reads and writes the files of pictures by their storage keys. Cheap to clone.
///
/// A key is `<workspace>/<SHA-256>/<id>/original.<ext>` or `…/thumbnail.<ext>`. It belongs to one row of `media` and
/// is never used again, so files can be removed without asking who else may need them; the hash in it lets whoever
/// runs Arctiv check a folder or a bucket with `sha256sum`.
#[derive(Clone)]
pub struct MediaFiles {
    store: Arc<dyn ObjectStore>,
}

impl fmt::Debug for MediaFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaFiles({})", self.store)
    }
}

impl MediaFiles {
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// Files in `folder`, which is made if need be. What was written stays written: each file is synced to disk
    /// before its row is saved.
    pub fn local(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?;
        Ok(Self::new(Arc::new(store.with_fsync(true).with_automatic_cleanup(true))))
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

    /// Whether files can be written and read back; for `doctor` and readiness.
    pub async fn check(&self) -> ServiceResult<()> {
        let key = Key::from("arctiv-check");
        self.store.put(&key, PutPayload::from_static(b"ok")).await.map_err(ServiceError::internal)?;
        self.store.delete(&key).await.map_err(ServiceError::internal)
    }

    pub(super) async fn write(&self, storage_key: &str, bytes: Bytes) -> ServiceResult<()> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        self.store.put(&key, PutPayload::from_bytes(bytes)).await.map_err(ServiceError::internal)?;
        Ok(())
    }

    /// Removes a file; one that is gone already is as good.
    pub(super) async fn remove(&self, storage_key: &str) -> ServiceResult<()> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(ServiceError::internal(error)),
        }
    }
}

/// Where the files of a new picture go: the folder, without the name.
pub(super) fn folder(workspace: WorkspaceId, sha256: &[u8], id: MediaId) -> String {
    format!("{workspace}/{}/{id}", hex::encode(sha256))
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
