//! What each network takes, shown before anything is added: from the rules that preflight checks by.

use crate::{
    shared::words::mark,
    ui::{Glyph, MarkSize, PlatformMark, icon},
};
use domain::{
    Platform,
    platform::{DocumentRules, PostFormat, PostRules, Ratio, VideoRules},
    posts::preflight::length,
};
use leptos::prelude::*;

/// "8 MB", "4 GB": limits are whole numbers.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes / MIB {
        mib if mib >= 1024 && mib.is_multiple_of(1024) => format!("{} GB", mib / 1024),
        mib => format!("{mib} MB"),
    }
}

/// "Up to 10 pictures as JPG, 8 MB each; …"
fn pictures(rules: &PostRules) -> String {
    let types = rules.image_types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
    let gif = rules.gif_bytes_max.map(|most| format!(", GIF {}", size(most))).unwrap_or_default();
    let ratio = rules.image_ratio.map(|ratio| format!(" Shape {}.", shape(ratio))).unwrap_or_default();
    let width = rules.image_width_min.map(|least| format!(" {least} pixels wide or more.")).unwrap_or_default();
    format!(
        "Up to {} pictures as {types}, {} each{gif}; what is larger or of another type is converted.{ratio}{width}",
        rules.images_max,
        size(rules.image_bytes_max)
    )
}

/// "One video: MP4, MOV (H.264), 3 s to 15:00, up to 300 MB."
fn video(rules: &VideoRules, mixed: bool) -> String {
    let types = rules.types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
    let codecs = rules.codecs.iter().map(|codec| codec.label()).collect::<Vec<_>>().join(", ");
    let ratio = rules.ratio.map(|ratio| format!(" Shape {}.", shape(ratio))).unwrap_or_default();
    let how = if mixed { "Videos, also beside pictures" } else { "One video" };
    format!(
        "{how}: {types} ({codecs}), {} to {}, up to {}.{ratio}",
        length(rules.duration_min),
        length(rules.duration_max),
        size(rules.bytes_max)
    )
}

/// "Reel: one video, 3 s to 1:30, up to 1 GB. Shape 9:16."
fn form(format: PostFormat, rules: &PostRules) -> Option<String> {
    let what = match format {
        PostFormat::Feed => return None,
        PostFormat::Reel => "Reel: one video",
        PostFormat::Story => "Story: one picture, or one video",
    };
    let limits = rules.video_as(format)?;
    let ratio = limits.ratio.map(|ratio| format!(" Shape {}.", shape(ratio))).unwrap_or_default();
    let (least, most) = (length(limits.duration_min), length(limits.duration_max));
    Some(format!("{what}, {least} to {most}, up to {}.{ratio}", size(limits.bytes_max)))
}

fn document(rules: &DocumentRules) -> String {
    let types = rules.types.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(", ");
    format!("Or one document: {types}, up to {} pages and {}.", rules.pages_max, size(rules.bytes_max))
}

/// "4:5 to 1.91:1".
fn shape(ratio: Ratio) -> String {
    let one = |(width, height): (u32, u32)| match height {
        100 => format!("{}.{:02}:1", width / 100, width % 100),
        _ => format!("{width}:{height}"),
    };
    if ratio.narrowest == ratio.widest {
        one(ratio.widest)
    } else {
        format!("{} to {}", one(ratio.narrowest), one(ratio.widest))
    }
}

fn lines(rules: &PostRules) -> Vec<String> {
    let mut lines = vec![pictures(rules)];
    lines.extend(rules.video.map(|limits| video(limits, rules.mixed_media)));
    lines.extend(rules.formats.iter().filter_map(|format| form(*format, rules)));
    lines.extend(rules.document.map(document));
    lines
}

/// What these networks take, folded away behind a line.
#[component]
pub fn Limits(#[prop(into)] platforms: Signal<Vec<Platform>>) -> impl IntoView {
    let rows = move || {
        platforms
            .get()
            .into_iter()
            .filter_map(|platform| platform.rules().map(|rules| (platform, rules)))
            .map(|(platform, rules)| {
                view! {
                    <li class="flex gap-2.5">
                        <span class="mt-0.5"><PlatformMark mark=mark(platform) size=MarkSize::Bare/></span>
                        <div class="min-w-0">
                            <p class="font-medium text-text">{platform.label()}</p>
                            {lines(rules).into_iter().map(|line| view! { <p>{line}</p> }).collect_view()}
                        </div>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <details class="group mt-2 text-sm text-muted">
            <summary class="inline-flex cursor-pointer list-none items-center gap-1 rounded-md font-medium hover:text-text touch:min-h-11">
                {icon(Glyph::ChevronRight, "size-3.5 transition-transform group-open:rotate-90")}
                "What each network takes"
            </summary>
            <ul class="mt-2 grid gap-3 rounded-lg border border-border bg-sunken p-3 sm:grid-cols-2">{rows}</ul>
        </details>
    }
    .into_any()
}

/// The networks that posts go to.
pub fn publishing() -> Vec<Platform> {
    Platform::ALL.into_iter().filter(|platform| platform.rules().is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_in_words() {
        let of = |platform: Platform| lines(platform.rules().unwrap()).join(" ");
        let instagram = of(Platform::Instagram);
        assert!(instagram.contains("Up to 10 pictures as JPG, 8 MB each"), "{instagram}");
        assert!(
            instagram.contains("Shape 4:5 to 1.91:1.") && instagram.contains("also beside pictures"),
            "{instagram}"
        );
        assert!(instagram.contains("Shape 4:5 to 1.91:1. 320 pixels wide or more."), "{instagram}");
        assert!(
            instagram.contains("Story: one picture, or one video, 3 s to 1:00, up to 100 MB.")
                && instagram.contains("Reel: one video, 3 s to 15:00, up to 300 MB."),
            "{instagram}"
        );
        let facebook = of(Platform::Facebook);
        assert!(facebook.contains("Reel: one video, 3 s to 1:30, up to 1 GB. Shape 9:16."), "{facebook}");
        assert!(of(Platform::Tiktok).contains("Up to 35 pictures"));
        assert!(!of(Platform::Twitter).contains("Story") && !of(Platform::Tiktok).contains("Reel"));
        assert!(of(Platform::Twitter).contains("One video: MP4 (H.264), 0.5 s to 2:20, up to 512 MB."));
        assert!(of(Platform::Linkedin).contains("up to 300 pages"));
        assert!(of(Platform::Tiktok).contains("up to 4 GB"));
    }
}
