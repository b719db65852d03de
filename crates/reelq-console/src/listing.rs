//! A report with a long list at its end, which is written as it is read: no one holds it whole.

use serde::Serialize;

use super::{document, stdout, table::GrowingTable};
use crate::out::Out;

/// A report of which the list is still to come.
#[derive(Debug)]
pub struct Listing<'a, T> {
    out: Out,
    report: &'a T,
    /// What the list is called, as JSON.
    name: &'static str,
    table: GrowingTable,
    is_open: bool,
}

impl Out {
    /// Begins a report with a list at its end, under `name` as JSON, under `headings` as a table.
    pub fn listing<'a, T: Serialize>(
        self,
        report: &'a T,
        name: &'static str,
        headings: &'static [&'static str],
        draw: impl FnOnce(&T) -> String,
    ) -> Listing<'a, T> {
        if self.has_text() {
            self.data(&draw(report));
        }
        Listing { out: self, report, name, table: GrowingTable::new(headings), is_open: false }
    }
}

impl<T: Serialize> Listing<'_, T> {
    /// Whether the list is shown at all.
    pub fn is_shown(&self) -> bool {
        self.out.is_json() || self.out.has_text()
    }

    /// Writes a part of the list; `row` draws an item for the table.
    pub fn add<I: Serialize>(&mut self, items: &[I], row: impl Fn(&I) -> Vec<String>) {
        if items.is_empty() || !self.is_shown() {
            return;
        }
        if self.out.is_json() {
            self.add_json(items);
        } else {
            // A line apart from what stands before it.
            let apart = if self.is_open { "" } else { "\n" };
            let part = self.table.part(items.iter().map(row));
            self.out.data(&format!("{apart}{part}"));
        }
        self.is_open = true;
    }

    fn add_json<I: Serialize>(&self, items: &[I]) {
        let begun = if self.is_open { Ok(String::new()) } else { document::open(self.report, self.name) };
        let items = items.iter().map(document::item).collect::<serde_json::Result<Vec<_>>>();
        match begun.and_then(|begun| Ok((begun, items?.join(",")))) {
            Ok((begun, items)) => {
                let between = if self.is_open { "," } else { "" };
                stdout::write(format!("{begun}{between}{items}").as_bytes());
            }
            Err(error) => self.out.error(&format!("failed to write JSON: {error}")),
        }
    }

    /// Writes what is left of the report.
    pub fn end(self) {
        if self.out.is_json() {
            if self.is_open {
                self.out.data(document::CLOSED);
            } else {
                self.out.json(self.report);
            }
        }
    }
}
