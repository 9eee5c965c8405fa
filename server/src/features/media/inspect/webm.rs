//! `WebM` (RFC 8794, RFC 9559): elements of `id length content`, all numbers of a length of their own. What describes the
//! video stands at its head, before the first cluster of frames. Recorders do not know there how long it will be: then the
//! last frame says it.
//!
//! Read by hand: the one library for it reserves whatever length an element claims before it looks whether that much is
//! there.

use domain::media::{AudioCodec, MediaKind, VideoCodec, VideoFacts};

use super::{Refusal, Video};

/// How much of the file's beginning is looked at, and of its end where its beginning does not say how long it is.
pub const HEAD: u64 = 4 * 1024 * 1024;
pub const TAIL: u64 = 4 * 1024 * 1024;
/// Elements looked at on one level.
const MAX_ELEMENTS: usize = 10_000;

const DAMAGED: Refusal = Refusal::Damaged(MediaKind::Video);

const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const CODEC_ID: u32 = 0x86;
const DEFAULT_DURATION: u32 = 0x23_E383;
const ENCODINGS: u32 = 0x6D80;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const DISPLAY_WIDTH: u32 = 0x54B0;
const DISPLAY_HEIGHT: u32 = 0x54BA;
const DISPLAY_UNIT: u32 = 0x54B2;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;

/// An element: its id, and as much of its content as is there.
struct Element<'a> {
    id: u32,
    content: &'a [u8],
}

/// The elements of a stretch of bytes, up to the first that is not well formed.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (id, rest) = id(bytes)?;
        let (length, rest) = length(rest)?;
        // A length that is not known, or more than is there: up to the end of what is there.
        let here = length.and_then(|length| usize::try_from(length).ok()).map_or(rest.len(), |n| n.min(rest.len()));
        let (content, after) = rest.split_at_checked(here)?;
        bytes = after;
        Some(Element { id, content })
    })
    .take(MAX_ELEMENTS)
}

/// An id of one to four bytes, its length marker kept.
fn id(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let first = *bytes.first()?;
    let size = first.leading_zeros() as usize + 1;
    if size > 4 {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(size)?;
    Some((number.iter().fold(0, |id, byte| (id << 8) | u32::from(*byte)), rest))
}

/// A length of one to eight bytes; `None` inside for "unknown".
fn length(bytes: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let first = *bytes.first()?;
    let size = first.leading_zeros() as usize + 1;
    if size > 8 {
        return None;
    }
    let (number, rest) = bytes.split_at_checked(size)?;
    let mask = (1u64 << (7 * size)) - 1;
    let value = number.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte)) & mask;
    Some(((value != mask).then_some(value), rest))
}

fn unsigned(content: &[u8]) -> Option<u64> {
    (content.len() <= 8).then(|| content.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
}

fn float(content: &[u8]) -> Option<f64> {
    match content.len() {
        4 => content.first_chunk().map(|bytes| f64::from(f32::from_be_bytes(*bytes))),
        8 => content.first_chunk().map(|bytes| f64::from_be_bytes(*bytes)),
        _ => None,
    }
}

fn find(content: &[u8], id: u32) -> Option<&[u8]> {
    elements(content).find(|element| element.id == id).map(|element| element.content)
}

fn number(content: &[u8], id: u32) -> Option<u64> {
    find(content, id).and_then(unsigned)
}

fn side(content: &[u8], id: u32) -> Option<u32> {
    number(content, id).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0)
}

/// What the head of a file says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parsed {
    /// Its duration is 0 where the head does not say it.
    pub video: Video,
    /// Nanoseconds of a unit of time.
    pub scale: u64,
}

/// Takes the head of a file apart.
pub fn parse(head: &[u8]) -> Result<Parsed, Refusal> {
    let mut outer = elements(head);
    let header = outer.next().filter(|element| element.id == EBML).ok_or(DAMAGED)?;
    if find(header.content, DOC_TYPE).is_none_or(|kind| kind != b"webm") {
        return Err(Refusal::Format(Some("MKV")));
    }
    let segment = outer.find(|element| element.id == SEGMENT).ok_or(DAMAGED)?;
    let (mut info, mut tracks) = (None, None);
    for element in elements(segment.content) {
        match element.id {
            INFO => info = Some(element.content),
            TRACKS => tracks = Some(element.content),
            CLUSTER => break,
            _ => {}
        }
    }
    let (info, tracks) = (info.ok_or(DAMAGED)?, tracks.ok_or(DAMAGED)?);
    let entry = |kind: u64| {
        elements(tracks)
            .filter(|element| element.id == TRACK_ENTRY)
            .find(|element| number(element.content, TRACK_TYPE) == Some(kind))
            .map(|element| element.content)
    };
    let track = entry(1).ok_or(Refusal::NoPicture)?;
    if find(track, ENCODINGS).is_some() {
        return Err(Refusal::Locked(MediaKind::Video));
    }
    let picture = find(track, VIDEO).ok_or(DAMAGED)?;
    let coded = (side(picture, PIXEL_WIDTH).ok_or(DAMAGED)?, side(picture, PIXEL_HEIGHT).ok_or(DAMAGED)?);
    // Display sizes in other units than pixels are shapes, not sizes.
    let in_pixels = number(picture, DISPLAY_UNIT).unwrap_or(0) == 0;
    let shown = side(picture, DISPLAY_WIDTH).zip(side(picture, DISPLAY_HEIGHT)).filter(|_| in_pixels);
    let (width, height) = shown.unwrap_or(coded);
    let scale = number(info, TIMESTAMP_SCALE).unwrap_or(1_000_000);
    let video = Video {
        width,
        height,
        facts: VideoFacts {
            duration_ms: find(info, DURATION).and_then(float).and_then(|units| milliseconds(units, scale)).unwrap_or(0),
            codec: match find(track, CODEC_ID) {
                Some(b"V_VP8") => VideoCodec::Vp8,
                Some(b"V_VP9") => VideoCodec::Vp9,
                Some(b"V_AV1") => VideoCodec::Av1,
                _ => VideoCodec::Other,
            },
            audio: entry(2).map(|track| match find(track, CODEC_ID) {
                Some(b"A_OPUS") => AudioCodec::Opus,
                Some(b"A_VORBIS") => AudioCodec::Vorbis,
                _ => AudioCodec::Other,
            }),
            frame_rate: number(track, DEFAULT_DURATION).filter(|ns| *ns > 0).map(rate),
        },
    };
    Ok(Parsed { video, scale })
}

/// When the last frame begins, milliseconds: from the last cluster that begins in the file's end.
#[expect(clippy::cast_precision_loss, reason = "no film has so many units that a double could not count them")]
pub fn last_moment(tail: &[u8], scale: u64) -> Option<u32> {
    let at = tail.windows(4).rposition(|part| part == CLUSTER.to_be_bytes())?;
    let cluster = elements(tail.get(at..)?).next().filter(|element| element.id == CLUSTER)?;
    let start = number(cluster.content, TIMESTAMP)?;
    let latest = elements(cluster.content)
        .filter_map(|element| match element.id {
            SIMPLE_BLOCK => offset(element.content),
            BLOCK_GROUP => find(element.content, BLOCK).and_then(offset),
            _ => None,
        })
        .max()?;
    milliseconds(start.checked_add_signed(latest.into())? as f64, scale)
}

/// How far a block is from its cluster's time: behind the number of its track.
fn offset(block: &[u8]) -> Option<i16> {
    let (_, rest) = length(block)?;
    rest.first_chunk().map(|bytes| i16::from_be_bytes(*bytes))
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of one frame are few")]
fn rate(ns: u64) -> f64 {
    1e9 / ns as f64
}

/// Milliseconds; the file counts in units of `scale` nanoseconds.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie within a u32 before"
)]
fn milliseconds(units: f64, scale: u64) -> Option<u32> {
    let ms = units * scale as f64 / 1e6;
    (ms.is_finite() && (1.0..f64::from(u32::MAX)).contains(&ms)).then_some(ms as u32)
}
