//! Reads rows from a file of JSON lines.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Problem,
    assemble::kind,
    bytes::{Bytes, RawLine},
    csv::{ColumnPlan, not_utf8},
    entries::{RowEntries, RowStep},
    input::Input,
    jsonl::{flatten, message, parse},
    limits,
    location::{FieldSpans, Layer},
    template::row_variables,
};

/// A file of JSON lines that is being read.
#[derive(Debug)]
pub(crate) struct Lines {
    input: Input,
    plan: Arc<ColumnPlan>,
    bytes: Bytes,
    line: u64,
}

const EXAMPLE: &str = "each line is one object, for example {\"prompt\": \"a red kite\"}";

impl Lines {
    /// Checks what can be told without reading the rows.
    pub(crate) fn check(input: &Input) -> Result<(), Box<Problem>> {
        let mut bytes = input.open()?;
        let start = bytes.start(4096).map_err(|error| input.unreadable(&error))?.trim_ascii_start();
        match start.first() {
            None => Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(EXAMPLE))),
            Some(b'[') => {
                let rule = "the file is a JSON list, not one object a line";
                let hint = "turn it into lines: `jq -c '.[]' list.json > rows.jsonl`";
                let mut problem = Problem::of_file(&input.path, rule).with_hint(hint);
                (problem.line, problem.column) = (Some(1), Some(1));
                Err(Box::new(problem))
            }
            Some(_) => Ok(()),
        }
    }

    /// Opens the file at its first line.
    pub(crate) fn open(input: &Input, plan: &Arc<ColumnPlan>) -> Result<Self, Box<Problem>> {
        Ok(Self { input: input.clone(), plan: Arc::clone(plan), bytes: input.open()?, line: 0 })
    }

    /// Reads on to the next row that is not empty.
    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> RowStep {
        loop {
            let line = match self.bytes.line(limits::ROW_BYTES) {
                Ok(Some(line)) => line,
                Ok(None) => return RowStep::End,
                Err(error) => {
                    problems.push(*self.input.unreadable(&error));
                    return RowStep::End;
                }
            };
            self.line += 1;
            if line.whole && line.bytes.trim_ascii().is_empty() {
                continue;
            }
            match self.read(&line) {
                Ok((value, layer)) => match self.row(value, layer, problems) {
                    RowStep::Left => {}
                    step => return step,
                },
                Err(problem) => {
                    problems.push(*problem);
                    return RowStep::Bad;
                }
            }
        }
    }

    fn read(&self, line: &RawLine) -> Result<(Value, Layer), Box<Problem>> {
        if !line.whole {
            let start = String::from_utf8_lossy(&line.bytes[..200]);
            let layer = Layer::plain(&self.input.path, &start, self.line);
            let hint = "name images by path or address instead of pasting them";
            return Err(Box::new(layer.problem(0..0, "the row is longer than 1 MiB").with_hint(hint)));
        }
        let text = std::str::from_utf8(&line.bytes)
            .map_err(|error| Box::new(not_utf8(&self.input.path, &line.bytes, line.offset, self.line, error)))?;
        let mut layer = Layer::plain(&self.input.path, text, self.line);
        match parse(text) {
            Ok(value) => {
                layer.fields = FieldSpans::Json { columns: Arc::clone(&self.plan.columns) };
                Ok((value, layer))
            }
            Err(error) => Err(Box::new(not_json(&layer, &error))),
        }
    }

    fn row(&self, value: Value, layer: Layer, problems: &mut Vec<Problem>) -> RowStep {
        let object = match value {
            Value::Object(object) => object,
            other => {
                let rule = format!("the line holds {}, not an object", kind(&other));
                problems.push(layer.problem(layer.whole.clone(), rule).with_hint(EXAMPLE));
                return RowStep::Bad;
            }
        };
        let wanted = self.plan.filter.is_some() || self.plan.has_templates;
        let variables = wanted.then(|| row_variables(object.clone()));
        if let (Some(filter), Some(variables)) = (&self.plan.filter, &variables) {
            match filter.keeps(variables, &layer) {
                Ok(true) => {}
                Ok(false) => return RowStep::Left,
                Err(problem) => {
                    problems.push(*problem);
                    return RowStep::Bad;
                }
            }
        }
        let before = problems.len();
        let entries = flatten(object, &self.plan, &layer, problems);
        if problems.len() > before {
            return RowStep::Bad;
        }
        RowStep::Row(RowEntries { entries, layer: Arc::new(layer), variables, templated: false })
    }
}

fn not_json(layer: &Layer, error: &serde_json::Error) -> Problem {
    let at = error.column().saturating_sub(1).min(layer.text.len().saturating_sub(1));
    let end = layer.text.len().min(at + 1);
    let problem = layer.problem(at..end, format!("the line is not a JSON object: {}", message(error)));
    if error.is_eof() {
        problem.with_hint("an object must stand on one line; `jq -c . pretty.json > rows.jsonl` makes it so")
    } else if layer.text.trim_start().starts_with('{') {
        problem
    } else {
        problem.with_hint(EXAMPLE)
    }
}
