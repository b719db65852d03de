//! Checks camera tags, in brackets in a text and as a list.

use indexmap::IndexMap;
use reelq_model::{nearest, nearest_above};
use serde_json::Value;

use super::row::RowCheck;

const TAG_CHARS_MAX: usize = 24;
const LIKENESS_MIN: f64 = 0.7;

type Tags = IndexMap<String, String>;

/// Checks every field that holds camera tags.
pub(super) fn check(row: &mut RowCheck<'_>) {
    let (model, catalogue) = (row.model, row.catalogue);
    for (name, _) in model.fields.iter().filter(|(_, field)| field.camera_tags) {
        match row.given.get(name).cloned() {
            Some(Value::String(text)) => check_text(row, name, &text, &catalogue.camera_tags),
            Some(Value::Array(items)) => check_list(row, name, &items, &catalogue.camera_tags),
            _ => {}
        }
    }
}

fn check_text(row: &mut RowCheck<'_>, name: &str, text: &str, tags: &Tags) {
    let parts = bracketed(text).flat_map(|inside| inside.split([',', '，', '、', '/', '+'])).map(str::trim);
    for part in parts.filter(|part| !part.is_empty() && !tags.contains_key(*part)) {
        if let Some(near) = meant(part, tags) {
            row.warning(
                name,
                format!("`[{part}]` is not a camera tag of `{}`", row.name),
                Some(&suggestion(near, tags)),
            );
            if let Some(finding) = row.findings.last_mut() {
                finding.value = Some(format!("[{part}]"));
            }
        }
    }
}

/// A list may write a tag with or without its brackets; without them is the normal form.
fn check_list(row: &mut RowCheck<'_>, name: &str, items: &[Value], tags: &Tags) {
    let plain = |item: &Value| item.as_str().map(|text| text.trim().trim_matches(['[', ']']).to_owned());
    let plain: Vec<String> = items.iter().filter_map(plain).collect();
    for tag in plain.iter().filter(|tag| !tags.contains_key(*tag)) {
        let hint = nearest_tag(0.0, tag, tags).map(|near| suggestion(near, tags));
        row.error(name, format!("`{tag}` is not one of the {} camera tags", tags.len()), hint.as_deref());
    }
    row.given.insert(name.to_owned(), plain.into());
}

fn bracketed(text: &str) -> impl Iterator<Item = &str> {
    let inside = |part: &'_ str| part.find(']');
    text.split('[').skip(1).filter_map(move |part| inside(part).map(|end| &part[..end]))
}

/// The tag that a bracketed text seems to mean; `None` where it does not look like a camera tag at all.
fn meant<'a>(part: &str, tags: &'a Tags) -> Option<&'a str> {
    let chars = part.chars().count();
    if chars > TAG_CHARS_MAX {
        return None;
    }
    if chars <= 6 && part.chars().all(is_han) {
        return nearest_tag(0.0, part, tags);
    }
    nearest_tag(LIKENESS_MIN, part, tags).or_else(|| by_first_word(part, tags))
}

fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split([' ', '-', '_']).map(str::to_lowercase)
}

/// `[zoom slowly]` begins with the word of a tag.
fn by_first_word<'a>(part: &str, tags: &'a Tags) -> Option<&'a str> {
    let first = words(part).next()?;
    let same = tags.iter().filter(|(_, english)| words(english).next().as_ref() == Some(&first));
    let english: Vec<&str> = same.map(|(_, english)| english.as_str()).collect();
    let near = nearest_above(0.0, part, english)?;
    tags.iter().find(|(_, english)| english.as_str() == near).map(|(tag, _)| tag.as_str())
}

fn nearest_tag<'a>(least: f64, text: &str, tags: &'a Tags) -> Option<&'a str> {
    if text.chars().any(is_han) {
        return nearest_above(least, text, tags.keys().map(String::as_str));
    }
    let near = nearest(text, tags.values().map(String::as_str));
    let near = near.filter(|near| nearest_above(least, text, [*near]).is_some())?;
    tags.iter().find(|(_, english)| english.as_str() == near).map(|(tag, _)| tag.as_str())
}

fn suggestion(tag: &str, tags: &Tags) -> String {
    let english = tags.get(tag).map(String::as_str).unwrap_or_default();
    format!("write [{tag}] for {english}")
}
