//! A token's life on every network: renewed in time and once, each failure on record, and ended by hard evidence only.

use rstest::rstest;

use super::*;

/// How each network's access lives: where it ends, and whether it ends by itself at all.
#[derive(Clone, Copy, Debug)]
struct Life {
    platform: Platform,
    person: &'static str,
    /// When a sweep renews it: this long before its end.
    before: Duration,
}

impl Life {
    const fn of(platform: Platform, person: &'static str, before: Duration) -> Self {
        Self { platform, person, before }
    }

    /// The sweep that looks after it: access of hours is a matter of the one that runs every few minutes.
    fn reach(self) -> TokenReach {
        if self.before < Duration::days(1) { TokenReach::Lead } else { TokenReach::Week }
    }

    fn visitor(self) -> Visitor {
        let visitor = Visitor::called(self.person);
        match self.platform {
            Platform::Facebook => visitor.only_pages(["Northwind Coffee Roasters"]),
            Platform::Linkedin => visitor.only_pages(Vec::<String>::new()),
            _ => visitor,
        }
    }
}

const FACEBOOK: Life = Life::of(Platform::Facebook, "Niamh Doyle", Duration::days(6));
const INSTAGRAM: Life = Life::of(Platform::Instagram, "northwindcoffee", Duration::days(6));
const X: Life = Life::of(Platform::Twitter, "northwindcoffee", Duration::minutes(9));
const LINKEDIN: Life = Life::of(Platform::Linkedin, "Priya Raman", Duration::days(6));
const TIKTOK: Life = Life::of(Platform::Tiktok, "northwindcoffee", Duration::minutes(9));

impl Bench {
    /// Lets time pass here and at the networks.
    async fn pass(&self, time: Duration) {
        self.control.post("advance", &json!({"seconds": time.num_seconds()})).await.unwrap();
        self.clock.advance(time);
    }

    /// The first moment at which something of the account's access ends.
    async fn ends(&self, id: AccountId) -> DateTime<Utc> {
        sqlx::query_scalar(
            "select least(coalesce(expires_at, 'infinity'), coalesce(refresh_expires_at, 'infinity'))
               from account_credentials where account_id = $1",
        )
        .bind(id.0)
        .fetch_one(self.db.worker_pool())
        .await
        .unwrap()
    }

    async fn sweep(&self, reach: TokenReach) {
        self.enqueue(&SweepTokens { reach }).await;
        self.run_jobs().await;
    }

    /// Failures on record, with their status codes.
    async fn failures(&self, id: AccountId) -> Vec<Option<u16>> {
        let log = self.log(id).await;
        let failed = log.into_iter().filter(|line| line.0 == ConnectionEventType::AuthorizationFailed);
        failed.map(|line| line.2).collect()
    }
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(X)]
#[case(LINKEDIN)]
#[case(TIKTOK)]
#[tokio::test]
async fn the_sweep_renews_in_time_and_once(#[case] life: Life) {
    let bench = Bench::partner().await;
    let account = bench.connect(life.platform, life.visitor()).await;
    let ends = bench.ends(account.id).await;
    bench.sweep(life.reach()).await;
    assert_eq!(bench.version(account.id).await, 1, "{life:?}: far too early");
    bench.pass(ends - life.before - bench.clock.now()).await;
    for _ in 0..2 {
        bench.sweep(life.reach()).await;
    }
    assert_eq!((bench.version(account.id).await, bench.calls("refresh").await > 0), (2, true), "{life:?}");
    assert!(bench.ends(account.id).await > ends, "{life:?}");
    let renewed = bench.log(account.id).await;
    assert_eq!(renewed.iter().filter(|line| line.0 == ConnectionEventType::TokenRefreshed).count(), 1);
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    // What came is good.
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.platforms.get(life.platform).unwrap().identify(&open.account()).await.unwrap();
    assert_nothing_plain(&bench).await;
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(X)]
#[case(LINKEDIN)]
#[case(TIKTOK)]
#[tokio::test]
async fn a_network_that_errs_is_asked_now_in_a_minute_and_in_five_and_costs_nothing(#[case] life: Life) {
    let bench = Bench::partner().await;
    let account = bench.connect(life.platform, life.visitor()).await;
    bench.pass(bench.ends(account.id).await - life.before - bench.clock.now()).await;
    let fault = json!({"platform": life.platform.as_str(), "operation": "refresh", "fault": "status", "status": 503,
        "times": 2});
    bench.fault(fault).await;
    let other = json!({"platform": life.platform.as_str(), "operation": "refresh", "fault": "drop"});
    bench.fault(other).await;
    bench.sweep(life.reach()).await;
    let expected: [Option<u16>; 3] = [Some(503), Some(503), None];
    assert_eq!(bench.failures(account.id).await, &expected[..1], "{life:?}");
    for (minutes, seen) in [(1, 2), (5, 3)] {
        // Not before its time.
        let waiting: Vec<_> = bench.waiting().await.into_iter().filter(|job| job.0 == RefreshToken::TASK).collect();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        assert_eq!(waiting[0].1, bench.clock.now() + Duration::minutes(minutes), "{life:?}");
        bench.pass(Duration::minutes(minutes)).await;
        bench.run_jobs().await;
        assert_eq!(bench.failures(account.id).await, &expected[..seen], "{life:?}");
    }
    assert_ne!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    bench.pass(Duration::minutes(15)).await;
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected, "{life:?}");
    assert_eq!(bench.failures(account.id).await.len(), 3);
    bench.tokens.open(account.id).await.unwrap();
}

#[rstest]
#[case(FACEBOOK)]
#[case(INSTAGRAM)]
#[case(X)]
#[case(LINKEDIN)]
#[case(TIKTOK)]
#[tokio::test]
async fn a_network_that_says_so_ends_it(#[case] life: Life) {
    let bench = Bench::partner().await;
    let account = bench.connect(life.platform, life.visitor()).await;
    bench.pass(bench.ends(account.id).await - life.before - bench.clock.now()).await;
    bench.control.post("revoke", &json!({"platform": life.platform.as_str()})).await.unwrap();
    bench.sweep(life.reach()).await;
    let shown = bench.get(account.id).await;
    assert_eq!(shown.status, AccountStatus::ReconnectRequired, "{life:?}");
    assert!(shown.status_reason.is_some_and(|reason| reason.ends_with("Please reconnect the account.")));
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::RevocationDetected);
    // Nobody goes on asking.
    let asked = bench.calls("refresh").await;
    bench.pass(Duration::hours(2)).await;
    bench.sweep(life.reach()).await;
    assert_eq!(bench.calls("refresh").await, asked);
    assert!(bench.waiting().await.is_empty(), "{:?}", bench.waiting().await);
}

/// Both networks whose refresh token is worth one use.
#[rstest]
#[case(X)]
#[case(TIKTOK)]
#[tokio::test]
async fn workers_at_once_use_a_rotating_token_once(#[case] life: Life) {
    let bench = Bench::new().await;
    let account = bench.connect(life.platform, life.visitor()).await;
    bench.pass(Duration::minutes(115)).await;
    bench
        .fault(json!({"platform": life.platform.as_str(), "operation": "refresh", "fault": "slow", "slow_ms": 500}))
        .await;
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..6 {
        let tokens = Tokens::new(TokensSetup {
            db: connect(&bench.database),
            clock: bench.clock.clone(),
            ids: Arc::new(SeqIds::after(1_000_000 * (n + 1))),
            platforms: Arc::clone(&bench.platforms),
            vault: vault(&bench.ring),
        });
        let id = account.id;
        workers.spawn(async move {
            match n % 3 {
                0 => tokens.open(id).await,
                1 => tokens.refresh_rejected(id, 1).await,
                _ => tokens.refresh_now(id).await,
            }
        });
    }
    let opened: Vec<_> = workers.join_all().await.into_iter().map(Result::unwrap).collect();
    assert!(opened.iter().all(|open| open.version == 2), "{opened:?}");
    assert_eq!(bench.calls("refresh").await, 1);
    // The pair is alive: the next renewal works, too.
    assert_eq!(bench.tokens.refresh_now(account.id).await.unwrap().version, 3);
}

#[tokio::test]
async fn instagram_is_not_asked_to_renew_a_token_of_the_first_day() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Instagram, INSTAGRAM.visitor()).await;
    bench.pass(Duration::hours(23)).await;
    // Coming from a token of an hour to one of sixty days is asked the same way.
    let asked = bench.calls("refresh").await;
    // A person asks; a call is refused: neither makes a renewal that Instagram would refuse.
    assert_eq!(bench.tokens.refresh_now(account.id).await.unwrap().version, 1);
    retry(bench.tokens.refresh_rejected(account.id, 1).await);
    bench.pass(Duration::minutes(1)).await;
    bench.run_jobs().await;
    assert_eq!((bench.calls("refresh").await, bench.get(account.id).await.status), (asked, AccountStatus::Connected));
    assert!(bench.failures(account.id).await.is_empty());
    bench.pass(Duration::hours(1)).await;
    assert_eq!(bench.tokens.refresh_now(account.id).await.unwrap().version, 2);
    assert_eq!(bench.calls("refresh").await, asked + 1);
}

#[tokio::test]
async fn facebooks_page_token_outlives_a_sign_in_that_cannot_be_renewed() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Facebook, FACEBOOK.visitor()).await;
    bench.pass(Duration::days(61)).await;
    bench.sweep(TokenReach::Week).await;
    // The sign-in has ended and nothing renews it; the Page's own token has no end, and still serves.
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.platforms.get(Platform::Facebook).unwrap().identify(&open.account()).await.unwrap();
}

#[tokio::test]
async fn nothing_renews_what_does_not_end() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Mastodon, Visitor::called("northwindcoffee")).await;
    assert_eq!(account.token_expires_at, None);
    bench.pass(Duration::days(400)).await;
    for reach in [TokenReach::Lead, TokenReach::Week] {
        bench.sweep(reach).await;
    }
    assert_eq!((bench.calls("refresh").await, bench.version(account.id).await), (0, 1));
    bench.tokens.open(account.id).await.unwrap();
    // Taken back, it is noticed by the first use, and believed after the second question.
    bench.control.post("revoke", &json!({"platform": "mastodon"})).await.unwrap();
    retry(bench.tokens.refresh_rejected(account.id, 1).await);
    assert_eq!(bench.get(account.id).await.status, AccountStatus::Connected);
    bench.pass(Duration::minutes(1)).await;
    bench.run_jobs().await;
    assert_eq!(bench.get(account.id).await.status, AccountStatus::ReconnectRequired);
    assert_eq!(bench.log(account.id).await.last().unwrap().2, Some(401));
}
