//! Vendors and gateways that send the key back, in whatever form.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reelq_tests::{Account, Ended, RawRequest, RawVendor, Running, Sandbox, json, reply, wait_until};

const LINES: &str = "requests_per_second = 50.0\nburst = 20\nmax_in_flight = 20\nrequest_timeout = \"2s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

/// Holds what JSON, addresses and base64 each have a second spelling for.
const KEY: &str = "sk-live/never~to+be=seen/0123456789";

/// How a text may be spelled within a JSON string.
fn spellings(key: &str) -> Vec<(&'static str, String)> {
    let each = |spell: fn(u8) -> String| key.bytes().map(spell).collect::<String>();
    vec![
        ("plain", key.to_owned()),
        ("upper", key.to_uppercase()),
        ("slash", key.replace('/', r"\/")),
        ("one-escape", key.replacen('s', r"\u0073", 1)),
        ("escapes", each(|byte| format!(r"\u{byte:04x}"))),
        ("capitals", each(|byte| format!(r"\u{byte:04X}"))),
        ("nested", each(|byte| if byte == b'/' { r"\\\/".to_owned() } else { format!(r"\\u{byte:04x}") })),
        ("percent", key.replace('/', "%2F").replace('+', "%2b").replace('=', "%3D")),
        ("percent-all", each(|byte| format!("%{byte:02x}"))),
        ("percent-twice", key.replace('/', "%252F")),
        ("entities", key.replace('/', "&#x2F;").replace('+', "&#43;")),
        ("base64", STANDARD.encode(key)),
        ("basic", format!("Basic {}", STANDARD.encode(format!("user:{key}")).replace('/', r"\/"))),
        ("basic-behind", STANDARD.encode(format!("{key}:"))),
        ("base64-url", URL_SAFE_NO_PAD.encode(format!("ab{key}"))),
        ("hex", each(|byte| format!("{byte:02x}"))),
        ("hex-capitals", each(|byte| format!("{byte:02X}"))),
        ("shortened", format!("{}...", &key[..28])),
        ("bearer", format!("Authorization: Bearer {key}")),
    ]
}

/// What must be found nowhere: long pieces of the key, plain or in base64.
fn traces() -> Vec<String> {
    let mut traces = vec!["never~to+be".to_owned(), "0123456789".to_owned(), "NEVER~TO+BE".to_owned()];
    for byte_case in [str::to_lowercase, str::to_uppercase] {
        traces.push(
            byte_case(&KEY.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())[16..40].to_owned(),
        );
    }
    for before in ["", "a", "ab"] {
        let encoded = STANDARD.encode(format!("{before}{KEY}"));
        traces.push(encoded[8..24].to_owned());
    }
    traces
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// The text with every escape of it undone, as whoever reads a result would see it.
fn read_through(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for byte in 0x20..0x7f_u8 {
        let letter = char::from(byte).to_string();
        for spelled in [
            format!(r"\u{byte:04x}"),
            format!(r"\u{byte:04X}"),
            format!("%25{byte:02x}"),
            format!("%25{byte:02X}"),
            format!("%{byte:02x}"),
            format!("%{byte:02X}"),
            format!("&#x{byte:02X};"),
            format!("&#{byte};"),
        ] {
            text = text.replace(&spelled, &letter);
        }
    }
    text.replace('\\', "")
}

fn assert_clean(what: &str, bytes: &[u8]) {
    let (plain, read) = (String::from_utf8_lossy(bytes), read_through(bytes));
    for trace in traces() {
        assert!(!plain.contains(&trace) && !read.contains(&trace), "{what} holds the key: {trace}");
    }
}

fn command(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("WAVE_KEY", KEY);
    command
}

fn said_by(ended: &Ended) -> String {
    format!("{}{}", ended.stdout, ended.stderr)
}

/// Interrupts a run once the vendor was asked `enough` times. What it says is read meanwhile, or it would wait for that.
fn ended(running: Running, vendor: &RawVendor, enough: usize) -> Ended {
    let (id, is_over) = (running.id().to_string(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let over = || is_over.load(Ordering::SeqCst);
            wait_until("the vendor is asked enough", || vendor.requests().len() >= enough || over());
            if over() {
                return;
            }
            Command::new("kill").args(["-INT", &id]).status().unwrap();
        });
        let ended = running.wait();
        is_over.store(true, Ordering::SeqCst);
        ended
    })
}

/// Runs a row for each of `rows` until it is over or the vendor was asked `enough` times, and looks at everything that
/// was printed and kept.
fn nothing_is_kept(vendor: &RawVendor, rows: &[String], enough: usize) -> String {
    let wave = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![wave], "");
    let mut manifest = "prompt,model,duration\n".to_owned();
    for row in rows {
        writeln!(manifest, "{row},minimax-hailuo-2.3,6").unwrap();
    }
    fs::write(sandbox.path("set.csv"), manifest).unwrap();
    let running = Running::start(command(&sandbox, &["--log", "trace", "run", "set.csv", "--yes"]));
    let mut said = said_by(&ended(running, vendor, enough));
    for arguments in [&["results", "set", "--format", "jsonl"][..], &["status", "set", "--json"], &["doctor"]] {
        said.push_str(&said_by(&Running::start(command(&sandbox, arguments)).wait()));
    }
    assert_clean("what was printed", said.as_bytes());
    for file in files_below(&sandbox.path("")) {
        assert_clean(&file.display().to_string(), &fs::read(&file).unwrap());
    }
    said
}

fn row_of(request: &RawRequest) -> String {
    if request.is_submit() {
        return request.prompt();
    }
    request.target.rsplit('/').next().unwrap_or_default().trim_start_matches("t-").to_owned()
}

fn spelled(row: &str) -> String {
    let name = row.split_once('.').map_or(row, |(name, _)| name);
    spellings(KEY).into_iter().find(|(found, _)| *found == name).map(|(_, text)| text).unwrap_or_default()
}

#[test]
fn key_in_a_refusal_or_a_failure_is_kept_nowhere() {
    let vendor = RawVendor::start(|request, _| {
        let row = row_of(request);
        let message = format!("no good: {}, sorry", spelled(&row));
        match (request.is_submit(), row.contains(".refused")) {
            (true, true) => {
                json(400, format!(r#"{{"error":{{"message":"{message}","code":"invalid_parameter","param":"x"}}}}"#))
            }
            (true, false) => json(200, format!(r#"{{"task_id":"t-{row}","status":"queued"}}"#)),
            _ => json(
                200,
                format!(
                    r#"{{"task_id":"t-{row}","status":"failed","cost":0,"error":{{"message":"{message}","code":"upstream_bad_request"}}}}"#
                ),
            ),
        }
    });
    let rows = spellings(KEY).into_iter().flat_map(|(name, _)| [format!("{name}.refused"), format!("{name}.failed")]);
    let said = nothing_is_kept(&vendor, &rows.collect::<Vec<_>>(), usize::MAX);
    assert!(said.matches("no good: ").count() >= 2 * spellings(KEY).len(), "the messages were kept: {said}");
    assert!(said.contains("[redacted]"), "{said}");
}

#[test]
fn key_in_a_redirect_is_kept_nowhere() {
    let vendor = RawVendor::start(|request, origin| {
        let row = row_of(request);
        let key = spelled(&row).replace("\\/", "%2F").replace('\\', "%5C");
        if request.is_submit() && !row.starts_with("plain") {
            return json(200, format!(r#"{{"task_id":"t-{row}","status":"queued"}}"#));
        }
        reply(302, &[&format!("Location: {origin}/login/{key}/x?next={key}")], format!("go to {key}"))
    });
    // Such a submission or status says nothing of the task: the run is left as it stands.
    let rows = ["plain", "percent", "percent-all", "base64", "capitals", "basic"].map(|name| format!("{name}.a"));
    let said = nothing_is_kept(&vendor, &rows, 4 * rows.len());
    assert!(said.contains("/login/[redacted]/x"), "{said}");
}

#[test]
fn key_in_a_body_that_breaks_off_is_kept_nowhere() {
    let vendor = RawVendor::start(|request, _| {
        let key = spelled(&row_of(request));
        let half = &key[..key.len() - 4];
        reply(500, &["Content-Type: text/plain"], format!("Bearer {half}"))
    });
    nothing_is_kept(&vendor, &["plain.a", "slash.a", "percent.a", "base64.a"].map(str::to_owned), 8);
}

#[test]
fn the_target_of_a_redirect_is_bounded_and_holds_no_key() {
    let vendor = RawVendor::start(|request, _| {
        let far = format!("Location: https://elsewhere.example/{}/{}", KEY, "x".repeat(60_000));
        if request.is_submit() { reply(302, &[far.as_str()], "") } else { json(404, "{}") }
    });
    let accounts = vec![Account { name: "wave", provider: "wave", lines: LINES.to_owned() }];
    let sandbox = Sandbox::new(&vendor.base_url(), accounts, "");
    fs::write(sandbox.path("set.csv"), "prompt,model,duration\na cat,minimax-hailuo-2.3,6\n").unwrap();
    let mut command = sandbox.command(&["run", "set.csv", "--yes", "--wait-at-most", "0s"]);
    command.env("WAVE_KEY", KEY);
    let ended = Running::start(command).wait();
    let told = sandbox.run(&["status", "set", "--json"]).stdout + &sandbox.run(&["results", "set"]).stdout;
    assert!(ended.stderr.contains("elsewhere.example"), "{}", &ended.stderr[..ended.stderr.len().min(2_000)]);
    for text in [&ended.stderr, &told] {
        assert!(text.lines().all(|line| line.len() < 3_000) && !text.contains("never~to+be"));
    }
}
