//! What a request asks for, worked out before anything is written: the content, the moment, the accounts.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use chrono_tz::Tz;
use domain::{
    AccountId, Actor, FieldErrors, PageRequest, ServiceError, ServiceResult,
    accounts::{Account, AccountFilter, Accounts, Creator},
    media::MediaAsset,
    page::MAX_LIMIT,
    posts::{
        Content, MAX_SCHEDULE_DAYS, NewPost, PostStatus, Visibility,
        preflight::{self, Target},
        schedule,
    },
};

/// When a post goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Not at all.
    Never,
    /// At the end of the undo window.
    At(DateTime<Utc>),
    /// At a chosen time, kept with how it reads on the wall in its zone.
    Scheduled { at: DateTime<Utc>, local: NaiveDateTime, zone: String },
}

impl Timing {
    /// Works out the moment. `NewPost::check` has passed; what is left can only be wrong about the schedule.
    pub fn of(post: &NewPost, workspace_zone: &str, now: DateTime<Utc>) -> ServiceResult<Self> {
        match post.visibility {
            Visibility::Private => Ok(Self::Never),
            Visibility::Public => Ok(Self::At(now + Duration::seconds(i64::from(post.undo_seconds.unwrap_or(0))))),
            Visibility::Scheduled => {
                let name = post.time_zone.as_deref().unwrap_or(workspace_zone);
                let zone: Tz =
                    schedule::zone(name).ok_or_else(|| ServiceError::field("time_zone", schedule::UNKNOWN_ZONE))?;
                let at = match (post.scheduled_at, post.scheduled_local) {
                    (Some(at), _) => at,
                    (None, Some(local)) => resolve(local, zone, now)?,
                    (None, None) => return Err(ServiceError::field("scheduled_at", "Pick a date and time.")),
                };
                let at = whole_microseconds(at);
                let mut errors = FieldErrors::default();
                schedule::check(at, now, &mut errors);
                errors.into_result()?;
                // The wall-clock time that will be true then, also where the one asked for does not exist.
                Ok(Self::Scheduled { at, local: at.with_timezone(&zone).naive_local(), zone: name.to_owned() })
            }
        }
    }

    pub const fn visibility(&self) -> Visibility {
        match self {
            Self::Never => Visibility::Private,
            Self::At(_) => Visibility::Public,
            Self::Scheduled { .. } => Visibility::Scheduled,
        }
    }

    /// Where the post stands once it is saved.
    pub const fn status(&self) -> PostStatus {
        match self {
            Self::Never => PostStatus::Draft,
            Self::At(_) => PostStatus::Publishing,
            Self::Scheduled { .. } => PostStatus::Scheduled,
        }
    }

    pub const fn publishes_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Never => None,
            Self::At(at) | Self::Scheduled { at, .. } => Some(*at),
        }
    }

    pub const fn goes_out(&self) -> bool {
        !matches!(self, Self::Never)
    }
}

/// Years far off would overflow the arithmetic of zones; they are out of range anyway.
fn resolve(local: NaiveDateTime, zone: Tz, now: DateTime<Utc>) -> ServiceResult<DateTime<Utc>> {
    let near = Duration::days(MAX_SCHEDULE_DAYS + 2);
    if local < (now - near).naive_utc() {
        return Err(ServiceError::field("scheduled_at", "Pick a time in the future."));
    }
    if local > (now + near).naive_utc() {
        return Err(ServiceError::field("scheduled_at", "Pick a time within the next year."));
    }
    Ok(schedule::resolve(local, zone).at())
}

/// PostgreSQL keeps microseconds; what is answered must equal what is read later.
fn whole_microseconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// The chosen accounts, each once.
pub fn chosen(ids: Option<&[AccountId]>) -> Option<Vec<AccountId>> {
    let mut ids = ids?.to_vec();
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// Every account of the workspace that is not disconnected. To be asked before a transaction is opened, so that a request
/// never holds two connections; the selector looks again inside it.
pub async fn connected(accounts: &dyn Accounts, actor: &Actor) -> ServiceResult<Vec<Account>> {
    let mut connected = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: Some(MAX_LIMIT), cursor, ..PageRequest::default() };
        let found = accounts.list(actor, AccountFilter { page, ..AccountFilter::default() }).await?;
        connected.extend(found.items);
        cursor = found.next_cursor;
        if cursor.is_none() {
            return Ok(connected);
        }
    }
}

/// The accounts a post goes to: the chosen ones, or all that can take part; without those that have `taken` an earlier
/// version of it. `accounts` are those the workspace has connected. A validation error of `account_ids` says what to do.
pub fn targets(chosen: Option<&[AccountId]>, accounts: &[Account], taken: &[AccountId]) -> ServiceResult<Vec<Target>> {
    let Some(chosen) = chosen else {
        let targets: Vec<Target> = accounts
            .iter()
            .filter(|account| account.cannot_take_part().is_none() && !taken.contains(&account.id))
            .map(Target::from)
            .collect();
        return if targets.is_empty() {
            Err(ServiceError::field("account_ids", nobody(accounts, taken)))
        } else {
            Ok(targets)
        };
    };
    let chosen: Vec<AccountId> = chosen.iter().copied().filter(|id| !taken.contains(id)).collect();
    if chosen.is_empty() {
        return Err(ServiceError::field("account_ids", nobody(accounts, taken)));
    }
    known(&chosen, accounts)?;
    let mut targets = Vec::with_capacity(chosen.len());
    for account in accounts.iter().filter(|account| chosen.contains(&account.id)) {
        if let Some(reason) = account.cannot_take_part() {
            return Err(ServiceError::field("account_ids", format!("{}: {reason}", account.display_name)));
        }
        targets.push(Target::from(account));
    }
    Ok(targets)
}

/// The chosen accounts are the workspace's, connected or waiting to be reconnected. One that is not cannot be told
/// from one that does not exist.
pub fn known(chosen: &[AccountId], accounts: &[Account]) -> ServiceResult<()> {
    let missing = chosen.iter().filter(|id| !accounts.iter().any(|account| account.id == **id)).count();
    match missing {
        0 => Ok(()),
        1 => Err(ServiceError::field("account_ids", "One of the chosen accounts is not connected to this workspace.")),
        n => Err(ServiceError::field(
            "account_ids",
            format!("{n} of the chosen accounts are not connected to this workspace."),
        )),
    }
}

fn nobody(accounts: &[Account], taken: &[AccountId]) -> &'static str {
    if !taken.is_empty() {
        "Nobody is left to send this to: the accounts that it would go to have this post already."
    } else if accounts.is_empty() {
        "No account is connected yet. Connect one under Accounts, or save the post as private."
    } else {
        "No connected account can take this post. Switch one on or reconnect one under Accounts, or save the post as \
         private."
    }
}

/// Variations are for accounts of the workspace.
pub fn known_variations(content: &Content, accounts: &[Account]) -> ServiceResult<()> {
    let mut errors = FieldErrors::default();
    for id in content.variations.keys() {
        if !accounts.iter().any(|account| account.id == *id) {
            errors.add(&format!("variations.{id}"), "This account is not connected to this workspace.");
        }
    }
    errors.into_result()
}

/// Gives each target what is known of its creator.
pub fn with_creators(targets: &mut [Target], creators: Vec<Creator>) {
    for creator in creators {
        if let Some(target) = targets.iter_mut().find(|target| target.account_id == creator.account_id) {
            target.creator = creator.choices;
        }
    }
}

/// Refuses what a platform would refuse.
pub fn preflight(content: &Content, media: &[MediaAsset], targets: &[Target]) -> ServiceResult<()> {
    let media: Vec<_> = media.iter().map(preflight::Medium::from).collect();
    preflight::refusals(&preflight::check(content, &media, targets)).into_result()
}

#[cfg(test)]
mod tests {
    use domain::{
        Platform,
        accounts::{AccountStatus, MissingScope},
    };
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn scheduled(local: &str) -> NewPost {
        NewPost {
            body: "x".into(),
            visibility: Visibility::Scheduled,
            scheduled_local: Some(local.parse().unwrap()),
            ..NewPost::default()
        }
    }

    #[test]
    fn the_same_wall_clock_time_on_both_sides_of_a_change() {
        let now = at("2027-03-20T12:00:00Z");
        let moment = |local| Timing::of(&scheduled(local), "Europe/Dublin", now).unwrap().publishes_at().unwrap();
        assert_eq!(moment("2027-03-27T07:00:00"), at("2027-03-27T07:00:00Z"));
        assert_eq!(moment("2027-03-28T07:00:00"), at("2027-03-28T06:00:00Z"));
    }

    #[test]
    fn a_time_that_is_skipped_is_kept_as_the_one_that_happens() {
        let timing =
            Timing::of(&scheduled("2027-03-28T01:30:00"), "Europe/Dublin", at("2027-03-20T12:00:00Z")).unwrap();
        let Timing::Scheduled { at: moment, local, zone } = timing else { panic!("{timing:?}") };
        assert_eq!(moment, at("2027-03-28T01:30:00Z"));
        assert_eq!(local.to_string(), "2027-03-28 02:30:00");
        assert_eq!(zone, "Europe/Dublin");
    }

    #[test]
    fn the_posts_zone_wins_over_the_workspaces() {
        let post = NewPost { time_zone: Some("America/New_York".into()), ..scheduled("2026-12-01T07:00:00") };
        let timing = Timing::of(&post, "Europe/Dublin", at("2026-11-20T12:00:00Z")).unwrap();
        assert_eq!(timing.publishes_at(), Some(at("2026-12-01T12:00:00Z")));
    }

    #[rstest]
    #[case("2026-11-20T12:00:00", "Pick a time in the future.")]
    #[case("-262143-01-01T00:00:00", "Pick a time in the future.")]
    #[case("2027-12-01T12:00:00", "Pick a time within the next year.")]
    #[case("+262142-12-31T23:59:59", "Pick a time within the next year.")]
    fn times_out_of_range(#[case] local: &str, #[case] message: &str) {
        let error = Timing::of(&scheduled(local), "UTC", at("2026-11-20T12:00:00Z")).unwrap_err();
        assert_eq!(error.fault.fields.get("scheduled_at"), Some(message));
    }

    #[test]
    fn the_undo_window_moves_the_moment() {
        let now = at("2026-11-20T12:00:00Z");
        let post = NewPost { undo_seconds: Some(5), ..NewPost::default() };
        assert_eq!(Timing::of(&post, "UTC", now).unwrap(), Timing::At(now + Duration::seconds(5)));
        assert_eq!(Timing::of(&NewPost::default(), "UTC", now).unwrap(), Timing::At(now), "none when left out");
    }

    fn account(n: u128, change: impl FnOnce(&mut Account)) -> Account {
        let mut account = Account {
            id: AccountId(Uuid::from_u128(n)),
            platform: Platform::Facebook,
            account_type: Platform::Facebook.account_type(),
            external_account_id: n.to_string(),
            display_name: format!("Page {n}"),
            handle: None,
            avatar_url: None,
            text_max: None,
            status: AccountStatus::Connected,
            status_reason: None,
            is_active: true,
            client: None,
            scopes: Vec::new(),
            missing_scopes: Vec::new(),
            token_expires_at: None,
            last_synced_at: None,
            connected_at: at("2026-11-20T12:00:00Z"),
        };
        change(&mut account);
        account
    }

    #[test]
    fn without_a_choice_it_goes_to_all_that_can() {
        let accounts = [
            account(1, |_| {}),
            account(2, |account| account.is_active = false),
            account(3, |account| account.status = AccountStatus::ReconnectRequired),
            account(4, |account| account.platform = Platform::GoogleAds),
            account(5, |account| {
                let costs = "Posting is not allowed.".to_owned();
                account.missing_scopes = vec![MissingScope { scope: "publish".into(), costs, needed_to_publish: true }];
            }),
        ];
        let ids: Vec<_> =
            targets(None, &accounts, &[]).unwrap().into_iter().map(|target| target.account_id.0.as_u128()).collect();
        assert_eq!(ids, [1]);
        let error = targets(None, &accounts[1..], &[]).unwrap_err();
        assert!(error.fault.fields.get("account_ids").unwrap().contains("Switch one on or reconnect one"));
        assert!(targets(None, &[], &[]).unwrap_err().fault.message.contains("Connect one under Accounts"));
    }

    #[test]
    fn a_choice_must_be_ours_and_able() {
        let accounts = [account(1, |_| {}), account(2, |account| account.is_active = false)];
        let id = |n| AccountId(Uuid::from_u128(n));
        assert_eq!(targets(Some(&[id(1)]), &accounts, &[]).unwrap().len(), 1);
        let off = targets(Some(&[id(1), id(2)]), &accounts, &[]).unwrap_err();
        assert_eq!(off.fault.fields.get("account_ids"), Some("Page 2: Switched off for posts."));
        let foreign = targets(Some(&[id(9), id(1)]), &accounts, &[]).unwrap_err();
        assert!(foreign.fault.fields.get("account_ids").unwrap().starts_with("One of the chosen accounts"));
    }

    #[test]
    fn who_has_it_is_not_asked_again() {
        let accounts = [account(1, |_| {}), account(2, |_| {})];
        let id = |n| AccountId(Uuid::from_u128(n));
        let left = |chosen: Option<&[AccountId]>, taken: &[AccountId]| {
            targets(chosen, &accounts, taken)
                .map(|targets| targets.iter().map(|target| target.account_id).collect::<Vec<_>>())
        };
        assert_eq!(left(None, &[id(1)]).unwrap(), vec![id(2)]);
        // One that has it may be disconnected by now.
        assert_eq!(left(Some(&[id(2), id(9)]), &[id(9)]).unwrap(), vec![id(2)]);
        for chosen in [None, Some(&[id(1)][..])] {
            let refused = left(chosen, &[id(1), id(2)]).unwrap_err();
            assert!(refused.fault.fields.get("account_ids").unwrap().contains("already"), "{refused:?}");
        }
    }

    #[test]
    fn a_choice_counts_each_account_once() {
        let id = |n| AccountId(Uuid::from_u128(n));
        assert_eq!(chosen(Some(&[id(2), id(1), id(2)])), Some(vec![id(1), id(2)]));
        assert_eq!(chosen(None), None);
    }
}
