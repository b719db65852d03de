//! A forecast says what is known, and what is not.

use std::path::Path;

use assert_cmd::Command;

const ROWS: &str = "id,prompt,model,duration\na,A cat,minimax-hailuo-2.3,6\nb,A dog,minimax-hailuo-2.3,6\n";

fn reelq(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("reelq").unwrap();
    let output = command.env_clear().env("HOME", folder).current_dir(folder).args(args).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_forecast_knows_no_end_before_any_job_ran_and_gives_one_with_its_bound_after() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("set.csv"), ROWS).unwrap();
    let (code, first) = reelq(folder.path(), &["forecast", "set.csv", "--simulate"]);
    assert_eq!(code, Some(0), "{first}");
    assert!(first.contains("when it is done is not known"), "{first}");
    assert!(first.contains("cost    about $0.6222"), "{first}");
    assert!(first.contains("failed  not known"), "{first}");

    assert_eq!(reelq(folder.path(), &["run", "set.csv", "--simulate"]).0, Some(0));
    std::fs::write(folder.path().join("more.csv"), ROWS.replace("A ", "Another ")).unwrap();
    let (_, learned) = reelq(folder.path(), &["forecast", "more.csv", "--simulate"]);
    assert!(learned.contains("done    in about"), "{learned}");
    let json = reelq(folder.path(), &["forecast", "more.csv", "--simulate", "--json"]).1;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["total"]["end_s"]["median"].is_u64(), "{json}");
    assert_eq!(json["total"]["cost"]["median_usd"], serde_json::json!(0.6222), "{json}");
    assert_eq!(json["accounts"][0]["account"], "wave", "{json}");
    assert_eq!(reelq(folder.path(), &["forecast", "more.csv", "--simulate"]).1.lines().nth(3), learned.lines().nth(3));
    let (_, nothing) = reelq(folder.path(), &["forecast", "set.csv", "--simulate"]);
    assert!(nothing.contains("there is nothing to buy"), "{nothing}");
}
