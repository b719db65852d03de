//! Numbers and records from outside that are nonsense: they stop no batch, no command and no other row.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use reelq_tests::{Account, RawReply, RawRequest, RawVendor, Sandbox, Store, clip, json, on_each_store, reply};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

on_each_store!(
    a_cost_of_any_size_stops_no_command,
    a_link_that_ends_at_any_time_is_fetched,
    a_record_that_cannot_be_read_stops_no_other_row,
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

fn a_cost_of_any_size_stops_no_command(store: Store) {
    let vendor = vendor(r#","pre_consumed_cost":4611686018427387903"#, r#","cost":9223372036854775807"#);
    let sandbox = Sandbox::on(store, &vendor.base_url(), wave(), "");
    write(&sandbox, "set.csv", &["one", "two", "three"]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    everything_works(&sandbox);
    assert_eq!(vendor.submits(), 4);
}

fn a_link_that_ends_at_any_time_is_fetched(store: Store) {
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
    local key = 'reelq:{default}:j:' .. id \
    local raw = redis.call('GET', key) \
    local at = cmsgpack.unpack_one(raw) \
    redis.call('SET', key, string.sub(raw, 1, at) .. '{\"half') return 1";

/// Makes of a job's record what no version can read.
fn damage(sandbox: &mut Sandbox, job: &str) {
    let path = sandbox.path(".reelq/state.db");
    let Some(redis) = sandbox.redis() else { return damage_file(&path, job) };
    assert_eq!(redis.command(&["EVAL", CUT, "0", job]).int(), 1);
}

/// Nobody has the file open: its log was taken into it.
fn damage_file(path: &Path, job: &str) {
    let mut bytes = fs::read(path).unwrap();
    let record = format!("{{\"id\":\"{job}\"");
    let places: Vec<usize> =
        (0..bytes.len() - record.len()).filter(|at| bytes[*at..].starts_with(record.as_bytes())).collect();
    assert!(!places.is_empty(), "the record is in the file");
    for at in places {
        bytes[at] = b'!';
    }
    fs::write(path, bytes).unwrap();
}

/// The lines of a batch's results, by their prompt.
fn lines(sandbox: &Sandbox, batch: &str) -> BTreeMap<String, serde_json::Value> {
    let told = sandbox.run(&["results", batch, "--format", "jsonl"]);
    let lines = told.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.map(|line| (line["prompt"].as_str().unwrap_or_default().to_owned(), line)).collect()
}

fn a_record_that_cannot_be_read_stops_no_other_row(store: Store) {
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
    while !vendor.requests().iter().any(|request| request.target.ends_with("t-stuck")) {
        std::thread::sleep(Duration::from_millis(20));
    }
    running.kill();
    let job = lines(&sandbox, "set").remove("stuck").unwrap()["job"].as_str().unwrap().to_owned();
    damage(&mut sandbox, &job);
    write(&sandbox, "next.csv", &["next"]);
    let next = sandbox.run(&["run", "next.csv", "--yes"]);
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    if store == Store::Sqlite {
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
            [("1", "failed"), ("2", "succeeded")].map(|(row, status)| (row.to_owned(), status.to_owned()))
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
