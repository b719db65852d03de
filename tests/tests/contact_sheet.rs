//! `reelq open`'s page in a real browser: a person picks and rejects, saves, and `results --picks` takes the file.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use reelq_tests::{Browser, Ended, reelq_with, wait_for, wait_until};

const SHOTS: &str = "id,prompt,model,copies\ncat,\"A cat, </script><img src=x onerror=alert(1)>\",minimax-hailuo-2.3,2\ndog,一只狗,minimax-hailuo-2.3,1\n";

fn run(folder: &Path, args: &[&str]) -> Ended {
    // Without a way to programs there is no ffmpeg.
    reelq_with(folder, &[("PATH", "/nowhere")], &[args, &["--simulate"]].concat())
}

/// A batch of three clips and its sheet.
fn sheet() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shots.csv"), SHOTS).unwrap();
    let bought = run(folder.path(), &["run", "shots.csv", "--account", "wave", "--speed", "2000"]);
    assert_eq!(bought.code, Some(0), "{}", bought.stderr);
    let opened = run(folder.path(), &["open", "shots"]);
    assert_eq!(opened.code, Some(0), "{}", opened.stderr);
    let path = opened.stdout.trim().to_owned();
    assert!(path.ends_with("out/simulated/shots/contact-sheet.html"), "{path}");
    (folder, path)
}

const RIGHT: &str = "\u{e014}";

#[test]
fn clips_are_picked_and_rejected_in_a_browser_and_the_saved_file_is_taken() {
    let (folder, path) = sheet();
    let downloads = folder.path().join("downloads");
    fs::create_dir(&downloads).unwrap();
    let browser = Browser::start(&downloads);
    browser.go(&format!("file://{path}"));
    assert_eq!(browser.run("return document.querySelector('#batch').textContent"), "shots");
    assert_eq!(browser.run("return document.querySelectorAll('img[onerror]').length"), 0, "a prompt is a text");
    // Into the table, pick the first, reject the second: the copies of row 1.
    browser.press(&format!("{RIGHT}p{RIGHT}x"));
    let counts = || browser.run("return document.querySelector('#counts').textContent").to_string();
    wait_for("one is picked and one rejected", counts, |counts| {
        counts.contains("1 picked") && counts.contains("1 rejected")
    });
    browser.click("#save");
    let saved = downloads.join("picks-shots.csv");
    wait_until("the picks are saved", || saved.exists());
    let picks = fs::read_to_string(&saved).unwrap();
    assert!(picks.starts_with("job,row,copy,id,pick,note\r\n"), "{picks}");

    let command = browser.run("return document.querySelector('#command').textContent");
    assert_eq!(command, "reelq results shots --picks picks-shots.csv --simulate", "it runs as it stands");
    let taken = run(folder.path(), &["results", "shots", "--picks", saved.to_str().unwrap(), "--json"]);
    let lines: Vec<serde_json::Value> = taken.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| (line["row"].as_u64(), line["copy"].as_u64())).collect();
    assert_eq!(told, [(Some(1), Some(1))], "{}", taken.stderr);
    let next = run(
        folder.path(),
        &["results", "shots", "--picks", saved.to_str().unwrap(), "--as", "manifest", "--out", "next.csv"],
    );
    assert_eq!(next.code, Some(0), "{}", next.stderr);
    let plan = run(folder.path(), &["plan", "next.csv", "--batch", "shots", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["changes"]["unchanged"], 1, "{plan}");

    // A new sheet is written over the old one, and the picks are still there.
    assert_eq!(run(folder.path(), &["open", "shots", "dog"]).code, Some(0));
    browser.go(&format!("file://{path}"));
    let title = || browser.run("return document.querySelector('#view-title').textContent").to_string();
    wait_for("the row that was named is shown", title, |title| title.contains("dog"));
    assert!(counts().contains("1 picked"), "{}", counts());
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let requests = browser.requests();
    let outside: Vec<_> =
        requests.iter().filter(|address| address.starts_with("http") || address.starts_with("ws")).collect();
    assert!(outside.is_empty() && !requests.is_empty(), "{outside:?} of {requests:?}");
}

#[test]
fn a_sheet_replaces_sheets_and_no_other_file() {
    let (folder, path) = sheet();
    let at = folder.path();
    assert_eq!(run(at, &["open", "shots"]).code, Some(0), "its own sheet is written anew");
    fs::write(at.join("mine.html"), "<!doctype html><p>mine").unwrap();
    let refused = run(at, &["open", "shots", "--out", "mine.html"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""));
    assert!(refused.stderr.contains("is no contact sheet"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(at.join("mine.html")).unwrap(), "<!doctype html><p>mine");
    let elsewhere = run(at, &["open", "shots", "1.2", "--out", "sheets.html", "--json"]);
    let written: serde_json::Value = serde_json::from_str(&elsewhere.stdout).unwrap();
    assert_eq!((&written["jobs"], &written["of"]), (&3.into(), &3.into()), "{}", elsewhere.stderr);
    let text = fs::read_to_string(at.join("sheets.html")).unwrap();
    assert!(text.contains("\"file\":\"out/simulated/shots/000002-dog-1.mp4\""), "clips are found from the sheet");
    assert_eq!(fs::read_to_string(&path).unwrap().matches("\"copies\":2").count(), 2);
}

#[test]
fn pictures_of_clips_are_made_once_and_a_clip_that_gives_none_is_shown_all_the_same() {
    let (folder, path) = sheet();
    // In the place of ffmpeg: it counts its calls, and fails for the second copy.
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    let calls = folder.path().join("calls");
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\necho \"$*\" >> '{}'\ncase \"$*\" in *-cat-2.mp4*) exit 1;; esac\nprintf picture > \"$last\"\n",
        calls.display()
    );
    fs::write(tools.join("ffmpeg"), script).unwrap();
    fs::set_permissions(tools.join("ffmpeg"), fs::Permissions::from_mode(0o755)).unwrap();
    let posters = || {
        let programs = format!("{}:/usr/bin:/bin", tools.display());
        let ended = reelq_with(folder.path(), &[("PATH", &programs)], &["open", "shots", "--simulate"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        fs::read_to_string(&path).unwrap().matches("\"poster\":\".reelq/posters/").count()
    };
    assert_eq!((posters(), posters()), (2, 2));
    let asked = fs::read_to_string(&calls).unwrap();
    assert_eq!(asked.lines().count(), 4, "the picture that failed is tried again, the others are there: {asked}");
    assert!(asked.lines().all(|call| call.contains("-protocol_whitelist file")), "{asked}");
}
