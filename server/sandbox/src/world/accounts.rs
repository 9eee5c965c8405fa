//! The people, pages and organisations of the simulated networks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ByPlatform, Slug};
use crate::networks;

/// What an account is to its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Somebody who can sign in.
    Person,
    /// A page or organisation that people run.
    Page,
}

/// A person's role on a page or organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Staff {
    pub(crate) person: String,
    /// The network's own word, for example `ADMINISTRATOR`.
    pub(crate) role: String,
}

/// One simulated account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) platform: Slug,
    /// The network's id, as its API shows it.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// User name, page name or vanity name, without `@`.
    pub(crate) handle: String,
    pub(crate) about: String,
    /// Can posts go out in its own name?
    pub(crate) publishes: bool,
    /// Who runs it. Empty for a person.
    pub(crate) staff: Vec<Staff>,
    /// Pays for longer posts (X).
    pub(crate) premium: bool,
    /// What only its network knows: the page behind an Instagram account, a creator's privacy.
    #[serde(default)]
    pub(crate) extra: Value,
}

impl Account {
    pub(crate) fn person(platform: Slug, id: &str, name: &str, handle: &str) -> Self {
        Self {
            platform,
            id: id.to_owned(),
            kind: Kind::Person,
            name: name.to_owned(),
            handle: handle.to_owned(),
            about: String::new(),
            publishes: true,
            staff: Vec::new(),
            premium: false,
            extra: Value::Null,
        }
    }

    pub(crate) fn page(platform: Slug, id: &str, name: &str, handle: &str, staff: &[(&str, &str)]) -> Self {
        let staff = staff
            .iter()
            .map(|(person, role)| Staff { person: (*person).to_owned(), role: (*role).to_owned() })
            .collect();
        Self { kind: Kind::Page, staff, ..Self::person(platform, id, name, handle) }
    }

    pub(crate) fn about(mut self, about: &str) -> Self {
        about.clone_into(&mut self.about);
        self
    }

    /// Signs in, but nothing goes out in its own name.
    pub(crate) fn silent(mut self) -> Self {
        self.publishes = false;
        self
    }

    /// Something only its network knows.
    pub(crate) fn with(mut self, extra: Value) -> Self {
        self.extra = extra;
        self
    }

    /// The role of a person here, if they have one.
    pub(crate) fn role_of(&self, person: &str) -> Option<&str> {
        self.staff.iter().find(|staff| staff.person == person).map(|staff| staff.role.as_str())
    }

    /// Is this the account that a control call or a driver means by `wanted`: its id, its handle or its name?
    pub(crate) fn is_called(&self, wanted: &str) -> bool {
        let wanted = wanted.trim_start_matches('@');
        self.id == wanted || self.handle.eq_ignore_ascii_case(wanted) || self.name.eq_ignore_ascii_case(wanted)
    }

    /// Up to two initials, for the round mark beside the name.
    pub(crate) fn initials(&self) -> String {
        self.name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric())).take(2).collect()
    }
}

/// All accounts, in the order they were made.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Account>", into = "Vec<Account>")]
pub(crate) struct Accounts {
    list: Vec<Account>,
    by_id: ByPlatform<usize>,
}

impl Accounts {
    pub(crate) fn seeded() -> Self {
        networks::ALL.iter().flat_map(|network| network.seeds()).collect::<Vec<_>>().into()
    }

    /// Adds an account. False, and nothing happens, if the network knows the id or the handle.
    pub(crate) fn add(&mut self, account: Account) -> bool {
        let key = (account.platform, account.id.clone());
        let taken = |other: &Account| other.platform == account.platform && other.handle == account.handle;
        if self.by_id.contains_key(&key) || self.list.iter().any(taken) {
            return false;
        }
        self.by_id.insert(key, self.list.len());
        self.list.push(account);
        true
    }

    pub(crate) fn get(&self, platform: Slug, id: &str) -> Option<&Account> {
        self.by_id.get(&(platform, id.to_owned())).and_then(|&at| self.list.get(at))
    }

    pub(crate) fn get_mut(&mut self, platform: Slug, id: &str) -> Option<&mut Account> {
        let at = *self.by_id.get(&(platform, id.to_owned()))?;
        self.list.get_mut(at)
    }

    /// By id, handle or name.
    pub(crate) fn find(&self, platform: Slug, wanted: &str) -> Option<&Account> {
        self.get(platform, wanted).or_else(|| self.of(platform).find(|account| account.is_called(wanted)))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.list.iter()
    }

    pub(crate) fn of(&self, platform: Slug) -> impl Iterator<Item = &Account> {
        self.list.iter().filter(move |account| account.platform == platform)
    }

    /// The pages that a person has a role on.
    pub(crate) fn run_by<'a>(&'a self, platform: Slug, person: &'a str) -> impl Iterator<Item = &'a Account> {
        self.of(platform).filter(move |account| account.role_of(person).is_some())
    }
}

impl From<Vec<Account>> for Accounts {
    fn from(list: Vec<Account>) -> Self {
        let by_id = list.iter().enumerate().map(|(at, a)| ((a.platform, a.id.clone()), at)).collect();
        Self { list, by_id }
    }
}

impl From<Accounts> for Vec<Account> {
    fn from(accounts: Accounts) -> Self {
        accounts.list
    }
}
