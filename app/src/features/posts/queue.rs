//! `/settings/queue`: the weekly times at which posts of the queue go out.

use super::server_fns::{AccountChoice, QueueView, add_slot, remove_slot, view_queue};
use crate::{
    AppError,
    layouts::{PageFrame, load, use_refusal},
    session::use_session,
    shared::words::mark,
    ui::{
        Button, ButtonVariant, EmptyState, Field, Glyph, Input, MarkSize, PlatformMark, Section, Select, SelectOption,
        SkeletonRows, icon, use_toasts,
    },
};
use domain::{
    AccountId, ErrorCode, FieldErrors, QueueSlotId,
    posts::queue::{NewSlot, QueueSlot, SlotTime, Weekday},
    workspaces::Role,
};
use leptos::{prelude::*, task::spawn_local};

/// The queue's settings.
#[component]
pub fn QueuePage() -> impl IntoView {
    let queue = Resource::new(|| (), |()| view_queue());
    let may_edit = use_session().may(Role::Editor);
    view! {
        <PageFrame
            title="Queue"
            lead="Weekly times at which posts go out. “Add to queue” in the composer takes the next free one."
            narrow=true
            actions=move || view! { <Button icon=Glyph::Calendar href="/calendar">"Calendar"</Button> }
        >
            {load(
                queue,
                "the queue",
                move || view! { <SkeletonRows label="Loading the queue" count=4/> },
                move |view| slots_and_form(view, queue, may_edit),
            )}
        </PageFrame>
    }
    .into_any()
}

/// Slots that belong together: the workspace's, or one account's.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    account: Option<AccountId>,
    slots: Vec<QueueSlot>,
}

/// The workspace's first, then by account as they came.
fn groups(slots: &[QueueSlot]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for slot in slots {
        match groups.iter_mut().find(|group| group.account == slot.social_account_id) {
            Some(group) => group.slots.push(slot.clone()),
            None => groups.push(Group { account: slot.social_account_id, slots: vec![slot.clone()] }),
        }
    }
    groups.sort_by_key(|group| group.account.is_some());
    groups
}

fn slots_and_form(view: QueueView, queue: Resource<Result<QueueView, AppError>>, may_edit: bool) -> AnyView {
    let QueueView { slots, accounts, free, zone } = view;
    let groups = groups(&slots);
    let next = free.first().map(domain::posts::queue::FreeSlot::words);
    let lists = groups.into_iter().map(|group| group_view(group, &accounts, &zone, queue, may_edit)).collect_view();
    let nothing = slots.is_empty().then(|| {
        view! {
            <EmptyState
                title="No slots yet"
                text="With a few weekly times, such as Tuesday and Thursday at 9:00, nobody has to pick a time for each post."
                level=2
            />
        }
    });
    view! {
        <div class="grid grid-cols-1 gap-6">
            {next
                .map(|next| {
                    view! {
                        <p class="flex items-center gap-2 text-sm">
                            {icon(Glyph::Clock, "size-4 text-muted")}
                            <span><span class="text-muted">"Next free: "</span> <span class="font-medium">{next}</span></span>
                        </p>
                    }
                })}
            {nothing}
            {lists}
            {may_edit.then(|| view! { <AddSlots accounts zone queue/> })}
        </div>
    }
    .into_any()
}

fn group_view(
    group: Group,
    accounts: &[AccountChoice],
    zone: &str,
    queue: Resource<Result<QueueView, AppError>>,
    may_edit: bool,
) -> AnyView {
    let account = group.account.map(|id| accounts.iter().find(|account| account.id == id).cloned());
    let (name, platform) = match &account {
        None => ("Every post".to_owned(), None),
        Some(Some(account)) => (account.name.clone(), Some(account.platform)),
        Some(None) => ("An account that is not connected any more".to_owned(), None),
    };
    let hint = match account {
        None => "For posts to several accounts, or to one without slots of its own.",
        Some(_) => "For posts to this account alone.",
    };
    let id = group.account.map_or_else(|| "queue-workspace".to_owned(), |id| format!("queue-{id}"));
    let heading = id.clone();
    let whose = name.clone();
    let days = Weekday::ALL
        .into_iter()
        .filter_map(|day| {
            let slots: Vec<_> = group.slots.iter().filter(|slot| slot.weekday == day).cloned().collect();
            (!slots.is_empty()).then_some((day, slots))
        })
        .map(|(day, slots)| {
            let times = slots
                .into_iter()
                .map(|slot| {
                    let elsewhere = (slot.time_zone != zone).then(|| slot.time_zone.clone());
                    let label = format!("Remove {} at {} from the slots of {whose}", day.label(), slot.time);
                    view! { <OneTime one=slot label elsewhere queue may_edit/> }
                })
                .collect_view();
            view! {
                <li class="flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-border px-3.5 py-2.5 first:border-t-0">
                    <span class="w-24 shrink-0 font-medium">{day.label()}</span>
                    <ul class="flex flex-1 flex-wrap gap-2">{times}</ul>
                </li>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby=heading>
            <div class="mb-2">
                <h2 id=id class="flex items-center gap-2 text-base font-semibold">
                    {platform.map(|platform| view! { <PlatformMark mark=mark(platform) size=MarkSize::Bare/> })}
                    {name}
                </h2>
                <p class="text-sm text-muted">{hint}</p>
            </div>
            <ul class="rounded-lg border border-border bg-surface">{days}</ul>
        </section>
    }
    .into_any()
}

/// One time, which can be removed.
#[component]
fn OneTime(
    one: QueueSlot,
    label: String,
    elsewhere: Option<String>,
    queue: Resource<Result<QueueView, AppError>>,
    may_edit: bool,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let refusal = use_refusal();
    let toasts = use_toasts();
    let (id, time): (QueueSlotId, String) = (one.id, one.time.to_string());
    let said = format!("{} at {time} was removed from the queue", one.weekday.label());
    let remove = move |_| {
        let said = said.clone();
        busy.set(true);
        spawn_local(async move {
            match remove_slot(id).await {
                Ok(()) => {
                    toasts.success(said);
                    queue.refetch();
                }
                Err(error) => {
                    let _page_gone = busy.try_set(false);
                    refusal("The slot was not removed", &error);
                }
            }
        });
    };
    view! {
        <li class="inline-flex h-8 items-center gap-1.5 rounded-lg border border-border-strong pl-2.5 text-sm tabular-nums touch:h-12">
            <span class="font-medium">{time}</span>
            {elsewhere.map(|zone| view! { <span class="text-muted">{zone}</span> })}
            {if may_edit {
                view! {
                    <button
                        type="button"
                        class="grid size-7 place-items-center rounded-md text-muted hover:bg-hover hover:text-text touch:size-11"
                        aria-label=label
                        disabled=move || busy.get()
                        on:click=remove
                    >
                        {icon(Glyph::X, "size-3.5")}
                    </button>
                }
                    .into_any()
            } else {
                view! { <span class="pr-2.5"></span> }.into_any()
            }}
        </li>
    }
    .into_any()
}

/// The days that a choice of the form stands for.
fn days_of(choice: &str) -> Vec<Weekday> {
    match choice {
        "every_day" => Weekday::ALL.to_vec(),
        "weekdays" => Weekday::ALL.into_iter().take(5).collect(),
        one => one.parse().into_iter().collect(),
    }
}

/// Adds a time on one day or on several.
#[component]
fn AddSlots(accounts: Vec<AccountChoice>, zone: String, queue: Resource<Result<QueueView, AppError>>) -> impl IntoView {
    let whose = RwSignal::new(String::new());
    let day = RwSignal::new(Weekday::Monday.as_str().to_owned());
    let time = RwSignal::new("09:00".to_owned());
    let time_zone = RwSignal::new(zone);
    let errors = RwSignal::new(FieldErrors::default());
    let busy = RwSignal::new(false);
    let refusal = use_refusal();
    let toasts = use_toasts();
    let error = move |field: &'static str| Signal::derive(move || errors.read().get(field).map(str::to_owned));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let parsed: Option<SlotTime> = time.read_untracked().get(..5).and_then(|time| time.parse().ok());
        let Some(parsed) = parsed else {
            errors.set(FieldErrors::one("time", "Enter a time of day, such as 09:00."));
            return;
        };
        let new = |weekday| NewSlot {
            social_account_id: whose.read_untracked().parse().ok(),
            weekday,
            time: parsed,
            time_zone: Some(time_zone.get_untracked().trim().to_owned()).filter(|zone| !zone.is_empty()),
        };
        let slots: Vec<NewSlot> = days_of(&day.read_untracked()).into_iter().map(new).collect();
        errors.set(FieldErrors::default());
        busy.set(true);
        spawn_local(async move {
            let all = slots.len();
            let mut added = 0_usize;
            for slot in slots {
                match add_slot(slot).await {
                    Ok(_) => added += 1,
                    // Of several days, those that have the slot already are no mistake.
                    Err(AppError::Refused(fault))
                        if all > 1 && fault.code == ErrorCode::Conflict && fault.fields.get("time").is_some() => {}
                    Err(AppError::Refused(fault)) if !fault.fields.is_empty() => {
                        let _page_gone = errors.try_set(fault.fields);
                        break;
                    }
                    Err(error) => {
                        refusal("The slot was not added", &error);
                        break;
                    }
                }
            }
            let _page_gone = busy.try_set(false);
            if added > 0 {
                toasts.success(if added == 1 {
                    "The slot was added".to_owned()
                } else {
                    format!("{added} slots were added")
                });
                queue.refetch();
            }
        });
    };
    let owners = std::iter::once(SelectOption::new("", "Every post"))
        .chain(accounts.into_iter().map(|account| SelectOption::new(account.id.to_string(), account.words())))
        .collect::<Vec<_>>();
    let days = Weekday::ALL
        .into_iter()
        .map(|day| SelectOption::new(day.as_str(), day.label()))
        .chain([SelectOption::new("weekdays", "Monday to Friday"), SelectOption::new("every_day", "Every day")])
        .collect::<Vec<_>>();
    view! {
        <Section id="queue-add" title="Add slots">
            <form class="grid grid-cols-1 gap-4 sm:grid-cols-2 lg:grid-cols-[1.4fr_1fr_7rem_1.2fr_auto] lg:items-start" on:submit=submit>
                <Field id="slot-account" label="For" error=error("social_account_id")>
                    <Select name="account" options=owners value=whose/>
                </Field>
                <Field id="slot-day" label="Day" error=error("weekday")>
                    <Select name="weekday" options=days value=day/>
                </Field>
                <Field id="slot-time" label="Time" error=error("time")>
                    <Input name="time" kind="time" value=time required=true/>
                </Field>
                <Field id="slot-zone" label="Time zone" error=error("time_zone")>
                    <Input name="time_zone" value=time_zone autocomplete="off" maxlength=64_u32/>
                </Field>
                <div class="lg:pt-7">
                    <Button submit=true variant=ButtonVariant::Primary loading=busy loading_label="Adding…">"Add"</Button>
                </div>
            </form>
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_a_choice() {
        assert_eq!(days_of("tuesday"), [Weekday::Tuesday]);
        assert_eq!(days_of("weekdays").len(), 5);
        assert_eq!(days_of("every_day").len(), 7);
        assert!(days_of("someday").is_empty());
    }

    #[test]
    fn slots_stand_with_those_they_belong_to() {
        let slot = |n: u128, account: Option<u128>| QueueSlot {
            id: QueueSlotId(uuid::Uuid::from_u128(n)),
            social_account_id: account.map(|n| AccountId(uuid::Uuid::from_u128(n))),
            weekday: Weekday::Monday,
            time: SlotTime::default(),
            time_zone: "UTC".into(),
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        let found = groups(&[slot(1, Some(7)), slot(2, None), slot(3, Some(7))]);
        assert_eq!(found.iter().map(|group| group.slots.len()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(found[0].account, None);
    }
}
