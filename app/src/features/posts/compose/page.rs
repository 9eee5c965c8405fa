//! The composer's page: the parts on the left, the previews on the right, one button on top. There is nothing to submit:
//! saving publishes, after a moment in which it can be undone.

use super::{
    advise::advise,
    checks::{Checks, HEADING},
    editor::Editor,
    keep::{Entry, Keeper},
    media::Pictures,
    model::{Draft, save_words},
    options::Options,
    save::save,
    state::{Composer, Purpose, Start},
    to::PublishTo,
    visibility::VisibilityChoice,
};
use crate::{
    features::posts::{
        components::{Previewed, Previews},
        server_fns::{ComposeView, view_composer},
    },
    layouts::{load_page, use_refusal},
    live::use_live,
    session::use_session,
    shared::{follow::follow, query::Href},
    ui::{
        Banner, Breadcrumbs, Button, ButtonSize, ButtonVariant, ConfirmDialog, EmptyState, PageTitle, RelativeTime,
        SkeletonRows, Tone,
    },
};
use chrono::NaiveDateTime;
use domain::{
    AccountId, ErrorCode, PostId,
    posts::{Post, PostStatus},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local, web_sys};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use std::collections::BTreeSet;
use wasm_bindgen::JsCast as _;

/// What the address asks for: `?post=` to change a post, `?from=` to write one like it, `?account=` to write for one
/// account only, `?at=` to write for a time in the workspace's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asked {
    post: Option<PostId>,
    from: Option<PostId>,
    account: Option<AccountId>,
    at: Option<NaiveDateTime>,
}

impl Asked {
    fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            post: get("post").and_then(|id| id.parse().ok()),
            from: get("from").and_then(|id| id.parse().ok()),
            account: get("account").and_then(|id| id.parse().ok()),
            at: get("at").and_then(|text| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M").ok()),
        }
    }

    const fn source(self) -> Option<PostId> {
        match self.post {
            Some(id) => Some(id),
            None => self.from,
        }
    }
}

/// The composer.
#[component]
pub fn ComposePage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| Asked::read(|key| query.get(key))));
    let data = Resource::new(move || asked.get(), |asked| view_composer(asked.source()));
    load_page(
        data,
        "New post",
        "the composer",
        move || view! { <SkeletonRows label="Loading the composer" count=6/> },
        move |view| {
            let asked = asked.get_untracked();
            if !use_session().may(Role::Member) {
                return cannot_write();
            }
            match &view.source {
                Some(post) if asked.post.is_some() && !use_session().may_change(post.author.id) => {
                    somebody_elses(post, asked.account)
                }
                Some(post) if asked.post.is_some() && !post.status.is_editable() => gone_out(post, asked.account),
                _ => compose(view, asked),
            }
        },
    )
}

fn heading(title: &'static str) -> AnyView {
    view! {
        <PageTitle text=title/>
        <h1 class="mb-6 text-lg font-semibold">{title}</h1>
    }
    .into_any()
}

fn cannot_write() -> AnyView {
    view! {
        <div class="px-4 py-6 lg:px-6">
            {heading("New post")}
            <EmptyState
                title="Your role reads only"
                text="Ask an admin of this workspace for the member role to write posts, or for the editor role to publish them."
                level=2
                action=move || view! { <Button href="/posts">"Go to posts"</Button> }
            />
        </div>
    }
    .into_any()
}

fn gone_out(post: &Post, account: Option<AccountId>) -> AnyView {
    let (title, text) = if post.status == PostStatus::Publishing {
        ("This post is going out", "Once it is through, what an account refused can be changed and sent again.")
    } else {
        ("This post has gone out", "What is public cannot be changed from here. You can use its text for a new post.")
    };
    cannot_change(post.id, account, title, text)
}

fn somebody_elses(post: &Post, account: Option<AccountId>) -> AnyView {
    let text =
        "Members change their own posts. You can use its text for a new post, or ask an editor to change this one.";
    cannot_change(post.id, account, "Somebody else wrote this post", text)
}

fn cannot_change(id: PostId, account: Option<AccountId>, title: &'static str, text: &'static str) -> AnyView {
    let copy = Href::new("/compose").with("from", Some(id)).with("account", account).build();
    view! {
        <div class="px-4 py-6 lg:px-6">
            {heading("Edit post")}
            <EmptyState
                title
                text
                level=2
                action=move || {
                    view! {
                        <Button variant=ButtonVariant::Primary href=copy.clone()>"Use as a new post"</Button>
                        <Button href=format!("/posts/{id}")>"Open the post"</Button>
                    }
                }
            />
        </div>
    }
    .into_any()
}

fn compose(view: ComposeView, asked: Asked) -> AnyView {
    let source = view.source.clone();
    let workspace = use_session().me().map(|me| me.workspace);
    let undo_seconds = workspace.as_ref().map_or(5, |workspace| workspace.undo_seconds);
    let time_zone = workspace.map_or_else(|| "UTC".to_owned(), |workspace| workspace.time_zone);
    let fresh = source.is_some();
    let elsewhere = view.left.clone();
    let start = match &source {
        Some(post) => Start::from_post(view, post, asked.post.is_none(), undo_seconds, time_zone),
        None => Start {
            purpose: Purpose::New,
            draft: asked.at.map_or_else(Draft::default, Draft::at),
            pictures: Vec::new(),
            accounts: view.accounts,
            taken: BTreeSet::new(),
            undo_seconds,
            time_zone,
        },
    };
    let composer = Composer::new(start);
    if let (Some(account), Purpose::New) = (asked.account, composer.purpose()) {
        composer.choose_only(account);
    }
    follow(
        use_live().accounts(),
        Signal::stored(false),
        || view_composer(None),
        move |view: ComposeView| composer.accounts.set(view.accounts),
    );
    let keeper = Keeper::begin(composer, fresh, elsewhere);
    let (kept, left) = (keeper.kept, keeper.left);
    advise(composer);
    let title = if composer.purpose() == Purpose::New { "New post" } else { "Edit post" };
    let saving = RwSignal::new(false);
    let lost = RwSignal::new(false);
    let submit = use_save(composer, keeper, saving, lost);
    let previewed = Signal::derive(move || Previewed {
        content: composer.draft.read().content(),
        pictures: composer.pictures_described(),
        accounts: composer.targets(),
    });
    let discarding = RwSignal::new(false);
    let crumbs = vec![("/posts".to_owned(), "Posts".to_owned()), (String::new(), title.to_owned())];
    let held_back = use_session().is_held_back();
    let words = Memo::new(move |_| save_words(composer.visibility_now(), held_back));
    let standing = source.as_ref().filter(|_| asked.post.is_some()).and_then(|post| standing(post, held_back));
    view! {
        <PageTitle text=title/>
        <div class="sticky top-14 z-20 border-b border-border bg-surface">
            <div class="flex min-h-12 flex-wrap items-center gap-3 px-4 py-2 lg:px-6">
                <Breadcrumbs crumbs/>
                <p data-ui="kept" class="text-sm text-muted max-sm:order-last max-sm:w-full" role="status">
                    {move || kept.get().words()}
                </p>
                <div class="ml-auto flex items-center gap-2">
                    <Button
                        variant=ButtonVariant::Ghost
                        disabled=Signal::derive(move || composer.draft.read().is_empty())
                        on_click=move |_| discarding.set(true)
                    >
                        "Discard"
                    </Button>
                    <Button
                        variant=ButtonVariant::Primary
                        loading=saving
                        loading_label="Saving…"
                        on_click=move |_| submit.run(())
                    >
                        {words}
                    </Button>
                </div>
            </div>
        </div>
        <div class="grid grid-cols-1 lg:min-h-[calc(100dvh-6.5rem)] lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)] xl:grid-cols-[37.5rem_minmax(0,1fr)]">
            <div class="grid min-w-0 grid-cols-1 content-start gap-8 px-4 py-6 lg:px-6">
                <h1 class="sr-only">{title}</h1>
                {move || {
                    lost.get()
                        .then(|| {
                            view! {
                                <Banner
                                    tone=Tone::Danger
                                    title="Connection lost. Please try again"
                                    text="Nothing is lost: your post is kept here, and saving again does not send it twice."
                                    action=move || {
                                        view! {
                                            <Button size=ButtonSize::Small loading=saving on_click=move |_| submit.run(())>
                                                "Try again"
                                            </Button>
                                        }
                                    }
                                />
                            }
                        })
                }}
                {composer
                    .is_out_in_part()
                    .then(|| {
                        view! {
                            <Banner
                                title="Some accounts have this post already."
                                text="What they show stays as it is. The change goes to the others."
                            />
                        }
                    })}
                {standing}
                {move || left.get().map(|entry| left_behind(keeper, entry))}
                <PublishTo composer/>
                <Editor composer/>
                <Pictures composer/>
                <Options composer/>
                <VisibilityChoice composer/>
                <Checks composer/>
            </div>
            <Previews previewed/>
        </div>
        <ConfirmDialog
            id="discard"
            open=discarding
            title="Discard this post?"
            consequence="The text and its choice of accounts are cleared. Uploaded pictures stay in your media."
            confirm="Discard post"
            cancel="Keep writing"
            on_confirm=use_discard(composer, keeper, discarding)
        />
    }
    .into_any()
}

/// How the post stands with those who approve, where that matters to whoever changes it.
fn standing(post: &Post, held_back: bool) -> Option<AnyView> {
    let (tone, title, text) = match (post.status, &post.approval) {
        (PostStatus::Rejected, Some(last)) => (
            Tone::Warning,
            format!("{} rejected version {}.", last.by.name, last.version),
            last.note.as_ref().map(|note| format!("“{note}”")).unwrap_or_default(),
        ),
        (PostStatus::PendingApproval, _) => (
            Tone::Info,
            format!("Version {} waits for approval.", post.version),
            if held_back {
                "What you save waits in its place.".to_owned()
            } else {
                "What you save goes out by your word: it needs nobody else’s.".to_owned()
            },
        ),
        (PostStatus::Scheduled | PostStatus::Failed | PostStatus::PartlyPublished, _) if held_back => (
            Tone::Info,
            "What you change here needs approval.".to_owned(),
            "Until it is given, the version from before does not go out either.".to_owned(),
        ),
        _ => return None,
    };
    Some(view! { <div data-ui="standing"><Banner tone title text/></div> }.into_any())
}

/// What was left while it was being written, and what is to become of it.
fn left_behind(keeper: Keeper, entry: Entry) -> AnyView {
    let first = domain::text::excerpt(&entry.draft.body, 80);
    let what = if first.is_empty() { "It has no words yet.".to_owned() } else { format!("“{first}”") };
    let when = entry.at.map(|at| view! { <RelativeTime at/> });
    if entry.elsewhere {
        return from_elsewhere(keeper, &entry, what);
    }
    let is_change = entry.changes.is_some();
    let title = if is_change { "You left changes to this post unsaved" } else { "You left a post unsaved" };
    view! {
        <div
            data-ui="left-behind"
            role="status"
            class="flex flex-wrap items-center gap-x-3 gap-y-2.5 rounded-lg border border-accent-border bg-accent-bg px-3.5 py-3"
        >
            <div class="min-w-0 flex-1 basis-56">
                <p class="font-medium">{title} {when.map(|when| view! { ", " {when} })}</p>
                <p class="truncate text-sm text-muted">{what}</p>
            </div>
            <div class="flex gap-2">
                <Button size=ButtonSize::Small on_click=move |_| keeper.discard_left()>"Discard"</Button>
                <Button size=ButtonSize::Small variant=ButtonVariant::Primary on_click=move |_| keeper.restore()>
                    "Restore"
                </Button>
            </div>
        </div>
    }
    .into_any()
}

/// What was left on another device, which may still be writing: it is not thrown away from here.
fn from_elsewhere(keeper: Keeper, entry: &Entry, what: String) -> AnyView {
    let when = entry.at.map(|at| view! { <RelativeTime at/> });
    view! {
        <div
            data-ui="left-elsewhere"
            role="status"
            class="flex flex-wrap items-center gap-x-3 gap-y-2.5 rounded-lg border border-accent-border bg-accent-bg px-3.5 py-3"
        >
            <div class="min-w-0 flex-1 basis-56">
                <p class="font-medium">"Continue the draft from " {when} "?"</p>
                <p class="truncate text-sm text-muted">{what}</p>
                <p class="text-sm text-muted">"You wrote it on another device. Until you do, it stays among your posts."</p>
            </div>
            <div class="flex gap-2">
                <Button size=ButtonSize::Small on_click=move |_| keeper.decline()>"Not now"</Button>
                <Button size=ButtonSize::Small variant=ButtonVariant::Primary on_click=move |_| keeper.restore()>
                    "Continue"
                </Button>
            </div>
        </div>
    }
    .into_any()
}

fn use_discard(composer: Composer, keeper: Keeper, open: RwSignal<bool>) -> Callback<()> {
    let navigate = use_navigate();
    Callback::new(move |()| {
        open.set(false);
        match composer.purpose() {
            Purpose::New => keeper.discard(),
            Purpose::Change(id, _) => {
                keeper.done();
                navigate(&format!("/posts/{id}"), NavigateOptions::default());
            }
        }
    })
}

/// Saves, and leads to the post, which shows the undo window.
fn use_save(composer: Composer, keeper: Keeper, saving: RwSignal<bool>, lost: RwSignal<bool>) -> Callback<()> {
    let navigate = use_navigate();
    let refusal = use_refusal();
    let (tried, refused) = (composer.tried(), composer.refused());
    let run = StoredValue::new(None::<Callback<()>>);
    let submit = Callback::new(move |()| {
        tried.set(true);
        if composer.is_refused() {
            saving.set(false);
            focus_checks();
            return;
        }
        saving.set(true);
        lost.set(false);
        // The draft is on its way to the server: saving waits for that, so that the two do not overtake each other.
        if let Some(again) = run.get_value()
            && keeper.is_busy(again)
        {
            return;
        }
        let navigate = navigate.clone();
        let answer = save(composer, keeper);
        spawn_local(async move {
            let answer = answer.await;
            let page_gone = saving.try_set(false).is_some();
            match answer {
                // Whoever has gone elsewhere meanwhile stays there.
                Ok(_) if page_gone => {}
                Ok(post) => {
                    // The composer stays behind empty: "back" does not lead to a post that is saved.
                    let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
                    navigate(&format!("/posts/{}", post.id), options);
                }
                Err(crate::AppError::Offline) => {
                    let _page_gone = lost.try_set(true);
                }
                Err(crate::AppError::Refused(fault))
                    if fault.code == ErrorCode::ValidationError && !fault.fields.is_empty() =>
                {
                    let _page_gone = refused.try_set(fault.fields);
                    focus_checks();
                }
                Err(error) => refusal("The post was not saved", &error),
            }
        });
    });
    run.set_value(Some(submit));
    Callback::new(move |()| {
        if !saving.get_untracked() {
            submit.run(());
        }
    })
}

fn focus_checks() {
    let heading = document().get_element_by_id(HEADING);
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _detached = heading.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_to_start_from() {
        let id = "0199f2c4-8a31-7c5e-b1d0-4f6a00000001";
        let asked = Asked::read(|key| (key == "from").then(|| id.to_owned()));
        assert_eq!(asked.source().map(|id| id.to_string()).as_deref(), Some(id));
        assert_eq!(asked.post, None);
        let at = Asked::read(|key| (key == "at").then(|| "2026-11-26T07:00".to_owned())).at;
        assert_eq!(at.map(|at| at.to_string()).as_deref(), Some("2026-11-26 07:00:00"));
        assert_eq!(Asked::read(|_| Some("x".into())), Asked::default());
    }
}
