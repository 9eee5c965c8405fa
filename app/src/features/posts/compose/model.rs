//! What is being written, apart from any view: what the browser keeps, who gets it, and what is sent.

use crate::shared::words::counted;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use domain::{
    AccountId, MediaId, Platform,
    accounts::{Account, AccountStatus},
    platform::PostOptions,
    posts::{Content, MAX_ACCOUNTS, NewPost, Override, Post, PostPatch, Targets, Visibility},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A post before it is saved; also what the browser keeps of it, as JSON, until then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    pub body: String,
    /// Own texts; an empty one means the common text.
    pub overrides: BTreeMap<Platform, String>,
    /// Texts of single accounts. One that is empty is being written; until then the account has no text of its own.
    pub variations: BTreeMap<AccountId, String>,
    /// What was chosen per platform; nothing where all is as usual.
    pub options: BTreeMap<Platform, PostOptions>,
    pub link: String,
    pub media: Vec<MediaId>,
    /// `None`: whoever can take part.
    pub accounts: Option<BTreeSet<AccountId>>,
    pub visibility: Visibility,
    /// Whether a scheduled one takes the next free slot of the queue, and not the time below.
    pub queue: bool,
    /// `2026-11-26`, as a date control writes it.
    pub date: String,
    /// `07:00`, as a time control writes it.
    pub time: String,
    /// IANA name; empty for the workspace's.
    pub zone: String,
}

impl Draft {
    /// An empty one for a time on the wall.
    pub fn at(local: NaiveDateTime) -> Self {
        Self {
            visibility: Visibility::Scheduled,
            date: local.format("%Y-%m-%d").to_string(),
            time: local.format("%H:%M").to_string(),
            ..Self::default()
        }
    }

    /// This one, for the time of another that has one.
    #[must_use]
    pub fn timed_like(self, other: &Self) -> Self {
        if other.visibility != Visibility::Scheduled || other.date.is_empty() {
            return self;
        }
        Self {
            visibility: other.visibility,
            queue: other.queue,
            date: other.date.clone(),
            time: other.time.clone(),
            zone: other.zone.clone(),
            ..self
        }
    }

    /// The draft of a saved post, to change or to copy it.
    pub fn of(post: &Post) -> Self {
        let local = post.scheduled_local;
        Self {
            body: post.body.clone(),
            overrides: post.overrides.iter().map(|(platform, own)| (*platform, own.body.clone())).collect(),
            variations: post.variations.iter().map(|(account, own)| (*account, own.body.clone())).collect(),
            options: post.options.clone(),
            link: post.link.clone().unwrap_or_default(),
            media: post.media.iter().map(|asset| asset.id).collect(),
            accounts: post.account_ids.as_ref().map(|ids| ids.iter().copied().collect()),
            visibility: post.visibility,
            queue: false,
            date: local.map(|local| local.format("%Y-%m-%d").to_string()).unwrap_or_default(),
            time: local.map(|local| local.format("%H:%M").to_string()).unwrap_or_default(),
            zone: post.time_zone.clone().unwrap_or_default(),
        }
    }

    /// Whether anything would be lost with it.
    pub fn is_empty(&self) -> bool {
        self.body.trim().is_empty()
            && self.link.trim().is_empty()
            && self.media.is_empty()
            && self.overrides.values().chain(self.variations.values()).all(|own| own.trim().is_empty())
            && self.options.values().all(|options| options.first_comment.is_none() && options.title.is_none())
    }

    /// Who has a text of their own, or is getting one.
    pub fn varied(&self) -> BTreeSet<AccountId> {
        self.variations.keys().copied().collect()
    }

    /// The words, as the checks and the previews take them.
    pub fn content(&self) -> Content {
        self.as_new(&Recipients::default(), 0).content()
    }

    fn own_texts<K: Ord + Copy>(texts: &BTreeMap<K, String>) -> BTreeMap<K, Override> {
        texts
            .iter()
            .filter(|(_, own)| !own.trim().is_empty())
            .map(|(key, own)| (*key, Override { body: own.clone() }))
            .collect()
    }

    fn is_queued(&self) -> bool {
        self.queue && self.visibility == Visibility::Scheduled
    }

    fn schedule(&self) -> (Option<NaiveDateTime>, Option<String>) {
        if self.visibility == Visibility::Scheduled && !self.queue {
            (local_time(&self.date, &self.time), Some(self.zone.clone()).filter(|zone| !zone.is_empty()))
        } else {
            (None, None)
        }
    }

    /// Who it is saved for. Named one by one: what goes out is what was checked and counted here. `None`, for whoever can
    /// take part then, only where nobody was chosen by hand and either nothing goes out yet, or they are too many to name.
    fn recipients(&self, to: &Recipients) -> Option<Vec<AccountId>> {
        let unnamed = self.visibility == Visibility::Private || (to.everyone && to.chosen.len() > MAX_ACCOUNTS);
        (self.accounts.is_some() || !unnamed).then(|| to.chosen.iter().copied().collect())
    }

    /// A new post.
    pub fn as_new(&self, to: &Recipients, undo_seconds: u16) -> NewPost {
        let (scheduled_local, time_zone) = self.schedule();
        NewPost {
            title: None,
            body: self.body.clone(),
            link: Some(self.link.trim().to_owned()).filter(|link| !link.is_empty()),
            media_assets: self.media.clone(),
            visibility: self.visibility,
            scheduled_at: None,
            scheduled_local,
            time_zone,
            queue: self.is_queued(),
            account_ids: self.recipients(to),
            overrides: Self::own_texts(&self.overrides),
            variations: Self::own_texts(&self.variations),
            options: self.options.clone(),
            undo_seconds: (self.visibility == Visibility::Public).then_some(undo_seconds),
            autosave: false,
        }
    }

    /// The draft as it is kept while somebody writes: private, whatever is meant to become of it, and for nobody in
    /// particular unless somebody was chosen.
    pub fn as_autosave(&self) -> NewPost {
        let kept = Self { visibility: Visibility::Private, ..self.clone() };
        let to = Recipients { chosen: self.accounts.clone().unwrap_or_default(), everyone: false };
        NewPost { autosave: true, ..kept.as_new(&to, 0) }
    }

    /// The same as a change to what was kept before.
    pub fn as_autosave_patch(&self) -> PostPatch {
        let kept = Self { visibility: Visibility::Private, ..self.clone() };
        let to = Recipients { chosen: self.accounts.clone().unwrap_or_default(), everyone: false };
        PostPatch { autosave: true, ..kept.as_patch(&to, 0, None) }
    }

    /// The same as a change to version `version` of a saved post (any, if it is `None`): all of it, so that what was taken
    /// out is gone.
    pub fn as_patch(&self, to: &Recipients, undo_seconds: u16, version: Option<u32>) -> PostPatch {
        let (scheduled_local, time_zone) = self.schedule();
        let account_ids = self.recipients(to);
        PostPatch {
            version,
            title: None,
            body: Some(self.body.clone()),
            link: Some(self.link.trim().to_owned()),
            media_assets: Some(self.media.clone()),
            visibility: Some(self.visibility),
            scheduled_at: None,
            scheduled_local,
            time_zone,
            queue: self.is_queued().then_some(true),
            targets: account_ids.is_none().then_some(Targets::AllActive),
            account_ids,
            overrides: Some(Self::own_texts(&self.overrides)),
            variations: Some(Self::own_texts(&self.variations)),
            options: Some(self.options.clone()),
            undo_seconds: (self.visibility == Visibility::Public).then_some(undo_seconds),
            autosave: false,
        }
    }
}

/// The word for the queue among the ways of going out; the others are a [`Visibility`]'s.
pub const QUEUE: &str = "queue";

/// What the chosen way means: who sees the post, and whether it takes a slot of the queue.
pub fn way(word: &str) -> (Visibility, bool) {
    if word == QUEUE { (Visibility::Scheduled, true) } else { (word.parse().unwrap_or_default(), false) }
}

/// The word of a draft's way of going out.
pub fn way_word(draft: &Draft) -> String {
    if draft.is_queued() { QUEUE.to_owned() } else { draft.visibility.as_str().to_owned() }
}

/// Date and time as their controls write them; seconds, where a browser adds them, are dropped.
pub fn local_time(date: &str, time: &str) -> Option<NaiveDateTime> {
    let date = NaiveDate::parse_from_str(date.trim(), "%Y-%m-%d").ok()?;
    let time = NaiveTime::parse_from_str(time.trim().get(..5)?, "%H:%M").ok()?;
    Some(date.and_time(time))
}

/// Moves one thing of a list to another place; the others close up. Out of range changes nothing.
pub fn reorder<T>(list: &mut Vec<T>, from: usize, to: usize) {
    if from < list.len() && to < list.len() && from != to {
        let one = list.remove(from);
        list.insert(to, one);
    }
}

/// Who a post is saved for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    pub chosen: BTreeSet<AccountId>,
    /// Whether no account that posts can go to now is left out.
    pub everyone: bool,
}

impl Recipients {
    /// The chosen ones among `accounts`.
    pub fn of(accounts: &[Account], chosen: BTreeSet<AccountId>) -> Self {
        let mut open = accounts.iter().filter(|account| {
            account.platform.rules().is_some() && account.is_active && account.status == AccountStatus::Connected
        });
        let everyone = open.all(|account| chosen.contains(&account.id));
        Self { chosen, everyone }
    }
}

/// Why the post cannot go to an account, if so; `taken` are those that have it already.
pub fn out_of_reach(account: &Account, taken: &BTreeSet<AccountId>) -> Option<String> {
    if taken.contains(&account.id) { Some("Has it already.".to_owned()) } else { account.cannot_take_part() }
}

/// Who gets the post: those wanted (all, when nobody has chosen) that can take part, and of a platform that forbids the
/// same text on several accounts only the first that has no text of its own; `varied` have one.
pub fn choose(
    accounts: &[Account],
    wanted: Option<&BTreeSet<AccountId>>,
    taken: &BTreeSet<AccountId>,
    varied: &BTreeSet<AccountId>,
) -> BTreeSet<AccountId> {
    let mut spoken_for = BTreeSet::new();
    let mut chosen = BTreeSet::new();
    for account in accounts {
        let is_wanted = wanted.is_none_or(|wanted| wanted.contains(&account.id));
        let has_room =
            |spoken_for: &mut BTreeSet<Platform>| varied.contains(&account.id) || spoken_for.insert(account.platform);
        if is_wanted
            && out_of_reach(account, taken).is_none()
            && (!is_exclusive(account.platform) || has_room(&mut spoken_for))
        {
            chosen.insert(account.id);
        }
    }
    chosen
}

/// Takes an account in or out. Where a platform allows the text on one account only, the other one without a text of its
/// own steps back.
pub fn toggle(
    accounts: &[Account],
    chosen: &mut BTreeSet<AccountId>,
    taken: &BTreeSet<AccountId>,
    varied: &BTreeSet<AccountId>,
    id: AccountId,
    on: bool,
) {
    let Some(account) = accounts.iter().find(|account| account.id == id) else { return };
    if !on {
        chosen.remove(&id);
        return;
    }
    if out_of_reach(account, taken).is_some() {
        return;
    }
    if is_exclusive(account.platform) && !varied.contains(&id) {
        let others = accounts.iter().filter(|other| other.platform == account.platform && !varied.contains(&other.id));
        for other in others {
            chosen.remove(&other.id);
        }
    }
    chosen.insert(id);
}

/// Whether one text may go to one account of the platform only.
pub fn is_exclusive(platform: Platform) -> bool {
    platform.rules().is_some_and(|rules| !rules.same_text_on_several_accounts)
}

/// Those that could take part but step back because another account of their platform has the text.
pub fn left_out<'a>(
    accounts: &'a [Account],
    chosen: &BTreeSet<AccountId>,
    taken: &BTreeSet<AccountId>,
) -> Vec<&'a Account> {
    let spoken_for: BTreeSet<_> =
        accounts.iter().filter(|account| chosen.contains(&account.id)).map(|account| account.platform).collect();
    accounts
        .iter()
        .filter(|account| {
            is_exclusive(account.platform)
                && spoken_for.contains(&account.platform)
                && !chosen.contains(&account.id)
                && out_of_reach(account, taken).is_none()
        })
        .collect()
}

/// Whole seconds until `at`, rounded up: the last second reads "1 s", not "0 s".
pub fn seconds_left(at: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let ms = (at - now).num_milliseconds();
    u64::try_from(ms).map_or(0, |ms| ms.div_ceil(1_000))
}

/// "Publishing to 5 accounts in 5 s".
pub fn countdown_words(accounts: u64, seconds: u64) -> String {
    let accounts = counted(accounts, "account", "accounts");
    if seconds == 0 {
        format!("Publishing to {accounts} now")
    } else {
        format!("Publishing to {accounts} in {seconds} s")
    }
}

/// The words of the save button; `held_back`: what goes out waits for approval first.
pub const fn save_words(visibility: Visibility, held_back: bool) -> &'static str {
    match visibility {
        Visibility::Public | Visibility::Scheduled if held_back => "Save and ask for approval",
        Visibility::Public => "Save and publish",
        Visibility::Private => "Save",
        Visibility::Scheduled => "Save and schedule",
    }
}

/// What happens on saving, below "Publish now".
pub fn publish_hint(accounts: u64, undo_seconds: u16, held_back: bool) -> String {
    if accounts == 0 {
        return "Choose at least one account first.".to_owned();
    }
    let accounts = counted(accounts, "account", "accounts");
    if held_back {
        return format!("Goes out to {accounts} as soon as it is approved.");
    }
    if undo_seconds == 0 {
        format!("Goes out to {accounts} as soon as you save.")
    } else {
        format!("Goes out to {accounts}, {} after you save.", counted(undo_seconds.into(), "second", "seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn account(n: u128, platform: Platform) -> Account {
        Account {
            id: AccountId(uuid::Uuid::from_u128(n)),
            platform,
            account_type: platform.account_type(),
            external_account_id: n.to_string(),
            display_name: format!("Account {n}"),
            handle: None,
            avatar_url: None,
            text_max: None,
            status: AccountStatus::Connected,
            status_reason: None,
            is_active: true,
            client: None,
            scopes: vec![],
            missing_scopes: vec![],
            token_expires_at: None,
            last_synced_at: None,
            connected_at: DateTime::UNIX_EPOCH,
        }
    }

    fn ids(list: &[u128]) -> BTreeSet<AccountId> {
        list.iter().map(|n| AccountId(uuid::Uuid::from_u128(*n))).collect()
    }

    fn four() -> Vec<Account> {
        let mut off = account(4, Platform::Linkedin);
        off.is_active = false;
        vec![account(1, Platform::Twitter), account(2, Platform::Twitter), account(3, Platform::Facebook), off]
    }

    fn to(list: &[u128]) -> Recipients {
        Recipients { chosen: ids(list), everyone: false }
    }

    #[test]
    fn by_default_whoever_can_and_one_on_x() {
        let nobody = ids(&[]);
        assert_eq!(choose(&four(), None, &nobody, &nobody), ids(&[1, 3]));
        assert_eq!(choose(&four(), Some(&ids(&[2, 4])), &nobody, &nobody), ids(&[2]));
        assert_eq!(choose(&four(), Some(&ids(&[])), &nobody, &nobody), ids(&[]));
    }

    #[test]
    fn a_text_of_its_own_lets_another_x_account_come_along() {
        let (accounts, nobody, varied) = (four(), ids(&[]), ids(&[2]));
        assert_eq!(choose(&accounts, None, &nobody, &varied), ids(&[1, 2, 3]));
        assert_eq!(choose(&accounts, None, &nobody, &ids(&[1, 2])), ids(&[1, 2, 3]));
        let mut chosen = ids(&[1, 3]);
        toggle(&accounts, &mut chosen, &nobody, &varied, AccountId(uuid::Uuid::from_u128(2)), true);
        assert_eq!(chosen, ids(&[1, 2, 3]), "nobody steps back for it");
        assert!(left_out(&accounts, &chosen, &nobody).is_empty());
    }

    #[test]
    fn choosing_the_other_x_account_swaps() {
        let (accounts, nobody) = (four(), ids(&[]));
        let mut chosen = choose(&accounts, None, &nobody, &nobody);
        let other = AccountId(uuid::Uuid::from_u128(2));
        toggle(&accounts, &mut chosen, &nobody, &nobody, other, true);
        assert_eq!(chosen, ids(&[2, 3]));
        let out: BTreeSet<_> = left_out(&accounts, &chosen, &nobody).iter().map(|account| account.id).collect();
        assert_eq!(out, ids(&[1]));
        toggle(&accounts, &mut chosen, &nobody, &nobody, AccountId(uuid::Uuid::from_u128(4)), true);
        assert_eq!(chosen, ids(&[2, 3]), "one that is switched off does not come in");
        toggle(&accounts, &mut chosen, &nobody, &nobody, other, false);
        assert_eq!(chosen, ids(&[3]));
        assert!(left_out(&accounts, &chosen, &nobody).is_empty(), "with none chosen nobody steps back");
    }

    #[test]
    fn who_has_the_post_already_does_not_get_it_again() {
        let (accounts, has_it) = (four(), ids(&[3]));
        let mut chosen = choose(&accounts, Some(&ids(&[1, 3])), &has_it, &ids(&[]));
        assert_eq!(chosen, ids(&[1]));
        toggle(&accounts, &mut chosen, &has_it, &ids(&[]), AccountId(uuid::Uuid::from_u128(3)), true);
        assert_eq!(chosen, ids(&[1]));
        assert_eq!(out_of_reach(&accounts[2], &has_it).as_deref(), Some("Has it already."));
        assert_eq!(out_of_reach(&accounts[2], &ids(&[])), None);
    }

    #[test]
    fn recipients_are_named_unless_nothing_goes_out_or_they_are_too_many() {
        let everyone = Recipients::of(&four(), ids(&[1, 2, 3]));
        assert!(everyone.everyone, "the one that is switched off is not missing");
        assert!(!Recipients::of(&four(), ids(&[1, 3])).everyone);
        let draft = Draft { body: "a".into(), ..Draft::default() };
        assert_eq!(draft.as_new(&everyone, 5).account_ids.map(|ids| ids.len()), Some(3));
        let kept = Draft { visibility: Visibility::Private, ..draft.clone() };
        assert_eq!(kept.as_new(&everyone, 5).account_ids, None);
        let patch = kept.as_patch(&everyone, 5, Some(1));
        assert_eq!((patch.account_ids, patch.targets), (None, Some(Targets::AllActive)));
        let by_hand = Draft { accounts: Some(ids(&[1])), ..kept };
        let patch = by_hand.as_patch(&to(&[1]), 5, Some(1));
        assert_eq!((patch.account_ids.map(|ids| ids.len()), patch.targets), (Some(1), None));
        let crowd = Recipients {
            chosen: (0..=MAX_ACCOUNTS as u128).map(|n| AccountId(uuid::Uuid::from_u128(n))).collect(),
            everyone: true,
        };
        assert_eq!(draft.as_new(&crowd, 5).account_ids, None);
        assert!(draft.as_new(&Recipients { everyone: false, ..crowd }, 5).account_ids.is_some());
    }

    #[test]
    fn pictures_move_both_ways() {
        let mut list = vec!['a', 'b', 'c', 'd'];
        reorder(&mut list, 3, 0);
        assert_eq!(list, ['d', 'a', 'b', 'c']);
        reorder(&mut list, 0, 2);
        assert_eq!(list, ['a', 'b', 'd', 'c']);
        reorder(&mut list, 1, 9);
        reorder(&mut list, 2, 2);
        assert_eq!(list, ['a', 'b', 'd', 'c']);
    }

    #[test]
    fn countdown() {
        let at = DateTime::from_timestamp(1_790_000_005, 0).unwrap();
        let ms = |ms: i64| DateTime::from_timestamp_millis(1_790_000_000_000 + ms).unwrap();
        assert_eq!(seconds_left(at, ms(0)), 5);
        assert_eq!(seconds_left(at, ms(1)), 5);
        assert_eq!(seconds_left(at, ms(4_001)), 1);
        assert_eq!(seconds_left(at, ms(5_000)), 0);
        assert_eq!(seconds_left(at, ms(9_000)), 0);
        assert_eq!(countdown_words(5, 5), "Publishing to 5 accounts in 5 s");
        assert_eq!(countdown_words(1, 0), "Publishing to 1 account now");
    }

    #[test]
    fn what_is_sent() {
        let draft = Draft {
            body: "The Winter Roast is back".into(),
            overrides: BTreeMap::from([(Platform::Twitter, "Back!".into()), (Platform::Linkedin, "  ".into())]),
            link: " ".into(),
            visibility: Visibility::Scheduled,
            date: "2026-11-26".into(),
            time: "07:00:00".into(),
            zone: "Europe/Dublin".into(),
            ..Draft::default()
        };
        let post = draft.as_new(&to(&[1]), 5);
        assert_eq!(post.overrides.keys().copied().collect::<Vec<_>>(), [Platform::Twitter]);
        assert_eq!(post.link, None);
        assert_eq!(post.undo_seconds, None, "a scheduled post can be taken back until its time");
        assert_eq!(post.scheduled_local.unwrap().to_string(), "2026-11-26 07:00:00");
        assert!(post.check(DateTime::UNIX_EPOCH).is_empty(), "{:?}", post.check(DateTime::UNIX_EPOCH));
        let now = Draft { visibility: Visibility::Public, ..draft };
        let post = now.as_new(&to(&[1]), 5);
        assert_eq!((post.scheduled_local, post.time_zone, post.undo_seconds), (None, None, Some(5)));
        assert_eq!(
            now.as_patch(&to(&[1]), 5, Some(1)).link.as_deref(),
            Some(""),
            "an empty link takes the old one out"
        );
    }

    #[test]
    fn the_queue_is_a_way_of_its_own() {
        let queued = Draft {
            body: "a".into(),
            visibility: Visibility::Scheduled,
            queue: true,
            date: "2026-11-26".into(),
            ..Draft::default()
        };
        assert_eq!(way(&way_word(&queued)), (Visibility::Scheduled, true));
        assert_eq!(way("scheduled"), (Visibility::Scheduled, false));
        let post = queued.as_new(&to(&[1]), 5);
        assert_eq!((post.queue, post.scheduled_local, post.time_zone), (true, None, None));
        assert!(Draft { queue: false, ..queued.clone() }.as_patch(&to(&[1]), 5, Some(1)).queue.is_none());
        let kept = Draft { body: "kept".into(), ..Draft::default() };
        let timed = kept.clone().timed_like(&Draft::at("2026-11-26T09:00:00".parse().unwrap()));
        assert_eq!((timed.body.as_str(), timed.date.as_str(), timed.time.as_str()), ("kept", "2026-11-26", "09:00"));
        assert_eq!(kept.clone().timed_like(&Draft::default()), kept);
    }

    #[test]
    fn a_kept_draft_comes_back_and_an_older_one_is_read() {
        let draft = Draft { body: "a".into(), accounts: Some(ids(&[1])), ..Draft::default() };
        let json = serde_json::to_string(&draft).unwrap();
        assert_eq!(serde_json::from_str::<Draft>(&json).unwrap(), draft);
        assert_eq!(serde_json::from_str::<Draft>(r#"{"body":"b","gone":1}"#).unwrap().body, "b");
        assert!(Draft::default().is_empty() && !draft.is_empty());
    }

    #[test]
    fn what_saves_itself_is_private_and_names_only_who_was_chosen() {
        let draft = Draft {
            body: "a".into(),
            visibility: Visibility::Scheduled,
            date: "2026-11-26".into(),
            time: "07:00".into(),
            variations: BTreeMap::from([(AccountId(uuid::Uuid::from_u128(2)), " ".into())]),
            ..Draft::default()
        };
        let kept = draft.as_autosave();
        assert!(kept.autosave && kept.visibility == Visibility::Private && kept.variations.is_empty());
        assert_eq!((kept.account_ids.clone(), kept.scheduled_local), (None, None));
        assert!(kept.check(DateTime::UNIX_EPOCH).is_empty(), "{:?}", kept.check(DateTime::UNIX_EPOCH));
        let by_hand = Draft { accounts: Some(ids(&[1])), ..draft };
        let patch = by_hand.as_autosave_patch();
        assert_eq!((patch.account_ids.map(|ids| ids.len()), patch.autosave, patch.version), (Some(1), true, None));
    }

    #[test]
    fn times_that_are_none() {
        assert_eq!(local_time("", "07:00"), None);
        assert_eq!(local_time("2026-11-26", ""), None);
        assert_eq!(local_time("2026-02-30", "07:00"), None);
    }

    #[test]
    fn words() {
        assert_eq!(publish_hint(5, 5, false), "Goes out to 5 accounts, 5 seconds after you save.");
        assert_eq!(publish_hint(1, 0, false), "Goes out to 1 account as soon as you save.");
        assert_eq!(publish_hint(1, 5, true), "Goes out to 1 account as soon as it is approved.");
        assert_eq!(publish_hint(0, 5, true), "Choose at least one account first.");
        assert_eq!(save_words(Visibility::Private, true), "Save");
        assert_eq!(save_words(Visibility::Scheduled, true), "Save and ask for approval");
        assert_eq!(save_words(Visibility::Scheduled, false), "Save and schedule");
    }
}
