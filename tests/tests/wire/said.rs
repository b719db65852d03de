//! Replies to purchases that say two things at once: what is no acceptance is asked about again or kept with what it names.

use std::sync::Mutex;

use reelq_tests::{RawReply, json};

use crate::{
    retrying::next,
    shop::{Shop, asked, done_with, file, is_file, row, taken, well},
};

/// Rows whose first answers are these, of a vendor that replays keys: each is asked again under its key, and bought once.
fn replayed(provider: &'static str, first: &'static [(u16, &'static str)]) {
    let answered = Mutex::new(vec![false; first.len()]);
    let shop = Shop::open(provider, first.len(), "breaker = { after = 0 }", move |request, origin| {
        if request.is_submit() {
            let was_answered = std::mem::replace(&mut answered.lock().unwrap()[row(request)], true);
            let (status, body) = first[row(request)];
            return if was_answered { taken(provider, request) } else { json(status, body) };
        }
        well(provider, request, origin)
    });
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.count("succeeded")), (Some(0), first.len()), "{}", ended.stderr);
    let requests = shop.vendor.requests();
    for (number, (_, body)) in first.iter().enumerate() {
        let sent = requests.iter().filter(|request| request.is_submit() && row(request) == number);
        let keys: Vec<_> = sent.map(|request| request.header("idempotency-key").unwrap_or_default()).collect();
        assert!(keys.len() == 2 && keys[0] == keys[1] && !keys[0].is_empty(), "{body}: {keys:?}");
    }
    let polls = requests.iter().filter(|request| !request.is_submit() && !is_file(request));
    for poll in polls {
        assert!(asked(poll).starts_with("t-"), "asked about what is no task: {}", poll.target);
    }
}

#[test]
fn an_internal_error_under_200_is_replayed_under_its_key_and_names_no_task() {
    replayed(
        "wave",
        &[
            (200, r#"{"code":"internal_error","message":"something broke","data":"upstream timeout"}"#),
            (200, r#"{"id":"req-77","error":{"code":"server_busy","message":"later"}}"#),
        ],
    );
    replayed("poyo", &[(200, r#"{"code":"internal_error","message":"something broke","data":"upstream timeout"}"#)]);
}

#[test]
fn a_status_that_proves_nothing_is_replayed_under_its_key() {
    replayed("wave", &[(408, "{}"), (409, r#"{"error":{"code":"in_progress"}}"#), (425, ""), (460, ""), (499, "")]);
}

/// Rows at a vendor without keys, whose answers may follow a request that was taken: none is sent again.
fn kept(answers: &'static [(u16, &'static str)]) -> Shop {
    let shop = Shop::open("apixo", answers.len(), "breaker = { after = 0 }", move |request, origin| {
        if request.is_submit() {
            let (status, body) = answers[row(request)];
            return json(status, body);
        }
        if is_file(request) { file(request) } else { done_with("apixo", &asked(request), origin, "") }
    });
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.vendor.submits()), (Some(6), answers.len()), "{}", ended.stderr);
    for (row, (status, body)) in shop.rows().iter().zip(answers) {
        assert_eq!(row.get("status"), "unconfirmed", "{status} {body}: {}", ended.stderr);
    }
    shop
}

#[test]
fn statuses_of_requests_that_something_may_have_taken_leave_the_row_to_a_person() {
    kept(&[(408, ""), (409, "{}"), (425, ""), (460, ""), (499, ""), (500, ""), (520, ""), (504, "{}")]);
}

/// A refusal of the row's purchase: the row waits for a person with the task that it names, `resolve` shows that, and taking
/// it buys nothing.
fn names_an_existing_task(status: u16, body: &'static str) {
    let shop = kept(Vec::leak(vec![(status, body)]));
    let listed = shop.sandbox.run(&["resolve", "set", "--json"]).stdout;
    assert!(listed.contains(r#""candidate": "777123""#), "{body}: {listed}");
    let listed = shop.sandbox.run(&["resolve", "set"]);
    let take = listed.stderr.lines().find(|line| line.contains("--accepted 777123")).unwrap_or_default();
    assert!(listed.stderr.contains("The reply to row 1 seems to name task 777123"), "{body}: {}", listed.stderr);
    let taken = shop.follow(take.trim());
    assert_eq!(taken.code, Some(0), "{take}: {}", taken.stderr);
    shop.assert_all_bought_once(&shop.follow(&next(&taken)));
    assert_eq!(shop.rows()[0].get("remote_task"), "777123");
}

#[test]
fn a_refusal_that_names_an_existing_task_as_a_number_keeps_it_with_the_row() {
    names_an_existing_task(409, r#"{"code":409,"message":"already created","data":{"taskId":777123}}"#);
    names_an_existing_task(400, r#"{"error":{"code":"duplicate","message":"exists","task_id":777123}}"#);
    names_an_existing_task(400, r#"{"code":400,"message":"duplicate request, task_id: 777123","data":null}"#);
}

/// What a vendor says of a purchase, by the task that it names.
type Said = (&'static str, fn(&str) -> String);

#[test]
fn a_task_id_beside_an_error_under_200_is_an_acceptance() {
    const SAID: [Said; 3] = [
        ("wave", |task| format!(r#"{{"task_id":"{task}","error":{{"code":"busy","message":"queued with a delay"}}}}"#)),
        ("apixo", |task| format!(r#"{{"code":500,"message":"internal error","data":{{"taskId":"{task}"}}}}"#)),
        ("poyo", |task| format!(r#"{{"code":"error","error":{{"message":"x"}},"data":{{"task_id":"{task}"}}}}"#)),
    ];
    for (provider, said) in SAID {
        let shop = Shop::open(provider, 2, "", move |request, origin| -> RawReply {
            if request.is_submit() {
                return json(200, said(&format!("t-{}", row(request))));
            }
            well(provider, request, origin)
        });
        shop.assert_all_bought_once(&shop.run(&[]));
    }
}
