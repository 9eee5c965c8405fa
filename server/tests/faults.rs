//! The storm: thousands of deliveries while everything goes wrong that the networks, the workers and the database can get
//! wrong, and then the books are balanced: what Arctiv says must be what the networks show.
//!
//! `make faults` runs it with 5,000 deliveries; the suite with fewer, each fault once, and without those that cost a minute of
//! waiting. Settings are read from the environment: `ARCTIV_FAULTS_DELIVERIES` (how many at least), `ARCTIV_FAULTS_SEED`
//! (which requests are struck).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a walkthrough stops where it cannot go on, reads its own settings, and prints its table"
)]

#[path = "faults/storm.rs"]
mod storm;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Method, StatusCode};
use sandbox::{
    Running, Sandbox,
    driver::{Control, Visitor},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::boot::postgres::{EmbeddedOptions, EmbeddedPostgres};
use sqlx::{Connection, PgConnection, Row};
use storm::{ALL, Played, fates, storm};
use support::{Person, Process, Urls, Web, World};

/// Accounts per network.
const ACCOUNTS: u32 = 12;
/// Those that publish nothing but media.
const MEDIA_ONLY: [&str; 2] = ["instagram", "tiktok"];
/// LinkedIn renews the tokens of such an app only.
const PARTNER: [(&str, &str); 2] = [
    ("ARCTIV_PLATFORMS__APPS__LINKEDIN__CLIENT_ID", sandbox::PARTNER_CLIENT_ID),
    ("ARCTIV_PLATFORMS__APPS__LINKEDIN__CLIENT_SECRET", sandbox::PARTNER_CLIENT_SECRET),
];
const WORKERS: usize = 3;
/// How often a worker is killed.
const KILL_EVERY: Duration = Duration::from_secs(3);

/// How much of it.
struct Size {
    deliveries: usize,
    seed: u64,
}

impl Size {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
        Self {
            deliveries: number("ARCTIV_FAULTS_DELIVERIES").map_or(300, |n: u64| usize::try_from(n).unwrap()),
            seed: number("ARCTIV_FAULTS_SEED").unwrap_or(7),
        }
    }

    /// Whether there is time for everything: each kind of fault then strikes on each network where it can.
    const fn is_long(&self) -> bool {
        self.deliveries >= 2_000
    }
}

/// A database of its own, since it is going to crash.
struct Cluster {
    postgres: Option<EmbeddedPostgres>,
    folder: PathBuf,
}

impl Cluster {
    async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("arctiv-faults-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let postgres = EmbeddedPostgres::start(&EmbeddedOptions::new(&folder)).await.unwrap();
        Self { postgres: Some(postgres), folder }
    }

    fn urls(&self) -> Urls {
        let urls = self.postgres.as_ref().unwrap().tcp_urls();
        let plain = |url: &secrecy::SecretString| url.expose_secret().to_owned();
        Urls { owner: plain(&urls.owner), app: plain(&urls.app), worker: plain(&urls.worker) }
    }

    /// One of PostgreSQL's processes dies: it ends every connection, recovers from its log, and goes on.
    fn crash(&self) {
        let postmaster = self.postgres.as_ref().unwrap().pid();
        let victim =
            children(postmaster).into_iter().find(|pid| command_line(*pid).contains("background writer")).unwrap();
        kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
    }

    async fn stop(mut self) {
        self.postgres.take().unwrap().stop().await.unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(postgres) = &self.postgres {
            let _ = kill(Pid::from_raw(postgres.pid()), Signal::SIGQUIT);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn children(of: i32) -> Vec<i32> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|pid| parent(*pid) == Some(of)).collect()
}

fn parent(pid: i32) -> Option<i32> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")).and_then(|text| text.trim().parse().ok())
}

fn command_line(pid: i32) -> String {
    let bytes = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An account as both sides know it.
#[derive(Clone)]
struct Account {
    id: String,
    platform: String,
    external: String,
}

/// Every account of the sandbox that was made for this, connected.
async fn connect_all(person: &Person, control: &Control) -> Vec<Account> {
    for platform in ALL {
        for made in control.add_accounts(platform, ACCOUNTS).await.unwrap() {
            let landed = person.connect(platform, &Visitor::called(made["id"].as_str().unwrap())).await;
            assert!(landed.contains("connected="), "{platform}: {landed}");
        }
    }
    let mut accounts = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("/api/social-accounts?limit=100{cursor}")).await;
        for account in page["data"].as_array().unwrap() {
            let text = |name: &str| account[name].as_str().unwrap().to_owned();
            accounts.push(Account {
                id: text("id"),
                platform: text("platform"),
                external: text("external_account_id"),
            });
        }
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return accounts,
        }
    }
}

/// What an account of X gets in place of a post's text: X takes no text twice.
fn variation(text: &str, account: &Account) -> String {
    format!("{text} for {}", account.external)
}

/// Saves a post, again and again with the same key while the web has no database; to how many accounts. A `direct` one is
/// published by TikTok at once, another one by its creator. Accounts that have lost their access since are refused, and left
/// out.
async fn save(person: &Person, text: &str, picture: Option<&str>, direct: bool, accounts: &[&Account]) -> usize {
    let mut accounts = accounts.to_vec();
    let media: Vec<&str> = picture.into_iter().collect();
    let started = Instant::now();
    loop {
        let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
        let of_x = accounts.iter().filter(|account| account.platform == "twitter");
        let variations: BTreeMap<&str, Value> =
            of_x.map(|account| (account.id.as_str(), json!({ "body": variation(text, account) }))).collect();
        let mut body = json!({
            "body": text, "account_ids": ids, "variations": variations, "media_assets": media, "undo_seconds": 0,
        });
        if direct {
            body["options"] = json!({ "tiktok": { "tiktok": { "privacy": "PUBLIC_TO_EVERYONE" } } });
        }
        let (status, answer) = person.send_once("/api/content", &body, &text.replace(' ', "-")).await;
        if status == StatusCode::CREATED {
            return accounts.len();
        }
        if status == StatusCode::BAD_REQUEST && answer["details"]["fields"]["account_ids"].is_string() {
            let before = accounts.len();
            let path = "/api/social-accounts?status=connected&attention=false&limit=100";
            let (status, connected) = person.send(Method::GET, path, None).await;
            if status != StatusCode::OK {
                tokio::time::sleep(Duration::from_millis(300)).await;
                continue;
            }
            let connected: HashSet<&str> =
                connected["data"].as_array().unwrap().iter().filter_map(|account| account["id"].as_str()).collect();
            accounts.retain(|account| connected.contains(account.id.as_str()));
            assert!(accounts.len() < before, "{text}: {answer}");
            continue;
        }
        assert!(status.is_server_error(), "{text}: {status} {answer}");
        assert!(started.elapsed() < Duration::from_mins(1), "{text} could not be saved: {status} {answer}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// A worker that tells platforms to fetch media from this web.
fn start_worker(world: &World, web: &Web) -> Process {
    let [id, secret] = PARTNER;
    world.worker_with(&[("ARCTIV_PUBLIC_URL", web.url.as_str()), id, secret])
}

/// Workers that are killed in turn, and replaced at once.
async fn massacre(world: Arc<World>, web: Arc<Web>, over: Arc<AtomicBool>) -> usize {
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| start_worker(&world, &web)).collect();
    let mut killed = 0;
    let mut at = Instant::now();
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // One that starts while there is no database ends; whoever runs workers starts them again.
        for worker in &mut workers {
            if worker.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                *worker = start_worker(&world, &web);
            }
        }
        if at.elapsed() >= KILL_EVERY {
            at = Instant::now();
            let next = killed % WORKERS;
            workers[next].kill();
            workers[next] = start_worker(&world, &web);
            killed += 1;
        }
    }
    killed
}

/// Creators at TikTok who finish what they find in their inboxes.
async fn creators(control: Control, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        control.answer_inbox(None, true).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

/// What the database says of a delivery.
struct Entry {
    id: uuid::Uuid,
    platform: String,
    account: String,
    text: String,
    status: String,
    class: Option<String>,
    needs_person: bool,
    attempts: i64,
}

impl Entry {
    /// Said to be out and not there, said not to be out and there, or never ended. `public`: how many of it are out there.
    fn is_lost(&self, public: usize) -> bool {
        match self.status.as_str() {
            "success" => public == 0,
            "failed" => public > 0 && !self.needs_person,
            _ => true,
        }
    }
}

async fn ledger(url: &str) -> Result<Vec<Entry>, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let rows = sqlx::query(
        "select d.platform::text, a.external_account_id, coalesce(v.variations -> a.id::text ->> 'body', v.body),
                d.status::text, d.error_class::text, d.needs_person,
                (select count(*) from delivery_attempts t where t.delivery_id = d.id) as attempts, d.id
           from deliveries d join accounts a on a.id = d.account_id join post_versions v on v.id = d.post_version_id",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    rows.into_iter()
        .map(|row| {
            Ok(Entry {
                platform: row.try_get(0)?,
                account: row.try_get(1)?,
                text: row.try_get(2)?,
                status: row.try_get(3)?,
                class: row.try_get(4)?,
                needs_person: row.try_get(5)?,
                attempts: row.try_get(6)?,
                id: row.try_get(7)?,
            })
        })
        .collect()
}

fn is_final(status: &str) -> bool {
    matches!(status, "success" | "failed" | "canceled")
}

/// Waits until nothing is under way; says every few seconds how far it is.
async fn settled(url: &str, expected: usize, limit: Duration) -> Vec<Entry> {
    let started = Instant::now();
    let mut told = Instant::now();
    loop {
        // The database may be recovering.
        if let Ok(entries) = ledger(url).await {
            let done = entries.iter().filter(|entry| is_final(&entry.status)).count();
            if entries.len() >= expected && done == entries.len() {
                return entries;
            }
            if told.elapsed() > Duration::from_secs(10) {
                told = Instant::now();
                println!("  {done} of {expected} have ended after {} s", started.elapsed().as_secs());
            }
            if started.elapsed() > limit {
                return entries;
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The figures of one network.
#[derive(Default)]
struct Balance {
    sent: usize,
    attempts: i64,
    accepted: usize,
    lost: usize,
    doubled: usize,
    dead: BTreeMap<String, usize>,
    person: usize,
}

/// Our books against what the networks show.
fn balance(entries: &[Entry], shown: &HashMap<(String, String, String), usize>) -> BTreeMap<String, Balance> {
    let mut balances: BTreeMap<String, Balance> = BTreeMap::new();
    for entry in entries {
        let key = (entry.platform.clone(), entry.account.clone(), entry.text.clone());
        let public = shown.get(&key).copied().unwrap_or(0);
        let balance = balances.entry(entry.platform.clone()).or_default();
        balance.sent += 1;
        balance.attempts += entry.attempts;
        balance.accepted += usize::from(public > 0);
        balance.doubled += usize::from(public > 1);
        balance.lost += usize::from(entry.is_lost(public));
        match entry.status.as_str() {
            "failed" if entry.needs_person => balance.person += 1,
            "failed" => {
                let class = entry.class.clone().unwrap_or_else(|| "without a reason".to_owned());
                *balance.dead.entry(class).or_default() += 1;
            }
            _ => {}
        }
    }
    balances
}

/// What was tried for a delivery, one line for each attempt.
async fn story(url: &str, entry: &Entry) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let rows = sqlx::query(
        "select concat_ws(' ', started_at, number, stage, outcome, http_status, platform_code, duration_ms || ' ms:', message)
           from delivery_attempts where delivery_id = $1 order by started_at, id",
    )
    .bind(entry.id)
    .fetch_all(&mut connection)
    .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn print(balances: &BTreeMap<String, Balance>) {
    let line = |name: &str, all: &[&Balance]| {
        let sum = |figure: fn(&Balance) -> usize| all.iter().map(|one| figure(one)).sum::<usize>();
        println!(
            "  {name:<10} {:>6}  {:>8}  {:>8}  {:>4}  {:>7}  {:>13}  {:>12}",
            sum(|one| one.sent),
            all.iter().map(|one| one.attempts).sum::<i64>(),
            sum(|one| one.accepted),
            sum(|one| one.lost),
            sum(|one| one.doubled),
            sum(|one| one.dead.values().sum()),
            sum(|one| one.person)
        );
    };
    println!("\n  network      sent  attempts  accepted  lost  doubled  dead-lettered  for a person");
    for (name, one) in balances {
        line(name, &[one]);
    }
    line("all", &balances.values().collect::<Vec<_>>());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (reason, count) in balances.values().flat_map(|one| &one.dead) {
        *reasons.entry(reason).or_default() += count;
    }
    let list: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    println!("  dead letters: {}\n", if list.is_empty() { "none".to_owned() } else { list.join(", ") });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_doubled_in_a_storm() {
    let started = Instant::now();
    let size = Size::from_environment();
    let cluster = Cluster::start().await;
    let sandbox: Running =
        Sandbox::start(sandbox::Config { processing_ms: 200, ..sandbox::Config::default().fast() }).await.unwrap();
    let control = sandbox.control().unwrap();
    let urls = cluster.urls();
    let world = Arc::new(World::on(urls.clone(), sandbox));
    let web = Arc::new(world.web_with(&PARTNER).await);
    let person = Person::register(&web, "agency").await;
    let accounts = connect_all(&person, &control).await;

    let picture = person.upload_picture().await;
    let everybody: Vec<&Account> = accounts.iter().collect();
    let of_words: Vec<&Account> =
        accounts.iter().filter(|account| !MEDIA_ONLY.contains(&account.platform.as_str())).collect();
    println!("at least {} deliveries to {} accounts", size.deliveries, accounts.len());

    let (mut rules, renewed) = fates(&accounts);
    rules.extend(storm(&size));
    control.fault(&json!(rules)).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let killing = tokio::spawn(massacre(Arc::clone(&world), Arc::clone(&web), Arc::clone(&over)));
    let finishing = tokio::spawn(creators(control.clone(), Arc::clone(&over)));
    for account in renewed {
        person.post(&format!("/api/social-accounts/{account}/refresh"), json!({})).await;
    }
    // Every other post has a picture and goes to all networks; the rest is words.
    let (mut number, mut expected, mut crashed) = (0, 0, false);
    while expected < size.deliveries {
        let with_picture = number % 2 == 0;
        let all = if with_picture { &everybody } else { &of_words };
        // X takes a hundred posts of an account in a quarter of an hour: each of its accounts gets two posts of four.
        let mut turn = number / 2;
        let mut targets = all.clone();
        targets.retain(|account| {
            turn += usize::from(account.platform == "twitter");
            account.platform != "twitter" || turn.is_multiple_of(2)
        });
        let picture = with_picture.then_some(picture.as_str());
        expected += save(&person, &format!("Storm post {number:05}"), picture, number % 4 == 0, &targets).await;
        number += 1;
        if !crashed && expected * 2 >= size.deliveries {
            cluster.crash();
            crashed = true;
        }
    }
    println!("{expected} deliveries of {number} posts are made");
    let admin = cluster.postgres.as_ref().unwrap().tcp_urls();
    let limit = Duration::from_secs(300 + u64::try_from(expected / 10).unwrap());
    let entries = settled(admin.worker.expose_secret(), expected, limit).await;
    over.store(true, Ordering::Relaxed);
    let killed = killing.await.unwrap();
    finishing.await.unwrap();

    let played = Played::new(&rules, &control.struck().await.unwrap());
    let mut shown: HashMap<(String, String, String), usize> = HashMap::new();
    for post in control.posts(None).await.unwrap() {
        let text = |name: &str| post[name].as_str().unwrap().to_owned();
        *shown.entry((text("platform"), text("account"), text("text"))).or_default() += 1;
    }
    let balances = balance(&entries, &shown);
    played.print();
    println!("  workers killed: {killed}; database crashes: 1; {} s in all", started.elapsed().as_secs());
    print(&balances);

    for entry in &entries {
        let key = (entry.platform.clone(), entry.account.clone(), entry.text.clone());
        if entry.is_lost(shown.get(&key).copied().unwrap_or(0)) {
            println!(
                "  {} to {} of {}: {}, {:?}",
                entry.text, entry.account, entry.platform, entry.status, entry.class
            );
            for line in story(admin.worker.expose_secret(), entry).await.unwrap() {
                println!("    {line}");
            }
        }
    }
    let unique: HashSet<_> = entries.iter().map(|entry| (&entry.platform, &entry.account, &entry.text)).collect();
    assert_eq!((entries.len(), unique.len()), (expected, expected), "each post has one delivery per account");
    assert!(entries.len() >= size.deliveries, "only {} of {} were made", entries.len(), size.deliveries);
    let strangers = shown.keys().filter(|(platform, account, text)| !unique.contains(&(platform, account, text)));
    assert_eq!(
        strangers.collect::<Vec<_>>(),
        Vec::<&(String, String, String)>::new(),
        "out there, and not in our books"
    );
    assert_eq!(balances.keys().collect::<Vec<_>>(), ALL, "networks");
    for (name, one) in &balances {
        assert_eq!((one.lost, one.doubled), (0, 0), "{name}: lost, doubled");
        assert!(one.sent * 20 > expected, "{name}: {} of {expected} are no share", one.sent);
        assert!(
            one.accepted * 2 > one.sent,
            "{name}: a storm is no reason to give up on {} of {}",
            one.sent - one.accepted,
            one.sent
        );
    }
    assert_eq!(played.missing(&size), BTreeSet::new(), "faults that never struck");
    assert!(killed > 0, "no worker was killed");
    drop(web);
    drop(world);
    cluster.stop().await;
}
