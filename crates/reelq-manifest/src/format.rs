//! Which of the four forms a manifest has.

use std::path::Path;

/// The form of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Cells separated by commas, or by whatever the header line uses.
    Csv,
    /// Cells separated by tabs.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// `[batch]`, `[defaults]`, `[[jobs]]` and `[[sources]]`.
    Toml,
}

impl Format {
    /// Reads a file's extension, or the name of a format; `None` where it is neither.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    /// Goes by the extension, and by the content where the extension says nothing.
    pub(crate) fn detect(path: &Path, start: &[u8]) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.and_then(Self::from_word).unwrap_or_else(|| Self::sniff(start))
    }

    fn sniff(start: &[u8]) -> Self {
        let text = String::from_utf8_lossy(start);
        let first = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let first = first.into_iter().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
        if first.starts_with('{') {
            Self::Jsonl
        } else if first.starts_with('[') || is_assignment(first) {
            Self::Toml
        } else if first.contains('\t') {
            Self::Tsv
        } else {
            Self::Csv
        }
    }
}

fn is_assignment(line: &str) -> bool {
    let key = line.split_once('=').map(|(key, _)| key.trim());
    key.is_some_and(|key| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_where_the_extension_says_nothing() {
        let cases: [(&str, &str, Format); 7] = [
            ("jobs.CSV", "{", Format::Csv),
            ("jobs.ndjson", "a,b", Format::Jsonl),
            ("jobs", "\u{feff}\n {\"prompt\":1}", Format::Jsonl),
            ("jobs.txt", "# hello\n[batch]\n", Format::Toml),
            ("jobs.txt", "batch.name = \"x\"\n", Format::Toml),
            ("jobs.txt", "id\tprompt\n", Format::Tsv),
            ("jobs.txt", "id,prompt\n", Format::Csv),
        ];
        for (path, start, format) in cases {
            assert_eq!(Format::detect(Path::new(path), start.as_bytes()), format, "{path} {start:?}");
        }
    }
}
