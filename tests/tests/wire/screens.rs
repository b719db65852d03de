//! What people see: no unknown price as zero, nothing that steers a terminal, and files that end where they should.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    process::Command,
};

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, RawVendor, Running, Sandbox, SimulatedVendor, clip, json, reply, write_csv};

const LINES: &str = "requests_per_second = 50.0\nburst = 10\nmax_in_flight = 10\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn account(name: &'static str) -> Vec<Account> {
    vec![Account { name, provider: name, lines: LINES.to_owned() }]
}

/// A vendor that makes a clip of every prompt, and fails those that ask for it in words that no one should have to see.
fn hostile() -> RawVendor {
    RawVendor::start(|request, origin| {
        if request.is_submit() {
            let end = if request.prompt().contains("fail") { "bad" } else { "good" };
            return json(200, format!(r#"{{"task_id":"t\u202e-{}-{end}","status":"queued"}}"#, request.number));
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.split('?').next().unwrap().rsplit('/').next().unwrap();
        let task = task.replace("%E2%80%AE", "\u{202e}");
        if task.ends_with("bad") {
            let error = r#"{"code":"moderation","message":"no \u001b[2J\u009b1A \u202egnp.exe\u200b"}"#;
            return json(200, format!(r#"{{"task_id":"{task}","status":"failed","error":{error}}}"#));
        }
        let file = task.replace('\u{202e}', "");
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{file}.mp4"}}"#))
    })
}

/// It neither begins nor ends with a blank, seen or not: those are no part of a prompt.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J cat\u{200b}\u{9b}1A\u{202e}\u{2066}";

fn steers(c: char) -> bool {
    let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
    bidi || (c.is_control() && c != '\n' && c != '\t')
}

#[test]
fn nothing_from_outside_steers_a_screen_and_the_result_manifest_is_exact() {
    let vendor = hostile();
    let sandbox = Sandbox::new(&vendor.base_url(), account("wave"), "");
    let text = format!(
        "id,prompt,model,duration\nid{HOSTILE},{HOSTILE},minimax-hailuo-2.3,6\nb,fail {HOSTILE},minimax-hailuo-2.3,6\n"
    );
    fs::write(sandbox.path("set.csv"), text).unwrap();
    let wrong = format!("prompt,model\n{HOSTILE},{HOSTILE}\n");
    fs::write(sandbox.path("wrong.csv"), wrong).unwrap();
    for arguments in [
        &["plan", "set.csv"][..],
        &["plan", "wrong.csv"],
        &["plan", "wrong.csv", "--color", "never"],
        &["--log", "trace", "run", "set.csv", "--yes"],
        &["status", "set", "--row", "1", "--row", "2"],
        &["status", "set", "--row", "1", "--row", "2", "--json"],
        &["retry", "set", "--kind", "content", "--yes"],
        &["resolve", "set"],
        &["run", "set.csv", "--yes", "--json"],
        &["status", HOSTILE],
        &["status", "set", "--row", HOSTILE],
        &[HOSTILE],
    ] {
        let ended = sandbox.run(arguments);
        for text in [&ended.stdout, &ended.stderr] {
            let found = text.chars().find(|c| steers(*c));
            assert!(found.is_none(), "{arguments:?}: {found:?} in {text}");
        }
    }
    let rows = sandbox.results("set");
    assert_eq!((rows[0].get("status"), rows[0].get("prompt")), ("succeeded", HOSTILE));
    assert_eq!(rows[0].get("id"), format!("id{HOSTILE}"));
    assert_eq!(
        sandbox.run(&["results", "set"]).stdout,
        fs::read_to_string(sandbox.path("out/set/results.csv")).unwrap()
    );
    for form in [&["--json"][..], &["--as", "manifest", "--format", "jsonl"]] {
        let piped = sandbox.run(&[&["results", "set"], form].concat()).stdout;
        assert!(piped.chars().all(|c| !steers(c)), "{form:?}: {piped}");
        let first: serde_json::Value = serde_json::from_str(piped.lines().next().unwrap()).unwrap();
        assert_eq!(first["prompt"], HOSTILE, "{form:?}: it reads back as it was");
    }
    assert_eq!((rows[1].get("status"), rows[1].get("error_kind")), ("failed", "content"));
    assert!(!rows[1].get("error_message").chars().any(steers), "a vendor's text is cleaned where it enters: {rows:?}");
    assert!(sandbox.run(&["status", "set", "--row", "1"]).stdout.contains("\\u{1b}]0;owned"), "it can be seen");
}

#[test]
fn an_unknown_price_is_counted_wherever_money_is_shown() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = Sandbox::new(&vendor.base_url(), account("poyo"), "");
    fs::write(sandbox.path("prices-poyo.toml"), "").unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 2, copies: 1 }, &[("poyo", "poyo")]);
    let plan = sandbox.run(&["plan", "set.csv"]).stdout;
    assert!(plan.contains("To buy: 2 jobs for 2 of unknown price") && !plan.contains("$0.00"), "{plan}");
    let enqueued = sandbox.run(&["enqueue", "set.csv", "--yes"]);
    assert!(enqueued.stdout.contains("To buy: 2 for 2 of unknown price"), "{}", enqueued.stdout);
    assert!(!(enqueued.stdout + &enqueued.stderr).contains("$0.00"));
    let queued = sandbox.run(&["status"]).stdout;
    let batch = queued.lines().find(|line| line.starts_with("set")).unwrap();
    assert_eq!(batch.matches("2 of unknown price").count(), 1, "with the amount, and nowhere else: {queued}");
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 of unknown charge spent"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("$0.00"), "{}", ended.stderr);
    let json = sandbox.run(&["run", "set.csv", "--yes", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["unpriced_accounts"], serde_json::json!(["poyo"]), "what is not in its sums is told");
    let status = sandbox.run(&["status"]).stdout;
    let account = status.lines().find(|line| line.starts_with("poyo")).unwrap();
    assert!(account.contains("unknown"), "{status}");
}

#[test]
fn a_spreadsheet_gets_no_formula_and_programs_get_every_text_as_it_is() {
    let sandbox = Sandbox::new("http://127.0.0.1:9", account("wave"), "");
    let rows =
        "id,prompt,model,duration,x_more\n=1+1,@SUM(A1),minimax-hailuo-2.3,6,-2+3\n+1,a cat,minimax-hailuo-2.3,6,\n";
    fs::write(sandbox.path("set.csv"), rows).unwrap();
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
    let exact = sandbox.run(&["results", "set"]).stdout;
    assert!(exact.contains(",@SUM(A1),") && exact.contains(",=1+1,") && exact.contains(",-2+3\n"), "{exact}");
    let tame = sandbox.run(&["results", "set", "--for", "spreadsheet"]).stdout;
    assert!(tame.contains(",'@SUM(A1),") && tame.contains(",'=1+1,") && tame.contains(",'-2+3\r\n"), "{tame}");
    assert!(tame.contains(",'+1,") && tame.contains(",a cat,"), "{tame}");
    for more in [&["--json"][..], &["--format", "jsonl"], &["--as", "manifest"]] {
        let refused = sandbox.run(&[&["results", "set", "--for", "spreadsheet"], more].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{more:?}: {}", refused.stderr);
    }
}

#[test]
fn a_template_that_would_take_all_memory_is_an_error_with_its_place() {
    let sandbox = Sandbox::new("http://127.0.0.1:9", account("wave"), "");
    for template in [
        "{{ 'a'|indent(99999999999,true) }}",
        "{{ 'a' * 10**9 }}",
        "{% for i in range(10**12) %}a{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ '%99999999999d'|format(1) }}",
        "{% set x = 'a' %}{% for i in range(99) %}{% set x = x ~ x %}{% endfor %}",
    ] {
        let text =
            format!("[[jobs]]\nmodel = 'minimax-hailuo-2.3'\nprompt = \"{template}\"\nvars = {{ word = 'a' }}\n");
        fs::write(sandbox.path("jobs.toml"), text).unwrap();
        let ended =
            sandbox.shell(&format!("ulimit -v 2000000; cd {}; reelq plan jobs.toml", sandbox.path("").display()));
        assert_eq!(ended.code, Some(2), "{template}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("jobs.toml:3") && ended.stderr.contains("prompt"),
            "{template}: {}",
            ended.stderr
        );
    }
}

fn enqueued() -> Sandbox {
    let sandbox = Sandbox::new("http://127.0.0.1:9", account("wave"), "");
    fs::write(sandbox.path("rows.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    fs::write(sandbox.path("set.toml"), "[[sources]]\npath = \"rows.csv\"\n").unwrap();
    let ended = sandbox.run(&["enqueue", "set.toml", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    sandbox
}

#[test]
fn results_are_written_through_a_pipe_and_a_device() {
    let sandbox = enqueued();
    let (exact, fifo) = (sandbox.run(&["results", "set"]).stdout, sandbox.path("pipe"));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = sandbox.start(&["results", "set", "--out", "pipe"]);
    assert_eq!(fs::read_to_string(&fifo).unwrap(), exact);
    assert_eq!(writer.wait().code, Some(0));
    assert!(!fs::metadata(&fifo).unwrap().is_file(), "the pipe is still there");
    assert_eq!(sandbox.run(&["results", "set", "--out", "/dev/stdout"]).stdout, exact);
    assert_eq!(sandbox.run(&["results", "set", "--out", "/dev/null"]).code, Some(0));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn results_replace_a_regular_file_whole_and_a_link_stays_a_link() {
    let sandbox = enqueued();
    fs::write(sandbox.path("old.csv"), "old").unwrap();
    symlink(sandbox.path("old.csv"), sandbox.path("link.csv")).unwrap();
    let before = fs::metadata(sandbox.path("old.csv")).unwrap().ino();
    assert_eq!(sandbox.run(&["results", "set", "--out", "link.csv"]).code, Some(0));
    assert!(fs::symlink_metadata(sandbox.path("link.csv")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(sandbox.path("old.csv")).unwrap(), sandbox.run(&["results", "set"]).stdout);
    assert_ne!(fs::metadata(sandbox.path("old.csv")).unwrap().ino(), before, "it was written beside and renamed");
    let left = fs::read_dir(sandbox.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains(".part-")));
}

#[test]
fn results_replace_neither_the_manifest_nor_its_rows_nor_the_state_nor_the_configuration() {
    let sandbox = enqueued();
    fs::hard_link(sandbox.path("set.toml"), sandbox.path("other-name.toml")).unwrap();
    symlink(sandbox.path("rows.csv"), sandbox.path("link.csv")).unwrap();
    for file in ["set.toml", "./set.toml", "other-name.toml", "rows.csv", "link.csv", ".reelq/state.db", "reelq.toml"] {
        let before = fs::read(sandbox.path(file)).unwrap();
        let refused = sandbox.run(&["results", "set", "--out", file]);
        assert_eq!(refused.code, Some(2), "{file}: {}", refused.stderr);
        assert!(refused.stderr.contains("name another file"), "{file}: {}", refused.stderr);
        if file != ".reelq/state.db" {
            assert_eq!(fs::read(sandbox.path(file)).unwrap(), before, "{file}");
        }
    }
    assert_eq!(sandbox.run(&["status", "set"]).code, Some(0), "the state can still be read");
}

#[test]
fn results_replace_no_clip_and_nothing_that_is_kept() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = Sandbox::new(&vendor.base_url(), account("wave"), "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 1, copies: 1 }, &[("wave", "wave")]);
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let clip = format!("out/set/{}", sandbox.results("set")[0].get("file"));
    symlink(sandbox.path(&clip), sandbox.path("link.csv")).unwrap();
    symlink(sandbox.path("out/set"), sandbox.path("there")).unwrap();
    fs::hard_link(sandbox.path(&clip), sandbox.path("hard.csv")).unwrap();
    fs::write(sandbox.path("out/set/mine.txt"), "notes").unwrap();
    fs::create_dir_all(sandbox.path("out/set/.parts")).unwrap();
    let around = format!("out/../{clip}");
    let through = clip.replace("out/set", "there");
    let files = [
        clip.as_str(),
        &around,
        &through,
        "link.csv",
        "hard.csv",
        "out/set/mine.txt",
        "prices-poyo.toml",
        ".reelq/new.csv",
        "out/../.reelq/new.csv",
        "out/set/.parts/new.csv",
        "there/.parts/new.csv",
    ];
    for file in files {
        let before = fs::read(sandbox.path(file)).ok();
        let refused = sandbox.run(&["results", "set", "--out", file]);
        assert_eq!(refused.code, Some(2), "{file}: {}", refused.stderr);
        assert!(refused.stderr.contains("name another file"), "{file}: {}", refused.stderr);
        assert_eq!(fs::read(sandbox.path(file)).ok(), before, "{file}");
    }
    for file in ["out/set/results.csv", "out/set/more.jsonl", "out/set/more.jsonl", "notes.csv", "notes.csv"] {
        let form = if file.ends_with("jsonl") { "jsonl" } else { "csv" };
        let written = sandbox.run(&["results", "set", "--format", form, "--out", file]);
        assert_eq!(written.code, Some(0), "{file}: {}", written.stderr);
    }
}

fn with_key_file(vendor: &SimulatedVendor, path: &str) -> Sandbox {
    let sandbox = Sandbox::new(&vendor.base_url(), account("wave"), "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("api_key_env = \"WAVE_KEY\"", &format!("api_key_file = \"{path}\""));
    fs::write(sandbox.path("reelq.toml"), config).unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 1, copies: 1 }, &[("wave", "wave")]);
    sandbox
}

#[test]
fn a_key_file_that_others_can_read_is_warned_of_once() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = with_key_file(&vendor, "key");
    fs::write(sandbox.path("key"), "sk-never-to-be-seen\n").unwrap();
    for (mode, warnings) in [(0o644, 1), (0o620, 1), (0o600, 0), (0o400, 0)] {
        fs::set_permissions(sandbox.path("key"), fs::Permissions::from_mode(mode)).unwrap();
        let ended = sandbox.run(&["worker", "--drain"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("chmod 600").count(), warnings, "{mode:o}: {}", ended.stderr);
        assert!(!ended.stderr.contains("never-to-be-seen"));
    }
}

#[test]
fn a_mark_that_an_editor_put_before_a_key_is_not_sent_with_it() {
    let vendor = RawVendor::start(|_, _| json(400, r#"{"error":{"code":"invalid_request","message":"no"}}"#));
    let sandbox = Sandbox::new(&vendor.base_url(), account("wave"), "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("api_key_env = \"WAVE_KEY\"", "api_key_file = \"key\"");
    fs::write(sandbox.path("reelq.toml"), config).unwrap();
    fs::write(sandbox.path("key"), "\u{feff}sk-of-an-editor\r\n").unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 1, copies: 1 }, &[("wave", "wave")]);
    sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(vendor.requests()[0].header("authorization"), Some("Bearer sk-of-an-editor"));
}

#[test]
fn a_budget_below_zero_is_refused() {
    let sandbox = Sandbox::new("http://127.0.0.1:9", account("wave"), "");
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 1, copies: 1 }, &[("wave", "wave")]);
    for given in [&["--budget=-1"][..], &["--budget", "-0.01"], &["--budget", "nan"]] {
        let refused = sandbox.run(&[&["enqueue", "set.csv", "--yes"], given].concat());
        assert_eq!(refused.code, Some(2), "{given:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("not below zero"), "{given:?}: {}", refused.stderr);
    }
}

#[test]
fn a_key_that_never_comes_through_its_pipe_is_said_after_a_few_seconds() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = with_key_file(&vendor, "pipe");
    assert!(Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    let ended = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("not written and closed within 5 s"), "{}", ended.stderr);
    assert!(vendor.ledger().charges.is_empty());
}

#[test]
fn a_key_comes_through_a_pipe_or_standard_input_once() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let sandbox = with_key_file(&vendor, "pipe");
    assert!(Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    fs::OpenOptions::new().write(true).open(sandbox.path("pipe")).unwrap().write_all(b"sk-of-a-pipe\n").unwrap();
    let ended = run.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let sandbox = with_key_file(&vendor, "/dev/stdin");
    let folder = sandbox.path("");
    let ended = sandbox.shell(&format!("cd {}; echo sk-of-stdin | reelq run set.csv --yes", folder.display()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut silent = sandbox.command(&["run", "set.csv", "--yes", "--batch", "other"]);
    silent.env("PATH", "/usr/bin:/bin");
    assert_eq!(Running::start(silent).wait().code, Some(2), "nothing on standard input is no key");
}

#[test]
fn the_example_runs_simulated_without_a_yes() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../jobs.example.toml");
    let sandbox = Sandbox::new("http://127.0.0.1:9", account("wave"), "");
    fs::copy(example, sandbox.path("jobs.example.toml")).unwrap();
    fs::remove_file(sandbox.path("reelq.toml")).unwrap();
    let ended = sandbox.run(&["run", "jobs.example.toml", "--simulate", "--speed", "20"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("This was a simulation"), "{}", ended.stderr);
}
