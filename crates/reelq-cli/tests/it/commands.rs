//! The binary as scripts see it: streams, exit codes and messages.

use std::path::Path;

use assert_cmd::Command;

const THREE_ROWS: &str = "id,prompt,account,model,duration\na,A cat,wave,minimax-hailuo-2.3,6\nb,A dog,wave,minimax-hailuo-2.3,6\nc,A fox,poyo,hailuo-2.3,6\n";

pub(crate) fn reelq(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("reelq").unwrap();
    command.env_clear().env("HOME", folder).current_dir(folder).args(args);
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn help_is_data_and_wrong_usage_is_two() {
    let folder = folder(&[]);
    let (code, stdout, stderr) = reelq(folder.path(), &["--help"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("help", stdout);
    let (code, stdout, stderr) = reelq(folder.path(), &["rnu"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("unrecognized subcommand"), "{stderr}");
}

#[test]
fn a_command_that_people_type_leads_to_the_one_that_is_meant_and_does_nothing_by_itself() {
    let folder = folder(&[("my shots.csv", THREE_ROWS)]);
    for (typed, told) in [
        (&["ls"][..], "there is no command `ls`: did you mean `reelq status`?"),
        (&["watch", "shots"], "did you mean `reelq status --watch shots`?"),
        (&["--simulate", "validate", "my shots.csv"], "did you mean `reelq --simulate plan 'my shots.csv'`?"),
        (&["export", "shots", "--format", "xlsx"], "did you mean `reelq results shots --format xlsx`?"),
        (&["start", "my shots.csv", "--simulate"], "did you mean `reelq run 'my shots.csv' --simulate`?"),
    ] {
        let (code, stdout, stderr) = reelq(folder.path(), typed);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{typed:?}");
        assert!(stderr.contains(told), "{typed:?}: {stderr}");
    }
    assert!(!folder.path().join(".reelq").exists());
}

#[test]
fn help_of_run_is_complete() {
    let folder = folder(&[]);
    insta::assert_snapshot!("help_run", reelq(folder.path(), &["run", "-h"]).1);
}

#[test]
fn plan_tells_rows_and_money_and_enqueues_nothing() {
    let folder = folder(&[("jobs.csv", THREE_ROWS)]);
    let (code, stdout, stderr) = reelq(folder.path(), &["plan", "jobs.csv", "--simulate"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("plan", stdout);
    assert!(!folder.path().join(".reelq").exists());
}

#[test]
fn a_simulated_run_needs_nothing_and_running_again_buys_nothing() {
    let folder = folder(&[("jobs.csv", THREE_ROWS)]);
    let (code, _, stderr) = reelq(folder.path(), &["run", "jobs.csv", "--simulate"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("This was a simulation"), "{stderr}");
    let results = std::fs::read_to_string(folder.path().join("out/simulated/jobs/results.csv")).unwrap();
    assert_eq!(results.lines().count(), 4, "{results}");
    let (code, stdout, _) = reelq(folder.path(), &["run", "jobs.csv", "--simulate", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, report["batch"]["counts"]["succeeded"].as_u64()), (Some(0), Some(3)));
    assert!(!folder.path().join(".reelq/state.db").exists(), "a simulation keeps its own state");
}

#[test]
fn a_rehearsal_with_faults_tells_what_it_survived_and_that_nothing_was_bought_twice() {
    let folder = folder(&[("jobs.csv", THREE_ROWS)]);
    let faults = ["--faults", "throttled=0.4,dropped_after=0.3,torn_download=0.4", "--seed", "7", "--speed", "50"];
    let (_, _, stderr) = reelq(folder.path(), &[&["run", "jobs.csv", "--simulate"], &faults[..]].concat());
    let told = stderr.lines().find(|line| line.starts_with("survived: ")).unwrap_or_else(|| panic!("{stderr}"));
    assert!(told.ends_with("; bought twice: 0"), "{told}");
    let (_, _, again) = reelq(folder.path(), &["run", "jobs.csv", "--simulate"]);
    assert!(!again.contains("survived"), "nothing was done to it: {again}");
}

#[test]
fn a_changed_manifest_is_planned_as_changed() {
    let folder = folder(&[("jobs.csv", THREE_ROWS)]);
    assert_eq!(reelq(folder.path(), &["run", "jobs.csv", "--simulate"]).0, Some(0));
    let changed = THREE_ROWS.replace("A dog", "Two dogs").replace("c,A fox,poyo,hailuo-2.3,6\n", "");
    std::fs::write(folder.path().join("jobs.csv"), changed + "d,A hen,poyo,hailuo-2.3,6\n").unwrap();
    let plan: serde_json::Value =
        serde_json::from_str(&reelq(folder.path(), &["plan", "jobs.csv", "--simulate", "--json"]).1).unwrap();
    let counts =
        ["new", "changed", "unchanged", "removed", "removed_bought"].map(|name| plan["changes"][name].as_u64());
    assert_eq!(counts, [1, 1, 1, 1, 2].map(Some), "{plan}");
}

#[test]
fn failed_rows_become_a_manifest_that_runs() {
    let folder = folder(&[("jobs.csv", THREE_ROWS)]);
    let (code, _, stderr) = reelq(folder.path(), &["run", "jobs.csv", "--simulate", "--faults", "moderation=1"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("reelq results jobs --failed --kind content --as manifest --simulate"), "{stderr}");
    let other = ["results", "jobs", "--failed", "--kind", "invalid", "--as", "manifest", "--simulate"];
    assert_eq!(reelq(folder.path(), &other).1, "", "no row failed so");
    let failed =
        ["results", "jobs", "--failed", "--kind", "content", "--as", "manifest", "--out", "again.jsonl", "--simulate"];
    assert_eq!(reelq(folder.path(), &failed).0, Some(0));
    let (code, stdout, stderr) =
        reelq(folder.path(), &["plan", "again.jsonl", "--batch", "jobs", "--simulate", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let plan: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(plan["changes"]["unchanged"].as_u64(), Some(3), "the same rows are the same jobs: {plan}");
}

#[test]
fn a_bad_manifest_and_a_bad_configuration_are_two() {
    let folder = folder(&[("jobs.csv", "prompt,model\nA cat,minimax-hailuo-9\n"), ("reelq.toml", "stroe = \"x\"\n")]);
    let (code, stdout, stderr) = reelq(folder.path(), &["run", "jobs.csv"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("did you mean `store`?"), "{stderr}");
    std::fs::remove_file(folder.path().join("reelq.toml")).unwrap();
    let (code, stdout, _) = reelq(folder.path(), &["plan", "jobs.csv", "--json", "--account", "wave", "--simulate"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, report["problems"]["error_count"].as_u64()), (Some(2), Some(1)), "{report}");
}

#[test]
fn a_budget_without_a_price_is_refused_with_the_lines_that_mend_it() {
    let config = "[accounts.poyo]\nprovider = \"poyo\"\napi_key_env = \"POYO_KEY\"\n";
    let folder = folder(&[("jobs.csv", "prompt,model\nA cat,hailuo-2.3\n"), ("reelq.toml", config)]);
    let (code, _, stderr) = reelq(folder.path(), &["plan", "jobs.csv", "--budget", "5"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!("budget_without_price", stderr);
    let overlay = "[models.\"hailuo-2.3\"]\nprices = [{ usd = \"0.50\" }]\n";
    std::fs::write(folder.path().join("poyo.toml"), overlay).unwrap();
    std::fs::write(folder.path().join("reelq.toml"), config.to_owned() + "[catalogue]\npoyo = \"poyo.toml\"\n")
        .unwrap();
    let (code, stdout, stderr) = reelq(folder.path(), &["plan", "jobs.csv", "--budget", "5"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("$0.50"), "{stdout}");
}

#[test]
fn a_missing_key_stops_the_run_before_anything_is_enqueued() {
    let config = "[accounts.poyo]\nprovider = \"poyo\"\napi_key_env = \"POYO_KEY\"\n";
    let folder = folder(&[("jobs.csv", "prompt,model\nA cat,hailuo-2.3\n"), ("reelq.toml", config)]);
    let (code, _, stderr) = reelq(folder.path(), &["run", "jobs.csv", "--yes"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("export POYO_KEY="), "{stderr}");
    let (_, stdout, _) = reelq(folder.path(), &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status["batches"].as_array().map(Vec::len), Some(0));
}

#[test]
fn doctor_says_how_to_mend_a_missing_key() {
    let config = "[accounts.poyo]\nprovider = \"poyo\"\napi_key_env = \"POYO_KEY\"\n";
    let folder = folder(&[("reelq.toml", config)]);
    let (code, stdout, _) = reelq(folder.path(), &["doctor", "--offline"]);
    assert_eq!(code, Some(2));
    assert!(stdout.contains("BAD  account poyo") && stdout.contains("export POYO_KEY="), "{stdout}");
}

#[test]
fn commands_without_a_state_say_so() {
    let folder = folder(&[]);
    for command in [&["status"][..], &["results", "x"], &["retry", "x"], &["resolve"]] {
        let (code, _, stderr) = reelq(folder.path(), command);
        assert_eq!(code, Some(2), "{command:?}");
        assert!(stderr.contains("nothing was run here"), "{stderr}");
    }
}

#[test]
fn models_schema_and_completions_are_data() {
    let folder = folder(&[]);
    let (code, stdout, _) = reelq(folder.path(), &["models", "--provider", "poyo"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("models_poyo", stdout);
    let json = |args: &[&str]| serde_json::from_str::<serde_json::Value>(&reelq(folder.path(), args).1).unwrap();
    assert!(json(&["models", "--json"])["providers"]["wave"]["models"].is_object());
    assert!(json(&["schema"]).is_object());
    assert!(reelq(folder.path(), &["completions", "bash"]).1.contains("reelq"));
}
