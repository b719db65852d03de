//! Dependencies point one way, exactly as ARCHITECTURE.md draws them.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Which of the project's crates each crate uses: these and no others, without `reelq-`.
const USES: [(&str, &[&str]); 29] = [
    ("model", &[]),
    ("limits", &["model"]),
    ("files", &["model"]),
    ("forecast", &[]),
    ("forms", &[]),
    ("results", &["model"]),
    ("manifest", &["forms", "model", "results"]),
    ("provider", &["model"]),
    ("sim", &["model"]),
    ("store", &["limits", "model"]),
    ("store-scratch", &["model"]),
    ("store-sqlite", &["files", "limits", "model", "store"]),
    ("redis-link", &["model", "store"]),
    ("store-redis", &["files", "limits", "model", "redis-link", "store"]),
    ("journal", &["files", "model", "store"]),
    ("store-conformance", &["model", "store"]),
    ("http", &["model", "provider"]),
    ("producer", &["files", "forecast", "manifest", "model", "provider", "store", "store-scratch"]),
    ("worker", &["http", "model", "provider", "store"]),
    ("submitter", &["files", "model", "provider", "store", "worker"]),
    ("poller", &["model", "provider", "store", "worker"]),
    ("collector", &["http", "model", "results", "store", "worker"]),
    ("testkit", &["limits", "model", "provider", "store", "worker"]),
    ("redis-server", &[]),
    ("config", &["http", "manifest", "model", "poller", "producer", "provider", "store-redis", "submitter", "worker"]),
    ("console", &["files", "manifest", "model", "producer", "results", "store"]),
    ("runner", ALL_BELOW),
    (
        "inspect",
        &[
            "collector",
            "config",
            "console",
            "files",
            "manifest",
            "model",
            "provider",
            "results",
            "runner",
            "store",
            "submitter",
        ],
    ),
    ("sheet", &["collector", "console", "model", "runner", "store"]),
];

/// What stands above the others may use each of them, but what is for tests only.
const ALL_BELOW: &[&str] = &["*"];
/// The top, and what drives it from outside.
const TOP: [&str; 3] = ["cli", "tests", "bench"];

/// What only tests use. Other crates name them as dev-dependencies or not at all.
const FOR_TESTS: [&str; 3] = ["store-conformance", "testkit", "redis-server"];
/// Where what is for tests only is used by more than tests: whole-system tests and measurements are nothing else.
const TESTS: [&str; 2] = ["tests", "bench"];

/// The floors of the command line: nothing below them knows them.
const FLOORS: [&str; 6] = ["config", "console", "runner", "inspect", "sheet", "cli"];

/// What a few crates alone may use: what, who, why.
const RESERVED: [(&str, &[&str], &str); 5] = [
    ("sim", &["runner", "cli", "tests", "bench"], "vendors are simulated by the command line and by tests"),
    ("store-sqlite", &["runner", "cli", "bench"], "all others know the store's contract"),
    ("redis-link", &["store-redis"], "all others take what they need of it from the store"),
    ("store-redis", &["config", "runner", "cli", "bench"], "all others know the store's contract"),
    ("journal", &["runner", "cli", "bench"], "all others know the store's contract"),
];

/// Tests of a crate may use what it uses, what that uses, what is for tests, and `sim`. And these: who, what, why.
const TESTS_USE: [(&str, &str, &str); 9] = [
    ("results", "manifest", "a row of a manifest that it writes is read back"),
    ("journal", "store-sqlite", "the journal decorates a real store"),
    ("store-redis", "journal", "what a server forgets is told by a real journal"),
    ("submitter", "poller", "a crash is followed from the purchase to its end"),
    ("producer", "store-sqlite", "a load is tried on a store that forgets"),
    ("worker", "store-sqlite", "the runtime is tried on a store that forgets"),
    ("worker", "store-redis", "the runtime is tried on a real store"),
    ("worker", "journal", "an acceptance that no store takes is kept by a real journal"),
    ("submitter", "store-sqlite", "a process that crashed is started again on its file"),
];

/// Pairs that never know each other, not even over others.
const STRANGERS: [(&str, &str); 1] = [("store", "provider")];

/// Libraries that only their owners name, in tests too.
const OWNED: [(&str, &[&str]); 8] = [
    ("reqwest", &["http", "bench"]),
    ("rusqlite", &["store-scratch", "store-sqlite"]),
    ("redis", &["redis-link", "store-redis"]),
    ("apalis-core", &["worker"]),
    ("rust_xlsxwriter", &["results"]),
    ("zip", &["results"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
];

/// The names of what a crate uses: in the product, and in its tests.
#[derive(Default)]
struct Named {
    product: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// Every crate of the workspace by its short name. The project's own crates are named without `reelq-` there too.
fn crates() -> BTreeMap<String, Named> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (short(&package["name"]), named(package))).collect()
}

fn named(package: &serde_json::Value) -> Named {
    let mut named = Named::default();
    for dependency in package["dependencies"].as_array().unwrap() {
        let for_tests = dependency["kind"] == "dev";
        let names = if for_tests { &mut named.tests } else { &mut named.product };
        let name = short(&dependency["name"]);
        // A library may be called as one of the project's crates is without its prefix: `console`.
        if !dependency["path"].is_null() || USES.iter().all(|(row, _)| *row != name) {
            names.insert(name);
        }
    }
    named
}

fn short(name: &serde_json::Value) -> String {
    let name = name.as_str().unwrap();
    name.strip_prefix("reelq-").unwrap_or(name).to_owned()
}

/// Of the names, those of the project's own crates.
fn ours<'a>(names: &'a BTreeSet<String>, crates: &BTreeMap<String, Named>) -> BTreeSet<&'a str> {
    names.iter().map(String::as_str).filter(|name| crates.contains_key(*name)).collect()
}

/// All crates that one uses, directly or over others.
fn reached<'a>(from: &'a str, crates: &'a BTreeMap<String, Named>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        let uses = crates.get(name).map(|named| ours(&named.product, crates)).unwrap_or_default();
        open.extend(uses.into_iter().filter(|used| found.insert(*used)));
    }
    found
}

/// Fails with all that is wrong at once.
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn each_crate_has_a_row_and_each_row_a_crate() {
    let crates = crates();
    let rows: BTreeSet<&str> = USES.iter().map(|(name, _)| *name).chain(TOP).chain(["xtask"]).collect();
    let missing = crates.iter().filter(|(name, _)| !rows.contains(name.as_str())).map(|(name, named)| {
        format!(
            "reelq-{name} has no row: decide where it belongs in ARCHITECTURE.md's drawing, and add\n    (\"{name}\", &{:?}),",
            ours(&named.product, &crates)
        )
    });
    let gone = rows.iter().filter(|name| !crates.contains_key(**name));
    let gone = gone.map(|name| format!("the row `{name}` has no crate: take it out, or make reelq-{name}"));
    none(&missing.chain(gone).collect::<Vec<_>>());
}

#[test]
fn each_crate_uses_exactly_what_its_row_says() {
    let crates = crates();
    let mut complaints = Vec::new();
    for (name, row) in USES.into_iter().filter(|(_, row)| *row != ALL_BELOW) {
        let Some(named) = crates.get(name) else { continue };
        let uses = ours(&named.product, &crates);
        let row: BTreeSet<&str> = row.iter().copied().collect();
        let (more, fewer): (Vec<_>, Vec<_>) = (uses.difference(&row).collect(), row.difference(&uses).collect());
        if !more.is_empty() {
            complaints.push(format!(
                "reelq-{name} uses {more:?}: move the code to where ARCHITECTURE.md's drawing lets it be; only if the drawing changes, write {uses:?} in its row"
            ));
        }
        if !fewer.is_empty() {
            complaints.push(format!("reelq-{name} does not use {fewer:?}: write {uses:?} in its row"));
        }
    }
    none(&complaints);
}

#[test]
fn the_chores_build_on_a_bare_machine() {
    let crates = crates();
    let xtask = &crates["xtask"];
    let used: Vec<_> = ours(&xtask.product, &crates).into_iter().chain(ours(&xtask.tests, &crates)).collect();
    assert!(used.is_empty(), "xtask uses {used:?}: it must build where nothing else does");
}

#[test]
fn strangers_never_reach_each_other() {
    let crates = crates();
    let both_ways = STRANGERS.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]);
    let met = both_ways.filter(|(from, to)| reached(from, &crates).contains(to));
    let complaints =
        met.map(|(from, to)| format!("reelq-{from} reaches reelq-{to}: cut one of the edges between them"));
    none(&complaints.collect::<Vec<_>>());
}

#[test]
fn nothing_below_the_command_line_knows_it() {
    let crates = crates();
    let below = crates.iter().filter(|(name, _)| !FLOORS.contains(&name.as_str()) && !TOP.contains(&name.as_str()));
    let known = below.flat_map(|(name, named)| {
        let names: BTreeSet<String> = named.product.union(&named.tests).cloned().collect();
        let floors = names.into_iter().filter(|used| FLOORS.contains(&used.as_str()));
        floors.map(move |floor| format!("reelq-{name} knows reelq-{floor}: hand it what it needs as a plain value"))
    });
    none(&known.collect::<Vec<_>>());
}

#[test]
fn what_is_for_tests_is_a_dev_dependency_only() {
    let crates = crates();
    let product = crates.iter().filter(|(name, _)| {
        let name = name.as_str();
        !TESTS.contains(&name) && !FOR_TESTS.contains(&name)
    });
    let wrong = product.flat_map(|(name, named)| {
        let used = named.product.iter().filter(|used| FOR_TESTS.contains(&used.as_str()));
        used.map(move |used| format!("reelq-{name} names reelq-{used}: move it to [dev-dependencies]"))
    });
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn what_is_reserved_is_used_by_few() {
    let crates = crates();
    let mut complaints = Vec::new();
    for (what, few, why) in RESERVED {
        let users = crates.iter().filter(|(_, named)| named.product.contains(what)).map(|(name, _)| name.as_str());
        let wrong = users.filter(|name| !few.contains(name));
        complaints.extend(wrong.map(|name| format!("reelq-{name} uses reelq-{what}: only {few:?} do, because {why}")));
    }
    none(&complaints);
}

#[test]
fn tests_use_what_lies_below_them_and_what_is_for_tests() {
    let crates = crates();
    let mut complaints = Vec::new();
    for (name, named) in crates.iter().filter(|(name, _)| !TOP.contains(&name.as_str())) {
        let below = reached(name, &crates);
        let allowed = |used: &str| {
            let listed = TESTS_USE.iter().any(|(who, what, _)| who == name && *what == used);
            below.contains(used) || FOR_TESTS.contains(&used) || used == "sim" || listed
        };
        let wrong = ours(&named.tests, &crates).into_iter().filter(|used| !allowed(used));
        complaints.extend(wrong.map(|used| {
            format!("the tests of reelq-{name} use reelq-{used}, which does not lie below it: take a fake of reelq-testkit, or name it in TESTS_USE with the reason")
        }));
    }
    let unused = TESTS_USE.iter().filter(|(who, what, _)| !crates.get(*who).is_some_and(|it| it.tests.contains(*what)));
    complaints.extend(unused.map(|(who, what, _)| {
        format!("the tests of reelq-{who} do not use reelq-{what}: take the line out of TESTS_USE")
    }));
    none(&complaints);
}

#[test]
fn libraries_with_an_owner_are_named_by_no_one_else() {
    let crates = crates();
    let mut complaints = Vec::new();
    for (library, owners) in OWNED {
        let names = |named: &Named| named.product.contains(library) || named.tests.contains(library);
        let users: BTreeSet<&str> = crates.iter().filter(|(_, it)| names(it)).map(|(name, _)| name.as_str()).collect();
        let owners: BTreeSet<&str> = owners.iter().copied().collect();
        let wrong = users.difference(&owners);
        complaints.extend(wrong.map(|name| format!("reelq-{name} names {library}: only {owners:?} may")));
        let idle = owners.difference(&users);
        complaints.extend(idle.map(|name| format!("reelq-{name} does not name {library}: take it out of the owners")));
    }
    none(&complaints);
}
