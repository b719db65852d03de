//! An API key goes to its own provider's origin and nowhere else.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{fs, path::Path};

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, StoreKind, on_each_store, write_csv};

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn no_file_and_no_message_holds_an_api_key(store: StoreKind) {
    let faults = "throttled=0.1,dropped_after=0.1,server_error=0.1,torn_reply=0.1".parse().unwrap();
    let vendor = SimulatedVendor::start(SimSettings { seed: 7, faults, ..SimSettings::default() });
    let limits = "requests_per_second = 100.0\nmax_in_flight = 50\nrequest_timeout = \"2s\"\n\
        poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\nbreaker = { wait = \"200ms\" }";
    let sandbox = Sandbox::on(store, &vendor.base_url(), Account::each(limits), "");
    write_csv(
        &sandbox.path("set.csv"),
        Prompts { rows: 60, copies: 1 },
        &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")],
    );

    let mut said = String::new();
    for arguments in [
        &["--log", "trace", "run", "set.csv", "--yes"][..],
        &["config", "show"],
        &["config", "show", "--json"],
        &["doctor"],
        &["status", "set", "--json"],
        &["results", "set", "--format", "jsonl"],
    ] {
        let ended = sandbox.run(arguments);
        said.push_str(&ended.stdout);
        said.push_str(&ended.stderr);
    }

    assert!(said.len() > 1_000, "the commands said something: {said}");
    assert!(!said.contains("never-to-be-seen"), "a key was printed");
    for file in files_below(sandbox.path("").as_path()) {
        let bytes = fs::read(&file).unwrap();
        let found = bytes.windows(16).any(|window| window == b"never-to-be-seen");
        assert!(!found, "{} holds a key", file.display());
    }
}

on_each_store!(no_file_and_no_message_holds_an_api_key);
