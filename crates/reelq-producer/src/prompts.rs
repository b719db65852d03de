//! Prompts that are none: what spreadsheets and programs write where there is nothing.

use std::collections::BTreeSet;

use reelq_model::{Finding, JobSpec};

/// What programs write for nothing, in lower case.
const NOTHING: [&str; 16] = [
    "nan",
    "none",
    "null",
    "nil",
    "undefined",
    "n/a",
    "na",
    "-",
    "--",
    "...",
    "tbd",
    "todo",
    "true",
    "false",
    "nat",
    "<na>",
];
/// What spreadsheets write for a formula that failed.
const FAILED: [&str; 11] = [
    "#ref!",
    "#n/a",
    "#value!",
    "#name?",
    "#div/0!",
    "#null!",
    "#num!",
    "#error!",
    "#spill!",
    "#calc!",
    "#getting_data",
];

/// Looks at prompts. They may be meant, so that it only warns.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    told: BTreeSet<String>,
}

impl Prompts {
    /// The warning, for the first row with each such text.
    pub(crate) fn look(&mut self, spec: &JobSpec) -> Option<Finding> {
        let prompt = spec.prompt();
        let rule = doubt(prompt)?;
        self.told.insert(prompt.to_owned());
        let hint = "it is bought as it stands; fix the row, or take it out";
        Some(Finding::warning("prompt", Some(prompt.to_owned()), rule).with_hint(hint))
    }
}

fn doubt(prompt: &str) -> Option<&'static str> {
    let text = prompt.trim().to_lowercase();
    if text.is_empty() {
        return None;
    }
    if NOTHING.contains(&text.as_str()) {
        return Some("the prompt looks like a cell without a value");
    }
    if FAILED.contains(&text.as_str()) {
        return Some("the prompt is the error of a spreadsheet's formula");
    }
    if text.starts_with("[object ") {
        return Some("the prompt looks like what a program writes for a value that it cannot write");
    }
    text.chars().all(is_invisible).then_some("the prompt holds nothing that can be seen")
}

/// Signs that show nothing: spaces, controls, formats, fillers.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_nothing_is_doubted_and_words_are_not() {
        for text in
            ["#REF!", "#N/A", "nan", "None", "NULL", "undefined", "\u{200d}\u{2060}", "[object Object]", "\u{3164}"]
        {
            assert!(doubt(text).is_some(), "{text:?}");
        }
        for text in ["a nun", "none of the above", "\u{1f408}", "空", "#ref a", "7"] {
            assert_eq!(doubt(text), None, "{text:?}");
        }
    }
}
