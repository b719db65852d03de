//! Output places that take no files: told at once, nothing more is bought for them, and only for them.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reelq_tests::{RawRequest, RawVendor, StoreKind, json, on_each_store, wait_until};

use crate::shop::{Shop, asked, done_with, file, is_file, taken, well};

on_each_store!(a_place_that_breaks_holds_its_own_batch_and_goes_on_once_it_is_mended,);

/// Puts a file where the output folder was.
fn break_place(shop: &Shop, batch: &str) {
    let place = shop.sandbox.path(format!("out/{batch}"));
    fs::rename(&place, shop.sandbox.path(format!("away-{batch}"))).unwrap();
    fs::write(&place, "no folder").unwrap();
}

fn mend_place(shop: &Shop, batch: &str) {
    let place = shop.sandbox.path(format!("out/{batch}"));
    fs::remove_file(&place).unwrap();
    fs::rename(shop.sandbox.path(format!("away-{batch}")), place).unwrap();
}

/// Every task is over once `open` is set.
fn gated(open: &Arc<AtomicBool>, store: StoreKind, rows: usize) -> Shop {
    let open = Arc::clone(open);
    let lines = "breaker = { after = 2 }\n";
    Shop::open_on(store, "wave", rows, lines, move |request, origin| {
        if request.is_submit() {
            return taken("wave", request);
        }
        if is_file(request) {
            return file(request);
        }
        let task = asked(request);
        if open.load(Ordering::SeqCst) {
            return done_with("wave", &task, origin, "");
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"processing"}}"#))
    })
}

fn a_place_that_breaks_holds_its_own_batch_and_goes_on_once_it_is_mended(store: StoreKind) {
    let open = Arc::new(AtomicBool::new(false));
    let shop = gated(&open, store, 4);
    let worker = shop.sandbox.start(&["worker"]);
    let loaded = shop.sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    wait_until("all are bought", || shop.vendor.submits() == 4);
    break_place(&shop, "set");
    open.store(true, Ordering::SeqCst);
    wait_until("status tells the reason", || shop.sandbox.run(&["status"]).stdout.contains("takes no files"));
    let told = shop.sandbox.run(&["status", "set", "--json"]).stdout;
    assert!(told.contains("takes no files") && told.contains("out/set"), "{told}");
    let note = shop.sandbox.run(&["results", "set", "--format", "csv"]).stdout;
    assert!(note.contains("takes no files"), "{note}");
    // The broken place is the first batch's own: another one is bought and saved meanwhile.
    let other = fs::read_to_string(shop.sandbox.path("set.csv")).unwrap().replace("row-", "row-1");
    fs::write(shop.sandbox.path("next.csv"), other).unwrap();
    let loaded = shop.sandbox.run(&["enqueue", "next.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    wait_until("the other batch is done", || shop.sandbox.path("out/next/results.csv").exists());
    // More rows of the broken one are not bought.
    let more = fs::read_to_string(shop.sandbox.path("set.csv")).unwrap();
    let extra = more.lines().nth(1).unwrap().replace("row-0", "row-99");
    fs::write(shop.sandbox.path("set.csv"), format!("{more}{extra}\n")).unwrap();
    let refused = shop.sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!((refused.code, shop.vendor.submits()), (Some(2), 8), "{}", refused.stderr);
    assert!(refused.stderr.contains("out/set"), "{}", refused.stderr);
    mend_place(&shop, "set");
    wait_until("the batch is done", || shop.sandbox.path("out/set/results.csv").exists());
    worker.signal("TERM");
    let ended = worker.wait();
    assert_eq!(ended.stderr.matches("batch set buys nothing").count(), 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains("breaker"), "it is no fault of the account: {}", ended.stderr);
    assert_eq!((shop.count("succeeded"), shop.vendor.submits()), (4, 8));
}

#[test]
fn a_run_whose_place_breaks_ends_with_the_reason_and_the_next_fetches_what_was_bought() {
    let open = Arc::new(AtomicBool::new(false));
    let shop = gated(&open, StoreKind::Sqlite, 3);
    let run = shop.sandbox.start(&["run", "set.csv", "--yes", "--wait-at-most", "1s"]);
    wait_until("all are bought", || shop.vendor.submits() == 3);
    break_place(&shop, "set");
    open.store(true, Ordering::SeqCst);
    let ended = run.wait();
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("batch set buys nothing: its output place out/set takes no files"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("result manifests could not be written"), "{}", ended.stderr);
    mend_place(&shop, "set");
    shop.assert_all_bought_once(&shop.run(&[]));
}

/// A bucket that lets objects be put until it does not.
#[test]
fn a_bucket_that_refuses_holds_its_batch_before_anything_is_bought_and_names_itself() {
    let allowed = Arc::new(AtomicBool::new(true));
    let bucket = {
        let allowed = Arc::clone(&allowed);
        RawVendor::start(move |request: &RawRequest, _: &str| {
            if allowed.load(Ordering::SeqCst) {
                let head = ["ETag: \"e\"", "Last-Modified: Wed, 21 Oct 2026 07:28:00 GMT"];
                let deleted = "<DeleteResult><Deleted><Key>set/reelq-probe</Key></Deleted></DeleteResult>";
                let body = if request.method == "POST" { deleted } else { "" };
                return reelq_tests::reply(200, &head, body);
            }
            let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
            reelq_tests::reply(403, &["Content-Type: application/xml"], denied)
        })
    };
    let shop = Shop::open("wave", 3, "", |request, origin| well("wave", request, origin));
    let call = |arguments: &[&str]| {
        let mut command = shop.sandbox.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_REGION", "eu-west-1");
        command.env("AWS_ENDPOINT_URL", bucket.base_url()).env("AWS_ALLOW_HTTP", "true");
        command
    };
    let loaded =
        reelq_tests::Running::start(call(&["enqueue", "set.csv", "--yes", "--output", "s3://films/set"])).wait();
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    allowed.store(false, Ordering::SeqCst);
    let drain = ["worker", "--drain", "--wait-at-most", "1s"];
    let ended = reelq_tests::Running::start(call(&drain)).wait();
    assert_eq!((ended.code, shop.vendor.submits()), (Some(5), 0), "{}", ended.stderr);
    assert!(ended.stderr.contains("s3://films/set takes no files"), "{}", ended.stderr);
    assert!(ended.stderr.contains("403"), "{}", ended.stderr);
    // Rows carry the reason only where one was looked at before the place was: the worker says it either way.
    assert!(ended.stderr.contains("batch set buys nothing"), "{}", ended.stderr);
}

#[test]
fn a_vendor_that_takes_no_connection_is_told_at_once_and_once() {
    let shop = Shop::open("wave", 3, "", |request, origin| well("wave", request, origin));
    let port = RawVendor::no_mans_port();
    let config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    let away = config.replace(&shop.vendor.base_url(), &format!("http://127.0.0.1:{port}"));
    fs::write(shop.sandbox.path("reelq.toml"), away).unwrap();
    let run = shop.sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("status tells the reason", || shop.sandbox.run(&["status", "set"]).stdout.contains("127.0.0.1"));
    let told = shop.sandbox.run(&["status"]).stdout;
    assert!(told.contains("127.0.0.1"), "{told}");
    // The vendor is back: the run goes on by itself, and ends.
    let back = RawVendor::start_at(port, |request, origin| well("wave", request, origin));
    let ended = run.wait();
    assert_eq!((ended.code, back.submits()), (Some(0), 3), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("its vendor cannot be reached").count(), 1, "{}", ended.stderr);
}

#[test]
fn clips_whose_links_are_dead_hold_up_no_purchase_of_any_account() {
    // Three tasks name links that have died, and whose files are not there.
    let past = r#","expires_at":"2026-01-01T00:00:00Z""#;
    let shop = Shop::open("wave", 9, "", move |request, origin| {
        if request.is_submit() {
            return taken("wave", request);
        }
        let is_dying = |task: &str| matches!(task.trim_end_matches(".mp4"), "t-0" | "t-1" | "t-2");
        if is_file(request) {
            let task = asked(request);
            return if is_dying(&task) { reelq_tests::reply(404, &[], "") } else { file(request) };
        }
        let task = asked(request);
        let more = if is_dying(&task) { past } else { "" };
        done_with("wave", &task, origin, more)
    });
    let config = fs::read_to_string(shop.sandbox.path("reelq.toml")).unwrap();
    // Slow enough for the guard to look while rows are left to buy.
    let slow = config.replace("requests_per_second = 50.0\nburst = 10", "requests_per_second = 1.0\nburst = 3");
    fs::write(shop.sandbox.path("reelq.toml"), slow).unwrap();
    let ended = shop.run(&["--wait-at-most", "1s"]);
    assert_eq!((shop.vendor.submits(), shop.count("succeeded")), (9, 6), "{}", ended.stderr);
    assert!(!ended.stderr.contains("buys nothing"), "{}", ended.stderr);
}
