//! Access that is there and not for everything; accounts that their platforms have stopped; and renewals, counted.

use domain::accounts::AccountCounts;
use metrics_exporter_prometheus::PrometheusBuilder;

use super::{super::NOT_PERMITTED, *};

impl Bench {
    /// Changes what is written of an account, behind the program's back.
    async fn set(&self, id: AccountId, columns: &str) {
        let sql = format!("update accounts set {columns} where id = $1");
        let done = sqlx::query(AssertSqlSafe(sql)).bind(id.0).execute(self.db.worker_pool()).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    async fn missing(&self, id: AccountId) -> Vec<String> {
        self.get(id).await.missing_scopes.into_iter().map(|missing| missing.scope).collect()
    }

    /// Of so many accounts letters will be written.
    async fn told(&self) -> i64 {
        sqlx::query_scalar("select count(*) from notices_waiting where event = 'connection_lost'")
            .fetch_one(self.db.worker_pool())
            .await
            .unwrap()
    }

    /// Those that are listed as waiting for a person, and how many the counts say.
    async fn needy(&self) -> (Vec<AccountId>, u32) {
        let filter = AccountFilter { attention: Some(true), ..AccountFilter::default() };
        let listed = self.accounts.list(&self.admin, filter).await.unwrap();
        assert_eq!(usize::try_from(listed.total).unwrap(), listed.items.len());
        let AccountCounts { attention, .. } = self.accounts.counts(&self.admin).await.unwrap();
        (listed.items.into_iter().map(|account| account.id).collect(), attention)
    }

    /// Whether a platform is going to be asked if access is still there.
    async fn will_ask(&self) -> bool {
        self.waiting().await.iter().any(|(task, _)| task == ConfirmAccess::TASK)
    }
}

#[tokio::test]
async fn what_is_taken_back_is_named_by_a_renewal_and_told_once() {
    let bench = Bench::new().await;
    let unticked = Visitor::called("northwindcoffee").without_scope("tweet.write").without_scope("media.write");
    let account = bench.connect(Platform::Twitter, unticked).await;
    // One was never given, the other was until now.
    bench.set(account.id, "missing_scopes = '{media.write}'").await;
    assert_eq!(bench.needy().await, (vec![], 0));
    bench.tokens.refresh_now(account.id).await.unwrap();
    let shown = bench.get(account.id).await;
    assert_eq!((shown.status, bench.missing(account.id).await.len()), (AccountStatus::Connected, 2));
    let reason = shown.status_reason.clone().unwrap();
    assert!(reason.contains("tweet.write") && !reason.contains("media.write"), "{reason}");
    let costs = shown.missing_scopes.iter().find(|missing| missing.scope == "tweet.write").unwrap().costs.clone();
    assert!(reason.contains(&costs), "{reason}");
    assert_eq!(shown.cannot_take_part(), Some(costs));
    let last = bench.log(account.id).await.pop().unwrap();
    assert_eq!((last.0, last.1), (ConnectionEventType::RevocationDetected, Some(reason.clone())));
    assert_eq!((bench.needy().await, bench.told().await), ((vec![account.id], 1), 1));

    // The same answer again is no news, and the words stay.
    bench.tokens.refresh_now(account.id).await.unwrap();
    assert_eq!(bench.get(account.id).await.status_reason, Some(reason));
    assert_eq!(bench.log(account.id).await.last().unwrap().0, ConnectionEventType::TokenRefreshed);
    assert_eq!(bench.told().await, 1);

    let all_ticked = bench.connect_x().await;
    assert_eq!((all_ticked.id, all_ticked.status_reason), (account.id, None));
    assert_eq!(bench.needy().await, (vec![], 0));
}

#[tokio::test]
async fn what_is_given_again_is_no_longer_missing() {
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench.set(account.id, "missing_scopes = '{tweet.write}', status_reason = 'X takes it back.'").await;
    assert_eq!(bench.needy().await, (vec![account.id], 1));
    bench.tokens.refresh_now(account.id).await.unwrap();
    let shown = bench.get(account.id).await;
    assert_eq!((shown.missing_scopes, shown.status_reason), (vec![], None));
    let said = bench.log(account.id).await.pop().unwrap().1.unwrap();
    assert!(said.contains("again: tweet.write"), "{said}");
    assert_eq!((bench.needy().await, bench.told().await), ((vec![], 0), 0));
}

#[tokio::test]
async fn a_platform_that_would_not_publish_is_asked_what_is_missing() {
    let bench = Bench::new().await;
    let unticked = Visitor::called("Priya Raman").only_pages(Vec::<String>::new()).without_scope("w_member_social");
    let account = bench.connect(Platform::Linkedin, unticked).await;
    bench.set(account.id, "missing_scopes = '{}'").await;
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.tokens.not_permitted(&open, "LinkedIn says no.").await.unwrap();
    assert_eq!(bench.get(account.id).await.status_reason, None);
    bench.clock.advance(Duration::minutes(1));
    bench.run_jobs().await;
    let shown = bench.get(account.id).await;
    // Of a member's account the scopes of organizations are not missing.
    assert_eq!(bench.missing(account.id).await, ["w_member_social"]);
    let reason = shown.status_reason.unwrap();
    assert!(reason.contains("w_member_social") && !reason.starts_with(NOT_PERMITTED), "{reason}");
    assert_eq!((shown.status, bench.told().await), (AccountStatus::Connected, 1));
}

#[tokio::test]
async fn where_a_platform_names_nothing_its_refusal_is_shown_and_disconnects_nothing() {
    let bench = Bench::new().await;
    let account = bench.connect(Platform::Mastodon, Visitor::called("northwindcoffee")).await;
    let open = bench.tokens.open(account.id).await.unwrap();
    bench.tokens.not_permitted(&open, "The instance says no.").await.unwrap();
    bench.tokens.not_permitted(&open, "The instance says no.").await.unwrap();
    bench.clock.advance(Duration::minutes(1));
    bench.run_jobs().await;
    let shown = bench.get(account.id).await;
    let reason = shown.status_reason.clone().unwrap();
    assert!(reason.starts_with(NOT_PERMITTED) && reason.contains("The instance says no."), "{reason}");
    assert_eq!((shown.status, shown.cannot_take_part()), (AccountStatus::Connected, None));
    assert_eq!((bench.needy().await, bench.told().await), ((vec![account.id], 1), 1));
    let last = bench.log(account.id).await.pop().unwrap();
    assert_eq!((last.0, last.1), (ConnectionEventType::AuthorizationFailed, Some(reason.clone())));

    // It is known, so nobody asks once more; and that access is there does not disprove it.
    bench.tokens.not_permitted(&open, "The instance says no.").await.unwrap();
    assert!(!bench.will_ask().await);
    bench.tokens.refresh_now(account.id).await.unwrap();
    assert_eq!(bench.get(account.id).await.status_reason, Some(reason));
    let again = bench.connect(Platform::Mastodon, Visitor::called("northwindcoffee")).await;
    assert_eq!(again.status_reason, None);
}

#[tokio::test]
async fn an_account_that_its_platform_has_stopped_comes_back_by_a_persons_hand_alone() {
    let bench = Bench::new().await;
    let x = bench.connect_x().await.id;
    let mastodon = bench.connect(Platform::Mastodon, Visitor::called("northwindcoffee")).await.id;
    for id in [x, mastodon] {
        bench.set(id, "status = 'failed', status_reason = 'The account is restricted.'").await;
    }
    let assert_stopped = async |id: AccountId| {
        let shown = bench.get(id).await;
        assert_eq!(shown.status, AccountStatus::Failed);
        assert_eq!(shown.status_reason.as_deref(), Some("The account is restricted."));
    };
    // Its access is kept fresh, so that nothing but the platform's word has to be mended.
    bench.clock.advance(Duration::minutes(111));
    bench.enqueue(&SweepTokens { reach: TokenReach::Lead }).await;
    bench.run_jobs().await;
    assert_eq!(bench.version(x).await, 2);
    assert_stopped(x).await;
    for id in [x, mastodon] {
        bench.accounts.refresh(&bench.admin, id).await.unwrap();
        bench.run_jobs().await;
        assert_stopped(id).await;
    }
    assert_eq!(bench.needy().await.1, 2);
    // What the advice says.
    assert_eq!((bench.connect_x().await.id, bench.get(x).await.status), (x, AccountStatus::Connected));
    bench.connect(Platform::Mastodon, Visitor::called("northwindcoffee")).await;
    assert_eq!(bench.get(mastodon).await.status, AccountStatus::Connected);
}

#[tokio::test]
async fn renewals_are_counted_by_platform_and_outcome() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // The runtime has this thread alone.
    let _here = metrics::set_default_local_recorder(&recorder);
    let bench = Bench::new().await;
    let account = bench.connect_x().await;
    bench.tokens.refresh_now(account.id).await.unwrap();
    bench
        .fault(json!({"platform": "twitter", "operation": "refresh", "fault": "status", "status": 503, "times": 1}))
        .await;
    retry(bench.tokens.refresh_now(account.id).await);
    bench.control.post("revoke", &json!({"platform": "twitter"})).await.unwrap();
    revoked(bench.tokens.refresh_now(account.id).await);
    let rendered = handle.render();
    for outcome in ["renewed", "failed", "refused"] {
        let line = format!("accounts_token_refreshes_total{{platform=\"twitter\",outcome=\"{outcome}\"}} 1");
        assert!(rendered.lines().any(|one| one == line), "{line} in:\n{rendered}");
    }
}
