//! The vendors' adapters, opened with what the configuration says of them.

use std::{collections::BTreeSet, sync::Arc};

use reelq_config::AccountConfig;
use reelq_console::CommandError;
use reelq_manifest::Vocabulary;
use reelq_model::{AccountName, ProviderName};
use reelq_producer::{Accounts, Plan, PlanAccount};
use reelq_provider::{Overlay, Provider, ProviderSettings};
use reelq_submitter::SubmitSettings;

use crate::{context::CommandContext, simulated_vendors::price_overlay};

/// An account's adapter.
pub fn open(context: &CommandContext, account: &AccountConfig) -> Result<Arc<dyn Provider>, CommandError> {
    // Accounts that say the same share one: a catalogue takes a while to read, and there may be thousands of accounts.
    let said = account.said(&KEYS);
    if let Some(known) = context.adapters.get(&said) {
        return Ok(known);
    }
    let refuse = |error: &dyn std::fmt::Display| CommandError::usage(format!("account `{}`: {error}", account.name));
    let mut settings: ProviderSettings = account.section(&KEYS).map_err(|error| refuse(&error))?;
    settings.catalogue = overlay(context, &account.provider)?;
    let provider = reelq_provider::open(&settings).map_err(|error| refuse(&error))?;
    context.adapters.keep(said, &provider);
    Ok(provider)
}

/// The keys of an account that its adapter is opened with.
const KEYS: [&str; 5] = ["provider", "dialect", "idempotency", "refunds_failures", "link_lifetime"];

/// A vendor's adapter with the user's catalogue and no account.
pub fn open_vendor(context: &CommandContext, provider: &str) -> Result<Arc<dyn Provider>, CommandError> {
    vendor(provider, overlay(context, provider)?)
}

/// A vendor's adapter as it is built in.
pub fn open_builtin(provider: &str) -> Result<Arc<dyn Provider>, CommandError> {
    vendor(provider, None)
}

fn vendor(provider: &str, catalogue: Option<Overlay>) -> Result<Arc<dyn Provider>, CommandError> {
    let name = ProviderName::new(provider).map_err(|error| CommandError::usage(error.to_string()))?;
    let settings = ProviderSettings { catalogue, ..ProviderSettings::new(name) };
    reelq_provider::open(&settings).map_err(|error| CommandError::usage(error.to_string()))
}

/// The file that is laid over a vendor's catalogue; in a simulation, the simulator's prices.
fn overlay(context: &CommandContext, provider: &str) -> Result<Option<Overlay>, CommandError> {
    if context.is_simulated() {
        return Ok(Some(Overlay { path: "the simulator's prices".to_owned(), text: price_overlay(provider) }));
    }
    let Some(path) = context.config.catalogue.get(provider) else { return Ok(None) };
    let read = std::fs::read_to_string(path);
    let unreadable =
        |error| CommandError::usage(format!("catalogue.{provider}: {} cannot be read ({error})", path.display()));
    Ok(Some(Overlay { path: path.display().to_string(), text: read.map_err(unreadable)? }))
}

/// How an account submits.
pub fn submit_settings(account: &AccountConfig) -> Result<SubmitSettings, CommandError> {
    let read = account.section(&SubmitSettings::KEYS);
    read.map_err(|error| CommandError::usage(format!("account `{}`: {error}", account.name)))
}

/// The configured accounts as the producer needs them.
pub fn accounts(context: &CommandContext, usual: Option<AccountName>) -> Result<Accounts, CommandError> {
    let mut accounts = Vec::new();
    for account in context.config.accounts.values() {
        let limits = submit_settings(account)?.limits();
        accounts.push(PlanAccount { name: account.name.clone(), provider: open(context, account)?, limits });
    }
    Ok(Accounts::new(accounts, usual.or_else(|| context.config.default_account.clone())))
}

/// The accounts that a plan's lines name.
pub fn used(plan: &Plan) -> Vec<AccountName> {
    let names: BTreeSet<_> = plan.costs.iter().map(|line| line.account.clone()).collect();
    names.into_iter().collect()
}

/// Where a vendor's API is, unless `base_url` says otherwise.
pub fn address(provider: &str) -> &'static str {
    match provider {
        "apixo" => "https://api.apixo.ai",
        "poyo" => "https://api.poyo.ai",
        _ => "https://api.qingbo.ai",
    }
}

/// How outputs are named where the manifest does not say.
pub const FILE_NAME: &str = "{row:06}-{id}-{copy}.mp4";

/// The request field names that any vendor's catalogue knows.
pub fn vocabulary() -> Vocabulary {
    Vocabulary { fields: reelq_provider::field_names() }
}
