//! `--simulate`: accounts, limits and a state of its own, so that nothing real is touched.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use reelq_console::CommandError;
use reelq_model::Timestamp;
use reelq_sim::{Ledger, SimSettings, Simulator, prices};
use url::Url;

use crate::context::CommandContext;

/// The simulated vendors of one run.
#[derive(Debug)]
pub struct SimulatedVendors {
    base_url: Url,
    simulator: Option<Simulator>,
    /// When it began: what was charged before was remembered from earlier processes.
    since: Timestamp,
}

impl SimulatedVendors {
    /// Uses the simulator at `external`, or starts one in this process that remembers its tasks beside the state.
    pub async fn start(
        external: Option<&Url>,
        settings: SimSettings,
        context: &CommandContext,
    ) -> Result<Self, CommandError> {
        if let Some(url) = external {
            return Ok(Self { base_url: url.clone(), simulator: None, since: context.clock.now() });
        }
        let folder = context.state_folder();
        std::fs::create_dir_all(&folder).context("make the folder of the simulation").map_err(CommandError::Other)?;
        let since = context.clock.now();
        let started = Simulator::start(settings, Arc::clone(&context.clock)).await;
        let simulator = started.context("start the simulated vendors").map_err(CommandError::Other)?;
        let base_url =
            simulator.base_url().parse().context("read the simulator's address").map_err(CommandError::Other)?;
        Ok(Self { base_url, simulator: Some(simulator), since })
    }

    /// Where the vendors are.
    pub const fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// What the vendors of this process saw and charged, and when the process began: earlier charges are of others; `None`
    /// where the vendors are not of this process.
    pub fn ledger(&self) -> Option<(Ledger, Timestamp)> {
        self.simulator.as_ref().map(|simulator| (simulator.ledger(), self.since))
    }

    /// Waits for the vendors to end.
    pub async fn stop(self) {
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }
}

/// The simulator's prices as a file that is laid over a vendor's catalogue.
pub fn price_overlay(provider: &str) -> String {
    let mut models: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for price in prices().iter().filter(|price| price.provider.to_string() == provider) {
        let when: Vec<_> = price.when.iter().map(|(field, value)| format!("{field} = {}", literal(value))).collect();
        let per = if price.per_second { "second" } else { "task" };
        let row = format!("{{ when = {{ {} }}, usd = \"{}\", per = \"{per}\" }}", when.join(", "), price.usd);
        models.entry(price.model).or_default().push(row);
    }
    let tables = models.iter().map(|(model, rows)| format!("[models.\"{model}\"]\nprices = [{}]\n", rows.join(", ")));
    tables.collect()
}

/// Numbers as numbers, the rest as text.
fn literal(value: &str) -> String {
    if value.parse::<i64>().is_ok() { value.to_owned() } else { format!("\"{value}\"") }
}
