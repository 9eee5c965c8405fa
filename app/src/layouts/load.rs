//! From a resource to the screen: the three states of loading, failed and full, the same on every page. (The fourth,
//! empty, is the page's own: only it knows what to teach.)

use std::future::IntoFuture as _;

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_url};
use serde::{Serialize, de::DeserializeOwned};

use super::{navigation::leave_for, page::PageFrame};
use crate::{
    error::AppError,
    ui::{Button, ErrorState, Toast, Tone, use_toasts},
};

/// Shows a resource: `skeleton` until it is first there, an error with "Try again", or `full`. While it is fetched
/// again, what is there stays.
///
/// Create the resource at the top of the page, never inside. `what` completes "We could not load …".
pub fn load<T, V>(
    resource: Resource<Result<T, AppError>>,
    what: &'static str,
    skeleton: impl Into<ViewFnOnce>,
    full: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    load_in(resource, what, skeleton, full, |view| view)
}

/// [`load`] for a page that is titled by what it loads: `full` brings its own [`PageFrame`]. Until it is there, and when
/// it fails, `title` stands at its place.
pub fn load_page<T, V>(
    resource: Resource<Result<T, AppError>>,
    title: &'static str,
    what: &'static str,
    skeleton: impl Into<ViewFnOnce>,
    full: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    load_in(resource, what, skeleton, full, move |view| view! { <PageFrame title>{view}</PageFrame> }.into_any())
}

fn load_in<T, V>(
    resource: Resource<Result<T, AppError>>,
    what: &'static str,
    skeleton: impl Into<ViewFnOnce>,
    full: impl Fn(T) -> V + Clone + Send + Sync + 'static,
    framed: impl Fn(AnyView) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let skeleton: ViewFnOnce = skeleton.into();
    let signed_out = use_signed_out();
    // Of the page's own address: the browser's may be another one by the time that this is built.
    let back = use_url().with_untracked(|url| way_back(url.path()));
    view! {
        <Transition fallback=move || framed(skeleton.run())>
            {move || {
                let full = full.clone();
                Suspend::new(async move {
                    match resource.into_future().await {
                        Ok(value) => settled(full(value).into_any()),
                        Err(error) => framed(failed(resource, what, &error, signed_out, back)),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// On the server, a view that is built once (`settled.rs`); in the browser nothing is built twice.
fn settled(view: AnyView) -> AnyView {
    #[cfg(feature = "ssr")]
    let view = super::settled::Settled(view).into_any();
    view
}

fn failed<T>(
    resource: Resource<Result<T, AppError>>,
    what: &'static str,
    error: &AppError,
    signed_out: Callback<()>,
    back: Option<Way>,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    #[cfg(feature = "ssr")]
    if let Some(code) = error.code() {
        crate::services::set_page_status(code.status());
    }
    if error.is_signed_out() {
        Effect::new(move |_| signed_out.run(()));
    }
    let elsewhere = error.is_elsewhere();
    let retry = (!error.is_not_found() && !elsewhere).then(|| Callback::new(move |()| resource.refetch()));
    let back = back.filter(|_| error.is_not_found());
    let title = if error.is_not_found() {
        "Not found".to_owned()
    } else if elsewhere {
        "You have gone to another workspace".to_owned()
    } else {
        format!("We could not load {what}")
    };
    let anew = move || elsewhere.then(|| view! { <Button on_click=move |_| load_anew()>"Load the page anew"</Button> });
    view! {
        <ErrorState
            title
            text=error.message().to_owned()
            nostrip:request_id=error.request_id().map(str::to_owned)
            nostrip:on_retry=retry
            action=move || view! { {back.map(|(href, words)| view! { <Button href>{words}</Button> })} {anew()} }
            level=2
        />
    }
    .into_any()
}

/// The page again, as the server has it now.
fn load_anew() {
    // Fails only where the browser forbids it, and then the button does nothing.
    let _forbidden = window().location().reload();
}

/// An address, and what a link there says.
type Way = (&'static str, &'static str);

/// The list above a page that is not there.
fn way_back(path: &str) -> Option<Way> {
    match path.trim_start_matches('/').split('/').next()? {
        "accounts" => Some(("/accounts", "All accounts")),
        "posts" | "compose" => Some(("/posts", "All posts")),
        "media" => Some(("/media", "All media")),
        _ => None,
    }
}

/// The head of a list, beside what [`load()`] shows of it: rendered at once with what `first` brings, then with whatever
/// `now` is set to. Without an answer it stands without figures; the list says what is wrong.
///
/// A resource of its own: two readers of one in different places can wait for each other for ever.
pub fn load_head<T>(
    first: Resource<Result<T, AppError>>,
    now: RwSignal<Option<T>>,
    view: impl Fn() -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let fallback = view.clone();
    view! {
        <Transition fallback>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    let answer = first.into_future().await;
                    if let (Ok(value), None) = (answer, now.get_untracked()) {
                        now.set(Some(value));
                    }
                    view()
                })
            }}
        </Transition>
    }
    .into_any()
}

/// What to do about an action that was refused: a toast with its reason, or the way to sign in when the session has
/// ended. `title` says what did not work: "Northwind was not switched off".
pub fn use_refusal() -> impl Fn(&str, &AppError) + Copy + Send + Sync + 'static {
    let toasts = use_toasts();
    let signed_out = use_signed_out();
    move |title, error| {
        if error.is_signed_out() {
            signed_out.run(());
        } else {
            match error.retry_after().filter(|_| error.is_rate_limited()) {
                Some(seconds) => {
                    let detail = "Too many requests. Please wait a moment.";
                    toasts.push(Toast::new(Tone::Warning, title).detail(detail).wait(seconds));
                }
                None => {
                    toasts.error(title, error.message());
                }
            }
        }
    }
}

/// Leads to the login page, and from there back to this one.
fn use_signed_out() -> Callback<()> {
    let location = use_location();
    Callback::new(move |()| {
        let here = format!(
            "{}{}",
            location.pathname.get_untracked(),
            location.search.with_untracked(|search| {
                if search.is_empty() { String::new() } else { format!("?{}", search.trim_start_matches('?')) }
            })
        );
        if let domain::identity::Gate::Redirect(login) = domain::identity::gate(&here, &here, None) {
            leave_for(&login);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::way_back;

    #[test]
    fn what_is_not_there_leads_back_to_its_list() {
        assert_eq!(way_back("/accounts/7"), Some(("/accounts", "All accounts")));
        assert_eq!(way_back("/posts/7"), Some(("/posts", "All posts")));
        assert_eq!(way_back("/compose"), Some(("/posts", "All posts")));
        assert_eq!(way_back("/media/7"), Some(("/media", "All media")));
        assert_eq!(way_back("/dashboard/client"), None);
        assert_eq!(way_back(""), None);
    }
}
