//! `[batch]`.

use reelq_model::Money;
use reelq_results::taken;
use serde_json::Value;

use super::section::Section;
use crate::{
    ManifestHead, Problem, Vocabulary,
    limits::{PRIORITY_MAX, within_priorities},
    names::ROW_KEYS,
};

const KEYS: [&str; 7] = ["name", "output", "file_name", "budget_usd", "priority", "passthrough", "stop_if"];

/// Reads the section and refuses what it does not know.
pub(crate) fn read(mut section: Section, vocabulary: &Vocabulary, problems: &mut Vec<Problem>) -> ManifestHead {
    let head = ManifestHead {
        name: section.text("name", problems),
        output: section.text("output", problems),
        file_name: section.text("file_name", problems),
        budget: budget(&mut section, problems),
        priority: priority(&mut section, problems),
        stop_if: section.texts("stop_if", problems),
        passthrough: passthrough(&mut section, vocabulary, problems),
    };
    section.refuse_rest("[batch]", &KEYS, problems);
    head
}

/// Reads the amount from its digits as written: it never is a float.
fn budget(section: &mut Section, problems: &mut Vec<Problem>) -> Option<Money> {
    let value = section.take("budget_usd")?;
    let text = match &value {
        Value::String(text) => text.clone(),
        Value::Number(_) => section.literal("budget_usd")?.replace('_', ""),
        _ => String::new(),
    };
    match text.parse::<Money>() {
        Ok(money) if money >= Money::ZERO => Some(money),
        _ => {
            let rule = "budget_usd must be an amount in dollars with at most six decimals, not below zero";
            let shown = section.literal("budget_usd").unwrap_or_default().to_owned();
            let problem = section.wrong("budget_usd", rule, &Value::String(shown));
            problems.push(problem.with_hint("for example 25, 12.50 or \"$12.50\""));
            None
        }
    }
}

fn priority(section: &mut Section, problems: &mut Vec<Problem>) -> i32 {
    let Some(value) = section.take("priority") else { return 0 };
    value.as_i64().and_then(within_priorities).unwrap_or_else(|| {
        let rule = format!("priority must be a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}");
        problems.push(section.wrong("priority", &rule, &value).with_hint("higher goes first; 0 is usual"));
        0
    })
}

fn passthrough(section: &mut Section, vocabulary: &Vocabulary, problems: &mut Vec<Problem>) -> Vec<String> {
    let mut names = section.texts("passthrough", problems);
    names.retain(|name| {
        let taken = if vocabulary.fields.contains(name) || ROW_KEYS.contains(&name.as_str()) {
            "means something to reelq itself"
        } else if taken().any(|column| column == name) {
            "is a column of the result manifest already"
        } else if name.trim().is_empty() {
            "is empty"
        } else {
            return true;
        };
        let problem = section.layer.field_problem("passthrough", format!("the name `{name}` {taken}"));
        problems.push(problem.with_value(name).with_hint("choose another name, or map the column with `columns`"));
        false
    });
    names
}
