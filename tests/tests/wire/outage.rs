//! Outages: what is no row's fault stops the buying, and it goes on by itself once the vendor lives again.

use std::{
    fs,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reelq_model::{Clock as _, SystemClock};
use reelq_tests::{
    Account, Ended, Prompts, RawReply, RawRequest, RawVendor, Running, Sandbox, StoreKind, clip, json, reply, stays,
    write_csv,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
const PATIENCE: Duration = Duration::from_secs(20);

/// What a vendor answers to a purchase while something is wrong with it.
type Outage = Box<dyn Fn(&RawRequest) -> Option<RawReply> + Send + Sync>;

/// A vendor without idempotency keys.
fn apixo(outage: Outage) -> impl Fn(&RawRequest, &str) -> RawReply + Send + Sync + 'static {
    move |request, origin| {
        if request.is_submit() {
            let yes = || json(200, format!(r#"{{"code":200,"data":{{"taskId":"t-{}"}}}}"#, request.number));
            return outage(request).unwrap_or_else(yes);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('=').next().unwrap_or_default();
        let links = format!(r#"{{\"resultUrls\":[\"{origin}/{task}.mp4\"]}}"#);
        let data = format!(r#"{{"taskId":"{task}","state":"success","resultJson":"{links}"}}"#);
        json(200, format!(r#"{{"code":200,"message":"success","data":{data}}}"#))
    }
}

/// A vendor that replays idempotency keys; `file` is what it has to give.
fn wave(
    outage: Outage,
    file: impl Fn(&RawRequest) -> RawReply + Send + Sync + 'static,
) -> impl Fn(&RawRequest, &str) -> RawReply + Send + Sync + 'static {
    move |request, origin| {
        if request.is_submit() {
            // The same key, the same task.
            let key = request.header("idempotency-key").unwrap_or_default().to_owned();
            let yes = || json(200, format!(r#"{{"task_id":"t-{key}","status":"queued"}}"#));
            return outage(request).unwrap_or_else(yes);
        }
        if request.path_ends(".mp4") {
            return file(request);
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    }
}

fn a_clip(request: &RawRequest) -> RawReply {
    reply(200, &["Content-Type: video/mp4"], clip(&request.target))
}

/// Something is wrong for so long from the first purchase on, however late that comes.
fn until(seconds: u64, answer: impl Fn() -> RawReply + Send + Sync + 'static) -> Outage {
    let first = OnceLock::new();
    Box::new(move |request| {
        let since = request.at.saturating_sub(*first.get_or_init(|| request.at));
        (since < Duration::from_secs(seconds)).then(&answer)
    })
}

fn down() -> RawReply {
    reply(503, &["Retry-After: 5"], "down")
}

fn briefly_down() -> RawReply {
    reply(503, &[], "down")
}

fn sandbox(store: StoreKind, base_url: &str, name: &'static str, rows: usize, more: &str) -> Sandbox {
    let account = Account { name, provider: name, lines: format!("{LINES}\n{more}") };
    let sandbox = Sandbox::on(store, base_url, vec![account], "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[(name, name)]);
    sandbox
}

fn counts(sandbox: &Sandbox, status: &str) -> usize {
    sandbox.results("set").iter().filter(|row| row.get("status") == status).count()
}

fn status(sandbox: &Sandbox) -> serde_json::Value {
    serde_json::from_str(&sandbox.run(&["status", "--json"]).stdout).unwrap_or_default()
}

/// The breaker's pause, as soon as there is one.
fn when_open(sandbox: &Sandbox, run: &mut Running) -> serde_json::Value {
    let begun = SystemClock::new();
    loop {
        let pause = status(sandbox)["accounts"][0]["pauses"][0].clone();
        if pause["reason"]["reason"] == "breaker" {
            return pause;
        }
        assert!(!run.has_ended() && begun.monotonic() < PATIENCE, "the breaker never opened: {pause}");
    }
}

/// All rows succeeded, but for at most so many that a person must settle.
fn all_but(sandbox: &Sandbox, ended: &Ended, rows: usize, most: usize) {
    let (succeeded, unconfirmed) = (counts(sandbox, "succeeded"), counts(sandbox, "unconfirmed"));
    assert!((1..=most).contains(&unconfirmed), "{unconfirmed} rows are unconfirmed\n{}", ended.stderr);
    assert_eq!((ended.code, succeeded + unconfirmed), (Some(6), rows), "{}", ended.stderr);
}

#[test]
fn ten_seconds_of_503_at_a_vendor_without_keys_leave_three_rows_to_a_person() {
    let vendor = RawVendor::start(apixo(until(10, down)));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 60, "");
    let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
    let pause = when_open(&sandbox, &mut run);
    let reason = &pause["reason"];
    assert_eq!((&reason["fault"], &reason["count"]), (&"ambiguous".into(), &3.into()), "{pause}");
    let shown = sandbox.run(&["status"]).stdout;
    assert!(shown.contains("held by its breaker since") && shown.contains("HTTP 503"), "{shown}");
    let ended = run.wait();
    all_but(&sandbox, &ended, 60, 3);
    assert_eq!(vendor.submits(), 60, "each row was sent once");
    assert!(ended.stderr.contains("held by its breaker"), "{}", ended.stderr);
}

#[test]
fn two_workers_over_redis_lose_no_more_rows_than_one() {
    let vendor = RawVendor::start(apixo(until(4, briefly_down)));
    let sandbox = sandbox(StoreKind::Redis, &vendor.base_url(), "apixo", 40, "breaker = { wait = \"5s\" }");
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
    let workers = [sandbox.start(&["worker", "--drain"]), sandbox.start(&["worker", "--drain"])];
    let ended = workers.map(Running::wait);
    for worker in &ended {
        all_but(&sandbox, worker, 40, 3);
    }
    assert_eq!(vendor.submits(), 40, "each row was sent once");
}

#[test]
fn connections_dropped_at_a_vendor_without_keys_leave_three_rows_to_a_person() {
    let vendor = RawVendor::start(apixo(until(2, || RawReply::Drop)));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 30, "breaker = { wait = \"3s\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &ended, 30, 3);
}

#[test]
fn yeses_without_a_task_id_at_a_vendor_without_keys_leave_three_rows_to_a_person() {
    let vendor = RawVendor::start(apixo(until(2, || json(200, r#"{"code":200,"message":"success"}"#))));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 30, "breaker = { wait = \"3s\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &ended, 30, 3);
}

#[test]
fn replies_that_never_come_at_a_vendor_without_keys_leave_three_rows_to_a_person() {
    let silent = || RawReply::Slow(Vec::new(), Duration::from_secs(3), Vec::new());
    let vendor = RawVendor::start(apixo(until(3, silent)));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 30, "breaker = { wait = \"3s\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &ended, 30, 3);
}

#[test]
fn a_long_outage_costs_a_row_for_each_probe_and_no_more() {
    let vendor = RawVendor::start(apixo(until(5, briefly_down)));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 30, "breaker = { wait = \"1s\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &ended, 30, 5);
}

#[test]
fn a_long_outage_of_everything_costs_no_row_for_a_probe() {
    let outage = Arc::new(until(6, briefly_down));
    let of_balance = Arc::clone(&outage);
    let answers = apixo(Box::new(move |request| outage(request)));
    let vendor = RawVendor::start(move |request, origin| {
        let down = if request.path_ends("/current-balance") { of_balance(request) } else { None };
        down.unwrap_or_else(|| answers(request, origin))
    });
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 30, "breaker = { wait = \"1s\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &ended, 30, 3);
    let asked = vendor.requests().iter().filter(|request| request.path_ends("/current-balance")).count();
    assert!(asked >= 2, "the balance was asked for {asked} times");
}

#[test]
fn an_outage_at_a_vendor_that_replays_keys_costs_no_row_and_few_requests() {
    let vendor = RawVendor::start(wave(until(3, briefly_down), a_clip));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "wave", 40, "breaker = { wait = \"500ms\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, counts(&sandbox, "succeeded")), (Some(0), 40), "{}", ended.stderr);
    let in_vain = vendor.requests().iter().filter(|one| one.is_submit() && one.at < Duration::from_secs(3)).count();
    assert!(in_vain <= 20, "{in_vain} purchases were tried while it was down");
}

#[test]
fn a_gateways_page_for_a_while_fails_no_row() {
    let page = || reply(502, &["Content-Type: text/html"], "<html>Bad gateway</html>");
    let vendor = RawVendor::start(wave(until(2, page), a_clip));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "wave", 20, "breaker = { wait = \"500ms\" }");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, counts(&sandbox, "succeeded")), (Some(0), 20), "{}", ended.stderr);
}

#[test]
fn a_403_page_for_a_while_is_no_verdict_on_rows_or_account() {
    let page = || reply(403, &["Content-Type: text/html"], "<html>Access denied</html>");
    let vendor = RawVendor::start(apixo(until(3, page)));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 20, "breaker = { wait = \"500ms\" }");
    let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
    assert_eq!(when_open(&sandbox, &mut run)["reason"]["fault"], "turned_away");
    let checked = sandbox.run(&["doctor", "--offline"]).stdout;
    assert!(checked.contains("held by its breaker") && checked.contains("reelq resume --account apixo"), "{checked}");
    let ended = run.wait();
    assert_eq!((ended.code, counts(&sandbox, "succeeded")), (Some(0), 20), "{}", ended.stderr);
}

#[test]
fn refused_connections_hold_the_account_and_it_goes_on_by_itself() {
    let port = RawVendor::no_mans_port();
    let base_url = format!("http://127.0.0.1:{port}");
    let sandbox = sandbox(StoreKind::Sqlite, &base_url, "wave", 20, "breaker = { wait = \"500ms\" }");
    let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
    assert_eq!(when_open(&sandbox, &mut run)["reason"]["fault"], "not_sent");
    let vendor = RawVendor::start_at(port, wave(Box::new(|_| None), a_clip));
    let ended = run.wait();
    assert_eq!((ended.code, counts(&sandbox, "succeeded")), (Some(0), 20), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 20);
}

#[test]
fn links_that_give_nothing_stop_the_buying_until_one_gives_its_file() {
    let healed = Arc::new(AtomicBool::new(false));
    let file = {
        let healed = Arc::clone(&healed);
        move |request: &RawRequest| {
            if healed.load(Ordering::SeqCst) { a_clip(request) } else { reply(404, &[], "") }
        }
    };
    let vendor = RawVendor::start(wave(Box::new(|_| None), file));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "wave", 30, "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let slower = config.replace("requests_per_second = 50.0\nburst = 10", "requests_per_second = 5.0\nburst = 1");
    fs::write(sandbox.path("reelq.toml"), slower).unwrap();
    let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
    assert_eq!(when_open(&sandbox, &mut run)["reason"]["fault"], "unfetchable");
    let bought = vendor.submits();
    assert!(bought < 20, "{bought} of 30 were bought");
    stays(Duration::from_secs(2), "nothing more is bought while it is open", || vendor.submits() <= bought + 1);
    healed.store(true, Ordering::SeqCst);
    let ended = run.wait();
    assert_eq!((ended.code, counts(&sandbox, "succeeded")), (Some(0), 30), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 30);
}

#[test]
fn the_threshold_is_the_users_and_zero_switches_it_off() {
    let vendor = RawVendor::start(apixo(until(1, briefly_down)));
    let one = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 10, "breaker = { after = 1, wait = \"2s\" }");
    let ended = one.run(&["run", "set.csv", "--yes"]);
    all_but(&one, &ended, 10, 1);

    let vendor = RawVendor::start(apixo(until(600, briefly_down)));
    let off = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 10, "breaker = { after = 0 }");
    let ended = off.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, counts(&off, "unconfirmed")), (Some(6), 10), "{}", ended.stderr);
}

#[test]
fn a_person_who_knows_better_resumes_the_account() {
    let healed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&healed);
    let outage = Box::new(move |_: &RawRequest| (!seen.load(Ordering::SeqCst)).then(down));
    let vendor = RawVendor::start(apixo(outage));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 12, "breaker = { wait = \"1h\" }");
    let mut run = sandbox.start(&["run", "set.csv", "--yes"]);
    when_open(&sandbox, &mut run);
    healed.store(true, Ordering::SeqCst);
    let resumed = sandbox.run(&["resume", "--account", "apixo"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    all_but(&sandbox, &run.wait(), 12, 3);
}

#[test]
fn what_a_killed_run_had_under_way_is_lost_once_and_holds_nobody_up() {
    let healed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&healed);
    let silent = || RawReply::Slow(Vec::new(), Duration::from_secs(2), Vec::new());
    let vendor = RawVendor::start(apixo(Box::new(move |_: &RawRequest| (!seen.load(Ordering::SeqCst)).then(silent))));
    let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 20, "");
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    let begun = SystemClock::new();
    while vendor.submits() < 3 && begun.monotonic() < PATIENCE {
        std::thread::yield_now();
    }
    run.kill();
    healed.store(true, Ordering::SeqCst);
    let begun = SystemClock::new();
    let again = sandbox.run(&["run", "set.csv", "--yes"]);
    all_but(&sandbox, &again, 20, 3);
    assert!(begun.monotonic() < Duration::from_secs(10), "no answer was bad: no one waits for a probe");
}

/// The longest time for which neither a purchase nor a question before one reached the vendor.
fn longest_pause(vendor: &RawVendor) -> Duration {
    let requests = vendor.requests();
    let probes = requests.iter().filter(|it| it.is_submit() || it.path_ends("/current-balance"));
    let at: Vec<_> = probes.map(|request| request.at).collect();
    at.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max().unwrap_or_default()
}

#[test]
fn the_first_probe_waits_as_long_as_the_vendor_asked() {
    // By its own setting the breaker would probe ten times in that time, and be closed after two seconds.
    let busy = || reply(503, &["Retry-After: 4"], "busy");
    let vendor = RawVendor::start(apixo(until(2, busy)));
    let one = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 20, "breaker = { wait = \"200ms\" }");
    let ended = one.run(&["run", "set.csv", "--yes"]);
    all_but(&one, &ended, 20, 3);
    assert!(longest_pause(&vendor) >= Duration::from_millis(3_900), "{:?}", longest_pause(&vendor));

    let vendor = RawVendor::start(wave(until(2, busy), a_clip));
    let one = sandbox(StoreKind::Sqlite, &vendor.base_url(), "wave", 20, "breaker = { wait = \"200ms\" }");
    let ended = one.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, counts(&one, "succeeded")), (Some(0), 20), "{}", ended.stderr);
    assert!(longest_pause(&vendor) >= Duration::from_millis(3_900), "{:?}", longest_pause(&vendor));
}

#[test]
fn an_open_breaker_is_told_by_the_run_and_by_the_worker_that_it_stops() {
    for command in [&["run", "set.csv", "--yes"][..], &["worker", "--drain"]] {
        let vendor = RawVendor::start(apixo(until(3, briefly_down)));
        let sandbox = sandbox(StoreKind::Sqlite, &vendor.base_url(), "apixo", 12, "breaker = { wait = \"4s\" }");
        assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
        let ended = sandbox.run(command);
        all_but(&sandbox, &ended, 12, 3);
        // Once while it was open, and not at the end, when it is closed again.
        let told = "account apixo is held by its breaker since";
        assert!(ended.stderr.contains(told) && ended.stderr.contains("HTTP 503"), "{command:?}: {}", ended.stderr);
        let (before, _) = ended.stderr.split_once("Batch set: ").unwrap_or((&ended.stderr, ""));
        assert!(before.contains(told), "{command:?}: {}", ended.stderr);
    }
}
