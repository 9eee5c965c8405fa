//! What came of an authorisation, read from the address that the callback sent the browser to.

use super::super::server_fns::view_withheld;
use crate::{
    AppError,
    layouts::load,
    session::use_session,
    shared::{account::authorize_href, words::counted},
    ui::{Banner, Button, ButtonSize, Tone},
};
use domain::{
    AccountId, ErrorCode, OauthStateId, Platform,
    accounts::{OauthProblem, Withheld},
    workspaces::Role,
};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// What the address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Result {
    Connected(u64, Option<Platform>),
    /// `None`: a word that this version does not know.
    Failed(Option<OauthProblem>, Option<Platform>),
}

fn read(get: impl Fn(&str) -> Option<String>) -> Option<Result> {
    let platform = get("platform").and_then(|word| word.parse().ok());
    if let Some(code) = get("oauth_error") {
        return Some(Result::Failed(code.parse().ok(), platform));
    }
    get("connected").and_then(|n| n.parse().ok()).map(|n| Result::Connected(n, platform))
}

impl Result {
    const fn tone(self) -> Tone {
        match self {
            Self::Connected(0, _) | Self::Failed(Some(OauthProblem::Refused), _) => Tone::Info,
            Self::Connected(..) => Tone::Success,
            Self::Failed(..) => Tone::Danger,
        }
    }

    /// `again`: of an account that was to be reconnected.
    fn title(self, again: bool) -> String {
        let name = |platform: Option<Platform>| platform.map_or("The platform", Platform::label);
        match self {
            Self::Connected(_, platform) => format!("{} is connected.", name(platform)),
            Self::Failed(_, platform) if again => format!("{} was not connected again.", name(platform)),
            Self::Failed(_, platform) => format!("{} was not connected.", name(platform)),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Connected(0, _) => "There was nothing new to add.".to_owned(),
            Self::Connected(n, _) => format!("{} ready.", counted(n, "account is", "accounts are")),
            Self::Failed(Some(problem), Some(platform)) => problem.sentence(platform),
            Self::Failed(..) => "Something went wrong on the way. Nothing was changed. Please try again.".to_owned(),
        }
    }

    /// Where trying again makes sense, the platform to try.
    const fn again(self) -> Option<Platform> {
        match self {
            Self::Failed(Some(OauthProblem::NotConfigured | OauthProblem::ConnectedElsewhere), _)
            | Self::Connected(..) => None,
            Self::Failed(_, platform) => platform,
        }
    }
}

/// The banner above a page of accounts; nothing when the address says nothing.
#[component]
pub fn Outcome(
    /// The address' parameters.
    query: Memo<leptos_router::params::ParamsMap>,
    /// The page's address without them.
    #[prop(into)]
    here: Signal<String>,
    /// See [`withheld`].
    withheld: WithheldOf,
    /// On the page of one account: trying again is for it alone.
    #[prop(optional)]
    account: Option<AccountId>,
) -> impl IntoView {
    let result = Memo::new(move |_| query.with(|query| read(|key| query.get(key))));
    let navigate = use_navigate();
    let dismiss = Callback::new(move |()| {
        navigate(&here.get_untracked(), NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    });
    let back = account.map_or_else(|| "/accounts".to_owned(), |id| format!("/accounts/{id}"));
    let banner = move || {
        result.get().map(|result| {
            let again = result.again();
            let back = back.clone();
            let action = move || {
                again.map(|platform| {
                    view! {
                        <Button
                            size=ButtonSize::Small
                            href=authorize_href(platform, account, &back)
                            attr:rel="external"
                        >
                            {format!("Try {} again", platform.label())}
                        </Button>
                    }
                })
            };
            view! {
                <div class="mb-6">
                    <Banner tone=result.tone() title=result.title(account.is_some()) text=result.text() action on_dismiss=dismiss/>
                </div>
            }
        })
    };
    view! {
        {banner}
        {load(withheld, "what was left out", || (), |withheld| withheld.map(what_was_withheld))}
    }
    .into_any()
}

/// See [`withheld`].
pub type WithheldOf = Resource<std::result::Result<Option<Withheld>, AppError>>;

/// What was withheld in the authorisation that the address names. To be made at the top of a page: what a page loads is numbered in
/// the order of its making, and what is made once something else has come is made twice on the server.
pub fn withheld(query: Memo<leptos_router::params::ParamsMap>) -> WithheldOf {
    Resource::new(move || query.with(|query| query.get("withheld")), withheld_in)
}

/// What the address names, if it still is there: it is kept for a day.
async fn withheld_in(name: Option<String>) -> std::result::Result<Option<Withheld>, AppError> {
    let Some(id) = name.and_then(|name| name.parse::<OauthStateId>().ok()) else { return Ok(None) };
    match view_withheld(id).await {
        Err(error) if error.code() == Some(ErrorCode::NotFound) => Ok(None),
        other => other.map(Some),
    }
}

/// Permissions and pages that were withheld, each with what that costs.
fn what_was_withheld(withheld: Withheld) -> AnyView {
    let Withheld { platform, permissions, left_out } = withheld;
    let permissions = permissions
        .into_iter()
        .map(|missing| {
            view! {
                <li>
                    <p>{missing.costs}</p>
                    <p class="text-sm text-muted">
                        <span class="font-mono text-xs break-all">{missing.scope}</span>
                        ", for " {missing.accounts.join(", ")}
                    </p>
                </li>
            }
        })
        .collect_view();
    let left_out = left_out
        .into_iter()
        .map(|page| {
            view! {
                <li>
                    <p class="font-medium">{page.name}</p>
                    <p class="text-sm text-muted">{page.reason}</p>
                </li>
            }
        })
        .collect_view();
    let again = use_session().may(Role::Admin).then(|| {
        view! {
            <Button size=ButtonSize::Small href=authorize_href(platform, None, "/accounts") attr:rel="external">
                {format!("Connect {} again", platform.label())}
            </Button>
        }
    });
    view! {
        <section
            aria-labelledby="withheld-h"
            class="mb-6 rounded-lg border border-warning-border bg-warning-bg px-3.5 py-3 text-text"
        >
            <h2 id="withheld-h" class="text-base font-semibold">"Not everything came along."</h2>
            <ul class="mt-2 grid gap-2">{permissions} {left_out}</ul>
            <div class="mt-3 flex flex-wrap items-center justify-between gap-2">
                <p class="text-sm text-muted">"Connect again and leave everything ticked to change that."</p>
                {again}
            </div>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<Result> {
        read(|key| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_is_said_without_a_result() {
        assert_eq!(of(&[("platform", "twitter")]), None);
        assert_eq!(of(&[("connected", "many")]), None);
    }

    #[test]
    fn success_counts() {
        let result = of(&[("connected", "2"), ("platform", "facebook")]).unwrap();
        assert_eq!(
            (result.title(false).as_str(), result.text().as_str()),
            ("Facebook is connected.", "2 accounts are ready.")
        );
        assert_eq!(of(&[("connected", "1"), ("platform", "x")]).unwrap().text(), "1 account is ready.");
    }

    #[test]
    fn failures_speak_the_domains_sentences_and_never_the_addresss() {
        let result = of(&[("oauth_error", "state_expired"), ("platform", "linkedin")]).unwrap();
        assert_eq!(result.text(), OauthProblem::StateExpired.sentence(Platform::Linkedin));
        assert_eq!(result.again(), Some(Platform::Linkedin));
        let forged = of(&[("oauth_error", "Call 555 now"), ("platform", "Bank")]).unwrap();
        assert!(!forged.text().contains("555") && !forged.title(false).contains("Bank"));
        let refused = of(&[("oauth_error", "refused"), ("platform", "twitter")]).unwrap();
        assert_eq!(refused.title(false), "X was not connected.");
        // The account may still be connected as before.
        assert_eq!(refused.title(true), "X was not connected again.");
        let elsewhere = of(&[("oauth_error", "connected_elsewhere"), ("platform", "twitter")]).unwrap();
        assert_eq!(elsewhere.again(), None);
    }
}
