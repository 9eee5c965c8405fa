//! What only the server can know before saving: that an account had the same words not long ago, that much goes out at
//! once, how much its platform still takes of it; and, from TikTok, what each creator may choose. Asked for in the
//! background; without an answer nothing is missed that saving would not say.

use super::{
    model::Draft,
    questions::Questions,
    state::{Composer, Purpose},
};
use crate::features::posts::server_fns::{ask_creator, check_post};
use domain::{
    AccountId, Platform,
    posts::{PostToCheck, preflight::Severity},
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::BTreeSet, time::Duration};

/// How long writing pauses before the server is asked.
const PAUSE: Duration = Duration::from_millis(900);
/// Between two looks for a creator's answer.
const LOOK: Duration = Duration::from_secs(1);
/// Looks before the page stops waiting by itself.
const LOOKS: u32 = 40;
/// The same for a platform's quota, which is a hint.
const QUOTA_LOOKS: u32 = 3;

/// Keeps the warnings and the creators' choices up to date for as long as the page is open.
pub fn advise(composer: Composer) {
    warn(composer);
    let creators = Memo::new(move |_| {
        let targets = composer.targets();
        targets.iter().filter(|one| one.platform == Platform::Tiktok).map(|one| one.id).collect::<BTreeSet<_>>()
    });
    Effect::new(move |before: Option<BTreeSet<AccountId>>| {
        let now = creators.get();
        let before = before.unwrap_or_default();
        for account in now.difference(&before) {
            ask(composer, *account, LOOKS);
        }
        now
    });
}

/// Asks what a creator may choose, until there is an answer.
pub fn ask(composer: Composer, account: AccountId, looks: u32) {
    let creators = composer.creators();
    spawn_local(async move {
        // Whoever is offline, or may not write, sees no choices; the post then goes to the inbox.
        let Ok(creator) = ask_creator(account).await else { return };
        let pending = creator.pending;
        let page_gone = creators
            .try_update(|creators| {
                creators.insert(account, creator);
            })
            .is_none();
        if pending && !page_gone && looks > 0 {
            let again = move || {
                if creators.try_get_untracked().is_some() {
                    ask(composer, account, looks - 1);
                }
            };
            let _never_stopped = set_timeout_with_handle(again, LOOK);
        }
    });
}

/// Asks the server to look at the post whenever it rests; the last answer counts.
fn warn(composer: Composer) {
    let advice = composer.advice();
    let questions = Questions::new();
    let wanted = Memo::new(move |_| {
        let draft = composer.draft.get();
        let chosen = composer.chosen.read().len();
        (!draft.is_empty() && chosen > 0).then_some((draft, chosen))
    });
    Effect::new(move |before: Option<()>| {
        let wanted = wanted.get();
        let own = questions.next();
        // What was said of other words no longer holds.
        if before.is_some() && !advice.read_untracked().is_empty() {
            advice.set(Vec::new());
        }
        if let Some((draft, _)) = wanted {
            questions.after(PAUSE, move || look(composer, questions, own, draft, QUOTA_LOOKS));
        }
    });
}

/// Asks the server what there is to say about `draft`, and some more times while it asks a platform itself.
fn look(composer: Composer, questions: Questions, own: u32, draft: Draft, looks: u32) {
    // What would be refused is said already; the server says it only once that is mended.
    if !online() || composer.draft.try_get_untracked().is_none() || composer.is_refused_untracked() {
        return;
    }
    let content_id = match composer.purpose() {
        Purpose::New => None,
        Purpose::Change(id, _) => Some(id),
    };
    let post = draft.as_new(&composer.recipients(), composer.undo_seconds());
    spawn_local(async move {
        let Ok(checked) = check_post(PostToCheck { post, content_id }).await else { return };
        if !questions.is_last(own) {
            return;
        }
        let hints = checked.findings.into_iter().filter(|finding| finding.severity == Severity::Hint);
        composer.advice().set(hints.collect());
        if checked.pending && looks > 0 {
            questions.after(LOOK, move || look(composer, questions, own, draft, looks - 1));
        }
    });
}

/// Whether the browser thinks that it is connected.
pub fn online() -> bool {
    window().navigator().on_line()
}
