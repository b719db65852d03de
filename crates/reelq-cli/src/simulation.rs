//! `--simulate`: accounts, limits and a state of its own, so that nothing real is touched.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use reelq_sim::{Simulator, prices};
use url::Url;

use crate::{
    commands::sim::SimArgs,
    config::{Origin, Settings},
    failure::Failure,
    session::Session,
};

/// Accounts of a simulation where none is configured: one a vendor.
const ACCOUNTS: [&str; 3] = ["wave", "apixo", "poyo"];

/// Limits that suit vendors who are quick; a limit that is configured stays.
const QUICK: [(&str, &str); 8] = [
    ("requests_per_second", "50.0"),
    ("burst", "10"),
    ("polls_per_second", "500.0"),
    ("max_in_flight", "100"),
    ("request_timeout", "10s"),
    ("running_timeout", "5m"),
    ("retries", "5"),
    ("patience", "30s"),
];

/// Status requests that suit tasks of a second.
const QUICK_POLLS: [(&str, &str); 3] = [("first", "150ms"), ("min", "100ms"), ("max", "2s")];

/// Turns the settings into those of a simulation: same accounts, but simulated vendors and no keys.
pub(crate) fn prepare(settings: &mut Settings) {
    let from = Origin::Simulation;
    if settings.accounts().is_empty() {
        for name in ACCOUNTS {
            settings.set_usual(&["accounts", name, "provider"], name, &from);
        }
    }
    for account in settings.accounts() {
        for key in ["api_key_env", "api_key_file", "base_url"] {
            settings.unset(&["accounts", &account, key]);
        }
        for (key, value) in QUICK {
            settings.set_usual(&["accounts", &account, key], value, &from);
        }
        for (key, value) in QUICK_POLLS {
            settings.set_usual(&["accounts", &account, "poll", key], value, &from);
        }
    }
    settings.set_usual(&["downloads", "min_free"], "50MB", &from);
    settings.fill_defaults();
}

/// The folder of a simulation's state: beside the real one.
pub(crate) fn state_file(real: &Path) -> PathBuf {
    real.parent().unwrap_or(Path::new("")).join("simulate").join("state.db")
}

/// The journal of a simulation: beside the real one.
pub(crate) fn journal(real: &Path) -> PathBuf {
    real.parent().unwrap_or(Path::new("")).join("simulate").join("journal")
}

/// The output root of a simulation: apart from real outputs.
pub(crate) fn output_root(real: &str) -> String {
    format!("{}/simulated", real.trim_end_matches('/'))
}

/// The simulated vendors of one run.
#[derive(Debug)]
pub(crate) struct Simulated {
    base_url: Url,
    simulator: Option<Simulator>,
}

impl Simulated {
    /// Uses the simulator at `external`, or starts one in this process that remembers its tasks beside the state.
    pub(crate) async fn start(external: Option<&Url>, args: &SimArgs, session: &Session) -> Result<Self, Failure> {
        if let Some(url) = external {
            return Ok(Self { base_url: url.clone(), simulator: None });
        }
        let folder = session.state_folder();
        std::fs::create_dir_all(&folder).context("make the folder of the simulation").map_err(Failure::Other)?;
        let settings = args.settings(0, Some(folder.join("vendors.jsonl")));
        let started = Simulator::start(settings, Arc::clone(&session.clock)).await;
        let simulator = started.context("start the simulated vendors").map_err(Failure::Other)?;
        let base_url = simulator.base_url().parse().context("read the simulator's address").map_err(Failure::Other)?;
        Ok(Self { base_url, simulator: Some(simulator) })
    }

    /// Where the vendors are.
    pub(crate) const fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Waits for the vendors to end.
    pub(crate) async fn stop(self) {
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
    }
}

/// The simulator's prices as a file that is laid over a vendor's catalogue.
pub(crate) fn price_overlay(provider: &str) -> String {
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
