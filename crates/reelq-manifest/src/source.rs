//! The sources that a manifest is read from, one after the other: tables, JSON, lines of prompts, expanded jobs.

use std::sync::Arc;

use crate::{
    Format, Problem, csv,
    csv::{ColumnPlan, CsvHeader, Table},
    entries::{Defaults, RowStep},
    foreign,
    input::Input,
    jsonl::{self, Lines, Shape},
    names::RowField,
    options::ReadingOptions,
    prompts::{FirstLine, PromptLines, first_line},
    sheet,
    template::{Filter, Templates},
    toml::{Expansion, JobTemplate},
};

/// One source, as it was planned when the manifest was opened.
#[derive(Debug)]
pub(crate) struct RowSource {
    pub(crate) content: SourceContent,
    /// The manifest's defaults, then the source's: later ones win.
    pub(crate) defaults: Vec<Defaults>,
    pub(crate) templates: Arc<Templates>,
}

/// What a source reads.
#[derive(Debug)]
pub(crate) enum SourceContent {
    Table { input: Input, format: Format, header: CsvHeader, plan: Arc<ColumnPlan> },
    Lines { input: Input, shape: Shape, plan: Arc<ColumnPlan> },
    Prompts { input: Input },
    Job(Arc<JobTemplate>),
}

/// A source that is being read.
#[derive(Debug)]
pub(crate) enum SourceReader {
    Table(Table),
    Lines(Lines),
    Prompts(PromptLines),
    Expansion(Expansion),
}

impl SourceContent {
    /// Plans the reading of a file of rows. What there is to tell of how it was understood goes into `told`.
    pub(crate) fn of_file(
        input: Input,
        format: Format,
        mut plan: ColumnPlan,
        options: &ReadingOptions,
        problems: &mut Vec<Problem>,
        told: &mut Vec<String>,
    ) -> Result<Self, Box<Problem>> {
        if format == Format::Workbook {
            let table = sheet::table(&input, options, told)?;
            let content = Self::of_table(table.input, format, plan, problems, told)?;
            content.refuse_other_sheets(&input, &table.others)?;
            return Ok(content);
        }
        if options.sheet.is_some() {
            let rule = "--sheet is for workbooks, and this is none";
            return Err(Box::new(Problem::of_file(&input.path, rule).with_hint("leave it out")));
        }
        foreign::refuse(&input, format)?;
        input.check_text()?;
        told.extend(input.told_encoding()?);
        match format {
            Format::Jsonl | Format::Json | Format::Yaml => {
                let shape = Shape::of(&input, format, &plan.names, told)?;
                jsonl::learn(&input, shape, &mut plan, told)?;
                Ok(Self::Lines { input, shape, plan: Arc::new(plan) })
            }
            Format::Text if first_line(&input, &plan)? == FirstLine::Prompt => {
                told.push(csv::single::TOLD.to_owned());
                Ok(Self::Prompts { input })
            }
            format => Self::of_table(input, format, plan, problems, told),
        }
    }

    fn of_table(
        input: Input,
        format: Format,
        mut plan: ColumnPlan,
        problems: &mut Vec<Problem>,
        told: &mut Vec<String>,
    ) -> Result<Self, Box<Problem>> {
        let header = csv::read_header(&input, format, &plan, problems)?;
        told.extend(header.told.iter().cloned());
        let missing = |filter: &mut Filter| !filter.check_columns(&header.written, problems);
        // A filter that names a missing column would fail again at every row.
        plan.filter.take_if(missing);
        Ok(Self::Table { input, format, header, plan: Arc::new(plan) })
    }

    /// A first sheet that names no column may be what the others are explained by.
    fn refuse_other_sheets(&self, input: &Input, others: &[String]) -> Result<(), Box<Problem>> {
        let Self::Table { header, .. } = self else { return Ok(()) };
        if others.is_empty() || !header.told.iter().any(|line| line == csv::single::TOLD) {
            return Ok(());
        }
        let rule = "the first sheet names no column, and the workbook has others";
        let hint = format!("name the sheet: `--sheet NAME`; the others are {}", crate::proposal::quoted(others));
        Err(Box::new(Problem::of_file(&input.path, rule).with_hint(hint)))
    }

    /// The file that it reads, where it reads one of its own.
    pub(crate) const fn input(&self) -> Option<&Input> {
        match self {
            Self::Table { input, .. } | Self::Lines { input, .. } | Self::Prompts { input } => Some(input),
            Self::Job(_) => None,
        }
    }

    /// Starts reading from its beginning.
    pub(crate) fn start(&self) -> Result<SourceReader, Box<Problem>> {
        Ok(match self {
            Self::Table { input, format, header, plan } => {
                SourceReader::Table(Table::open(input, *format, header, plan)?)
            }
            Self::Lines { input, shape, plan } => SourceReader::Lines(Lines::open(input, *shape, plan)?),
            Self::Prompts { input } => SourceReader::Prompts(PromptLines::open(input)?),
            Self::Job(job) => SourceReader::Expansion(Expansion::new(job)),
        })
    }
}

impl SourceReader {
    pub(crate) fn next(&mut self, problems: &mut Vec<Problem>) -> RowStep {
        match self {
            Self::Table(table) => table.next(problems),
            Self::Lines(lines) => lines.next(problems),
            Self::Prompts(lines) => lines.next(problems),
            Self::Expansion(expansion) => expansion.next(problems),
        }
    }
}

impl SourceContent {
    /// The columns that it carries through, as far as its header tells.
    pub(crate) fn passthrough(&self) -> Vec<String> {
        let Self::Table { header, .. } = self else { return Vec::new() };
        let carried = header.targets.iter().flatten().filter_map(|target| match target {
            RowField::Passthrough(name) => Some(name.to_string()),
            _ => None,
        });
        carried.collect()
    }
}
