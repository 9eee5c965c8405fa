//! Toasts: short news about what was just done, with a way back where there is one.
//!
//! `provide_toasts()` once, high in the tree; `<Toaster/>` once, at the end of the frame; then anywhere
//! `use_toasts().success("Link copied")`. Not for what the page already shows. A toast leaves after six seconds, twelve
//! with an action, and not while the pointer or the focus is on it; a failure stays until it is dismissed.

use super::button::{Button, ButtonSize, ButtonVariant, IconButton};
use super::class::cx;
use super::countdown::Countdown;
use super::icon::{Glyph, icon};
use super::status::Tone;
use leptos::prelude::*;
use std::{sync::Arc, time::Duration};

/// What a toast's button does, once.
///
/// Counted, not in Leptos' arena: a toast outlives what it came from, a dialog that has closed or a page left behind.
#[derive(Clone)]
pub struct ToastAction {
    pub label: String,
    pub run: Arc<dyn Fn() + Send + Sync>,
}

/// One piece of news.
#[derive(Clone)]
pub struct Toast {
    pub tone: Tone,
    pub title: String,
    pub detail: Option<String>,
    pub action: Option<ToastAction>,
    /// Seconds that run down beside the words; with the last of them it leaves.
    pub wait: Option<u32>,
    /// Turns instead of its tone's glyph, and stays until it is replaced or dismissed.
    pub under_way: bool,
}

impl Toast {
    pub fn new(tone: Tone, title: impl Into<String>) -> Self {
        Self { tone, title: title.into(), detail: None, action: None, wait: None, under_way: false }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A way back or on: "Undo", "Retry".
    #[must_use]
    pub fn action(mut self, label: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        self.action = Some(ToastAction { label: label.into(), run: Arc::new(run) });
        self
    }

    /// Too soon: how long it takes until another try makes sense.
    #[must_use]
    pub fn wait(mut self, seconds: u32) -> Self {
        self.wait = Some(seconds);
        self
    }

    /// Something still going on: "Connecting to Facebook…".
    #[must_use]
    pub fn under_way(mut self) -> Self {
        self.under_way = true;
        self
    }

    /// How long it stays; `None` until dismissed.
    fn life(&self) -> Option<Duration> {
        if let Some(seconds) = self.wait {
            Some(Duration::from_secs(u64::from(seconds) + 1))
        } else if self.under_way || self.tone == Tone::Danger {
            None
        } else if self.action.is_some() {
            Some(Duration::from_secs(12))
        } else {
            Some(Duration::from_secs(6))
        }
    }
}

#[derive(Clone)]
struct Shown {
    id: u32,
    toast: Toast,
}

/// The toasts on the page. Copy it into any handler.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Shown>>,
    next: StoredValue<u32>,
    /// The toast under the pointer or the focus, which does not leave.
    held: RwSignal<Option<u32>>,
}

impl Toasts {
    fn new() -> Self {
        Self { shown: RwSignal::new(Vec::new()), next: StoredValue::new(0), held: RwSignal::new(None) }
    }

    /// Shows a toast; its number dismisses or replaces it.
    pub fn push(self, toast: Toast) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let life = toast.life();
        self.shown.update(|shown| {
            // More than four at once nobody reads.
            if shown.len() >= 4 {
                shown.remove(0);
            }
            shown.push(Shown { id, toast });
        });
        if let Some(life) = life {
            self.dismiss_after(id, life);
        }
        id
    }

    /// It worked.
    pub fn success(self, title: impl Into<String>) -> u32 {
        self.push(Toast::new(Tone::Success, title))
    }

    /// It did not; `detail` says what became of it.
    pub fn error(self, title: impl Into<String>, detail: impl Into<String>) -> u32 {
        self.push(Toast::new(Tone::Danger, title).detail(detail))
    }

    /// Something changed.
    pub fn info(self, title: impl Into<String>) -> u32 {
        self.push(Toast::new(Tone::Info, title))
    }

    /// Takes a toast away; nothing happens if it has left already.
    pub fn dismiss(self, id: u32) {
        // The page may be gone when a timer fires.
        let _gone = self.shown.try_update(|shown| shown.retain(|one| one.id != id));
        let _gone = self.held.try_update(|held| {
            if *held == Some(id) {
                *held = None;
            }
        });
    }

    fn dismiss_after(self, id: u32, life: Duration) {
        set_timeout(
            move || {
                if self.held.try_get_untracked().flatten() == Some(id) {
                    self.dismiss_after(id, Duration::from_secs(2));
                } else {
                    self.dismiss(id);
                }
            },
            life,
        );
    }
}

/// Once, above everything that speaks.
pub fn provide_toasts() -> Toasts {
    let toasts = Toasts::new();
    provide_context(toasts);
    toasts
}

/// The page's toasts. Without `provide_toasts` above, a set that nobody sees.
pub fn use_toasts() -> Toasts {
    use_context::<Toasts>().unwrap_or_else(Toasts::new)
}

/// Where toasts appear: bottom right, full width on phones. A live region, there from the start so that it is heard.
#[component]
pub fn Toaster() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <section
            data-ui="toaster"
            aria-label="Notifications"
            class="pointer-events-none fixed inset-x-4 bottom-4 z-50 grid justify-items-end gap-2 sm:left-auto sm:w-90"
        >
            <div role="status" aria-live="polite" aria-relevant="additions" class="grid w-full gap-2">
                <For each=move || toasts.shown.get() key=|shown| shown.id let:shown>
                    {live_toast(toasts, shown)}
                </For>
            </div>
        </section>
    }
    .into_any()
}

fn live_toast(toasts: Toasts, shown: Shown) -> AnyView {
    let id = shown.id;
    let hold = move || toasts.held.set(Some(id));
    let release = move || toasts.held.set(None);
    view! {
        <div
            class="pointer-events-auto"
            on:pointerenter=move |_| hold()
            on:pointerleave=move |_| release()
            on:focusin=move |_| hold()
            on:focusout=move |_| release()
        >
            <ToastCard toast=shown.toast on_dismiss=move |()| toasts.dismiss(id)/>
        </div>
    }
    .into_any()
}

/// A toast's look, also for the gallery.
#[component]
pub fn ToastCard(toast: Toast, #[prop(into)] on_dismiss: Callback<()>) -> impl IntoView {
    let (glyph, spin) = if toast.under_way { (Glyph::StPublishing, "animate-spin") } else { (toast.tone.glyph(), "") };
    let colour = if toast.under_way { Tone::Info } else { toast.tone }.glyph_class();
    let action = toast.action.map(|action| {
        let run = action.run;
        view! {
            <Button
                variant=ButtonVariant::Link
                size=ButtonSize::Small
                on_click=move |_| {
                    run();
                    on_dismiss.run(());
                }
            >
                {action.label}
            </Button>
        }
    });
    view! {
        <div
            data-ui="toast"
            class="flex w-full items-start gap-3 rounded-xl bg-raised py-3 pr-2 pl-3.5 text-text shadow-raised sm:max-w-90"
        >
            {icon(glyph, &cx(&["mt-0.5 size-4", colour, spin]))}
            <div class="min-w-0 flex-1">
                <p class="text-base font-medium wrap-anywhere">{toast.title}</p>
                {toast.detail.map(|detail| view! { <p class="text-sm text-muted wrap-anywhere">{detail}</p> })}
            </div>
            {toast.wait.map(|seconds| view! { <Countdown seconds class="mt-0.5 text-sm font-medium text-muted"/> })}
            {action}
            <IconButton
                icon=Glyph::X
                label="Dismiss"
                size=ButtonSize::Small
                class="-my-1"
                on_click=move |_| on_dismiss.run(())
            />
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_stay_and_a_way_back_stays_longer() {
        assert_eq!(Toast::new(Tone::Danger, "No").life(), None);
        assert_eq!(Toast::new(Tone::Info, "Connecting…").under_way().life(), None);
        let wait = Toast::new(Tone::Danger, "Too soon").wait(37).life();
        assert_eq!(wait, Some(Duration::from_secs(38)));
        let plain = Toast::new(Tone::Success, "Copied").life();
        let with_undo = Toast::new(Tone::Info, "Moved").action("Undo", || {}).life();
        assert!(plain < with_undo);
    }
}
