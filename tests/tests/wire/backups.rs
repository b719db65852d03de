//! A backup of the state while it is worked on, and the way back: what was bought since is not bought again unasked.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use reelq_tests::{RawRequest, StoreKind, json, wait_until};

use crate::shop::{Shop, asked, is_poll, row, well};

/// A shop that takes no purchase after the first `first` ones, and ends no task, before it is opened.
fn closed_after(first: usize, rows: usize) -> (Shop, Arc<AtomicBool>) {
    let open = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&open);
    let shop = Shop::open("wave", rows, "", move |request: &RawRequest, origin: &str| {
        if is_open.load(SeqCst) {
            return well("wave", request, origin);
        }
        if request.is_submit() && row(request) >= first {
            return json(429, r#"{"error":{"code":"rate_limited","message":"slow down"}}"#);
        }
        if is_poll(request) {
            return json(200, format!(r#"{{"task_id":"{}","status":"processing"}}"#, asked(request)));
        }
        well("wave", request, origin)
    });
    (shop, open)
}

fn bought(shop: &Shop) -> Vec<usize> {
    let mut rows: Vec<_> = shop.vendor.requests().iter().filter(|request| request.is_submit()).map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn a_restored_backup_is_told_from_the_state_it_was_taken_of_and_buys_nothing_unasked() {
    let (shop, open) = closed_after(2, 4);
    let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    let taken = |shop: &Shop| {
        let ended = shop.sandbox.run(&["status", "set", "--json"]);
        ended.stdout.matches("\"running\": 2").count() > 0
    };
    wait_until("two rows run", || taken(&shop));
    let ended = shop.sandbox.run(&["backup", "b.db"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(fs::metadata(shop.sandbox.path("b.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = shop.sandbox.run(&["backup", "--restore", "b.db"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    assert!(refused.stderr.contains("is open in another process"), "{}", refused.stderr);
    let again = shop.sandbox.run(&["backup", "b.db"]);
    assert!(again.code == Some(1) && again.stderr.contains("is not replaced"), "{}", again.stderr);
    running.kill();
    open.store(true, SeqCst);
    shop.sandbox.run(&["resume", "--account", "wave"]);
    let done = shop.run(&[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let before = bought(&shop);

    let back = shop.sandbox.run(&["backup", "--restore", "b.db"]);
    assert_eq!(back.code, Some(0), "{}", back.stderr);
    assert!(back.stdout.contains("the state before it is kept"), "{}", back.stdout);
    let told = shop.sandbox.run(&["status"]);
    assert!(told.code == Some(0) && told.stderr.contains("is a backup of"), "{}", told.stderr);
    shop.sandbox.run(&["resume", "--account", "wave"]);
    assert_the_place_knows_better(&shop, 2);
    let followed = shop.follow("reelq worker --stages poll,collect --drain");
    assert!(followed.code == Some(0) || followed.code == Some(5), "{}", followed.stderr);
    assert!(followed.stderr.contains("result manifests stay as they are"), "{}", followed.stderr);
    let held = shop.sandbox.run(&["continue", "set", "--yes"]);
    assert_eq!(held.code, Some(5), "{}", held.stderr);
    assert!(held.stderr.contains("result manifests in out/set stay as they are"), "{}", held.stderr);
    assert_eq!(bought(&shop), before, "nothing is bought that was bought since the backup");
    let stands = shop.sandbox.run(&["results", "set", "--format", "jsonl"]).stdout;
    let count = |status: &str| stands.matches(&format!(r#""status":"{status}""#)).count();
    assert_eq!(
        (count("succeeded"), count("queued")),
        (2, 2),
        "what the backup knows is followed and fetched: {stands}"
    );
    assert_eq!(shop.count("succeeded"), 4, "the place tells on what was bought since the backup");

    let unasked = shop.sandbox.run(&["resume", "--after-loss"]);
    assert!(unasked.code == Some(2) && unasked.stderr.contains("2 queued jobs"), "{}", unasked.stderr);
    let accepted = shop.sandbox.run(&["resume", "--after-loss", "--yes"]);
    assert!(accepted.code == Some(0) && accepted.stdout.contains("may be bought"), "{}", accepted.stdout);
    assert!(!shop.sandbox.run(&["status"]).stderr.contains("is a backup of"));
    assert_the_place_knows_better(&shop, 2);
    let done = shop.run(&["--again"]);
    assert_eq!((done.code, shop.count("succeeded")), (Some(0), 4), "{}", done.stderr);
    assert_eq!(shop.vendor.submits(), before.len() + 2);
}

/// A manifest is not bought while its output place tells of purchases that the state does not know.
fn assert_the_place_knows_better(shop: &Shop, rows: usize) {
    let before = shop.vendor.submits();
    let refused = shop.run(&[]);
    assert_eq!((refused.code, shop.vendor.submits()), (Some(2), before), "{}", refused.stderr);
    let told = format!("out/set holds the results of {rows} bought row");
    assert!(refused.stderr.contains(&told), "{}", refused.stderr);
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_under_its_name_or_a_whole_one() {
    let shop = Shop::open("wave", 400, "", |request, origin| well("wave", request, origin));
    let loaded = shop.sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    for round in 0..4_u32 {
        let name = format!("b{round}.db");
        let mut running = shop.sandbox.start(&["backup", &name]);
        // Its draft is there once it copies.
        let draft = |file: &str| file.starts_with('.') && file.contains(&name);
        let there =
            || fs::read_dir(shop.sandbox.path("")).unwrap().any(|it| draft(&it.unwrap().file_name().to_string_lossy()));
        wait_until("the backup begins", || there() || running.has_ended());
        running.kill();
        let ended = shop.sandbox.run(&["backup", &name]);
        if ended.code != Some(0) {
            assert!(ended.stderr.contains("is not replaced"), "{}", ended.stderr);
        }
        fs::remove_file(shop.sandbox.path(".reelq/state.db")).ok();
        let back = shop.sandbox.run(&["backup", "--restore", &name]);
        assert!(back.code == Some(0) && back.stdout.contains("400 jobs"), "{}{}", back.stdout, back.stderr);
    }
}

#[test]
fn what_is_no_backup_is_not_restored_and_a_state_in_redis_is_backed_up_there() {
    let shop = Shop::open("wave", 1, "", |request, origin| well("wave", request, origin));
    shop.assert_all_bought_once(&shop.run(&[]));
    fs::copy(shop.sandbox.path(".reelq/state.db"), shop.sandbox.path("copy.db")).unwrap();
    for (file, why) in [("copy.db", "is no backup"), ("set.csv", "database"), ("nowhere.db", "No such file")] {
        let ended = shop.sandbox.run(&["backup", "--restore", file]);
        assert!(ended.code == Some(1) && ended.stderr.contains(why), "{file}: {}", ended.stderr);
    }
    shop.assert_all_bought_once(&shop.run(&[]));
    let over = Shop::open_on(StoreKind::Redis, "wave", 0, "", |request, origin| well("wave", request, origin));
    let ended = over.sandbox.run(&["backup", "b.db"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("redis-cli --rdb"), "{}", ended.stderr);
}

#[test]
fn a_plain_copy_that_is_put_back_is_told_from_the_state_and_buys_nothing_unasked() {
    let (shop, open) = closed_after(1, 2);
    let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    let taken = || shop.sandbox.run(&["status", "set", "--json"]).stdout.contains("\"running\": 1");
    wait_until("a row runs", taken);
    running.signal("TERM");
    running.wait();
    let state = shop.sandbox.path(".reelq/state.db");
    fs::copy(&state, shop.sandbox.path("copy.db")).unwrap();
    open.store(true, SeqCst);
    shop.sandbox.run(&["resume", "--account", "wave"]);
    let done = shop.run(&[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let before = bought(&shop);

    fs::copy(shop.sandbox.path("copy.db"), &state).unwrap();
    shop.sandbox.run(&["resume", "--account", "wave"]);
    assert_the_place_knows_better(&shop, 1);
    // Not even where the place tells nothing: the state itself knows that it is behind.
    fs::remove_file(shop.sandbox.path("out/set/results.jsonl")).unwrap();
    let held = shop.run(&[]);
    assert!(held.code == Some(5) && held.stderr.contains("is a backup of"), "{}", held.stderr);
    assert_eq!(bought(&shop), before, "nothing is bought that was bought since the copy");
    assert_eq!(shop.count("succeeded"), 1, "what the copy knows is followed and fetched");
    assert_eq!(shop.sandbox.run(&["resume", "--after-loss", "--yes"]).code, Some(0));
    assert!(!shop.sandbox.run(&["status"]).stderr.contains("is a backup of"));
}

/// A copy of the whole folder of the state cannot be told from the state: the output place can.
#[test]
fn what_the_place_tells_outlasts_a_state_that_was_put_back_whole() {
    let shop = Shop::open("wave", 2, "", |request, origin| well("wave", request, origin));
    shop.assert_all_bought_once(&shop.run(&[]));
    let (state, copy) = (shop.sandbox.path(".reelq"), shop.sandbox.path("copy"));
    copy_folder(&state, &copy);
    let rows = fs::read_to_string(shop.sandbox.path("set.csv")).unwrap();
    let third = rows.lines().last().unwrap().replace("row-1", "row-2");
    fs::write(shop.sandbox.path("set.csv"), format!("{}\n{third}\n", rows.trim_end())).unwrap();
    let more = shop.run(&[]);
    assert_eq!((more.code, shop.vendor.submits()), (Some(0), 3), "{}", more.stderr);
    fs::remove_dir_all(&state).unwrap();
    copy_folder(&copy, &state);
    assert_the_place_knows_better(&shop, 1);
    let followed = shop.sandbox.run(&["continue", "set"]);
    assert_eq!(followed.code, Some(0), "{}", followed.stderr);
    assert_the_place_knows_better(&shop, 1);
    let again = shop.run(&["--again"]);
    assert_eq!((again.code, shop.vendor.submits()), (Some(0), 4), "{}", again.stderr);
}

#[test]
fn a_state_that_is_lost_before_its_batch_has_ended_is_missed_by_the_place() {
    let (shop, _open) = closed_after(1, 2);
    let running = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    let taken = || shop.sandbox.run(&["status", "set", "--json"]).stdout.contains("\"running\": 1");
    wait_until("a row runs", taken);
    running.kill();
    fs::remove_dir_all(shop.sandbox.path(".reelq")).unwrap();
    let before = shop.vendor.submits();
    let refused = shop.run(&[]);
    assert_eq!((refused.code, shop.vendor.submits()), (Some(2), before), "{}", refused.stderr);
    assert!(refused.stderr.contains("is the place of a batch `set`"), "{}", refused.stderr);
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}
