//! `reelq models`: models, modes, limits and prices, with the user's catalogue laid over.

use std::{collections::BTreeMap, sync::Arc};

use reelq_console::{CommandError, CommandResult, Exit, Out, money, table};
use reelq_provider::{
    Catalogue, PROVIDERS, Provider,
    catalogue::{Field, FieldLimits, Model, Per, PriceRow},
};
use reelq_runner::{adapters, context::CommandContext};
use serde_json::Value;

/// Flags of `reelq models`.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelsArgs {
    /// Only models of this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only this model
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// Show what is built in, whatever the configuration says
    #[arg(long, conflicts_with = "simulate")]
    builtin: bool,
}

impl ModelsArgs {
    /// Whether the configuration does not matter.
    pub(crate) const fn is_builtin(&self) -> bool {
        self.builtin
    }
}

/// Shows the models with the user's catalogue laid over.
pub(crate) fn run(args: &ModelsArgs, context: &CommandContext, out: Out) -> CommandResult {
    show(args, out, |name| adapters::open_vendor(context, name))
}

/// Shows the models as they are built in.
pub(crate) fn builtin(args: &ModelsArgs, out: Out) -> CommandResult {
    show(args, out, adapters::open_builtin)
}

fn show(args: &ModelsArgs, out: Out, open: impl Fn(&str) -> Result<Arc<dyn Provider>, CommandError>) -> CommandResult {
    let wanted = |name: &&&str| args.provider.as_deref().is_none_or(|provider| provider == **name);
    let mut catalogues = BTreeMap::new();
    for name in PROVIDERS.iter().filter(wanted) {
        let mut catalogue = open(name)?.catalogue().clone();
        catalogue.models.retain(|model, _| args.model.as_ref().is_none_or(|only| only == model));
        catalogues.insert((*name).to_owned(), catalogue);
    }
    if catalogues.is_empty() {
        return Err(CommandError::usage(format!("--provider must be one of {}", PROVIDERS.join(", "))));
    }
    if catalogues.values().all(|catalogue| catalogue.models.is_empty()) {
        return Err(CommandError::usage("no such model; `reelq models` lists them all"));
    }
    out.report_list("providers", &catalogues, |catalogues| {
        let parts: Vec<_> =
            catalogues.iter().filter(|(_, c)| !c.models.is_empty()).map(|(name, c)| draw(name, c)).collect();
        parts.join("\n\n")
    });
    Ok(Exit::Done)
}

fn draw(name: &str, catalogue: &Catalogue) -> String {
    let models: Vec<_> = catalogue.models.iter().map(|(model, rules)| draw_model(name, model, rules)).collect();
    models.join("\n\n")
}

fn draw_model(provider: &str, name: &str, model: &Model) -> String {
    let modes: Vec<_> = model.modes.keys().map(String::as_str).collect();
    let fields = model.fields.iter().map(|(field, rules)| {
        let default = rules.default.as_ref().map(|value| format!("default {value}")).unwrap_or_default();
        let required = if rules.required { "required" } else { "" };
        vec![format!("  {field}"), rules.kind().in_words().to_owned(), required.to_owned(), limits(rules), default]
    });
    let mut lines = vec![format!("{provider} {name}")];
    if !model.about.is_empty() {
        lines.push(format!("  {}", model.about));
    }
    lines.push(format!("  modes: {}", modes.join(", ")));
    lines.push(format!("  price: {}", prices(&model.prices)));
    lines.push(table(&["  field", "is", "", "limits", ""], fields));
    lines.join("\n")
}

fn limits(field: &Field) -> String {
    field.limits.as_ref().map(limit).unwrap_or_default()
}

fn limit(limits: &FieldLimits) -> String {
    let mut parts = Vec::new();
    if !limits.values.is_empty() {
        parts.push(limits.values.iter().map(plain).collect::<Vec<_>>().join(", "));
    }
    match (limits.min, limits.max) {
        (Some(min), Some(max)) => parts.push(format!("{min} to {max}")),
        (Some(min), None) => parts.push(format!("at least {min}")),
        (None, Some(max)) => parts.push(format!("at most {max}")),
        (None, None) => {}
    }
    parts.extend(limits.max_chars.map(|count| format!("at most {count} characters")));
    parts.extend(limits.max_items.map(|count| format!("at most {count} items")));
    parts.join("; ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn prices(rows: &[PriceRow]) -> String {
    if rows.is_empty() {
        return "not known (tell it in a file named under [catalogue])".to_owned();
    }
    let row = |row: &PriceRow| {
        let when: Vec<_> = row.when.iter().map(|(field, value)| format!("{field} {}", plain(value))).collect();
        let per = match row.per {
            Per::Second => " a second",
            Per::Task => "",
        };
        let when = if when.is_empty() { String::new() } else { format!(" ({})", when.join(", ")) };
        format!("{}{per}{when}", money(row.usd))
    };
    rows.iter().map(row).collect::<Vec<_>>().join(", ")
}
