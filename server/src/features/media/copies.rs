//! Pictures as platforms take them: another format, fewer pixels, fewer bytes. Made when first needed, kept beside the
//! original, each once for each recipe (`domain::media::fit` says which).
//!
//! Nothing is cut off. What the original tells of its colours stays; what shows through becomes white where the form has
//! nothing for it, of which preflight has warned.

use std::{fmt, io::Cursor, sync::Arc};

use axum::body::Bytes;
use domain::{MediaId, ServiceResult, WorkspaceId, clock::Clock, media::Recipe, platform::ImageType};
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, RgbImage, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder,
    imageops::FilterType,
};

use super::{
    files::MediaFiles,
    picture::{self, Refusal},
    store,
};
use crate::database::Database;

/// What is tried first, and what comes after while a copy is too large.
const QUALITIES: [u8; 4] = [92, 85, 78, 70];
/// How much smaller the sides get where quality alone does not do it.
const SHRINK: f64 = 0.8;
/// Below this a picture says nothing any more.
const LEAST_SIDE: u32 = 64;

/// A copy that lies in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCopy {
    pub kind: ImageType,
    pub bytes: u64,
    pub storage_key: String,
}

/// An asset to make a copy of.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub kind: ImageType,
    pub storage_key: &'a str,
}

/// Makes and finds copies, under the worker's role. Cheap to clone.
#[derive(Clone)]
pub struct Copies {
    database: Database,
    files: MediaFiles,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copies").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Copies {
    pub fn new(database: Database, files: MediaFiles, clock: Arc<dyn Clock>) -> Self {
        Self { database, files, clock }
    }

    /// The copy by this recipe; `VALIDATION_ERROR` when the picture itself is why there cannot be one. Two that make it at once give one; the other's file has the same key and the same bytes.
    pub async fn get(&self, original: Original<'_>, recipe: Recipe) -> ServiceResult<StoredCopy> {
        let name = recipe.to_string();
        let mut tx = self.database.worker().await?;
        let known = store::copy(&mut tx, original.id, &name).await?;
        tx.commit().await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let file = self.files.read(original.storage_key).await?;
        let kind = original.kind;
        let made = picture::aside(move || make(kind, &file, recipe)).await?;
        let folder = original.storage_key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let storage_key = format!("{folder}/copy-{name}.{}", recipe.kind.extension());
        let copy = StoredCopy { kind: recipe.kind, bytes: made.bytes.len() as u64, storage_key };
        self.files.write(&copy.storage_key, Bytes::from(made.bytes)).await?;
        let mut tx = self.database.worker().await?;
        let size = (made.width, made.height);
        store::insert_copy(&mut tx, original.id, original.workspace, &name, &copy, size, self.clock.now()).await?;
        tx.commit().await?;
        Ok(copy)
    }
}

/// A copy that has been made.
#[derive(Debug)]
struct Made {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
}

/// Computing: runs on a thread of its own.
fn make(kind: ImageType, file: &[u8], recipe: Recipe) -> Result<Made, Refusal> {
    let mut decoder = picture::reader(kind, file).into_decoder().map_err(|_| Refusal::Damaged)?;
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let colours = decoder.icc_profile().ok().flatten();
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|_| Refusal::Damaged)?;
    pixels.apply_orientation(orientation);
    let mut pixels = shrunk(pixels, recipe);
    loop {
        let (width, height) = (pixels.width(), pixels.height());
        if recipe.kind == ImageType::Png {
            let bytes = png(&pixels, colours.as_deref())?;
            if bytes.len() as u64 <= recipe.bytes_max {
                return Ok(Made { bytes, width, height });
            }
        } else {
            let opaque = on_white(&pixels);
            for quality in QUALITIES {
                let bytes = jpeg(&opaque, quality, colours.as_deref())?;
                if bytes.len() as u64 <= recipe.bytes_max {
                    return Ok(Made { bytes, width, height });
                }
            }
        }
        let (width, height) = (scaled(width, SHRINK), scaled(height, SHRINK));
        if width.max(height) < LEAST_SIDE {
            return Err(Refusal::TooDeep);
        }
        pixels = pixels.resize_exact(width, height, FilterType::Triangle);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a side that fits, rounded, is one that fits"
)]
fn scaled(side: u32, share: f64) -> u32 {
    ((f64::from(side) * share).round() as u32).max(1)
}

/// As many pixels as the recipe allows.
#[expect(clippy::cast_precision_loss, reason = "a share of pixels needs no exact count")]
fn shrunk(pixels: DynamicImage, recipe: Recipe) -> DynamicImage {
    let (width, height) = (pixels.width(), pixels.height());
    let mut share: f64 = 1.0;
    if recipe.width_max > 0 {
        share = share.min(f64::from(recipe.width_max) / f64::from(width));
    }
    if recipe.height_max > 0 {
        share = share.min(f64::from(recipe.height_max) / f64::from(height));
    }
    if recipe.pixels_max > 0 {
        share = share.min((recipe.pixels_max as f64 / (f64::from(width) * f64::from(height))).sqrt());
    }
    if share >= 1.0 {
        return pixels;
    }
    let floor = |side: u32| scaled(side, share).min(side);
    let within = |side: u32, most: u32| if most > 0 { floor(side).min(most) } else { floor(side) };
    pixels.resize_exact(within(width, recipe.width_max), within(height, recipe.height_max), FilterType::Lanczos3)
}

fn on_white(pixels: &DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.to_rgb8();
    }
    let clear = pixels.to_rgba8();
    RgbImage::from_fn(clear.width(), clear.height(), |x, y| {
        let [r, g, b, alpha] = clear.get_pixel(x, y).0;
        let over = |colour: u8| {
            let mixed = u16::from(colour) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(r), over(g), over(b)])
    })
}

fn jpeg(pixels: &RgbImage, quality: u8, colours: Option<&[u8]>) -> Result<Vec<u8>, Refusal> {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = JpegEncoder::new_with_quality(&mut out, quality);
    if let Some(colours) = colours {
        // A profile that does not fit is left out: sRGB is what everybody assumes then.
        let _too_large = encoder.set_icc_profile(colours.to_vec());
    }
    pixels.write_with_encoder(encoder).map_err(|_| Refusal::Damaged)?;
    Ok(out.into_inner())
}

fn png(pixels: &DynamicImage, colours: Option<&[u8]>) -> Result<Vec<u8>, Refusal> {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = PngEncoder::new(&mut out);
    if let Some(colours) = colours {
        let _too_large = encoder.set_icc_profile(colours.to_vec());
    }
    DynamicImage::ImageRgba8(pixels.to_rgba8()).write_with_encoder(encoder).map_err(|_| Refusal::Damaged)?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use image::ImageFormat;

    use super::{
        super::picture::samples::{jpeg as a_jpeg, picture, png as a_png, sideways_with_place},
        *,
    };

    fn recipe(text: &str) -> Recipe {
        text.parse().unwrap()
    }

    fn decoded(made: &Made) -> DynamicImage {
        image::load_from_memory(&made.bytes).unwrap()
    }

    #[test]
    fn a_copy_is_no_wider_and_no_larger_than_its_recipe_says() {
        let made = make(ImageType::Png, &a_png(3_000, 1_500), recipe("jpg-w1440-p0-b8388608")).unwrap();
        assert_eq!((made.width, made.height), (1_440, 720));
        assert_eq!(image::guess_format(&made.bytes).unwrap(), ImageFormat::Jpeg);
        assert_eq!((decoded(&made).width(), decoded(&made).height()), (1_440, 720));
        let made = make(ImageType::Jpeg, &a_jpeg(1_080, 2_400), recipe("jpg-w1080-h1920-p0-b20971520")).unwrap();
        assert_eq!((made.width, made.height), (864, 1_920));
        let made = make(ImageType::Jpeg, &a_jpeg(1_200, 1_200), recipe("jpg-w0-p0-b20000")).unwrap();
        assert!(made.bytes.len() <= 20_000 && made.width < 1_200, "{} bytes, {} wide", made.bytes.len(), made.width);
        let made = make(ImageType::Jpeg, &a_jpeg(1_000, 500), recipe("jpg-w0-p125000-b5000000")).unwrap();
        assert!(u64::from(made.width) * u64::from(made.height) <= 125_000, "{} × {}", made.width, made.height);
    }

    #[test]
    fn what_fits_keeps_its_size() {
        let made = make(ImageType::Webp, &picture(400, 300, 255, ImageFormat::WebP), recipe("jpg-w1440-p0-b4194304"));
        assert_eq!(made.map(|made| (made.width, made.height)).unwrap(), (400, 300));
    }

    #[test]
    fn a_photo_on_its_side_is_copied_as_it_is_seen() {
        let file = sideways_with_place(1_000, 500, b"53.3498,-6.2603");
        let made = make(ImageType::Jpeg, &file, recipe("jpg-w400-p0-b4194304")).unwrap();
        assert_eq!((made.width, made.height), (400, 800));
    }

    #[test]
    fn what_shows_through_becomes_white_or_stays() {
        let clear = picture(40, 40, 0, ImageFormat::Png);
        let made = make(ImageType::Png, &clear, recipe("jpg-w0-p0-b4194304")).unwrap();
        assert!(decoded(&made).to_rgb8().pixels().all(|pixel| pixel.0.iter().all(|colour| *colour > 250)));
        let made = make(ImageType::Png, &clear, recipe("png-w20-p0-b4194304")).unwrap();
        assert!(decoded(&made).to_rgba8().pixels().all(|pixel| pixel.0[3] == 0));
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        assert_eq!(make(ImageType::Jpeg, b"nonsense", recipe("jpg-w0-p0-b1000")).unwrap_err(), Refusal::Damaged);
        assert_eq!(make(ImageType::Jpeg, &a_jpeg(600, 600), recipe("jpg-w0-p0-b100")).unwrap_err(), Refusal::TooDeep);
    }
}
