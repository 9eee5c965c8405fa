//! How a picture goes to a platform: as it is, or as a copy in a form that the platform takes.
//!
//! A copy changes the format, the number of pixels and how closely they are stored. It never cuts anything off: what
//! has the wrong shape is for a person to crop.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::MediaAsset;
use crate::platform::{ImageType, PostRules};

/// How a copy of a picture is made. Equal recipes give equal copies, so each is made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipe {
    pub kind: ImageType,
    /// The most pixels from left to right; 0 for as many as it has.
    pub width_max: u32,
    /// The most pixels from top to bottom; 0 for as many as it has.
    pub height_max: u32,
    /// The most pixels in all; 0 for as many as it has.
    pub pixels_max: u64,
    pub bytes_max: u64,
}

impl fmt::Display for Recipe {
    /// `jpg-w1440-p0-b8388608`, or `jpg-w1080-h1920-p0-b20971520`: names the copy in storage and in its address. Without
    /// a bound its height is not named, as it never was: copies are found again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-w{}", self.kind.extension(), self.width_max)?;
        if self.height_max > 0 {
            write!(f, "-h{}", self.height_max)?;
        }
        write!(f, "-p{}-b{}", self.pixels_max, self.bytes_max)
    }
}

impl FromStr for Recipe {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        fn number<T: FromStr>(part: Option<&str>, mark: char) -> Result<T, ()> {
            part.and_then(|part| part.strip_prefix(mark)?.parse().ok()).ok_or(())
        }
        let mut parts = text.split('-').peekable();
        let kind = parts.next().ok_or(())?;
        let recipe = Self {
            kind: ImageType::ALL.into_iter().find(|known| known.extension() == kind).ok_or(())?,
            width_max: number(parts.next(), 'w')?,
            height_max: match parts.next_if(|part| part.starts_with('h')) {
                Some(part) => number(Some(part), 'h')?,
                None => 0,
            },
            pixels_max: number(parts.next(), 'p')?,
            bytes_max: number(parts.next(), 'b')?,
        };
        // Only the one way to write it: a recipe is a name.
        if recipe.to_string() == text { Ok(recipe) } else { Err(()) }
    }
}

/// What decides how a picture goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureFacts {
    pub kind: ImageType,
    pub bytes: u64,
    /// Pixels, as it is seen.
    pub width: u32,
    pub height: u32,
    /// Whether something shows through it.
    pub see_through: bool,
}

impl PictureFacts {
    /// Of an asset that is a picture.
    pub fn of(asset: &MediaAsset) -> Option<Self> {
        Some(Self {
            kind: asset.content_type.image()?,
            bytes: asset.bytes,
            width: asset.width?,
            height: asset.height?,
            see_through: asset.see_through,
        })
    }
}

/// How a picture goes to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    AsIs,
    /// As a copy made by this recipe.
    Copy(Recipe),
    /// No copy would be taken either: the size of a GIF that must go on moving.
    Never,
}

/// How a picture goes out under these rules. Its shape and its least width are not looked at: no copy changes them.
pub fn fit(rules: &PostRules, picture: &PictureFacts) -> Fit {
    let pixels = u64::from(picture.width) * u64::from(picture.height);
    let taken = rules.image_types.contains(&picture.kind);
    let small = picture.bytes <= rules.image_bytes(picture.kind);
    let inside = rules.image_width_max.is_none_or(|most| picture.width <= most)
        && rules.image_height_max.is_none_or(|most| picture.height <= most);
    let few = rules.image_pixels_max.is_none_or(|most| pixels <= most);
    if taken && small && inside && few {
        return Fit::AsIs;
    }
    if taken && picture.kind == ImageType::Gif {
        // A copy would stand still. One that is only larger than what is shown goes out as it is.
        return if small && few { Fit::AsIs } else { Fit::Never };
    }
    let keeps_alpha = picture.see_through && rules.image_types.contains(&ImageType::Png);
    let kind = if keeps_alpha { ImageType::Png } else { ImageType::Jpeg };
    if !rules.image_types.contains(&kind) {
        return Fit::Never;
    }
    Fit::Copy(Recipe {
        kind,
        width_max: rules.image_width_max.unwrap_or(0),
        height_max: rules.image_height_max.unwrap_or(0),
        pixels_max: rules.image_pixels_max.unwrap_or(0),
        bytes_max: rules.image_bytes(kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;
    use proptest::prelude::*;

    fn picture(kind: ImageType, width: u32, height: u32) -> PictureFacts {
        PictureFacts { kind, bytes: 300_000, width, height, see_through: false }
    }

    fn on(platform: Platform, picture: PictureFacts) -> Fit {
        fit(platform.rules().unwrap(), &picture)
    }

    #[test]
    fn what_a_platform_takes_goes_as_it_is() {
        assert_eq!(on(Platform::Instagram, picture(ImageType::Jpeg, 1_080, 1_350)), Fit::AsIs);
        assert_eq!(on(Platform::Twitter, picture(ImageType::Webp, 6_000, 4_000)), Fit::AsIs);
        assert_eq!(on(Platform::Facebook, picture(ImageType::Png, 10, 10)), Fit::AsIs);
    }

    #[test]
    fn what_it_does_not_goes_as_a_copy() {
        let Fit::Copy(recipe) = on(Platform::Instagram, picture(ImageType::Png, 4_000, 4_000)) else { panic!() };
        assert_eq!(recipe.to_string(), "jpg-w1440-p0-b8388608");
        let heavy = PictureFacts { bytes: 9_000_000, ..picture(ImageType::Jpeg, 3_000, 3_000) };
        let Fit::Copy(recipe) = on(Platform::Facebook, heavy) else { panic!() };
        assert_eq!((recipe.kind, recipe.bytes_max), (ImageType::Jpeg, 4 * 1024 * 1024));
        let clear = PictureFacts { see_through: true, ..heavy };
        let Fit::Copy(recipe) = on(Platform::Linkedin, PictureFacts { kind: ImageType::Webp, ..clear }) else {
            panic!()
        };
        assert_eq!(recipe.kind, ImageType::Png, "what shows through goes on doing so, where that is possible");
    }

    #[test]
    fn tiktok_takes_1080p_and_no_longer_side() {
        let on_tiktok = |width, height| on(Platform::Tiktok, picture(ImageType::Jpeg, width, height));
        for (width, height) in [(1_080, 1_920), (1_080, 608), (720, 1_280), (1, 1)] {
            assert_eq!(on_tiktok(width, height), Fit::AsIs, "{width} x {height}");
        }
        for (width, height) in [(1_080, 2_400), (500, 1_921), (1_081, 1_920), (1_920, 1_080)] {
            let Fit::Copy(recipe) = on_tiktok(width, height) else { panic!("{width} x {height} goes as it is") };
            assert_eq!(recipe.to_string(), "jpg-w1080-h1920-p0-b20971520");
        }
    }

    #[test]
    fn a_gif_that_is_taken_goes_on_moving() {
        let gif = picture(ImageType::Gif, 500, 500);
        assert_eq!(on(Platform::Twitter, gif), Fit::AsIs);
        assert_eq!(on(Platform::Twitter, PictureFacts { bytes: 16 * 1024 * 1024, ..gif }), Fit::Never);
        assert!(matches!(on(Platform::Instagram, gif), Fit::Copy(_)), "elsewhere it is a picture");
    }

    proptest! {
        #[test]
        fn a_copy_is_always_of_a_form_that_is_taken(
            index in 0usize..4, bytes in 1u64..30_000_000, width in 1u32..12_000, height in 1u32..12_000,
            see_through: bool,
        ) {
            let kind = ImageType::ALL[index];
            for platform in Platform::ALL {
                let Some(rules) = platform.rules() else { continue };
                if let Fit::Copy(recipe) = fit(rules, &PictureFacts { kind, bytes, width, height, see_through }) {
                    prop_assert!(rules.image_types.contains(&recipe.kind));
                    prop_assert!(recipe.bytes_max <= rules.image_bytes(recipe.kind));
                    prop_assert_eq!(recipe.to_string().parse(), Ok(recipe));
                }
            }
        }

        #[test]
        fn only_names_of_ours_are_recipes(
            text in "\\PC{0,40}|(jpg|png)-w[0-9]{1,12}(-h[0-9]{1,12})?-p[0-9]{1,3}-b[0-9]{1,3}"
        ) {
            if let Ok(recipe) = text.parse::<Recipe>() {
                prop_assert_eq!(recipe.to_string(), text);
            }
        }
    }
}
