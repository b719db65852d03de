//! Which form a manifest has.

use std::{ffi::OsStr, path::Path};

use reelq_forms::Packing;

/// The form of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Cells separated by commas, or by whatever the header line uses.
    Csv,
    /// Cells separated by tabs.
    Tsv,
    /// One prompt a line, or a table where the first line names columns.
    Text,
    /// One JSON object a line.
    Jsonl,
    /// A JSON list, or a JSON object of objects.
    Json,
    /// A YAML list, or a mapping of mappings.
    Yaml,
    /// A sheet of a workbook: `.xlsx`, `.ods` and their kin.
    Workbook,
    /// `[batch]`, `[defaults]`, `[[jobs]]` and `[[sources]]`.
    Toml,
}

/// What a workbook's bytes begin with: a zip, or the older form of Excel.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", &[0xd0, 0xcf, 0x11, 0xe0]];

impl Format {
    /// The words that a source's `format` takes.
    pub(crate) const WORDS: &'static str = "csv, tsv, txt, jsonl, json, yaml, xlsx or ods";

    /// Reads a file's extension, or the name of a format; `None` where it is neither.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "txt" | "text" => Some(Self::Text),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => Some(Self::Workbook),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// Goes by the extension, and by the content where the extension says nothing or the content cannot be of it.
    pub(crate) fn detect(path: &Path, start: &[u8]) -> Self {
        if WORKBOOKS.iter().any(|magic| start.starts_with(magic)) {
            return Self::Workbook;
        }
        let name = Packing::plain_name(path);
        let extension = name.extension().and_then(OsStr::to_str).and_then(Self::from_word);
        match extension {
            Some(Self::Text) => Self::sniff(start),
            None if is_yaml(start) => Self::Yaml,
            None => Self::sniff(start),
            Some(format) => format,
        }
    }

    fn sniff(start: &[u8]) -> Self {
        let text = String::from_utf8_lossy(start);
        let first = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let first = first.into_iter().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        let list = first.strip_prefix('[').map(str::trim_start);
        if first.starts_with('{') && !is_placeholder(first) {
            Self::Jsonl
        } else if list.is_some_and(|rest| rest.is_empty() || rest.starts_with(['{', '"'])) {
            Self::Json
        } else if is_section(first) || is_assignment(first) {
            Self::Toml
        } else {
            Self::Text
        }
    }
}

/// A list as YAML has it, under a name that says nothing.
fn is_yaml(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    text.lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.starts_with("- "))
}

/// `{red|blue} kite` and `{{subject}}` begin prompts, and no object.
fn is_placeholder(line: &str) -> bool {
    !line[1..].trim_start().starts_with(['"', '}']) && line.len() > 1
}

/// `[batch]`, but not `[Pan left] a harbour`.
fn is_section(line: &str) -> bool {
    let name = line.trim_start_matches('[');
    let inside = name.split_once(']').map(|(inside, after)| (inside.trim(), after.trim_start_matches(']').trim()));
    line.starts_with('[')
        && inside.is_some_and(|(inside, after)| is_key(inside) && (after.is_empty() || after.starts_with('#')))
}

fn is_assignment(line: &str) -> bool {
    line.split_once('=').is_some_and(|(key, _)| is_key(key.trim()))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_where_the_extension_says_nothing() {
        let cases: [(&str, &str, Format); 15] = [
            ("jobs.CSV", "{", Format::Csv),
            ("jobs.csv.gz", "id", Format::Csv),
            ("jobs.ndjson", "a,b", Format::Jsonl),
            ("jobs.yml", "- a", Format::Yaml),
            ("jobs.csv", "PK\u{3}\u{4}", Format::Workbook),
            ("jobs", "\u{feff}\n {\"prompt\":1}", Format::Jsonl),
            ("jobs", "[\n {", Format::Json),
            ("jobs", "[\"a\"]", Format::Json),
            ("jobs.txt", "# hello\n[batch]\n", Format::Toml),
            ("jobs.txt", "batch.name = \"x\"\n", Format::Toml),
            ("jobs.txt", "[Pan left] a harbour\n", Format::Text),
            ("jobs.txt", "{{red|blue}} kites\n", Format::Text),
            ("jobs.txt", "{red|blue} kites\n", Format::Text),
            ("jobs.txt", "id,prompt\n", Format::Text),
            ("-", "a fox\n", Format::Text),
        ];
        for (path, start, format) in cases {
            assert_eq!(Format::detect(Path::new(path), start.as_bytes()), format, "{path} {start:?}");
        }
    }
}
