//! Refuses a catalogue that refers to what it does not hold.

use indexmap::IndexMap;

use super::{CatalogueError, Mode, Model, Per, Rule};

struct Check<'a> {
    origin: &'a str,
    text: &'a str,
    name: &'a str,
    model: &'a Model,
}

/// Checks every model.
pub(super) fn validate(models: &IndexMap<String, Model>, origin: &str, text: &str) -> Result<(), CatalogueError> {
    for (name, model) in models {
        Check { origin, text, name, model }.all()?;
    }
    Ok(())
}

impl Check<'_> {
    fn refuse(&self, key: &[&str], rule: impl Into<String>) -> CatalogueError {
        let path: Vec<&str> = ["models", self.name].iter().chain(key).copied().collect();
        CatalogueError::meaning(self.origin, self.text, &path, rule)
    }

    fn known(&self, place: &[&str], field: &str) -> Result<(), CatalogueError> {
        let known = self.model.fields.contains_key(field) || field == "mode";
        let path: Vec<&str> = place.iter().copied().chain([field]).collect();
        if known { Ok(()) } else { Err(self.refuse(&path, "is not a field of this model")) }
    }

    fn all(&self) -> Result<(), CatalogueError> {
        self.fields()?;
        if self.model.modes.is_empty() {
            return Err(self.refuse(&["modes"], "must name at least one mode"));
        }
        if let Some(field) = &self.model.mode_field {
            self.known(&["mode_field"], field)?;
        }
        self.model.modes.iter().try_for_each(|(name, mode)| self.mode(name, mode))?;
        self.model.rules.iter().try_for_each(|(name, rule)| self.rule(name, rule))?;
        self.prices()
    }

    fn fields(&self) -> Result<(), CatalogueError> {
        for (name, field) in &self.model.fields {
            if field.kind.is_none() {
                return Err(self.refuse(&["fields", name], "has no `type`"));
            }
        }
        Ok(())
    }

    fn mode(&self, name: &str, mode: &Mode) -> Result<(), CatalogueError> {
        let named = mode.all.iter().chain(&mode.any).chain(&mode.requires).chain(mode.drops.keys());
        named.into_iter().try_for_each(|field| self.known(&["modes", name], field))
    }

    fn rule(&self, name: &str, rule: &Rule) -> Result<(), CatalogueError> {
        if rule.say.is_empty() {
            return Err(self.refuse(&["rules", name], "has no `say`"));
        }
        let named = rule.present.iter().chain(&rule.absent).chain(rule.field.iter());
        let compared = rule.when.keys().chain(rule.when_given.keys());
        named.chain(compared).try_for_each(|field| self.value_known(&["rules", name], field))
    }

    /// A value may also be one that the modes fix.
    fn value_known(&self, place: &[&str], field: &str) -> Result<(), CatalogueError> {
        let implied = self.model.modes.values().any(|mode| mode.implies.contains_key(field));
        if implied { Ok(()) } else { self.known(place, field) }
    }

    fn prices(&self) -> Result<(), CatalogueError> {
        for row in &self.model.prices {
            row.when.keys().try_for_each(|field| self.value_known(&["prices", "when"], field))?;
            if row.per == Per::Second {
                self.value_known(&["prices", "second"], "duration")?;
            }
        }
        Ok(())
    }
}
