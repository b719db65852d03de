//! What is said beside a manifest of how it is to be read.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{
    Problem,
    names::{NameMeaning, Names},
};

/// What is said beside a manifest of how it is to be read: by flags, and by defaults of the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadingOptions {
    /// Columns of the file by the names that they stand for: `--map THEIRS=OURS`.
    pub map: BTreeMap<String, String>,
    /// Columns that go untouched into the result manifest, though their names are like a field's; `all` for every stranger.
    pub carry: BTreeSet<String>,
    /// Columns that mean nothing.
    pub ignore: BTreeSet<String>,
    /// The sheet of a workbook; the first one that can be seen where none is named.
    pub sheet: Option<String>,
    /// The encoding of a text that is not UTF-8, as the web calls it.
    pub encoding: Option<String>,
    /// The first line is a prompt and names no column.
    pub has_no_header: bool,
    /// Fields of rows that do not name them, each as `FIELD=VALUE`.
    pub set: Vec<String>,
    /// Fields of rows that no one else gives them, and the file that says so.
    pub defaults: Option<(PathBuf, Map<String, Value>)>,
}

impl ReadingOptions {
    /// Whether every column that is no field is carried, whatever its name is like.
    pub(crate) fn carries_all(&self) -> bool {
        self.carry.contains("all")
    }

    /// Whether anything is said of the file's columns.
    pub(crate) fn names_columns(&self) -> bool {
        !(self.map.is_empty() && self.carry.is_empty() && self.ignore.is_empty()) || self.has_no_header
    }
}

/// A TOML manifest says these things itself, for each of its sources.
pub(crate) fn refuse_for_toml(file: &Path, options: &ReadingOptions) -> Result<(), Box<Problem>> {
    let said = [
        (options.names_columns(), "--map, --carry, --ignore and --no-header"),
        (options.sheet.is_some(), "--sheet"),
        (options.encoding.is_some(), "--encoding"),
    ];
    let Some((_, flags)) = said.into_iter().find(|(is_said, _)| *is_said) else { return Ok(()) };
    let rule = format!("{flags} are for files of rows, and this is a TOML manifest");
    let hint = "write `columns`, `carry`, `ignore`, `sheet` or `encoding` under its [[sources]]";
    Err(Box::new(Problem::of_file(file, rule).with_hint(hint)))
}

/// Columns can be mapped to fields and keys that there are, and to names of one's own.
pub(crate) fn check_map(names: &Names, options: &ReadingOptions) -> Result<(), Box<Problem>> {
    let is_known = |ours: &str| matches!(names.key(ours), NameMeaning::Field(_));
    let Some((theirs, ours)) = options.map.iter().find(|(_, ours)| !is_known(ours)) else { return Ok(()) };
    let rule = format!("the column `{theirs}` is mapped to `{ours}`, which is no known field");
    let hint = match names.nearest(ours) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "`reelq models` shows the fields of each model; to carry a column untouched: `--carry COLUMN`".to_owned()
        }
    };
    Err(Box::new(Problem::of_file(Path::new("--map"), rule).with_field(theirs).with_value(ours).with_hint(hint)))
}
