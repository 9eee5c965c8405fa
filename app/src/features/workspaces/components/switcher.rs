//! In the top bar: which workspace this is, and the way to another.
//!
//! The list is fetched when it is opened; so no page waits for it. Going there is a plain form and a real navigation,
//! because the session goes there, with everything that a page knows of it. Without a script the link below the list
//! leads to a page that holds the same forms.

use domain::workspaces::{OwnWorkspace, kind_label, role_label};
use leptos::{prelude::*, task::spawn_local, web_sys};
use wasm_bindgen::JsCast as _;

use super::super::{memberships::PAGE, server_fns::own_workspaces};
use crate::{
    AppError,
    session::use_session,
    ui::{AvatarSize, Glyph, Menu, MenuItem, MenuLink, MenuSeparator, OrgMark, icon},
};

/// What is known of the list.
#[derive(Clone, PartialEq)]
enum Known {
    NotYet,
    All(Vec<OwnWorkspace>),
    Failed(AppError),
}

/// The present workspace, and a menu of the others.
#[component]
pub fn Switcher() -> impl IntoView {
    let Some(me) = use_session().me() else { return ().into_any() };
    let (name, logo) = (me.workspace.name, me.workspace.logo_url);
    let known = RwSignal::new(Known::NotYet);
    let fetch = move |()| {
        spawn_local(async move {
            let list = own_workspaces().await.map_or_else(Known::Failed, Known::All);
            if known.try_with_untracked(|known| *known != list) == Some(true) {
                known.set(list);
                // What had the focus is not there any more.
                request_animation_frame(focus_list);
            }
        });
    };
    let shown = name.clone();
    let trigger = move || {
        let name = shown.clone();
        view! {
            <OrgMark name=name.clone() size=AvatarSize::Small own=true nostrip:src=logo.clone()/>
            <span class="truncate" title=name.clone()>{name.clone()}</span>
            {icon(Glyph::ChevronsUpDown, "size-3.5 shrink-0 text-muted")}
        }
    };
    let list = move || match known.get() {
        Known::NotYet => note("Loading your workspaces…".to_owned()),
        Known::Failed(error) => note(error.message().to_owned()),
        Known::All(all) => all.into_iter().map(item).collect_view().into_any(),
    };
    let forms = move || match known.get() {
        Known::All(all) => all.into_iter().map(form).collect_view().into_any(),
        _ => ().into_any(),
    };
    view! {
        <Menu
            id="workspace-menu"
            label=format!("Workspace: {name}")
            trigger_class="flex h-8 min-w-0 items-center gap-2 rounded-lg px-1.5 font-medium hover:bg-hover touch:h-12"
            trigger=ViewFn::from(trigger)
            on_open=fetch
        >
            {list}
            <MenuSeparator/>
            <MenuLink label="All workspaces" href=PAGE icon=Glyph::LayoutGrid/>
            <MenuLink label="New workspace" href=format!("{PAGE}#new") icon=Glyph::Plus/>
        </Menu>
        <div hidden>{forms}</div>
    }
    .into_any()
}

fn note(words: String) -> AnyView {
    view! { <MenuItem label=words disabled=true/> }.into_any()
}

/// Gives the focus to the list that has come, where it was on what stood in its place.
fn focus_list() {
    let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
    let first = document().query_selector("#workspace-menu:popover-open [role=menuitem]").ok().flatten();
    if let Some(first) = first.filter(|_| lost).and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _detached = first.focus();
    }
}

/// The id of the form that leads to a workspace.
fn form_of(workspace: &OwnWorkspace) -> String {
    format!("enter-{}", workspace.id)
}

fn form(workspace: OwnWorkspace) -> impl IntoView {
    view! {
        <form id=form_of(&workspace) method="post" action=PAGE>
            <input type="hidden" name="to" value=workspace.id.to_string()/>
        </form>
    }
}

fn item(workspace: OwnWorkspace) -> impl IntoView {
    let (name, logo) = (workspace.name.clone(), workspace.logo_url.clone());
    let detail = format!("{} · {}", kind_label(workspace.kind), role_label(workspace.role));
    let mark =
        ViewFn::from(move || view! { <OrgMark name=name.clone() size=AvatarSize::Small nostrip:src=logo.clone()/> });
    view! {
        <MenuItem label=workspace.name.clone() mark detail current=workspace.current form=form_of(&workspace)/>
    }
}
