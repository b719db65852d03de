//! Files of one prompt a line, as people write them down.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Problem,
    assemble::FieldEntry,
    bytes::{Bytes, RawLine},
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

/// What the first line of a text file says of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// It names columns: the file is a table with this separator.
    Names,
    /// It is a prompt as the others are.
    Prompt,
}

/// Tells a table from lines of prompts, and asks where the first line may be either.
pub(crate) fn first_line(input: &Input, plan: &ColumnPlan) -> Result<FirstLine, Box<Problem>> {
    let mut lines = PromptLines::open(input)?;
    let unreadable = |error| input.unreadable(&error);
    let Some(first) = lines.line().map_err(unreadable)? else {
        let hint = "each line is one prompt";
        return Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(hint)));
    };
    let (text, number) = (String::from_utf8_lossy(&first.bytes).trim().to_owned(), lines.line);
    if plan.has_no_header || !plan.needs_prompt && !single::names_columns(&text, plan) {
        return Ok(FirstLine::Prompt);
    }
    if single::names_columns(&text, plan) {
        return Ok(FirstLine::Names);
    }
    let is_alone = lines.line().map_err(unreadable)?.is_none();
    let layer = || Layer::plain(&input.path, &text, number);
    if is_prompt_name(&text) && !is_alone {
        let proposal = ColumnProposal { map: (text.clone(), "prompt".to_owned()), ignore: Vec::new() };
        let rule = format!("the first line, `{text}`, is likely the name of the column");
        let problem = layer().problem(0..text.len(), rule).with_hint("where it is a prompt itself, add `--no-header`");
        return Err(Box::new(problem.with_proposal(proposal)));
    }
    if single::may_be_name(&text) && !is_alone {
        return Err(Box::new(single::doubtful(&layer(), &text)));
    }
    Ok(FirstLine::Prompt)
}

impl PromptLines {
    pub(crate) fn open(input: &Input) -> Result<Self, Box<Problem>> {
        Ok(Self { input: input.clone(), bytes: input.open()?, line: 0 })
    }

    /// The next line that is not blank.
    fn line(&mut self) -> std::io::Result<Option<RawLine>> {
        while let Some(line) = self.bytes.line(limits::ROW_BYTES)? {
            self.line += 1;
            if !line.bytes.trim_ascii().is_empty() {
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
        if text.trim_start().starts_with('#') {
            let problem = plain.problem(0..text.len(), "the line begins with `#`, and is bought as it stands");
            problems.push(problem.with_field("prompt").with_hint("take it out if it is a comment").into_warning());
        }
        let span = KeySpan { key: 0..text.len(), value: 0..text.len() };
        let fields = FieldSpans::Keys(Arc::new([("prompt".to_owned(), span)].into()));
        let prompt =
            FieldEntry { target: RowField::Field(Arc::from("prompt")), value: Value::String(text.trim().to_owned()) };
        let layer = Arc::new(Layer { fields, ..plain });
        Ok(RowEntries { entries: vec![prompt], layer, variables: None, templated: false })
    }
}
