//! Signals: each of those that end a program ends it in good order, several at once are one, and process 1 obeys them too.

use std::{
    fs,
    net::TcpListener,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use reelq_tests::{RawReply, Running, json, wait_at_most, wait_until};

use crate::shop::{Shop, asked, is_poll, taken, well};

/// A shop whose tasks run for as long as no one says that they are over.
fn endless(rows: usize) -> (Shop, Arc<AtomicBool>) {
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let shop = Shop::open("wave", rows, "", move |request, origin| {
        if is_poll(request) && !is_over.load(SeqCst) {
            return json(200, format!(r#"{{"task_id":"{}","status":"processing"}}"#, asked(request)));
        }
        well("wave", request, origin)
    });
    (shop, over)
}

#[test]
fn each_signal_that_ends_a_program_stops_a_run_in_good_order() {
    let (shop, over) = endless(1);
    for name in ["INT", "TERM", "HUP", "QUIT"] {
        let before = shop.vendor.requests().len();
        let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
        // Two more answers: its workers, and with them its signals, are in place.
        let at_work = || shop.vendor.requests().len() > before + 2;
        wait_until("the run is at work", at_work);
        running.signal(name);
        let ended = running.wait();
        assert_eq!(ended.code, Some(130), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains("stopping"), "{name}: {}", ended.stderr);
    }
    over.store(true, SeqCst);
    shop.assert_all_bought_once(&shop.run(&[]));
}

#[test]
fn signals_within_a_second_are_one_and_what_is_being_bought_comes_home() {
    let asked_for = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked_for);
    let shop = Shop::open("wave", 1, "", move |request, origin| {
        if !request.is_submit() {
            return well("wave", request, origin);
        }
        seen.store(true, SeqCst);
        let RawReply::Bytes(answer) = taken("wave", request) else { return RawReply::Drop };
        RawReply::Slow(Vec::new(), Duration::from_millis(1_200), answer)
    });
    let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("the row is being bought", || asked_for.load(SeqCst));
    for name in ["TERM", "INT", "TERM"] {
        running.signal(name);
    }
    let ended = running.wait();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(!ended.stderr.contains("ending at once"), "{}", ended.stderr);
    let told = shop.sandbox.run(&["status", "set", "--json"]).stdout;
    assert!(told.contains("\"running\": 1"), "{told}");
    shop.assert_all_bought_once(&shop.run(&[]));
}

#[test]
fn a_second_signal_after_a_moment_ends_at_once_and_what_was_being_bought_is_not_bought_again() {
    let asked_for = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked_for);
    let shop = Shop::open("apixo", 1, "", move |request, origin| {
        if !request.is_submit() {
            return well("apixo", request, origin);
        }
        seen.store(true, SeqCst);
        let RawReply::Bytes(answer) = taken("apixo", request) else { return RawReply::Drop };
        RawReply::Slow(Vec::new(), Duration::from_secs(20), answer)
    });
    let config = shop.sandbox.path("reelq.toml");
    let patient = fs::read_to_string(&config).unwrap().replace("request_timeout = \"2s\"", "request_timeout = \"3m\"");
    fs::write(&config, patient).unwrap();
    let mut running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("the row is being bought", || asked_for.load(SeqCst));
    // Each a moment after the last, however slow the machine: the second that is no more one with the first ends it.
    let ends_soon = |running: &mut Running| wait_at_most(Duration::from_millis(400), || running.has_ended());
    wait_until("it ends at once", || {
        running.has_ended() || {
            running.signal("TERM");
            ends_soon(&mut running)
        }
    });
    let ended = running.wait();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("ending at once"), "{}", ended.stderr);
    let next = shop.run(&[]);
    assert_eq!((next.code, shop.vendor.submits()), (Some(6), 1), "{}", next.stderr);
}

#[test]
fn a_program_that_outlasts_its_terminal_is_not_ended_by_the_terminals_end() {
    let (shop, over) = endless(1);
    let mut kept = Command::new("nohup");
    let own = shop.sandbox.command(&["run", "set.csv", "--yes"]);
    kept.arg(own.get_program()).args(own.get_args()).current_dir(own.get_current_dir().unwrap());
    kept.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let running = Running::start(kept);
    wait_until("the row is bought", || shop.vendor.submits() == 1);
    running.signal("HUP");
    let asked = shop.vendor.requests().len();
    wait_until("it works on", || shop.vendor.requests().len() > asked + 2);
    over.store(true, SeqCst);
    shop.assert_all_bought_once(&running.wait());
}

/// The signals that a process listens for, as bits from signal 1 on.
fn caught(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or_default()
}

/// SIGHUP, SIGINT, SIGQUIT and SIGTERM: a bit each, the first of number one.
const ENDING: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 14;

#[test]
fn every_command_listens_for_the_signals_that_end_it_from_its_first_moment() {
    let (shop, _) = endless(1);
    shop.sandbox.run(&["enqueue", "set.csv", "--yes"]);
    // Each of them is held up: by a store that says nothing, or because it goes on until it is ended.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("redis://{}", silent.local_addr().unwrap());
    let held: [&[&str]; 5] = [
        &["plan", "set.csv", "--store", &store],
        &["results", "set", "--store", &store],
        &["run", "set.csv", "--yes", "--store", &store],
        &["status", "--watch"],
        &["sim", "--port", "0"],
    ];
    for command in held {
        let mut running = shop.sandbox.start(command);
        wait_until("it listens for signals", || caught(running.id()) & ENDING == ENDING || running.has_ended());
        running.signal("TERM");
        wait_until("it ends", || running.has_ended());
        let code = running.wait().code;
        assert!(matches!(code, Some(0 | 130)), "{command:?}: {code:?}");
    }
}

#[test]
fn as_process_1_a_command_obeys_the_signals_that_end_it() {
    let (shop, _) = endless(1);
    shop.sandbox.run(&["enqueue", "set.csv", "--yes"]);
    for (command, name) in [(["status", "--watch"].as_slice(), "INT"), (&["sim", "--port", "0"], "TERM")] {
        let own = shop.sandbox.command(command);
        let mut alone = Command::new("unshare");
        alone.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child"]).arg(own.get_program());
        alone.args(own.get_args()).current_dir(own.get_current_dir().unwrap());
        alone.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut running = Running::start(alone);
        let child = |id: u32| {
            let listed = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            listed.split_whitespace().next().and_then(|child| child.parse::<u32>().ok())
        };
        let listens = |id: u32| child(id).is_some_and(|child| caught(child) & ENDING == ENDING);
        wait_until("process 1 listens", || listens(running.id()) || running.has_ended());
        if running.has_ended() {
            let ended = running.wait();
            // Some machines let no one make such a place; the test before this one shows the same from outside.
            assert!(ended.stderr.contains("unshare"), "{command:?}: {}", ended.stderr);
            continue;
        }
        let first = child(running.id()).unwrap();
        assert!(Command::new("kill").arg(format!("-{name}")).arg(first.to_string()).status().unwrap().success());
        wait_until("process 1 ends", || running.has_ended());
        let code = running.wait().code;
        assert!(matches!(code, Some(0 | 130)), "{command:?}: {code:?}");
    }
}
