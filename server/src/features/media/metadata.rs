//! Takes out of a picture what is not the picture: the place and time it was taken, the camera's serial number, the
//! maker's name, previews that still show what was cropped away, a video glued to the end.
//!
//! Nothing is re-encoded. Each format is a list of labelled pieces; those that pixels and colours need are copied, the
//! rest is left behind. The orientation alone is put back, as the only entry of a fresh Exif block. What follows the
//! picture's end is dropped, and a file that ends before its picture does is [`Damaged`], which lenient decoders would
//! not notice.

use domain::platform::ImageType;

/// The file is not put together as its format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// The same picture without its metadata. `orientation` is Exif's 1 to 8; 1 is upright.
pub fn strip(kind: ImageType, file: &[u8], orientation: u8) -> Result<Vec<u8>, Damaged> {
    let orientation = (orientation != 1).then(|| tiff_with(orientation));
    match kind {
        ImageType::Jpeg => jpeg(file, orientation.as_ref()),
        ImageType::Png => png(file, orientation.as_ref()),
        ImageType::Webp => webp(file, orientation.as_ref()),
        ImageType::Gif => gif(file),
    }
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn expect(&mut self, wanted: &[u8]) -> Result<(), Damaged> {
        if self.take(wanted.len())? == wanted { Ok(()) } else { Err(Damaged) }
    }
}

/// A TIFF structure whose only entry is the orientation (tag 0x0112, a SHORT): the body of an Exif block.
fn tiff_with(orientation: u8) -> [u8; 26] {
    [
        b'M',
        b'M',
        0,
        42,
        0,
        0,
        0,
        8, // big endian, first directory at 8
        0,
        1, // one entry
        0x01,
        0x12,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0, //
        0,
        0,
        0,
        0, // no further directory
    ]
}

/// JPEG (ITU T.81 annex B): `FF marker length payload`, and after a start of scan the coded data up to the next marker.
fn jpeg(file: &[u8], orientation: Option<&[u8; 26]>) -> Result<Vec<u8>, Damaged> {
    let mut input = Input(file);
    let mut out = Vec::with_capacity(file.len());
    input.expect(&[0xFF, 0xD8])?;
    out.extend([0xFF, 0xD8]);
    if let Some(tiff) = orientation {
        out.extend([0xFF, 0xE1, 0, 34]);
        out.extend(b"Exif\0\0");
        out.extend(tiff);
    }
    loop {
        if input.byte()? != 0xFF {
            return Err(Damaged);
        }
        let mut marker = input.byte()?;
        while marker == 0xFF {
            marker = input.byte()?;
        }
        match marker {
            // End of image: whatever follows is not it.
            0xD9 => {
                out.extend([0xFF, 0xD9]);
                return Ok(out);
            }
            // Stuffing and a second start do not belong here.
            0x00 | 0xD8 => return Err(Damaged),
            // Without a payload.
            0x01 | 0xD0..=0xD7 => out.extend([0xFF, marker]),
            _ => {
                let length = input.array::<2>()?;
                let payload = input.take(usize::from(u16::from_be_bytes(length)).checked_sub(2).ok_or(Damaged)?)?;
                if jpeg_needs(marker, payload) {
                    out.extend([0xFF, marker]);
                    out.extend(length);
                    out.extend(payload);
                }
                if marker == 0xDA {
                    let coded = input.take(coded_length(input.0)?)?;
                    out.extend(coded);
                }
            }
        }
    }
}

/// Of the application segments, JFIF's header, the colour profile, and Adobe's note on the colour transform.
fn jpeg_needs(marker: u8, payload: &[u8]) -> bool {
    match marker {
        0xE0 => payload.starts_with(b"JFIF\0"),
        0xE2 => payload.starts_with(b"ICC_PROFILE\0"),
        0xEE => payload.starts_with(b"Adobe"),
        0xE1..=0xEF | 0xFE => false,
        _ => true,
    }
}

/// How far the coded data goes: to the first marker that is neither stuffing nor a restart.
fn coded_length(data: &[u8]) -> Result<usize, Damaged> {
    data.windows(2)
        .position(|pair| matches!(pair, [0xFF, next] if !matches!(next, 0x00 | 0xFF | 0xD0..=0xD7)))
        .ok_or(Damaged)
}

/// PNG (W3C, section 5): `length type data crc`. A lower-case first letter marks a chunk that can be done without.
fn png(file: &[u8], orientation: Option<&[u8; 26]>) -> Result<Vec<u8>, Damaged> {
    const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n'];
    // Transparency, colour, resolution, palettes, animation.
    const HARMLESS: [&[u8; 4]; 15] = [
        b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"hIST",
        b"acTL", b"fcTL", b"fdAT",
    ];
    let mut input = Input(file);
    let mut out = Vec::with_capacity(file.len());
    input.expect(&SIGNATURE)?;
    out.extend(SIGNATURE);
    loop {
        let length = input.array::<4>()?;
        let name = input.array::<4>()?;
        let data = input.take(usize::try_from(u32::from_be_bytes(length)).map_err(|_| Damaged)?)?;
        let crc = input.array::<4>()?;
        let [first, ..] = name;
        if first.is_ascii_uppercase() || HARMLESS.contains(&&name) {
            out.extend(length);
            out.extend(name);
            out.extend(data);
            out.extend(crc);
        }
        match &name {
            b"IEND" => return Ok(out),
            b"IHDR" => {
                if let Some(tiff) = orientation {
                    out.extend([0, 0, 0, 26]);
                    let start = out.len();
                    out.extend(b"eXIf");
                    out.extend(tiff);
                    let crc = crc32(out.get(start..).unwrap_or_default());
                    out.extend(crc.to_be_bytes());
                }
            }
            _ => {}
        }
    }
}

/// The checksum of PNG chunks (W3C, annex D), bit by bit: it runs over thirty bytes at most.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// WebP (RFC 9649): a RIFF container of `name length data`, padded to even lengths.
fn webp(file: &[u8], orientation: Option<&[u8; 26]>) -> Result<Vec<u8>, Damaged> {
    const EXIF_FLAG: u8 = 0b0000_1000;
    const XMP_FLAG: u8 = 0b0000_0100;
    const NEEDED: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
    let mut outer = Input(file);
    outer.expect(b"RIFF")?;
    let length = usize::try_from(u32::from_le_bytes(outer.array()?)).map_err(|_| Damaged)?;
    let mut input = Input(outer.take(length)?);
    input.expect(b"WEBP")?;
    let mut out = Vec::with_capacity(file.len());
    out.extend(b"RIFF\0\0\0\0WEBP");
    let mut extended = false;
    while !input.0.is_empty() {
        let name = input.array::<4>()?;
        let length = input.array::<4>()?;
        let data = input.take(usize::try_from(u32::from_le_bytes(length)).map_err(|_| Damaged)?)?;
        // Some writers leave the last pad byte out.
        let padded = data.len() % 2 == 1;
        if padded && !input.0.is_empty() {
            input.take(1)?;
        }
        if !NEEDED.contains(&&name) {
            continue;
        }
        out.extend(name);
        out.extend(length);
        if let (b"VP8X", [flags, rest @ ..]) = (&name, data) {
            extended = true;
            let exif = if orientation.is_some() { EXIF_FLAG } else { 0 };
            out.push((flags & !(EXIF_FLAG | XMP_FLAG)) | exif);
            out.extend(rest);
        } else {
            out.extend(data);
        }
        if padded {
            out.push(0);
        }
    }
    // Only the extended form has room for an orientation, and only there can one have come from.
    if let (Some(tiff), true) = (orientation, extended) {
        out.extend(b"EXIF\x1A\0\0\0");
        out.extend(tiff);
    }
    let length = u32::try_from(out.len() - 8).map_err(|_| Damaged)?.to_le_bytes();
    for (to, from) in out.iter_mut().skip(4).zip(length) {
        *to = from;
    }
    Ok(out)
}

/// GIF (version `89a`): a header, then images (`2C`) and extensions (`21`) made of sub-blocks, up to the trailer (`3B`).
fn gif(file: &[u8]) -> Result<Vec<u8>, Damaged> {
    let mut input = Input(file);
    let mut out = Vec::with_capacity(file.len());
    let header = input.take(13)?;
    out.extend(header);
    out.extend(colour_table(&mut input, *header.get(10).ok_or(Damaged)?)?);
    let mut images = 0u32;
    loop {
        let start = input.0;
        // A missing trailer is common, and harmless once there is a whole image.
        let block = match (input.byte(), images) {
            (Err(Damaged), 0) => return Err(Damaged),
            (Err(Damaged), _) => 0x3B,
            (Ok(block), _) => block,
        };
        let keep = match block {
            0x3B => {
                out.push(0x3B);
                return Ok(out);
            }
            0x2C => {
                let descriptor = input.take(9)?;
                colour_table(&mut input, *descriptor.get(8).ok_or(Damaged)?)?;
                input.byte()?;
                sub_blocks(&mut input)?;
                images += 1;
                true
            }
            0x21 => {
                let label = input.byte()?;
                // An application names itself in its first sub-block of 11 bytes; these two only count repetitions.
                let repeats = matches!(input.0.get(..12), Some([11, name @ ..]) if name == b"NETSCAPE2.0" || name == b"ANIMEXTS1.0");
                sub_blocks(&mut input)?;
                match label {
                    0xFF => repeats,
                    0xFE => false,
                    _ => true,
                }
            }
            _ => return Err(Damaged),
        };
        if keep {
            out.extend(start.get(..start.len() - input.0.len()).unwrap_or_default());
        }
    }
}

/// The colour table announced by a block's flags.
fn colour_table<'a>(input: &mut Input<'a>, flags: u8) -> Result<&'a [u8], Damaged> {
    if flags & 0x80 == 0 { Ok(&[]) } else { input.take(3 << ((flags & 7) + 1)) }
}

/// Passes sub-blocks up to the empty one that ends them.
fn sub_blocks(input: &mut Input<'_>) -> Result<(), Damaged> {
    loop {
        match input.byte()? {
            0 => return Ok(()),
            length => {
                input.take(usize::from(length))?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Rgba, RgbaImage, metadata::Orientation};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"53.3498,-6.2603";

    fn sample(kind: ImageType) -> Vec<u8> {
        let pixels = RgbaImage::from_fn(33, 21, |x, y| Rgba([(x * 7 % 251) as u8, (y * 11 % 251) as u8, 90, 255]));
        let mut out = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgba8(pixels);
        match kind {
            ImageType::Jpeg => DynamicImage::ImageRgb8(picture.to_rgb8()).write_to(&mut out, format(kind)),
            _ => picture.write_to(&mut out, format(kind)),
        }
        .unwrap();
        out.into_inner()
    }

    fn format(kind: ImageType) -> ImageFormat {
        ImageFormat::from_mime_type(kind.mime()).unwrap()
    }

    fn decoded(kind: ImageType, file: &[u8]) -> (DynamicImage, Orientation) {
        let mut decoder = ImageReader::with_format(Cursor::new(file), format(kind)).into_decoder().unwrap();
        let orientation = decoder.orientation().unwrap();
        (DynamicImage::from_decoder(decoder).unwrap(), orientation)
    }

    fn contains(file: &[u8], part: &[u8]) -> bool {
        file.windows(part.len()).any(|window| window == part)
    }

    /// The sample with a secret in every place its format offers, and behind its end.
    fn talkative(kind: ImageType) -> Vec<u8> {
        let plain = sample(kind);
        let mut file = match kind {
            ImageType::Jpeg => {
                let segment = |marker: u8, prefix: &[u8]| {
                    let length = u16::try_from(prefix.len() + SECRET.len() + 2).unwrap().to_be_bytes();
                    [&[0xFF, marker], &length[..], prefix, SECRET].concat()
                };
                [
                    &plain[..2],
                    &segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
                    &segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0"),
                    &segment(0xE2, b"MPF\0"),
                    &segment(0xED, b"Photoshop 3.0\0"),
                    &segment(0xFE, b""),
                    &plain[2..],
                ]
                .concat()
            }
            ImageType::Png => {
                let chunk = |name: &[u8; 4]| {
                    let body = [&name[..], SECRET].concat();
                    let length = u32::try_from(SECRET.len()).unwrap().to_be_bytes();
                    [&length[..], &body, &crc32(&body).to_be_bytes()].concat()
                };
                // Signature and IHDR take 33 bytes.
                [&plain[..33], &chunk(b"eXIf"), &chunk(b"tEXt"), &chunk(b"tIME"), &chunk(b"zZzZ"), &plain[33..]]
                    .concat()
            }
            ImageType::Webp => {
                let chunk = |name: &[u8; 4], data: &[u8]| {
                    let mut out = name.to_vec();
                    out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
                    out.extend(data);
                    if data.len() % 2 == 1 {
                        out.push(0);
                    }
                    out
                };
                // Extended form, flags for alpha, Exif and XMP, canvas 33 × 21.
                let header = chunk(b"VP8X", &[0b0001_1100, 0, 0, 0, 32, 0, 0, 20, 0, 0]);
                let body = [&header, &plain[12..], &chunk(b"EXIF", SECRET), &chunk(b"XMP ", SECRET)].concat();
                let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
                [b"RIFF", &length[..], b"WEBP", &body].concat()
            }
            ImageType::Gif => {
                let comment = [&[0x21, 0xFE, 15], SECRET, &[0]].concat();
                let xmp = [&[0x21, 0xFF, 11], &b"XMP DataXMP"[..], &[15], SECRET, &[0]].concat();
                let without_trailer = &plain[..plain.len() - 1];
                [without_trailer, &comment, &xmp, &[0x3B]].concat()
            }
        };
        file.extend(SECRET);
        file
    }

    #[test]
    fn nothing_is_told_and_no_pixel_changes() {
        for kind in ImageType::ALL {
            let file = talkative(kind);
            assert!(contains(&file, SECRET));
            let clean = strip(kind, &file, 1).unwrap();
            assert!(!contains(&clean, SECRET), "{kind:?} still tells");
            assert!(decoded(kind, &clean).0 == decoded(kind, &sample(kind)).0, "{kind:?}: a pixel has changed");
            assert_eq!(strip(kind, &clean, 1).unwrap(), clean, "{kind:?}: nothing more to take out");
        }
    }

    #[test]
    fn the_orientation_stays() {
        for kind in [ImageType::Jpeg, ImageType::Png, ImageType::Webp] {
            for (exif, orientation) in
                [(3, Orientation::Rotate180), (6, Orientation::Rotate90), (8, Orientation::Rotate270)]
            {
                let clean = strip(kind, &talkative(kind), exif).unwrap();
                assert_eq!(decoded(kind, &clean).1, orientation, "{kind:?}");
                assert!(!contains(&clean, SECRET), "{kind:?}");
            }
        }
    }

    #[test]
    fn a_file_cut_short_is_damaged() {
        for kind in [ImageType::Jpeg, ImageType::Png, ImageType::Webp] {
            let file = sample(kind);
            for length in 0..file.len() {
                assert_eq!(strip(kind, &file[..length], 1), Err(Damaged), "{kind:?} of {length} bytes");
            }
        }
        let gif = sample(ImageType::Gif);
        for length in 0..gif.len() - 1 {
            assert_eq!(strip(ImageType::Gif, &gif[..length], 1), Err(Damaged), "GIF of {length} bytes");
        }
        assert_eq!(strip(ImageType::Gif, &gif[..gif.len() - 1], 1).unwrap(), gif, "only the trailer is missing");
    }

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    proptest! {
        #[test]
        fn whatever_comes_it_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), index in 0usize..4) {
            let _ = strip(ImageType::ALL[index], &bytes, 6);
        }

        #[test]
        fn nor_on_a_picture_with_a_few_wrong_bytes(
            index in 0usize..4,
            wrong in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let kind = ImageType::ALL[index];
            let mut file = talkative(kind);
            for (at, byte) in wrong {
                let at = at.index(file.len());
                file[at] = byte;
            }
            let _ = strip(kind, &file, 6);
        }
    }
}
