//! What an authorisation brought less than it could have: permissions that were unticked, pages that cannot be had.

use serde::{Deserialize, Serialize};

use super::MissingScope;
use crate::platform::Platform;

/// What was withheld in one authorisation and what it costs, for the person who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Withheld {
    pub platform: Platform,
    /// Permissions that were asked for and not given; each once.
    pub permissions: Vec<WithheldPermission>,
    /// Pages and accounts that were seen and not connected.
    pub left_out: Vec<LeftOut>,
}

/// A permission, and the accounts that lack it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithheldPermission {
    pub scope: String,
    /// In plain words, what does not work without it.
    pub costs: String,
    pub needed_to_publish: bool,
    /// The names of the accounts.
    pub accounts: Vec<String>,
}

/// A page or account that was seen and not connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftOut {
    pub name: String,
    /// Why, in a sentence for people.
    pub reason: String,
}

impl Withheld {
    pub const fn nothing(platform: Platform) -> Self {
        Self { platform, permissions: Vec::new(), left_out: Vec::new() }
    }

    pub const fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.left_out.is_empty()
    }

    /// An account that was connected without these.
    pub fn lacks(&mut self, account: &str, missing: &[MissingScope]) {
        for MissingScope { scope, costs, needed_to_publish } in missing {
            if let Some(known) = self.permissions.iter_mut().find(|known| known.scope == *scope) {
                known.accounts.push(account.to_owned());
            } else {
                self.permissions.push(WithheldPermission {
                    scope: scope.clone(),
                    costs: costs.clone(),
                    needed_to_publish: *needed_to_publish,
                    accounts: vec![account.to_owned()],
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_is_named_once_with_all_that_lack_it() {
        let missing = |scope: &str| MissingScope {
            scope: scope.into(),
            costs: format!("No {scope}."),
            needed_to_publish: scope == "publish",
        };
        let mut withheld = Withheld::nothing(Platform::Facebook);
        withheld.lacks("Complete", &[]);
        assert!(withheld.is_empty());
        withheld.lacks("One", &[missing("publish"), missing("read")]);
        withheld.lacks("Two", &[missing("publish")]);
        let shown: Vec<_> = withheld
            .permissions
            .iter()
            .map(|one| (one.scope.as_str(), one.needed_to_publish, one.accounts.join(", ")))
            .collect();
        assert_eq!(shown, [("publish", true, "One, Two".to_owned()), ("read", false, "One".to_owned())]);
        assert!(!withheld.is_empty());
    }
}
