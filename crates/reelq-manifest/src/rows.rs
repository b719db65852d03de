//! Reads all rows of a manifest, one after the other, and every problem on the way.

use std::{collections::VecDeque, path::Path, sync::Arc};

use crate::{
    Problem, Row, Spans,
    assemble::{FieldEntry, assemble, plain},
    cli_defaults::OuterDefaults,
    entries::{RowEntries, RowStep},
    labels::Labels,
    source::{RowSource, SourceReader},
};

/// The rows of a manifest and its problems, in the order of the file; a problem never ends it, except one of reading.
///
/// Warnings come as `Err` too, beside the row that they are about: look at [`Problem::severity`].
#[derive(Debug)]
pub struct Rows {
    sources: Arc<[RowSource]>,
    file: Arc<Path>,
    /// For rows that take a value from nowhere else.
    outer: OuterDefaults,
    source: usize,
    reading: Option<SourceReader>,
    /// Rows met so far, bad ones counted.
    number: u64,
    /// Rows of the current source.
    in_source: u64,
    labels: Labels,
    queue: VecDeque<Result<Row, Problem>>,
    faultless: bool,
    ended: bool,
}

impl Iterator for Rows {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(item);
            }
            if self.ended {
                return None;
            }
            self.advance();
        }
    }
}

impl Rows {
    pub(crate) fn new(
        sources: Arc<[RowSource]>,
        problems: Vec<Problem>,
        file: &Arc<Path>,
        outer: OuterDefaults,
    ) -> Self {
        let faultless = problems.is_empty();
        Self {
            sources,
            file: Arc::clone(file),
            outer,
            source: 0,
            reading: None,
            number: 0,
            in_source: 0,
            labels: Labels::default(),
            queue: problems.into_iter().map(Err).collect(),
            faultless,
            ended: false,
        }
    }

    fn advance(&mut self) {
        let sources = Arc::clone(&self.sources);
        let Some(source) = sources.get(self.source) else { return self.end() };
        let mut problems = Vec::new();
        let step = match self.reading(source) {
            Ok(reading) => reading.next(&mut problems),
            Err(problem) => {
                problems.push(*problem);
                RowStep::End
            }
        };
        let mut row = None;
        match step {
            RowStep::Row(found) => {
                self.count();
                row = build(self.number, found, source, &self.outer, &mut problems);
            }
            RowStep::Bad => self.count(),
            RowStep::Left => {}
            RowStep::End => self.end_source(source, &mut problems),
        }
        if let Some(row) = &row {
            problems.extend(self.labels.note(row));
        }
        self.faultless &= problems.is_empty();
        self.queue.extend(problems.into_iter().map(Err));
        self.queue.extend(row.map(Ok));
    }

    fn reading(&mut self, source: &RowSource) -> Result<&mut SourceReader, Box<Problem>> {
        match self.reading {
            Some(ref mut reading) => Ok(reading),
            None => Ok(self.reading.insert(source.content.start()?)),
        }
    }

    const fn count(&mut self) {
        self.number += 1;
        self.in_source += 1;
    }

    fn end_source(&mut self, source: &RowSource, problems: &mut Vec<Problem>) {
        if let Some(input) = source.content.input().filter(|input| input.path != self.file && self.in_source == 0) {
            let problem = Problem::of_file(&input.path, "no row of this source is used");
            problems.push(problem.with_hint("it is empty, or its filter leaves out every row").into_warning());
        }
        self.source += 1;
        self.in_source = 0;
        self.reading = None;
    }

    fn end(&mut self) {
        self.ended = true;
        if self.number == 0 && self.faultless {
            let problem = Problem::of_file(&self.file, "the manifest has no rows");
            self.queue.push_back(Err(problem.with_hint("nothing would be bought, and what waits would be cancelled")));
        }
    }
}

/// Lays a row over its defaults and renders the templates of both.
fn build(
    number: u64,
    found: RowEntries,
    source: &RowSource,
    outer: &OuterDefaults,
    problems: &mut Vec<Problem>,
) -> Option<Row> {
    let all = outer.below(&source.defaults);
    let mut layers = vec![Arc::clone(&found.layer)];
    layers.extend(all.iter().rev().map(|defaults| Arc::clone(&defaults.layer)));
    let spans = Spans { layers };
    let before = problems.len();
    let mut entries = Vec::with_capacity(found.entries.len());
    for (index, defaults) in all.iter().enumerate() {
        let later = &all[index + 1..];
        for entry in &defaults.entries {
            let over = |other: &FieldEntry| other.target == entry.target;
            if found.entries.iter().any(over) || later.iter().any(|later| later.entries.iter().any(over)) {
                continue;
            }
            entries.extend(rendered(entry, &found, source, &spans, problems));
        }
    }
    if found.templated {
        for entry in &found.entries {
            entries.extend(rendered(entry, &found, source, &spans, problems));
        }
    } else {
        entries.extend(found.entries);
    }
    if problems.len() > before {
        return None;
    }
    assemble(number, entries, spans, problems)
}

fn rendered(
    entry: &FieldEntry,
    found: &RowEntries,
    source: &RowSource,
    spans: &Spans,
    problems: &mut Vec<Problem>,
) -> Option<FieldEntry> {
    let Some(variables) = &found.variables else { return Some(entry.clone()) };
    match source.templates.render(&entry.value, variables) {
        Ok(value) => Some(FieldEntry { target: entry.target.clone(), value }),
        Err(reason) => {
            let rule = format!("the template cannot be rendered: {reason}");
            let problem = spans.problem(Some(entry.target.name()), &rule).with_value(&plain(&entry.value));
            problems.push(
                problem.with_hint("templates may name `vars`, `matrix` keys, and columns in a source's defaults"),
            );
            None
        }
    }
}
