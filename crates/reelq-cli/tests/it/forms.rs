//! Files in the forms that people have, planned by the binary as their owners would.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use assert_cmd::Command;

fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A folder of its own with a copy of every file of `name`.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder_of(name)).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

struct Planned {
    code: Option<i32>,
    jobs: u64,
    said: String,
    json: serde_json::Value,
}

/// Plans, both for people and as JSON.
fn plan_with(folder: &Path, words: &[&str], input: &[u8]) -> Planned {
    let run = |json: &[&str]| {
        let mut command = Command::cargo_bin("reelq").unwrap();
        command.env_clear().env("HOME", folder).current_dir(folder);
        command.arg("plan").args(words).args(["--simulate", "--color", "never"]).args(json).write_stdin(input);
        command.output().unwrap()
    };
    let (told, data) = (run(&[]), run(&["--json"]));
    assert_eq!(told.status.code(), data.status.code());
    let json: serde_json::Value = serde_json::from_slice(&data.stdout).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&told.stderr) + &text(&told.stdout);
    Planned { code: told.status.code(), jobs: json["jobs"].as_u64().unwrap_or(0), said, json }
}

fn plan(folder: &Path, file: &str, words: &[&str]) -> Planned {
    let usual = ["--set", "model=minimax-hailuo-2.3", "--set", "duration=6"];
    plan_with(folder, &[&[file], &usual[..], words].concat(), b"")
}

#[test]
fn every_form_plans_as_its_table_says() {
    let folder = copied("forms");
    let mut table = csv::Reader::from_path(folder_of("forms/expected.csv")).unwrap();
    let mut files = std::collections::BTreeSet::new();
    for record in table.records() {
        let record = record.unwrap();
        let [file, flags, exit, jobs, told] = [0, 1, 2, 3, 4].map(|index| record[index].to_owned());
        let words: Vec<_> = ["--set", "model=minimax-hailuo-2.3"].into_iter().chain(flags.split_whitespace()).collect();
        let duration = if flags.contains("=duration") { vec![] } else { vec!["--set", "duration=6"] };
        let planned = plan_with(folder.path(), &[&[file.as_str()], &words[..], &duration[..]].concat(), b"");
        let shown = format!("{file} {flags}:\n{}", planned.said);
        assert_eq!((planned.code, planned.jobs), (exit.parse().ok(), jobs.parse().unwrap()), "{shown}");
        assert!(planned.said.contains(&told), "{told:?} is not told of {shown}");
        files.insert(file);
    }
    assert_eq!(files.len(), 16, "the table names each file");
}

#[test]
fn the_command_that_is_printed_for_a_file_without_a_prompt_column_plans_it() {
    let folder = copied("forms");
    let refused = plan(folder.path(), "drawbench.csv", &["--batch", "my batch's name"]);
    let command = refused.said.lines().find_map(|line| line.trim().strip_prefix("reelq ")).unwrap();
    let shell = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{} {command}", assert_cmd::cargo::cargo_bin("reelq").display()))
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&shell.stdout).into_owned() + &String::from_utf8_lossy(&shell.stderr);
    // A name may hold no blank: the printed command brings every word back as it was.
    assert!(told.contains("my batch's name"), "{told}");
    let planned = plan(folder.path(), "drawbench.csv", &["--map", "Prompts=prompt"]);
    assert_eq!((planned.code, planned.jobs), (Some(0), 2));
}

#[test]
fn a_workbook_is_read_by_its_first_sheet_or_the_named_one_and_errors_of_formulas_are_refused_by_cell() {
    let folder = copied("files");
    let first = plan(folder.path(), "prompts.xlsx", &[]);
    assert_eq!((first.code, first.jobs), (Some(0), 3), "{}", first.said);
    assert!(first.said.contains("the sheet `Prompts` is read"), "{}", first.said);
    assert!(first.said.contains("the columns are named on line 4"), "{}", first.said);
    // The second row has a duration of its own, and its price.
    assert_eq!(first.json["cost_usd"], 1.1407, "{}", first.json);
    let broken = plan(folder.path(), "prompts.xlsx", &["--sheet", "Broken"]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.said.contains("the cell `B3` holds `#REF!`"), "{}", broken.said);
    assert!(!broken.said.contains("`C2`"), "what is only carried is no reason: {}", broken.said);
    let absent = plan(folder.path(), "prompts.xlsx", &["--sheet", "Nowhere"]);
    assert!(absent.said.contains("its sheets are `Prompts`, `Broken`, `Hidden`"), "{}", absent.said);
    let formulas = plan(folder.path(), "formulas.ods", &[]);
    assert!(formulas.said.contains("the cell `B3` holds `#DIV/0!`"), "{}", formulas.said);
    assert_eq!(formulas.said.matches('×').count(), 1, "a formula's value is read: {}", formulas.said);
    fs::write(folder.path().join("torn.xlsx"), &fs::read(folder.path().join("prompts.xlsx")).unwrap()[..900]).unwrap();
    let torn = plan(folder.path(), "torn.xlsx", &[]);
    assert!(torn.code == Some(2) && torn.said.contains("no workbook that can be read"), "{}", torn.said);
}

#[test]
fn packed_files_are_read_and_their_batch_has_the_name_of_the_file_inside() {
    let folder = copied("files");
    for file in ["prompts.csv.gz", "prompts.csv.zst"] {
        let planned = plan(folder.path(), file, &[]);
        assert_eq!((planned.code, planned.jobs), (Some(0), 2), "{}", planned.said);
        assert_eq!(planned.json["batch"], "prompts");
    }
    let torn = fs::read(folder.path().join("prompts.csv.gz")).unwrap();
    fs::write(folder.path().join("torn.csv.gz"), &torn[..torn.len() - 12]).unwrap();
    let planned = plan(folder.path(), "torn.csv.gz", &[]);
    assert!(planned.code == Some(2) && planned.said.contains("cannot be read"), "{}", planned.said);
}

#[test]
fn standard_input_is_read_once_and_needs_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["-", "--set", "model=minimax-hailuo-2.3", "--set", "duration=6"];
    let named = plan_with(folder.path(), &[&words[..], &["--batch", "piped"]].concat(), "a fox\na dog\n".as_bytes());
    assert_eq!((named.code, named.jobs), (Some(0), 2), "{}", named.said);
    let nameless = plan_with(folder.path(), &words, b"a fox\na dog\n");
    assert!(nameless.code == Some(2) && nameless.said.contains("--batch NAME"), "{}", nameless.said);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"id,prompt\na,a kite\n").unwrap();
    let gzip = plan_with(folder.path(), &[&words[..], &["--batch", "piped"]].concat(), &packed.finish().unwrap());
    assert_eq!((gzip.code, gzip.jobs), (Some(0), 1), "{}", gzip.said);
}

#[test]
fn an_address_is_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    for address in ["https://files.example/prompts.csv", "http://files.example/prompts.csv"] {
        let planned = plan(folder.path(), address, &[]);
        assert!(planned.code == Some(2) && planned.said.contains("an address is not read"), "{}", planned.said);
    }
}

#[test]
fn other_encodings_are_named_with_a_preview_and_read_once_they_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let utf16: Vec<u8> = "\u{feff}id,prompt\na,猫在窗台\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, &str, &str); 4] = [
        (
            "gbk",
            b"id,prompt\na,\xd2\xbb\xd6\xbb\xba\xec\xc9\xab\xb5\xc4\xb7\xe7\xf3\xdd\n".to_vec(),
            "gbk",
            "一只红色的风筝",
        ),
        (
            "sjis",
            b"id,prompt\na,\x91\x8b\x95\xd3\x82\xcc\x94\x92\x82\xa2\x94\x4c\n".to_vec(),
            "shift_jis",
            "窓辺の白い猫",
        ),
        ("latin", b"id,prompt\na,un caf\xe9 au lait\n".to_vec(), "windows-1252", "un café au lait"),
        ("utf16", utf16, "utf-16le", "猫在窗台"),
    ];
    for (name, bytes, encoding, preview) in cases {
        let file = format!("{name}.csv");
        fs::write(folder.path().join(&file), bytes).unwrap();
        let refused = plan(folder.path(), &file, &[]);
        assert_eq!(refused.code, Some(2), "{}", refused.said);
        assert!(refused.said.contains(preview), "{encoding}: {}", refused.said);
        assert!(refused.said.contains(&format!("--encoding {encoding}")), "{}", refused.said);
        let read = plan(folder.path(), &file, &["--encoding", encoding]);
        assert_eq!((read.code, read.jobs), (Some(0), 1), "{}", read.said);
    }
    let wrong = plan(folder.path(), "gbk.csv", &["--encoding", "klingon"]);
    assert!(wrong.said.contains("no encoding is called `klingon`"), "{}", wrong.said);
    let other = plan(folder.path(), "latin.csv", &["--encoding", "utf-8"]);
    assert!(other.code == Some(2) && other.said.contains("is not valid UTF-8"), "{}", other.said);
}
