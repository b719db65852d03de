//! The parts that a manifest is read from, one after the other: tables, JSON lines, expanded jobs.

use std::sync::Arc;

use minijinja::Value as Variable;

use crate::{
    Format, Problem,
    assemble::Entry,
    csv,
    csv::{Header, Plan, Table},
    input::Input,
    jsonl::Lines,
    names::Target,
    place::Layer,
    template::{Filter, Templates},
    toml::{Expansion, Job},
};

/// What reading on brought.
#[derive(Debug)]
pub(crate) enum Step {
    /// A row's own entries.
    Row(Found),
    /// A row whose problems were told.
    Bad,
    /// A row that the filter leaves out.
    Left,
    /// Nothing more.
    End,
}

/// The entries of a row and where they stand.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    pub(crate) layer: Arc<Layer>,
    /// What templates may name.
    pub(crate) variables: Option<Variable>,
    /// Whether the entries themselves may be templates: those of a job, never those of a file of rows.
    pub(crate) templated: bool,
}

/// Defaults for the rows of a part, and where they stand.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) entries: Vec<Entry>,
    pub(crate) layer: Arc<Layer>,
}

/// One part, as it was planned when the manifest was opened.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) content: Content,
    /// The manifest's defaults, then the source's: later ones win.
    pub(crate) defaults: Vec<Defaults>,
    pub(crate) templates: Arc<Templates>,
}

/// What a part reads.
#[derive(Debug)]
pub(crate) enum Content {
    Table { input: Input, format: Format, header: Header, plan: Arc<Plan> },
    Lines { input: Input, plan: Arc<Plan> },
    Job(Arc<Job>),
}

/// A part that is being read.
#[derive(Debug)]
pub(crate) enum Reading {
    Table(Table),
    Lines(Lines),
    Expansion(Expansion),
}

impl Content {
    /// Plans the reading of a file of rows.
    pub(crate) fn of_file(
        input: Input,
        format: Format,
        mut plan: Plan,
        problems: &mut Vec<Problem>,
    ) -> Result<Self, Box<Problem>> {
        if format == Format::Jsonl {
            Lines::check(&input)?;
            return Ok(Self::Lines { input, plan: Arc::new(plan) });
        }
        let header = csv::read_header(&input, format, &plan, problems)?;
        let missing = |filter: &mut Filter| !filter.check_columns(&header.written, problems);
        // A filter that names a missing column would fail again at every row.
        plan.filter.take_if(missing);
        Ok(Self::Table { input, format, header, plan: Arc::new(plan) })
    }

    /// The file that it reads, where it reads one of its own.
    pub(crate) const fn input(&self) -> Option<&Input> {
        match self {
            Self::Table { input, .. } | Self::Lines { input, .. } => Some(input),
            Self::Job(_) => None,
        }
    }

    /// Starts reading from its beginning.
    pub(crate) fn start(&self) -> Result<Reading, Box<Problem>> {
        Ok(match self {
            Self::Table { input, format, header, plan } => Reading::Table(Table::open(input, *format, header, plan)?),
            Self::Lines { input, plan } => Reading::Lines(Lines::open(input, plan)?),
            Self::Job(job) => Reading::Expansion(Expansion::new(job)),
        })
    }
}

impl Reading {
    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> Step {
        match self {
            Self::Table(table) => table.next(problems),
            Self::Lines(lines) => lines.next(problems),
            Self::Expansion(expansion) => expansion.next(problems),
        }
    }
}

impl Content {
    /// The columns that it carries through, as far as its header tells.
    pub(crate) fn passthrough(&self) -> Vec<String> {
        let Self::Table { header, .. } = self else { return Vec::new() };
        let carried = header.targets.iter().flatten().filter_map(|target| match target {
            Target::Passthrough(name) => Some(name.to_string()),
            _ => None,
        });
        carried.collect()
    }
}
