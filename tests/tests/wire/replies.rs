//! Replies that were paid for, in every broken form: what they say is read, and not more than they say.

use std::fs;

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, ResultRow, Sandbox, clip, json, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"5s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\n";

/// What became of a batch of rows at a vendor of the test's own.
pub(crate) struct Bought {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) rows: Vec<ResultRow>,
    pub(crate) requests: Vec<RawRequest>,
}

impl Bought {
    pub(crate) fn submits(&self) -> usize {
        self.requests.iter().filter(|request| request.is_submit()).count()
    }

    pub(crate) fn polls(&self) -> usize {
        self.requests.iter().filter(|request| !request.is_submit() && !request.path_ends(".mp4")).count()
    }

    /// Every row succeeded, and each was bought once.
    pub(crate) fn assert_all_bought_once(&self) {
        for row in &self.rows {
            assert_eq!(row.get("status"), "succeeded", "{}: {}", row.get("prompt"), self.stderr);
        }
        assert_eq!((self.code, self.submits()), (Some(0), self.rows.len()), "{}", self.stderr);
    }
}

/// Buys `count` rows, `row-0` and so on, of a vendor that answers submit and status requests with `answer`.
pub(crate) fn buy(
    count: usize,
    lines: &str,
    answer: impl Fn(&RawRequest, &str) -> RawReply + Send + Sync + 'static,
) -> Bought {
    let vendor = RawVendor::start(move |request, origin| {
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        answer(request, origin)
    });
    let account = Account { name: "wave", provider: "wave", lines: format!("{LINES}{lines}") };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    let rows: Vec<String> = (0..count).map(|row| format!("row-{row},minimax-hailuo-2.3,6\n")).collect();
    let rows = rows.concat();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{rows}")).unwrap();
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    Bought { code: ended.code, stderr: ended.stderr, rows: sandbox.results("set"), requests: vendor.requests() }
}

/// The number in the prompt `row-N`.
pub(crate) fn row(request: &RawRequest) -> usize {
    request.prompt().trim_start_matches("row-").parse().unwrap()
}

/// The task that a status request asks about.
pub(crate) fn asked(request: &RawRequest) -> String {
    request.target.rsplit('/').next().unwrap_or_default().to_owned()
}

/// A task that is over, with its video.
pub(crate) fn done(task: &str, origin: &str) -> RawReply {
    json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
}

#[test]
fn a_task_id_is_read_out_of_every_broken_reply_to_a_purchase() {
    const FORMS: [&str; 10] = [
        r#"{"prompt":"a cat \ud83d","task_id":"t-ID"}"#,
        r#"{"task_id":"t-ID","prompt":"a cat \ud83d"#,
        r#"{"task_id":"t-ID","input":{"image":"data:image/png;base64,AAAA"#,
        r#"{"eta":NaN,"task_id":"t-ID",}"#,
        ")]}',\n{\"task_id\":\"t-ID\"}",
        "Notice: x in y.php on line 1\n{\"task_id\":\"t-ID\"}",
        r#"{"code":200,"data":"{\"task_id\":\"t-ID\"}"}"#,
        r#"[{"task_id":"t-ID"}]"#,
        r#"{"code":"success","data":{"task_id":987654321098765432109876543210ID}}"#,
        "{\"message\":\"a\nb\tc\",\"task_id\":\"t-ID\"}",
    ];
    let bought = buy(FORMS.len(), "", |request, origin| {
        if request.is_submit() {
            let row = row(request);
            return json(200, FORMS[row].replace("ID", &row.to_string()));
        }
        done(&asked(request), origin)
    });
    bought.assert_all_bought_once();
    assert_eq!(bought.rows[8].get("remote_task"), "9876543210987654321098765432108");
}

#[test]
fn status_replies_are_read_out_of_the_same_forms() {
    const FORMS: [&str; 5] = [
        r#"{"task_id":"TASK","status":"completed","video_url":"ORIGIN/TASK.mp4","prompt":"a cat \ud83d"#,
        ")]}',\n{\"task_id\":\"TASK\",\"status\":\"completed\",\"video_url\":\"ORIGIN/TASK.mp4\",}",
        r#"{"code":"success","data":"{\"task_id\":\"TASK\",\"status\":\"succeeded\",\"url\":\"ORIGIN/TASK.mp4\"}"}"#,
        r#"[{"task_id":"TASK","eta":NaN,"status":"completed","result":{"videos":[null,{"url":"ORIGIN/TASK.mp4"}]}}]"#,
        r#"{"task_id":"TASK","status":"completed","result":{"videos":[null,{"url":[null,"ORIGIN/TASK.mp4"]}]}}"#,
    ];
    let bought = buy(FORMS.len(), "", |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        let task = asked(request);
        let form = FORMS[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        json(200, form.replace("TASK", &task).replace("ORIGIN", origin))
    });
    bought.assert_all_bought_once();
}

#[test]
fn a_reply_that_echoes_a_long_image_is_an_acceptance() {
    let bought = buy(2, "", |request, origin| {
        if request.is_submit() {
            let (row, image) = (row(request), "A".repeat(1_500_000));
            let input = format!(r#""input":{{"image":"data:image/png;base64,{image}"}}"#);
            return match row {
                0 => json(200, format!(r#"{{"task_id":"t-0",{input}}}"#)),
                _ => json(200, format!(r#"{{{input},"task_id":"t-{row}"}}"#)),
            };
        }
        done(&asked(request), origin)
    });
    bought.assert_all_bought_once();
}

#[test]
fn what_does_not_name_a_task_is_no_acceptance() {
    const FORMS: [&str; 4] = [
        r#"{"code":"internal_error","message":"down","data":"upstream timeout"}"#,
        r#"{"id":"req-1","error":{"code":"something_new","message":"down"}}"#,
        r#"{"data":"accepted"}"#,
        r#"{"task_id":null}"#,
    ];
    let bought = buy(FORMS.len(), "idempotency = \"off\"\nbreaker = { after = 0 }\n", |request, _| {
        if request.is_submit() { json(200, FORMS[row(request)]) } else { reply(404, &[], "") }
    });
    for row in &bought.rows {
        assert_eq!((row.get("status"), row.get("remote_task")), ("unconfirmed", ""), "{}", row.get("prompt"));
    }
    assert_eq!((bought.code, bought.submits(), bought.polls()), (Some(6), FORMS.len(), 0), "{}", bought.stderr);
}

#[test]
fn a_result_inside_the_reply_is_fetched_without_asking() {
    let bought = buy(2, "", |request, origin| match row(request) {
        0 => json(200, format!(r#"{{"task_id":"t-0","status":"completed","result":{{"videos":["{origin}/0.mp4"]}}}}"#)),
        _ => json(200, format!(r#"{{"status":"completed","video_url":"{origin}/1.mp4"}}"#)),
    });
    bought.assert_all_bought_once();
    assert_eq!((bought.polls(), bought.rows[0].get("remote_task")), (0, "t-0"));
    assert!(bought.rows[1].get("remote_task").starts_with("unnamed-"), "{}", bought.rows[1].get("remote_task"));
}

#[test]
fn figures_that_nobody_can_mean_count_as_not_told() {
    const FIGURES: [&str; 5] = [
        r#""cost":0"#,
        r#""cost":-155550"#,
        r#""cost":4611686018427387903"#,
        r#""expires_at":9223372036854775807"#,
        r#""expires_at":"0001-01-01T00:00:00Z""#,
    ];
    let bought = buy(FIGURES.len(), "", |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        let task = asked(request);
        let figure = FIGURES[task.trim_start_matches("t-").parse::<usize>().unwrap()];
        json(200, format!(r#"{{"task_id":"{task}","status":"completed",{figure},"video_url":"{origin}/{task}.mp4"}}"#))
    });
    bought.assert_all_bought_once();
    let price = bought.rows[3].cost();
    assert!(price.is_some_and(|price| price.micros() > 0), "the catalogue knows the price: {price:?}");
    for row in &bought.rows {
        assert_eq!(row.cost(), price, "{}", row.get("prompt"));
        let expires = row.get("expires_at");
        assert!(expires.starts_with("20") && expires.len() < 30, "{expires}");
    }
}
