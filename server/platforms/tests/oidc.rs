//! Signing in against the sandbox's provider: each way of signing, and each way of going wrong.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use platforms::{Http, HttpSettings, OidcError, OidcPerson, OidcProvider, OidcSettings, Pkce};
use sandbox::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Running, Sandbox, driver::Identified};
use serde_json::json;

struct Now;

impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "the sandbox has the time of day")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

struct Bench {
    sandbox: Running,
    provider: OidcProvider,
}

fn provider(issuer: &str, secret: &str, private: bool) -> OidcProvider {
    let settings = OidcSettings {
        issuer: issuer.to_owned(),
        client_id: DEMO_CLIENT_ID.to_owned(),
        client_secret: secret.into(),
        redirect_uri: "http://127.0.0.1:8080/api/auth/oidc/callback".parse().unwrap(),
    };
    let http = HttpSettings { allow_private_networks: private, ..HttpSettings::default() };
    OidcProvider::new(settings, Arc::new(Http::new(http, Arc::new(Now)).unwrap()))
}

impl Bench {
    async fn new() -> Self {
        let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
        let provider = provider(&format!("{}/oidc", sandbox.url()), DEMO_CLIENT_SECRET, true);
        Self { sandbox, provider }
    }

    async fn set(&self, what: serde_json::Value) {
        self.sandbox.control().unwrap().post("oidc", &what).await.unwrap();
    }

    async fn sign_in(&self, provider: &OidcProvider) -> Result<OidcPerson, OidcError> {
        let pkce = Pkce::generate();
        let there = provider.authorize_url("the state", "the nonce", &pkce).await?;
        let back = Identified::with("saoirse@walk.example").sign_in(there.as_str()).await.unwrap();
        let of =
            |wanted: &str| back.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
        assert_eq!(of("state").as_deref(), Some("the state"));
        provider.sign_in(&of("code").unwrap().into(), of("iss").as_deref(), "the nonce", &pkce).await
    }
}

#[tokio::test]
async fn each_way_of_signing_tells_who_it_is() {
    let bench = Bench::new().await;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        bench.set(json!({ "algorithm": algorithm })).await;
        let person = bench.sign_in(&bench.provider).await.unwrap();
        assert_eq!((person.email.as_deref(), person.email_verified), (Some("saoirse@walk.example"), true));
        assert_eq!(person.name.as_deref(), Some("Saoirse Byrne"));
        assert_eq!(person.subject.len(), 32);
    }
}

#[tokio::test]
async fn a_token_with_anything_wrong_does_not_count() {
    let bench = Bench::new().await;
    for (fault, says) in [
        ("wrong_nonce", "nonce"),
        ("wrong_audience", "another program"),
        ("wrong_issuer", "another issuer"),
        ("expired", "expired"),
        ("wrong_key", "signature"),
        ("unsigned", "no signed token"),
    ] {
        bench.set(json!({ "fault": fault })).await;
        let error = bench.sign_in(&bench.provider).await.unwrap_err();
        assert!(matches!(&error, OidcError::Untrusted(why) if why.contains(says)), "{fault}: {error}");
    }
    bench.sign_in(&bench.provider).await.unwrap();
}

#[tokio::test]
async fn an_answer_of_another_provider_and_a_used_code_are_refused() {
    let bench = Bench::new().await;
    let pkce = Pkce::generate();
    let there = bench.provider.authorize_url("s", "n", &pkce).await.unwrap();
    let back = Identified::with("saoirse@walk.example").sign_in(there.as_str()).await.unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let code = code.into();
    for issuer in [None, Some("https://provider.example")] {
        let error = bench.provider.sign_in(&code, issuer, "n", &pkce).await.unwrap_err();
        assert!(matches!(error, OidcError::Untrusted(_)), "{error}");
    }
    let issuer = format!("{}/oidc", bench.sandbox.url());
    bench.provider.sign_in(&code, Some(&issuer), "n", &pkce).await.unwrap();
    let again = bench.provider.sign_in(&code, Some(&issuer), "n", &pkce).await.unwrap_err();
    assert!(matches!(&again, OidcError::Refused(why) if why.contains("invalid_grant")), "{again}");
    let wrong = provider(&issuer, "another secret", true);
    assert!(matches!(bench.sign_in(&wrong).await, Err(OidcError::Refused(_))));
}

#[tokio::test]
async fn a_provider_that_is_away_or_where_it_must_not_be_is_said() {
    let bench = Bench::new().await;
    let issuer = format!("{}/oidc", bench.sandbox.url());
    let strict = provider(&issuer, DEMO_CLIENT_SECRET, false);
    let misnamed = provider(&format!("{issuer}/"), DEMO_CLIENT_SECRET, true);
    let nowhere = provider("http://127.0.0.1:9/oidc", DEMO_CLIENT_SECRET, true);
    for provider in [strict, misnamed, nowhere] {
        let error = provider.authorize_url("s", "n", &Pkce::generate()).await.unwrap_err();
        assert!(matches!(error, OidcError::Away(_)), "{error}");
    }
    bench.set(json!({ "fault": "down" })).await;
    assert!(matches!(bench.sign_in(&bench.provider).await, Err(OidcError::Away(_))));
    bench.set(json!({ "fault": "all_down" })).await;
    let fresh = provider(&issuer, DEMO_CLIENT_SECRET, true);
    assert!(fresh.authorize_url("s", "n", &Pkce::generate()).await.is_err());
}
