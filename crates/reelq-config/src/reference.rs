//! The tables of keys as the docs show them.

use super::{
    kind::ValueKind,
    range::Numbers,
    table::{ConfigKey, TABLES},
};

/// A table of keys, by the name that the docs give its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReference {
    /// The name.
    pub name: &'static str,
    /// The table, as Markdown.
    pub markdown: String,
}

/// Every table of keys, as Markdown.
pub fn reference() -> Vec<KeyReference> {
    let mut all: Vec<KeyReference> = Vec::new();
    for table in TABLES {
        let rows: String = table.keys.iter().map(|key| row(key, table.prefix)).collect();
        if let Some(known) = all.iter_mut().find(|known| known.name == table.name) {
            known.markdown.push_str(&rows);
        } else {
            let markdown = format!("| key | values | default | meaning |\n|---|---|---|---|\n{rows}");
            all.push(KeyReference { name: table.name, markdown });
        }
    }
    all
}

fn row(key: &ConfigKey, prefix: usize) -> String {
    let (name, default) = (key.path[prefix..].join("."), key.default.told(key.path));
    format!("| `{name}` | {} | {default} | {} |\n", values(key.kind), key.doc)
}

/// What the key takes, in a few words.
fn values(kind: ValueKind) -> String {
    let number = |range: Numbers| format!("above {}, at most {}", range.above, range.most);
    match kind {
        ValueKind::Span(spans) => {
            spans.in_words().map_or_else(|| "a time".to_owned(), |range| format!("a time, {range}"))
        }
        ValueKind::Number(range) => number(range),
        ValueKind::NumberOrAuto(range) => format!("{}, or `\"auto\"`", number(range)),
        ValueKind::Whole { min, max } => format!("{min} to {max}"),
        ValueKind::WholeOrAuto { min, max } => format!("{min} to {max}, or `\"auto\"`"),
        ValueKind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ValueKind::Size => "a size".to_owned(),
        ValueKind::Dollars => "dollars".to_owned(),
        ValueKind::Switch => "`true`, `false`".to_owned(),
        ValueKind::Texts => "a list".to_owned(),
        ValueKind::Url => "an address".to_owned(),
        ValueKind::Variable => "the name of a variable".to_owned(),
        ValueKind::Field => "a text, a number, `true`, `false` or a list of texts".to_owned(),
        _ => "a text".to_owned(),
    }
}
