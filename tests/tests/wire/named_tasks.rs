//! Tasks that a person names for purchases of unknown fate: asked for first, never two rows' own, and corrected afterwards.

use std::fs;

use reelq_tests::{Account, Ended, RawReply, RawVendor, Sandbox, StoreKind, clip, json, on_each_store, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\nretries = 0\n\
    idempotency = \"off\"\nbreaker = { after = 0 }\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// A vendor that takes every row, and whose answer to that is lost; it knows two tasks.
fn vendor() -> RawVendor {
    RawVendor::start(|request, origin| -> RawReply {
        if request.is_submit() {
            return RawReply::Drop;
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        if !["t-1", "t-2"].contains(&task) {
            return json(404, r#"{"error":{"code":"task_not_found","message":"no such task"}}"#);
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    })
}

fn statuses(sandbox: &Sandbox) -> Vec<(String, String)> {
    let written = sandbox.run(&["results", "set", "--out", "now.csv"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let rows = reelq_tests::ResultRow::read_all(&sandbox.path("now.csv"));
    rows.iter().map(|row| (row.get("status").to_owned(), row.get("remote_task").to_owned())).collect()
}

fn told(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(status, task)| ((*status).to_owned(), (*task).to_owned())).collect()
}

fn refused(ended: &Ended, why: &str) {
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains(why) && ended.stderr.contains("--force"), "{}", ended.stderr);
}

fn a_task_that_a_person_names_is_asked_for_first_and_can_be_corrected(store: StoreKind) {
    let vendor = vendor();
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], "");
    let rows = "prompt,model,duration\na cat,minimax-hailuo-2.3,6\na dog,minimax-hailuo-2.3,6\n";
    fs::write(sandbox.path("set.csv"), rows).unwrap();
    let run = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((run.code, vendor.submits()), (Some(6), 2), "{}", run.stderr);
    let names = |row: &str, task: &str, more: &[&str]| {
        sandbox.run(&[&["resolve", "set", "--row", row, "--accepted", task, "--yes"], more].concat())
    };
    refused(&names("1", "t-404", &[]), "knows no such task");
    assert_eq!(statuses(&sandbox), told(&[("unconfirmed", ""), ("unconfirmed", "")]));
    let wrong = names("1", "t-2", &[]);
    assert!(wrong.stdout.starts_with("1 resolved"), "{}", wrong.stderr);
    refused(&names("2", "t-2", &[]), "row 1 of batch set is charged for it already");
    let exchanged = names("1", "t-1", &[]);
    assert!(exchanged.stdout.starts_with("1 resolved"), "{}", exchanged.stderr);
    let right = names("2", "t-2", &[]);
    assert!(right.stdout.starts_with("1 resolved"), "{}", right.stderr);
    let went_on = sandbox.run(&["worker", "--drain"]);
    assert_eq!(statuses(&sandbox), told(&[("succeeded", "t-1"), ("succeeded", "t-2")]), "{}", went_on.stderr);
    let back = sandbox.run(&["resolve", "set", "--row", "2", "--wrong-task", "--yes"]);
    assert!(back.stdout.starts_with("1 resolved"), "{}", back.stderr);
    assert_eq!(statuses(&sandbox), told(&[("succeeded", "t-1"), ("unconfirmed", "")]));
    assert_eq!(vendor.submits(), 2, "nothing was bought by any of it");
    drop(vendor);
    refused(&names("2", "t-2", &[]), "could not be asked");
    let forced = names("2", "t-2", &["--force"]);
    assert!(forced.stdout.starts_with("1 resolved"), "{}", forced.stderr);
    assert_eq!(statuses(&sandbox)[1].1, "t-2");
}

on_each_store!(a_task_that_a_person_names_is_asked_for_first_and_can_be_corrected);
