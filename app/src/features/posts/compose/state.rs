//! A post being written, in signals, and what follows from it: computed here with the rules of `domain`, which the
//! server applies again.

use super::{
    choices::Choices,
    model::{Draft, Recipients, choose, left_out, out_of_reach, toggle, way, way_word},
};
use crate::ui::use_clock;
use domain::{
    AccountId, FieldErrors, MediaId, Platform, PostId,
    accounts::{Account, Creator},
    media::MediaAsset,
    posts::{
        Post, PostStatus, Visibility,
        preflight::{self, Finding, Medium, Severity, Target},
    },
};
use leptos::prelude::*;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::features::posts::server_fns::{ComposeView, When};

/// The field of the switch that says that a post on TikTok promotes something.
pub const PROMOTES: &str = "options.tiktok.tiktok.own_brand";

/// What saving does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    New,
    /// A new version of this post, which was at that one when the page came.
    Change(PostId, u32),
}

/// Everything about the post being written. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Composer {
    pub body: RwSignal<String>,
    /// One text per platform that publishes; empty means the common one.
    own: StoredValue<Vec<(Platform, RwSignal<String>)>>,
    pub link: RwSignal<String>,
    /// In order; all uploaded.
    pub pictures: RwSignal<Vec<MediaAsset>>,
    pub accounts: RwSignal<Vec<Account>>,
    /// Who was chosen by hand; `None` while nobody has.
    wanted: RwSignal<Option<BTreeSet<AccountId>>>,
    pub chosen: Memo<BTreeSet<AccountId>>,
    /// A [`Visibility`]'s word or the queue's, for the radio cards.
    pub visibility: RwSignal<String>,
    pub date: RwSignal<String>,
    pub time: RwSignal<String>,
    pub zone: RwSignal<String>,
    pub draft: Memo<Draft>,
    pub findings: Memo<Vec<Finding>>,
    /// Those that have the post already.
    taken: StoredValue<BTreeSet<AccountId>>,
    around: StoredValue<Around>,
}

/// What stands around the draft.
#[derive(Clone, Copy)]
struct Around {
    purpose: Purpose,
    undo_seconds: u16,
    /// Texts of single accounts, which are made while the page is open: counted, so that they outlive what made them.
    variations: RwSignal<BTreeMap<AccountId, ArcRwSignal<String>>>,
    choices: StoredValue<Vec<Choices>>,
    described: RwSignal<BTreeMap<MediaId, String>>,
    when: RwSignal<Option<When>>,
    refused: RwSignal<FieldErrors>,
    tried: RwSignal<bool>,
    /// The open tab of the texts.
    tab: RwSignal<String>,
    /// What TikTok's creators may choose, as far as they have been asked.
    creators: RwSignal<BTreeMap<AccountId, Creator>>,
    /// What only the server can know of the post: warnings.
    advice: RwSignal<Vec<Finding>>,
}

/// What the composer starts from.
pub struct Start {
    pub purpose: Purpose,
    pub draft: Draft,
    pub pictures: Vec<MediaAsset>,
    pub accounts: Vec<Account>,
    /// Those that have the post already.
    pub taken: BTreeSet<AccountId>,
    pub undo_seconds: u16,
    pub time_zone: String,
}

impl Start {
    /// From a saved post: to change it, or (with `copy`) to write a new one like it.
    pub fn from_post(view: ComposeView, post: &Post, copy: bool, undo_seconds: u16, time_zone: String) -> Self {
        let mut draft = Draft::of(post);
        // Its time has gone: what platforms refused goes out again now, unless another time is picked.
        if copy || matches!(post.status, PostStatus::Failed | PostStatus::PartlyPublished) {
            draft.visibility = Visibility::Public;
            draft.date.clear();
            draft.time.clear();
        }
        let (purpose, taken) = if copy {
            (Purpose::New, BTreeSet::new())
        } else {
            (Purpose::Change(post.id, post.version), view.taken.into_iter().collect())
        };
        Self { purpose, draft, pictures: post.media.clone(), accounts: view.accounts, taken, undo_seconds, time_zone }
    }
}

/// The platforms that can have a text of their own.
fn publishing_platforms() -> impl Iterator<Item = Platform> {
    Platform::ALL.into_iter().filter(|platform| platform.rules().is_some())
}

impl Composer {
    pub fn new(start: Start) -> Self {
        let Start { purpose, draft, pictures, accounts, taken, undo_seconds, time_zone } = start;
        let way_chosen = way_word(&draft);
        let body = RwSignal::new(draft.body);
        let own: Vec<_> = publishing_platforms()
            .map(|platform| (platform, RwSignal::new(draft.overrides.get(&platform).cloned().unwrap_or_default())))
            .collect();
        let texts = own.clone();
        let counted = |(account, text): (AccountId, String)| (account, ArcRwSignal::new(text));
        let variations = RwSignal::new(draft.variations.into_iter().map(counted).collect::<BTreeMap<_, _>>());
        let choices: Vec<_> =
            publishing_platforms().map(|platform| Choices::new(platform, draft.options.get(&platform))).collect();
        let chosen_options = choices.clone();
        let link = RwSignal::new(draft.link);
        let pictures = RwSignal::new(pictures);
        let described = RwSignal::new(BTreeMap::<MediaId, String>::new());
        let accounts = RwSignal::new(accounts);
        let wanted = RwSignal::new(draft.accounts);
        let taken = StoredValue::new(taken);
        let chosen = Memo::new(move |_| {
            let varied = variations.read().keys().copied().collect();
            taken.with_value(|taken| choose(&accounts.read(), wanted.read().as_ref(), taken, &varied))
        });
        let visibility = RwSignal::new(way_chosen);
        let date = RwSignal::new(draft.date);
        let time = RwSignal::new(draft.time);
        let zone = RwSignal::new(if draft.zone.is_empty() { time_zone } else { draft.zone });
        let when = RwSignal::new(None::<When>);
        let refused = RwSignal::new(FieldErrors::default());
        let tried = RwSignal::new(false);
        let tab = RwSignal::new("all".to_owned());
        let creators = RwSignal::new(BTreeMap::<AccountId, Creator>::new());
        let advice = RwSignal::new(Vec::<Finding>::new());
        let draft = Memo::new(move |_| Draft {
            body: body.get(),
            overrides: texts
                .iter()
                .map(|(platform, text)| (*platform, text.get()))
                .filter(|(_, text)| !text.is_empty())
                .collect(),
            variations: variations.read().iter().map(|(account, text)| (*account, text.get())).collect(),
            options: chosen_options.iter().filter_map(|choices| Some((choices.platform, choices.get()?))).collect(),
            link: link.get(),
            media: pictures.read().iter().map(|asset| asset.id).collect(),
            accounts: wanted.get(),
            visibility: way(&visibility.read()).0,
            queue: way(&visibility.read()).1,
            date: date.get(),
            time: time.get(),
            zone: zone.get(),
        });
        let clock = use_clock();
        let tiktok = choices.iter().find(|choices| choices.platform == Platform::Tiktok).map(|choices| choices.tiktok);
        let findings = Memo::new(move |_| {
            let draft = draft.read();
            let post = draft.as_new(&Recipients::of(&accounts.read(), chosen.get()), undo_seconds);
            let content = post.content();
            let shown = described.read();
            let shapes: Vec<_> = pictures
                .read()
                .iter()
                .map(|asset| {
                    let mut medium = Medium::from(asset);
                    if let Some(alt) = shown.get(&asset.id) {
                        medium.alt_chars = alt.trim().chars().count();
                    }
                    medium
                })
                .collect();
            let accounts = accounts.read();
            let targets: Vec<_> = if draft.visibility == Visibility::Private {
                Vec::new()
            } else {
                let creators = creators.read();
                let creator = |account: &Account| creators.get(&account.id).and_then(|creator| creator.choices.clone());
                accounts
                    .iter()
                    .filter(|account| chosen.read().contains(&account.id))
                    .map(|account| Target { creator: creator(account), ..Target::from(account) })
                    .collect()
            };
            let mut findings = preflight::check(&content, &shapes, &targets);
            let to_tiktok = targets.iter().any(|target| target.platform == Platform::Tiktok);
            if to_tiktok && tiktok.is_some_and(|tiktok| tiktok.get().is_some() && tiktok.promotes_nothing()) {
                findings.push(Finding {
                    severity: Severity::Error,
                    field: PROMOTES.to_owned(),
                    platform: Some(Platform::Tiktok),
                    message: "Say whether the post on TikTok promotes you, somebody else, or both.".to_owned(),
                });
            }
            let general = post.check(clock.now().get_untracked());
            let when = when.read();
            let late = when.as_ref().filter(|when| when.refused).and_then(|when| when.warning.clone());
            let late = late
                .filter(|_| draft.visibility == Visibility::Scheduled && !draft.queue)
                .map(|why| ("scheduled_at".to_owned(), why));
            let refused = refused.read();
            let fields = general.0.into_iter().chain(late).chain(refused.0.clone());
            for (field, message) in fields {
                if !findings.iter().any(|finding| finding.severity == Severity::Error && finding.message == message) {
                    findings.push(Finding { severity: Severity::Error, field, platform: None, message });
                }
            }
            for finding in advice.get() {
                if !findings.iter().any(|other| other.message == finding.message) {
                    findings.push(finding);
                }
            }
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            findings
        });
        let choices = StoredValue::new(choices);
        let around = Around {
            purpose,
            undo_seconds,
            variations,
            choices,
            described,
            when,
            refused,
            tried,
            tab,
            creators,
            advice,
        };
        let composer = Self {
            body,
            own: StoredValue::new(own),
            link,
            pictures,
            accounts,
            wanted,
            chosen,
            visibility,
            date,
            time,
            zone,
            draft,
            findings,
            taken,
            around: StoredValue::new(around),
        };
        // What the server refused holds for what was sent, not for what is written now.
        Effect::new(move |before: Option<Draft>| {
            let now = draft.get();
            if before.is_some_and(|before| before != now) && !refused.read_untracked().is_empty() {
                refused.set(FieldErrors::default());
            }
            now
        });
        composer
    }

    pub fn purpose(self) -> Purpose {
        self.around.get_value().purpose
    }

    /// Seconds between saving and going out.
    pub fn undo_seconds(self) -> u16 {
        self.around.get_value().undo_seconds
    }

    /// Descriptions of pictures that were typed and not yet stored.
    pub fn described(self) -> RwSignal<BTreeMap<MediaId, String>> {
        self.around.get_value().described
    }

    /// What date, time and zone mean, once the server has said it.
    pub fn when(self) -> RwSignal<Option<When>> {
        self.around.get_value().when
    }

    /// What the server refused on saving; gone with the next change.
    pub fn refused(self) -> RwSignal<FieldErrors> {
        self.around.get_value().refused
    }

    /// Whether saving was tried: from then on everything that is missing is said.
    pub fn tried(self) -> RwSignal<bool> {
        self.around.get_value().tried
    }

    /// The platforms with a text of their own, with that text.
    pub fn own_texts(self) -> Vec<(Platform, RwSignal<String>)> {
        self.own.get_value()
    }

    /// The accounts with a text of their own, with that text.
    pub fn variations(self) -> RwSignal<BTreeMap<AccountId, ArcRwSignal<String>>> {
        self.around.get_value().variations
    }

    /// What was chosen, per platform that publishes.
    pub fn choices(self) -> Vec<Choices> {
        self.around.get_value().choices.get_value()
    }

    /// The key of the open tab of the texts.
    pub fn tab(self) -> RwSignal<String> {
        self.around.get_value().tab
    }

    /// What creators may choose, as far as they have been asked.
    pub fn creators(self) -> RwSignal<BTreeMap<AccountId, Creator>> {
        self.around.get_value().creators
    }

    /// The server's warnings.
    pub fn advice(self) -> RwSignal<Vec<Finding>> {
        self.around.get_value().advice
    }

    /// Gives an account a text of its own, which starts from what it would get, and lets it take part.
    pub fn vary(self, account: &Account) {
        let id = account.id;
        let platform = self.own_texts().into_iter().find(|(platform, _)| *platform == account.platform);
        let platform = platform.map(|(_, text)| text.get_untracked()).filter(|text| !text.trim().is_empty());
        let start = platform.unwrap_or_else(|| self.body.get_untracked());
        let mut chosen = self.chosen.get_untracked();
        self.variations().update(|variations| {
            variations.entry(id).or_insert_with(|| ArcRwSignal::new(start));
        });
        chosen.insert(id);
        self.wanted.set(Some(chosen));
        self.tab().set(id.to_string());
    }

    /// Takes an account's text away again.
    pub fn unvary(self, id: AccountId) {
        self.tab().set("all".to_owned());
        self.variations().update(|variations| {
            variations.remove(&id);
        });
    }

    pub fn visibility_now(self) -> Visibility {
        self.draft.read().visibility
    }

    /// Takes an account in or out.
    pub fn toggle(self, id: AccountId, on: bool) {
        let mut chosen = self.chosen.get_untracked();
        let varied = self.draft.get_untracked().varied();
        self.taken.with_value(|taken| toggle(&self.accounts.read_untracked(), &mut chosen, taken, &varied, id, on));
        self.wanted.set(Some(chosen));
    }

    /// All that can take part, or none.
    pub fn choose_all(self, all: bool) {
        self.wanted.set(if all { None } else { Some(BTreeSet::new()) });
    }

    /// Only this one.
    pub fn choose_only(self, id: AccountId) {
        self.wanted.set(Some(BTreeSet::from([id])));
    }

    /// Why the post cannot go to an account, if so.
    pub fn out_of_reach(self, account: &Account) -> Option<String> {
        self.taken.with_value(|taken| out_of_reach(account, taken))
    }

    /// Whether some accounts have the post already.
    pub fn is_out_in_part(self) -> bool {
        self.taken.with_value(|taken| !taken.is_empty())
    }

    /// Who it would be saved for now. Untracked.
    pub fn recipients(self) -> Recipients {
        Recipients::of(&self.accounts.read_untracked(), self.chosen.get_untracked())
    }

    /// Those that step back for another account of their platform.
    pub fn stepping_back(self) -> Vec<Account> {
        self.taken.with_value(|taken| {
            left_out(&self.accounts.read(), &self.chosen.read(), taken).into_iter().cloned().collect()
        })
    }

    /// The chosen accounts.
    pub fn targets(self) -> Vec<Account> {
        let chosen = self.chosen.read();
        self.accounts.read().iter().filter(|account| chosen.contains(&account.id)).cloned().collect()
    }

    /// What each account that gets the text of `platform` takes by itself ([`Account::text_max`]). Where all have words of
    /// their own, of those.
    pub fn own_limits(self, platform: Platform) -> Vec<Option<u32>> {
        let variations = self.variations().read();
        let chosen = self.targets().into_iter().filter(|account| account.platform == platform);
        let (varied, plain): (Vec<_>, Vec<_>) = chosen.partition(|account| variations.contains_key(&account.id));
        let readers = if plain.is_empty() { varied } else { plain };
        readers.into_iter().map(|account| account.text_max).collect()
    }

    /// The pictures, with the descriptions as typed.
    pub fn pictures_described(self) -> Vec<MediaAsset> {
        let described = self.described();
        let described = described.read();
        let with = |mut asset: MediaAsset| {
            if let Some(alt) = described.get(&asset.id) {
                asset.alt_text = Some(alt.clone()).filter(|alt| !alt.trim().is_empty());
            }
            asset
        };
        self.pictures.get().into_iter().map(with).collect()
    }

    /// Whether saving would be refused.
    pub fn is_refused(self) -> bool {
        self.findings.read().iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The same, now.
    pub fn is_refused_untracked(self) -> bool {
        self.findings.read_untracked().iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Why a field was refused, once that is worth saying.
    pub fn error_of(self, field: impl Into<Cow<'static, str>>) -> Signal<Option<String>> {
        let tried = self.tried();
        let field = field.into();
        Signal::derive(move || {
            if !tried.get() {
                return None;
            }
            self.findings
                .read()
                .iter()
                .find(|finding| finding.severity == Severity::Error && finding.field == *field)
                .map(|finding| finding.message.clone())
        })
    }

    /// Puts another draft in place of what is written.
    pub fn take(self, draft: Draft) {
        let way_chosen = way_word(&draft);
        self.body.set(draft.body);
        for (platform, text) in self.own_texts() {
            text.set(draft.overrides.get(&platform).cloned().unwrap_or_default());
        }
        for choices in self.choices() {
            choices.set(draft.options.get(&choices.platform));
        }
        let counted = |(account, text): (AccountId, String)| (account, ArcRwSignal::new(text));
        self.variations().set(draft.variations.into_iter().map(counted).collect());
        self.tab().set("all".to_owned());
        self.link.set(draft.link);
        self.wanted.set(draft.accounts);
        self.visibility.set(way_chosen);
        self.date.set(draft.date);
        self.time.set(draft.time);
        if !draft.zone.is_empty() {
            self.zone.set(draft.zone);
        }
    }

    /// An empty page.
    pub fn clear(self) {
        self.take(Draft::default());
        self.pictures.set(Vec::new());
        self.described().set(BTreeMap::new());
        self.refused().set(FieldErrors::default());
        self.advice().set(Vec::new());
        self.tried().set(false);
    }
}
