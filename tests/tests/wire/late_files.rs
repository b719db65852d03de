//! Result links that work only later than the vendor says.

use std::{fs, time::Duration};

use reelq_tests::{Account, RawVendor, Sandbox, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn wave() -> Vec<Account> {
    vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }]
}

#[test]
fn a_file_that_is_there_six_seconds_late_is_fetched_and_bought_once() {
    let vendor = RawVendor::start(|request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.number));
        }
        if request.path_ends(".mp4") {
            let is_late = request.at < Duration::from_secs(6);
            return if is_late { reply(404, &[], "") } else { reply(200, &["Content-Type: video/mp4"], clip("late")) };
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    });
    let sandbox = Sandbox::new(&vendor.base_url(), wave(), "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let rows = sandbox.results("set");
    assert_eq!(rows[0].get("status"), "succeeded");
    assert_eq!(vendor.submits(), 1);
}
