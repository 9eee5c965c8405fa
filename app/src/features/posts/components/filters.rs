//! What narrows the list of posts: words, states with how many there are, and everything else one knows of a post. All of it is
//! addresses, so a narrowed list can be sent on, gone back to, and read without script.

use crate::{
    features::posts::{
        query::PostsQuery,
        server_fns::{FilterView, view_filters},
    },
    live::use_live,
    shared::search::ListSearch,
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

/// The statuses that posts have today; the others come with approvals.
const STATUSES: [PostStatus; 6] = [
    PostStatus::Draft,
    PostStatus::Scheduled,
    PostStatus::Publishing,
    PostStatus::Published,
    PostStatus::PartlyPublished,
    PostStatus::Failed,
];

/// The filters of the list of posts.
#[component]
pub fn Filters(query: Memo<PostsQuery>) -> impl IntoView {
    let found = Resource::new(move || query.read().with(|_| ()).filter(), view_filters);
    let live = use_live();
    Effect::new(move |before: Option<u32>| {
        let now = live.posts().get();
        if before.is_some_and(|before| before != now) {
            found.refetch();
        }
        now
    });
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
                <Transition fallback=move || selects(query, None)>
                    {move || Suspend::new(async move { selects(query, found.await.ok()) })}
                </Transition>
            </div>
            <Transition fallback=move || chips(query, None)>
                {move || Suspend::new(async move { chips(query, found.await.ok()) })}
            </Transition>
        </div>
    }
    .into_any()
}

/// The states, each with how many posts there are in it under the other filters.
fn chips(query: Memo<PostsQuery>, found: Option<FilterView>) -> AnyView {
    let facets = found.map(|found| found.facets);
    let chip = |label: &'static str, status: Option<PostStatus>| {
        let posts = facets.as_ref().map(|facets| status.map_or(facets.total, |status| facets.of(status)));
        view! {
            <FilterChip
                label
                href=Signal::derive(move || query.read().with(|query| query.status = status).href())
                active=Signal::derive(move || query.read().status == status)
                count=posts.map(|posts| u64::try_from(posts).unwrap_or_default())
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
fn selects(query: Memo<PostsQuery>, found: Option<FilterView>) -> AnyView {
    let platforms = options(
        query,
        any("All").chain(
            Platform::ALL
                .into_iter()
                .filter(|platform| platform.rules().is_some())
                .map(|platform| (Some(platform), platform.label().to_owned())),
        ),
        |query| &mut query.platform,
    );
    let (accounts, authors) = match found {
        Some(found) => (
            found.accounts.into_iter().map(|account| (Some(account.id), account.words())).collect(),
            found.facets.authors.into_iter().map(|one| (Some(one.author.id), one.author.name)).collect(),
        ),
        None => (Vec::new(), Vec::new()),
    };
    let accounts = options(query, any("All").chain(accounts), |query| &mut query.account);
    let authors = options(query, any("Anyone").chain(authors), |query| &mut query.author);
    let visibilities =
        [(Visibility::Public, "Public"), (Visibility::Private, "Private"), (Visibility::Scheduled, "Scheduled")];
    let visibilities = options(
        query,
        any("Any").chain(visibilities.into_iter().map(|(visibility, label)| (Some(visibility), label.to_owned()))),
        |query| &mut query.visibility,
    );
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
    view! {
        <FilterSelect id="posts-platform" label="Platform" options=platforms/>
        <FilterSelect id="posts-account" label="Account" options=accounts/>
        <FilterSelect id="posts-author" label="Author" options=authors/>
        <FilterSelect id="posts-visibility" label="Visibility" options=visibilities/>
        {dates(query)}
        {move || {
            query.read().q.is_some().then(|| view! { <FilterSelect id="posts-sort" label="Order" options=sorts/> })
        }}
        {move || {
            let narrowed = query.read().with(|query| query.status = None).is_narrowed();
            narrowed
                .then(|| view! { <Button size=ButtonSize::Small variant=ButtonVariant::Ghost href="/posts">"Clear"</Button> })
        }}
    }
    .into_any()
}

/// The choice that narrows nothing.
fn any<T>(label: &str) -> std::iter::Once<(Option<T>, String)> {
    std::iter::once((None, label.to_owned()))
}

/// The choices of a filter as addresses.
fn options<T: Clone + PartialEq + Send + Sync + 'static>(
    query: Memo<PostsQuery>,
    choices: impl IntoIterator<Item = (Option<T>, String)>,
    field: impl Fn(&mut PostsQuery) -> &mut Option<T> + Send + Sync + 'static,
) -> Signal<Vec<FilterOption>> {
    let choices: Vec<_> = choices.into_iter().collect();
    Signal::derive(move || {
        let query = query.read();
        let mut shown = query.clone();
        let current = field(&mut shown).clone();
        choices
            .iter()
            .map(|(value, label)| FilterOption {
                href: query.with(|query| field(query).clone_from(value)).href(),
                label: label.clone(),
                active: current == *value,
            })
            .collect()
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
