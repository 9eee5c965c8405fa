//! From a file of unknown origin and any size to what is known of it, without ever holding all of it.
//!
//! A file is believed in nothing, least of all its name. Its first bytes say what it claims to be; then the part that
//! describes it is read (a video's `moov` or its head, never its pictures), in bounded pieces, and taken apart on a thread
//! of its own, where a parser that panics has met a file that is damaged. Documents are read whole, since they are small.
//!
//! What a video tells about its maker (the place it was taken, above all) is to be blanked: the inspection says where, and
//! the copying into storage does it ([`Patch`]), so that no frame is touched and no length changes.

mod document;
mod mp4;
mod webm;

use std::ops::Range;

use domain::{
    ServiceError,
    media::{FileSource, MediaKind, MediaType, VideoFacts, max_bytes, too_large},
    platform::{DocumentType, ImageType, VideoType},
};
use tokio::task;

use super::store::Facts;

/// How much of a file's beginning is looked at to say what it is.
pub const HEAD: u64 = 16 * 1024;
/// No side of a video is longer than this.
const MAX_VIDEO_SIDE: u32 = 16_384;

/// What became known of a file that is no picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    pub kind: MediaType,
    pub facts: Facts,
    /// What is changed on the way into storage, in order.
    pub patches: Vec<Patch>,
}

/// A box of the file that becomes a gap: its name says so, and its content is nothing. It stays as long as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where its name stands, four bytes.
    pub name: u64,
    pub content: Range<u64>,
}

impl Patch {
    /// What readers pass over.
    const GAP: [u8; 4] = *b"free";

    /// Whether any of it lies in this part of the file.
    pub fn touches(&self, step: &Range<u64>) -> bool {
        self.name < step.end && self.content.end.max(self.name + 4) > step.start
    }

    /// Changes what of it lies in `bytes`, which begin at `start` in the file.
    pub fn apply(&self, start: u64, bytes: &mut [u8]) {
        let end = start + bytes.len() as u64;
        let within = |range: Range<u64>| {
            let place = |at: u64| usize::try_from(at.clamp(start, end) - start).unwrap_or(usize::MAX);
            place(range.start)..place(range.end)
        };
        if let Some(content) = bytes.get_mut(within(self.content.clone())) {
            content.fill(0);
        }
        for (at, letter) in (self.name..).zip(Self::GAP) {
            if let Some([byte]) = bytes.get_mut(within(at..at + 1)) {
                *byte = letter;
            }
        }
    }
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Empty,
    /// None of the formats; the name of what it is, where that helps.
    Format(Option<&'static str>),
    TooLarge(MediaKind),
    Damaged(MediaKind),
    /// A video file without moving pictures.
    NoPicture,
    /// It does not say how long it is.
    NoLength,
    /// It opens with a key or password only.
    Locked(MediaKind),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::TooLarge(kind) => return too_large(kind),
            Refusal::Empty => "This file is empty.".to_owned(),
            Refusal::Format(None) => {
                "This is not a file we can take. Choose a picture (JPG, PNG, WebP, GIF), a video (MP4, MOV, WebM) or a \
                 document (PDF, PPT, PPTX, DOC, DOCX)."
                    .to_owned()
            }
            Refusal::Format(Some(name)) => {
                format!("{name} files cannot be posted. Save it as MP4, MOV or WebM, then add it again.")
            }
            Refusal::Damaged(kind) => format!("This {} is damaged or incomplete. Try saving it again.", kind.noun()),
            Refusal::NoPicture => "This file has sound but no moving pictures.".to_owned(),
            Refusal::NoLength => {
                "This video does not say how long it is, which every network wants to know. Save it again with a video \
                 editor, then add it."
                    .to_owned()
            }
            Refusal::Locked(kind) => {
                format!("This {} is protected. Save it without protection, then add it again.", kind.noun())
            }
        };
        Self::field("file", message)
    }
}

/// How an inspection ends, if not well.
#[derive(Debug)]
pub enum Unfit {
    Refused(Refusal),
    /// Ours: the storage.
    Broken(ServiceError),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ServiceError> for Unfit {
    fn from(error: ServiceError) -> Self {
        Self::Broken(error)
    }
}

/// What a file claims to be by its first bytes (at most [`HEAD`] are looked at), and whether it may be as large.
pub fn sniff(head: &[u8], length: u64) -> Result<MediaType, Refusal> {
    if head.is_empty() {
        return Err(Refusal::Empty);
    }
    let kind = claimed(head)?;
    if length > max_bytes(kind.kind()) { Err(Refusal::TooLarge(kind.kind())) } else { Ok(kind) }
}

fn claimed(head: &[u8]) -> Result<MediaType, Refusal> {
    // `length name`, then the brand: the family of MP4. HEIC and AVIF are of it too, and no videos.
    if let Some([b'f', b't', b'y', b'p', brand @ ..]) = head.get(4..12) {
        return match brand {
            b"qt  " => Ok(MediaType::Video(VideoType::Mov)),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" | b"avif" | b"avis" => {
                Err(Refusal::Format(None))
            }
            b"M4A " | b"M4B " | b"M4P " => Err(Refusal::NoPicture),
            _ => Ok(MediaType::Video(VideoType::Mp4)),
        };
    }
    // QuickTime from before there were brands.
    if let Some(b"moov" | b"mdat" | b"wide" | b"pnot") = head.get(4..8) {
        return Ok(MediaType::Video(VideoType::Mov));
    }
    let Some(found) = infer::get(head) else { return Err(Refusal::Format(None)) };
    let mime = found.mime_type();
    if let Some(kind) = ImageType::from_mime(mime) {
        return Ok(MediaType::Image(kind));
    }
    if let Some(kind) = DocumentType::from_mime(mime) {
        return Ok(MediaType::Document(kind));
    }
    match mime {
        "video/webm" => Ok(MediaType::Video(VideoType::Webm)),
        "video/x-matroska" => Err(Refusal::Format(Some("MKV"))),
        "video/x-msvideo" => Err(Refusal::Format(Some("AVI"))),
        "video/x-ms-wmv" => Err(Refusal::Format(Some("WMV"))),
        "video/mpeg" => Err(Refusal::Format(Some("MPEG"))),
        "video/x-flv" => Err(Refusal::Format(Some("FLV"))),
        _ => Err(Refusal::Format(None)),
    }
}

/// Looks at a video or document of `length` bytes. Pictures are `picture`'s.
pub async fn inspect(file: &dyn FileSource, length: u64) -> Result<Inspected, Unfit> {
    let head = file.read(0..length.min(HEAD)).await?;
    let kind = sniff(&head, length)?;
    match kind {
        MediaType::Image(_) => Err(Refusal::Format(None).into()),
        MediaType::Video(VideoType::Webm) => {
            let head = file.read(0..length.min(webm::HEAD)).await?;
            let webm::Parsed { mut video, scale } = apart(MediaKind::Video, move || webm::parse(&head)).await?;
            if video.facts.duration_ms == 0 {
                let tail = file.read(length.saturating_sub(webm::TAIL)..length).await?;
                let last = apart(MediaKind::Video, move || Ok(webm::last_moment(&tail, scale))).await?;
                video.facts.duration_ms = last.unwrap_or(0);
            }
            Ok(Inspected { kind, facts: video.facts()?, patches: Vec::new() })
        }
        MediaType::Video(_) => {
            let outline = mp4::outline(file, length).await?;
            let moov = file.read(outline.moov.clone()).await?;
            let start = outline.moov.start;
            let (video, inner) = apart(MediaKind::Video, move || mp4::parse(moov.to_vec(), start)).await?;
            let mut patches = outline.patches;
            patches.extend(inner);
            patches.sort_by_key(|patch| patch.name);
            Ok(Inspected { kind, facts: video.facts()?, patches })
        }
        MediaType::Document(DocumentType::Pdf) => {
            let bytes = file.read(0..length).await?;
            let pages = apart(MediaKind::Document, move || document::pdf_pages(&bytes)).await?;
            Ok(Inspected { kind, facts: Facts { pages: Some(pages), ..Facts::default() }, patches: Vec::new() })
        }
        // Only the program that wrote it knows where its pages end.
        MediaType::Document(_) => Ok(Inspected { kind, facts: Facts::default(), patches: Vec::new() }),
    }
}

/// Takes a file apart away from the runtime's threads. A parser that panics has met a file it cannot read.
async fn apart<T: Send + 'static>(
    kind: MediaKind,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    task::spawn_blocking(work).await.unwrap_or(Err(Refusal::Damaged(kind)))
}

/// A video as a parser found it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Video {
    /// As it is seen.
    width: u32,
    height: u32,
    facts: VideoFacts,
}

impl Video {
    /// What is to be kept, if it makes sense.
    fn facts(self) -> Result<Facts, Refusal> {
        let sound = (1..=MAX_VIDEO_SIDE).contains(&self.width) && (1..=MAX_VIDEO_SIDE).contains(&self.height);
        if !sound {
            return Err(Refusal::Damaged(MediaKind::Video));
        }
        if self.facts.duration_ms == 0 || i32::try_from(self.facts.duration_ms).is_err() {
            return Err(Refusal::NoLength);
        }
        let frame_rate = self.facts.frame_rate.filter(|rate| rate.is_finite() && *rate > 0.0 && *rate < 10_000.0);
        Ok(Facts {
            width: Some(self.width),
            height: Some(self.height),
            // Thousandths are as fine as anybody says it.
            video: Some(VideoFacts {
                frame_rate: frame_rate.map(|rate| (rate * 1_000.0).round() / 1_000.0),
                ..self.facts
            }),
            pages: None,
        })
    }
}

#[cfg(test)]
mod tests;
