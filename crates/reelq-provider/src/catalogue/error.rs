//! What is wrong with a catalogue file.

/// A catalogue file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is not TOML, or a key or value is not of the documented form.
    #[error("{origin}{}: {message}", at_line(*.line))]
    Form {
        /// Where the text came from.
        origin: String,
        /// The line, where it is known.
        line: Option<usize>,
        /// The parser's message.
        message: String,
    },
    /// It is well formed and contradicts itself.
    #[error("{origin}{}: `{key}` {rule}", at_line(*.line))]
    Meaning {
        /// Where the text came from.
        origin: String,
        /// The line, where the key stands in this text.
        line: Option<usize>,
        /// The offending key, dotted.
        key: String,
        /// The rule that it breaks, as the end of a sentence.
        rule: String,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

impl CatalogueError {
    /// Turns the parser's error into ours, with the line that it names.
    pub(crate) fn form(origin: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| line_at(text, span.start));
        Self::Form { origin: origin.to_owned(), line, message: error.message().trim_end().replace('\n', "; ") }
    }

    /// A contradiction at `key`, whose last part is looked for in `text`.
    pub(crate) fn meaning(origin: &str, text: &str, key: &[&str], rule: impl Into<String>) -> Self {
        let (origin, key, line) = (origin.to_owned(), key.join("."), line_of(text, key));
        Self::Meaning { origin, line, key, rule: rule.into() }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Finds the line where the parts of `key` have all been seen, in their order.
fn line_of(text: &str, key: &[&str]) -> Option<usize> {
    let mut offset = 0;
    for part in key {
        offset += text.get(offset..)?.find(part)?;
    }
    Some(line_at(text, offset))
}
