//! From bytes of unknown origin to a picture that is known through and through. All of it is computing: it runs on a
//! thread of its own, never on the runtime's.

use std::io::Cursor;

use domain::{
    ServiceError,
    media::{MAX_PIXELS, MAX_SIDE},
    platform::ImageType,
};
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, task};

use super::metadata;

/// The longer side of a thumbnail, pixels.
pub const THUMBNAIL_SIDE: u32 = 480;
/// What decoding may take of memory: [`MAX_PIXELS`] at 8 bits per channel, and room to work.
const DECODE_BYTES: u64 = 256 * 1024 * 1024;
const THUMBNAIL_QUALITY: u8 = 82;
/// How many pictures are decoded at once; each may take a quarter of a gigabyte at its worst.
static DECODING: Semaphore = Semaphore::const_new(2);

/// Work on pixels, away from the runtime's threads, a few at a time in the whole process.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    // Never closed.
    let permit = DECODING.acquire().await.map_err(|_| Refusal::Damaged)?;
    let done = task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    // A decoder that panics has met a file it cannot read.
    done.await.unwrap_or(Err(Refusal::Damaged))
}

/// A picture that has been decoded and measured.
#[derive(Debug)]
pub struct Picture {
    pub kind: ImageType,
    /// As it is seen: after the orientation has been applied.
    pub width: u32,
    pub height: u32,
    /// The file without its metadata.
    pub bytes: Vec<u8>,
    /// Of [`bytes`](Self::bytes).
    pub sha256: [u8; 32],
    pub thumbnail: Thumbnail,
}

/// At most [`THUMBNAIL_SIDE`] on the longer side: a PNG when something shows through, else a JPEG.
#[derive(Debug)]
pub struct Thumbnail {
    pub kind: ImageType,
    pub bytes: Vec<u8>,
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Empty,
    /// Not one of the four formats; the name of what it is, where that helps.
    Format(Option<&'static str>),
    TooLarge {
        width: u32,
        height: u32,
    },
    /// Few pixels, but more memory than decoding may take.
    TooDeep,
    Damaged,
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Empty => "This file is empty.".to_owned(),
            Refusal::Format(None) => return super::inspect::Refusal::Format(None).into(),
            Refusal::Format(Some(name)) => {
                format!("{name} pictures cannot be posted. Save it as JPG, PNG, WebP or GIF, then add it again.")
            }
            Refusal::TooLarge { width, height } => format!(
                "This picture has {width} × {height} pixels. We take up to {MAX_SIDE} on a side and {} million in all.",
                MAX_PIXELS / 1_000_000
            ),
            Refusal::TooDeep => {
                "This picture needs too much memory. Save it with 8 bits per colour, then add it again.".to_owned()
            }
            Refusal::Damaged => "This picture is damaged or incomplete. Try saving it again.".to_owned(),
        };
        Self::field("file", message)
    }
}

/// Sniffs, measures, cleans and decodes a file, and makes its thumbnail.
pub fn prepare(file: &[u8]) -> Result<Picture, Refusal> {
    let kind = sniff(file)?;
    let orientation = measure(kind, file)?;
    let bytes = metadata::strip(kind, file, orientation.to_exif()).map_err(|metadata::Damaged| Refusal::Damaged)?;
    // What is decoded is what is kept: a picture that cannot be shown is never stored.
    let decoded = reader(kind, &bytes).decode().map_err(|error| refusal(&error))?;
    let (width, height) = match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (decoded.height(), decoded.width())
        }
        _ => (decoded.width(), decoded.height()),
    };
    let thumbnail = thumbnail(decoded, orientation)?;
    let sha256 = Sha256::digest(&bytes).into();
    Ok(Picture { kind, width, height, bytes, sha256, thumbnail })
}

/// What the bytes are, whatever they are called.
fn sniff(file: &[u8]) -> Result<ImageType, Refusal> {
    if file.is_empty() {
        return Err(Refusal::Empty);
    }
    let mime = infer::get(file).map(|found| found.mime_type());
    mime.and_then(ImageType::from_mime).ok_or(Refusal::Format(match mime {
        Some("image/heif") => Some("HEIC"),
        Some("image/avif") => Some("AVIF"),
        Some("image/tiff") => Some("TIFF"),
        Some("image/bmp") => Some("BMP"),
        _ => None,
    }))
}

/// Reads the header only: a file that would unpack to gigabytes is refused before anything is unpacked.
fn measure(kind: ImageType, file: &[u8]) -> Result<Orientation, Refusal> {
    let mut decoder = reader(kind, file).into_decoder().map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Refusal::Damaged);
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Refusal::TooLarge { width, height });
    }
    if decoder.total_bytes() > DECODE_BYTES {
        return Err(Refusal::TooDeep);
    }
    // Metadata that cannot be read says nothing.
    Ok(decoder.orientation().unwrap_or(Orientation::NoTransforms))
}

pub(super) fn reader(kind: ImageType, file: &[u8]) -> ImageReader<Cursor<&[u8]>> {
    let format = match kind {
        ImageType::Jpeg => ImageFormat::Jpeg,
        ImageType::Png => ImageFormat::Png,
        ImageType::Webp => ImageFormat::WebP,
        ImageType::Gif => ImageFormat::Gif,
    };
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODE_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    reader
}

fn refusal(error: &ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooDeep,
        _ => Refusal::Damaged,
    }
}

fn thumbnail(picture: DynamicImage, orientation: Orientation) -> Result<Thumbnail, Refusal> {
    let mut small = if picture.width().max(picture.height()) > THUMBNAIL_SIDE {
        picture.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    } else {
        picture
    };
    small.apply_orientation(orientation);
    let mut out = Cursor::new(Vec::new());
    let small = small.to_rgba8();
    let (kind, written) = if small.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
        (ImageType::Png, small.write_to(&mut out, ImageFormat::Png))
    } else {
        let opaque = DynamicImage::ImageRgba8(small).to_rgb8();
        (ImageType::Jpeg, opaque.write_with_encoder(JpegEncoder::new_with_quality(&mut out, THUMBNAIL_QUALITY)))
    };
    written.map_err(|error| refusal(&error))?;
    Ok(Thumbnail { kind, bytes: out.into_inner() })
}

#[cfg(test)]
pub mod samples {
    //! Pictures for tests, made on the spot.

    use super::{Cursor, DynamicImage, ImageFormat};
    use image::{Rgba, RgbaImage};

    /// A gradient; `alpha` below 255 makes it see-through.
    pub(in crate::features) fn picture(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
        let pixels = RgbaImage::from_fn(width, height, |x, y| {
            Rgba([(x % 251) as u8, (y % 241) as u8, ((x + y) % 239) as u8, alpha])
        });
        let picture = DynamicImage::ImageRgba8(pixels);
        let mut out = Cursor::new(Vec::new());
        match format {
            ImageFormat::Jpeg => DynamicImage::ImageRgb8(picture.to_rgb8()).write_to(&mut out, format),
            _ => picture.write_to(&mut out, format),
        }
        .unwrap();
        out.into_inner()
    }

    pub(in crate::features) fn png(width: u32, height: u32) -> Vec<u8> {
        picture(width, height, 255, ImageFormat::Png)
    }

    pub(in crate::features) fn jpeg(width: u32, height: u32) -> Vec<u8> {
        picture(width, height, 255, ImageFormat::Jpeg)
    }

    /// A whole PNG file whose header claims `side` × `side` pixels over almost no data.
    pub(in crate::features) fn bomb(side: u32) -> Vec<u8> {
        let mut file = png(1, 1);
        file[16..20].copy_from_slice(&side.to_be_bytes());
        file[20..24].copy_from_slice(&side.to_be_bytes());
        let crc = super::metadata::crc32(&file[12..29]);
        file[29..33].copy_from_slice(&crc.to_be_bytes());
        file
    }

    /// A JPEG that says it lies on its side (Exif 6) and where it was taken.
    pub(in crate::features) fn sideways_with_place(width: u32, height: u32, place: &[u8]) -> Vec<u8> {
        let plain = jpeg(width, height);
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend(place);
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&plain[..2], &[0xFF, 0xE1], &length, &exif, &plain[2..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{samples::*, *};

    #[rstest]
    #[case(ImageFormat::Jpeg, ImageType::Jpeg)]
    #[case(ImageFormat::Png, ImageType::Png)]
    #[case(ImageFormat::WebP, ImageType::Webp)]
    #[case(ImageFormat::Gif, ImageType::Gif)]
    fn each_format_is_known_by_its_bytes(#[case] format: ImageFormat, #[case] kind: ImageType) {
        let picture = prepare(&picture(40, 30, 255, format)).unwrap();
        assert_eq!((picture.kind, picture.width, picture.height), (kind, 40, 30));
        assert_eq!(picture.thumbnail.kind, ImageType::Jpeg);
    }

    #[test]
    fn a_large_picture_gets_a_small_thumbnail_of_the_same_shape() {
        let picture = prepare(&jpeg(1_200, 600)).unwrap();
        let thumbnail = image::load_from_memory(&picture.thumbnail.bytes).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (480, 240));
        let small = prepare(&png(10, 20)).unwrap();
        let thumbnail = image::load_from_memory(&small.thumbnail.bytes).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (10, 20), "never enlarged");
    }

    #[test]
    fn what_shows_through_keeps_doing_so() {
        let picture = prepare(&picture(700, 700, 128, ImageFormat::Png)).unwrap();
        assert_eq!(picture.thumbnail.kind, ImageType::Png);
        assert!(image::load_from_memory(&picture.thumbnail.bytes).unwrap().color().has_alpha());
    }

    #[test]
    fn a_photo_on_its_side_is_measured_as_it_is_seen() {
        let picture = prepare(&sideways_with_place(1_000, 500, b"53.3498,-6.2603")).unwrap();
        assert_eq!((picture.width, picture.height), (500, 1_000));
        let thumbnail = image::load_from_memory(&picture.thumbnail.bytes).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (240, 480));
        assert!(!picture.bytes.windows(7).any(|window| window == b"53.3498"), "the place is gone");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(prepare(b"").unwrap_err(), Refusal::Empty);
        assert_eq!(prepare(b"<!doctype html><script>alert(1)</script>").unwrap_err(), Refusal::Format(None));
        assert_eq!(prepare(b"<svg xmlns='http://www.w3.org/2000/svg'/>").unwrap_err(), Refusal::Format(None));
        assert_eq!(prepare(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap_err(), Refusal::Format(Some("HEIC")));
        assert_eq!(prepare(b"GIF89a").unwrap_err(), Refusal::Damaged);
    }

    #[test]
    fn a_file_cut_short_is_refused() {
        for whole in [jpeg(300, 200), png(300, 200)] {
            assert_eq!(prepare(&whole[..whole.len() / 2]).unwrap_err(), Refusal::Damaged);
            assert_eq!(prepare(&whole[..whole.len() - 2]).unwrap_err(), Refusal::Damaged);
        }
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        assert_eq!(prepare(&bomb(60_000)).unwrap_err(), Refusal::TooLarge { width: 60_000, height: 60_000 });
        // Each side is allowed, the product is not.
        assert_eq!(prepare(&bomb(12_000)).unwrap_err(), Refusal::TooLarge { width: 12_000, height: 12_000 });
        // Small enough to try: there is no data behind the promise.
        assert_eq!(prepare(&bomb(5_000)).unwrap_err(), Refusal::Damaged);
    }

    #[test]
    fn the_same_bytes_give_the_same_hash_and_it_is_that_of_what_is_kept() {
        let (first, second) = (prepare(&png(9, 9)).unwrap(), prepare(&png(9, 9)).unwrap());
        assert_eq!(first.sha256, second.sha256);
        assert_eq!(first.sha256, <[u8; 32]>::from(Sha256::digest(&first.bytes)));
        assert_eq!(prepare(&first.bytes).unwrap().sha256, first.sha256, "coming back, it is the same picture");
    }
}
