//! Reads one configuration file: every key is checked, and every value knows its line and column.

use std::{ops::Range, path::Path};

use reelq_model::nearest;
use toml_edit::{Document, Item, Key, Table, TableLike};

use super::{
    ConfigProblem, MergedSettings,
    origin::Origin,
    table::{self, ConfigKey, find},
    value::ConfigValue,
};

/// Reads `text`, the content of `path`, into `settings`.
pub(crate) fn read(text: &str, path: &Path, settings: &mut MergedSettings) {
    let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let source = Source { text, path, line_ends };
    match Document::parse(text) {
        Ok(document) => source.table(document.as_table(), &mut Vec::new(), settings),
        Err(error) => {
            let origin = source.origin(error.span());
            let rule = format!("the file must be TOML: {}", error.message().trim());
            settings.complaints.push(ConfigProblem::error(&origin, "", rule));
        }
    }
}

struct Source<'a> {
    text: &'a str,
    path: &'a Path,
    /// Found once: a file may have a place to tell for each of a hundred thousand values.
    line_ends: Vec<usize>,
}

impl Source<'_> {
    fn origin(&self, span: Option<Range<usize>>) -> Origin {
        let at = span.map_or(0, |span| span.start).min(self.text.len());
        let ended = self.line_ends.partition_point(|end| *end < at);
        let begins = ended.checked_sub(1).and_then(|last| self.line_ends.get(last)).map_or(0, |end| end + 1);
        let column = self.text.get(begins..at).unwrap_or_default().chars().count() + 1;
        Origin::File { path: self.path.to_owned(), line: ended + 1, column }
    }

    fn table(&self, table: &dyn TableLike, path: &mut Vec<String>, settings: &mut MergedSettings) {
        let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let Some((key, item)) = table.get_key_value(&name) else { continue };
            if path.is_empty() && name == "schedules" {
                self.schedules(key, item, settings);
                continue;
            }
            path.push(name);
            self.entry(key, item, path, settings);
            path.pop();
        }
    }

    fn entry(&self, key: &Key, item: &Item, path: &mut Vec<String>, settings: &mut MergedSettings) {
        let known = find(path);
        match (item.as_table_like(), known) {
            (Some(table), known) if known.is_none_or(ConfigKey::is_row_field) && table::is_table(path) => {
                self.account_name(key, path, settings);
                self.table(table, path, settings);
            }
            (None, Some(known)) => self.value(known, key, item, path, settings),
            (None, None) if table::is_table(path) => {
                // At the key: what stands behind it may well be an API key.
                let complaint = ConfigProblem::error(&self.origin(key.span()), &path.join("."), "must be a table");
                settings.complaints.push(complaint.hint(format!("write [{}] and its keys below", path.join("."))));
            }
            (Some(_), Some(_)) => {
                let complaint =
                    ConfigProblem::error(&self.origin(key.span()), &path.join("."), "must be a value, not a table");
                settings.complaints.push(complaint);
            }
            _ => settings.complaints.push(self.unknown(key, path)),
        }
    }

    fn value(&self, known: &table::ConfigKey, key: &Key, item: &Item, path: &[String], settings: &mut MergedSettings) {
        let origin = self.origin(item.span().or_else(|| key.span()));
        let complain = |rule: String| self.with_value(ConfigProblem::error(&origin, &path.join("."), rule), item);
        match value_of(item).map(|value| known.kind.check(value)) {
            Some(Ok(value)) => settings.set(path.to_vec(), value, origin),
            Some(Err(broken)) => {
                let complaint = match broken.part {
                    Some(part) => self.of_part(&path.join("."), broken.rule, item, part),
                    None => complain(broken.rule),
                };
                settings.complaints.push(complaint.maybe_hint(broken.hint));
            }
            None => settings.complaints.push(complain("must be a text, a number or a list of texts".to_owned())),
        }
    }

    /// `[[schedules]]`: each is kept under its name.
    fn schedules(&self, key: &Key, item: &Item, settings: &mut MergedSettings) {
        let Some(tables) = item.as_array_of_tables() else {
            let complaint = ConfigProblem::error(&self.origin(key.span()), "schedules", "must be a list of tables");
            settings.complaints.push(complaint.hint("write [[schedules]] and its keys below, once for each schedule"));
            return;
        };
        for table in tables {
            if let Some(name) = self.schedule_name(table, settings) {
                self.table(table, &mut vec!["schedules".to_owned(), name], settings);
            }
        }
    }

    fn schedule_name(&self, table: &Table, settings: &mut MergedSettings) -> Option<String> {
        let Some(item) = table.get("name") else {
            let complaint =
                ConfigProblem::error(&self.origin(table.span()), "schedules.name", "must be given for every schedule");
            settings.complaints.push(complaint.hint("name = \"nightly\""));
            return None;
        };
        let name = item.as_str().unwrap_or_default();
        // A later layer may say more about a schedule of an earlier one; one file names each once.
        let origin = self.origin(item.span());
        let before = settings.get(&["schedules", name, "name"]).map(|setting| setting.origin.clone());
        if before.is_some_and(|before| before.is_in(self.path)) {
            let complaint = ConfigProblem::error(&origin, "schedules.name", "must be another for each schedule");
            settings.complaints.push(self.with_value(complaint, item));
            return None;
        }
        Some(name.to_owned())
    }

    /// A complaint about a part of a text; a text with escapes is pointed at as a whole.
    fn of_part(&self, key: &str, rule: String, item: &Item, part: Range<usize>) -> ConfigProblem {
        let whole = || self.with_value(ConfigProblem::error(&self.origin(item.span()), key, rule.clone()), item);
        let (Some(span), Some(text)) = (item.span(), item.as_str()) else { return whole() };
        let (Some(quoted), Some(wrong)) = (self.text.get(span.clone()), text.get(part.clone())) else { return whole() };
        if quoted.get(1..quoted.len().saturating_sub(1)) != Some(text) {
            return whole();
        }
        let start = span.start + 1 + part.start;
        ConfigProblem::error(&self.origin(Some(start..start)), key, rule).value(wrong)
    }

    /// An account's name must be one: results and the store use it.
    fn account_name(&self, key: &Key, path: &[String], settings: &mut MergedSettings) {
        let [first, name] = path else { return };
        if first == "accounts"
            && let Err(error) = reelq_model::AccountName::new(name.as_str())
        {
            let complaint = ConfigProblem::error(
                &self.origin(key.span()),
                &path.join("."),
                format!(
                    "must have a name that {}",
                    error
                        .rule
                        .trim_start_matches("must ")
                        .replace("may hold", "holds")
                        .replace("not begin", "does not begin")
                ),
            );
            settings.complaints.push(complaint.value(name.as_str()));
        }
    }

    fn unknown(&self, key: &Key, path: &[String]) -> ConfigProblem {
        let (name, parent) = path.split_last().map_or(("", &path[..0]), |(name, parent)| (name.as_str(), parent));
        let known = table::children(parent);
        let hint = match nearest(name, known.iter().copied()) {
            _ if super::render::may_be_secret(name) && parent.first().is_some_and(|first| first == "accounts") => {
                "an API key does not belong here: name its variable with api_key_env, or its file with api_key_file"
                    .to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "accounts are tables: [accounts.NAME]".to_owned(),
            None => format!("known here: {}", known.join(", ")),
        };
        ConfigProblem::error(&self.origin(key.span()), &path.join("."), "is not a key that reelq knows").hint(hint)
    }

    fn with_value(&self, complaint: ConfigProblem, item: &Item) -> ConfigProblem {
        let text =
            item.span().and_then(|span| self.text.get(span)).map(|text| text.chars().take(60).collect::<String>());
        match text {
            Some(text) => complaint.value(text.lines().next().unwrap_or_default()),
            None => complaint,
        }
    }
}

fn value_of(item: &Item) -> Option<ConfigValue> {
    match item.as_value()? {
        toml_edit::Value::String(text) => Some(ConfigValue::Text(text.value().clone())),
        toml_edit::Value::Integer(number) => Some(ConfigValue::Whole(*number.value())),
        toml_edit::Value::Float(number) => Some(ConfigValue::Number(*number.value())),
        toml_edit::Value::Boolean(on) => Some(ConfigValue::Switch(*on.value())),
        toml_edit::Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>().map(ConfigValue::Texts)
        }
        _ => None,
    }
}
