//! Draws problems for people, in miette's style.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::Problem;

/// The excerpt stands alone, yet is numbered as the line of the file that it is.
impl SourceCode for Problem {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.excerpt.as_ref().map_or("", |excerpt| excerpt.text.as_str());
        let index = |number: Option<u64>| number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).saturating_sub(1);
        // Asked for the span alone, miette wants its column for the heading; else it wants whole lines.
        let (span, column) = if lines_before == 0 { (*span, index(self.column)) } else { ((0, text.len()).into(), 0) };
        let end = span.offset().checked_add(span.len()).ok_or(MietteError::OutOfBounds)?;
        let data = text.as_bytes().get(span.offset()..end).ok_or(MietteError::OutOfBounds)?;
        let name = self.file.display().to_string();
        Ok(Box::new(MietteSpanContents::new_named(name, data, span, index(self.line), column, 1)))
    }
}

/// The problem with its rule alone as the heading: the location is drawn below it.
#[derive(Debug)]
struct Headed<'a>(&'a Problem);

impl fmt::Display for Headed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.excerpt.is_some() {
            return f.write_str(&self.0.rule);
        }
        write!(f, "{}", self.0.file.display())?;
        for number in [self.0.line, self.0.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.0.rule)
    }
}

impl std::error::Error for Headed<'_> {}

impl Diagnostic for Headed<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Diagnostic::severity(self.0)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help()
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }
}

/// Draws one problem.
pub(crate) fn draw(problem: &Problem, color: bool, width: usize) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false);
    let mut drawn = String::new();
    let problem = &problem.seen();
    match handler.render_report(&mut drawn, &Headed(problem)) {
        Ok(()) => drawn,
        Err(fmt::Error) => format!("{problem}\n"),
    }
}
