//! What a terminal, a spreadsheet and a pipe get.

use std::fs;

use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, ResultRow, Sandbox, SimulatedVendor, json, write_csv};

use crate::shop::{Shop, file, is_file};

/// Texts that a spreadsheet would work out.
const FORMULAS: [&str; 6] = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1+1", "=HYPERLINK(\"http://x/\",\"y\")"];

const ROWS: usize = 24;

fn cells(csv: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let records: Vec<_> = reader.records().map(|record| record.unwrap()).collect();
    let cells =
        |record: &csv::StringRecord| names.iter().cloned().zip(record.iter().map(str::to_owned)).collect::<Vec<_>>();
    records.iter().flat_map(cells).collect()
}

#[test]
fn no_text_of_a_user_or_a_vendor_is_a_formula_in_a_spreadsheet_and_the_manifest_is_exact() {
    // Each task is named by a formula, and each row with an odd number fails with one.
    let shop = Shop::open("wave", 0, "", |request, origin| {
        if is_file(request) {
            return file(request);
        }
        let asked = request.target.rsplit('t').next().unwrap_or_default().parse::<usize>().ok();
        let number = asked.unwrap_or(request.number);
        let task = format!("=cmd|t{number}");
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"{task}","status":"queued"}}"#));
        }
        let message = FORMULAS[number % FORMULAS.len()].replace('\t', "").replace('"', "'");
        if number % 2 == 1 {
            let error = format!(r#"{{"code":"content_policy_violation","message":"{message}"}}"#);
            return json(200, format!(r#"{{"task_id":"{task}","status":"failed","error":{error}}}"#));
        }
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{number}.mp4"}}"#))
    });
    let formulas = || FORMULAS.iter().cycle().take(ROWS);
    // A label is kept as it was written; a prompt loses the blanks at its edges.
    let ids: Vec<_> = formulas().enumerate().map(|(number, formula)| format!("{formula}{number}")).collect();
    let job = |(formula, id)| {
        format!("[[jobs]]\nid = {id:?}\nmodel = \"minimax-hailuo-2.3\"\nduration = 6\nprompt = {formula:?}\n")
    };
    let jobs: Vec<_> = formulas().zip(&ids).map(job).collect();
    fs::write(shop.sandbox.path("set.toml"), jobs.concat()).unwrap();
    let ended = shop.sandbox.run(&["run", "set.toml", "--yes"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(shop.count("failed") > 0 && shop.count("succeeded") > 0, "{}", ended.stderr);

    let exact = cells(&shop.sandbox.run(&["results", "set"]).stdout);
    let tame = cells(&shop.sandbox.run(&["results", "set", "--for", "spreadsheet"]).stdout);
    assert_eq!(exact.len(), tame.len());
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mut tamed = std::collections::BTreeSet::new();
    for ((name, exact), (_, tame)) in exact.iter().zip(&tame) {
        assert!(!begins(tame), "{name}: {tame}");
        if begins(exact) {
            assert_eq!(tame, &format!("'{exact}"), "{name}");
            tamed.insert(name.as_str());
        } else {
            assert_eq!(exact, tame, "{name}");
        }
    }
    assert!(["id", "prompt", "remote_task", "error_message"].iter().all(|name| tamed.contains(name)), "{tamed:?}");
    let written = |name: &str| shop.rows().iter().map(|row: &ResultRow| row.get(name).to_owned()).collect::<Vec<_>>();
    assert_eq!(written("id"), ids);
    assert_eq!(written("prompt"), formulas().map(|text| text.trim().to_owned()).collect::<Vec<_>>());
}

#[test]
fn a_key_on_standard_input_that_stays_open_is_said_after_a_few_seconds() {
    let vendor = SimulatedVendor::start(SimSettings::default());
    let wave = Account { name: "wave", provider: "wave", lines: String::new() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![wave], "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("api_key_env = \"WAVE_KEY\"", "api_key_file = \"/dev/stdin\"");
    fs::write(sandbox.path("reelq.toml"), config).unwrap();
    write_csv(&sandbox.path("set.csv"), Prompts { rows: 1, copies: 1 }, &[("wave", "wave")]);
    let folder = sandbox.path("");
    // The shell holds the other end of it open: the key comes, and its end never does.
    let held = "mkfifo in; exec 3<>in; echo sk-of-stdin >&3; reelq run set.csv --yes <&3";
    let ended = sandbox.shell(&format!("cd {}; {held}", folder.display()));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("not written and closed within 5 s"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("sk-of-stdin") && vendor.ledger().charges.is_empty(), "{}", ended.stderr);
}

const OWNED: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}1A\u{202e}\u{2066}";

/// Runs a command at a terminal of its own and gives all that the terminal got.
fn at_a_terminal(sandbox: &Sandbox, command: &str) -> (Option<i32>, String) {
    fs::write(sandbox.path("command.sh"), format!("export TERM=xterm COLUMNS=200\n{command}\n")).unwrap();
    let folder = sandbox.path("");
    let script = format!("cd {}; script -qefc 'sh command.sh' typed >/dev/null </dev/null", folder.display());
    let ended = sandbox.shell(&script);
    (ended.code, String::from_utf8_lossy(&fs::read(sandbox.path("typed")).unwrap()).into_owned())
}

#[test]
fn nothing_from_outside_steers_the_live_view_of_a_real_terminal() {
    let slow = std::time::Duration::from_secs(3);
    let shop = Shop::open("wave", 0, "", move |request, origin| {
        if is_file(request) {
            return file(request);
        }
        let number = request.target.rsplit('t').next().unwrap_or_default().parse().unwrap_or(request.number);
        let task = format!(r"\u202et{number}");
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"{task}","status":"queued"}}"#));
        }
        if request.at < slow {
            let word = r"pro\u001b[2J\u009b1Acess";
            return json(200, format!(r#"{{"task_id":"{task}","status":"{word}","message":"\u001b]0;owned\u0007"}}"#));
        }
        let error = r#"{"code":"content_policy_violation","message":"\u001b]0;owned\u0007 \u202eno"}"#;
        match number % 2 {
            0 => json(200, format!(r#"{{"task_id":"{task}","status":"failed","error":{error}}}"#)),
            _ => {
                json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{number}.mp4"}}"#))
            }
        }
    });
    let rows =
        format!("prompt,model,duration\nfirst {OWNED},minimax-hailuo-2.3,6\nother {OWNED},minimax-hailuo-2.3,6\n");
    fs::write(shop.sandbox.path(format!("set{OWNED}.csv")), rows).unwrap();
    let (code, seen) = at_a_terminal(&shop.sandbox, "reelq run set*owned*.csv --batch set --yes");
    assert_eq!(code, Some(3), "{seen}");
    assert!(seen.contains("in flight 2 of") && seen.contains("\u{1b}["), "the live view was shown: {seen}");
    for bad in ["\u{1b}]0;owned", "\u{1b}[2J", "\u{9b}", "\u{202e}", "\u{2066}", "\u{7}"] {
        assert!(!seen.contains(bad), "{bad:?} in {seen:?}");
    }
    assert!(seen.contains("owned"), "the file's name can be seen: {seen}");
    assert_eq!(shop.vendor.submits(), 2);
}
