//! The files behind pictures, in an object store: a local folder by default.

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
use domain::{MediaId, ServiceError, ServiceResult, WorkspaceId};
use futures::{Stream, TryStreamExt, future};
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

    /// Whether files can be written and read back; for `doctor` and readiness.
    pub async fn check(&self) -> ServiceResult<()> {
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

    pub(super) async fn write(&self, storage_key: &str, bytes: Bytes) -> ServiceResult<()> {
        let key = Key::parse(storage_key).map_err(ServiceError::internal)?;
        self.store.put(&key, PutPayload::from_bytes(bytes)).await.map_err(ServiceError::internal)?;
        Ok(())
    }

    /// The files that were written before `before`, each with the picture it was written for. Files of another shape are
    /// not ours to judge, and left out.
    pub(super) fn older_than(&self, before: DateTime<Utc>) -> impl Stream<Item = ServiceResult<(String, MediaId)>> {
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
    pub(super) async fn remove(&self, storage_key: &str) -> ServiceResult<()> {
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
        let bytes = match from.get(&file.location).await {
            Ok(found) => found.bytes().await.map_err(ServiceError::internal)?,
            Err(object_store::Error::NotFound { .. }) => continue,
            Err(error) => return Err(ServiceError::internal(error)),
        };
        to.put(&file.location, PutPayload::from_bytes(bytes)).await.map_err(ServiceError::internal)?;
    }
    Ok(())
}

/// The row a storage key belongs to.
pub fn owner_of(storage_key: &str) -> Option<MediaId> {
    storage_key.split('/').nth(2)?.parse().ok().map(MediaId)
}

/// Where the files of a new picture go: the folder, without the name.
pub(super) fn folder(workspace: WorkspaceId, sha256: &[u8], id: MediaId) -> String {
    format!("{workspace}/{}/{id}", hex::encode(sha256))
}

/// The picture that a key of ours belongs to.
fn owner(key: &str) -> Option<MediaId> {
    let mut parts = key.split('/');
    let (workspace, sha256, id, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none()
        && workspace.parse::<WorkspaceId>().is_ok()
        && sha256.len() == 64
        && matches!(name.split_once('.'), Some(("original" | "thumbnail", _)));
    id.parse().ok().filter(|_| whole)
}

/// `original.png#17`: the store writes under such a name, and renames the file once it is whole.
fn is_half_written(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split_once('#').is_some_and(|(name, number)| {
        matches!(name.split_once('.'), Some(("original" | "thumbnail", _)))
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_picture() {
        let workspace: WorkspaceId = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001".parse().unwrap();
        let id: MediaId = "0199f2c4-8a31-7c5e-b1d0-4f6a00000002".parse().unwrap();
        let folder = folder(workspace, &[7; 32], id);
        assert_eq!(owner(&format!("{folder}/original.png")), Some(id));
        assert_eq!(owner(&format!("{folder}/thumbnail.jpg")), Some(id));
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
