//! Rows that ended without an output and are taken up again: a known task is looked at before anything is bought.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use reelq_tests::{Account, Ended, RawReply, RawRequest, RawVendor, Sandbox, clip, json, reply, wait_for};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\nretries = 0\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";
/// Vendors say so in their documentation; no reply of these tests does.
const REFUNDS_NOTHING: &str = "\nrefunds_failures = \"no\"";
const FAILED: &str = r#"{"task_id":"TASK","status":"failed","error":{"code":"internal","message":"gpu lost"}}"#;

/// What the vendor says of a task, by its id; the test may change its mind between two commands.
#[derive(Clone, Default)]
struct Says(Arc<Mutex<Vec<(String, u16, String)>>>);

impl Says {
    /// From now on this of the tasks whose prompt holds `part`.
    fn of(&self, part: &str, status: u16, body: &str) {
        self.0.lock().unwrap().insert(0, (part.to_owned(), status, body.to_owned()));
    }

    fn answer(&self, request: &RawRequest, origin: &str) -> RawReply {
        if request.is_submit() {
            let id = format!("t-{}-{}", request.number, request.prompt().replace(' ', "-"));
            return json(200, format!(r#"{{"task_id":"{id}","status":"queued"}}"#));
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        let said = self.0.lock().unwrap();
        match said.iter().find(|(part, ..)| task.contains(part)) {
            Some((_, status, body)) => json(*status, body.replace("TASK", task)),
            None => {
                json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
            }
        }
    }

    fn completed(&self, part: &str, origin: &str) {
        let body = format!(r#"{{"task_id":"TASK","status":"completed","video_url":"{origin}/TASK.mp4"}}"#);
        self.of(part, 200, &body);
    }
}

/// A vendor, what it says, and a batch `set` with a row for each prompt.
fn world(prompts: &[&str]) -> (Says, RawVendor, Sandbox) {
    let says = Says::default();
    let vendor = {
        let says = says.clone();
        RawVendor::start(move |request, origin| says.answer(request, origin))
    };
    let account = Account { name: "wave", provider: "wave", lines: format!("{LINES}{REFUNDS_NOTHING}") };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "");
    write(&sandbox, prompts);
    (says, vendor, sandbox)
}

fn write(sandbox: &Sandbox, prompts: &[&str]) {
    let rows: Vec<_> = prompts.iter().map(|prompt| format!("{prompt},minimax-hailuo-2.3,6\n")).collect();
    fs::write(sandbox.path("set.csv"), format!("prompt,model,duration\n{}", rows.concat())).unwrap();
}

/// Every command that a message prints, as it stands.
pub(crate) fn commands(ended: &Ended) -> Vec<String> {
    let lines = ended.stderr.lines().chain(ended.stdout.lines());
    let found = lines.filter_map(|line| line.find("reelq ").map(|at| line[at..].trim().to_owned()));
    found.filter(|command| !command.contains(" ID ")).collect()
}

/// Runs a command that a message printed.
fn follow(sandbox: &Sandbox, command: &str) -> Ended {
    let words: Vec<_> = command.split_whitespace().skip(1).collect();
    sandbox.run(&words)
}

/// The command that goes on, as a message printed it.
pub(crate) fn next(ended: &Ended) -> String {
    let line = ended.stderr.lines().find(|line| line.starts_with("to go on"));
    let line = line.unwrap_or_default();
    assert!(line.contains("reelq "), "no next step: {}", ended.stderr);
    line[line.find("reelq ").unwrap()..].to_owned()
}

#[test]
fn a_task_that_completed_after_all_is_fetched_and_not_bought_again() {
    let (says, vendor, sandbox) = world(&["a cat"]);
    says.of("a-cat", 200, FAILED);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    says.completed("a-cat", &vendor.base_url());
    let retried = sandbox.run(&["retry", "set", "--yes"]);
    assert!(retried.stderr.contains("looked at first, and bought again only if"), "{}", retried.stderr);
    let went_on = follow(&sandbox, &next(&retried));
    assert_eq!(went_on.code, Some(0), "{}", went_on.stderr);
    let rows = sandbox.results("set");
    assert_eq!((rows[0].get("status"), vendor.submits()), ("succeeded", 1));
}

#[test]
fn a_task_that_is_over_without_an_output_is_bought_again_only_after_the_yes() {
    let (says, vendor, sandbox) = world(&["a cat"]);
    says.of("t-0-a-cat", 200, FAILED);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    let looked = sandbox.run(&["retry", "set", "--look"]);
    assert!(looked.stderr.contains("free of charge"), "{}", looked.stderr);
    assert_eq!(follow(&sandbox, &next(&looked)).code, Some(3));
    assert_eq!(vendor.submits(), 1, "a look never buys");
    let retried = sandbox.run(&["retry", "set", "--yes"]);
    assert!(retried.stderr.contains("at most $"), "the money is named: {}", retried.stderr);
    let went_on = follow(&sandbox, &next(&retried));
    assert_eq!((went_on.code, vendor.submits()), (Some(5), 1), "the next step looks, and buys nothing by itself");
    let bought = retried.stderr.lines().find(|line| line.contains("to buy that: ")).unwrap();
    let ended = follow(&sandbox, &bought[bought.find("reelq ").unwrap()..]);
    assert_eq!((ended.code, vendor.submits()), (Some(0), 2), "{}", ended.stderr);
}

#[test]
fn a_task_that_the_vendor_does_not_know_within_its_lifetime_is_not_bought_again() {
    let (says, vendor, sandbox) = world(&["a cat"]);
    says.of("a-cat", 200, FAILED);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    says.of("a-cat", 404, r#"{"error":{"code":"task_not_found","message":"no such task"}}"#);
    let asked = vendor.requests().len();
    sandbox.run(&["retry", "set", "--yes"]);
    let worker = sandbox.start(&["worker", "--batch", "set", "--drain"]);
    wait_for("it is looked at twice", || vendor.requests().len(), |requests| *requests >= asked + 2);
    worker.signal("INT");
    worker.wait();
    assert_eq!(vendor.submits(), 1);
}

#[test]
fn no_command_that_a_run_prints_buys_what_a_task_was_paid_for() {
    let (says, vendor, sandbox) = world(&["lost", "charged", "moderated", "fine"]);
    says.of("lost", 200, &FAILED.replace("internal", "task_expired"));
    says.of("charged", 200, FAILED);
    says.of("moderated", 200, &FAILED.replace("internal", "content_policy_violation"));
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, vendor.submits()), (Some(3), 4), "{}", ended.stderr);
    let hints = commands(&ended);
    assert!(hints.iter().any(|hint| hint.starts_with("reelq retry set") && hint.contains(" --look")), "{hints:?}");
    for hint in &hints {
        let told = follow(&sandbox, hint);
        assert!(matches!(told.code, Some(0 | 3)), "{hint}: {}", told.stderr);
        for next in commands(&told) {
            follow(&sandbox, &next);
        }
    }
    assert_eq!(vendor.submits(), 4, "{hints:?}");
}

#[test]
fn the_next_step_after_a_retry_buys_nothing_that_was_not_retried() {
    let (says, vendor, sandbox) = world(&["a cat"]);
    says.of("t-0-a-cat", 200, FAILED);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    write(&sandbox, &["a cat", "a new dog", "a new hen"]);
    let retried = sandbox.run(&["retry", "set", "--yes"]);
    for command in commands(&retried) {
        follow(&sandbox, &command);
    }
    let prompts: Vec<_> = vendor.requests().iter().filter(|it| it.is_submit()).map(RawRequest::prompt).collect();
    assert_eq!(prompts, ["a cat", "a cat"]);
}

#[test]
fn a_manifest_of_rows_whose_tasks_are_paid_for_says_that_they_may_still_get_their_clips() {
    let (says, _vendor, sandbox) = world(&["a cat"]);
    says.of("a-cat", 200, FAILED);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    let written = sandbox.run(&["results", "set", "--failed", "--as", "manifest"]);
    assert!(written.stderr.contains("`reelq retry set --look` fetches them"), "{}", written.stderr);
    let moderated = sandbox.run(&["results", "set", "--failed", "--kind", "content", "--as", "manifest"]);
    assert_eq!((moderated.stdout.as_str(), moderated.stderr.as_str()), ("", ""));
}

#[test]
fn only_what_was_not_charged_is_advised_to_be_bought() {
    let (says, vendor, sandbox) = world(&["a cat", "a dog"]);
    says.of("t-0-", 200, FAILED);
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(3));
    let none = sandbox.run(&["retry", "set", "--uncharged", "--yes"]);
    assert_eq!((none.code, none.stdout.trim()), (Some(0), "nothing to retry"), "it is paid for: {}", none.stderr);
    // The same vendor, but it gives the money back.
    fs::write(sandbox.path("reelq.toml"), config.replace(REFUNDS_NOTHING, "")).unwrap();
    let again = follow(&sandbox, &next(&sandbox.run(&["retry", "set", "--look"])));
    let hint = commands(&again).into_iter().find(|hint| hint.contains(" --uncharged")).unwrap();
    let retried = follow(&sandbox, &hint);
    assert_eq!((retried.code, vendor.submits()), (Some(0), 2), "{}", retried.stderr);
}

#[test]
fn a_hint_keeps_the_budget() {
    let (says, vendor, sandbox) = world(&["a cat", "a dog"]);
    says.of("a-cat", 200, FAILED);
    let ended = sandbox.run(&["run", "set.csv", "--yes", "--budget", "0.50"]);
    assert_eq!((ended.code, vendor.submits()), (Some(8), 1), "{}", ended.stderr);
    let goes_on: Vec<_> = commands(&ended).into_iter().filter(|it| it.starts_with("reelq continue set")).collect();
    assert!(goes_on.iter().any(|command| command.contains(" --budget ")), "{goes_on:?}");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((ended.code, vendor.submits()), (Some(8), 1), "it holds though no one says it again: {}", ended.stderr);
    assert!(ended.stderr.contains("Budget: $0.50, as it was said before"), "{}", ended.stderr);
}
