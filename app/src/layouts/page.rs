//! A page inside the frame.

use domain::workspaces::{Role, WorkspaceKind};
use leptos::prelude::*;

use crate::{
    session::{Session, use_session},
    ui::{Button, ButtonVariant, Glyph, PageHeader, PageTitle},
};

/// Title, heading, content. One per page, directly inside the route's component.
#[component]
pub fn PageFrame(
    /// The `<h1>` and the document's title.
    #[prop(into)]
    title: Signal<String>,
    /// Beside the title: a live mark, a status.
    #[prop(optional, into)]
    beside: ViewFn,
    /// Below the title, muted.
    #[prop(optional, into)]
    lead: Option<String>,
    /// At the right end.
    #[prop(optional, into)]
    actions: ViewFn,
    /// Keeps the content narrow, for forms and teaching pages.
    #[prop(optional)]
    narrow: bool,
    children: Children,
) -> impl IntoView {
    let width = if narrow { "mx-auto max-w-5xl px-4 py-6 lg:px-6" } else { "px-4 py-6 lg:px-6" };
    view! {
        <PageTitle text=title/>
        <div class=width>
            {match lead {
                Some(lead) => view! { <PageHeader title beside lead actions/> }.into_any(),
                None => view! { <PageHeader title beside actions/> }.into_any(),
            }}
            {children()}
        </div>
    }
    .into_any()
}

/// The one primary action of the workspace's kind. In the top bar on wide screens, in the overview's header on phones.
#[component]
pub fn PrimaryAction(#[prop(optional, into)] class: String) -> impl IntoView {
    let session = use_session();
    let words = primary_action_words(session);
    // For whoever writes.
    session.may(Role::Member).then(|| {
        view! {
            <Button variant=ButtonVariant::Primary icon=Glyph::PenLine href="/compose" class>
                {words}
            </Button>
        }
    })
}

/// What the primary action is called.
pub(super) fn primary_action_words(session: Session) -> &'static str {
    match session.kind() {
        Some(WorkspaceKind::Manager) => "New draft",
        _ => "New post",
    }
}
