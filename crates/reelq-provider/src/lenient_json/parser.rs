//! The parser: takes what it can read and closes what is open where it can read no further.

use serde_json::{Map, Value};

use super::{Torn, number::number, text::text};

/// As deep as `serde_json` goes; what is nested deeper is skipped.
const DEPTH_MAX: usize = 127;

/// A place in a text. Each byte is looked at a bounded number of times.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    whole: &'a str,
    at: usize,
    depth: usize,
    torn: Option<Torn>,
}

impl<'a> Parser<'a> {
    pub(super) const fn new(whole: &'a str, at: usize) -> Self {
        Self { whole, at, depth: 0, torn: None }
    }

    /// Where it stopped.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Where the text could not be read on.
    pub(super) fn torn(&mut self) -> Option<Torn> {
        self.torn.take()
    }

    /// The value that begins here; `None` where none does or it is an unfinished text, number or word.
    pub(super) fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            b'{' | b'[' if self.depth >= DEPTH_MAX => self.skip_nested().then_some(Value::Null),
            b'{' => Some(self.nested(Self::object)),
            b'[' => Some(self.nested(Self::array)),
            b'"' | b'\'' => self.text().map(Value::String),
            b'-' if self.whole.as_bytes().get(self.at + 1).is_some_and(u8::is_ascii_alphabetic) => {
                self.at += 1;
                self.word()
            }
            b'-' | b'+' | b'.' | b'0'..=b'9' => {
                self.token(|byte| b"+-.eE".contains(&byte) || byte.is_ascii_digit()).map(number)
            }
            byte if byte.is_ascii_alphabetic() => self.word(),
            _ => None,
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Value) -> Value {
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Value {
        let mut members = Map::new();
        loop {
            self.skip(|byte| byte.is_ascii_whitespace() || byte == b',');
            if self.peek() == Some(b'}') {
                self.at += 1;
                break;
            }
            let Some(name) = self.name() else {
                self.tear();
                break;
            };
            let value = self.value();
            if value.is_none() {
                self.tear();
            }
            if let Some(torn) = &mut self.torn {
                torn.open.push(name.clone());
            }
            if let Some(value) = value {
                insert(&mut members, name, value);
            }
            if self.torn.is_some() {
                break;
            }
        }
        Value::Object(members)
    }

    fn array(&mut self) -> Value {
        let mut items = Vec::new();
        loop {
            self.skip(|byte| byte.is_ascii_whitespace() || byte == b',');
            if self.peek() == Some(b']') {
                self.at += 1;
                break;
            }
            match self.value() {
                Some(value) => items.push(value),
                None => self.tear(),
            }
            if self.torn.is_some() {
                break;
            }
        }
        Value::Array(items)
    }

    /// A member's name and its colon; the value comes next.
    fn name(&mut self) -> Option<String> {
        if !matches!(self.peek(), Some(b'"' | b'\'')) {
            return None;
        }
        let name = self.text()?;
        self.skip(|byte| byte.is_ascii_whitespace());
        if self.peek() != Some(b':') {
            return None;
        }
        self.at += 1;
        self.skip(|byte| byte.is_ascii_whitespace());
        Some(name)
    }

    fn text(&mut self) -> Option<String> {
        let found = text(self.whole, self.at);
        self.at = found.as_ref().map_or(self.whole.len(), |(_, after)| *after);
        found.map(|(content, _)| content)
    }

    /// A bare word. `NaN`, `undefined` and other words say nothing.
    fn word(&mut self) -> Option<Value> {
        let word = self.token(|byte| byte.is_ascii_alphanumeric() || byte == b'_')?;
        Some(match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            _ => Value::Null,
        })
    }

    /// The bytes from here on that belong together; `None` where the text ends with them, as more may have followed.
    fn token(&mut self, belongs: impl Fn(u8) -> bool) -> Option<&'a str> {
        let start = self.at;
        self.skip(belongs);
        self.peek().map(|_| &self.whole[start..self.at])
    }

    /// Passes over a list or object without looking into it; false where it does not end.
    fn skip_nested(&mut self) -> bool {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' if self.text().is_none() => return false,
                b'"' => continue,
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return true;
            }
        }
        false
    }

    fn tear(&mut self) {
        let at_end = self.peek().is_none();
        self.torn.get_or_insert(Torn { open: Vec::new(), at_end });
    }

    fn peek(&self) -> Option<u8> {
        self.whole.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, passes: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&passes) {
            self.at += 1;
        }
    }
}

/// The last of equal names counts, except that a null takes no value away.
fn insert(members: &mut Map<String, Value>, name: String, value: Value) {
    if !value.is_null() || !members.contains_key(&name) {
        members.insert(name, value);
    }
}
