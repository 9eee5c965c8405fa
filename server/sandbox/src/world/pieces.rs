//! Files that arrive in pieces. Small ones are kept whole; of large ones only the beginning, so that a film of a gigabyte
//! costs the sandbox no more than its first megabytes.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use axum::body::Bytes;

/// Bytes of one file that are kept in full.
const KEEP: usize = 48 << 20;
/// What is kept of a larger one: enough for the headers of a film made for the web.
const HEAD: usize = 4 << 20;

/// A file, or what is left of a large one.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    /// All of it, or the beginning.
    pub(crate) bytes: Bytes,
    pub(crate) size: u64,
    pub(crate) hash: u64,
    /// Is that all of it?
    pub(crate) complete: bool,
}

impl Whole {
    pub(crate) fn of(bytes: Bytes) -> Self {
        let complete = bytes.len() <= KEEP;
        let (size, hash) = (bytes.len() as u64, hash(&bytes));
        Self { bytes: if complete { bytes } else { beginning(&bytes, HEAD) }, size, hash, complete }
    }
}

/// A copy of the beginning: a slice would hold on to the whole.
fn beginning(bytes: &Bytes, most: usize) -> Bytes {
    Bytes::copy_from_slice(bytes.get(..most).unwrap_or(bytes))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[derive(Clone, Debug)]
struct Piece {
    length: u64,
    hash: u64,
    bytes: Bytes,
}

/// Pieces by number or by offset, as their network counts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces {
    pieces: BTreeMap<u64, Piece>,
    /// Too large to be kept whole.
    large: bool,
}

impl Pieces {
    /// Adds a piece, or replaces the one of this number.
    pub(crate) fn insert(&mut self, at: u64, bytes: Bytes) {
        let piece = Piece { length: bytes.len() as u64, hash: hash(&bytes), bytes };
        self.pieces.insert(at, piece);
        let kept: usize = self.pieces.values().map(|piece| piece.bytes.len()).sum();
        self.large |= kept > KEEP;
        if self.large {
            for (at, piece) in &mut self.pieces {
                let most = if *at == 0 { HEAD } else { 0 };
                if piece.bytes.len() > most {
                    piece.bytes = beginning(&piece.bytes, most);
                }
            }
        }
    }

    pub(crate) fn remove(&mut self, at: u64) {
        self.pieces.remove(&at);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that have arrived.
    pub(crate) fn size(&self) -> u64 {
        self.pieces.values().map(|piece| piece.length).sum()
    }

    /// Are the pieces numbered 0, 1, 2, …?
    pub(crate) fn in_a_row(&self) -> bool {
        self.pieces.keys().zip(0..).all(|(at, expected)| *at == expected)
    }

    /// All of it, in order.
    pub(crate) fn whole(&self) -> Whole {
        let mut all = self.pieces.values();
        let size = self.size();
        match (all.next(), all.len()) {
            (Some(only), 0) if !self.large => {
                Whole { bytes: only.bytes.clone(), size, hash: only.hash, complete: true }
            }
            (first, _) if self.large => {
                let mut hasher = DefaultHasher::new();
                self.pieces.values().for_each(|piece| piece.hash.hash(&mut hasher));
                let bytes = first.map(|first| first.bytes.clone()).unwrap_or_default();
                Whole { bytes, size, hash: hasher.finish(), complete: false }
            }
            _ => Whole::of(self.pieces.values().flat_map(|piece| piece.bytes.iter().copied()).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_file_whatever_their_order() {
        let mut pieces = Pieces::default();
        pieces.insert(1, Bytes::from_static(b"world"));
        assert!(!pieces.in_a_row());
        pieces.insert(0, Bytes::from_static(b"hello "));
        assert!(pieces.in_a_row());
        let whole = pieces.whole();
        assert_eq!((&whole.bytes[..], whole.size, whole.complete), (&b"hello world"[..], 11, true));
        assert_eq!(whole.hash, Whole::of(Bytes::from_static(b"hello world")).hash);
    }

    #[test]
    fn of_a_large_file_the_beginning_stays() {
        let mut pieces = Pieces::default();
        for at in 0..10 {
            pieces.insert(at, Bytes::from(vec![u8::try_from(at).unwrap(); 8 << 20]));
        }
        let whole = pieces.whole();
        assert_eq!((whole.size, whole.bytes.len(), whole.complete), (80 << 20, HEAD, false));
        let at_once = Whole::of(Bytes::from(vec![1; KEEP + 1]));
        assert_eq!((at_once.size, at_once.bytes.len(), at_once.complete), (KEEP as u64 + 1, HEAD, false));
    }
}
