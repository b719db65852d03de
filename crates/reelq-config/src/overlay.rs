//! The environment's settings, laid over those of the files.
//!
//! `REELQ_CONFIG`, `REELQ_LOG` and `REELQ_STORE` are plain; every other key has the variable that [`variable`] gives it.
//! Variables of accounts count for accounts that a file configures.

use reelq_model::nearest;
use std::collections::BTreeMap;

use super::{
    ConfigProblem, Environment, MergedSettings,
    origin::Origin,
    table::{keys, named_in, path_for, variable},
};

/// Variables that are not configuration keys.
const OTHERS: [&str; 1] = ["REELQ_CONFIG"];

/// Lays the environment's settings over those of the files.
pub(crate) fn overlay(environment: &Environment, settings: &mut MergedSettings) {
    let plain = keys().filter(|key| named_in(key).is_none()).map(|key| path_for(key, ""));
    let mut paths: BTreeMap<_, _> = plain.map(|path| (variable(&path), path)).collect();
    // Thousands of accounts have a hundred thousand variables, which are seldom needed.
    if environment.own().any(|(name, _)| !paths.contains_key(name) && !OTHERS.contains(&name.as_str())) {
        let names: BTreeMap<_, _> = ["accounts", "schedules"].map(|table| (table, settings.names_in(table))).into();
        for (key, table) in keys().filter_map(|key| Some((key, named_in(key)?))) {
            let named = names.get(table).into_iter().flatten().map(|name| path_for(key, name));
            paths.extend(named.map(|path| (variable(&path), path)));
        }
    }
    for (name, value) in environment.own() {
        let origin = Origin::Variable(name.clone());
        if let Some(path) = paths.get(name) {
            settings.set_text(path, value, &origin);
        } else if !OTHERS.contains(&name.as_str()) {
            let near = nearest(name, paths.keys().map(String::as_str).chain(OTHERS));
            let hint = near.map(|near| format!("did you mean {near}?"));
            let complaint = ConfigProblem::warning(&origin, name, "is not a variable that reelq knows");
            settings.complaints.push(complaint.maybe_hint(hint));
        }
    }
}
