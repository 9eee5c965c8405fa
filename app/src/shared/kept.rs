//! Rows that the server has written before.
//!
//! An overview of fifty accounts is fifty rows that look as they did a moment ago, for whoever loads it again. A row that is kept
//! is built only when it looks new: its text is remembered under all that it shows, so nothing ever has to be forgotten when
//! something changes. A changed account is another row. Accounts have ids, so no workspace ever meets another's row.

use leptos::prelude::*;
use std::hash::Hash;

/// The row of `subject`, one element that shows its `facts` and nothing else: everything that its text depends on must be
/// among them, words about times and what the person may do as well.
pub fn kept<T: Send + 'static>(
    subject: T,
    facts: impl FnOnce(&T) -> Facts,
    row: impl FnOnce(T) -> AnyView + Send + 'static,
) -> AnyView {
    #[cfg(feature = "ssr")]
    return server::Kept::new(facts(&subject), move || row(subject)).into_any();
    // A browser keeps the row itself.
    #[cfg(not(feature = "ssr"))]
    {
        drop(facts);
        row(subject)
    }
}

/// What a row shows, as far as two that show the same have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts(u128);

impl Facts {
    /// Of anything; `row` names the kind of row.
    pub fn of(row: &'static str, shown: impl Hash) -> Self {
        Self(fingerprint(&(row, shown)))
    }
}

/// 128 bits under keys that no other process has: nobody can make two that meet.
fn fingerprint(shown: &impl Hash) -> u128 {
    use std::{
        hash::{BuildHasher, RandomState},
        sync::LazyLock,
    };
    static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    KEYS.iter().fold(0, |all, key| (all << 64) | u128::from(key.hash_one(shown)))
}

#[cfg(feature = "ssr")]
mod server {
    use super::Facts;
    use leptos::{
        prelude::*,
        tachys::{
            html::attribute::{Attribute, any_attribute::AnyAttribute},
            hydration::Cursor,
            view::{Position, PositionState, add_attr::AddAnyAttr, any_view::AnyViewState},
        },
    };
    use std::{
        collections::HashMap,
        mem,
        sync::{Arc, LazyLock, Mutex, PoisonError},
    };

    /// How much text each of the two generations holds.
    const ENOUGH: usize = 4 << 20;

    static ROWS: LazyLock<Mutex<Rows>> = LazyLock::new(Mutex::default);

    /// What was written last, and before that. When the younger generation is full, the elder goes, and with it what nobody
    /// has asked for since.
    #[derive(Default)]
    pub(super) struct Rows {
        young: HashMap<Facts, Arc<str>>,
        old: HashMap<Facts, Arc<str>>,
        size: usize,
    }

    impl Rows {
        pub(super) fn recall(&mut self, facts: Facts) -> Option<Arc<str>> {
            if let Some(text) = self.young.get(&facts) {
                return Some(Arc::clone(text));
            }
            let text = self.old.remove(&facts)?;
            self.keep(facts, Arc::clone(&text));
            Some(text)
        }

        pub(super) fn keep(&mut self, facts: Facts, text: Arc<str>) {
            if self.size + text.len() > ENOUGH {
                self.old = mem::take(&mut self.young);
                self.size = 0;
            }
            self.size += text.len();
            self.young.insert(facts, text);
        }

        #[cfg(test)]
        pub(super) fn len(&self) -> usize {
            self.young.len() + self.old.len()
        }
    }

    fn rows<T>(look: impl FnOnce(&mut Rows) -> T) -> T {
        look(&mut ROWS.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A row that is built only when it has to be.
    pub(super) struct Kept {
        facts: Facts,
        view: Box<dyn FnOnce() -> AnyView + Send>,
    }

    impl Kept {
        pub(super) fn new(facts: Facts, view: impl FnOnce() -> AnyView + Send + 'static) -> Self {
            Self { facts, view: Box::new(view) }
        }
    }

    impl Render for Kept {
        type State = AnyViewState;

        fn build(self) -> Self::State {
            (self.view)().build()
        }

        fn rebuild(self, state: &mut Self::State) {
            (self.view)().rebuild(state);
        }
    }

    impl AddAnyAttr for Kept {
        type Output<A: Attribute> = <AnyView as AddAnyAttr>::Output<A>;

        fn add_any_attr<A: Attribute>(self, attr: A) -> Self::Output<A>
        where
            Self::Output<A>: RenderHtml,
        {
            (self.view)().add_any_attr(attr)
        }
    }

    impl RenderHtml for Kept {
        type AsyncOutput = Self;
        type Owned = Self;

        const MIN_LENGTH: usize = 0;

        fn dry_resolve(&mut self) {}

        async fn resolve(self) -> Self {
            self
        }

        fn to_html_with_buf(
            self,
            buf: &mut String,
            position: &mut Position,
            escape: bool,
            mark_branches: bool,
            extra_attrs: Vec<AnyAttribute>,
        ) {
            if mark_branches || !extra_attrs.is_empty() {
                return (self.view)().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
            }
            if let Some(text) = rows(|rows| rows.recall(self.facts)) {
                buf.push_str(&text);
                *position = Position::NextChild;
                return;
            }
            let before = buf.len();
            (self.view)().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
            let text = buf.get(before..).unwrap_or_default().into();
            rows(|rows| rows.keep(self.facts, text));
        }

        fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
            (self.view)().hydrate::<FROM_SERVER>(cursor, position)
        }

        fn into_owned(self) -> Self {
            self
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::{server::Rows, *};
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    #[test]
    fn a_row_is_built_once_for_what_it_shows() {
        let owner = Owner::new();
        owner.set();
        let built = Arc::new(AtomicUsize::new(0));
        let row = |name: &'static str| {
            let built = Arc::clone(&built);
            kept(
                name,
                |name| Facts::of("a_row_is_built_once", name),
                move |name| {
                    built.fetch_add(1, Ordering::Relaxed);
                    view! { <li>{name}</li> }.into_any()
                },
            )
        };
        let list = |names: [&'static str; 2]| {
            view! { <ul>{names.into_iter().map(row).collect_view()}</ul> }.into_any().to_html()
        };
        let first = list(["one", "two"]);
        assert!(first.contains("one") && first.contains("two"), "{first}");
        assert_eq!(list(["one", "two"]), first);
        assert_eq!(built.load(Ordering::Relaxed), 2);
        assert!(list(["two", "three"]).contains("three"));
        assert_eq!(built.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn what_nobody_asks_for_goes_and_what_is_asked_for_stays() {
        let mut rows = Rows::default();
        let long: Arc<str> = "x".repeat(1 << 20).into();
        let asked = Facts::of("row", "asked for");
        rows.keep(asked, Arc::from("asked for"));
        for n in 0..64 {
            rows.keep(Facts::of("row", n), Arc::clone(&long));
            assert_eq!(rows.recall(asked).as_deref(), Some("asked for"), "after {n}");
            assert!(rows.len() <= 10, "{} are held", rows.len());
        }
        assert_eq!(rows.recall(Facts::of("row", 0)), None);
    }
}
