//! Where somebody is signed in: a part of the page about security. The buttons are forms, which work without a script.

use domain::{SessionId, identity::SessionInfo};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;

use super::server_fns::{end_other_sessions, end_session, view_sessions};
use crate::{
    AppError,
    layouts::{load, use_refusal},
    ui::{
        Badge, Banner, Button, ButtonSize, Card, Glyph, RelativeTime, Section, SkeletonRows, Toasts, Tone, icon,
        use_toasts,
    },
};

/// Where its forms are sent.
const ACTION: &str = "/settings/security/sessions";

#[derive(Clone, Copy)]
struct Board {
    sessions: RwSignal<Vec<SessionInfo>>,
    busy: RwSignal<bool>,
    toasts: Toasts,
    refusal: Callback<(String, AppError)>,
}

impl Board {
    /// Ends one session, or all others, and looks what is left.
    fn end(self, one: Option<SessionId>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let done = match one {
                Some(id) => end_session(id).await.map(|()| "The session has ended.".to_owned()),
                None => end_other_sessions().await.map(|all| ended_words(all.ended)),
            };
            match done {
                Ok(words) => {
                    self.toasts.success(words);
                }
                // Somebody was faster.
                Err(error) if error.is_not_found() => {}
                Err(error) => self.refusal.run(("The session has not ended".to_owned(), error)),
            }
            if let Ok(sessions) = view_sessions().await {
                let _page_gone = self.sessions.try_set(sessions);
            }
            let _page_gone = self.busy.try_set(false);
        });
    }
}

fn ended_words(ended: u32) -> String {
    match ended {
        0 => "You were not signed in anywhere else.".to_owned(),
        1 => "Your other session has ended.".to_owned(),
        n => format!("Your {n} other sessions have ended."),
    }
}

/// The section.
pub fn signed_in_on(sessions: Resource<Result<Vec<SessionInfo>, AppError>>) -> AnyView {
    // Without a script, the page that a form leads back to says what it did.
    let told = use_query_map().with_untracked(|query| query.get("ended")).map(|ended| match ended.as_str() {
        "one" => "The session has ended.".to_owned(),
        n => ended_words(n.parse().unwrap_or_default()),
    });
    view! {
        <Section id="sessions-heading" title="Signed in on">
            {told.map(|title| view! { <div class="mb-3"><Banner tone=Tone::Success title/></div> })}
            {load(sessions, "where you are signed in", || view! { <SkeletonRows label="Loading your sessions" count=2/> }, full)}
        </Section>
    }
    .into_any()
}

fn full(sessions: Vec<SessionInfo>) -> AnyView {
    let refusal = use_refusal();
    let board = Board {
        sessions: RwSignal::new(sessions),
        busy: RwSignal::new(false),
        toasts: use_toasts(),
        refusal: Callback::new(move |(title, error): (String, AppError)| refusal(&title, &error)),
    };
    let others = Memo::new(move |_| board.sessions.read().iter().filter(|session| !session.is_current).count());
    let several = Memo::new(move |_| {
        let sessions = board.sessions.read();
        sessions.iter().any(|session| sessions.first().is_some_and(|first| first.workspace != session.workspace))
    });
    view! {
        <Card>
            <ul class="divide-y divide-border">
                <For
                    each=move || board.sessions.get()
                    key=|session| (session.id, session.last_seen_at)
                    let:session
                >
                    {row(board, several, session)}
                </For>
            </ul>
        </Card>
        <form
            method="post"
            action=ACTION
            class="mt-3"
            hidden=move || others.get() == 0
            on:submit=move |event: ev::SubmitEvent| {
                event.prevent_default();
                board.end(None);
            }
        >
            <Button submit=true icon=Glyph::LogOut loading=board.busy>
                "End all other sessions"
            </Button>
        </form>
    }
    .into_any()
}

fn row(board: Board, several: Memo<bool>, session: SessionInfo) -> AnyView {
    let (id, current) = (session.id, session.is_current);
    let label = format!("End the session of {}", session.device);
    let ip = session.ip.map(|ip| view! { <span class="font-mono text-xs">{ip}</span> " · " });
    let workspace = session.workspace;
    let action = if current {
        view! { <Badge tone=Tone::Success>"This browser"</Badge> }.into_any()
    } else {
        view! {
            <form
                method="post"
                action=ACTION
                on:submit=move |event: ev::SubmitEvent| {
                    event.prevent_default();
                    board.end(Some(id));
                }
            >
                <input type="hidden" name="session" value=id.to_string()/>
                <Button submit=true size=ButtonSize::Small label=label disabled=board.busy>"End"</Button>
            </form>
        }
        .into_any()
    };
    view! {
        <li class="flex items-center gap-3 px-4 py-3">
            {icon(Glyph::Monitor, "size-5 shrink-0 text-muted max-sm:hidden")}
            <div class="min-w-0 flex-1">
                <p class="font-medium break-words">
                    {session.device}
                    {move || several.get().then(|| view! { <span class="font-normal text-muted">" in " {workspace.clone()}</span> })}
                </p>
                <p class="text-sm text-muted">
                    {ip} "last active " <RelativeTime at=session.last_seen_at/> " · signed in "
                    <RelativeTime at=session.created_at/>
                </p>
            </div>
            {action}
        </li>
    }
    .into_any()
}
