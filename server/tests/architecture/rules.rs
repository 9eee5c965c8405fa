//! The rules about what stands where.

use super::source::Source;

/// The product's nouns: a feature has the same one in every tree.
pub const NOUNS: [&str; 19] = [
    "identity",
    "workspaces",
    "access",
    "accounts",
    "grants",
    "hiring",
    "posts",
    "deliveries",
    "media",
    "campaigns",
    "experiments",
    "analytics",
    "ai",
    "hub",
    "messages",
    "notifications",
    "billing",
    "audit",
    "search",
];

/// What must not stand in some places.
pub struct Rule {
    /// In one sentence, with its reason.
    pub says: &'static str,
    patterns: fn(&Source) -> Vec<String>,
    /// Path and text that break it.
    pub bad: &'static [(&'static str, &'static str)],
    /// Path and text that keep it, though they come near.
    pub good: &'static [(&'static str, &'static str)],
}

impl Rule {
    /// The places in a file that break the rule.
    pub fn breaches(&self, source: &Source) -> Vec<String> {
        if source.is_test() {
            return Vec::new();
        }
        let mut places: Vec<String> =
            (self.patterns)(source).iter().flat_map(|pattern| source.places_of(pattern)).collect();
        places.sort();
        places.dedup();
        places
    }
}

fn unless(allowed: bool, patterns: &[&str]) -> Vec<String> {
    if allowed { Vec::new() } else { patterns.iter().map(|pattern| (*pattern).to_owned()).collect() }
}

fn under(source: &Source, folders: &[&str]) -> bool {
    folders.iter().any(|folder| source.path.starts_with(folder))
}

fn file_name(source: &Source) -> &str {
    source.path.rsplit('/').next().unwrap_or_default()
}

/// The feature a file belongs to, in the tree that starts with `prefix`.
fn feature<'a>(source: &'a Source, prefix: &str) -> Option<&'a str> {
    source.path.strip_prefix(prefix)?.split_once('/').map(|(name, _)| name)
}

fn nouns_except(own: &str) -> impl Iterator<Item = &'static str> {
    NOUNS.into_iter().filter(move |noun| *noun != own)
}

pub const RULES: [Rule; 9] = [
    Rule {
        says: "SQL stands in store.rs files and migrations only, so that the queries behind a feature are found in one place.",
        patterns: |source| {
            let allowed = file_name(source) == "store.rs"
                || source.path.contains("/store/")
                // Creates databases and roles; knows no table.
                || under(source, &["server/src/boot/postgres"])
                // Opens transactions.
                || source.path == "server/src/database.rs";
            unless(
                allowed,
                &[
                    "sqlx::query",
                    "sqlx::query_as",
                    "sqlx::query_scalar",
                    "sqlx::raw_sql",
                    "query!",
                    "query_as!",
                    "query_scalar!",
                    "query_file!",
                    "QueryBuilder",
                ],
            )
        },
        bad: &[
            ("server/src/features/posts/service.rs", "sqlx::query(\"SELECT 1\").execute(tx)"),
            ("server/src/http/health.rs", "let n = query_scalar!(\"SELECT 1\");"),
            ("server/src/jobs/runner.rs", "sqlx::query_as::<_, Row>(\"SELECT 1\")"),
        ],
        good: &[
            ("server/src/features/posts/store.rs", "sqlx::query!(\"SELECT 1\")"),
            ("server/src/features/posts/service.rs", "// sqlx::query! is for stores\nlet query = url.query();"),
            ("server/src/features/posts/tests.rs", "sqlx::query!(\"SELECT 1\")"),
        ],
    },
    Rule {
        says: "Sealed secrets are opened only where they are used: publishing, refreshing and revoking, the second step, the challenges of passkeys, and signing for webhooks (and re-sealing under new keys).",
        patterns: |source| {
            unless(
                under(source, OPENERS) || under(source, &["server/vault/"]),
                &["vault.open", "vault.open_bytes", "vault().open", "Vault::open", "Vault::open_bytes", "vault.reseal"],
            )
        },
        bad: &[
            ("server/src/features/accounts/service.rs", "let token = self.vault.open(&sealed, &context)?;"),
            ("server/src/http/health.rs", "Vault::open_bytes(&vault, x, y)"),
        ],
        good: &[
            ("server/src/features/accounts/service.rs", "let sealed = self.vault.seal(&token, &context)?;"),
            ("server/src/features/media/files.rs", "File::open(path)"),
        ],
    },
    Rule {
        says: "<textarea> and <Title> are written by app/src/ui only: Leptos 0.8 escapes neither on the server.",
        patterns: |source| unless(under(source, &["app/src/ui/"]), &["<textarea", "<Title", "textarea()"]),
        bad: &[
            ("app/src/features/posts/pages.rs", "view! { <textarea>{text}</textarea> }"),
            ("app/src/layouts/frame.rs", "view! { <Title text=name/> }"),
        ],
        good: &[
            ("app/src/features/posts/pages.rs", "view! { <Textarea value=text/> <PageTitle text=name/> <TitleBar/> }"),
            ("app/src/ui/field.rs", "view! { <textarea prop:value=text></textarea> }"),
        ],
    },
    Rule {
        says: "Time and ids come from the injected clock and generator, so that a test can hold them still.",
        patterns: |source| {
            // The simulated networks have a clock of their own; the browser's is the person's.
            let allowed = source.path == "server/src/clock.rs" || under(source, &["server/sandbox/"]);
            unless(allowed, &["Utc::now", "Local::now", "SystemTime::now", "Uuid::new_v4", "Uuid::now_v7"])
        },
        bad: &[
            ("server/src/features/posts/service.rs", "let now = Utc::now();"),
            ("app/domain/src/posts/mod.rs", "id: uuid::Uuid::now_v7(),"),
        ],
        good: &[
            ("server/src/clock.rs", "Utc::now()"),
            ("server/src/features/posts/service.rs", "let now = self.clock.now(); // not Utc::now()"),
        ],
    },
    Rule {
        says: "The design system knows no feature.",
        patterns: |source| {
            unless(
                !under(source, &["app/src/ui/"]),
                &[
                    "crate::features",
                    "crate::layouts",
                    "crate::services",
                    "crate::session",
                    "crate::shared",
                    "crate::app",
                ],
            )
        },
        bad: &[
            ("app/src/ui/card.rs", "use crate::features::posts::PostRow;"),
            ("app/src/ui/nav.rs", "use crate::layouts::Frame;"),
        ],
        good: &[
            ("app/src/ui/card.rs", "use crate::ui::button::Button;"),
            ("app/src/layouts/frame.rs", "use crate::session::Session;"),
        ],
    },
    Rule {
        says: "A feature's pages never use another feature's components or pages: what two need goes to app/src/shared or app/src/ui.",
        patterns: |source| match feature(source, "app/src/features/") {
            None => Vec::new(),
            Some(own) => nouns_except(own)
                .flat_map(|other| {
                    ["components", "pages"]
                        .map(|part| [format!("features::{other}::{part}"), format!("super::{other}::{part}")])
                })
                .flatten()
                .collect(),
        },
        bad: &[
            ("app/src/features/posts/pages.rs", "use crate::features::deliveries::components::DeliveryRow;"),
            ("app/src/features/posts/components/list.rs", "use super::super::super::accounts::pages::AccountsPage;"),
        ],
        good: &[
            ("app/src/features/posts/pages.rs", "use crate::features::posts::components::PostRow;"),
            ("app/src/app.rs", "use crate::features::posts::pages::PostsPage;"),
        ],
    },
    Rule {
        says: "HTTP and REST handlers speak to ports only: no service, store or database beneath them.",
        patterns: |source| {
            let is_rest = file_name(source) == "api.rs" && under(source, &["server/src/features/"]);
            let mut patterns = unless(
                !(is_rest || under(source, &["server/src/http/"])),
                &[
                    "super::store",
                    "super::service",
                    "::store::",
                    "::service::",
                    "crate::database",
                    "sqlx::PgPool",
                    "PgConnection",
                    "vault::",
                    "platforms::",
                ],
            );
            if under(source, &["server/src/http/"]) {
                // What is mounted where is said in boot.
                patterns.extend(NOUNS.map(|noun| format!("features::{noun}")));
            }
            patterns
        },
        bad: &[
            ("server/src/features/posts/api.rs", "use super::service::PostService;"),
            ("server/src/http/pages.rs", "use crate::features::posts::api;"),
            ("server/src/http/health.rs", "use crate::database::Database;"),
        ],
        good: &[
            ("server/src/features/posts/api.rs", "use domain::posts::PostsPort;"),
            ("server/src/features/posts/service.rs", "use super::store;"),
            ("server/src/boot/router.rs", "use crate::features::posts::api;"),
        ],
    },
    Rule {
        says: "A feature's store belongs to that feature: others go through its port or its in_tx functions.",
        patterns: |source| match feature(source, "server/src/features/") {
            None => Vec::new(),
            Some(own) => nouns_except(own)
                .flat_map(|other| [format!("features::{other}::store"), format!("super::{other}::store")])
                .collect(),
        },
        bad: &[
            ("server/src/features/posts/service.rs", "use crate::features::accounts::store;"),
            ("server/src/features/posts/service.rs", "super::super::accounts::store::list(tx)"),
        ],
        good: &[
            ("server/src/features/posts/service.rs", "use crate::features::posts::store;"),
            ("server/src/features/posts/service.rs", "use crate::features::media::in_tx;"),
        ],
    },
    Rule {
        says: "The sandbox takes no code of the adapters it tests, by no way round the crate edges.",
        patterns: |source| unless(!under(source, &["server/sandbox/"]), &["include!", "#[path"]),
        bad: &[("server/sandbox/src/lib.rs", "#[path = \"../../platforms/src/oauth.rs\"]\nmod oauth;")],
        good: &[("server/sandbox/src/lib.rs", "mod oauth; include_str!(\"page.html\");")],
    },
];

/// Where a sealed token may be opened.
const OPENERS: &[&str] = &[
    "server/src/features/accounts/tokens/sealing.rs",
    "server/src/features/identity/passkeys.rs",
    "server/src/features/identity/two_step.rs",
    "server/src/features/notifications/webhooks/sending.rs",
];
