//! Uploads and pictures, the picker, the palette.

use super::{column, s, section};
use crate::ui::palette::palette_body;
use crate::ui::picker::panel_body;
use crate::ui::{
    Button, CommandPalette, DateTimePicker, FileDrop, Glyph, Mark, PaletteGroup, PaletteItem, Thumb, Thumbnails,
    UploadRow,
};
use leptos::prelude::*;

/// A flat picture in place of a photograph.
fn picture(ground: &str, shape: &str) -> String {
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 76 96'%3E%3Crect width='76' height='96' fill='%23{ground}'/%3E{shape}%3C/svg%3E"
    )
}

pub(super) fn media() -> AnyView {
    let bag = "%3Cpath d='M22 30h32l4 50H18z' fill='%2322453b'/%3E%3Crect x='28' y='48' width='20' height='18' fill='%23f4ecdd'/%3E%3Ccircle cx='38' cy='56' r='5' fill='%238e2f3f'/%3E";
    let cups = "%3Ccircle cx='30' cy='34' r='18' fill='%23f7f4ee'/%3E%3Ccircle cx='30' cy='34' r='11' fill='%23472b1a'/%3E%3Ccircle cx='52' cy='70' r='18' fill='%23f7f4ee'/%3E%3Ccircle cx='52' cy='70' r='11' fill='%23472b1a'/%3E";
    let plum = "%3Ccircle cx='30' cy='38' r='19' fill='%235b2333'/%3E%3Ccircle cx='54' cy='66' r='16' fill='%23e08a2e'/%3E%3Ccircle cx='54' cy='66' r='6' fill='%236b3a1e'/%3E";
    let thumb = |key: &str, src: String, has_alt: bool| Thumb {
        key: s(key),
        src,
        has_alt: Some(has_alt),
        noun: "picture",
        corner: None,
    };
    let items = RwSignal::new(vec![
        thumb("bag", picture("e6d3bd", bag), true),
        thumb("cups", picture("39434b", cups), true),
        thumb("plum", picture("f0d3c2", plum), false),
    ]);
    let selected = RwSignal::new(Some(s("bag")));
    section(
        "media",
        "Drop, paste or choose. Order by dragging, or with Alt and the arrow keys. The mark says whether a picture has been described.",
        view! {
            <div class="grid gap-8 md:grid-cols-2">
                {column(
                    "Drop zone",
                    view! {
                        <FileDrop
                            id="g-drop"
                            label="Add images"
                            hint="JPEG, PNG or WebP, up to 8 MB each"
                            accept="image/jpeg,image/png,image/webp"
                            multiple=true
                            on_files=|_| ()
                        />
                    }
                        .into_any(),
                )}
                {column(
                    "Upload",
                    view! {
                        <div class="grid grid-cols-1 gap-3">
                            <UploadRow
                                name="winter-roast-04.jpg"
                                progress=0.62
                                detail="2.4 of 3.9 MB, 3 seconds left"
                                held=false
                                on_hold=|()| ()
                                on_cancel=|()| ()
                            />
                            <UploadRow
                                name="opening-hours-december-final.tiff"
                                progress=0.0
                                error="Instagram and LinkedIn do not take TIFF images. Save it as JPEG or PNG."
                                on_cancel=|()| ()
                            />
                        </div>
                    }
                        .into_any(),
                )}
                {column(
                    "Pictures of a post",
                    view! {
                        <Thumbnails
                            items
                            selected
                            on_move=move |(from, to): (usize, usize)| {
                                items
                                    .update(|items| {
                                        if from < items.len() && to < items.len() {
                                            let item = items.remove(from);
                                            items.insert(to, item);
                                        }
                                    });
                            }
                            on_remove=move |key: String| items.update(|items| items.retain(|item| item.key != key))
                            after=|| view! { <FileDrop id="g-drop-tile" label="Add" tile=true multiple=true on_files=|_| ()/> }
                        />
                    }
                        .into_any(),
                )}
            </div>
        }
        .into_any(),
    )
}

pub(super) fn picker() -> AnyView {
    let shown = RwSignal::new(s("2026-11-26"));
    let shown_time = RwSignal::new(s("07:00"));
    let today = "2026-11-20";
    section(
        "picker",
        "Monday first, the workspace’s zone always said, days that are gone are out of reach. Times that a clock change makes doubtful are explained, not refused.",
        view! {
            <div class="rounded-lg bg-sunken p-4 sm:p-6">
                <div class="grid items-start gap-8 md:grid-cols-[19rem_minmax(0,1fr)]">
                    <div class="w-full max-w-76 rounded-xl bg-raised shadow-raised">
                        {panel_body(s("shown-panel"), shown, shown_time, "Dublin (GMT+0)".into(), today.into())}
                    </div>
                    <div class="grid gap-5 md:max-w-80">
                        <DateTimePicker
                            id="g-when"
                            date=RwSignal::new(s("2026-11-26"))
                            time=RwSignal::new(s("07:00"))
                            zone="Europe/Dublin (GMT+0)"
                            today
                            hint="in 5 days and 20 hours"
                        />
                        <DateTimePicker
                            id="g-doubt"
                            date=RwSignal::new(s("2027-03-28"))
                            time=RwSignal::new(s("01:30"))
                            zone="Europe/Dublin (GMT+0)"
                            today
                            warning="01:30 does not exist that night: clocks go forward at 01:00. It will go out at 02:30."
                        />
                        <DateTimePicker
                            id="g-past"
                            date=RwSignal::new(s("2026-11-19"))
                            time=RwSignal::new(s("18:00"))
                            zone="Europe/Dublin (GMT+0)"
                            today
                            error="That time has passed. Choose a later one."
                        />
                    </div>
                </div>
            </div>
        }
        .into_any(),
    )
}

fn item(label: &str, detail: &str, mark: Option<Mark>, icon: Glyph, keys: &[&'static str]) -> PaletteItem {
    PaletteItem { label: s(label), detail: s(detail), mark, icon, href: s("#palette"), keys: keys.to_vec() }
}

fn groups() -> Vec<PaletteGroup> {
    vec![
        PaletteGroup {
            label: s("Accounts"),
            items: vec![
                item("@northwind.coffee", "Instagram, Northwind Coffee", Some(Mark::Instagram), Glyph::Plug, &[]),
                item("Northwind Coffee Roasters", "Facebook", Some(Mark::Facebook), Glyph::Plug, &[]),
            ],
        },
        PaletteGroup {
            label: s("Clients"),
            items: vec![item("Northwind Coffee", "5 accounts, 2 drafts", None, Glyph::Building2, &[])],
        },
        PaletteGroup {
            label: s("Commands"),
            items: vec![
                item("New access link for Northwind Coffee", "", None, Glyph::Link, &["G", "L"]),
                item("New draft for Northwind Coffee", "", None, Glyph::PenLine, &["C"]),
            ],
        },
    ]
}

pub(super) fn palette() -> AnyView {
    let open = RwSignal::new(false);
    let query = RwSignal::new(String::new());
    let found = Signal::derive(move || {
        let wanted = query.read().to_lowercase();
        let mut groups = groups();
        for group in &mut groups {
            group.items.retain(|item| item.label.to_lowercase().contains(&wanted));
        }
        groups.retain(|group| !group.items.is_empty());
        groups
    });
    section(
        "palette",
        "Ctrl-K anywhere. Finds accounts, clients and posts, and runs commands on them.",
        view! {
            <div class="rounded-lg bg-overlay p-4 sm:p-8">
                <div class="mx-auto w-full max-w-xl rounded-xl bg-raised shadow-raised">
                    {palette_body("shown-palette", RwSignal::new(s("north")), Signal::derive(groups), RwSignal::new(true))}
                </div>
            </div>
            <div class="mt-4">
                <Button icon=Glyph::Search on_click=move |_| open.set(true)>"Open the palette"</Button>
            </div>
            <CommandPalette open query groups=found/>
        }
        .into_any(),
    )
}
