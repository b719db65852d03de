//! Rows by their names, in full, and what happened to them: `show`, `logs`, `--row`.

use std::path::Path;

use crate::commands::{folder, reelq};

const SHOTS: &str =
    "id,prompt,model,copies,x_scene\ncat,A cat,minimax-hailuo-2.3,2,7\ndog,A dog,minimax-hailuo-2.3,1,8\n";

fn shots(more: &[&str]) -> tempfile::TempDir {
    let folder = folder(&[("shots.csv", SHOTS)]);
    let run = ["run", "shots.csv", "--account", "wave", "--simulate", "--speed", "2000"];
    let (code, _, stderr) = reelq(folder.path(), &[&run[..], more].concat());
    assert!(matches!(code, Some(0 | 3)), "{stderr}");
    folder
}

fn show(folder: &Path, name: &str) -> (Option<i32>, String, String) {
    reelq(folder, &["show", "shots", name, "--simulate"])
}

fn json(folder: &Path, name: &str) -> serde_json::Value {
    let (code, stdout, stderr) = reelq(folder, &["show", "shots", name, "--simulate", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn a_row_is_found_by_every_name_that_it_is_shown_under() {
    let folder = shots(&[]);
    let dog = json(folder.path(), "dog");
    let id = dog["job"]["id"].as_str().unwrap();
    for name in ["2", "2.1", "dog", id, &id[..8]] {
        assert_eq!(json(folder.path(), name)["job"]["id"], id, "{name}");
    }
    assert_eq!(json(folder.path(), "1.2")["line"]["copy"], 2);
    for (name, told) in [
        ("1", "`1` could be `1.1`, `1.2`: name one of them"),
        ("cat", "`cat` could be `1.1`, `1.2`: name one of them"),
        ("dgo", "no row of batch `shots` is called `dgo`. Did you mean `dog`?"),
        ("9", "no row of batch `shots` is called `9`: it has 3 jobs."),
    ] {
        let (code, stdout, stderr) = show(folder.path(), name);
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        assert!(stderr.contains(told), "{name}: {stderr}");
    }
}

#[test]
fn every_command_takes_the_names_of_rows() {
    let folder = folder(&[("shots.csv", SHOTS)]);
    assert_eq!(reelq(folder.path(), &["enqueue", "shots.csv", "--account", "wave", "--simulate"]).0, Some(0));
    let cancelled = |row: &str| {
        let (_, stdout, _) = reelq(folder.path(), &["cancel", "shots", "--row", row, "--simulate", "--json"]);
        serde_json::from_str::<serde_json::Value>(&stdout).unwrap()["cancelled"].clone()
    };
    assert_eq!((cancelled("1.2"), cancelled("dog")), (1.into(), 1.into()));
    let (_, listed, _) = reelq(folder.path(), &["status", "shots", "--row", "cat", "--simulate"]);
    assert!(listed.contains("1.1") && listed.contains("1.2") && !listed.contains("2.1 "), "{listed}");
    let (code, _, stderr) = reelq(folder.path(), &["status", "shots", "--row", "nobody", "--simulate"]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_row_is_shown_with_its_file_its_history_its_request_and_what_can_be_done() {
    let folder = shots(&[]);
    let (code, text, stderr) = show(folder.path(), "dog");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let file = folder.path().canonicalize().unwrap().join("out/simulated/shots/000002-dog-1.mp4");
    let facts = [
        "Row 2.1 (dog) of batch shots: succeeded",
        "prompt      A dog",
        file.to_str().unwrap(),
        "x_scene     8",
        "queued       enqueued",
        "bought: the provider accepted it as task",
        "its output is in its place",
        "rebuilt from the row, for what was sent is not kept",
        "POST /v1/tasks",
        "\"prompt\": \"A dog\"",
        "reelq open shots 2.1 --simulate",
    ];
    for fact in facts {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    let report = json(folder.path(), "dog");
    let events: Vec<_> =
        report["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((events[0], events[1], *events.last().unwrap()), ("enqueued", "sending", "stored"));
    assert_eq!(report["files"][0]["is_there"], true);
}

#[test]
fn a_row_that_failed_says_why_and_what_to_do_without_buying_it_twice() {
    let folder = shots(&["--faults", "moderation=1"]);
    let (_, text, _) = show(folder.path(), "dog");
    for fact in [
        "Row 2.1 (dog) of batch shots: failed",
        "why         the content was rejected by moderation",
        "nothing: what was charged was given back",
        "The last reply\n  its bytes are not kept",
        "reelq results shots --failed --kind content --as manifest --simulate",
    ] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
}

#[test]
fn what_happened_in_a_batch_is_told_once_and_the_oldest_first() {
    let folder = shots(&[]);
    let lines = |args: &[&str]| {
        let (code, stdout, stderr) = reelq(folder.path(), &[&["logs", "shots", "--simulate"], args].concat());
        assert_eq!(code, Some(0), "{stderr}");
        stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let text = lines(&[]);
    assert_eq!(text.iter().filter(|line| line.ends_with("enqueued")).count(), 3, "{text:?}");
    assert_eq!(text.iter().filter(|line| line.ends_with("its output is in its place")).count(), 3);
    let times: Vec<_> = text.iter().map(|line| &line[..24]).collect();
    assert!(times.is_sorted(), "{text:?}");
    // A batch that has finished ends the log, and what was written is not written again.
    assert_eq!(lines(&["--follow"]), text);
    let first: serde_json::Value = serde_json::from_str(&lines(&["--json"])[0]).unwrap();
    assert_eq!(
        (first["row"].as_str(), first["id"].as_str(), first["event"].as_str()),
        (Some("1.1"), Some("cat"), Some("enqueued"))
    );
}

#[test]
fn a_log_that_is_followed_tells_what_others_do_meanwhile() {
    let folder = folder(&[("shots.csv", SHOTS)]);
    let at = folder.path();
    assert_eq!(reelq(at, &["enqueue", "shots.csv", "--account", "wave", "--simulate"]).0, Some(0));
    let log = std::process::Command::new(assert_cmd::cargo::cargo_bin("reelq"))
        .args(["logs", "shots", "--follow", "--simulate"])
        .current_dir(at)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let run = ["continue", "shots", "--simulate", "--yes", "--speed", "2000"];
    let (code, _, stderr) = reelq(at, &run);
    assert_eq!(code, Some(0), "{stderr}");
    let told = String::from_utf8(log.wait_with_output().unwrap().stdout).unwrap();
    for end in ["enqueued", "the request is sent", "its output is in its place"] {
        assert_eq!(told.lines().filter(|line| line.ends_with(end)).count(), 3, "{end}: {told}");
    }
}

#[test]
fn a_bought_row_that_was_removed_keeps_its_id_and_what_it_carried() {
    let folder = shots(&[]);
    let without = SHOTS.replace("dog,A dog,minimax-hailuo-2.3,1,8\n", "");
    std::fs::write(folder.path().join("shots.csv"), without).unwrap();
    let run = ["run", "shots.csv", "--account", "wave", "--simulate", "--yes"];
    assert_eq!(reelq(folder.path(), &run).0, Some(0));
    let (_, lines, _) = reelq(folder.path(), &["results", "shots", "--simulate", "--json"]);
    let gone: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&gone["row"], &gone["id"], &gone["x_scene"]), (&0.into(), &"dog".into(), &"8".into()), "{gone}");
}

#[test]
fn status_shows_batches_that_have_not_ended_first_and_no_more_than_were_asked_for() {
    let folder = folder(&[("shots.csv", SHOTS)]);
    let at = folder.path();
    assert_eq!(reelq(at, &["enqueue", "shots.csv", "--account", "wave", "--simulate", "--batch", "open"]).0, Some(0));
    for batch in ["one", "two"] {
        let run =
            ["run", "shots.csv", "--account", "wave", "--simulate", "--batch", batch, "--speed", "2000", "--again"];
        assert_eq!(reelq(at, &run).0, Some(0));
    }
    let shown = |more: &[&str]| {
        let (code, stdout, stderr) = reelq(at, &[&["status", "--simulate"], more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        stdout
    };
    let first: Vec<String> = shown(&[]).lines().skip(1).take(3).map(|line| line[..4].trim().to_owned()).collect();
    assert_eq!(first, ["open", "two", "one"]);
    let limited = shown(&["--limit", "1"]);
    assert!(limited.contains("2 more: reelq status --all --simulate") && !limited.contains("\ntwo"), "{limited}");
    let text = shown(&["--all"]);
    assert!(!text.lines().next().unwrap().contains("failed"), "no row failed: the column is left out: {text}");
}
