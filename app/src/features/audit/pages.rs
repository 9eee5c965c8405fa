//! `/settings/audit`: who changed what, when and from where; with filters, an export, and a check of the chain.

use super::{
    components::event_rows,
    query::{AuditQuery, PAGE, PATH},
    server_fns::{AuditView, verify_audit, view_audit},
};
use crate::{
    layouts::{PageFrame, load, use_refusal},
    ui::{
        Banner, Button, EmptyState, Field, Glyph, Input, Pagination, Select, SelectOption, SkeletonRows, Tone, grouped,
    },
};
use domain::audit::{Action, AuditPerson, Standing};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{components::Form, hooks::use_query_map};

/// The log of the workspace.
#[component]
pub fn AuditPage() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| AuditQuery::read(|key| params.get(key))));
    let log = Resource::new(move || query.read().filter(), view_audit);
    let standing = RwSignal::new(None::<Standing>);
    view! {
        <PageFrame
            title="Audit log"
            lead="Every change in this workspace: who, what, when and from where. It cannot be edited, and each event is sealed to the one before it."
            actions=move || actions(query, standing)
        >
            {move || standing.get().map(verdict)}
            {load(
                log,
                "the audit log",
                move || view! { <SkeletonRows label="Loading the audit log" count=8/> },
                move |view| full(view, query),
            )}
        </PageFrame>
    }
    .into_any()
}

fn actions(query: Memo<AuditQuery>, standing: RwSignal<Option<Standing>>) -> AnyView {
    let busy = RwSignal::new(false);
    let refusal = use_refusal();
    let verify = move |_| {
        busy.set(true);
        spawn_local(async move {
            let answer = verify_audit().await;
            let _page_gone = busy.try_set(false);
            match answer {
                Ok(found) => {
                    let _page_gone = standing.try_set(Some(found));
                }
                Err(error) => refusal("The log was not checked", &error),
            }
        });
    };
    // Without a script it does nothing.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    view! {
        {move || {
            alive
                .get()
                .then(|| {
                    view! {
                        <Button icon=Glyph::ShieldCheck loading=busy loading_label="Checking…" on_click=verify>
                            "Check the log"
                        </Button>
                    }
                })
        }}
        // A file, not a page: the router lets go of it.
        {move || {
            let href = query.read().csv();
            view! {
                <a
                    href=href
                    rel="external"
                    download="audit-log.csv"
                    class=crate::ui::button_class(crate::ui::ButtonVariant::Secondary, crate::ui::ButtonSize::default(), "")
                >
                    {crate::ui::icon(Glyph::Download, "size-4")}
                    "Export CSV"
                </a>
            }
        }}
    }
    .into_any()
}

fn verdict(standing: Standing) -> AnyView {
    let events = u64::try_from(standing.events).unwrap_or_default();
    let (tone, title, text) = match standing.broken {
        None => {
            let things = if events == 1 { "event" } else { "events" };
            let text = format!("Checked {} {things}: none was changed, removed or moved.", grouped(events));
            (Tone::Success, "The log is whole", text)
        }
        Some(what) => (Tone::Danger, "The log was tampered with", format!("{what} Tell whoever runs this Arctiv.")),
    };
    view! {
        <div role="status" class="mb-4">
            <Banner tone title text/>
        </div>
    }
    .into_any()
}

fn full(view: AuditView, query: Memo<AuditQuery>) -> AnyView {
    let AuditView { events: page, people } = view;
    let shown = query.get_untracked();
    let narrowed = shown.is_narrowed();
    let total = u64::try_from(page.total).unwrap_or_default();
    let offset = u64::from(page.offset);
    let list = if page.items.is_empty() {
        nothing(narrowed)
    } else {
        view! {
            {event_rows(page.items)}
            <div class="mt-4">
                <Pagination
                    total
                    limit=u64::from(PAGE)
                    offset
                    noun="events"
                    base=Signal::derive(move || query.read().href())
                />
            </div>
        }
        .into_any()
    };
    view! {
        {filters(&shown, people)}
        {list}
    }
    .into_any()
}

/// A form that works by its address alone.
fn filters(shown: &AuditQuery, people: Vec<AuditPerson>) -> AnyView {
    let anybody = std::iter::once(SelectOption::new("", "Anybody"));
    let people = people.into_iter().map(|person| {
        let name = person.name.or(person.email).unwrap_or_else(|| "Somebody who has left".to_owned());
        SelectOption::new(person.id.to_string(), name)
    });
    let anything = std::iter::once(SelectOption::new("", "Anything"));
    let mut nouns: Vec<&str> = Action::ALL.iter().map(|action| action.noun()).collect();
    nouns.sort_unstable();
    nouns.dedup();
    let kinds = nouns.into_iter().map(|noun| SelectOption::new(noun, kind_words(noun)));
    // An address may name one action alone; it stays one of the choices.
    let alone = shown.action.filter(|action| action.as_str().contains('.'));
    let alone = alone.map(|action| SelectOption::new(action.as_str(), action.as_str()));
    let who: Vec<SelectOption> = anybody.chain(people).collect();
    let what: Vec<SelectOption> = anything.chain(kinds).chain(alone).collect();
    let actor = shown.actor.map(|user| user.to_string()).unwrap_or_default();
    let action = shown.action.map(|action| action.as_str().to_owned()).unwrap_or_default();
    let day = |moment: Option<domain::audit::Moment>| {
        moment.map(|moment| moment.begins().date_naive().to_string()).unwrap_or_default()
    };
    let (from, to) = (day(shown.from), day(shown.to));
    let subject = shown.subject.map(|id| view! { <input type="hidden" name="subject" value=id.to_string()/> });
    let clear = shown.is_narrowed().then(|| view! { <Button href=PATH>"Clear filters"</Button> });
    view! {
        <search class="mb-4 block">
            <Form method="GET" action=PATH>
                <div class="flex flex-wrap items-end gap-3">
                    <Field id="audit-actor" label="Who" class="min-w-40 flex-1 max-sm:basis-full sm:max-w-56">
                        <Select name="actor" options=who initial=actor/>
                    </Field>
                    <Field id="audit-action" label="What" class="min-w-40 flex-1 max-sm:basis-full sm:max-w-56">
                        <Select name="action" options=what initial=action/>
                    </Field>
                    <Field id="audit-from" label="From" class="min-w-36 flex-1 sm:max-w-40">
                        <Input name="from" kind="date" initial=from/>
                    </Field>
                    <Field id="audit-to" label="To" class="min-w-36 flex-1 sm:max-w-40">
                        <Input name="to" kind="date" initial=to/>
                    </Field>
                    {subject}
                    <div class="flex gap-2">
                        <Button submit=true>"Show"</Button>
                        {clear}
                    </div>
                </div>
            </Form>
        </search>
    }
    .into_any()
}

/// What all actions of a kind are about.
fn kind_words(noun: &str) -> String {
    match noun {
        "session" => "Signing in and out".to_owned(),
        "media" => "Pictures".to_owned(),
        "delivery" => "Deliveries".to_owned(),
        "membership" => "Team".to_owned(),
        "api_key" => "API keys".to_owned(),
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().to_string());
            format!("{first}{}s", letters.as_str())
        }
    }
}

fn nothing(narrowed: bool) -> AnyView {
    if narrowed {
        return view! {
            <EmptyState
                title="Nothing happened under these filters"
                text="Choose other people, another kind or more days, or look at everything."
                level=2
                action=move || view! { <Button href=PATH>"Clear filters"</Button> }
            />
        }
        .into_any();
    }
    view! {
        <EmptyState
            title="Nothing has been changed yet"
            text="From now on each change is written here with who made it, when and from where, and stays as it was written."
            level=2
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::kind_words;

    #[test]
    fn kinds_are_called_what_people_call_them() {
        assert_eq!(kind_words("post"), "Posts");
        assert_eq!(kind_words("session"), "Signing in and out");
        assert_eq!(kind_words("access_link"), "Access links");
    }
}
