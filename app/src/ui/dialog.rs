//! Dialogs, on the browser's own `<dialog>`: it traps the focus, leaves by Escape and gives the focus back.
//!
//! A dialog names the thing and its consequence; focus starts on the safe choice. Its content exists only while it is
//! open, so a page with many dialogs stays light.

use super::button::{Button, ButtonSize, ButtonVariant, icon_button_class};
use super::class::cx;
use super::icon::{Glyph, icon};
use leptos::{html, prelude::*};

/// How wide a dialog may grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialogSize {
    /// 448 px.
    #[default]
    Medium,
    /// 640 px.
    Large,
    /// From the left edge, full height: the navigation of phones.
    Sheet,
}

/// Opens and closes the element as the signal says, and the signal as the element does.
pub(super) fn follow(node: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    Effect::new(move |_| {
        let wanted = open.get();
        let Some(dialog) = node.get() else { return };
        if wanted && !dialog.open() {
            // The content is built in this same turn; showing it in the next lets the focus find its place.
            request_animation_frame(move || {
                if open.get_untracked() && !dialog.open() {
                    let _already_open = dialog.show_modal();
                }
            });
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
}

/// A dialog with a title bar and whatever it holds.
#[component]
pub fn Dialog(
    #[prop(into)] id: String,
    open: RwSignal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] size: DialogSize,
    /// Below the content, behind a line: what it costs at the left, the buttons at the right.
    #[prop(optional, into)]
    footer: Option<ViewFn>,
    /// Whether the content keeps its own padding.
    #[prop(optional)]
    bare: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    follow(node, open);
    let title_id = format!("{id}-title");
    let labelled_by = title_id.clone();
    let frame = match size {
        DialogSize::Medium => {
            "m-auto w-full max-w-md rounded-xl max-h-[calc(100dvh-2rem)] max-sm:max-w-[calc(100%-2rem)]"
        }
        DialogSize::Large => {
            "m-auto w-full max-w-[40rem] rounded-xl max-h-[calc(100dvh-2rem)] max-sm:max-w-[calc(100%-2rem)]"
        }
        DialogSize::Sheet => "m-0 h-dvh max-h-none w-72 max-w-[86%] bg-background",
    };
    let content = move || dialog_body(title_id.clone(), title, open, bare, footer.clone(), children());
    view! {
        <dialog
            data-ui="dialog"
            id=id
            node_ref=node
            aria-labelledby=labelled_by
            class=cx(&["bg-raised p-0 text-base text-text shadow-raised backdrop:bg-overlay", frame])
            on:close=move |_| open.set(false)
            on:click=move |event| {
                if is_backdrop(&event) {
                    open.set(false);
                }
            }
        >
            {move || open.get().then(&content)}
        </dialog>
    }
    .into_any()
}

/// Title bar, content, footer.
pub(super) fn dialog_body(
    title_id: String,
    title: Signal<String>,
    open: RwSignal<bool>,
    bare: bool,
    footer: Option<ViewFn>,
    children: AnyView,
) -> AnyView {
    let inner = if bare { "" } else { "grid gap-4 px-5 py-4" };
    view! {
        <div class="flex max-h-[inherit] flex-col">
            <div class="flex items-center justify-between gap-3 border-b border-border py-3 pr-3 pl-5">
                <h2 id=title_id class="text-md font-semibold">{move || title.get()}</h2>
                <button
                    data-ui="icon-button"
                    type="button"
                    aria-label="Close"
                    class=icon_button_class(ButtonVariant::Ghost, ButtonSize::Small, "")
                    on:click=move |_| open.set(false)
                >
                    {icon(Glyph::X, "size-4")}
                </button>
            </div>
            <div class=cx(&["relative min-h-0 flex-1 overflow-y-auto", inner])>{children}</div>
            {footer
                .map(|footer| {
                    view! {
                        <div class="flex flex-wrap items-center justify-between gap-3 border-t border-border px-5 py-3">
                            {footer.run()}
                        </div>
                    }
                })}
        </div>
    }
    .into_any()
}

/// A press on the dialog element itself is one on what lies behind its content.
pub(super) fn is_backdrop(event: &leptos::ev::MouseEvent) -> bool {
    event.target().is_some_and(|target| event.current_target() == Some(target))
}

/// Asks before something that cannot be taken back: "Disconnect @northwind.coffee from Instagram?".
#[component]
pub fn ConfirmDialog(
    #[prop(into)] id: String,
    open: RwSignal<bool>,
    /// A question that names the thing.
    #[prop(into)]
    title: Signal<String>,
    /// What happens then, in a sentence.
    #[prop(into)]
    consequence: Signal<String>,
    /// What else it costs, with a warning sign.
    #[prop(optional, into)]
    warning: MaybeProp<String>,
    /// The act, as a verb with its object: "Disconnect account".
    #[prop(into)]
    confirm: String,
    /// The safe way out: "Keep connected".
    #[prop(default = "Cancel".into(), into)]
    cancel: String,
    /// `Danger` unless nothing is lost.
    #[prop(default = ButtonVariant::Danger)]
    variant: ButtonVariant,
    /// While the answer is on its way; the dialog stays.
    #[prop(optional, into)]
    busy: Signal<bool>,
    #[prop(into)] on_confirm: Callback<()>,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    follow(node, open);
    let (title_id, text_id) = (format!("{id}-title"), format!("{id}-text"));
    let (labelled_by, described_by) = (title_id.clone(), text_id.clone());
    let content = move || {
        confirm_body(Question {
            title_id: title_id.clone(),
            text_id: text_id.clone(),
            title,
            consequence,
            warning,
            confirm: confirm.clone(),
            cancel: cancel.clone(),
            variant,
            busy,
            focused: true,
            on_cancel: Callback::new(move |()| open.set(false)),
            on_confirm,
        })
    };
    view! {
        <dialog
            data-ui="dialog"
            role="alertdialog"
            id=id
            node_ref=node
            aria-labelledby=labelled_by
            aria-describedby=described_by
            class="m-auto w-full max-w-md rounded-xl bg-raised p-0 text-base text-text shadow-raised backdrop:bg-overlay max-sm:max-w-[calc(100%-2rem)]"
            on:close=move |_| open.set(false)
        >
            {move || open.get().then(&content)}
        </dialog>
    }
    .into_any()
}

/// What a [`ConfirmDialog`] holds.
pub(super) struct Question {
    pub title_id: String,
    pub text_id: String,
    pub title: Signal<String>,
    pub consequence: Signal<String>,
    pub warning: MaybeProp<String>,
    pub confirm: String,
    pub cancel: String,
    pub variant: ButtonVariant,
    pub busy: Signal<bool>,
    /// Whether the safe way out takes the focus.
    pub focused: bool,
    pub on_cancel: Callback<()>,
    pub on_confirm: Callback<()>,
}

pub(super) fn confirm_body(ask: Question) -> AnyView {
    let Question {
        title_id,
        text_id,
        title,
        consequence,
        warning,
        confirm,
        cancel,
        variant,
        busy,
        focused,
        on_cancel,
        on_confirm,
    } = ask;
    view! {
        <div class="p-5">
            <h2 id=title_id class="text-md font-semibold wrap-anywhere">{move || title.get()}</h2>
            <div id=text_id class="mt-2 grid gap-2 text-muted">
                <p>{move || consequence.get()}</p>
                {move || {
                    warning
                        .get()
                        .map(|warning| {
                            view! {
                                <p class="flex gap-2 text-text">
                                    {icon(Glyph::StReconnect, "mt-0.5 size-4 text-warning-solid")}
                                    <span>{warning}</span>
                                </p>
                            }
                        })
                }}
            </div>
            <div class="mt-5 flex flex-wrap justify-end gap-2 max-sm:flex-col-reverse">
                <Button autofocus=focused on_click=move |_| on_cancel.run(())>{cancel}</Button>
                <Button variant loading=busy on_click=move |_| on_confirm.run(())>{confirm}</Button>
            </div>
        </div>
    }
    .into_any()
}
