//! A round trip: an Arctiv with everything in it is backed up while it runs, goes on working, and is brought back into an
//! empty data folder, with real processes and embedded databases. All is there, the tokens open, the audit log is whole, and
//! nothing goes out a second time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a walkthrough stops where it cannot go on, and arranges the environment of its processes itself"
)]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Method, StatusCode, header, multipart};
use sandbox::{Sandbox, driver::Visitor};
use serde_json::{Value, json};
use support::{Person, Process, Web, client, free_port, within};

/// A data folder with a database of its own, which goes away with the test.
struct Place {
    data: PathBuf,
    sandbox: String,
    port: u16,
}

impl Place {
    fn new(root: &Path, name: &str, sandbox: &str) -> Self {
        Self { data: root.join(name), sandbox: sandbox.to_owned(), port: free_port() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arctiv"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ARCTIV_DATA_DIR", &self.data)
            .env("ARCTIV_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("ARCTIV_SANDBOX_URL", &self.sandbox)
            .env("ARCTIV_LOG__LEVEL", "warn")
            .env("ARCTIV_LIMITS__VISITOR_PER_MINUTE", "1000")
            .env("ARCTIV_LIMITS__USER_PER_MINUTE", "100000")
            .env("ARCTIV_LIMITS__WORKSPACE_PER_MINUTE", "100000")
            .current_dir(self.data.parent().unwrap())
            .stdin(Stdio::null());
        command
    }

    async fn serve(&self) -> Web {
        let process = self.command(&["serve"]).stdout(Stdio::null()).spawn().unwrap();
        let mut web = Web { process: Process(process), url: format!("http://127.0.0.1:{}", self.port) };
        let http = client();
        within(Duration::from_mins(1), "the web to be ready", async || {
            assert!(web.process.0.try_wait().is_ok_and(|ended| ended.is_none()), "the web did not start");
            let answer = http.get(format!("{}/health/ready", web.url)).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        web
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    async fn runs(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        said
    }

    async fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "{arguments:?} went through");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let lock = fs::read_to_string(self.data.join("postgres/cluster/postmaster.pid"));
        let pid = lock.ok().and_then(|lock| lock.lines().next()?.parse().ok());
        if let Some(pid) = pid {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
            let started = Instant::now();
            while kill(Pid::from_raw(pid), None).is_ok() && started.elapsed() < Duration::from_secs(5) {
                std::thread::yield_now();
            }
        }
        let _ = fs::remove_dir_all(&self.data);
    }
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(40, 30, |x, y| {
        image::Rgb([u8::try_from(x * 6).unwrap(), u8::try_from(y * 8).unwrap(), 90])
    });
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

async fn log_in(web: &Web, email: &str) -> Person {
    let body = json!({ "email": email, "password": "correct horse" });
    let request = client().post(format!("{}/api/auth/login", web.url)).header(header::ORIGIN, &web.url).json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "the password is the same");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    Person::with(web, &cookie)
}

async fn original(person: &Person) -> Vec<u8> {
    let url = person.get("/api/media").await["data"][0]["url"].as_str().unwrap().to_owned();
    person.request(Method::GET, &url).send().await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_back_and_nothing_goes_out_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = std::env::temp_dir().join(format!("arctiv-backup-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let here = Place::new(&root, "here", sandbox.url());
    let there = Place::new(&root, "there", sandbox.url());
    let (backup, keys) = (root.join("backup"), root.join("keys.json"));
    let (backup, keys) = (backup.to_str().unwrap(), keys.to_str().unwrap());

    let mut web = here.serve().await;
    let person = Person::register(&web, "client").await;
    let email = person.get("/api/auth/me").await["data"]["user"]["email"].as_str().unwrap().to_owned();
    person.connect("twitter", &Visitor::anybody()).await;
    let file = multipart::Part::bytes(png()).file_name("cups.png");
    let form = multipart::Form::new().part("file", file).text("alt_text", "Cups");
    assert_eq!(
        person.request(Method::POST, "/api/media").multipart(form).send().await.unwrap().status(),
        StatusCode::CREATED
    );
    let bytes = original(&person).await;
    let out = person.post("/api/content", json!({ "body": "Out before the backup", "undo_seconds": 0 })).await;
    person.settled(out["data"]["id"].as_str().unwrap()).await;
    // In its undo window while the backup is made, and out after it.
    let due = person.post("/api/content", json!({ "body": "Out after the backup", "undo_seconds": 20 })).await;
    let due = due["data"]["id"].as_str().unwrap().to_owned();
    within(Duration::from_secs(15), "the delivery to wait for its moment", async || {
        person.get(&format!("/api/content/{due}/deliveries")).await["page"]["total"] == 1
    })
    .await;
    let in_half_a_year = (chrono::Utc::now() + chrono::Duration::days(200)).to_rfc3339();
    let later = json!({ "body": "In half a year", "visibility": "scheduled", "scheduled_at": in_half_a_year });
    let later = person.post("/api/content", later).await["data"]["id"].as_str().unwrap().to_owned();
    let before = person.get("/api/audit?limit=100").await;

    let said = here.runs(&["backup", backup, "--keys", keys]).await;
    assert!(said.contains("2 files") && said.contains("Keep them apart"), "{said}");
    assert!(here.refuses(&["backup", backup]).await.contains("is there already"));
    // Nobody but the owner reads it, and no key stands in it.
    assert_eq!(fs::metadata(backup).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(keys).unwrap().permissions().mode() & 0o777, 0o600);
    let secrets: Value = serde_json::from_slice(&fs::read(keys).unwrap()).unwrap();
    let manifest = fs::read_to_string(format!("{backup}/manifest.json")).unwrap();
    for key in ["jwt_secret", "token_keys"] {
        assert!(!manifest.contains(secrets[key].as_str().unwrap()));
    }

    // Life goes on, and what was due goes out.
    person.settled(&due).await;
    web.process.terminate().await;
    let control = sandbox.control().unwrap();
    let count = async |text: &str| {
        let posts = control.posts(Some("twitter")).await.unwrap();
        posts.iter().filter(|post| post["text"] == text).count()
    };
    assert_eq!((count("Out before the backup").await, count("Out after the backup").await), (1, 1));

    // A damaged one is refused before anything happens.
    let damaged = root.join("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::copy(format!("{backup}/manifest.json"), damaged.join("manifest.json")).unwrap();
    let mut dump = fs::read(format!("{backup}/database.dump")).unwrap();
    let middle = dump.len() / 2;
    dump[middle] ^= 1;
    fs::write(damaged.join("database.dump"), dump).unwrap();
    assert!(there.refuses(&["restore", damaged.to_str().unwrap()]).await.contains("is damaged"));

    let said = there.runs(&["restore", backup, "--keys", keys]).await;
    assert!(said.contains("The audit log is whole"), "{said}");
    assert!(said.contains("1 delivery waits for a person's word"), "{said}");
    assert!(!said.contains("cannot be opened"), "{said}");
    assert!(there.refuses(&["restore", backup]).await.contains("There are pictures already"));

    let mut web = there.serve().await;
    let again = log_in(&web, &email).await;
    assert_eq!(original(&again).await, bytes, "the picture, byte for byte");
    let after = again.get("/api/audit?limit=100").await;
    let old = |list: &Value| -> Vec<Value> {
        let last = before["data"][0]["seq"].as_i64().unwrap();
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["seq"].as_i64().unwrap() <= last)
            .cloned()
            .collect()
    };
    assert_eq!(old(&after), old(&before));
    assert_eq!(again.get("/api/audit/verification").await["data"]["intact"], true);
    assert_eq!(again.get(&format!("/api/content/{later}")).await["data"]["status"], "scheduled");
    let held = &again.get(&format!("/api/content/{due}/deliveries")).await["data"][0];
    assert_eq!((&held["status"], &held["needs_person"]), (&json!("failed"), &json!(true)), "{held:#}");

    // The token opens: a new post goes out. The old one does not.
    let new = again.post("/api/content", json!({ "body": "Out after the restore", "undo_seconds": 0 })).await;
    let delivery = again.settled(new["data"]["id"].as_str().unwrap()).await.remove(0);
    assert_eq!(delivery["status"], "success", "{delivery:#}");
    assert_eq!((count("Out before the backup").await, count("Out after the backup").await), (1, 1));
    // A person has looked.
    let id = held["id"].as_str().unwrap();
    again.post(&format!("/api/deliveries/{id}/mark-published"), json!({})).await;
    again.comes_to(&due, "published").await;
    web.process.terminate().await;
    let _ = fs::remove_dir_all(&root);
}
