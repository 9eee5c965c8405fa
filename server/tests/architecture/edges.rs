//! The edges between crates, as the manifests have them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

/// Crate → what it depends on in a build of the product (not in its tests).
pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// For each of our crates, which of our crates it may depend on.
const OURS: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("app", &["domain"]),
    ("frontend", &["app"]),
    ("vault", &[]),
    ("platforms", &["domain"]),
    // Not the adapters: it must not share code with what it tests.
    ("sandbox", &["domain"]),
    ("server", &["app", "domain", "platforms", "sandbox", "vault"]),
    ("testkit", &["app", "domain", "platforms", "sandbox", "server", "vault"]),
    // Nothing but tests.
    ("storetest", &[]),
];

/// Libraries that a crate must do without.
const BARRED: [(&str, &[&str]); 5] = [
    // Rules without I/O, for both sides.
    ("domain", &["axum", "leptos", "reqwest", "sqlx", "tokio"]),
    ("app", &["reqwest", "sqlx"]),
    ("frontend", &["axum", "reqwest", "sqlx", "tokio"]),
    ("vault", &["axum", "reqwest", "sqlx"]),
    ("platforms", &["axum", "sqlx"]),
];

/// Reads the manifests.
pub fn read(root: &Path) -> Edges {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let kept = dependencies.filter(|one| one["kind"].as_str() != Some("dev")).map(|one| text(&one["name"]));
            (text(&package["name"]), kept.collect())
        })
        .collect()
}

/// A sentence for each edge that is not drawn in docs/architecture.md.
pub fn breaches(edges: &Edges) -> Vec<String> {
    let mut found = Vec::new();
    for (from, dependencies) in edges {
        let Some((_, allowed)) = OURS.iter().find(|(name, _)| name == from) else {
            found.push(format!("the crate {from} is not drawn in docs/architecture.md"));
            continue;
        };
        let ours = dependencies.iter().filter(|to| edges.contains_key(*to));
        found.extend(
            ours.filter(|to| !allowed.contains(&to.as_str())).map(|to| format!("{from} must not depend on {to}")),
        );
        let barred = BARRED.iter().filter(|(name, _)| name == from).flat_map(|(_, barred)| *barred);
        found.extend(barred.filter(|to| dependencies.contains(**to)).map(|to| format!("{from} must do without {to}")));
    }
    found
}
