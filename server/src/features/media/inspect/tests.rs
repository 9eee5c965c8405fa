//! What is said of films and documents, whole, odd, cut short and scribbled over.

use async_trait::async_trait;
use axum::body::Bytes;
use domain::{
    ServiceResult,
    media::{AudioCodec, VideoCodec},
    platform::DocumentType,
};
use proptest::prelude::*;
use rstest::rstest;

use testkit::films::{FILM, Film, film, pdf, webm};

use super::*;

struct File(Vec<u8>);

#[async_trait]
impl FileSource for File {
    async fn read(&self, range: std::ops::Range<u64>) -> ServiceResult<Bytes> {
        let at = |n: u64| usize::try_from(n).unwrap();
        Ok(Bytes::copy_from_slice(&self.0[at(range.start)..at(range.end)]))
    }
}

fn look(bytes: Vec<u8>) -> Result<Inspected, Refusal> {
    let length = bytes.len() as u64;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { inspect(&File(bytes), length).await }).map_err(|unfit| match unfit {
        Unfit::Refused(refusal) => refusal,
        Unfit::Broken(error) => panic!("{error:?}"),
    })
}

/// What is stored of a file: with the places of its patches blanked.
fn stored(bytes: &[u8], found: &Inspected) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for patch in &found.patches {
        patch.apply(0, &mut bytes);
    }
    bytes
}

#[test]
fn a_film_is_measured() {
    let found = look(film(&FILM)).unwrap();
    assert_eq!(found.kind, MediaType::Video(VideoType::Mp4));
    assert_eq!((found.facts.width, found.facts.height), (Some(720), Some(1_280)));
    let video = found.facts.video.unwrap();
    assert_eq!((video.codec, video.audio), (VideoCodec::H264, Some(AudioCodec::Aac)));
    assert_eq!((video.duration_ms, video.frame_rate), (20_000, Some(30.0)));
    assert_eq!(found.patches, []);
}

#[rstest]
#[case::at_the_end(Film { front: false, ..FILM }, 720, VideoCodec::H264)]
#[case::turned(Film { turned: true, width: 1_280, height: 720, ..FILM }, 720, VideoCodec::H264)]
#[case::hevc(Film { codec: *b"hvc1", ..FILM }, 720, VideoCodec::H265)]
#[case::unheard_of(Film { codec: *b"icod", ..FILM }, 720, VideoCodec::Other)]
#[case::quicktime(Film { brand: *b"qt  ", ..FILM }, 720, VideoCodec::H264)]
fn films_of_many_kinds(#[case] made: Film, #[case] width: u32, #[case] codec: VideoCodec) {
    let found = look(film(&made)).unwrap();
    assert_eq!((found.facts.width, found.facts.height), (Some(width), Some(1_280)));
    assert_eq!(found.facts.video.unwrap().codec, codec);
    let container = if &made.brand == b"qt  " { VideoType::Mov } else { VideoType::Mp4 };
    assert_eq!(found.kind, MediaType::Video(container));
}

#[test]
fn a_silent_film_has_no_sound_and_an_odd_rate_is_told_as_it_is() {
    let found = look(film(&Film { sound: false, rate: 24, ..FILM })).unwrap();
    let video = found.facts.video.unwrap();
    assert_eq!((video.audio, video.frame_rate), (None, Some(24.0)));
}

#[test]
fn the_place_a_film_was_taken_is_blanked_and_nothing_else_changes() {
    const PLACE: &[u8] = b"+53.3498-006.2603/";
    for front in [true, false] {
        let bytes = film(&Film { place: Some(PLACE), front, ..FILM });
        let found = look(bytes.clone()).unwrap();
        // Two tracks tell it, a third is nothing else, and the film itself twice.
        assert_eq!(found.patches.len(), 5, "{:?}", found.patches);
        let kept = stored(&bytes, &found);
        assert_eq!(kept.len(), bytes.len());
        let again = look(kept.clone()).unwrap();
        assert_eq!((again.facts, again.patches), (found.facts, Vec::new()), "nothing more to take out");
        let tells = |bytes: &[u8]| bytes.windows(PLACE.len()).any(|part| part == PLACE);
        assert!(tells(&bytes) && !tells(&kept));
        #[expect(clippy::naive_bytecount, reason = "a file for a test is small")]
        let frames = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == 7).count() >= FILM.frames;
        assert!(frames(&kept));
    }
}

#[test]
fn a_webm_is_measured() {
    let found = look(webm(1_920, 1_080, Some(12.5))).unwrap();
    assert_eq!(found.kind, MediaType::Video(VideoType::Webm));
    assert_eq!((found.facts.width, found.facts.height), (Some(1_920), Some(1_080)));
    let video = found.facts.video.unwrap();
    assert_eq!((video.codec, video.audio), (VideoCodec::Vp9, Some(AudioCodec::Opus)));
    assert_eq!((video.duration_ms, video.frame_rate), (12_500, Some(25.0)));
    let recorded = look(webm(640, 360, None)).unwrap().facts.video.unwrap();
    assert_eq!(recorded.duration_ms, 2_960, "the last frame says it");
    let frameless = webm(640, 360, None);
    let end = frameless.windows(4).position(|part| part == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    assert_eq!(look(frameless[..end].to_vec()).unwrap_err(), Refusal::NoLength);
}

#[test]
fn pages_are_counted() {
    for pages in [1, 7, 301] {
        let found = look(pdf(pages)).unwrap();
        assert_eq!(found.kind, MediaType::Document(DocumentType::Pdf));
        assert_eq!(found.facts.pages, Some(u32::try_from(pages).unwrap()));
    }
    assert_eq!(look(b"%PDF-1.4\nnothing else".to_vec()).unwrap_err(), Refusal::Damaged(MediaKind::Document));
}

#[rstest]
#[case::empty(b"".to_vec(), Refusal::Empty)]
#[case::page(b"<!doctype html><script>alert(1)</script>".to_vec(), Refusal::Format(None))]
#[case::avi([b"RIFF\x10\0\0\0AVI LIST", &[0; 20][..]].concat(), Refusal::Format(Some("AVI")))]
#[case::sound(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0".to_vec(), Refusal::NoPicture)]
#[case::heic(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), Refusal::Format(None))]
#[case::no_moov(b"\0\0\0\x18ftypisom\0\0\0\0isommp41".to_vec(), Refusal::Damaged(MediaKind::Video))]
fn what_is_no_film_is_refused(#[case] bytes: Vec<u8>, #[case] why: Refusal) {
    assert_eq!(look(bytes).unwrap_err(), why);
}

#[test]
fn what_only_plays_sound_is_refused() {
    let whole = film(&FILM);
    let mut sound = whole.clone();
    // The first track becomes one that nobody knows.
    let at = sound.windows(4).position(|part| part == b"vide").unwrap();
    sound[at..at + 4].copy_from_slice(b"text");
    assert_eq!(look(sound).unwrap_err(), Refusal::NoPicture);
}

#[test]
fn a_protected_film_is_refused() {
    let locked = look(film(&Film { codec: *b"encv", ..FILM })).unwrap_err();
    assert_eq!(locked, Refusal::Locked(MediaKind::Video));
}

#[test]
fn a_file_cut_short_is_refused() {
    for whole in [film(&Film { front: false, ..FILM }), film(&FILM)] {
        for part in [whole.len() / 4, whole.len() / 2, whole.len() - 10] {
            assert_eq!(look(whole[..part].to_vec()).unwrap_err(), Refusal::Damaged(MediaKind::Video), "{part}");
        }
    }
}

#[test]
fn a_kind_has_its_size() {
    let head = film(&FILM);
    assert_eq!(sniff(&head, 5 * 1024 * 1024 * 1024), Err(Refusal::TooLarge(MediaKind::Video)));
    assert_eq!(sniff(&head, 4 * 1024 * 1024 * 1024), Ok(MediaType::Video(VideoType::Mp4)));
    assert_eq!(sniff(b"%PDF-1.4", 101 * 1024 * 1024), Err(Refusal::TooLarge(MediaKind::Document)));
}

#[test]
fn a_promise_of_more_than_there_is_costs_nothing() {
    let whole = film(&FILM);
    for (name, claim) in [(b"moov", u32::MAX), (b"trak", 0x7FFF_FFFF), (b"stts", 0xFFFF_0000), (b"stsd", 1)] {
        let mut bytes = whole.clone();
        let at = bytes.windows(4).position(|part| part == name).unwrap();
        bytes[at - 4..at].copy_from_slice(&claim.to_be_bytes());
        assert!(look(bytes).is_err(), "{name:?}");
    }
    // Millions of entries in a table of none.
    let mut bytes = whole.clone();
    let at = bytes.windows(4).position(|part| part == b"stts").unwrap() + 8;
    bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(look(bytes).is_err());
}

fn any_sample() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(film(&Film { frames: 40, ..FILM })),
        Just(film(&Film { frames: 40, front: false, place: Some(b"+53.3498"), ..FILM })),
        Just(webm(640, 360, Some(3.0))),
        Just(pdf(3)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_few_wrong_bytes_are_found_out_or_harmless(
        sample in any_sample(),
        wrong in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = sample;
        for (at, byte) in wrong {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(found) = look(bytes.clone()) {
            prop_assert!(found.facts.video.is_none_or(|video| video.duration_ms > 0));
            prop_assert!(found.patches.iter().all(|patch| patch.content.end <= bytes.len() as u64));
        }
    }

    #[test]
    fn so_is_an_early_end(sample in any_sample(), end in any::<prop::sample::Index>()) {
        let end = end.index(sample.len());
        let _ = look(sample[..end].to_vec());
    }

    #[test]
    fn and_whatever_comes_behind_a_true_beginning(
        start in prop_oneof![
            Just(&b"\0\0\0\x14ftypisom\0\0\x02\0mp41"[..]), Just(&b"\x1A\x45\xDF\xA3"[..]), Just(&b"%PDF-1.5\n"[..]),
        ],
        rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let _ = look([start, &rest].concat());
    }
}
