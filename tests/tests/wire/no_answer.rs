//! Tasks of which the vendor says nothing that can be read, for ever: the run ends, and every command says truly what it does.

use reelq_tests::{RawReply, StoreKind, json, on_each_store, reply};

use crate::shop::{Shop, asked, is_poll, taken, well};

/// Too short for a real vendor: what is believed after ten minutes is believed after two seconds.
const PATIENCE: &str = "patience = \"2s\"\nretries = 0\n";
const WAIT: [&str; 2] = ["--wait-at-most", "400ms"];

/// Two rows, the first of whose tasks gets `odd` for every answer, for ever.
fn shop(provider: &'static str, odd: impl Fn(&str) -> RawReply + Send + Sync + 'static) -> Shop {
    Shop::open(provider, 2, PATIENCE, move |request, origin| {
        if is_poll(request) && asked(request) == "t-0" { odd("t-0") } else { well(provider, request, origin) }
    })
}

/// Runs the batch until its first row has ended; the codes of the runs before that.
fn run_until_it_ended(shop: &Shop) -> Vec<Option<i32>> {
    let mut codes = Vec::new();
    loop {
        let ended = shop.run(&WAIT);
        if ended.code != Some(5) {
            assert_eq!(ended.code, Some(3), "{}", ended.stderr);
            return codes;
        }
        assert!(ended.stderr.contains("task t-0"), "what is left is named: {}", ended.stderr);
        codes.push(ended.code);
        assert!(codes.len() < 40, "{}", ended.stderr);
    }
}

/// The end is believed once it has lasted: the row ends, without a second purchase, as what it is and with these words.
fn the_row_ends(provider: &'static str, kind: &str, words: &str, odd: fn(&str) -> RawReply) {
    let shop = shop(provider, odd);
    run_until_it_ended(&shop);
    let rows = shop.rows();
    assert_eq!((rows[0].get("status"), rows[0].get("error_kind")), ("failed", kind), "{rows:?}");
    assert!(rows[0].get("error_message").contains(words), "{}", rows[0].get("error_message"));
    assert_eq!((rows[0].get("remote_task"), rows[1].get("status")), ("t-0", "succeeded"));
    assert_eq!(shop.vendor.submits(), 2);
}

#[test]
fn a_410_for_ever_ends_the_row_once_it_has_lasted() {
    let gone = |_: &str| json(410, r#"{"error":{"code":"gone","message":"the task is gone"}}"#);
    the_row_ends("wave", "expired", "the task is gone", gone);
    the_row_ends("apixo", "expired", "gone", |_| json(410, r#"{"code":410,"message":"gone","data":null}"#));
}

#[test]
fn a_400_for_an_invalid_task_id_for_ever_ends_the_row_once_it_has_lasted() {
    let invalid = |_: &str| json(400, r#"{"error":{"code":"invalid_request","message":"invalid task_id"}}"#);
    the_row_ends("wave", "expired", "invalid task_id", invalid);
    the_row_ends("apixo", "expired", "invalid task_id", |_| json(400, r#"{"code":400,"message":"invalid task_id"}"#));
}

#[test]
fn an_unknown_word_with_an_error_for_ever_ends_the_row_as_failed() {
    the_row_ends("wave", "provider", "gpu lost", |task| {
        let error = r#"{"code":"internal","message":"gpu lost"}"#;
        json(200, format!(r#"{{"task_id":"{task}","status":"wrecked","error":{error}}}"#))
    });
    the_row_ends("apixo", "provider", "gpu lost", |task| {
        let end = r#""state":"wrecked","failCode":"GENERATION_FAILED","failMsg":"gpu lost""#;
        json(200, format!(r#"{{"code":200,"message":"success","data":{{"taskId":"{task}",{end}}}}}"#))
    });
}

#[test]
fn a_success_without_an_output_for_ever_ends_the_row_once_it_has_lasted() {
    the_row_ends("wave", "provider", "without an output", |task| {
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","result":{{"videos":[]}}}}"#))
    });
}

#[test]
fn a_task_that_is_withdrawn_unasked_ends_the_row_once_it_was_said_again() {
    the_row_ends("wave", "provider", "withdrew the task, and no one had asked for it", |task| {
        json(200, format!(r#"{{"task_id":"{task}","status":"cancelled"}}"#))
    });
}

/// No end that could be believed: the run ends with 5 each time, says why, and the row stays for later. What a person can do
/// about it is what the commands say, and giving it up ends it.
fn the_row_is_left(words: &str, odd: fn(&str) -> RawReply) {
    let shop = shop("apixo", odd);
    for _ in 0..3 {
        let ended = shop.run(&WAIT);
        assert_eq!(ended.code, Some(5), "{}", ended.stderr);
        assert!(ended.stderr.contains("task t-0") && ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert_eq!((shop.rows()[0].get("status"), shop.vendor.submits()), ("running", 2));
    let status = shop.sandbox.run(&["status", "set"]).stdout;
    assert!(status.contains("does not get on because"), "{status}");

    let retried = shop.sandbox.run(&["retry", "set", "--yes"]);
    assert_eq!((retried.code, retried.stdout.trim()), (Some(0), "nothing to retry"), "{}", retried.stderr);
    assert!(retried.stderr.contains("reelq resolve set --stuck"), "{}", retried.stderr);
    let purged = shop.sandbox.run(&["purge", "set", "--yes"]);
    assert_eq!(purged.code, Some(5), "{}", purged.stderr);
    assert!(purged.stdout.contains("set kept: 1 outstanding"), "{}", purged.stdout);
    assert!((purged.stdout + &purged.stderr).contains("reelq resolve set --stuck"), "{}", purged.stderr);
    let cancelled = shop.sandbox.run(&["cancel", "set", "--yes"]);
    assert!(cancelled.stdout.contains("cannot withdraw tasks (apixo)"), "{}", cancelled.stdout);
    assert!(cancelled.stdout.contains("--give-up") && !cancelled.stdout.contains("asked"), "{}", cancelled.stdout);
    assert_eq!(shop.rows()[0].get("status"), "running", "none of them ended it");

    let listed = shop.sandbox.run(&["resolve", "set", "--stuck"]);
    assert!(listed.stdout.contains("running") && listed.stderr.contains("--give-up"), "{}", listed.stdout);
    let listed = shop.sandbox.run(&["resolve", "set", "--stuck", "--json"]).stdout;
    assert!(listed.contains(words), "{listed}");
    let gave_up = shop.sandbox.run(&["resolve", "set", "--stuck", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved") && gave_up.stderr.contains("is charged"), "{}", gave_up.stderr);
    assert_eq!((shop.run(&WAIT).code, shop.rows()[0].get("error_kind")), (Some(3), "given_up"));
    assert_eq!(shop.sandbox.run(&["purge", "set", "--yes"]).code, Some(0), "nothing is outstanding");
    assert_eq!(shop.vendor.submits(), 2);
}

#[test]
fn an_error_under_200_for_ever_is_left_with_its_reason_and_every_command_says_what_it_does() {
    the_row_is_left("internal error", |_| json(200, r#"{"code":500,"message":"internal error","data":null}"#));
}

#[test]
fn a_login_page_for_ever_is_left_with_its_reason_and_every_command_says_what_it_does() {
    the_row_is_left("it answered 302 and points to https://login.example/", |_| {
        reply(302, &["Location: https://login.example/?next=/status"], "")
    });
}

#[test]
fn a_410_page_of_a_gateway_for_ever_is_left_with_its_reason_and_every_command_says_what_it_does() {
    the_row_is_left("HTTP 410", |_| reply(410, &["Content-Type: text/html"], "<html>410 Gone</html>"));
}

#[test]
fn cancel_asks_a_vendor_that_withdraws_tasks_and_the_row_of_which_nothing_is_heard_stays() {
    let shop = Shop::open("wave", 1, PATIENCE, |request, _| {
        if request.is_submit() && request.prompt() == "row-0" {
            return taken("wave", request);
        }
        json(200, r#"{"code":500,"message":"internal error"}"#)
    });
    assert_eq!(shop.run(&WAIT).code, Some(5));
    let cancelled = shop.sandbox.run(&["cancel", "set", "--yes"]);
    assert!(cancelled.stdout.contains("1 running: the provider is asked to withdraw"), "{}", cancelled.stdout);
    let ended = shop.run(&WAIT);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert_eq!(shop.rows()[0].get("status"), "running", "no one said that it was withdrawn");
    let asked = shop.vendor.requests().iter().filter(|it| it.target.contains("t-0") && it.method != "GET").count();
    assert!(asked >= 1, "the vendor was asked to withdraw it");
}

on_each_store!(a_task_that_outlives_its_output_is_left_to_the_next_run_by_name);

fn a_task_that_outlives_its_output_is_left_to_the_next_run_by_name(store: StoreKind) {
    // Past `running_timeout` and the time for which the vendor keeps an output.
    let lines = "running_timeout = \"1s\"\nlink_lifetime = \"1s\"\n";
    let shop = Shop::open_on(store, "wave", 2, lines, |request, origin| {
        let limbo = r#"{"task_id":"t-1","status":"limbo"}"#;
        if is_poll(request) && asked(request) == "t-1" { json(200, limbo) } else { well("wave", request, origin) }
    });
    let ended = shop.run(&["--wait-at-most", "300ms"]);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("row 2.1, running, task t-1"), "{}", ended.stderr);
    assert!(ended.stderr.contains("runs longer than running_timeout, still limbo"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("0 answers"), "many were heard: {}", ended.stderr);
    assert!(ended.stderr.contains("reelq continue set"), "{}", ended.stderr);
    let again = shop.run(&["--wait-at-most", "300ms"]);
    assert_eq!((again.code, shop.vendor.submits()), (Some(5), 2), "{}", again.stderr);
    let polls = shop.vendor.requests().iter().filter(|request| asked(request) == "t-1").count();
    assert!(polls < 60, "{polls} questions");
}
