//! Who may see which page: one pure function, used by the server before it renders and by the client's router.

use crate::workspaces::WorkspaceKind;

/// What to do with a page request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    Show,
    Redirect(String),
}

/// For everybody, signed in or not.
const PUBLIC: [&str; 8] =
    ["/", "/login", "/login/verify", "/register", "/confirm", "/forgot", "/reset", "/unsubscribe"];
/// Links that people get by mail.
const PUBLIC_BELOW: [&str; 2] = ["/dev/", "/invite/"];

/// Decides for `path` (and its query, for coming back) and the visitor's kind, if signed in.
///
/// Rules of seed A: an app page needs a session → `/login?next=…`; a signed-in visitor of `/login` or `/register`
/// goes to their own dashboard; another kind's dashboard and bare `/dashboard` lead to the own one.
pub fn gate(path: &str, path_and_query: &str, kind: Option<WorkspaceKind>) -> Gate {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    match kind {
        Some(kind) if path == "/login" || path == "/login/verify" || path == "/register" => {
            Gate::Redirect(kind.dashboard().to_owned())
        }
        Some(kind) if path == "/dashboard" => Gate::Redirect(kind.dashboard().to_owned()),
        Some(kind) if WorkspaceKind::ALL.iter().any(|other| *other != kind && other.dashboard() == path) => {
            Gate::Redirect(kind.dashboard().to_owned())
        }
        None if !PUBLIC.contains(&path) && !PUBLIC_BELOW.iter().any(|below| path.starts_with(below)) => {
            Gate::Redirect(format!("/login?next={}", encode(path_and_query)))
        }
        _ => Gate::Show,
    }
}

/// Only our own paths are followed after a sign-in: an absolute path, never a scheme-relative or back-slashed one.
pub fn safe_next(next: Option<&str>) -> Option<&str> {
    next.filter(|next| {
        next.len() <= 2000
            && next.starts_with('/')
            && !next.starts_with("//")
            && !next.contains('\\')
            && !next.chars().any(char::is_control)
    })
}

/// Percent-encodes everything that could end or change a query value.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn to(path: &str) -> Gate {
        Gate::Redirect(path.to_owned())
    }

    #[rstest]
    #[case("/", None, Gate::Show)]
    #[case("/login", None, Gate::Show)]
    #[case("/login/verify", None, Gate::Show)]
    #[case("/login/verify", Some(WorkspaceKind::Client), to("/dashboard/client"))]
    #[case("/confirm", None, Gate::Show)]
    #[case("/forgot", Some(WorkspaceKind::Agency), Gate::Show)]
    #[case("/reset", None, Gate::Show)]
    #[case("/unsubscribe", None, Gate::Show)]
    #[case("/unsubscribe", Some(WorkspaceKind::Agency), Gate::Show)]
    #[case("/invite/some-token", None, Gate::Show)]
    #[case("/invite", None, to("/login?next=/invite"))]
    #[case("/dashboard/client", None, to("/login?next=/dashboard/client"))]
    #[case("/accounts", None, to("/login?next=/accounts"))]
    #[case("/login", Some(WorkspaceKind::Agency), to("/dashboard/agency"))]
    #[case("/register/", Some(WorkspaceKind::Client), to("/dashboard/client"))]
    #[case("/dashboard", Some(WorkspaceKind::Manager), to("/dashboard/manager"))]
    #[case("/dashboard/client", Some(WorkspaceKind::Manager), to("/dashboard/manager"))]
    #[case("/dashboard/manager", Some(WorkspaceKind::Manager), Gate::Show)]
    #[case("/accounts", Some(WorkspaceKind::Client), Gate::Show)]
    fn seed_a(#[case] path: &str, #[case] kind: Option<WorkspaceKind>, #[case] expected: Gate) {
        assert_eq!(gate(path, path, kind), expected);
    }

    #[test]
    fn the_query_comes_back_too() {
        assert_eq!(gate("/accounts", "/accounts?q=a&b=c", None), to("/login?next=/accounts%3Fq%3Da%26b%3Dc"));
    }

    #[rstest]
    #[case("//evil.example")]
    #[case("https://evil.example")]
    #[case("/\\evil.example")]
    #[case("accounts")]
    #[case("/a\nb")]
    fn open_redirects_are_refused(#[case] next: &str) {
        assert_eq!(safe_next(Some(next)), None);
    }

    proptest! {
        #[test]
        fn a_redirect_is_never_to_another_site(path in "/\\PC{0,60}", kind in prop::option::of(0..3usize)) {
            if let Gate::Redirect(target) = gate(&path, &path, kind.map(|i| WorkspaceKind::ALL[i])) {
                prop_assert!(safe_next(Some(&target)).is_some());
            }
        }
    }
}
