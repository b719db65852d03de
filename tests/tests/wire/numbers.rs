//! Numbers and records from outside that are nonsense: they stop no batch, no command and no other row.

use std::{collections::BTreeMap, fs};

use reelq_tests::{
    Account, RawReply, RawRequest, RawVendor, Sandbox, StoreKind, clip, damage_record, damage_text, json,
    on_each_store, reply, wait_for,
};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

on_each_store!(
    a_cost_of_any_size_stops_no_command,
    a_link_that_ends_at_any_time_is_fetched,
    a_record_that_cannot_be_read_stops_no_other_row,
    a_row_whose_record_cannot_be_read_is_told_as_what_it_is,
    lines_and_accounts_that_cannot_be_read_stop_no_other_batch,
);

fn wave() -> Vec<Account> {
    vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }]
}

fn write(sandbox: &Sandbox, name: &str, prompts: &[&str]) {
    let rows = prompts.iter().map(|prompt| format!("{prompt},minimax-hailuo-2.3,6\n"));
    let lines: Vec<String> = std::iter::once("prompt,model,duration\n".to_owned()).chain(rows).collect();
    fs::write(sandbox.path(name), lines.concat()).unwrap();
}

/// A vendor whose replies say `accepted` and `finished` beside what they must.
fn vendor(accepted: &'static str, finished: &'static str) -> RawVendor {
    RawVendor::start(move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"{accepted}}}"#, request.prompt()));
        }
        answer(request, origin, finished)
    })
}

fn answer(request: &RawRequest, origin: &str, more: &str) -> RawReply {
    let task = request.target.rsplit('/').next().unwrap_or_default();
    if request.path_ends(".mp4") {
        return reply(200, &["Content-Type: video/mp4"], clip(task));
    }
    json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"{more}}}"#))
}

/// Every command about the state answers, for this batch and for others.
fn everything_works(sandbox: &Sandbox) {
    write(sandbox, "next.csv", &["next"]);
    for command in [
        &["run", "next.csv", "--yes"][..],
        &["run", "set.csv", "--yes"],
        &["status"],
        &["status", "set", "--json"],
        &["results", "set", "--format", "jsonl"],
        &["doctor", "--offline"],
    ] {
        let ended = sandbox.run(command);
        assert_eq!(ended.code, Some(0), "{command:?}: {}\n{}", ended.stderr, ended.stdout);
    }
}

fn a_cost_of_any_size_stops_no_command(store: StoreKind) {
    let vendor = vendor(r#","pre_consumed_cost":4611686018427387903"#, r#","cost":9223372036854775807"#);
    let sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    write(&sandbox, "set.csv", &["one", "two", "three"]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    everything_works(&sandbox);
    assert_eq!(vendor.submits(), 4);
}

fn a_link_that_ends_at_any_time_is_fetched(store: StoreKind) {
    for end in [r#","expires_at":9223372036854775807"#, r#","expires_at":1893456000000000000"#] {
        let vendor = vendor("", end);
        let sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
        write(&sandbox, "set.csv", &["one"]);
        let ended = sandbox.run(&["run", "set.csv", "--yes"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(sandbox.results("set")[0].get("status"), "succeeded");
        everything_works(&sandbox);
    }
}

const CUT: &str = "\
    local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
    local key, front = 'reelq:{default}:m:' .. id, 16 \
    if redis.call('EXISTS', key) == 0 then key, front = 'reelq:{default}:k:' .. id, 0 end \
    local raw = redis.call('GET', key) \
    local at = cmsgpack.unpack_one(raw, front) \
    redis.call('SET', key, string.sub(raw, 1, at) .. '{\"half') return 1";

/// Makes of a job's record what no version can read.
fn damage(sandbox: &mut Sandbox, job: &str) {
    let path = sandbox.path(".reelq/state.db");
    if sandbox.redis().is_none() {
        // Whoever writes takes into the file what a killed run left in its log; whoever only reads does not.
        assert_eq!(sandbox.run(&["resume", "--account", "wave"]).code, Some(0));
    }
    let Some(redis) = sandbox.redis() else { return damage_record(&path, job) };
    assert_eq!(redis.command(&["EVAL", CUT, "0", job]).int(), 1);
}

/// The lines of a batch's results, by their prompt.
fn lines(sandbox: &Sandbox, batch: &str) -> BTreeMap<String, serde_json::Value> {
    let told = sandbox.run(&["results", batch, "--format", "jsonl"]);
    let lines = told.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| (line["prompt"].as_str().unwrap_or_default().to_owned(), line)).collect()
}

fn a_record_that_cannot_be_read_stops_no_other_row(store: StoreKind) {
    let vendor = RawVendor::start(|request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.prompt()));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        if task == "t-stuck" {
            return json(200, r#"{"task_id":"t-stuck","status":"processing"}"#);
        }
        answer(request, origin, "")
    });
    let mut sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    write(&sandbox, "set.csv", &["stuck", "good"]);
    let running = sandbox.start(&["run", "set.csv", "--yes"]);
    let asks_about_it = |requests: &Vec<RawRequest>| requests.iter().any(|it| it.target.ends_with("t-stuck"));
    wait_for("the task is asked about", || vendor.requests(), asks_about_it);
    running.kill();
    let job = lines(&sandbox, "set").remove("stuck").unwrap()["job"].as_str().unwrap().to_owned();
    damage(&mut sandbox, &job);
    write(&sandbox, "next.csv", &["next"]);
    let next = sandbox.run(&["run", "next.csv", "--yes"]);
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    if store == StoreKind::Sqlite {
        // Over Redis, a run that was killed has its batch until its hold ends.
        let again = sandbox.run(&["run", "set.csv", "--yes"]);
        assert_eq!(again.code, Some(5), "{}", again.stderr);
        let shown: Vec<_> = sandbox
            .results("set")
            .iter()
            .map(|row| (row.get("row").to_owned(), row.get("status").to_owned()))
            .collect();
        assert_eq!(
            shown,
            [("1", "running"), ("2", "succeeded")].map(|(row, status)| (row.to_owned(), status.to_owned()))
        );
    }
    let rows = lines(&sandbox, "set");
    let shown = rows.values().find(|line| line["job"] == job.as_str()).unwrap();
    assert!(shown["error_message"].as_str().unwrap().contains("cannot be read"), "{shown}");
    assert_eq!(rows.len(), 2, "every row is accounted for");
    assert!([Some(5), Some(0)].contains(&sandbox.run(&["status", "set"]).code));
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert_eq!(doctor.code, Some(2), "{}", doctor.stdout);
    assert!(doctor.stdout.contains(&job) && doctor.stdout.contains("batch set"), "{}", doctor.stdout);
    assert_eq!(vendor.submits(), 3, "nothing is bought twice");
}

fn a_row_whose_record_cannot_be_read_is_told_as_what_it_is(store: StoreKind) {
    let vendor = RawVendor::start(|request, origin| {
        if request.is_submit() && request.prompt() == "bad" {
            return json(400, r#"{"error":{"code":"invalid_request","message":"no"}}"#);
        }
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}","status":"queued"}}"#, request.prompt()));
        }
        answer(request, origin, "")
    });
    let mut sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    write(&sandbox, "set.csv", &["one", "two"]);
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    let job = lines(&sandbox, "set")["one"]["job"].as_str().unwrap().to_owned();
    damage(&mut sandbox, &job);
    let ended = sandbox.run(&["run", "set.csv", "--yes", "--json"]);
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("the record of 1 row cannot be read"), "{}", ended.stderr);
    assert!(ended.stderr.contains("reelq doctor"), "{}", ended.stderr);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["unreadable"], 1);
    let row = &sandbox.results("set")[0];
    assert_eq!((row.get("row"), row.get("status"), row.get("job")), ("1", "succeeded", job.as_str()));
    for column in ["model", "account", "queued_at", "error_kind", "submissions", "polls", "cost_usd"] {
        assert_eq!(row.get(column), "", "{column} is not known");
    }
    assert_eq!(row.get("error_message"), "its record cannot be read; `reelq doctor` names it");
    let again = sandbox.run(&["results", "set", "--as", "manifest"]);
    assert_eq!(again.stdout.lines().count(), 2, "a header and a row: {}", again.stdout);
    assert!(again.stderr.contains("1 rows are left out"), "{}", again.stderr);
    let status = sandbox.run(&["status", "set", "--row", "1"]).stdout;
    assert!(status.contains("succeeded") && status.contains("its record cannot be read"), "{status}");
    assert!(!status.contains("unknown"), "{status}");

    write(&sandbox, "more.csv", &["bad"]);
    assert_eq!(sandbox.run(&["run", "more.csv", "--yes"]).code, Some(3));
    let bad = lines(&sandbox, "more")["bad"]["job"].as_str().unwrap().to_owned();
    damage(&mut sandbox, &bad);
    let failed = sandbox.run(&["results", "more", "--failed", "--as", "manifest"]);
    assert_eq!(failed.stdout, "", "what it asked for is not known");
    assert!(failed.stderr.contains("1 rows are left out"), "{}", failed.stderr);
    let retried = sandbox.run(&["retry", "more", "--yes"]);
    assert!(retried.stdout.contains("1 left: the record cannot be read"), "{}", retried.stdout);
    let ended = sandbox.run(&["run", "more.csv", "--yes"]);
    assert!(!ended.stderr.contains("reelq retry") && !ended.stderr.contains("reelq results"), "{}", ended.stderr);
    assert!(ended.stderr.contains("the record of 1 row cannot be read"), "{}", ended.stderr);
    assert_eq!(vendor.submits(), 3, "nothing is bought for it");
}

const CUT_LINE: &str = "\
    local key = redis.call('KEYS', 'reelq:{default}:lines:*')[1] local line = redis.call('LINDEX', key, 0) \
    redis.call('LSET', key, 0, string.sub(line, 1, 17) .. '{') \
    local account = redis.call('ZSCORE', 'reelq:{default}:accounts', 'wave') \
    for _, field in ipairs({ 'limits', 'submit', 'submit_tat' }) do \
        redis.call('HSET', 'reelq:{default}:a:' .. account, field, 'xx') end \
    return 1";

fn lines_and_accounts_that_cannot_be_read_stop_no_other_batch(store: StoreKind) {
    let vendor = vendor("", "");
    let mut sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration,x_more\none,minimax-hailuo-2.3,6,carried\n").unwrap();
    assert_eq!(sandbox.run(&["run", "set.csv", "--yes"]).code, Some(0));
    let path = sandbox.path(".reelq/state.db");
    if let Some(redis) = sandbox.redis() {
        assert_eq!(redis.command(&["EVAL", CUT_LINE, "0"]).int(), 1);
    } else {
        damage_text(&path, r#"{"x_more""#);
        damage_text(&path, r#"{"requests_per_second""#);
    }
    let doctor = sandbox.run(&["doctor", "--offline"]);
    assert_eq!(doctor.code, Some(2), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("account wave cannot be read"), "{}", doctor.stdout);
    assert!(
        doctor.stdout.contains("row 1 of batch set, its line of the manifest, cannot be read"),
        "{}",
        doctor.stdout
    );
    for command in [&["status"][..], &["status", "set", "--row", "1"], &["resolve"], &["resolve", "--stuck"]] {
        let ended = sandbox.run(command);
        assert_eq!(ended.code, Some(0), "{command:?}: {}", ended.stderr);
    }
    let row = &sandbox.results("set")[0];
    assert_eq!((row.get("row"), row.get("status")), ("1", "succeeded"));
    let told = sandbox.run(&["results", "set"]).stdout;
    assert!(told.contains("its line of the manifest cannot be read"), "{told}");
    everything_works(&sandbox);
    assert_eq!(vendor.submits(), 2, "nothing is bought twice");
}
