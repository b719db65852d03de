//! A TOML manifest that says what flags said of a file of rows.

use std::path::Path;

use reelq_model::Money;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use crate::ReadingOptions;

/// What is written into a TOML manifest.
#[derive(Debug, Clone, Copy)]
pub struct WrittenManifest<'a> {
    /// The batch's name, as the file itself has it: the rows are the same ones.
    pub batch: &'a str,
    /// The account of rows that name none.
    pub account: Option<&'a str>,
    /// The output place.
    pub output: Option<&'a str>,
    /// The most that the batch may spend.
    pub budget: Option<Money>,
    /// The file of rows, as the manifest finds it.
    pub source: &'a Path,
    /// How it is read.
    pub options: &'a ReadingOptions,
}

impl WrittenManifest<'_> {
    /// The manifest's text.
    pub fn text(&self) -> String {
        let mut document = DocumentMut::new();
        let mut batch = Table::new();
        batch["name"] = value(self.batch);
        if let Some(output) = self.output {
            batch["output"] = value(output);
        }
        if let Some(budget) = self.budget {
            batch["budget_usd"] = value(budget.to_string());
        }
        document["batch"] = Item::Table(batch);
        let defaults = self.defaults();
        if !defaults.is_empty() {
            document["defaults"] = Item::Table(defaults);
        }
        let mut sources = ArrayOfTables::new();
        sources.push(self.source_table());
        document["sources"] = Item::ArrayOfTables(sources);
        document.to_string()
    }

    fn defaults(&self) -> Table {
        let mut defaults = Table::new();
        if let Some(account) = self.account {
            defaults["account"] = value(account);
        }
        for (name, text) in self.options.set.iter().filter_map(|one| one.split_once('=')) {
            match name.split_once('.') {
                Some((parent, part)) => {
                    let table = defaults.entry(parent).or_insert_with(|| value(InlineTable::new()));
                    if let Some(table) = table.as_inline_table_mut() {
                        table.insert(part, text.into());
                    }
                }
                None => defaults[name] = value(text),
            }
        }
        defaults
    }

    fn source_table(&self) -> Table {
        let (mut source, options) = (Table::new(), self.options);
        source["path"] = value(self.source.to_string_lossy().into_owned());
        if !options.map.is_empty() {
            let columns: InlineTable =
                options.map.iter().map(|(theirs, ours)| (theirs.as_str(), ours.as_str())).collect();
            source["columns"] = value(columns);
        }
        for (key, names) in [("carry", &options.carry), ("ignore", &options.ignore)] {
            if !names.is_empty() {
                source[key] = value(names.iter().map(String::as_str).collect::<Array>());
            }
        }
        for (key, text) in [("sheet", &options.sheet), ("encoding", &options.encoding)] {
            if let Some(text) = text {
                source[key] = value(text.as_str());
            }
        }
        if options.has_no_header {
            source["header"] = value(false);
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_the_batch_keeps_its_name() {
        let options = ReadingOptions {
            map: [("Video Prompt (final)".to_owned(), "prompt".to_owned())].into(),
            ignore: ["Notes\n\"internal\"".to_owned()].into(),
            sheet: Some("Q3".to_owned()),
            set: vec!["model=hailuo-2.3".to_owned(), "extra.prompt_optimizer=true".to_owned()],
            ..ReadingOptions::default()
        };
        let written = WrittenManifest {
            batch: "prompts",
            account: Some("wave"),
            output: None,
            budget: Some(Money::from_micros(12_500_000)),
            source: Path::new("my prompts.xlsx"),
            options: &options,
        };
        let read: toml_edit::DocumentMut = written.text().parse().unwrap();
        assert_eq!(read["batch"]["name"].as_str(), Some("prompts"));
        assert_eq!(read["defaults"]["extra"]["prompt_optimizer"].as_str(), Some("true"));
        assert_eq!(read["sources"][0]["columns"]["Video Prompt (final)"].as_str(), Some("prompt"));
        assert_eq!(read["sources"][0]["ignore"][0].as_str(), Some("Notes\n\"internal\""));
    }
}
