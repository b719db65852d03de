//! Clips that come only after the run that waited for them, or after their row had ended: they are fetched, not bought.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
};

use reelq_tests::{StoreKind, json, on_each_store, reply};

use crate::{
    late_files::now,
    retrying::{commands, next},
    shop::{Shop, asked, file, is_file, taken, well},
};

/// A row whose link gives nothing until `there`, and is said to live for `lives` seconds from the first time that it is told.
fn late(store: StoreKind, there: &Arc<AtomicBool>, lives: i64) -> Shop {
    let (there, dies) = (Arc::clone(there), AtomicI64::new(0));
    Shop::open_on(store, "wave", 1, "retries = 0\n", move |request, origin| {
        if request.is_submit() {
            return taken("wave", request);
        }
        let is_there = there.load(SeqCst);
        if is_file(request) {
            return if is_there { file(request) } else { reply(404, &[], "") };
        }
        // Asked again later, the vendor gives a link that lives.
        dies.compare_exchange(0, now() + lives, SeqCst, SeqCst).ok();
        let expires_at = if is_there { now() + 3_600 } else { dies.load(SeqCst) };
        let result = format!(r#"{{"video_url":"{origin}/t-0.mp4","expires_at":{expires_at}}}"#);
        json(200, format!(r#"{{"task_id":"{}","status":"completed","result":{result}}}"#, asked(request)))
    })
}

on_each_store!(
    a_row_that_expired_gets_its_clip_by_retry_once_it_comes,
    a_file_that_is_later_than_a_run_waits_is_fetched_by_the_same_command,
);

fn a_row_that_expired_gets_its_clip_by_retry_once_it_comes(store: StoreKind) {
    let there = Arc::default();
    let shop = late(store, &there, 3);
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.rows()[0].get("error_kind")), (Some(3), "expired"), "{}", ended.stderr);
    let hints = commands(&ended);
    assert!(hints.iter().any(|hint| hint.contains("reelq retry set")), "{hints:?}");
    there.store(true, SeqCst);
    let retried = shop.sandbox.run(&["retry", "set", "--yes"]);
    assert!(retried.stderr.contains("1 job is looked at"), "{}", retried.stderr);
    let went_on = shop.follow(&next(&retried));
    shop.assert_all_bought_once(&went_on);
}

#[test]
fn no_command_that_a_run_prints_buys_the_row_that_expired() {
    let there = Arc::default();
    let shop = late(StoreKind::Sqlite, &there, 3);
    let ended = shop.run(&[]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    there.store(true, SeqCst);
    for hint in commands(&ended) {
        for next in commands(&shop.follow(&hint)) {
            shop.follow(&next);
        }
    }
    assert_eq!((shop.vendor.submits(), shop.count("succeeded")), (1, 1), "{:?}", commands(&ended));
}

fn a_file_that_is_later_than_a_run_waits_is_fetched_by_the_same_command(store: StoreKind) {
    let there = Arc::default();
    let shop = late(store, &there, 86_400);
    let wait = ["--wait-at-most", "400ms"];
    for _ in 0..2 {
        let ended = shop.run(&wait);
        assert_eq!((ended.code, shop.vendor.submits()), (Some(5), 1), "{}", ended.stderr);
        assert!(ended.stderr.contains("row 1.1") && ended.stderr.contains("404"), "{}", ended.stderr);
    }
    there.store(true, SeqCst);
    shop.assert_all_bought_once(&shop.run(&wait));
}

#[test]
fn a_file_that_is_later_than_a_run_waits_is_fetched_by_any_worker() {
    let there = Arc::default();
    let shop = late(StoreKind::Sqlite, &there, 86_400);
    assert_eq!(shop.run(&["--wait-at-most", "400ms"]).code, Some(5));
    there.store(true, SeqCst);
    let mut ended = shop.sandbox.run(&["worker", "--drain"]);
    for _ in 0..20 {
        if ended.code != Some(5) {
            break;
        }
        ended = shop.sandbox.run(&["worker", "--drain"]);
    }
    shop.assert_all_bought_once(&ended);
}

#[test]
fn a_file_that_never_comes_at_a_link_without_end_is_left_with_its_deadline() {
    let shop = Shop::open("poyo", 1, "", |request, origin| {
        if is_file(request) { reply(403, &[], "<Error/>") } else { well("poyo", request, origin) }
    });
    let ended = shop.run(&["--wait-at-most", "400ms"]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(5), 1), "{}", ended.stderr);
    let listed = shop.sandbox.run(&["resolve", "set", "--stuck"]).stdout;
    assert!(listed.contains("its output until 20"), "{listed}");
}
