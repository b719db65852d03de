//! What is written for spreadsheets is opened by one: `soffice` reads every cell as it was written.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

use reelq_model::{Money, Timestamp};
use reelq_results::{COLUMNS, ClipLinks, ResultReader, ResultRecord, ResultWriter, WorkbookWriter};

use crate::results::record;

/// Texts that a spreadsheet runs, cuts, turns into numbers or cannot read, and those of other scripts.
const NASTY: [&str; 14] = [
    "=1+1",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+49 30 1",
    "-1",
    "@cmd|' /C calc'!A0",
    "\u{ff1d}1+1",
    "007",
    "1e5",
    "2026-11-21",
    "一只红色的风筝，在海边。キツネと雪 여우",
    "two\nlines, \"quoted\"; and\ttabs",
    " blanks at the edges ",
    "_x0041_ & <b>🎬</b>",
    "é",
];

fn records() -> Vec<ResultRecord> {
    let one = |(row, text): (u64, &&str)| ResultRecord {
        row: row + 1,
        id: Some((*text).to_owned()),
        prompt: (*text).to_owned(),
        cost_usd: Some(Money::from_micros(100_000 * (i64::try_from(row).unwrap() + 1) + 1)),
        queued_at: Some(Timestamp::from_millis(0)),
        passthrough: BTreeMap::from([("x_note".to_owned(), (*text).to_owned())]),
        ..record()
    };
    (0..).zip(NASTY.iter()).map(one).collect()
}

/// Lets `soffice` read a file and write it in another form, below `read/`.
fn convert(folder: &Path, file: &str, form: &str, reads: &[&str]) {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let output = Command::new("soffice")
        .args(["--headless", "--norestore", &profile])
        .args(reads)
        .args(["--convert-to", form, "--outdir"])
        .arg(folder.join("read"))
        .arg(folder.join(file))
        .output()
        .expect("LibreOffice is installed: `cargo xtask setup`");
    assert!(output.status.success(), "{output:?}");
}

/// What `soffice` makes of a file, cell by cell, numbers by their value and not by their looks.
fn opened(folder: &Path, file: &str, reads: &[&str]) -> Vec<Vec<String>> {
    convert(folder, file, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false", reads);
    let read: PathBuf = folder.join("read").join(Path::new(file).with_extension("csv"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&read).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The same as programs read it, each text as `shown`.
fn expected(shown: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let mut writer = ResultWriter::csv_for(ResultReader::Program, Vec::new(), vec!["x_note".to_owned()]).unwrap();
    for record in records() {
        writer.write(&record).unwrap();
    }
    let text = writer.finish().unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&text[..]);
    reader.records().map(|record| record.unwrap().iter().map(&shown).collect()).collect()
}

const NUMBERS: [&str; 6] = ["row", "copy", "submissions", "cost_usd", "run_s", "polls"];

fn compare(read: &[Vec<String>], expected: &[Vec<String>]) {
    assert_eq!(read.len(), expected.len());
    for (at, (read, expected)) in read.iter().zip(expected).enumerate() {
        assert_eq!(read.len(), expected.len());
        for (column, (read, expected)) in read.iter().zip(expected).enumerate() {
            let name = COLUMNS.get(column).copied().unwrap_or("x_note");
            if at > 0 && (NUMBERS.contains(&name) || name == "bytes") && !expected.is_empty() {
                assert_eq!(read.parse::<f64>(), expected.parse::<f64>(), "row {at}, {name}");
            } else {
                assert_eq!(read, expected, "row {at}, {name}");
            }
        }
    }
}

#[test]
fn libreoffice_reads_every_cell_of_a_workbook_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut book =
        WorkbookWriter::new(vec!["x_note".to_owned()], ClipLinks::between(Some(Path::new("/")), Path::new("/clips")))
            .unwrap();
    for record in records() {
        book.write(&record).unwrap();
    }
    book.finish(File::create(folder.path().join("results.xlsx")).unwrap()).unwrap();
    compare(&opened(folder.path(), "results.xlsx", &[]), &expected(str::to_owned));
}

#[test]
fn libreoffice_runs_nothing_of_a_table_for_spreadsheets() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("results.csv")).unwrap();
    let mut writer = ResultWriter::csv_for(ResultReader::Spreadsheet, file, vec!["x_note".to_owned()]).unwrap();
    for record in records() {
        writer.write(&record).unwrap();
    }
    drop(writer.finish().unwrap());
    let read = opened(folder.path(), "results.csv", &["--infilter=CSV:44,34,76,1"]);
    let ids: Vec<&str> = read[1..].iter().map(|row| row[9].as_str()).collect();
    for (cell, text) in ids.iter().zip(NASTY).filter(|(_, text)| text.starts_with(['=', '+', '-', '@', '\u{ff1d}'])) {
        assert_eq!(cell.strip_prefix('\''), Some(text), "it is shown, and not run");
    }
    for at in [9, 10, 11, 12, 13] {
        assert_eq!(ids[at], NASTY[at], "other texts are as they were");
    }
}

#[test]
fn libreoffice_finds_each_clip_from_the_workbooks_own_folder_or_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (clips, target) in [
        (ClipLinks::between(Some(root), &root.join("out/cats")), "xlink:href=\"../out/cats/000007-k7-2.mp4\""),
        (ClipLinks::between(None, Path::new("/far/out")), "/far/out/000007-k7-2.mp4\""),
        (ClipLinks::Address("s3://clips/tour/".to_owned()), "xlink:href=\"s3://clips/tour/000007-k7-2.mp4\""),
    ] {
        let mut book = WorkbookWriter::new(Vec::new(), clips).unwrap();
        book.write(&record()).unwrap();
        book.finish(File::create(root.join("results.xlsx")).unwrap()).unwrap();
        convert(root, "results.xlsx", "fods", &[]);
        let text = std::fs::read_to_string(root.join("read/results.fods")).unwrap();
        assert!(text.contains(target), "{target}: {:?}", text.lines().find(|line| line.contains("xlink:href")));
    }
}
