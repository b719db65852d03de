//! How the columns or keys of a file are to be read, and what its header came to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    names::{Names, RowField},
    options::ReadingOptions,
    template::Filter,
};

/// How the columns or keys of a file are to be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnPlan {
    pub(crate) names: Arc<Names>,
    /// File column to the name that it stands for.
    pub(crate) columns: Arc<BTreeMap<String, String>>,
    /// File columns that mean nothing.
    pub(crate) ignore: BTreeSet<String>,
    /// File columns that go into the result manifest, whatever their names are like.
    pub(crate) carry: BTreeSet<String>,
    pub(crate) filter: Option<Filter>,
    /// Whether the defaults have templates, whose variables are the row's columns.
    pub(crate) has_templates: bool,
    /// What becomes of columns that mean nothing.
    pub(crate) strangers: Strangers,
    /// No default gives a prompt: the file must.
    pub(crate) needs_prompt: bool,
    /// The first line is a prompt.
    pub(crate) has_no_header: bool,
}

/// What becomes of a column or key that means nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Strangers {
    /// It is an error: someone wrote it for reelq.
    #[default]
    Refused,
    /// It goes into the result manifest, unless its name is like a field's.
    Carried,
    /// It goes into the result manifest.
    AllCarried,
}

impl ColumnPlan {
    /// How a file of rows is read that is the manifest itself.
    pub(crate) fn of_options(names: &Arc<Names>, options: &ReadingOptions, needs_prompt: bool) -> Self {
        Self {
            names: Arc::clone(names),
            columns: Arc::new(options.map.clone()),
            ignore: options.ignore.clone(),
            carry: options.carry.clone(),
            strangers: if options.carries_all() { Strangers::AllCarried } else { Strangers::Carried },
            needs_prompt,
            has_no_header: options.has_no_header,
            ..Self::default()
        }
    }

    /// What to do with a column of no meaning: `Err` with the field that it is likely a slip of.
    pub(crate) fn stranger(&self, name: &str) -> Result<RowField, Option<&str>> {
        if self.carry.contains(name) || self.strangers == Strangers::AllCarried {
            return Ok(RowField::carried(name));
        }
        if self.strangers == Strangers::Refused {
            return Err(self.names.nearest(name));
        }
        // `duration (s)` is the field with its unit.
        let plain =
            name.split(['(', '[', '（']).next().map(str::trim).filter(|plain| !plain.is_empty()).unwrap_or(name);
        self.names.slip_of(plain).map_or_else(|| Ok(RowField::carried(name)), |field| Err(Some(field)))
    }

    /// Whether something was said of a key inside the object of this one.
    pub(crate) fn looks_into(&self, path: &str) -> bool {
        let inside = |name: &String| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.columns.keys().chain(&self.ignore).chain(&self.carry).any(inside)
    }

    /// Whether something was said of any column.
    pub(crate) fn names_some(&self) -> bool {
        !self.columns.is_empty() || !self.ignore.is_empty() || self.carry.iter().any(|name| name != "all")
    }

    /// Whether something was said of this column.
    pub(crate) fn names_column(&self, name: &str) -> bool {
        self.columns.contains_key(name) || self.ignore.contains(name) || self.carry.contains(name)
    }
}

/// The columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct CsvHeader {
    pub(crate) separator: u8,
    /// As written in the file; filters use these names.
    pub(crate) written: Arc<[String]>,
    pub(crate) targets: Arc<[Option<RowField>]>,
    /// The name of each target, by which spans are found.
    pub(crate) names: Arc<[Option<Arc<str>>]>,
    /// Records that stand before the first row.
    pub(crate) records: usize,
    /// What there is to tell of how it was understood.
    pub(crate) told: Vec<String>,
}
