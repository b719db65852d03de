//! Looking never needs the right to write, and changes nothing.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use reelq_redis_server::RedisServer;
use reelq_tests::{Ended, Running, json, wait_until};

use crate::shop::{Shop, asked, is_poll, well};

const SCHEDULE: &str = "[[schedules]]\nname = \"nightly\"\ncron = \"0 2 * * *\"\nmanifest = \"set.csv\"\n";

/// Commands that look.
const LOOKS: [&[&str]; 8] = [
    &["status"],
    &["status", "set", "--json"],
    &["results", "set"],
    &["results", "set", "--format", "jsonl"],
    &["plan", "set.csv"],
    &["cron", "list"],
    &["cron", "check"],
    &["doctor", "--offline"],
];

/// No one.
const OTHER: &str = "65534";

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs a command as a user who may read the folder and nothing more; whoever runs tests as any user but root is one already.
fn as_a_guest(shop: &Shop, arguments: &[&str]) -> Ended {
    let own = shop.sandbox.command(arguments);
    let is_root = fs::metadata("/proc/self").map(|it| std::os::unix::fs::MetadataExt::uid(&it)).unwrap() == 0;
    if !is_root {
        return Running::start(own).wait();
    }
    let mut guest = Command::new("setpriv");
    guest.args(["--reuid", OTHER, "--regid", OTHER, "--clear-groups"]).arg(own.get_program()).args(own.get_args());
    guest.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    guest.current_dir(own.get_current_dir().unwrap());
    Running::start(guest).wait()
}

fn files(shop: &Shop) -> BTreeSet<String> {
    let listed = fs::read_dir(shop.sandbox.path(".reelq")).unwrap();
    listed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Shuts folder and files for everybody but their reading, and opens them again at the end.
fn shut(shop: &Shop, is_shut: bool) {
    let (folder, file) = if is_shut { (0o555, 0o444) } else { (0o755, 0o600) };
    let state = shop.sandbox.path(".reelq");
    for entry in fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            rights(&path, file);
        }
    }
    rights(&state, folder);
    rights(&shop.sandbox.path(""), folder);
}

fn assert_looks_well(shop: &Shop) {
    let before = files(shop);
    shut(shop, true);
    let ended: Vec<_> = LOOKS.iter().map(|look| (look, as_a_guest(shop, look))).collect();
    shut(shop, false);
    for (look, ended) in ended {
        // The doctor says that the folder takes no files, which is so.
        let code = if look[0] == "doctor" { Some(2) } else { Some(0) };
        assert_eq!(ended.code, code, "{look:?}: {}{}", ended.stdout, ended.stderr);
        assert!(!ended.stdout.contains("BAD  store"), "{}", ended.stdout);
    }
    assert_eq!(files(shop), before, "no one who looks makes a file");
}

#[test]
fn a_state_that_may_only_be_read_is_looked_at_at_rest_and_at_work() {
    let shop = Shop::open("wave", 2, "", |request, origin| {
        if is_poll(request) {
            return json(200, format!(r#"{{"task_id":"{}","status":"processing"}}"#, asked(request)));
        }
        well("wave", request, origin)
    });
    let config = shop.sandbox.path("reelq.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + SCHEDULE).unwrap();
    let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("both rows are bought", || shop.vendor.submits() == 2);
    let read = || shop.sandbox.run(&["status", "set", "--json"]).stdout.contains("\"running\": 2");
    wait_until("both rows run", read);
    assert!(files(&shop).contains("state.db-wal"), "the state is being written to");
    assert_looks_well(&shop);
    running.signal("TERM");
    running.wait();
    assert!(!files(&shop).contains("state.db-wal"), "the state is at rest");
    assert_looks_well(&shop);
    assert_eq!(shop.vendor.submits(), 2);
}

#[test]
fn looking_waits_for_no_lock_and_mends_nothing() {
    let shop = Shop::open("wave", 1, "", |request, origin| well("wave", request, origin));
    shop.assert_all_bought_once(&shop.run(&[]));
    let state = shop.sandbox.path(".reelq/state.db");
    let before = (fs::read(&state).unwrap(), files(&shop));
    for look in LOOKS.iter().filter(|look| look[0] != "cron") {
        let ended = shop.sandbox.run(look);
        assert_eq!(ended.code, Some(0), "{look:?}: {}{}", ended.stdout, ended.stderr);
    }
    assert!((fs::read(&state).unwrap(), files(&shop)) == before, "the file is the same, byte for byte");
}

/// What a user needs who only looks: docs/redis.md says it.
const GUEST: [&str; 12] = [
    "guest",
    "on",
    ">secret",
    "~reelq:{default}:*",
    "-@all",
    "+@read",
    "+@connection",
    "+eval",
    "+evalsha",
    "+script|load",
    "+time",
    "+info",
];

#[test]
fn a_state_in_redis_is_looked_at_on_a_replica_and_by_a_user_who_may_only_read() {
    let server = RedisServer::with().tcp().append_only("always").start();
    let mut shop = Shop::open("wave", 2, "", |request, origin| well("wave", request, origin));
    shop.sandbox = shop.sandbox.over(&server.url());
    let config = shop.sandbox.path("reelq.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + SCHEDULE).unwrap();
    shop.assert_all_bought_once(&shop.run(&[]));
    let replica = RedisServer::with().tcp().directive(&format!("replicaof 127.0.0.1 {}", server.port())).start();
    wait_until("the replica follows", || {
        replica.command(&["INFO", "replication"]).text().contains("master_link_status:up")
    });
    server.command(&[["ACL", "SETUSER"].as_slice(), &GUEST].concat());
    let guest = format!("redis://guest:secret@127.0.0.1:{}", server.port());
    for store in [replica.url(), guest] {
        for look in LOOKS.iter().filter(|look| look[0] != "doctor") {
            let ended = shop.sandbox.run(&[look, ["--store", &store].as_slice()].concat());
            assert_eq!(ended.code, Some(0), "{look:?} at {store}: {}{}", ended.stdout, ended.stderr);
        }
    }
}

#[test]
fn a_state_that_this_user_may_not_look_at_is_not_taken_for_none() {
    let shop = Shop::open("wave", 1, "", |request, origin| well("wave", request, origin));
    shop.assert_all_bought_once(&shop.run(&[]));
    let (root, folder, file) =
        (shop.sandbox.path(""), shop.sandbox.path(".reelq"), shop.sandbox.path(".reelq/state.db"));
    rights(&root, 0o755);
    let asks: [&[&str]; 6] = [
        &["status"],
        &["results", "set"],
        &["plan", "set.csv"],
        &["continue", "set"],
        &["backup", "copy.db"],
        &["doctor", "--offline"],
    ];
    for (path, shut, open, said) in
        [(&folder, 0o000, 0o755, ".reelq does not let this user in"), (&file, 0o000, 0o600, "state.db")]
    {
        rights(path, shut);
        let ended: Vec<_> = asks.iter().map(|ask| (ask, as_a_guest(&shop, ask))).collect();
        rights(path, open);
        for (ask, ended) in ended {
            let told = format!("{}{}", ended.stdout, ended.stderr);
            assert!(told.contains(said) && told.to_lowercase().contains("permission denied"), "{ask:?}: {told}");
            assert_ne!(ended.code, Some(0), "{ask:?}: {told}");
            for wrong in ["no state at", "begins", "index is missing", "will be made"] {
                assert!(!told.contains(wrong), "{ask:?}: {told}");
            }
        }
    }
    assert_eq!(shop.vendor.submits(), 1);
}
