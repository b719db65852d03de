//! Task ids that name two purchases, and whose the files are that tell of them.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use reelq_tests::{Account, RawVendor, Sandbox, StoreKind, clip, json, on_each_store, reply};

use crate::shop::{Shop, is_file, well};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

on_each_store!(
    one_task_for_two_purchases_is_said_loudly_and_both_are_kept,
    a_cache_that_ignores_the_query_gives_no_row_the_clip_of_another,
);

fn wave() -> Vec<Account> {
    vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }]
}

fn vendor() -> RawVendor {
    RawVendor::start(|request, origin| {
        if request.is_submit() {
            return json(200, r#"{"task_id":"same","status":"queued"}"#);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip("same"));
        }
        json(200, format!(r#"{{"task_id":"same","status":"completed","video_url":"{origin}/same.mp4"}}"#))
    })
}

fn one_task_for_two_purchases_is_said_loudly_and_both_are_kept(store: StoreKind) {
    let vendor = vendor();
    let sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\none,minimax-hailuo-2.3,6\ntwo,minimax-hailuo-2.3,6\n")
        .unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert!(ended.stderr.contains("were answered with one task"), "{}", ended.stderr);
    let rows = sandbox.results("set");
    assert!(rows.iter().all(|row| row.get("remote_task") == "same" && row.cost().is_some()), "{rows:?}");
    for (row, other) in [(0, 1), (1, 0)] {
        let shown = sandbox.run(&["status", "set", "--job", rows[row].get("job"), "--json"]);
        let expected = format!("\"shares_task_with\":\"{}\"", rows[other].get("job"));
        assert!(shown.stdout.replace("\": ", "\":").contains(&expected), "{}\n{}", shown.stdout, shown.stderr);
    }
    assert_eq!(vendor.submits(), 2);
}

#[cfg(unix)]
#[test]
fn files_with_prompts_and_tasks_are_their_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let vendor = vendor();
    let sandbox = Sandbox::new(&vendor.base_url(), wave(), "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\none,minimax-hailuo-2.3,6\n").unwrap();
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    let mode = |name: &str| fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".reelq"), mode(".reelq/state.db")), (0o700, 0o600));
}

/// The task stands in the query at APIXO, and a cache in front of it answers with whatever it has for the path.
fn a_cache_that_ignores_the_query_gives_no_row_the_clip_of_another(store: StoreKind) {
    let caches = Arc::new(AtomicBool::new(true));
    let (kept, on) = (Mutex::new(None), Arc::clone(&caches));
    let shop = Shop::open_on(store, "apixo", 5, "", move |request, origin| {
        if request.is_submit() || is_file(request) || !on.load(Ordering::SeqCst) {
            return well("apixo", request, origin);
        }
        assert!(request.target.contains("?taskId="), "{}", request.target);
        kept.lock().unwrap().get_or_insert_with(|| well("apixo", request, origin)).clone()
    });
    let ended = shop.run(&["--wait-at-most", "300ms"]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(5), 5), "{}", ended.stderr);
    assert_eq!((shop.count("succeeded"), shop.count("running")), (1, 4), "{}", ended.stderr);
    let left = |line: &&str| line.contains("running, task t-") && line.contains("and not about t-");
    assert_eq!(ended.stderr.lines().filter(left).count(), 4, "the reason is told: {}", ended.stderr);
    let fetched = shop.vendor.requests().iter().filter(|request| is_file(request)).count();
    assert_eq!(fetched, 1, "the clip of the one task is fetched once");
    caches.store(false, Ordering::SeqCst);
    shop.assert_all_bought_once(&shop.run(&[]));
    let rows = shop.rows();
    let digests: std::collections::BTreeSet<_> = rows.iter().map(|row| row.get("sha256")).collect();
    assert_eq!(digests.len(), 5, "no clip is stored twice");
}
