//! One row of a manifest, after defaults and expansion.

use std::{collections::BTreeMap, path::Path};

use reelq_model::{Fields, Finding};

use crate::{Problem, Spans, problem::readable};

/// One row of a manifest, after defaults and expansion and before the catalogue's check.
#[derive(Debug, Clone)]
pub struct Row {
    /// Counts from 1 over the whole manifest; rows that a source's filter leaves out are not counted.
    pub number: u64,
    /// The row's own `id`.
    pub label: Option<String>,
    /// The account that it names.
    pub account: Option<String>,
    /// The provider that it names.
    pub provider: Option<String>,
    /// The model that it names.
    pub model: Option<String>,
    /// The mode that it names.
    pub mode: Option<String>,
    /// How often to buy it.
    pub copies: u32,
    /// Its own priority; the batch's where it names none.
    pub priority: Option<i32>,
    /// Request fields, nested; from CSV and TSV all scalars are texts.
    pub fields: Fields,
    /// What is carried to the result manifest untouched.
    pub passthrough: BTreeMap<String, String>,
    /// Where each field stands.
    pub spans: Spans,
}

impl Row {
    /// Tells where the field of a finding stands.
    pub fn problem(&self, finding: &Finding) -> Problem {
        let mut problem = self.spans.problem(finding.field.as_deref(), &finding.rule);
        problem.severity = finding.severity;
        problem.value = finding.value.as_deref().map(readable);
        problem.hint.clone_from(&finding.hint);
        problem
    }

    /// The folder of the row's own file, against which its relative paths resolve.
    pub fn base_dir(&self) -> &Path {
        folder(self.spans.own().map(|layer| &*layer.file))
    }

    /// The folder of the file that gave `field` its value: not the row's own where the value is a default.
    pub fn base_dir_of(&self, field: &str) -> &Path {
        folder(self.spans.file_of(field))
    }
}

fn folder(file: Option<&Path>) -> &Path {
    file.and_then(Path::parent).unwrap_or(Path::new(""))
}
