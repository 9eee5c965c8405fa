//! Who gets a post, decided when it goes out: the same rules that refuse it when it is saved
//! ([`Account::cannot_take_part`]), asked again, because a scheduled post meets accounts as they have become.

use std::collections::BTreeMap;

use domain::{
    AccountId, Platform,
    accounts::{Account, AccountStatus},
    posts::Override,
};

/// Who gets it, and who would have if they could.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub targets: Vec<(AccountId, Platform)>,
    /// With the reason, for people.
    pub skipped: Vec<(AccountId, String)>,
}

/// Chooses among `accounts`, all of the workspace, oldest first.
///
/// `chosen` accounts get the post whatever their state: somebody asked for it, so a broken one fails where it is seen.
/// Without a choice it goes to all that are switched on and can take part; the others are skipped, with the reason.
/// Accounts that have `taken` an earlier version get nothing in either case. `variations` are the texts that single
/// accounts have of their own. `publishes` says which platforms this
/// Arctiv is set up for.
pub fn select(
    accounts: &[Account],
    chosen: Option<&[AccountId]>,
    taken: &[AccountId],
    variations: &BTreeMap<AccountId, Override>,
    publishes: impl Fn(Platform) -> bool,
) -> Selection {
    let mut selection = Selection::default();
    for account in accounts.iter().filter(|account| !taken.contains(&account.id)) {
        let reason = match chosen {
            Some(chosen) if !chosen.contains(&account.id) => continue,
            Some(_) => None,
            // Switched off, unlinked, or nothing that posts go to: nobody expects it there.
            None if !account.is_active
                || account.status == AccountStatus::Disconnected
                || account.platform.rules().is_none() =>
            {
                continue;
            }
            None => account
                .cannot_take_part()
                .or_else(|| not_set_up(account, &publishes))
                .or_else(|| same_text_elsewhere(account, accounts, taken, variations, &selection)),
        };
        match reason {
            None => selection.targets.push((account.id, account.platform)),
            Some(reason) => selection.skipped.push((account.id, reason)),
        }
    }
    selection
}

fn not_set_up(account: &Account, publishes: impl Fn(Platform) -> bool) -> Option<String> {
    let label = account.platform.label();
    (!publishes(account.platform)).then(|| format!("This Arctiv is not set up for {label} any more."))
}

/// X forbids the same text on several accounts. Saving refuses it; this catches the account that was connected since.
fn same_text_elsewhere(
    account: &Account,
    accounts: &[Account],
    taken: &[AccountId],
    variations: &BTreeMap<AccountId, Override>,
    selection: &Selection,
) -> Option<String> {
    let platform = account.platform;
    if platform.rules().is_none_or(|rules| rules.same_text_on_several_accounts) {
        return None;
    }
    let other = accounts.iter().find(|other| {
        other.platform == platform
            && variations.get(&other.id) == variations.get(&account.id)
            && (taken.contains(&other.id) || selection.targets.contains(&(other.id, other.platform)))
    })?;
    Some(format!(
        "{} does not allow the same text on several accounts, and {} has it.",
        platform.label(),
        other.display_name
    ))
}

#[cfg(test)]
mod tests {
    use domain::accounts::MissingScope;
    use uuid::Uuid;

    use super::*;

    fn account(n: u128, platform: Platform) -> Account {
        Account {
            id: id(n),
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
            scopes: Vec::new(),
            missing_scopes: Vec::new(),
            token_expires_at: None,
            last_synced_at: None,
            connected_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn id(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    fn without_scope(mut account: Account) -> Account {
        let costs = "Nothing can be published.".to_owned();
        account.missing_scopes = vec![MissingScope { scope: "publish".into(), costs, needed_to_publish: true }];
        account
    }

    fn everywhere(_: Platform) -> bool {
        true
    }

    #[test]
    fn all_that_can_take_part_and_the_reasons_of_those_that_cannot() {
        let off = Account { is_active: false, ..without_scope(account(3, Platform::Linkedin)) };
        let gone = Account { status: AccountStatus::Disconnected, ..account(4, Platform::Facebook) };
        let accounts = [
            account(1, Platform::Facebook),
            without_scope(account(2, Platform::Linkedin)),
            off,
            gone,
            Account { status: AccountStatus::ReconnectRequired, ..account(5, Platform::Facebook) },
            account(6, Platform::GoogleAds),
        ];
        let selection = select(&accounts, None, &[], &BTreeMap::new(), everywhere);
        assert_eq!(selection.targets, [(id(1), Platform::Facebook)]);
        assert_eq!(
            selection.skipped,
            [(id(2), "Nothing can be published.".to_owned()), (id(5), "Reconnect this account first.".to_owned())],
            "what is switched off, unlinked or no place for posts is not missed by anybody"
        );
    }

    #[test]
    fn a_choice_is_taken_at_its_word() {
        let accounts = [account(1, Platform::Facebook), without_scope(account(2, Platform::Linkedin))];
        let selection = select(&accounts, Some(&[id(2)]), &[], &BTreeMap::new(), everywhere);
        assert_eq!((selection.targets, selection.skipped), (vec![(id(2), Platform::Linkedin)], Vec::new()));
    }

    #[test]
    fn who_has_it_does_not_get_it_again() {
        let accounts = [account(1, Platform::Facebook), account(2, Platform::Linkedin)];
        for chosen in [None, Some(&[id(1), id(2)][..])] {
            let selection = select(&accounts, chosen, &[id(1)], &BTreeMap::new(), everywhere);
            assert_eq!((selection.targets, selection.skipped), (vec![(id(2), Platform::Linkedin)], Vec::new()));
        }
    }

    #[test]
    fn of_several_accounts_at_x_the_oldest() {
        let accounts = [account(1, Platform::Twitter), account(2, Platform::Twitter), account(3, Platform::Facebook)];
        let selection = select(&accounts, None, &[], &BTreeMap::new(), everywhere);
        assert_eq!(selection.targets, [(id(1), Platform::Twitter), (id(3), Platform::Facebook)]);
        assert!(selection.skipped[0].1.contains("Account 1"), "{:?}", selection.skipped);
        let selection = select(&accounts, None, &[id(1)], &BTreeMap::new(), everywhere);
        assert_eq!(selection.targets, [(id(3), Platform::Facebook)], "also when the other had it before");
    }

    #[test]
    fn a_variation_takes_another_account_at_x_along() {
        let accounts = [account(1, Platform::Twitter), account(2, Platform::Twitter), account(3, Platform::Twitter)];
        let own = |body: &str| Override { body: body.into() };
        let mut variations = BTreeMap::from([(id(2), own("Two"))]);
        let selection = select(&accounts, None, &[], &variations, everywhere);
        assert_eq!(selection.targets, [(id(1), Platform::Twitter), (id(2), Platform::Twitter)]);
        assert_eq!(selection.skipped.len(), 1, "the third has no text of its own");
        variations.insert(id(3), own("Two"));
        assert_eq!(select(&accounts, None, &[], &variations, everywhere).targets.len(), 2, "nor one that differs");
    }

    #[test]
    fn a_platform_that_is_no_longer_set_up() {
        let accounts = [account(1, Platform::Facebook)];
        let selection = select(&accounts, None, &[], &BTreeMap::new(), |_| false);
        assert_eq!(selection.targets, []);
        assert!(selection.skipped[0].1.contains("Facebook"), "{:?}", selection.skipped);
    }
}
