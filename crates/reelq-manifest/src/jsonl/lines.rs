//! Reads rows from JSON: one object a line, the items of a list, the entries of an object.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    items::ItemsError,
    pieces::{Piece, Pieces},
    shape::Shape,
};
use crate::{
    Problem,
    assemble::{FieldEntry, kind},
    csv::ColumnPlan,
    entries::{RowEntries, RowStep},
    input::Input,
    jsonl::{flatten, message, parse},
    location::{FieldSpans, Layer},
    names::RowField,
    not_utf8::not_utf8,
    template::row_variables,
};

/// A file of JSON rows that is being read.
#[derive(Debug)]
pub(crate) struct Lines {
    input: Input,
    plan: Arc<ColumnPlan>,
    pieces: Pieces,
}

const EXAMPLE: &str = "each row is one object, for example {\"prompt\": \"a red kite\"}";

impl Lines {
    /// Opens the file at its first row.
    pub(crate) fn open(input: &Input, shape: Shape, plan: &Arc<ColumnPlan>) -> Result<Self, Box<Problem>> {
        Ok(Self { input: input.clone(), plan: Arc::clone(plan), pieces: shape.open(input)? })
    }

    /// The first row's object, where it has one.
    pub(crate) fn first(mut self) -> Option<(Map<String, Value>, Layer)> {
        let piece = self.pieces.next().ok()??;
        match self.read(&piece).ok()? {
            (Value::Object(object), layer) => Some((object, layer)),
            _ => None,
        }
    }

    /// Reads on to the next row that is not empty.
    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> RowStep {
        loop {
            let piece = match self.pieces.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => return RowStep::End,
                Err(error) => {
                    problems.push(self.broken(&error));
                    return RowStep::End;
                }
            };
            match self.read(&piece) {
                Ok((value, layer)) => match self.row(value, layer, piece.key, problems) {
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

    fn broken(&self, error: &ItemsError) -> Problem {
        match error {
            ItemsError::Io(error) => *self.input.unreadable(error),
            ItemsError::Fault(fault) => {
                let mut problem = Problem::of_file(&self.input.path, fault.rule);
                problem.line = Some(fault.line);
                problem
            }
        }
    }

    fn read(&self, piece: &Piece) -> Result<(Value, Layer), Box<Problem>> {
        if !piece.is_whole {
            let start = String::from_utf8_lossy(&piece.bytes[..200]);
            let layer = Layer::plain(&self.input.path, &start, piece.line);
            let hint = "name images by path or address instead of pasting them";
            return Err(Box::new(layer.problem(0..0, "the row is longer than 1 MiB").with_hint(hint)));
        }
        let text = std::str::from_utf8(&piece.bytes)
            .map_err(|error| Box::new(not_utf8(&self.input.path, &piece.bytes, piece.offset, piece.line, error)))?;
        let mut layer = Layer::plain(&self.input.path, text, piece.line);
        match parse(text) {
            Ok(value) => {
                layer.fields = FieldSpans::Json { columns: Arc::clone(&self.plan.columns) };
                Ok((value, layer))
            }
            Err(error) => Err(Box::new(not_json(&layer, &error, self.pieces.word()))),
        }
    }

    /// The row of a text that is nothing but a prompt.
    fn of_text(text: String, layer: Layer) -> RowStep {
        let prompt = FieldEntry { target: RowField::Field(Arc::from("prompt")), value: Value::String(text) };
        let layer = Arc::new(layer);
        RowStep::Row(RowEntries { entries: vec![prompt], layer, variables: None, templated: false })
    }

    fn row(&self, value: Value, layer: Layer, key: Option<String>, problems: &mut Vec<Problem>) -> RowStep {
        let object = match value {
            Value::Object(object) => object,
            Value::String(text) if key.is_none() => {
                return Self::of_text(text, layer);
            }
            other => {
                let rule = format!("the {} holds {}, not an object", self.pieces.word(), kind(&other));
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
        let mut entries = flatten(object, &self.plan, &layer, problems);
        if problems.len() > before {
            return RowStep::Bad;
        }
        // The name of an entry is the row's own, unless it says another.
        if let Some(key) = key.filter(|_| !entries.iter().any(|entry| entry.target == RowField::Id)) {
            entries.push(FieldEntry { target: RowField::Id, value: Value::String(key) });
        }
        RowStep::Row(RowEntries { entries, layer: Arc::new(layer), variables, templated: false })
    }
}

fn not_json(layer: &Layer, error: &serde_json::Error, word: &str) -> Problem {
    let at = error.column().saturating_sub(1).min(layer.text.len().saturating_sub(1));
    let end = layer.text.len().min(at + 1);
    let problem = layer.problem(at..end, format!("the {word} is not a JSON object: {}", message(error)));
    if error.is_eof() && word == "line" {
        problem.with_hint("an object must stand on one line; `jq -c . pretty.json > rows.jsonl` makes it so")
    } else if layer.text.trim_start().starts_with('{') {
        problem
    } else {
        problem.with_hint(EXAMPLE)
    }
}
