//! What a reply says of money is kept, and what it cannot mean frees no budget.

use std::{sync::Mutex, time::Duration};

use reelq_tests::{Account, RawVendor, Sandbox, clip, json, reply};

use crate::replies::{asked, buy, done, row};

fn bought_task(row: usize) -> String {
    format!(r#"{{"task_id":"t-{row}","status":"queued"}}"#)
}

#[test]
fn what_a_failed_task_cost_is_what_the_vendor_says_and_never_nothing_by_itself() {
    const ERROR: &str = r#""error":{"code":"content_violation","message":"cut"}"#;
    let bought = buy(4, "patience = \"2s\"\n", |request, _| {
        if request.is_submit() {
            return json(200, bought_task(row(request)));
        }
        let task = asked(request);
        let rest = match task.as_str() {
            "t-0" => r#""status":"completed","cost":250000"#,
            "t-1" => r#""status":"failed","cost":50000"#,
            "t-2" => r#""status":"completed""#,
            _ => r#""status":"failed","cost":0"#,
        };
        json(200, format!(r#"{{"task_id":"{task}",{rest},{ERROR}}}"#))
    });
    let told: Vec<_> = bought.rows.iter().map(|row| (row.get("status"), row.get("cost_usd"))).collect();
    let expected = [("failed", "0.50"), ("failed", "0.10"), ("failed", "0.3111"), ("failed", "0.00")];
    assert_eq!(told, expected, "{}", bought.stderr);
    for row in &bought.rows {
        assert_eq!((row.get("error_kind"), row.get("error_message")), ("content", "cut (content_violation)"));
    }
    assert_eq!(bought.submits(), 4);
}

#[test]
fn a_cost_in_another_unit_frees_no_budget() {
    let vendor = RawVendor::start(|request, origin| {
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        if request.is_submit() {
            return json(200, bought_task(row(request)));
        }
        let (task, cost) = (asked(request), request.number % 2 + 1);
        json(
            200,
            format!(r#"{{"task_id":"{task}","status":"completed","cost":{cost},"video_url":"{origin}/{task}.mp4"}}"#),
        )
    });
    let lines = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\npoll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
    let account = Account { name: "wave", provider: "wave", lines: lines.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    let rows: Vec<String> = (0..20).map(|row| format!("row-{row},minimax-hailuo-2.3,6\n")).collect();
    std::fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{}", rows.concat())).unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--budget", "1.00", "--yes"]);
    assert_eq!(vendor.submits(), 3, "$0.3111 each: {}", ended.stderr);
    assert!(ended.stderr.contains("cannot be meant"), "{}", ended.stderr);
}

#[test]
fn a_zero_is_a_price_only_where_the_vendor_says_that_it_is_settled() {
    let bought = buy(2, "", |request, origin| {
        if request.is_submit() {
            return json(200, bought_task(row(request)));
        }
        let task = asked(request);
        let billing = if task == "t-0" { r#""settled":true"# } else { r#""billing_status":"settled""# };
        json(
            200,
            format!(
                r#"{{"task_id":"{task}","status":"completed","cost":0,{billing},"video_url":"{origin}/{task}.mp4"}}"#
            ),
        )
    });
    let told: Vec<_> = bought.rows.iter().map(|row| row.get("cost_usd")).collect();
    assert_eq!(told, ["0.00", "0.3111"], "{}", bought.stderr);
}

#[test]
fn a_passing_failure_of_every_task_is_outlasted_by_the_last_purchase() {
    let counted = Mutex::new(Vec::new());
    let bought = buy(3, "patience = \"12s\"\nretries = 2\n", move |request, origin| {
        if request.is_submit() {
            let mut counted = counted.lock().unwrap();
            counted.push(row(request));
            return json(200, bought_task(counted.len()));
        }
        let task = asked(request);
        if request.at > Duration::from_secs(9) {
            return done(&task, origin);
        }
        json(
            200,
            format!(
                r#"{{"task_id":"{task}","status":"failed","cost":0,"error":{{"code":"upstream_unavailable","message":"x"}}}}"#
            ),
        )
    });
    for row in &bought.rows {
        assert_eq!(row.get("status"), "succeeded", "{}", bought.stderr);
    }
    assert_eq!((bought.code, bought.submits()), (Some(0), 9), "{}", bought.stderr);
}
