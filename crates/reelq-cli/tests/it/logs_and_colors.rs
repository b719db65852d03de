//! What a log tells, and where colours are.

use std::path::Path;

use assert_cmd::Command;

use crate::commands::folder;

const TWO_ROWS: &str = "prompt,model,duration\nA cat,minimax-hailuo-2.3,6\nA dog,minimax-hailuo-2.3,6\n";

fn stderr(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = Command::cargo_bin("reelq").unwrap();
    command.env_clear().env("HOME", folder).current_dir(folder).envs(variables.iter().copied()).args(args);
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

#[test]
fn each_purchase_is_a_line_of_the_log() {
    let folder = folder(&[("set.csv", TWO_ROWS)]);
    let told = stderr(folder.path(), &[], &["run", "set.csv", "--simulate", "--log", "info"]);
    let bought: Vec<_> = told.lines().filter(|line| line.contains("bought batch=set")).collect();
    assert_eq!(bought.len(), 2, "{told}");
    assert!(bought.iter().all(|line| line.contains("usd=\"0.3111\"") && line.contains("task=")), "{bought:?}");
}

#[test]
fn colors_follow_the_command_line_and_then_the_environment() {
    let folder = folder(&[("wrong.csv", "prompt,durration\nA cat,6\n")]);
    for (variables, flags, colored) in [
        (&[][..], &[][..], false),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], false),
        (&[("NO_COLOR", "1")], &["--color", "always"], true),
    ] {
        let told = stderr(folder.path(), variables, &[&["plan", "wrong.csv", "--simulate"], flags].concat());
        assert_eq!(told.contains('\u{1b}'), colored, "{variables:?} {flags:?}: {told:?}");
    }
}
