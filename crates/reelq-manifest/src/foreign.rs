//! Files that are clearly something else than their name says: told by their beginning, before any line of them is a prompt.

use crate::{Format, Problem, input::Input};

/// What files of other kinds begin with, after blanks; what they are, and what to do.
const KINDS: [(&[u8], &str, &str); 12] = [
    (b"<!doctype", "a web page", PAGE),
    (b"<html", "a web page", PAGE),
    (b"<?xml", "XML", SAVE),
    (b"{\\rtf", "a document of a word processor", SAVE),
    (b"%pdf", "a PDF", SAVE),
    (b"\x89png", "a picture", SAVE),
    (b"\xff\xd8\xff", "a picture", SAVE),
    (b"gif8", "a picture", SAVE),
    (b"par1", "a Parquet file", "write it as CSV or JSON lines"),
    (b"sqlite format 3", "a database", "export its table as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "fetch the file: `git lfs pull`"),
    (b"bzh", "a bzip2 file", "unpack it, or pack it with gzip or zstd"),
];

const PAGE: &str = "it may be what a server shows to who is not logged in: download the file itself";
const SAVE: &str = "save its rows as CSV, or as text of one prompt a line";

/// Refuses a file that is something else.
pub(crate) fn refuse(input: &Input, format: Format) -> Result<(), Box<Problem>> {
    let start = input.start()?;
    let begins = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    let is_of = |magic: &[u8]| begins.get(..magic.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(magic));
    if let Some((_, what, hint)) = KINDS.iter().find(|(magic, ..)| is_of(magic)) {
        return Err(of(input, &format!("the file is {what}"), hint));
    }
    if matches!(format, Format::Csv | Format::Tsv) && is_json(begins) {
        return Err(of(input, "the file holds JSON, not a table", "give it the ending .json, or .jsonl"));
    }
    if matches!(format, Format::Csv | Format::Text) && is_picture_info(&start) {
        let rule = "the file holds what a picture was made with (`Negative prompt:`, `Steps:`), not one prompt a line";
        return Err(of(input, rule, "write the prompts alone, one a line"));
    }
    Ok(())
}

fn of(input: &Input, rule: &str, hint: &str) -> Box<Problem> {
    Box::new(Problem::of_file(&input.path, rule).with_hint(hint))
}

fn is_json(begins: &[u8]) -> bool {
    let inside = begins.strip_prefix(b"[").or_else(|| begins.strip_prefix(b"{")).map(<[u8]>::trim_ascii_start);
    inside.is_some_and(|inside| {
        inside.starts_with(b"{") && begins.starts_with(b"[") || (inside.starts_with(b"\"") && ends_as_json(begins))
    })
}

/// `["a", "b"]` on one line, which is no header.
fn ends_as_json(begins: &[u8]) -> bool {
    let line = begins.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(line).is_ok()
}

fn is_picture_info(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    let mut lines = text.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("Steps: ") && line.contains("Sampler: "))
}
