//! What needs a person comes first: which connection, why, since when, and the one action.

use domain::accounts::Account;
use leptos::prelude::*;

use super::board::Board;
use crate::{
    shared::{
        account::reconnect_link,
        words::{account_status, counted, mark},
    },
    ui::{Banner, Button, ButtonSize, ButtonVariant, MarkSize, PlatformMark, RelativeTime, Section, StatusBadge, Tone},
};

/// One sentence above the page, for a workspace with few accounts.
#[component]
pub fn AttentionBanner(board: Board, return_to: &'static str) -> impl IntoView {
    let needy = board.needy();
    move || {
        let needy = needy.get();
        let (first, rest) = needy.split_first()?;
        let title = match rest.len() {
            0 => format!("{} needs you.", first.display_name),
            more => format!("{} need you.", counted(more as u64 + 1, "account", "accounts")),
        };
        let text = if rest.is_empty() {
            first.status_reason.clone().unwrap_or_else(|| "New posts skip it until it is reconnected.".to_owned())
        } else {
            let names: Vec<_> =
                needy.iter().map(|one| format!("{} on {}", one.display_name, one.platform.label())).collect();
            format!("New posts skip {}.", join(&names))
        };
        let action = action(first, rest.is_empty() && board.actions.may_reconnect, return_to);
        Some(view! { <div class="mb-7"><Banner tone=Tone::Warning title text action/></div> })
    }
}

fn action(first: &Account, reconnect: bool, return_to: &'static str) -> ViewFn {
    let first = first.clone();
    ViewFn::from(move || {
        if reconnect {
            reconnect_link(&first, return_to, ButtonVariant::Secondary, ButtonSize::Small)
        } else {
            view! { <Button size=ButtonSize::Small href="/accounts">"See accounts"</Button> }.into_any()
        }
    })
}

/// "a", "a and b", "a, b and c".
fn join(names: &[String]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// A section of its own, for a workspace with many accounts. Nothing while all is well.
#[component]
pub fn AttentionRows(board: Board, return_to: &'static str) -> impl IntoView {
    let needy = board.needy();
    let count = Signal::derive(move || Some(needy.read().len() as u64));
    let any = Memo::new(move |_| !needy.read().is_empty());
    move || {
        any.get().then(|| {
            view! {
                <Section id="attention" title="Needs attention" count count_tone=Tone::Warning class="mt-8">
                    <ul class="divide-y divide-border rounded-lg border border-border">
                        {move || needy.get().iter().map(|account| row(account, board, return_to)).collect_view()}
                    </ul>
                </Section>
            }
        })
    }
}

fn row(account: &Account, board: Board, return_to: &'static str) -> AnyView {
    let since = account.last_synced_at.unwrap_or(account.connected_at);
    let reason = account.status_reason.clone().unwrap_or_else(|| account.status.label().to_owned());
    let reconnect = board
        .actions
        .may_reconnect
        .then(|| reconnect_link(account, return_to, ButtonVariant::Secondary, ButtonSize::Small));
    view! {
        <li class="group relative grid grid-cols-[auto_minmax(0,1fr)] items-start gap-x-3 gap-y-2.5 px-3 py-3 hover:bg-hover sm:px-4 md:grid-cols-[auto_minmax(0,1fr)_auto] md:items-center lg:grid-cols-[auto_minmax(0,1fr)_10.5rem_8rem]">
            <PlatformMark mark=mark(account.platform) size=MarkSize::Medium/>
            <div class="min-w-0">
                <p class="flex flex-wrap items-center gap-x-2 gap-y-1">
                    <a
                        href=format!("/accounts/{}", account.id)
                        class="cover font-semibold"
                    >
                        {account.display_name.clone()}
                    </a>
                    <span class="text-muted">{account.platform.label()}</span>
                    <StatusBadge status=account_status(account.status)/>
                </p>
                <p class="mt-0.5 text-sm text-muted">{reason}</p>
            </div>
            <p class="text-sm max-lg:hidden">
                "New posts skip it"
                <br/>
                <span class="text-muted">"Last synced " <RelativeTime at=since/></span>
            </p>
            <div class="relative z-10 flex items-center gap-1 max-md:col-start-2 md:justify-end">{reconnect}</div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn names_are_joined_as_people_do() {
        let names = |n: usize| ["a", "b", "c"].iter().take(n).map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(join(&names(1)), "a");
        assert_eq!(join(&names(2)), "a and b");
        assert_eq!(join(&names(3)), "a, b and c");
    }
}
