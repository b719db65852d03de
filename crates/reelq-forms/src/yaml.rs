//! YAML lists as JSON, an item at a time.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_saphyr::Spanned;

/// One item of a YAML list, or one entry of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlItem {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its name, where it is an entry of a mapping.
    pub key: Option<String>,
    /// The item as JSON in one line.
    pub json: String,
}

/// A text is no YAML, or none that holds items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Where, as line and column from 1.
    pub at: Option<(u64, u64)>,
}

/// The items of a YAML document: those of its list, or the entries of its mapping in the order of the file.
///
/// # Errors
/// It is no YAML, or it is neither a list nor a mapping.
pub fn items(text: &str) -> Result<Vec<YamlItem>, YamlError> {
    match serde_saphyr::from_str::<Value>(text).map_err(|error| refused(&error))? {
        Value::Array(_) => {
            let list: Vec<Spanned<Value>> = serde_saphyr::from_str(text).map_err(|error| refused(&error))?;
            Ok(list.into_iter().map(|item| found(None, &item)).collect())
        }
        Value::Object(_) => {
            let entries: BTreeMap<String, Spanned<Value>> =
                serde_saphyr::from_str(text).map_err(|error| refused(&error))?;
            let mut entries: Vec<_> = entries.into_iter().map(|(key, item)| found(Some(key), &item)).collect();
            entries.sort_by_key(|item| item.line);
            Ok(entries)
        }
        _ => Err(YamlError { message: "it is neither a list nor a mapping".to_owned(), at: Some((1, 1)) }),
    }
}

fn found(key: Option<String>, item: &Spanned<Value>) -> YamlItem {
    YamlItem { line: item.referenced.line(), key, json: item.value.to_string() }
}

fn refused(error: &serde_saphyr::Error) -> YamlError {
    let at = error.location().map(|at| (at.line(), at.column()));
    let text = error.without_snippet().to_string();
    YamlError { message: text.lines().next().unwrap_or_default().trim().to_owned(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Option<String>, String)> {
        items(text).unwrap().into_iter().map(|item| (item.line, item.key, item.json)).collect()
    }

    #[test]
    fn items_keep_their_lines_and_their_order() {
        let text = "# prompts\n- a red kite\n- prompt: a dog\n  seed: 7\n";
        assert_eq!(
            lines(text),
            [(2, None, "\"a red kite\"".to_owned()), (3, None, r#"{"prompt":"a dog","seed":7}"#.to_owned())]
        );
        let mapping = "z:\n  prompt: one\na:\n  prompt: two\n";
        let keys: Vec<_> = lines(mapping).into_iter().map(|(line, key, _)| (line, key)).collect();
        assert_eq!(keys, [(2, Some("z".to_owned())), (4, Some("a".to_owned()))]);
    }

    #[test]
    fn what_is_no_list_says_where() {
        assert!(items("- a\n- [b\n").unwrap_err().at.is_some());
        assert_eq!(items("just text").unwrap_err().message, "it is neither a list nor a mapping");
    }
}
