//! Replaces the named sets that a model refers to by what they hold.

use toml::{Table, Value};

use super::merge::lay_over;

/// The first set that a model names and that does not exist: the model, the key and the set's name.
pub(super) struct MissingSet {
    pub(super) model: String,
    pub(super) key: &'static str,
    pub(super) set: String,
}

fn names(model: &Table, key: &str) -> Vec<String> {
    let list = model.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn own(model: &Table, key: &str) -> Table {
    model.get(key).and_then(Value::as_table).cloned().unwrap_or_default()
}

fn gather(sets: &Table, model: &Table, from: &'static str, into: &str) -> Result<Table, (&'static str, String)> {
    let mut gathered = Table::new();
    for name in names(model, from) {
        let set = sets.get(&name).and_then(Value::as_table).ok_or((from, name))?;
        lay_over(&mut gathered, set.clone());
    }
    lay_over(&mut gathered, own(model, into));
    Ok(gathered)
}

fn resolve_model(file: &Table, model: &mut Table) -> Result<(), (&'static str, String)> {
    let mut fields = gather(&own(file, "fieldsets"), model, "fields_from", "fields")?;
    for unwanted in names(model, "without") {
        fields.remove(&unwanted);
    }
    let rules = gather(&own(file, "rulesets"), model, "rules_from", "rules")?;
    model.insert("fields".to_owned(), Value::Table(fields));
    model.insert("rules".to_owned(), Value::Table(rules));
    Ok(())
}

/// Resolves every model of `file`.
pub(super) fn resolve(mut file: Table) -> Result<Table, MissingSet> {
    let mut models = own(&file, "models");
    for (name, model) in &mut models {
        let Value::Table(model) = model else { continue };
        resolve_model(&file, model).map_err(|(key, set)| MissingSet { model: name.to_owned(), key, set })?;
    }
    file.insert("models".to_owned(), Value::Table(models));
    Ok(file)
}
