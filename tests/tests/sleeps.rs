//! No test sleeps until something has happened by luck: who sleeps in test code is listed here, each with its reason.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Who may sleep, or let time pass: a file or folder, how many calls it has at most, and why.
const OWNERS: &[(&str, usize, &str)] = &[
    ("tests/src/waiting.rs", 2, "the harness: between two looks, and where time itself is what a test is about"),
    ("tests/src/wire.rs", 1, "the delay of a slow line that a test asked for"),
    ("tests/src/raw.rs", 2, "the pause of a slow vendor, and a reset that must come after what was written"),
    ("tests/redis-server/", 4, "between two looks at a server, and random moments of users that come and go"),
    ("tests/tests/chaos/", 9, "random moments of troubles, and how long a machine is frozen or a line is down"),
    ("tests/tests/cron.rs", 1, "random moments of kills"),
    ("tests/tests/kill_nine.rs", 1, "random moments of kills"),
    ("tests/tests/strange_vendor.rs", 2, "random moments of kills, and the length of an outage"),
    ("crates/reelq-http/", 1, "the pause of a slow server that a test asked for"),
    // These wait in loops of their own for a server, a process or a worker: they may become fewer.
    ("crates/reelq-cli/", 4, "looks at child processes, and random moments of kills"),
    ("crates/reelq-store-conformance/", 1, "between two looks at a store that is still in use"),
    ("crates/reelq-redis-link/", 6, "looks at servers that start and fail over"),
    ("crates/reelq-store-redis/", 10, "looks at servers that start and forget"),
    ("crates/reelq-journal/", 1, "looks at a journal that another thread writes"),
    ("crates/reelq-worker/", 18, "looks at a runtime at work, and outages of a store"),
    ("crates/reelq-testkit/", 1, "between two looks"),
];

const CALLS: [&str; 2] = ["sleep(", "let_pass("];

#[test]
fn only_the_listed_owners_sleep_in_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sleeps = BTreeMap::new();
    for folder in ["crates", "tests"] {
        for file in rust_files(&root.join(folder)) {
            let name = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            let count = calls(test_code(&name, &fs::read_to_string(&file).unwrap()));
            if count > 0 && name != "tests/tests/sleeps.rs" {
                sleeps.insert(name, count);
            }
        }
    }
    let owner = |name: &str| OWNERS.iter().find(|(owner, ..)| name.starts_with(owner));
    let strangers: Vec<_> = sleeps.keys().filter(|name| owner(name).is_none()).collect();
    assert!(strangers.is_empty(), "wait for a condition instead (`reelq_tests::wait_for`): {strangers:?}");
    for (owner, most, reason) in OWNERS {
        let own: Vec<_> = sleeps.iter().filter(|(name, _)| name.starts_with(owner)).collect();
        let count: usize = own.iter().map(|(_, count)| **count).sum();
        assert!(count <= *most, "{owner} may sleep {most} times ({reason}), and does {count} times: {own:?}");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && !entry.ends_with("target") {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}

/// What of a file is test code: all of it in folders of tests and in crates for tests, else its own module of tests.
fn test_code<'a>(name: &str, text: &'a str) -> &'a str {
    let is_all = ["/tests/", "/tests.rs", "conformance", "reelq-testkit"].iter().any(|part| name.contains(part));
    if is_all || name.starts_with("tests/") {
        return text;
    }
    text.find("#[cfg(test)]\nmod tests {").map_or("", |at| &text[at..])
}

/// How often it sleeps. A method is another thing: a clock of a test may sleep without any time passing.
fn calls(text: &str) -> usize {
    let in_line = |line: &str| -> usize {
        let code = line.split("//").next().unwrap_or_default();
        CALLS.iter().map(|call| code.match_indices(call).filter(|(at, _)| is_call(&code[..*at])).count()).sum()
    };
    text.lines().map(in_line).sum()
}

fn is_call(before: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    !before.ends_with(is_name) && !before.ends_with("fn ")
}

#[test]
fn calls_are_told_from_methods_definitions_and_comments() {
    assert_eq!(calls("thread::sleep(STEP); sleep(x)\nlet_pass(moment);"), 3);
    assert_eq!(calls("clock.sleep(0); fn sleep(now) {} // sleep(1)\nasleep(2)"), 0);
    assert_eq!(test_code("crates/a/src/b.rs", "sleep(1)\n#[cfg(test)]\nmod tests {\n"), "#[cfg(test)]\nmod tests {\n");
}
