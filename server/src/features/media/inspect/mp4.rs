//! MP4 and `QuickTime` (ISO/IEC 14496-12): boxes of `length name content`. The `moov` describes the tracks; the frames lie in
//! `mdat`, which is never read here.
//!
//! What the tracks hold is read by Mozilla's parser, the one of Firefox. Around it: finding the `moov` by reading eight
//! bytes of each outer box, and finding what tells about the maker.

use std::{io::Cursor, ops::Range};

use domain::media::{AudioCodec, FileSource, MediaKind, VideoCodec, VideoFacts};
use mp4parse::{CodecType, SampleEntry, Track, TrackType};

use super::{Patch, Refusal, Unfit, Video};

/// The most that describes a video: an hour at 60 frames a second takes a few megabytes.
const MAX_MOOV: u64 = 32 * 1024 * 1024;
/// Outer boxes looked at in search of the `moov`.
const MAX_BOXES: usize = 1_024;
/// Boxes within boxes, and how many of them.
const MAX_DEPTH: usize = 6;
const MAX_INNER: usize = 10_000;

const DAMAGED: Refusal = Refusal::Damaged(MediaKind::Video);

/// The outer boxes, as far as they matter.
#[derive(Debug, PartialEq, Eq)]
pub struct Outline {
    pub moov: Range<u64>,
    pub patches: Vec<Patch>,
}

/// Finds the `moov`, and outer boxes that only tell things.
pub async fn outline(file: &dyn FileSource, length: u64) -> Result<Outline, Unfit> {
    let (mut at, mut moov, mut patches) = (0u64, None, Vec::new());
    for _ in 0..MAX_BOXES {
        if length - at < 8 {
            break;
        }
        let header = file.read(at..(at + 16).min(length)).await?;
        let Some(found) = header_of(&header, length - at) else { return Err(DAMAGED.into()) };
        match &found.name {
            b"moov" if moov.is_none() => {
                if found.length > MAX_MOOV {
                    return Err(DAMAGED.into());
                }
                moov = Some(at..at + found.length);
            }
            b"uuid" | b"udta" | b"meta" => patches.push(patch(at, &found)),
            // From here on it is fragment after fragment.
            b"moof" if moov.is_some() => break,
            _ => {}
        }
        at += found.length;
    }
    let moov = moov.ok_or(DAMAGED)?;
    Ok(Outline { moov, patches })
}

/// The box at `at` as a gap.
fn patch(at: u64, head: &Head) -> Patch {
    Patch { name: at + 4, content: at + head.own as u64..at + head.length }
}

/// A box's head.
struct Head {
    name: [u8; 4],
    /// Of all of it.
    length: u64,
    /// Of the head itself.
    own: usize,
}

/// Reads a box's head; `None` when it does not fit into `room` bytes, which is how an incomplete file shows.
fn header_of(bytes: &[u8], room: u64) -> Option<Head> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_first_chunk::<4>()?;
    let (length, head) = match u32::from_be_bytes(*size) {
        // To the end of what is around it.
        0 => (room, 8),
        1 => (u64::from_be_bytes(*rest.first_chunk::<8>()?), 16),
        size => (u64::from(size), 8),
    };
    (length >= head as u64 && length <= room).then_some(Head { name: *name, length, own: head })
}

/// The boxes within `content`, each with where it starts in there.
fn inner(content: &[u8]) -> impl Iterator<Item = (usize, Head)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = content.get(at..).filter(|rest| rest.len() >= 8)?;
        let head = header_of(rest, rest.len() as u64)?;
        let here = at;
        at += usize::try_from(head.length).ok()?;
        Some((here, head))
    })
    .take(MAX_INNER)
}

/// Takes the `moov` apart, which starts at `start` in the file. What tells about the maker is to become gaps.
pub fn parse(mut moov: Vec<u8>, start: u64) -> Result<(Video, Vec<Patch>), Refusal> {
    let patches = telling(&moov, start)?;
    for patch in &patches {
        patch.apply(start, &mut moov);
    }
    let video = measure(&moov)?;
    Ok((video, patches))
}

/// The boxes of the `moov` that tell and do not show: `udta` and `meta` (place, device, author,
/// software), of the film and of each track, and whole tracks of measurements (a phone's position, a camera's).
fn telling(moov: &[u8], start: u64) -> Result<Vec<Patch>, Refusal> {
    let whole = header_of(moov, moov.len() as u64).ok_or(DAMAGED)?;
    let mut found = Vec::new();
    let content = moov.get(whole.own..).ok_or(DAMAGED)?;
    for (at, head) in inner(content) {
        let at = whole.own + at;
        match &head.name {
            b"udta" | b"meta" | b"uuid" => found.push(patch(start + at as u64, &head)),
            b"trak" => {
                let end = at + usize::try_from(head.length).map_err(|_| DAMAGED)?;
                let track = moov.get(at + head.own..end).ok_or(DAMAGED)?;
                if let Some(b"meta" | b"camm" | b"gpmd") = handler(track) {
                    found.push(patch(start + at as u64, &head));
                    continue;
                }
                for (within, inner) in inner(track) {
                    if matches!(&inner.name, b"udta" | b"meta" | b"uuid") {
                        found.push(patch(start + (at + head.own + within) as u64, &inner));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// What a path of boxes leads to: the content of the last.
fn descend<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_first()?;
    if path.len() > MAX_DEPTH {
        return None;
    }
    let (at, head) = inner(content).find(|(_, head)| head.name == **first)?;
    let found = content.get(at + head.own..at + usize::try_from(head.length).ok()?)?;
    if rest.is_empty() { Some(found) } else { descend(found, rest) }
}

/// What a track is for: `vide`, `soun`, `meta`, …
fn handler(track: &[u8]) -> Option<&[u8; 4]> {
    descend(track, &[b"mdia", b"hdlr"])?.get(8..12)?.first_chunk()
}

/// The name of a track's format, as its first sample description has it.
fn format(track: &[u8]) -> Option<[u8; 4]> {
    descend(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?.get(12..16)?.first_chunk().copied()
}

fn measure(moov: &[u8]) -> Result<Video, Refusal> {
    let context = mp4parse::read_mp4(&mut Cursor::new(moov)).map_err(|_| DAMAGED)?;
    let whole = header_of(moov, moov.len() as u64).ok_or(DAMAGED)?;
    // The parser's tracks are the `trak` boxes in their order.
    let tracks: Vec<&[u8]> = inner(moov.get(whole.own..).ok_or(DAMAGED)?)
        .filter(|(_, head)| &head.name == b"trak")
        .filter_map(|(at, head)| {
            let end = usize::try_from(head.length).ok()?;
            moov.get(whole.own + at + head.own..whole.own + at + end)
        })
        .collect();
    let named = |track: &Track| tracks.get(track.id).and_then(|bytes| format(bytes));
    let video = context.tracks.iter().find(|track| track.track_type == TrackType::Video).ok_or(Refusal::NoPicture)?;
    let audio = context.tracks.iter().find(|track| track.track_type == TrackType::Audio);
    let (width, height) = seen(video).ok_or(DAMAGED)?;
    let codec = match named(video) {
        Some(name) if &name == b"encv" => return Err(Refusal::Locked(MediaKind::Video)),
        Some(name) => video_codec(name),
        None => return Err(DAMAGED),
    };
    let movie_scale = context.timescale.map_or(0, |scale| scale.0);
    let fragments = context.mvex.as_ref().and_then(|mvex| mvex.fragment_duration).map_or(0, |duration| duration.0);
    let duration_ms = duration(video).or_else(|| milliseconds(fragments, movie_scale)).ok_or(Refusal::NoLength)?;
    Ok(Video {
        width,
        height,
        facts: VideoFacts {
            duration_ms,
            codec,
            audio: audio.map(|track| audio_codec(track, named(track))),
            frame_rate: frame_rate(video),
        },
    })
}

/// Width and height as it is seen: the header's, turned as its matrix says.
fn seen(track: &Track) -> Option<(u32, u32)> {
    let header = track.tkhd.as_ref()?;
    let (mut width, mut height) = (header.width >> 16, header.height >> 16);
    if width == 0 || height == 0 {
        let coded = track.stsd.as_ref()?.descriptions.iter().find_map(|entry| match entry {
            SampleEntry::Video(video) => Some((u32::from(video.width), u32::from(video.height))),
            _ => None,
        })?;
        (width, height) = coded;
    }
    let on_its_side = header.matrix.a == 0 && header.matrix.d == 0 && header.matrix.b != 0 && header.matrix.c != 0;
    Some(if on_its_side { (height, width) } else { (width, height) })
}

fn duration(track: &Track) -> Option<u32> {
    let scale = track.timescale.as_ref()?.0;
    let told = track.duration.as_ref().map_or(0, |duration| duration.0);
    milliseconds(told, scale).or_else(|| milliseconds(u64::try_from(samples(track)?.1).ok()?, scale))
}

/// `None` for nothing, for what is "unknown" (all bits set) and for what no clock shows.
fn milliseconds(units: u64, scale: u64) -> Option<u32> {
    if scale == 0 || units == 0 || units == u64::MAX || units == u64::from(u32::MAX) {
        return None;
    }
    u32::try_from(u128::from(units) * 1_000 / u128::from(scale)).ok().filter(|ms| *ms > 0)
}

/// How many frames there are, and how long they last in the track's units.
fn samples(track: &Track) -> Option<(u128, u128)> {
    let table = track.stts.as_ref()?;
    let sum = table.samples.iter().fold((0u128, 0u128), |(frames, units), run| {
        let count = u128::from(run.sample_count);
        (frames + count, units + count * u128::from(run.sample_delta))
    });
    (sum.0 > 0 && sum.1 > 0).then_some(sum)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is an average, not a count")]
fn frame_rate(track: &Track) -> Option<f64> {
    let (frames, units) = samples(track)?;
    let scale = track.timescale.as_ref()?.0;
    Some(frames as f64 * scale as f64 / units as f64)
}

const fn video_codec(name: [u8; 4]) -> VideoCodec {
    match &name {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => VideoCodec::H264,
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => VideoCodec::H265,
        b"vp08" => VideoCodec::Vp8,
        b"vp09" => VideoCodec::Vp9,
        b"av01" => VideoCodec::Av1,
        b"mp4v" => VideoCodec::Mpeg4,
        _ => VideoCodec::Other,
    }
}

fn audio_codec(track: &Track, name: Option<[u8; 4]>) -> AudioCodec {
    let told = track.stsd.as_ref().and_then(|table| {
        table.descriptions.iter().find_map(|entry| match entry {
            SampleEntry::Audio(audio) => Some(audio.codec_type),
            _ => None,
        })
    });
    match (told, &name.unwrap_or_default()) {
        (Some(CodecType::AAC), _) => AudioCodec::Aac,
        (Some(CodecType::MP3), _) | (_, b".mp3") => AudioCodec::Mp3,
        (Some(CodecType::Opus), _) | (_, b"Opus") => AudioCodec::Opus,
        (Some(CodecType::FLAC), _) | (_, b"fLaC") => AudioCodec::Flac,
        (Some(CodecType::LPCM), _) | (_, b"lpcm" | b"sowt" | b"twos" | b"in24" | b"fl32") => AudioCodec::Pcm,
        (_, b"mp4a") => AudioCodec::Aac,
        _ => AudioCodec::Other,
    }
}
