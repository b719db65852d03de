//! Files that are no manifest, or only in part: each is refused with what is wrong, and none is bought in part.

use std::{fs, io::Write as _};

use assert_cmd::Command;

/// The exit code, the jobs of the plan, and what was said.
fn plan(file: &str, bytes: &[u8], words: &[&str]) -> (Option<i32>, Option<u64>, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file), bytes).unwrap();
    let mut command = Command::cargo_bin("reelq").unwrap();
    command.env_clear().env("HOME", folder.path()).current_dir(folder.path());
    command.args(["plan", file, "--simulate", "--json", "--set", "model=minimax-hailuo-2.3", "--set", "duration=6"]);
    let output = command.args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), json["jobs"].as_u64(), said)
}

#[test]
fn what_no_one_can_have_meant_as_rows_is_refused() {
    for (file, bytes, told) in [
        ("after.json", "[\"A cat\"]\n[\"A dog\"]\n", "something follows the closing bracket"),
        ("lists.json", "[[\"A cat\", 1], [\"A dog\", 2]]", "holds a list, not an object"),
        ("beside.json", "{\"model\": \"wan-2.5\", \"prompts\": [\"A cat\"]}", "`model` stands beside the list of rows"),
        ("cut.json", "[\"A cat\", \"A d", "end"),
        ("twice.csv", "prompt,prompt\nA cat,A dog\n", "two columns mean `prompt`"),
        ("words.csv", "The prompt,How long\nA cat,6\n", "the likeliest is `The prompt`"),
        ("header.csv", "Text of the shot\nA cat\nA dog\n", "the name of the column, or the first prompt?"),
        ("page.csv", "<!DOCTYPE html><html><body>Sign in</body></html>\n", "the file is a web page"),
        ("empty.csv", "", "the file is empty"),
        ("only-header.csv", "prompt,duration\n", "no rows"),
    ] {
        let (code, jobs, said) = plan(file, bytes.as_bytes(), &[]);
        assert_eq!((code, jobs), (Some(2), None), "{file}: {said}");
        assert!(said.contains(told), "{told:?} is not told of {file}: {said}");
    }
}

#[test]
fn bytes_of_another_program_and_torn_archives_are_refused() {
    let (code, _, said) = plan("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[]);
    assert!(code == Some(2) && said.contains("the file is a picture"), "{said}");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"[\"A cat\", \"A dog\"]").unwrap();
    let whole = packed.finish().unwrap();
    assert_eq!(plan("list.json.gz", &whole, &[]).1, Some(2), "whole, it is read");
    let (code, jobs, said) = plan("list.json.gz", &whole[..whole.len() - 6], &[]);
    assert_eq!((code, jobs), (Some(2), None), "{said}");
}

#[test]
fn a_control_character_in_a_prompt_is_warned_of_and_kept() {
    let (code, jobs, said) = plan("control.csv", b"prompt\nA \x07cat\n", &[]);
    assert_eq!((code, jobs), (Some(0), Some(1)), "{said}");
    assert!(said.contains("`prompt` holds a control character"), "{said}");
}

#[test]
fn a_file_without_an_ending_is_read_by_what_it_holds() {
    for bytes in
        ["prompt,duration\nA cat,6\nA dog,6\n", "- A cat\n- A dog\n", "[\"A cat\", \"A dog\"]", "A cat\nA dog\n"]
    {
        let (code, jobs, said) = plan("prompts", bytes.as_bytes(), &[]);
        assert_eq!((code, jobs), (Some(0), Some(2)), "{bytes:?}: {said}");
    }
}

#[test]
fn an_encoding_that_would_spoil_a_text_is_refused() {
    let (code, _, said) = plan("cats.csv", "prompt\n猫\n".as_bytes(), &["--encoding", "windows-1252"]);
    assert!(code == Some(2) && said.contains("is UTF-8 already"), "{said}");
}
