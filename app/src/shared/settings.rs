//! What the forms of the settings share. They are plain forms that post to the page they stand on: what they change is shown
//! all over the page, so it is loaded anew in any case, and no script is needed.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    session::{FormOutcome, use_session},
    ui::{Banner, Button, ButtonVariant, Field, FileInput, Tone},
};

/// What the browser's dialog offers for a picture.
const PICTURES: &str = "image/png,image/jpeg,image/webp,image/gif";

/// The form that was just refused, if it was one of this page.
pub fn refused_on(page: &str) -> FormOutcome {
    use_session().refused_form(page).unwrap_or_default()
}

/// What is wrong with a field.
pub fn error_of(outcome: &FormOutcome, field: &str) -> Option<String> {
    outcome.fields.get(field).map(str::to_owned)
}

/// What a field holds to start with: what was typed, if it was refused, or what is set.
pub fn start_of(outcome: &FormOutcome, field: &str, set: &str) -> String {
    outcome.values.get(field).map_or(set, String::as_str).to_owned()
}

/// Above the forms: what became of them.
pub fn notes(outcome: &FormOutcome) -> AnyView {
    let saved = use_query_map().with_untracked(|query| query.get("saved")).is_some();
    let elsewhere = error_of(outcome, domain::workspaces::WORKSPACE_FIELD);
    let refused = outcome.message.clone().or(elsewhere);
    let fields = outcome.fields.0.len();
    let refused =
        refused.or_else(|| (fields > 0).then(|| "Nothing was saved yet: have another look below.".to_owned()));
    match refused {
        Some(title) => view! { <div role="alert"><Banner tone=Tone::Danger title/></div> }.into_any(),
        None if saved => view! { <div role="status"><Banner tone=Tone::Success title="Saved."/></div> }.into_any(),
        None => ().into_any(),
    }
}

/// Says which workspace a form belongs to: the session may be in another one when it is sent.
pub fn belongs_here() -> AnyView {
    let id = use_session().me().map(|me| me.workspace.id.to_string());
    view! { <input type="hidden" name="workspace" value=id/> }.into_any()
}

/// Choosing, replacing and removing a picture. `mark` shows what there is.
pub fn picture_form(
    page: &'static str,
    id: &'static str,
    label: &'static str,
    has_one: bool,
    outcome: &FormOutcome,
    mark: AnyView,
) -> AnyView {
    let error = error_of(outcome, "file");
    let remove = has_one.then(|| {
        view! {
            <form method="post" action=page class="mt-3">
                {belongs_here()}
                <input type="hidden" name="remove_picture" value="true"/>
                <Button submit=true variant=ButtonVariant::DangerQuiet>{format!("Remove {}", label.to_lowercase())}</Button>
            </form>
        }
    });
    view! {
        <div class="flex items-start gap-4">
            <div class="pt-1">{mark}</div>
            <div class="min-w-0 flex-1">
                <form method="post" action=page enctype="multipart/form-data" class="grid gap-4">
                    {belongs_here()}
                    <Field id label hint="JPG, PNG, WebP or GIF, at most 5 MB. Shown small." error>
                        <FileInput name="picture" accept=PICTURES/>
                    </Field>
                    <div>
                        <Button submit=true>{if has_one { "Replace" } else { "Upload" }}</Button>
                    </div>
                </form>
                {remove}
            </div>
        </div>
    }
    .into_any()
}
