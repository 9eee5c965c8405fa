//! `[oidc]`: signing in by way of an OpenID Connect provider. Off unless it is set.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's address, exactly as it calls itself: `https://login.example.com/realms/staff`.
    pub issuer: Option<String>,
    /// Registered there for `<public url>/api/auth/oidc/callback`.
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    /// What people know the provider by: "Continue with …".
    pub name: Option<String>,
    /// Lets it stand in a private network, over plain http as well.
    pub allow_private_networks: bool,
}

/// A provider that is set up.
#[derive(Clone, Debug)]
pub struct OidcInForce {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub name: String,
}

impl OidcSettings {
    /// The provider, if there is one.
    pub fn in_force(&self) -> Option<OidcInForce> {
        Some(OidcInForce {
            issuer: self.issuer.clone()?,
            client_id: self.client_id.clone()?,
            client_secret: self.client_secret.clone()?,
            name: self.name.clone().unwrap_or_else(|| host(self.issuer.as_deref()).unwrap_or_default()),
        })
    }
}

fn host(issuer: Option<&str>) -> Option<String> {
    Url::parse(issuer?).ok()?.host_str().map(str::to_owned)
}

impl Section for OidcSettings {
    const NAME: &'static str = "oidc";
    fn validate(&self, faults: &mut Faults) {
        let given = [
            ("oidc.issuer", self.issuer.is_some()),
            ("oidc.client_id", self.client_id.is_some()),
            ("oidc.client_secret", self.client_secret.is_some()),
        ];
        if given.iter().any(|(_, given)| *given) {
            for (key, _) in given.iter().filter(|(_, given)| !given) {
                faults.add(key, "is missing; a provider needs issuer, client_id and client_secret");
            }
        }
        if let Some(issuer) = &self.issuer {
            let sound = Url::parse(issuer).is_ok_and(|url| {
                let scheme = url.scheme() == "https" || (url.scheme() == "http" && self.allow_private_networks);
                scheme && url.host().is_some() && url.query().is_none() && url.fragment().is_none()
            });
            if !sound {
                faults.add("oidc.issuer", "must be the provider's https address, without a query");
            }
        }
        if self.name.as_ref().is_some_and(|name| {
            name.trim().is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control)
        }) {
            faults.add("oidc.name", "must have 1 to 40 characters");
        }
    }
}
