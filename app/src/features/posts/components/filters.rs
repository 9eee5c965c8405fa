//! What narrows the list of posts: words, states with how many there are, and everything else one knows of a post. All of it is
//! addresses, so a narrowed list can be sent on, gone back to, and read without script.

use crate::{
    features::posts::{
        query::PostsQuery,
        server_fns::{FilterView, view_filters},
    },
    layouts::load_head,
    live::use_live,
    shared::{follow::follow, search::ListSearch},
    ui::{
        Button, ButtonSize, ButtonVariant, FilterChip, FilterOption, FilterSelect, Glyph, Input, Popover, button_class,
        icon,
    },
};
use chrono::NaiveDate;
use domain::{
    Platform,
    posts::{PostSort, PostStatus, Visibility},
};
use leptos::prelude::*;
use leptos_router::components::Form;

/// The statuses that posts rest in. What is approved is on its way at once.
const STATUSES: [PostStatus; 8] = [
    PostStatus::Draft,
    PostStatus::PendingApproval,
    PostStatus::Rejected,
    PostStatus::Scheduled,
    PostStatus::Publishing,
    PostStatus::Published,
    PostStatus::PartlyPublished,
    PostStatus::Failed,
];

/// The filters of the list of posts. They are built once: a menu that is open stays open while its numbers change.
#[component]
pub fn Filters(query: Memo<PostsQuery>) -> impl IntoView {
    let filter = Memo::new(move |_| query.read().with(|_| ()).filter());
    let first = Resource::new(|| (), move |()| view_filters(filter.get_untracked()));
    let now = RwSignal::new(None::<FilterView>);
    let narrowed = RwSignal::new(0_u32);
    Effect::new(move |before: Option<()>| {
        filter.track();
        if before.is_some() {
            narrowed.update(|times| *times = times.wrapping_add(1));
        }
    });
    let live = use_live();
    follow(
        Signal::derive(move || live.posts().get().wrapping_add(narrowed.get())),
        Signal::stored(false),
        move || view_filters(filter.get_untracked()),
        move |view: FilterView| now.set(Some(view)),
    );
    load_head(first, now, move || {
        let keep = Signal::derive(move || {
            let query = query.read();
            query.pairs().into_iter().filter(|(name, _)| *name != "q").collect::<Vec<_>>()
        });
        view! {
            <div class="mb-4 grid gap-2">
                <div class="flex flex-wrap items-center gap-2">
                    <ListSearch
                        label="Search posts"
                        placeholder="Words, links, “a phrase”"
                        action="/posts"
                        current=Signal::derive(move || query.read().q.clone())
                        keep
                        to=move |q| query.read_untracked().with(|query| query.q = q).href()
                    />
                    {selects(query, now)}
                </div>
                {chips(query, now)}
            </div>
        }
        .into_any()
    })
}

/// The states, each with how many posts there are in it under the other filters.
fn chips(query: Memo<PostsQuery>, found: RwSignal<Option<FilterView>>) -> AnyView {
    let chip = |label: &'static str, status: Option<PostStatus>| {
        let count = Memo::new(move |_| {
            let found = found.read();
            let facets = &found.as_ref()?.facets;
            Some(u64::try_from(status.map_or(facets.total, |status| facets.of(status))).unwrap_or_default())
        });
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with(|query| query.status = status).href())
                active=Signal::derive(move || query.read().status == status)
                count
            />
        }
        .into_any()
    };
    view! {
        <div
            role="group"
            aria-label="Status"
            class="relative flex gap-2 overflow-x-auto max-sm:-mx-4 max-sm:w-screen max-sm:px-4 max-sm:py-1"
        >
            {chip("All", None)}
            {STATUSES.map(|status| chip(status.label(), Some(status))).collect_view()}
        </div>
    }
    .into_any()
}

/// The other filters.
fn selects(query: Memo<PostsQuery>, found: RwSignal<Option<FilterView>>) -> AnyView {
    let platforms = Platform::ALL
        .into_iter()
        .filter(|platform| platform.rules().is_some())
        .map(|platform| (platform, platform.label().to_owned()))
        .collect();
    let platforms = options(query, "All", Signal::stored(platforms), |query| &mut query.platform);
    let accounts = Memo::new(move |_| match found.read().as_ref() {
        Some(found) => found.accounts.iter().map(|account| (account.id, account.words())).collect(),
        None => Vec::new(),
    });
    let accounts = options(query, "All", accounts.into(), |query| &mut query.account);
    let authors = Memo::new(move |_| match found.read().as_ref() {
        Some(found) => found.facets.authors.iter().map(|one| (one.author.id, one.author.name.clone())).collect(),
        None => Vec::new(),
    });
    let authors = options(query, "Anyone", authors.into(), |query| &mut query.author);
    let visibilities =
        [(Visibility::Public, "Public"), (Visibility::Private, "Private"), (Visibility::Scheduled, "Scheduled")]
            .map(|(visibility, label)| (visibility, label.to_owned()))
            .to_vec();
    let visibilities = options(query, "Any", Signal::stored(visibilities), |query| &mut query.visibility);
    let sorts = Signal::derive(move || {
        let query = query.read();
        [(PostSort::Newest, "Newest first"), (PostSort::Relevance, "Best match first")]
            .map(|(sort, label)| FilterOption {
                href: query.with(|query| query.sort = sort).href(),
                label: label.to_owned(),
                active: query.sort == sort,
            })
            .to_vec()
    });
    let searched = Memo::new(move |_| query.read().q.is_some());
    let narrowed = Memo::new(move |_| query.read().with(|query| query.status = None).is_narrowed());
    view! {
        <FilterSelect id="posts-platform" label="Platform" options=platforms/>
        <FilterSelect id="posts-account" label="Account" options=accounts/>
        <FilterSelect id="posts-author" label="Author" options=authors/>
        <FilterSelect id="posts-visibility" label="Visibility" options=visibilities/>
        {dates(query)}
        {move || searched.get().then(|| view! { <FilterSelect id="posts-sort" label="Order" options=sorts/> })}
        {move || {
            narrowed
                .get()
                .then(|| view! { <Button size=ButtonSize::Small variant=ButtonVariant::Ghost href="/posts">"Clear"</Button> })
        }}
    }
    .into_any()
}

/// The choices of a filter as addresses, led by `any`, which narrows nothing.
fn options<T: Clone + PartialEq + Send + Sync + 'static>(
    query: Memo<PostsQuery>,
    any: &'static str,
    choices: Signal<Vec<(T, String)>>,
    field: impl Fn(&mut PostsQuery) -> &mut Option<T> + Send + Sync + 'static,
) -> Signal<Vec<FilterOption>> {
    Signal::derive(move || {
        let query = query.read();
        let mut shown = query.clone();
        let current = field(&mut shown).clone();
        let option = |value: Option<T>, label: String| FilterOption {
            active: current == value,
            href: query.with(|query| *field(query) = value).href(),
            label,
        };
        let first = option(None, any.to_owned());
        let others = choices.get().into_iter().map(|(value, label)| option(Some(value), label));
        std::iter::once(first).chain(others).collect()
    })
}

/// "Dates 1–30 Nov".
fn dates(query: Memo<PostsQuery>) -> AnyView {
    let words = move || {
        let query = query.read();
        date_words(query.from, query.to)
    };
    let trigger = move || {
        view! {
            <span class="font-normal text-muted">"Dates"</span>
            {words}
            {icon(Glyph::ChevronDown, "size-3.5 text-muted")}
        }
    };
    let fields = move || {
        let query = query.read();
        let kept = query.pairs().into_iter().filter(|(name, _)| *name != "from" && *name != "to");
        let kept = kept.map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
        let text = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        view! {
            {kept}
            <label class="text-sm font-medium" for="posts-from">"From"</label>
            <Input id="posts-from" name="from" kind="date" initial=text(query.from)/>
            <label class="text-sm font-medium" for="posts-to">"To"</label>
            <Input id="posts-to" name="to" kind="date" initial=text(query.to)/>
        }
    };
    view! {
        <Popover
            id="posts-dates"
            label="Dates"
            trigger=ViewFn::from(trigger)
            trigger_class=button_class(ButtonVariant::Secondary, ButtonSize::Small, "")
            class="w-64 p-3"
        >
            <Form method="GET" action="/posts">
                <div class="grid grid-cols-[3rem_minmax(0,1fr)] items-center gap-2">{fields}</div>
                <p class="mt-2 text-sm text-muted">"When posts go or went out; drafts by when they were written."</p>
                <div class="mt-3 flex justify-end"><Button submit=true size=ButtonSize::Small>"Show these dates"</Button></div>
            </Form>
        </Popover>
    }
    .into_any()
}

fn date_words(from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    let day = |day: NaiveDate| day.format("%-d %b %Y").to_string();
    match (from, to) {
        (None, None) => "Any".to_owned(),
        (Some(from), None) => format!("From {}", day(from)),
        (None, Some(to)) => format!("To {}", day(to)),
        (Some(from), Some(to)) if from == to => day(from),
        (Some(from), Some(to)) => format!("{}–{}", day(from), day(to)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_in_words() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(date_words(None, None), "Any");
        assert_eq!(date_words(day("2026-11-01"), None), "From 1 Nov 2026");
        assert_eq!(date_words(day("2026-11-01"), day("2026-11-01")), "1 Nov 2026");
        assert_eq!(date_words(day("2026-11-01"), day("2026-11-30")), "1 Nov 2026–30 Nov 2026");
    }
}
