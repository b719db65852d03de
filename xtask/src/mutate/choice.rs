//! Which mutations a run tries.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};

use super::SURVIVED;

/// What the arguments say: parts of names, and mutations that tests have noticed before.
#[derive(Debug, Default)]
pub(super) struct Choice {
    parts: Vec<String>,
    noticed: BTreeSet<String>,
}

impl Choice {
    /// Reads `[NAME...] [--except-noticed TABLE]...`; a table is what an earlier run printed.
    pub(super) fn read(arguments: &[String]) -> Result<Self> {
        let mut choice = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--except-noticed" {
                let path = arguments.next().context("--except-noticed takes the file of a table")?;
                let table = fs::read_to_string(path).with_context(|| format!("read {path}"))?;
                choice.noticed.extend(table.lines().filter_map(noticed));
            } else {
                choice.parts.push(argument.clone());
            }
        }
        Ok(choice)
    }

    /// Whether the mutation of this name is to be tried.
    pub(super) fn includes(&self, name: &str) -> bool {
        let is_named = self.parts.is_empty() || self.parts.iter().any(|part| name.contains(part));
        is_named && !self.noticed.contains(name)
    }
}

/// The name of the mutation that this line of a table says a test noticed.
fn noticed(line: &str) -> Option<String> {
    let cells: Vec<&str> = line.trim().strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [script, what, end, _seconds] = cells[..] else { return None };
    (end != SURVIVED).then(|| format!("{script}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_names_what_was_noticed() {
        assert_eq!(
            noticed("| now | the time stands still | ticks::one | 2.4 |").unwrap(),
            "now: the time stands still"
        );
        assert_eq!(noticed("| open | a newer format is not told | **SURVIVED** | 113.6 |"), None);
        assert_eq!(noticed("the tests, with the scripts as they are:"), None);
    }

    #[test]
    fn what_any_part_names_is_tried_unless_it_was_noticed() {
        let choice = Choice {
            parts: vec!["now".to_owned(), "open: ".to_owned()],
            noticed: BTreeSet::from(["now: a".to_owned()]),
        };
        let tried = ["now: a", "now: b", "open: c", "heal: d"].map(|name| choice.includes(name));
        assert_eq!(tried, [false, true, true, false]);
    }
}
