//! The tables of keys as the docs show them.

use super::{
    kind::Kind,
    table::{Key, TABLES},
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
        match all.iter_mut().find(|known| known.name == table.name) {
            Some(known) => known.markdown.push_str(&rows),
            None => {
                let markdown = format!("| key | default | meaning |\n|---|---|---|\n{rows}");
                all.push(KeyReference { name: table.name, markdown });
            }
        }
    }
    all
}

fn row(key: &Key, prefix: usize) -> String {
    let (name, default) = (key.path[prefix..].join("."), key.default.told(key.path));
    let range = range(key.kind).map(|range| format!(" ({range})")).unwrap_or_default();
    format!("| `{name}` | {default} | {}{range} |\n", key.doc)
}

/// What values the key takes, where its meaning does not say.
fn range(kind: Kind) -> Option<String> {
    Some(match kind {
        Kind::Span(spans) => spans.in_words()?,
        Kind::Number(range) | Kind::NumberOrAuto(range) if range.above > 0.0 => {
            format!("above {} and at most {}", range.above, range.most)
        }
        Kind::Number(range) | Kind::NumberOrAuto(range) => format!("at most {}", range.most),
        Kind::Whole { min, max } | Kind::WholeOrAuto { min, max } => format!("{min} to {max}"),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        _ => return None,
    })
}
