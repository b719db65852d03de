//! Reads the JSON that a reply's bytes hold, however broken they are: what was paid for must not be lost to a comma.
//!
//! Every valid document reads as `serde_json` reads it, with two differences. A whole number that fits no integer becomes
//! a text, so that a task id keeps its digits. Of members with the same name the last one that is not null counts.
//!
//! Beyond that it takes: text around the JSON, prefixes against script inclusion, UTF-16, broken UTF-8, lone surrogates,
//! raw control characters, stray or missing commas, `NaN` and its like, single quotes, JSON inside a text, an array that
//! holds one object, and a document that ends early. An unfinished text or number counts as not said, because half of a
//! task id is another task's.

mod decode;
mod number;
mod parser;
mod text;

pub use decode::decode;
use parser::Parser;
use serde_json::{Map, Value};

/// What may stand before the JSON of a reply that is nothing but JSON.
const GUARDS: [&str; 8] = ["", ")]}',", ")]}'", ")]}", "while(1);", "for(;;);", "{}&&", "data:"];
/// How a web page begins: its scripts may hold JSON, which is no reply.
const PAGES: [&str; 5] = ["<!doctype", "<html", "<head", "<body", "<?xml"];
/// Members that vendors encode a second time.
const ENCODED_TWICE: [&str; 4] = ["data", "result", "response", "task"];

/// An object that was found in a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The object.
    pub value: Value,
    /// Nothing but blanks and known prefixes stands before it.
    pub is_alone: bool,
    /// It could not be read to its end.
    pub torn: Option<Torn>,
}

/// Where a document could not be read on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Torn {
    /// The members that were open there, innermost first.
    pub open: Vec<String>,
    /// The text ends there: more was to come. Otherwise it goes on, and is no JSON.
    pub at_end: bool,
}

/// The object in `body`: the first one that has members, or an empty one. `None` where there is none, and for web pages.
pub fn read(body: &[u8]) -> Option<Document> {
    read_text(&decode(body), true)
}

/// The JSON that a text holds, where it holds an object or an array.
pub fn inside(text: &str) -> Option<Value> {
    let text = text.trim();
    text.starts_with(['{', '[']).then(|| Parser::new(text, 0).value()).flatten()
}

fn read_text(text: &str, may_be_encoded: bool) -> Option<Document> {
    let start = text.trim_start();
    if PAGES.iter().any(|page| start.get(..page.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(page))) {
        return None;
    }
    if may_be_encoded && start.starts_with('"') {
        let inner = Parser::new(text, text.len() - start.len()).value()?;
        return read_text(inner.as_str()?, false);
    }
    find(text)
}

fn find(text: &str) -> Option<Document> {
    let (mut from, mut empty) = (0, None);
    while let Some(start) = text.as_bytes()[from..].iter().position(|byte| matches!(byte, b'{' | b'[')) {
        let start = from + start;
        let mut parser = Parser::new(text, start);
        if let Some(value) = parser.value().and_then(only_object) {
            let is_alone = GUARDS.contains(&text[..start].trim());
            let found = Document { value: Value::Object(value), is_alone, torn: parser.torn() };
            if found.value.as_object().is_some_and(|members| !members.is_empty()) {
                return Some(expanded(found));
            }
            empty = empty.or(Some(found));
        }
        from = parser.position().max(start + 1);
    }
    // A brace with nothing after it says nothing.
    empty.filter(|found| found.torn.is_none())
}

fn only_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        Value::Array(items) => {
            let mut items = items.into_iter().filter(|item| !item.is_null());
            let only = items.next()?;
            if items.next().is_some() { None } else { only_object(only) }
        }
        _ => None,
    }
}

/// Replaces members that hold JSON in a text, or a list of one object, by what they hold.
fn expanded(mut document: Document) -> Document {
    for name in ENCODED_TWICE {
        let Some(member) = document.value.get_mut(name) else { continue };
        if let Some(inner) = member.as_str().and_then(inside_torn) {
            *member = inner.value;
            document.torn = document.torn.or(inner.torn);
        } else if member.is_array()
            && matches!(name, "data" | "task")
            && let Some(only) = only_object(member.clone())
        {
            *member = Value::Object(only);
        }
    }
    document
}

fn inside_torn(text: &str) -> Option<Document> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut parser = Parser::new(text, 0);
    let value = parser.value()?;
    let value = match only_object(value.clone()) {
        Some(only) => Value::Object(only),
        None => value,
    };
    Some(Document { value, is_alone: true, torn: parser.torn() })
}

#[cfg(test)]
mod tests;
