//! Losses that come together with something else: an upgrade before, or a clean end of all workers.

use std::{fs, path::Path};

use reelq_model::Digest;
use reelq_redis_server::RedisServer;
use reelq_tests::{Sandbox, wait_until};
use serde_json::Value;

use super::loss::{all_are_bought_or_asked_about, copy_folder, enqueue, machine, nothing_twice, vendor, worker};

/// Writes journals as the version of format 1 did: filed under the address of the store, with lines that name no life of it and
/// no one's money.
fn write_as_format_1(sandbox: &Sandbox, url: &str) {
    let folder = sandbox.path(".reelq/journal");
    let store = format!("{url}, namespace default");
    let mark = &Digest::of(store.as_bytes()).to_string()[..12];
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let Some((_, rest)) = name.split_once('-') else {
            fs::remove_file(path).unwrap();
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(|line| older(line, &store)).collect();
        fs::remove_file(&path).unwrap();
        let text = lines.concat();
        fs::write(folder.join(format!("{mark}-{rest}")), text).unwrap();
    }
}

fn older(line: &str, store: &str) -> String {
    let (_, text) = line.split_once(' ').unwrap();
    let mut read: Value = serde_json::from_str(text).unwrap();
    let fields = read.as_object_mut().unwrap();
    if fields.contains_key("reelq_journal") {
        fields.insert("reelq_journal".to_owned(), 1.into());
        fields.insert("store".to_owned(), store.into());
    }
    for newer in ["identity", "told", "stake", "over"] {
        fields.remove(newer);
    }
    let text = read.to_string();
    format!("{} {text}\n", &Digest::of(text.as_bytes()).to_string()[..16])
}

fn journal_lines(folder: &Path) -> usize {
    let files = fs::read_dir(folder).unwrap().flatten();
    files.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default().matches("\"accepted\"").count()).sum()
}

#[test]
fn journals_of_the_format_before_are_read_where_the_store_has_lost_what_they_know() {
    let (mut server, vendor) = (RedisServer::with().append_only("always").start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 20);
    enqueue(&sandbox);
    let copy = server.folder().join("copy");
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    let killed = worker(&sandbox, &[]);
    wait_until("purchases", || vendor.submits() >= 8);
    drop(killed.kill());
    write_as_format_1(&sandbox, &server.url());
    assert!(journal_lines(&sandbox.path(".reelq/journal")) >= 6);
    server.kill();
    let log = server.folder().join("appendonlydir");
    fs::remove_dir_all(&log).unwrap();
    copy_folder(&copy, &log);
    server.restart();
    let drained = worker(&sandbox, &["--drain"]).wait();
    assert!(matches!(drained.code, Some(0 | 6)), "{}", drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
    all_are_bought_or_asked_about(&vendor, &sandbox, 20, &drained.stderr);
}

#[test]
fn a_person_is_asked_where_journals_of_the_format_before_do_not_say_whose_money_is_lost() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 20);
    enqueue(&sandbox);
    let killed = worker(&sandbox, &[]);
    wait_until("purchases", || vendor.submits() >= 8);
    drop(killed.kill());
    write_as_format_1(&sandbox, &server.url());
    server.command(&["FLUSHALL"]);
    fs::write(sandbox.path("other.csv"), other_rows()).unwrap();
    let loaded = sandbox.run(&["enqueue", "other.csv", "--yes", "--again"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let before = vendor.submits();
    let waiting = worker(&sandbox, &[]);
    wait_until("the question", || sandbox.run(&["status"]).stderr.contains("reelq resume --after-loss"));
    assert_eq!(vendor.submits(), before, "nothing is bought before it is answered");
    let told = sandbox.run(&["status"]).stdout;
    assert!(told.contains("on an account that no journal names, for") && told.contains("unknown sum"), "{told}");
    assert!(told.contains("no limit and no budget counts them"), "{told}");
    let answered = sandbox.run(&["resume", "--after-loss", "--yes"]);
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    wait_until("purchases", || vendor.submits() > before);
    drop(waiting);
}

fn other_rows() -> String {
    let image = "https://images.example.com/first.png";
    let rows = (0..9).map(|row| format!("apixo,hailuo-2-3-fast,standard-image-to-video,another {row},{image},6\n"));
    format!("account,model,mode,prompt,image_urls,duration\n{}", rows.collect::<String>())
}

#[test]
fn a_batch_that_is_loaded_again_after_all_workers_ended_well_and_the_server_was_emptied_asks_and_buys_nothing_twice() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 12);
    enqueue(&sandbox);
    let ended = worker(&sandbox, &["--drain"]).wait();
    assert_eq!((ended.code, vendor.submits()), (Some(0), 12), "{}", ended.stderr);
    server.command(&["FLUSHALL"]);
    let asked = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!((asked.code, vendor.submits()), (Some(2), 12), "{}", asked.stderr);
    assert!(asked.stderr.contains("--again"), "{}", asked.stderr);
    enqueue(&sandbox);
    let drained = worker(&sandbox, &["--drain"]).wait();
    assert_eq!((drained.code, vendor.submits()), (Some(0), 12), "{}", drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
}
