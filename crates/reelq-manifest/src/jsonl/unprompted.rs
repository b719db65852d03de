//! What the first row of a file tells of all: the form of a batch for another service, or that no key is the prompt.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{Lines, Shape};
use crate::{
    ColumnProposal, Problem, csv::ColumnPlan, input::Input, location::Layer, names::NameMeaning, problem::readable,
};

/// What is told of a file in the form of `OpenAI`'s batches.
const OPENAI: &str = "a batch file as OpenAI's API has it: `body.prompt` is the prompt, and `custom_id` the id";

/// Looks at the first row: adds what its form says, or asks where the prompt is.
pub(crate) fn learn(
    input: &Input,
    shape: Shape,
    plan: &mut ColumnPlan,
    told: &mut Vec<String>,
) -> Result<(), Box<Problem>> {
    let Some((object, layer)) = Lines::open(input, shape, &Arc::new(plan.clone()))?.first() else { return Ok(()) };
    if is_openai(&object) {
        let mut columns = BTreeMap::from([("body.prompt", "prompt"), ("custom_id", "id")].map(own));
        let said: Vec<String> = plan.columns.values().cloned().collect();
        columns.retain(|_, ours| !said.contains(ours));
        columns.extend(plan.columns.iter().map(|(theirs, ours)| (theirs.clone(), ours.clone())));
        plan.columns = Arc::new(columns);
        told.push(OPENAI.to_owned());
    }
    match missing_prompt(&object, &layer, plan) {
        Some(problem) => Err(Box::new(problem)),
        None => Ok(()),
    }
}

fn own((theirs, ours): (&str, &str)) -> (String, String) {
    (theirs.to_owned(), ours.to_owned())
}

fn is_openai(object: &Map<String, Value>) -> bool {
    let prompt = object.get("body").and_then(|body| body.get("prompt"));
    object.contains_key("custom_id") && prompt.is_some_and(Value::is_string)
}

fn missing_prompt(object: &Map<String, Value>, layer: &Layer, plan: &ColumnPlan) -> Option<Problem> {
    let names: Vec<String> = object.iter().flat_map(|(name, value)| paths(name, value)).collect();
    let meant = |name: &String| plan.columns.get(name).cloned().unwrap_or_else(|| name.clone());
    if !plan.needs_prompt || names.iter().any(|name| meant(name) == "prompt") {
        return None;
    }
    let is_stranger = |name: &&String| !plan.names_column(name) && plan.names.key(name) == NameMeaning::Unknown;
    let proposal = ColumnProposal::of_prompts(names.iter().filter(is_stranger).map(String::as_str))?;
    let rule = format!("no key is called `prompt`; the likeliest is `{}`", readable(&proposal.map.0));
    Some(layer.key_problem(&proposal.map.0, rule).with_proposal(proposal))
}

/// A key, and the keys of an object below it that hold texts.
fn paths(name: &str, value: &Value) -> Vec<String> {
    let inner = value.as_object().into_iter().flatten().filter(|(_, value)| value.is_string());
    std::iter::once(name.to_owned()).chain(inner.map(|(inner, _)| format!("{name}.{inner}"))).collect()
}
