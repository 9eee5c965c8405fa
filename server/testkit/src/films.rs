//! Films and documents for tests, put together box by box.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a file for a test is too small for any of its numbers not to fit"
)]

use std::fmt::Write as _;

/// A film to make. Its frames are nothing; everything that describes them is true.
#[derive(Clone, Copy, Debug)]
pub struct Film {
    pub width: u16,
    pub height: u16,
    /// Milliseconds.
    pub length: u32,
    /// Frames a second.
    pub rate: u32,
    pub codec: [u8; 4],
    pub sound: bool,
    /// Held upright while the camera lies on its side.
    pub turned: bool,
    /// Where it was taken, in the places phones write it to.
    pub place: Option<&'static [u8]>,
    /// Whether what describes it comes before the frames.
    pub front: bool,
    pub brand: [u8; 4],
    /// Bytes of frames.
    pub frames: usize,
}

pub const FILM: Film = Film {
    width: 720,
    height: 1_280,
    length: 20_000,
    rate: 30,
    codec: *b"avc1",
    sound: true,
    turned: false,
    place: None,
    front: true,
    brand: *b"isom",
    frames: 2_000,
};

/// `length name content`.
fn atom(name: &[u8], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&length[..], name, &content].concat()
}

fn n(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}

const ZERO: [u8; 4] = [0; 4];

fn matrix(turned: bool) -> Vec<u8> {
    let one = 0x1_0000_u32;
    let rows = if turned {
        [0, one, 0, 0u32.wrapping_sub(one), 0, 0, 0, 0, 0x4000_0000]
    } else {
        [one, 0, 0, 0, one, 0, 0, 0, 0x4000_0000]
    };
    rows.iter().flat_map(|value| value.to_be_bytes()).collect()
}

fn track(film: &Film, id: u32, handler: &[u8], entry: &[u8], count: u32, delta: u32, scale: u32) -> Vec<u8> {
    let (width, height) = if handler == b"vide" { (film.width, film.height) } else { (0, 0) };
    let turned = film.turned && handler == b"vide";
    let duration = count * delta;
    let tkhd = atom(
        b"tkhd",
        &[
            &n(7),
            &ZERO,
            &ZERO,
            &n(id),
            &ZERO,
            &n(film.length),
            &[0; 8],
            &[0; 8],
            &matrix(turned),
            &n(u32::from(width) << 16),
            &n(u32::from(height) << 16),
        ],
    );
    let mdhd = atom(b"mdhd", &[&ZERO, &ZERO, &ZERO, &n(scale), &n(duration), &[0x55, 0xC4, 0, 0]]);
    let hdlr = atom(b"hdlr", &[&ZERO, &ZERO, handler, &[0; 12], b"Handler\0"]);
    let url = atom(b"url ", &[&n(1)]);
    let dinf = atom(b"dinf", &[&atom(b"dref", &[&ZERO, &n(1), &url])]);
    let stbl = atom(
        b"stbl",
        &[
            &atom(b"stsd", &[&ZERO, &n(1), entry]),
            &atom(b"stts", &[&ZERO, &n(1), &n(count), &n(delta)]),
            &atom(b"stsc", &[&ZERO, &n(1), &n(1), &n(count), &n(1)]),
            &atom(b"stsz", &[&ZERO, &n(1), &n(count)]),
            &atom(b"stco", &[&ZERO, &n(1), &n(48)]),
        ],
    );
    let head = if handler == b"vide" { atom(b"vmhd", &[&n(1), &[0; 8]]) } else { atom(b"smhd", &[&ZERO, &ZERO]) };
    let minf = atom(b"minf", &[&head, &dinf, &stbl]);
    let mdia = atom(b"mdia", &[&mdhd, &hdlr, &minf]);
    let told = film.place.map(|place| atom(b"udta", &[&atom(b"loci", &[place])])).unwrap_or_default();
    atom(b"trak", &[&tkhd, &mdia, &told])
}

fn picture_entry(film: &Film) -> Vec<u8> {
    let avcc: &[u8] = &[1, 0x42, 0xC0, 0x1E, 0xFF, 0xE1, 0, 4, 0x67, 0x42, 0xC0, 0x1E, 1, 0, 4, 0x68, 0xCE, 0x3C, 0x80];
    let config = match &film.codec {
        b"avc1" => atom(b"avcC", &[avcc]),
        _ => atom(b"hvcC", &[&[1; 23]]),
    };
    atom(
        &film.codec,
        &[
            &[0; 6],
            &[0, 1],
            &[0; 16],
            &film.width.to_be_bytes(),
            &film.height.to_be_bytes(),
            &n(0x48_0000),
            &n(0x48_0000),
            &ZERO,
            &[0, 1],
            &[0; 32],
            &[0, 0x18],
            &[0xFF, 0xFF],
            &config,
        ],
    )
}

fn sound_entry() -> Vec<u8> {
    // An elementary stream descriptor of AAC, two channels.
    let esds: &[u8] = &[
        0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0xFA, 0, 0, 0, 0xFA, 0, 5, 2, 0x12, 0x10, 6, 1, 2,
    ];
    atom(b"mp4a", &[&[0; 6], &[0, 1], &[0; 8], &[0, 2], &[0, 16], &[0; 4], &n(44_100 << 16), &atom(b"esds", &[esds])])
}

/// The whole file.
pub fn film(film: &Film) -> Vec<u8> {
    let scale = 30_000;
    let count = u32::try_from(u64::from(film.length) * u64::from(film.rate) / 1_000).unwrap();
    let mut tracks = track(film, 1, b"vide", &picture_entry(film), count, scale / film.rate, scale);
    if film.sound {
        let sounds = u32::try_from(u64::from(film.length) * 44_100 / 1_024 / 1_000).unwrap();
        tracks.extend(track(film, 2, b"soun", &sound_entry(), sounds, 1_024, 44_100));
    }
    let mut told = Vec::new();
    if let Some(place) = film.place {
        // A phone's own track of positions, and what describes the whole film.
        tracks.extend(track(film, 3, b"meta", &atom(b"mebx", &[&[0; 6], &[0, 1], place]), 1, scale, scale));
        told.extend(atom(b"udta", &[&atom(b"\xA9xyz", &[&[0, 15, 0x15, 0xC7], place])]));
        told.extend(atom(b"meta", &[&atom(b"keys", &[place])]));
    }
    let mvhd = atom(
        b"mvhd",
        &[
            &ZERO,
            &ZERO,
            &ZERO,
            &n(1_000),
            &n(film.length),
            &n(0x1_0000),
            &[1, 0],
            &[0; 10],
            &matrix(false),
            &[0; 24],
            &n(4),
        ],
    );
    let moov = atom(b"moov", &[&mvhd, &tracks, &told]);
    let ftyp = atom(b"ftyp", &[&film.brand, &n(512), &film.brand, b"mp41"]);
    let mdat = atom(b"mdat", &[&vec![7; film.frames]]);
    if film.front { [ftyp, moov, mdat].concat() } else { [ftyp, mdat, moov].concat() }
}

/// A `WebM` of this size and length (seconds).
pub fn webm(width: u16, height: u16, seconds: Option<f64>) -> Vec<u8> {
    fn element(id: &[u8], content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = u32::try_from(content.len()).unwrap() | 0x1000_0000;
        [id, &length.to_be_bytes(), &content].concat()
    }
    let header = element(&[0x1A, 0x45, 0xDF, 0xA3], &[&element(&[0x42, 0x82], &[b"webm"])]);
    let duration = seconds.map(|seconds| element(&[0x44, 0x89], &[&(seconds * 1_000.0).to_be_bytes()]));
    let info = element(
        &[0x15, 0x49, 0xA9, 0x66],
        &[&element(&[0x2A, 0xD7, 0xB1], &[&1_000_000_u32.to_be_bytes()]), &duration.unwrap_or_default()],
    );
    let size = [element(&[0xB0], &[&width.to_be_bytes()]), element(&[0xBA], &[&height.to_be_bytes()])].concat();
    let picture = [
        element(&[0x83], &[&[1]]),
        element(&[0x86], &[b"V_VP9"]),
        element(&[0x23, 0xE3, 0x83], &[&40_000_000_u32.to_be_bytes()]),
        element(&[0xE0], &[&size]),
    ]
    .concat();
    let sound = [element(&[0x83], &[&[2]]), element(&[0x86], &[b"A_OPUS"])].concat();
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &[&element(&[0xAE], &[&picture]), &element(&[0xAE], &[&sound])]);
    let block = |offset: u16| element(&[0xA3], &[&[0x81], &offset.to_be_bytes(), &[0x80], &[0; 50]]);
    let cluster = |start: u32| {
        element(
            &[0x1F, 0x43, 0xB6, 0x75],
            &[&element(&[0xE7], &[&start.to_be_bytes()]), &block(0), &block(960), &block(480)],
        )
    };
    let clusters = [cluster(0), cluster(1_000), cluster(2_000)].concat();
    // A segment of unknown length, as recorders write it.
    [&header[..], &[0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &info, &tracks, &clusters]
        .concat()
}

/// A PDF of so many empty pages.
pub fn pdf(pages: usize) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    let kids = (0..pages).fold(String::new(), |mut kids, page| {
        let _ = write!(kids, "{} 0 R ", page + 3);
        kids
    });
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>"),
    ];
    objects.extend((0..pages).map(|_| "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned()));
    for (number, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    for place in &places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1).bytes());
    out
}
