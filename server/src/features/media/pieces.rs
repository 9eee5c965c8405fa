//! Files too large to hold: read, hashed and copied a mebibyte at a time.

use std::ops::Range;

use async_trait::async_trait;
use axum::body::Bytes;
use domain::{ServiceError, ServiceResult, media::FileSource};
use sha2::{Digest, Sha256};

use super::{
    files::{FileWriter, MediaFiles},
    inspect::Patch,
};

/// How much is held at a time, bytes.
const STEP: u64 = 1024 * 1024;

/// A piece of a file that came in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins in the file.
    pub start: u64,
    pub bytes: u64,
    pub storage_key: String,
}

/// The pieces of an upload as the one file they are.
pub struct Pieces<'a> {
    files: &'a MediaFiles,
    pieces: &'a [Piece],
}

impl<'a> Pieces<'a> {
    /// `pieces` in their order. Those that leave a gap are an error when it is read.
    pub fn new(files: &'a MediaFiles, pieces: &'a [Piece]) -> Self {
        Self { files, pieces }
    }
}

#[async_trait]
impl FileSource for Pieces<'_> {
    async fn read(&self, range: Range<u64>) -> ServiceResult<Bytes> {
        let mut found = Vec::new();
        let mut at = range.start;
        for piece in self.pieces {
            let end = piece.start + piece.bytes;
            if at >= range.end || !(piece.start..end).contains(&at) {
                continue;
            }
            let upto = end.min(range.end);
            let bytes = self.files.file(&piece.storage_key)?.read(at - piece.start..upto - piece.start).await?;
            if at == range.start && upto == range.end {
                return Ok(bytes);
            }
            found.extend_from_slice(&bytes);
            at = upto;
        }
        if at < range.end {
            return Err(ServiceError::internal("a piece of an upload is missing"));
        }
        Ok(found.into())
    }
}

/// The steps that a file of this length is walked in.
fn steps(length: u64) -> impl Iterator<Item = Range<u64>> {
    (0..length.div_ceil(STEP)).map(move |step| step * STEP..((step + 1) * STEP).min(length))
}

/// A step of the file with the patches that fall into it, also those that lie across its ends.
async fn patched(file: &dyn FileSource, step: Range<u64>, patches: &[Patch]) -> ServiceResult<Bytes> {
    let bytes = file.read(step.clone()).await?;
    if !patches.iter().any(|patch| patch.touches(&step)) {
        return Ok(bytes);
    }
    let mut bytes = bytes.to_vec();
    for patch in patches.iter().filter(|patch| patch.touches(&step)) {
        patch.apply(step.start, &mut bytes);
    }
    Ok(bytes.into())
}

/// The SHA-256 of a file as it will be stored.
pub async fn hash(file: &dyn FileSource, length: u64, patches: &[Patch]) -> ServiceResult<[u8; 32]> {
    let mut hash = Sha256::new();
    for step in steps(length) {
        hash.update(patched(file, step, patches).await?);
    }
    Ok(hash.finalize().into())
}

/// Writes a file to where it stays.
pub async fn copy(file: &dyn FileSource, length: u64, patches: &[Patch], to: FileWriter) -> ServiceResult<()> {
    let mut to = to;
    for step in steps(length) {
        let written = match patched(file, step, patches).await {
            Ok(bytes) => to.write(bytes).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            to.abandon().await;
            return Err(error);
        }
    }
    to.finish().await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;
    use proptest::prelude::*;

    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    async fn store(files: &MediaFiles, whole: &[u8], cuts: &[usize]) -> Vec<Piece> {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % whole.len()).chain([0, whole.len()]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces = Vec::new();
        for (index, pair) in cuts.windows(2).enumerate() {
            let key = format!("piece-{index}");
            files.write(&key, Bytes::copy_from_slice(&whole[pair[0]..pair[1]])).await.unwrap();
            pieces.push(Piece { start: pair[0] as u64, bytes: (pair[1] - pair[0]) as u64, storage_key: key });
        }
        pieces
    }

    #[test]
    fn a_missing_piece_is_noticed() {
        block_on(async {
            let files = MediaFiles::new(Arc::new(InMemory::new()));
            let mut pieces = store(&files, &[7; 100], &[40]).await;
            pieces.remove(1);
            let file = Pieces::new(&files, &pieces);
            assert_eq!(file.read(0..40).await.unwrap().len(), 40);
            assert!(file.read(0..41).await.is_err() && file.read(50..60).await.is_err());
        });
    }

    #[test]
    fn patches_lie_across_steps() {
        block_on(async {
            let files = MediaFiles::new(Arc::new(InMemory::new()));
            let whole = vec![7; usize::try_from(STEP).unwrap() + 40];
            let pieces = store(&files, &whole, &[1_000]).await;
            let file = Pieces::new(&files, &pieces);
            let patches = [Patch { name: STEP - 2, content: STEP + 2..STEP + 30 }];
            copy(&file, whole.len() as u64, &patches, files.writer("to").await.unwrap()).await.unwrap();
            let stored = files.read("to").await.unwrap();
            let mut expected = whole.clone();
            let at = usize::try_from(STEP).unwrap();
            expected[at - 2..at + 2].copy_from_slice(b"free");
            expected[at + 2..at + 30].fill(0);
            assert!(stored == expected);
            let hash = hash(&file, whole.len() as u64, &patches).await.unwrap();
            assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(&expected)));
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn pieces_read_as_one(
            whole in proptest::collection::vec(any::<u8>(), 1..400),
            cuts in proptest::collection::vec(any::<usize>(), 0..6),
            from in any::<prop::sample::Index>(),
            to in any::<prop::sample::Index>(),
        ) {
            let (a, b) = (from.index(whole.len()), to.index(whole.len()));
            let range = a.min(b)..a.max(b);
            let read = block_on(async {
                let files = MediaFiles::new(Arc::new(InMemory::new()));
                let pieces = store(&files, &whole, &cuts).await;
                Pieces::new(&files, &pieces).read(range.start as u64..range.end as u64).await.unwrap()
            });
            prop_assert_eq!(&read[..], &whole[range]);
        }
    }
}
