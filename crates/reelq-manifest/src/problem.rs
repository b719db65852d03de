//! One thing wrong, or likely wrong, with a manifest, and where it stands.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use miette::{Diagnostic, LabeledSpan, SourceCode};
use reelq_model::{Severity, is_hidden, visible, visible_char};
use serde::{Serialize, Serializer};

use crate::{ColumnProposal, GroupedProblems};

/// One thing wrong, or likely wrong, with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether it stops the manifest.
    pub severity: Severity,
    /// The file that it stands in.
    #[serde(serialize_with = "write_path")]
    pub file: PathBuf,
    /// The physical line, from 1.
    pub line: Option<u64>,
    /// The column in characters, from 1.
    pub column: Option<u64>,
    /// The column, key or request field.
    pub field: Option<String>,
    /// The offending text, cut to a readable length.
    pub value: Option<String>,
    /// The rule, as a sentence without a full stop.
    pub rule: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line itself, with the location to look at.
    pub excerpt: Option<Excerpt>,
    /// What the file likely means, to be agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ColumnProposal>,
    /// The further rows that have it too.
    #[serde(rename = "alike", skip_serializing_if = "GroupedProblems::is_empty")]
    pub grouped: GroupedProblems,
}

/// A line of the file, cut around the location to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The line, or the part of it around the location.
    pub text: String,
    /// Where the location begins in `text`, in bytes.
    pub offset: usize,
    /// The length of the location in bytes.
    pub length: usize,
}

impl Excerpt {
    /// Each hidden character becomes one that can be seen, so that what is pointed at stays where it is.
    fn seen(&self) -> Self {
        let part = |from: usize, to: usize| -> String {
            self.text.get(from..to).unwrap_or_default().chars().map(visible_char).collect()
        };
        let end = self.offset.saturating_add(self.length).min(self.text.len());
        let (before, at, after) = (part(0, self.offset), part(self.offset, end), part(end, self.text.len()));
        Self { offset: before.len(), length: at.len(), text: before + &at + &after }
    }
}

fn write_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

impl Problem {
    /// An error that concerns a file as a whole.
    pub(crate) fn of_file(file: &Path, rule: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: None,
            column: None,
            field: None,
            value: None,
            rule: rule.into(),
            hint: None,
            excerpt: None,
            proposal: None,
            grouped: GroupedProblems::default(),
        }
    }

    /// An error in what was said beside a manifest: `origin` is the flag.
    pub fn said(origin: &str, rule: impl Into<String>) -> Self {
        Self::of_file(Path::new(origin), rule)
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_proposal(mut self, proposal: ColumnProposal) -> Self {
        self.proposal = Some(proposal);
        self
    }

    pub(crate) fn with_field(mut self, field: &str) -> Self {
        self.field = Some(readable(field));
        self
    }

    /// The same with the offending text, cut to a readable length.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(readable(value));
        self
    }

    /// The same as it may be drawn on a screen: nothing of it steers a terminal.
    pub(crate) fn seen(&self) -> Self {
        let seen = |text: &String| visible(text).into_owned();
        Self {
            severity: self.severity,
            file: PathBuf::from(seen(&self.file.display().to_string())),
            line: self.line,
            column: self.column,
            field: self.field.as_ref().map(seen),
            value: self.value.as_ref().map(seen),
            rule: seen(&self.rule),
            hint: self.hint.as_ref().map(seen),
            excerpt: self.excerpt.as_ref().map(Excerpt::seen),
            proposal: None,
            grouped: self.grouped.clone(),
        }
    }

    pub(crate) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Cuts a text to a length that a message can hold, and makes control characters visible.
pub(crate) fn readable(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        if c.is_control() || is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

impl fmt::Display for Problem {
    /// Writes one line: location, severity, rule, and the offending value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, ": {severity}: {}", self.rule)?;
        match (&self.field, &self.value) {
            (Some(field), Some(value)) => write!(f, " ({field} = `{value}`)"),
            (Some(field), None) => write!(f, " ({field})"),
            (None, Some(value)) => write!(f, " (`{value}`)"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|_| self as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::new(Some(self.label()), excerpt.offset, excerpt.length);
        Some(Box::new(std::iter::once(label)))
    }
}

impl Problem {
    /// Names the field, and the value too where the excerpt does not show it as it is (a template, a default).
    fn label(&self) -> String {
        let shown = self.excerpt.as_ref().and_then(|e| e.text.get(e.offset..e.offset + e.length)).unwrap_or_default();
        match (&self.field, &self.value) {
            (Some(field), Some(value)) if !shown.contains(value.trim_end_matches('…')) => {
                format!("{field} = `{value}`")
            }
            (Some(field), _) => field.clone(),
            (None, _) => "here".to_owned(),
        }
    }
}
