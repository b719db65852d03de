//! What a person does to a batch between runs, against the simulated vendors, and what is bought thereby.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelq"));
    command.env_clear().env("HOME", folder).current_dir(folder).stdin(Stdio::null()).args(args);
    command
}

fn reelq(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&reelq(folder, &[args, &["--json"]].concat()).1).unwrap()
}

/// A folder with rows for the vendor that replays no keys.
fn folder(rows: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "id,prompt,account,model,mode,image_urls,duration\n".to_owned();
    for row in 0..rows {
        let rest = "apixo,hailuo-2-3-fast,standard-image-to-video,https://example.com/a.png,6";
        writeln!(text, "r{row},Cat {row},{rest}").unwrap();
    }
    std::fs::write(folder.path().join("jobs.csv"), text).unwrap();
    folder
}

/// The prompts of the tasks that the simulated vendors accepted, one a task.
fn accepted(folder: &Path) -> Vec<(String, String)> {
    let journal = std::fs::read_to_string(folder.join(".reelq/simulate/vendors.jsonl")).unwrap_or_default();
    let lines = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let tasks: std::collections::BTreeMap<_, _> =
        lines.map(|line| (text(&line, "id"), text(&line, "prompt"))).filter(|(id, _)| !id.is_empty()).collect();
    tasks.into_iter().collect()
}

const RUN: [&str; 3] = ["run", "jobs.csv", "--simulate"];

#[test]
fn unconfirmed_jobs_are_settled_in_each_of_the_three_ways() {
    let folder = folder(3);
    let at = folder.path();
    assert_eq!(reelq(at, &[&RUN[..], &["--faults", "dropped_after=1"]].concat()).0, Some(6));
    let unknown = json(at, &["resolve", "jobs", "--simulate"]);
    assert_eq!(unknown["unconfirmed"].as_array().map(Vec::len), Some(3));
    let (task, _) = accepted(at).into_iter().find(|(_, prompt)| prompt == "Cat 0").unwrap();
    for answer in
        [&["--row", "1", "--accepted", &task][..], &["--row", "2", "--not-bought"], &["--row", "3", "--give-up"]]
    {
        let (code, stdout, stderr) = reelq(at, &[&["resolve", "jobs", "--simulate"], answer].concat());
        assert_eq!((code, stdout.starts_with("1 resolved")), (Some(0), true), "{answer:?} {stderr}");
    }
    assert_eq!(reelq(at, &RUN).0, Some(3), "one row was given up");
    let mut bought: Vec<_> = accepted(at).into_iter().map(|(_, prompt)| prompt).collect();
    bought.sort();
    assert_eq!(bought, ["Cat 0", "Cat 1", "Cat 1", "Cat 2"], "only the row said not to be bought is bought again");
}

#[test]
fn a_paused_batch_submits_nothing_until_it_is_resumed() {
    let folder = folder(2);
    let at = folder.path();
    assert_eq!(reelq(at, &["enqueue", "jobs.csv", "--simulate"]).0, Some(0));
    assert_eq!(reelq(at, &["pause", "jobs", "--simulate"]).0, Some(0));
    let (_, _, stderr) = reelq(at, &RUN);
    assert!(stderr.contains("it is paused: reelq resume jobs --simulate"), "{stderr}");
    assert_eq!(accepted(at).len(), 0);
    assert_eq!(reelq(at, &["resume", "jobs", "--simulate"]).0, Some(0));
    assert_eq!(reelq(at, &RUN).0, Some(0));
    assert_eq!(accepted(at).len(), 2);
}

#[test]
fn a_cancelled_row_is_not_bought_until_it_is_retried() {
    let folder = folder(2);
    let at = folder.path();
    assert_eq!(reelq(at, &["enqueue", "jobs.csv", "--simulate"]).0, Some(0));
    assert_eq!(json(at, &["cancel", "jobs", "--simulate", "--row", "2"])["cancelled"], 1);
    assert_eq!(reelq(at, &RUN).0, Some(3));
    assert_eq!(accepted(at).len(), 1);
    assert_eq!(json(at, &["retry", "jobs", "--simulate", "--cancelled", "--row", "2"])["retried"], 1);
    assert_eq!(reelq(at, &RUN).0, Some(0));
    assert_eq!(accepted(at).len(), 2);
}

#[test]
fn a_command_that_is_about_nothing_says_why() {
    let folder = folder(2);
    let at = folder.path();
    assert_eq!(reelq(at, &RUN).0, Some(0));
    for (command, rest) in [("retry", &[][..]), ("cancel", &[]), ("resolve", &["--give-up"])] {
        let (code, _, stderr) = reelq(at, &[&[command, "jobs", "--simulate"], rest].concat());
        assert_eq!(code, Some(0), "{command}: {stderr}");
        assert!(stderr.contains("no job of batch `jobs` fits: it has 2 succeeded"), "{command}: {stderr}");
        let (code, _, stderr) = reelq(at, &[&[command, "jobs", "--simulate", "--row", "2"], rest].concat());
        assert_eq!(
            (code, stderr.contains("left as they are: row 2 is succeeded")),
            (Some(0), true),
            "{command}: {stderr}"
        );
        let (code, _, stderr) = reelq(at, &[&[command, "jobs", "--simulate", "--row", "7"], rest].concat());
        let missing = stderr.contains("not among the jobs of batch `jobs`: row 7");
        assert_eq!((code, missing), (Some(2), true), "{command}: {stderr}");
        let nobody = "0123456789abcdef0123456789abcdef";
        let (code, _, stderr) = reelq(at, &[&[command, "jobs", "--simulate", "--job", nobody], rest].concat());
        assert_eq!((code, stderr.contains(&format!("job {nobody}"))), (Some(2), true), "{command}: {stderr}");
        let strange = ["--account", "poyo", "--row", "1"];
        let (code, _, stderr) = reelq(at, &[&[command, "jobs", "--simulate"], &strange[..], rest].concat());
        assert_eq!((code, stderr.contains("of account `poyo`")), (Some(2), true), "{command}: {stderr}");
    }
}

#[test]
fn an_accounts_jobs_are_cancelled_and_no_others() {
    // More rows than one part of the walk has.
    let folder = folder(0);
    let at = folder.path();
    let rows: String = (0..600)
        .map(|row| match row % 2 {
            0 => format!("wave,minimax-hailuo-2.3,prompt {row}\n"),
            _ => format!("poyo,hailuo-2.3,prompt {row}\n"),
        })
        .collect();
    std::fs::write(at.join("jobs.csv"), format!("account,model,prompt\n{rows}")).unwrap();
    let (code, _, stderr) = reelq(at, &["enqueue", "jobs.csv", "--simulate"]);
    assert_eq!(code, Some(0), "{stderr}");
    let (code, stdout, stderr) = reelq(at, &["cancel", "jobs", "--simulate", "--account", "wave"]);
    assert_eq!((code, stdout.contains("300 cancelled: nothing was bought")), (Some(0), true), "{stdout} {stderr}");
    let (code, _, stderr) = reelq(at, &["cancel", "jobs", "--simulate", "--account", "wave"]);
    assert_eq!((code, stderr.contains("no job of batch `jobs` of account `wave` fits")), (Some(0), true), "{stderr}");
    let counts = &json(at, &["status", "--simulate"])["batches"][0]["counts"];
    assert_eq!((counts["queued"].as_u64(), counts["cancelled"].as_u64()), (Some(300), Some(300)), "{counts}");
}

#[test]
fn a_job_of_another_batch_is_named_with_its_batch_and_one_that_is_nowhere_is_no_success() {
    let folder = folder(1);
    let at = folder.path();
    for batch in ["one", "two"] {
        assert_eq!(reelq(at, &["enqueue", "jobs.csv", "--simulate", "--batch", batch]).0, Some(0));
    }
    let job =
        json(at, &["status", "two", "--simulate", "--row", "1"])["jobs"][0]["job"]["id"].as_str().unwrap().to_owned();
    let (code, _, stderr) = reelq(at, &["cancel", "one", "--simulate", "--job", &job]);
    assert_eq!((code, stderr.contains(&format!("job {job} (of batch `two`"))), (Some(2), true), "{stderr}");
    let nobody = "0123456789abcdef0123456789abcdef";
    let (code, _, stderr) = reelq(at, &["resolve", "--simulate", "--job", nobody, "--give-up"]);
    assert_eq!((code, stderr.contains("not among the jobs of any batch")), (Some(2), true), "{stderr}");
    let (code, stdout, stderr) = reelq(at, &["resolve", "--simulate", "--job", &job, "--give-up"]);
    let told = stderr.contains("row 1 is queued") && stderr.contains("withdrawn by reelq cancel");
    assert_eq!((code, told), (Some(0), true), "{stdout} {stderr}");
}

#[test]
fn a_batch_that_is_not_there_is_refused_by_every_command() {
    let folder = folder(1);
    let at = folder.path();
    assert_eq!(reelq(at, &RUN).0, Some(0));
    for command in ["retry", "cancel", "pause", "resume", "resolve", "results", "status"] {
        let (code, _, stderr) = reelq(at, &[command, "jbos", "--simulate"]);
        assert_eq!(code, Some(2), "{command}");
        assert!(stderr.contains("no batch named `jbos`. Did you mean `jobs`?"), "{command}: {stderr}");
    }
}

#[test]
fn two_runs_of_a_batch_at_once_buy_each_row_once_and_one_may_give_way() {
    let folder = folder(40);
    let at = folder.path();
    let mut sim = command(at, &["sim", "--port", "0", "--json", "--journal", "sim.jsonl"]);
    let mut sim = sim.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = sim.stdout.take().unwrap();
    let told = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next().unwrap().unwrap();
    let run = [&RUN[..], &["--sim-url", told["base_url"].as_str().unwrap()]].concat();
    let other = command(at, &run).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (code, _, stderr) = reelq(at, &run);
    let other = other.wait_with_output().unwrap();
    sim.kill().unwrap();
    sim.wait().unwrap();
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    let codes = [code, other.status.code()];
    assert!(codes.contains(&Some(0)), "{codes:?}\n{stderr}\n{told}");
    for (code, said) in codes.into_iter().zip([stderr, told]) {
        let gave_way = code == Some(5) && said.contains("is run by");
        assert!(code == Some(0) || gave_way, "{code:?} {said}");
    }
    std::fs::rename(at.join("sim.jsonl"), at.join(".reelq/simulate/vendors.jsonl")).unwrap();
    assert_eq!(accepted(at).len(), 40);
}

#[test]
fn a_simulated_run_killed_five_times_converges_without_a_second_purchase() {
    let folder = folder(120);
    let at = folder.path();
    let run = [&RUN[..], &["--seed", "7"]].concat();
    for moment in [170, 420, 610, 350, 800] {
        let mut child = command(at, &run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, _, stderr) = reelq(at, &run);
    assert!(matches!(code, Some(0 | 6)), "{code:?} {stderr}");
    let tasks = accepted(at);
    let prompts: std::collections::BTreeSet<_> = tasks.iter().map(|(_, prompt)| prompt).collect();
    assert_eq!(tasks.len(), prompts.len(), "bought twice");
    let unconfirmed = json(at, &["resolve", "jobs", "--simulate"])["unconfirmed"].as_array().map_or(0, Vec::len);
    let rows = std::fs::read_to_string(at.join("out/simulated/jobs/results.csv")).unwrap();
    assert_eq!((rows.lines().count(), prompts.len() + unconfirmed >= 120), (121, true), "{unconfirmed}");
}

#[test]
fn a_bare_table_runs_with_usual_values() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bare.csv"), "prompt\nA cat\n").unwrap();
    let set = ["--simulate", "--account", "wave", "--set", "model=minimax-hailuo-2.3", "--set", "duration=6"];
    let plan = json(folder.path(), &[&["plan", "bare.csv"], &set[..]].concat());
    assert_eq!(plan["costs"][0]["model"], "minimax-hailuo-2.3", "{plan}");
    let (code, _, stderr) = reelq(folder.path(), &["plan", "bare.csv", "--simulate", "--set", "modle=x"]);
    assert_eq!((code, stderr.contains("did you mean `model`?")), (Some(2), true), "{stderr}");
}

#[test]
fn generated_docs_do_not_depend_on_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reelq.toml"), "broken = [").unwrap();
    for args in [&["help-markdown"][..], &["schema"], &["models", "--builtin", "--json"]] {
        let (code, stdout, stderr) = reelq(folder.path(), args);
        assert_eq!((code, stdout.is_empty(), stderr.as_str()), (Some(0), false, ""), "{args:?}");
    }
}
