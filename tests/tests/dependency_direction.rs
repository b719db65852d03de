//! Dependencies point one way.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Which of the project's crates each crate may use. A crate that is missing here fails the test: decide where it belongs.
const ALLOWED: [(&str, &[&str]); 18] = [
    ("reelq-model", &[]),
    ("reelq-manifest", &["reelq-model"]),
    ("reelq-provider", &["reelq-model"]),
    ("reelq-store", &["reelq-model"]),
    ("reelq-sim", &["reelq-model"]),
    ("reelq-redis-server", &[]),
    ("reelq-http", &["reelq-model", "reelq-manifest", "reelq-provider", "reelq-store"]),
    ("reelq-producer", &["reelq-model", "reelq-manifest", "reelq-provider", "reelq-store"]),
    ("reelq-worker", &["reelq-model", "reelq-manifest", "reelq-provider", "reelq-store", "reelq-http"]),
    ("reelq-submitter", WORKER_CRATE),
    ("reelq-poller", WORKER_CRATE),
    ("reelq-collector", WORKER_CRATE),
    (
        "reelq-config",
        &[
            "reelq-model",
            "reelq-manifest",
            "reelq-provider",
            "reelq-store",
            "reelq-http",
            "reelq-producer",
            "reelq-worker",
            "reelq-submitter",
            "reelq-poller",
        ],
    ),
    ("reelq-console", &["reelq-model", "reelq-manifest", "reelq-store", "reelq-producer"]),
    (
        "reelq-runner",
        &[
            "reelq-model",
            "reelq-manifest",
            "reelq-provider",
            "reelq-store",
            "reelq-http",
            "reelq-producer",
            "reelq-worker",
            "reelq-submitter",
            "reelq-poller",
            "reelq-collector",
            "reelq-sim",
            "reelq-config",
            "reelq-console",
        ],
    ),
    ("reelq-cli", ANY),
    ("reelq-tests", ANY),
    ("reelq-bench", ANY),
];
const WORKER_CRATE: &[&str] =
    &["reelq-model", "reelq-manifest", "reelq-provider", "reelq-store", "reelq-http", "reelq-worker"];
const ANY: &[&str] = &["*"];

/// Libraries that only one room may name.
const OWNED: [(&str, &[&str]); 6] = [
    ("reqwest", &["reelq-http", "reelq-bench"]),
    ("rusqlite", &["reelq-store"]),
    ("redis", &["reelq-store"]),
    ("reelq-redis-server", &["reelq-tests", "reelq-bench"]),
    ("apalis-core", &["reelq-worker"]),
    ("clap", &["reelq-cli"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = |package: &serde_json::Value| {
        let runtime = package["dependencies"].as_array().unwrap().iter().filter(|it| it["kind"].is_null());
        runtime.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

#[test]
fn crates_use_only_what_lies_below_them() {
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    for (name, uses) in dependencies() {
        if name == "xtask" {
            assert!(uses.iter().all(|used| !used.starts_with("reelq-")), "xtask builds on a bare machine");
            continue;
        }
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no place in the order of crates"));
        let ours = uses.iter().filter(|used| used.starts_with("reelq-"));
        for used in ours.filter(|_| *may != ANY) {
            assert!(may.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn libraries_with_an_owner_are_named_by_nobody_else() {
    for (name, uses) in dependencies() {
        for (library, owners) in OWNED {
            let allowed = owners.contains(&name.as_str());
            assert!(allowed || !uses.contains(library), "only {} may name {library}, not {name}", owners.join(", "));
        }
    }
}
