//! The ways out of a row that does not get on: giving it up, withdrawing it, taking the task that a reply seems to name.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reelq_tests::{
    Account, Ended, RawRequest, RawVendor, ResultRow, Running, Sandbox, StoreKind, clip, json, on_each_store, reply,
    wait_for,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\nretries = 0\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// A vendor whose tasks go on until the test says that they are done; in Wave's form and in APIXO's.
fn vendor(done: &Arc<AtomicBool>) -> RawVendor {
    let done = Arc::clone(done);
    RawVendor::start(move |request, origin| {
        let task = format!("t-{}", request.number);
        if request.is_submit() {
            return json(
                200,
                format!(r#"{{"code":200,"message":"ok","task_id":"{task}","data":{{"taskId":"{task}"}}}}"#),
            );
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit(['/', '=']).next().unwrap_or_default();
        let (word, state) =
            if done.load(Ordering::SeqCst) { ("completed", "success") } else { ("processing", "processing") };
        let link = format!("{origin}/{task}.mp4");
        json(
            200,
            format!(
                r#"{{"code":200,"message":"ok","task_id":"{task}","status":"{word}","video_url":"{link}",
               "data":{{"taskId":"{task}","state":"{state}","resultJson":{{"resultUrls":["{link}"]}}}}}}"#
            ),
        )
    })
}

fn sandbox(vendor: &RawVendor, provider: &'static str) -> Sandbox {
    sandbox_on(StoreKind::Sqlite, vendor, provider)
}

fn sandbox_on(store: StoreKind, vendor: &RawVendor, provider: &'static str) -> Sandbox {
    let account = Account { name: provider, provider, lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let row = match provider {
        "apixo" => {
            "prompt,account,model,mode,image_urls,duration\n\
            a cat,apixo,hailuo-2-3-fast,standard-image-to-video,https://example.com/a.png,6\n"
        }
        _ => "prompt,account,model,duration\na cat,wave,minimax-hailuo-2.3,6\n",
    };
    fs::write(sandbox.path("set.csv"), row).unwrap();
    sandbox
}

/// Waits until the vendor was asked so.
fn asked(vendor: &RawVendor, so: impl Fn(&RawRequest) -> bool) {
    wait_for("the vendor is asked so", || vendor.requests(), |requests| requests.iter().any(&so));
}

/// Whether it asks about a task.
fn is_poll(request: &RawRequest) -> bool {
    !request.is_submit() && request.target.contains("t-")
}

/// A run that is stopped once the vendor was asked so.
fn interrupted(vendor: &RawVendor, sandbox: &Sandbox, so: impl Fn(&RawRequest) -> bool) {
    let run: Running = sandbox.start(&["run", "set.csv", "--yes"]);
    asked(vendor, so);
    run.signal("INT");
    assert_eq!(run.wait().code, Some(130));
}

fn follow(sandbox: &Sandbox, command: &str) -> Ended {
    sandbox.run(&command.split_whitespace().skip(1).collect::<Vec<_>>())
}

/// The command after `before` in what was printed.
fn printed(ended: &Ended, before: &str) -> String {
    let text = format!("{}\n{}", ended.stdout, ended.stderr);
    let line = text.lines().find(|line| line.contains(before)).unwrap_or_default();
    assert!(line.contains("reelq "), "{before}: {text}");
    line[line.find("reelq ").unwrap()..].to_owned()
}

on_each_store![a_task_that_runs_is_given_up_while_it_is_worked_on_and_its_clip_can_be_had_later];

fn a_task_that_runs_is_given_up_while_it_is_worked_on_and_its_clip_can_be_had_later(store: StoreKind) {
    let done = Arc::default();
    let vendor = vendor(&done);
    let sandbox = sandbox_on(store, &vendor, "wave");
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    asked(&vendor, is_poll);
    let gave_up = sandbox.run(&["resolve", "set", "--row", "1", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
    assert!(gave_up.stderr.contains('$') && gave_up.stderr.contains("is charged"), "{}", gave_up.stderr);
    let ended = run.wait();
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(!ended.stderr.contains("buy them"), "{}", ended.stderr);
    assert_eq!(sandbox.results("set")[0].get("error_kind"), "given_up");
    done.store(true, Ordering::SeqCst);
    let looked = follow(&sandbox, &printed(&gave_up, "can be had later"));
    let went_on = follow(&sandbox, &printed(&looked, "to go on"));
    assert_eq!((went_on.code, vendor.submits()), (Some(0), 1), "{}", went_on.stderr);
}

#[test]
fn a_clip_that_does_not_come_is_given_up_and_fetched_once_it_is_there() {
    let there = Arc::new(AtomicBool::new(false));
    let late = Arc::clone(&there);
    let vendor = RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return json(200, r#"{"task_id":"t-0","status":"queued"}"#);
        }
        if request.path_ends(".mp4") {
            let is_there = late.load(Ordering::SeqCst);
            return if is_there { reply(200, &["Content-Type: video/mp4"], clip("late")) } else { reply(404, &[], "") };
        }
        json(200, format!(r#"{{"task_id":"t-0","status":"completed","video_url":"{origin}/t-0.mp4"}}"#))
    });
    let sandbox = sandbox(&vendor, "wave");
    interrupted(&vendor, &sandbox, |request| request.path_ends(".mp4"));
    let gave_up = sandbox.run(&["resolve", "set", "--row", "1", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
    assert!(gave_up.stderr.contains("is charged"), "{}", gave_up.stderr);
    there.store(true, Ordering::SeqCst);
    let looked = sandbox.run(&["retry", "set", "--row", "1", "--yes"]);
    assert!(looked.stderr.contains("1 job is looked at and fetched, free of charge"), "{}", looked.stderr);
    let went_on = follow(&sandbox, &printed(&looked, "to go on"));
    assert_eq!((went_on.code, vendor.submits()), (Some(0), 1), "{}", went_on.stderr);
}

#[test]
fn a_purchase_that_is_asked_about_again_and_again_can_be_given_up_and_is_sent_no_more() {
    let vendor = RawVendor::start(|_, _| reply(502, &["Content-Type: text/html"], "<html>bad gateway</html>"));
    let sandbox = sandbox(&vendor, "wave");
    interrupted(&vendor, &sandbox, RawRequest::is_submit);
    let sent = vendor.submits();
    let gave_up = sandbox.run(&["resolve", "set", "--row", "1", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
    assert!(gave_up.stderr.contains("may have been charged"), "{}", gave_up.stderr);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, vendor.submits()), (Some(3), sent), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("they may have been bought") && !ended.stderr.contains("buy them"),
        "{}",
        ended.stderr
    );
    let looked = sandbox.run(&["retry", "set", "--look"]);
    assert!(looked.stdout.contains("1 left: no task is known"), "{}", looked.stdout);
    let named = sandbox.run(&["retry", "set", "--kind", "given_up", "--yes"]);
    assert!(named.stderr.contains("would be paid for twice"), "{}", named.stderr);
    let cancelled = sandbox.run(&["cancel", "set", "--yes"]);
    assert!(cancelled.stdout.contains("an earlier submission of each may have been bought"), "{}", cancelled.stdout);
    assert!(!cancelled.stdout.contains("nothing was bought"), "{}", cancelled.stdout);
    let status = sandbox.run(&["status", "set"]).stdout;
    assert!(status.contains("1 of unknown charge") && !status.contains("of unknown price"), "{status}");
}

#[test]
fn cancel_says_which_rows_a_vendor_cannot_withdraw_and_how_to_stop_following_them() {
    let done = Arc::default();
    let vendor = vendor(&done);
    let sandbox = sandbox(&vendor, "apixo");
    interrupted(&vendor, &sandbox, is_poll);
    let cancelled = sandbox.run(&["cancel", "set", "--yes"]);
    assert!(cancelled.stdout.contains("cannot withdraw tasks (apixo)"), "{}", cancelled.stdout);
    assert!(cancelled.stdout.contains("is charged"), "the money is named: {}", cancelled.stdout);
    assert!(!cancelled.stdout.contains("asked"), "{}", cancelled.stdout);
    let gave_up = follow(&sandbox, &printed(&cancelled, "lose that money"));
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
    assert_eq!(vendor.submits(), 1);
}

#[test]
fn cancel_says_which_rows_the_vendor_is_asked_to_withdraw() {
    let done = Arc::default();
    let vendor = vendor(&done);
    let sandbox = sandbox(&vendor, "wave");
    interrupted(&vendor, &sandbox, is_poll);
    let cancelled = sandbox.run(&["cancel", "set", "--yes"]);
    assert!(cancelled.stdout.contains("1 running: the provider is asked to withdraw"), "{}", cancelled.stdout);
    let report = sandbox.run(&["cancel", "set", "--yes", "--json"]);
    assert!(report.stdout.contains("\"requested\": 1"), "{}", report.stdout);
}

#[test]
fn a_row_that_gets_no_readable_answer_says_so_and_since_when() {
    let vendor = RawVendor::start(|request, _| {
        if request.is_submit() {
            return json(200, r#"{"task_id":"t-0","status":"queued"}"#);
        }
        reply(200, &["Content-Type: text/html"], "<html>please sign in</html>")
    });
    let sandbox = sandbox(&vendor, "wave");
    interrupted(&vendor, &sandbox, is_poll);
    let status = sandbox.run(&["status", "set"]);
    assert!(status.stdout.contains("does not get on because"), "{}", status.stdout);
    let listed = sandbox.run(&["resolve", "set"]);
    let listed = follow(&sandbox, &printed(&listed, "1 job does not get on"));
    assert!(listed.stdout.contains("running") && listed.stdout.contains("next try"), "{}", listed.stdout);
    let gave_up = sandbox.run(&["resolve", "set", "--stuck", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
}

#[test]
fn a_task_that_an_unreadable_reply_seems_to_name_is_offered_and_taken() {
    let vendor = RawVendor::start(|request, origin| {
        if request.is_submit() {
            return reply(502, &["Content-Type: text/html"], r#"<html>upstream said "taskId":"t-77" and then"#);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip("77"));
        }
        let link = format!("{origin}/77.mp4");
        json(
            200,
            format!(
                r#"{{"code":200,"message":"ok","data":{{"taskId":"t-77","state":"success","resultJson":{{"resultUrls":["{link}"]}}}}}}"#
            ),
        )
    });
    let sandbox = sandbox(&vendor, "apixo");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    let listed = sandbox.run(&["resolve", "set"]);
    assert!(listed.stderr.contains("The reply to row 1 seems to name task t-77"), "{}", listed.stderr);
    let taken = follow(&sandbox, &printed(&listed, "--accepted t-77"));
    let went_on = follow(&sandbox, &printed(&taken, "to go on"));
    assert_eq!((went_on.code, vendor.submits()), (Some(0), 1), "{}", went_on.stderr);
}

#[test]
fn a_row_that_was_given_up_follows_the_task_that_its_reply_had_named() {
    let vendor = RawVendor::start(|request, origin| {
        if request.is_submit() {
            return json(500, r#"{"error":"internal","task_id":"t-7"}"#);
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip("seven"));
        }
        let word = if request.target.ends_with("/t-7") { "completed" } else { "unknown" };
        json(200, format!(r#"{{"task_id":"t-7","status":"{word}","video_url":"{origin}/t-7.mp4"}}"#))
    });
    let sandbox = sandbox(&vendor, "wave");
    interrupted(&vendor, &sandbox, RawRequest::is_submit);
    let before = vendor.submits();
    let gave_up = sandbox.run(&["resolve", "set", "--row", "1", "--give-up", "--yes"]);
    assert!(gave_up.stdout.starts_with("1 resolved"), "{} {}", gave_up.stdout, gave_up.stderr);
    let written = sandbox.run(&["results", "set", "--out", "given-up.csv"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let row = ResultRow::read_all(&sandbox.path("given-up.csv")).remove(0);
    assert_eq!(row.get("status"), "failed");
    assert!(row.get("note").contains("seems to name task t-7"), "{}", row.get("note"));
    let retried = sandbox.run(&["retry", "set", "--row", "1", "--look"]);
    assert_eq!((retried.code, vendor.submits()), (Some(0), before), "{}", retried.stderr);
    let took = sandbox.run(&["resolve", "set", "--row", "1", "--accepted", "t-7", "--yes"]);
    assert!(took.stdout.starts_with("1 resolved"), "{} {}", took.stdout, took.stderr);
    let went_on = sandbox.run(&["worker", "--drain"]);
    let row = sandbox.results("set").remove(0);
    assert_eq!((row.get("status"), row.get("remote_task")), ("succeeded", "t-7"), "{}", went_on.stderr);
    assert_eq!((row.get("cost_usd"), vendor.submits()), ("0.3111", before), "what was in doubt is known now");
}
