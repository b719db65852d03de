//! `reelq results` as scripts and people see it: forms, files, rows that run again, picks.

use std::{fs, path::Path};

use crate::commands::{folder, reelq};

const SHOTS: &str = "id,Prompt,Duration,x_scene,model\na,一只猫,6,7,minimax-hailuo-2.3\nb,\"A dog, \"\"and\"\" a cat\",6,8,minimax-hailuo-2.3\nc,A fox,6,9,minimax-hailuo-2.3\n";

/// A batch `shots` whose rows all failed.
fn failed(name: &str, text: &str) -> tempfile::TempDir {
    let folder = folder(&[(name, text)]);
    let run = ["run", name, "--account", "wave", "--simulate", "--faults", "permanent_failure=1", "--speed", "2000"];
    let (code, _, stderr) = reelq(folder.path(), &run);
    assert_eq!(code, Some(3), "{stderr}");
    folder
}

fn again(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let base = ["results", "shots", "--failed", "--as", "manifest", "--simulate"];
    reelq(folder, &[&base[..], more].concat())
}

/// How many rows of a manifest are the jobs that the batch has.
fn unchanged(folder: &Path, manifest: &str) -> Option<u64> {
    let (code, stdout, stderr) = reelq(folder, &["plan", manifest, "--batch", "shots", "--simulate", "--json"]);
    assert_eq!(code, Some(0), "{stderr}{stdout}");
    serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["changes"]["unchanged"].as_u64()
}

#[test]
fn failed_rows_come_back_in_the_form_that_they_came_in_and_run() {
    let csv = failed("shots.csv", SHOTS);
    let expected = "id,Prompt,Duration,x_scene,model,account\na,一只猫,6,7,minimax-hailuo-2.3,wave\nb,\"A dog, \"\"and\"\" a cat\",6,8,minimax-hailuo-2.3,wave\nc,A fox,6,9,minimax-hailuo-2.3,wave\n";
    assert_eq!(again(csv.path(), &[]).1, expected, "their columns, in their order, and what the command line said");
    for out in ["again.csv", "again.tsv", "again.jsonl"] {
        assert_eq!(again(csv.path(), &["--out", out]).0, Some(0));
        assert_eq!(unchanged(csv.path(), out), Some(3), "{out}");
    }
    let lines = "{\"id\":\"a\",\"model\":\"minimax-hailuo-2.3\",\"prompt\":\"A cat\",\"prompt_optimizer\":false,\"x_scene\":\"7\"}\n";
    let jsonl = failed("shots.jsonl", lines);
    assert!(again(jsonl.path(), &[]).1.starts_with("{\"id\":\"a\","));
    assert_eq!(again(jsonl.path(), &["--format", "csv", "--out", "again.csv"]).0, Some(0));
    let table = fs::read_to_string(jsonl.path().join("again.csv")).unwrap();
    assert!(table.lines().next().unwrap().contains("prompt_optimizer"), "{table}");
    assert_eq!(unchanged(jsonl.path(), "again.csv"), Some(1));
    let toml = "[defaults]\nmodel = \"minimax-hailuo-2.3\"\n[[jobs]]\nprompt = \"A {{ animal }}\"\n[jobs.matrix]\nanimal = [\"fox\", \"owl\"]\n";
    let toml = failed("shots.toml", toml);
    assert_eq!(again(toml.path(), &["--out", "again.jsonl"]).0, Some(0));
    assert_eq!(unchanged(toml.path(), "again.jsonl"), Some(2));
}

#[test]
fn rows_that_a_file_would_not_be_read_as_are_not_written_into_it() {
    let folder = failed("shots.csv", SHOTS);
    let (code, _, stderr) = again(folder.path(), &["--format", "csv", "--out", "again.jsonl"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--out again.jsonl would be read as JSONL"), "{stderr}");
    assert!(!folder.path().join("again.jsonl").exists());
}

#[test]
fn a_workbook_is_written_again_and_replaces_no_other_file() {
    let folder = failed("shots.csv", SHOTS);
    let write = |out: &str| reelq(folder.path(), &["results", "shots", "--format", "xlsx", "--out", out, "--simulate"]);
    for _ in 0..2 {
        assert_eq!(write("shots.xlsx").0, Some(0));
    }
    assert!(fs::read(folder.path().join("shots.xlsx")).unwrap().starts_with(b"PK"));
    fs::write(folder.path().join("theirs.xlsx"), b"PK\x03\x04\0\0").unwrap();
    let (code, _, stderr) = write("theirs.xlsx");
    assert_eq!((code, stderr.contains("is no text")), (Some(2), true), "{stderr}");
}

#[test]
fn picks_choose_rows_of_the_results_and_of_the_next_manifest() {
    let folder = failed("shots.csv", SHOTS);
    let picked = |more: &[&str]| {
        let base = ["results", "shots", "--picks", "picks.csv", "--simulate"];
        reelq(folder.path(), &[&base[..], more].concat())
    };
    let (_, all, _) = reelq(folder.path(), &["results", "shots", "--json", "--simulate"]);
    let jobs: Vec<String> = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["job"].as_str().unwrap().to_owned())
        .collect();
    let picks = format!(
        "\u{feff}job,row,copy,id,pick,note\r\n{},1,1,a,rejected,dull\r\n{},2,1,b,picked,\"warm, \"\"good\"\"\"\r\n",
        jobs[0], jobs[1]
    );
    fs::write(folder.path().join("picks.csv"), picks).unwrap();
    let (code, lines, stderr) = picked(&["--json"]);
    assert_eq!((code, lines.lines().count()), (Some(0), 1), "{stderr}");
    assert!(lines.contains(&jobs[1]), "{lines}");
    let manifest = picked(&["--as", "manifest"]).1;
    assert_eq!(
        manifest.lines().nth(1),
        Some("b,\"A dog, \"\"and\"\" a cat\",6,8,minimax-hailuo-2.3,wave"),
        "{manifest}"
    );
    assert_eq!(manifest.lines().count(), 2);
    fs::write(
        folder.path().join("picks.csv"),
        "job,row,copy,id,pick,note\n00000000000000000000000000000000,1,1,,picked,\n",
    )
    .unwrap();
    let (code, _, stderr) = picked(&[]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("picks.csv, line 2: job is `00000000000000000000000000000000`"), "{stderr}");
}

#[test]
fn long_lists_end_quietly_once_nobody_reads_them() {
    let rows = (0..2_000).map(|row| format!("{row},A cat number {row},6,7,minimax-hailuo-2.3\n"));
    let rows = rows.collect::<Vec<_>>().concat();
    let folder = folder(&[("shots.csv", &format!("id,prompt,duration,x_scene,model\n{rows}"))]);
    assert_eq!(reelq(folder.path(), &["enqueue", "shots.csv", "--account", "wave", "--simulate"]).0, Some(0));
    for list in [
        &["results", "shots", "--json"][..],
        &["results", "shots", "--format=csv"],
        &["results", "shots", "--as=manifest"],
        &["status", "shots", "--status", "queued", "--json"],
        &["status", "shots", "--status", "queued"],
        &["logs", "shots", "--json"],
        &["logs", "shots", "--follow"],
    ] {
        let binary = assert_cmd::cargo::cargo_bin("reelq");
        let mut child = std::process::Command::new(binary)
            .args(list)
            .arg("--simulate")
            .current_dir(folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(
            (ended.status.code(), String::from_utf8(ended.stderr).unwrap()),
            (Some(0), String::new()),
            "{list:?}"
        );
    }
}
