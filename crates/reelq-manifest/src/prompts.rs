//! Files of one prompt a line, as people write them down.

use std::sync::Arc;

use reelq_forms::{Bytes, Packing, RawLine};
use serde_json::Value;

use crate::{
    Problem,
    assemble::FieldEntry,
    csv::{ColumnPlan, single},
    entries::{RowEntries, RowStep},
    input::Input,
    limits,
    location::{FieldSpans, KeySpan, Layer},
    names::RowField,
    not_utf8::not_utf8,
    proposal::{ColumnProposal, is_prompt_name},
};

/// A file of prompts that is being read.
#[derive(Debug)]
pub(crate) struct PromptLines {
    input: Input,
    bytes: Bytes,
    line: u64,
}

/// What comments and items of lists begin with.
const MARKS: [&str; 6] = ["#", "//", "- ", "* ", "• ", "; "];

/// What the first line of a text file says of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// It names columns: the file is a table with this separator.
    Names,
    /// It is a prompt as the others are.
    Prompt,
}

/// Lines that are looked at to tell a table.
const LOOKED_AT: usize = 10;

/// Tells a table from lines of prompts, and asks where the first line may be either.
pub(crate) fn first_line(input: &Input, plan: &ColumnPlan) -> Result<FirstLine, Box<Problem>> {
    let mut lines = PromptLines::open(input)?;
    let mut texts = Vec::new();
    let mut number = 1;
    while texts.len() < LOOKED_AT {
        let Some(line) = lines.line().map_err(|error| input.unreadable(&error))? else { break };
        if texts.is_empty() {
            number = lines.line;
        }
        texts.push(String::from_utf8_lossy(&line.bytes).trim_matches(' ').to_owned());
    }
    let [text, rest @ ..] = texts.as_slice() else {
        return Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint("each line is one prompt")));
    };
    if plan.has_no_header {
        return Ok(FirstLine::Prompt);
    }
    if plan.names_some() || is_table(input, text, rest, plan) {
        return Ok(FirstLine::Names);
    }
    if !plan.needs_prompt {
        return Ok(FirstLine::Prompt);
    }
    let layer = || Layer::plain(&input.path, text, number);
    if is_prompt_name(text) && !rest.is_empty() {
        let proposal = ColumnProposal { map: (text.clone(), "prompt".to_owned()), ignore: Vec::new() };
        let rule = format!("the first line, `{text}`, is likely the name of the column");
        let problem = layer().problem(0..text.len(), rule).with_hint("where it is a prompt itself, add `--no-header`");
        return Err(Box::new(problem.with_proposal(proposal)));
    }
    if single::may_be_name(text, rest) {
        return Err(Box::new(single::doubtful(&layer(), text)));
    }
    Ok(FirstLine::Prompt)
}

/// Whether the lines are rows: the first one names columns, or all have the same separators. In a file that is called `.txt`
/// commas and semicolons belong to prose.
fn is_table(input: &Input, first: &str, rest: &[String], plan: &ColumnPlan) -> bool {
    let named = Packing::plain_name(&input.path);
    let is_text = named.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"));
    let is_like = |separator: char| {
        let count = |line: &str| line.matches(separator).count();
        count(first) > 0 && !rest.is_empty() && rest.iter().all(|line| count(line) == count(first))
    };
    single::names_columns(first, plan) || is_like('\t') || (!is_text && (is_like(',') || is_like(';')))
}

impl PromptLines {
    pub(crate) fn open(input: &Input) -> Result<Self, Box<Problem>> {
        Ok(Self { input: input.clone(), bytes: input.open()?, line: 0 })
    }

    /// The next line that is not blank.
    fn line(&mut self) -> std::io::Result<Option<RawLine>> {
        while let Some(line) = self.bytes.line(limits::ROW_BYTES)? {
            self.line += 1;
            // A lone 0x1a is how old programs end a file.
            if !line.bytes.trim_ascii().is_empty() && line.bytes != [0x1a] {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> RowStep {
        let line = match self.line() {
            Ok(Some(line)) => line,
            Ok(None) => return RowStep::End,
            Err(error) => {
                problems.push(*self.input.unreadable(&error));
                return RowStep::End;
            }
        };
        match self.read(&line, problems) {
            Ok(row) => RowStep::Row(row),
            Err(problem) => {
                problems.push(*problem);
                RowStep::Bad
            }
        }
    }

    fn read(&self, line: &RawLine, problems: &mut Vec<Problem>) -> Result<RowEntries, Box<Problem>> {
        let text = std::str::from_utf8(&line.bytes)
            .map_err(|error| Box::new(not_utf8(&self.input.path, &line.bytes, line.offset, self.line, error)))?;
        let plain = Layer::plain(&self.input.path, text, self.line);
        if !line.whole {
            return Err(Box::new(plain.problem(0..1, "the line is longer than 1 MiB")));
        }
        if let Some(mark) = MARKS.iter().find(|mark| text.trim_start().starts_with(**mark)) {
            let rule = format!("the line begins with `{}`, and is bought as it stands", mark.trim());
            let problem = plain.problem(0..text.len(), rule).with_field("prompt");
            problems.push(problem.with_hint("take out what is no part of the prompt").into_warning());
        }
        let span = KeySpan { key: 0..text.len(), value: 0..text.len() };
        let fields = FieldSpans::Keys(Arc::new([("prompt".to_owned(), span)].into()));
        let prompt =
            FieldEntry { target: RowField::Field(Arc::from("prompt")), value: Value::String(text.trim().to_owned()) };
        let layer = Arc::new(Layer { fields, ..plain });
        Ok(RowEntries { entries: vec![prompt], layer, variables: None, templated: false })
    }
}
