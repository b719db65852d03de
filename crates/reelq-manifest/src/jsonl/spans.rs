//! Finds where keys and values stand in a JSON text that was parsed before.

use std::collections::BTreeMap;

use crate::location::KeySpan;

/// Maps each dotted name, renamed as `columns` says, to where its key and value stand.
pub(crate) fn spans(text: &str, columns: &BTreeMap<String, String>) -> BTreeMap<String, KeySpan> {
    let mut scanner = Scanner { text, at: 0, columns, found: BTreeMap::new() };
    // A text that does not parse has no spans; what was found before the fault is still right.
    scanner.value(Some("")).unwrap_or_default();
    scanner.found
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    columns: &'a BTreeMap<String, String>,
    found: BTreeMap<String, KeySpan>,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes over a value; below `path` where it is an object that is to be looked into.
    fn value(&mut self, path: Option<&str>) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(path),
            b'[' => self.list(),
            b'"' => self.string(),
            _ => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace());
                self.at += end.unwrap_or(rest.len());
                Some(())
            }
        }
    }

    fn object(&mut self, path: Option<&str>) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            return self.expect(b'}');
        }
        loop {
            self.peek()?;
            let key_start = self.at;
            self.string()?;
            let key = key_start..self.at;
            self.expect(b':')?;
            self.peek()?;
            let start = self.at;
            let name: String = serde_json::from_str(&self.text[key.clone()]).ok()?;
            let inner = path.map(|path| if path.is_empty() { name } else { format!("{path}.{name}") });
            self.value(inner.as_deref())?;
            if let Some(name) = inner {
                let name = self.columns.get(&name).cloned().unwrap_or(name);
                self.found.insert(name, KeySpan { key, value: start..self.at });
            }
            if self.peek()? != b',' {
                return self.expect(b'}');
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self) -> Option<()> {
        self.expect(b'[')?;
        if self.peek()? == b']' {
            return self.expect(b']');
        }
        loop {
            self.value(None)?;
            if self.peek()? != b',' {
                return self.expect(b']');
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        let mut escaped = false;
        for (index, byte) in self.text.as_bytes().get(self.at..)?.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.at += index + 1;
                    return Some(());
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_keys_and_values_are_found() {
        let text = r#"{"a": "x\"}", "b" : {"c": [1, {"d": 2}], "e\u0066": null}}"#;
        let found = spans(text, &BTreeMap::new());
        let shown: Vec<_> = found.iter().map(|(name, span)| (name.as_str(), &text[span.value.clone()])).collect();
        assert_eq!(
            shown,
            [
                ("a", r#""x\"}""#),
                ("b", r#"{"c": [1, {"d": 2}], "e\u0066": null}"#),
                ("b.c", r#"[1, {"d": 2}]"#),
                ("b.ef", "null"),
            ]
        );
    }
}
