//! Deciding on a version: it goes out as it is, or back to its author with a note. And for its author, taking it back.

use crate::{
    features::posts::server_fns::{approve_post, reject_post, undo_post, withdraw_post},
    layouts::use_refusal,
    session::use_session,
    ui::{Button, ButtonVariant, Field, Textarea, Toast, Toasts, Tone, use_toasts},
};
use domain::{
    PostId,
    posts::{MAX_NOTE, Post, PostStatus, Review, check_note},
};
use leptos::{ev::KeyboardEvent, prelude::*, task::spawn_local, web_sys};
use wasm_bindgen::JsCast as _;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Approving,
    Rejecting,
    Withdrawing,
}

/// The buttons for one version of a post that waits. A newer version brings new ones.
#[component]
pub fn Decide(
    review: Review,
    /// What the post is called.
    name: String,
    /// With the post as it stands then.
    on_decided: Callback<Post>,
) -> impl IntoView {
    let (id, version) = (review.post.id, review.post.version);
    let doing = RwSignal::new(None::<Doing>);
    let rejecting = RwSignal::new(false);
    let approve = use_approve(id, version, name.clone(), doing, on_decided);
    let may_withdraw = use_session().may_change(review.post.author.id);
    let why_not = review.why_not.clone();
    let may_decide = review.may_decide;
    let reject = format!("reject-{id}");
    let (reject_label, approve_label) =
        (format!("Reject version {version}: {name}"), format!("Approve version {version}: {name}"));
    let is = move |what: Doing| Signal::derive(move || doing.get() == Some(what));
    let idle = Signal::derive(move || doing.get().is_some());
    let words = if review.overdue { "Approve and send now" } else { "Approve" };
    let withdraw = use_withdraw(id, doing, on_decided);
    view! {
        <div class="grid gap-3">
            {why_not.map(|why| view! { <p class="text-sm text-muted">{why}</p> })}
            {move || {
                rejecting
                    .get()
                    .then(|| note_form(id, version, reject.clone(), rejecting, doing, on_decided))
            }}
            <div class="flex flex-wrap gap-2 empty:hidden sm:justify-end" hidden=move || rejecting.get()>
                {may_withdraw
                    .then(|| {
                        view! {
                            <Button
                                variant=ButtonVariant::Ghost
                                loading=is(Doing::Withdrawing)
                                disabled=idle
                                label=format!("Take back the request for version {version}")
                                class="max-sm:flex-1"
                                on_click=move |_| withdraw.run(())
                            >
                                "Take back"
                            </Button>
                        }
                    })}
                {may_decide
                    .then(|| {
                        view! {
                            <Button
                                disabled=idle
                                label=reject_label.clone()
                                class="max-sm:flex-1"
                                on_click=move |_| rejecting.set(true)
                            >
                                "Reject"
                            </Button>
                            <Button
                                variant=ButtonVariant::Primary
                                loading=is(Doing::Approving)
                                disabled=idle
                                label=approve_label.clone()
                                class="max-sm:flex-1"
                                on_click=move |_| approve.run(())
                            >
                                {words}
                            </Button>
                        }
                    })}
            </div>
        </div>
    }
    .into_any()
}

fn use_approve(
    id: PostId,
    version: u32,
    name: String,
    doing: RwSignal<Option<Doing>>,
    on_decided: Callback<Post>,
) -> Callback<()> {
    let refusal = use_refusal();
    let toasts = use_toasts();
    Callback::new(move |()| {
        if doing.get_untracked().is_some() {
            return;
        }
        doing.set(Some(Doing::Approving));
        let name = name.clone();
        spawn_local(async move {
            let answer = approve_post(id, version).await;
            let _page_gone = doing.try_set(None);
            match answer {
                Ok(post) => {
                    let toast = Toast::new(Tone::Success, format!("“{name}” is approved"));
                    let toast = if post.status == PostStatus::Publishing {
                        // Nothing has left yet, but soon will.
                        toast.detail("It goes out in a few seconds.").action("Undo", move || take_back(id, toasts))
                    } else {
                        toast.detail("It goes out at its time.")
                    };
                    toasts.push(toast);
                    let _page_gone = on_decided.try_run(post);
                }
                Err(error) => refusal("It was not approved", &error),
            }
        });
    })
}

/// What was approved by mistake becomes a draft again, as long as nothing has left.
fn take_back(id: PostId, toasts: Toasts) {
    spawn_local(async move {
        match undo_post(id).await {
            Ok(_) => {
                toasts.success("It was taken back, and is a draft again");
            }
            Err(error) => {
                toasts.error("It was not taken back", error.message());
            }
        }
    });
}

fn use_withdraw(id: PostId, doing: RwSignal<Option<Doing>>, on_decided: Callback<Post>) -> Callback<()> {
    let refusal = use_refusal();
    let toasts = use_toasts();
    Callback::new(move |()| {
        if doing.get_untracked().is_some() {
            return;
        }
        doing.set(Some(Doing::Withdrawing));
        spawn_local(async move {
            let answer = withdraw_post(id).await;
            let _page_gone = doing.try_set(None);
            match answer {
                Ok(post) => {
                    toasts.success("The request is taken back: the post is a draft");
                    let _page_gone = on_decided.try_run(post);
                }
                Err(error) => refusal("The request was not taken back", &error),
            }
        });
    })
}

/// Why it is given back. The words are what the author goes by, so there are some.
fn note_form(
    id: PostId,
    version: u32,
    field: String,
    open: RwSignal<bool>,
    doing: RwSignal<Option<Doing>>,
    on_decided: Callback<Post>,
) -> AnyView {
    let note = RwSignal::new(String::new());
    let error = RwSignal::new(None::<String>);
    let refusal = use_refusal();
    let toasts = use_toasts();
    let place = field.clone();
    Effect::new(move |_| focus(&place));
    let send = Callback::new(move |()| {
        let wrong = check_note(&note.read_untracked()).err();
        error.set(wrong.map(|wrong| wrong.fault.message));
        if error.read_untracked().is_some() || doing.get_untracked().is_some() {
            return;
        }
        doing.set(Some(Doing::Rejecting));
        let words = note.get_untracked();
        spawn_local(async move {
            let answer = reject_post(id, version, words).await;
            let _page_gone = doing.try_set(None);
            match answer {
                Ok(post) => {
                    toasts.success("It was rejected. Its author sees your note");
                    let _page_gone = open.try_set(false);
                    let _page_gone = on_decided.try_run(post);
                }
                Err(error) => refusal("It was not rejected", &error),
            }
        });
    });
    let keys = Callback::new(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            open.set(false);
        } else if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send.run(());
        }
    });
    let busy = Signal::derive(move || doing.get() == Some(Doing::Rejecting));
    view! {
        <form
            class="grid gap-3"
            on:submit=move |event| {
                event.prevent_default();
                send.run(());
            }
        >
            <Field id=field label="What has to change" hint="The author sees this beside the post." error>
                <Textarea
                    name="rejection_note"
                    value=note
                    rows=3
                    grow=true
                    class="max-h-60"
                    maxlength=u32::try_from(MAX_NOTE).unwrap_or(u32::MAX)
                    on_keydown=keys
                />
            </Field>
            <div class="flex flex-wrap gap-2 sm:justify-end">
                <Button variant=ButtonVariant::Ghost class="max-sm:flex-1" on_click=move |_| open.set(false)>
                    "Cancel"
                </Button>
                <Button submit=true variant=ButtonVariant::Danger loading=busy class="max-sm:flex-1">
                    "Reject with this note"
                </Button>
            </div>
        </form>
    }
    .into_any()
}

/// Brings the keyboard to an element, once it is there.
pub fn focus(id: &str) {
    let id = id.to_owned();
    request_animation_frame(move || {
        let element = document().get_element_by_id(&id).and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(element) = element {
            let _detached = element.focus();
        }
    });
}
