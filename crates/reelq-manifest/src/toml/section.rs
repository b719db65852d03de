//! A table of the document: its values as JSON, and where each of them stands.

use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

use reelq_model::nearest;
use serde_json::{Map, Number, Value};
use toml_edit::{Item, TableLike};

use crate::{
    Problem,
    assemble::{kind, plain},
    location::{FieldSpans, KeySpan, Layer},
    problem::readable,
};

/// A table whose keys are taken out one by one; what is left over is unknown.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) values: Map<String, Value>,
    pub(crate) layer: Arc<Layer>,
}

/// The text that all sections stand in.
#[derive(Debug, Clone)]
pub(crate) struct TomlText {
    pub(crate) file: Arc<Path>,
    pub(crate) text: Arc<str>,
}

impl TomlText {
    pub(crate) fn layer(&self, whole: Range<usize>, spans: BTreeMap<String, KeySpan>) -> Layer {
        let (file, text) = (Arc::clone(&self.file), Arc::clone(&self.text));
        Layer { file, text, line: 1, whole, fields: FieldSpans::Keys(Arc::new(spans)) }
    }

    /// Reads a table that stands at `whole`.
    pub(crate) fn section(&self, table: &dyn TableLike, whole: Range<usize>, problems: &mut Vec<Problem>) -> Section {
        let mut reader = Reader { source: self, spans: BTreeMap::new(), problems };
        let values = reader.table(table, "", &whole);
        let end = self.text[whole.start..].find(['\n', '\r']).map_or(self.text.len(), |length| whole.start + length);
        let layer = Arc::new(self.layer(whole.start..whole.end.clamp(whole.start, end), reader.spans));
        Section { values, layer }
    }
}

struct Reader<'a> {
    source: &'a TomlText,
    spans: BTreeMap<String, KeySpan>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike, path: &str, whole: &Range<usize>) -> Map<String, Value> {
        let mut values = Map::new();
        for (name, item) in table.iter() {
            let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            let key = table.key(name).and_then(toml_edit::Key::span).unwrap_or_else(|| whole.clone());
            let value = item.span().unwrap_or_else(|| key.clone());
            self.spans.insert(inner.clone(), KeySpan { key, value: value.clone() });
            if let Some(item) = self.item(item, &inner, &value) {
                values.insert(name.to_owned(), item);
            }
        }
        values
    }

    fn item(&mut self, item: &Item, path: &str, at: &Range<usize>) -> Option<Value> {
        if let Some(table) = item.as_table_like() {
            return Some(Value::Object(self.table(table, path, at)));
        }
        if let Some(tables) = item.as_array_of_tables() {
            let items = tables.iter().map(|table| Value::Object(self.table(table, path, at)));
            return Some(Value::Array(items.collect()));
        }
        item.as_value().and_then(|value| self.value(value, path, at))
    }

    fn value(&mut self, value: &toml_edit::Value, path: &str, at: &Range<usize>) -> Option<Value> {
        use toml_edit::Value as Toml;
        Some(match value {
            Toml::String(text) => Value::String(text.value().clone()),
            Toml::Integer(number) => Value::Number((*number.value()).into()),
            Toml::Boolean(flag) => Value::Bool(*flag.value()),
            Toml::Float(number) => match Number::from_f64(*number.value()) {
                Some(number) => Value::Number(number),
                None => return self.refuse(path, at, "a number must be finite", "write a plain number"),
            },
            Toml::Datetime(_) => {
                return self.refuse(path, at, "a date is not a request value", "put it into quotes to send it as text");
            }
            Toml::Array(items) => Value::Array(items.iter().filter_map(|item| self.value(item, path, at)).collect()),
            Toml::InlineTable(table) => Value::Object(self.table(table, path, at)),
        })
    }

    fn refuse(&mut self, path: &str, at: &Range<usize>, rule: &str, hint: &str) -> Option<Value> {
        let layer = self.source.layer(at.clone(), BTreeMap::new());
        let shown = self.source.text.get(at.clone()).unwrap_or_default();
        self.problems.push(layer.problem(at.clone(), rule).with_field(path).with_value(shown).with_hint(hint));
        None
    }
}

impl Section {
    /// Takes a value out; its span stays known.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.values.shift_remove(key)
    }

    /// Takes a text out.
    pub(crate) fn text(&mut self, key: &str, problems: &mut Vec<Problem>) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            other => {
                let what = if other.is_string() { "an empty text" } else { kind(&other) };
                problems.push(self.wrong(key, &format!("{key} must be a text, not {what}"), &other));
                None
            }
        }
    }

    /// Takes a yes or no out.
    pub(crate) fn flag(&mut self, key: &str, problems: &mut Vec<Problem>) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            other => {
                problems.push(self.wrong(key, &format!("{key} must be true or false, not {}", kind(&other)), &other));
                None
            }
        }
    }

    /// Takes a list of texts out.
    pub(crate) fn texts(&mut self, key: &str, problems: &mut Vec<Problem>) -> Vec<String> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let texts = value.as_array().map(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        let texts: Option<Option<Vec<String>>> = texts;
        texts.flatten().unwrap_or_else(|| {
            problems.push(self.wrong(key, &format!("{key} must be a list of texts such as [\"a\", \"b\"]"), &value));
            Vec::new()
        })
    }

    /// Takes a table out.
    pub(crate) fn table(&mut self, key: &str, problems: &mut Vec<Problem>) -> Map<String, Value> {
        match self.take(key) {
            None => Map::new(),
            Some(Value::Object(table)) => table,
            Some(other) => {
                problems.push(self.wrong(key, &format!("{key} must be a table, not {}", kind(&other)), &other));
                Map::new()
            }
        }
    }

    /// A problem with a value.
    pub(crate) fn wrong(&self, key: &str, rule: &str, value: &Value) -> Problem {
        self.layer.field_problem(key, rule).with_value(&plain(value))
    }

    /// The value exactly as it is written.
    pub(crate) fn literal(&self, key: &str) -> Option<&str> {
        let FieldSpans::Keys(spans) = &self.layer.fields else { return None };
        spans.get(key).and_then(|span| self.layer.text.get(span.value.clone()))
    }

    /// Refuses every key that was not taken.
    pub(crate) fn refuse_rest(&self, section: &str, known: &[&str], problems: &mut Vec<Problem>) {
        for name in self.values.keys() {
            let problem = self.layer.key_problem(name, format!("unknown key `{}` in {section}", readable(name)));
            let hint = nearest(name, known.iter().copied()).map_or_else(
                || format!("{section} takes {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            problems.push(problem.with_hint(hint));
        }
    }

    /// The same location with the names below `key` as its own.
    pub(crate) fn inner_layer(&self, key: &str) -> Arc<Layer> {
        let FieldSpans::Keys(spans) = &self.layer.fields else { return Arc::clone(&self.layer) };
        let whole = spans.get(key).map_or_else(|| self.layer.whole.clone(), |span| span.key.clone());
        let start = format!("{key}.");
        let inner = spans.iter().filter_map(|(name, span)| Some((name.strip_prefix(&start)?.to_owned(), span.clone())));
        let fields = FieldSpans::Keys(Arc::new(inner.collect()));
        Arc::new(Layer { whole, fields, ..Layer::clone(&self.layer) })
    }
}
