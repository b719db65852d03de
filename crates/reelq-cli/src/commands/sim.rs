//! `reelq sim`: runs the simulated vendors alone.

use std::{path::PathBuf, sync::Arc};

use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_runner::{context::CommandContext, signals::Signals, simulated_vendors::SimulatedVendors};
use reelq_sim::{Faults, SimPace, SimSettings, Simulator, Vendor};
use url::Url;

/// Flags of the simulated vendors; also of `reelq run --simulate`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SimArgs {
    /// Simulated faults, for example `rough`, `strange` or `throttled=0.1,dropped_after=0.03`
    #[arg(long, value_name = "LIST")]
    pub(crate) faults: Option<Faults>,
    /// The seed of everything that the simulated vendors decide
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// How many times as fast as real vendors they are
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    pub(crate) speed: Option<f64>,
}

/// Which simulated vendors a command that works uses.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct VendorArgs {
    #[command(flatten)]
    sim: SimArgs,
    /// With --simulate: use the simulator at this address instead of one in this process
    #[arg(long, value_name = "URL", requires = "simulate", conflicts_with_all = ["faults", "seed", "speed"])]
    sim_url: Option<Url>,
}

impl VendorArgs {
    /// Refuses flags of simulated vendors where the vendors are real.
    pub(crate) fn check(&self, context: &CommandContext) -> Result<(), CommandError> {
        if !context.is_simulated() && !self.sim.is_empty() {
            return Err(CommandError::usage("--faults, --seed and --speed are for simulated vendors: add --simulate"));
        }
        Ok(())
    }

    /// Whether the vendors are not in this process.
    pub(crate) const fn is_outside(&self) -> bool {
        self.sim_url.is_some()
    }

    /// Starts the simulated vendors, or finds them; none where the vendors are real.
    pub(crate) async fn start(&self, context: &CommandContext) -> Result<Option<SimulatedVendors>, CommandError> {
        if !context.is_simulated() {
            return Ok(None);
        }
        SimulatedVendors::start(
            self.sim_url.as_ref(),
            self.sim.settings(0, Some(context.state_folder().join("vendors.jsonl"))),
            context,
        )
        .await
        .map(Some)
    }
}

/// Flags of `reelq sim`.
#[derive(Debug, clap::Args)]
pub(crate) struct SimServerArgs {
    /// The port; 0 takes any free one
    #[arg(long, default_value_t = 9300)]
    port: u16,
    /// Keep tasks and charges in this file, and know them again after a restart
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    sim: SimArgs,
}

fn speed(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    number.ok_or_else(|| "must be a number above 0".to_owned())
}

impl SimArgs {
    /// The simulator's settings.
    pub(crate) fn settings(&self, port: u16, journal: Option<PathBuf>) -> SimSettings {
        let usual = SimSettings::default();
        SimSettings {
            seed: self.seed.unwrap_or(usual.seed),
            faults: self.faults.unwrap_or_default(),
            pace: self.speed.map_or_else(SimPace::default, SimPace::at_speed),
            port,
            journal,
            ..usual
        }
    }

    /// Whether any of the flags is given.
    pub(crate) const fn is_empty(&self) -> bool {
        self.faults.is_none() && self.seed.is_none() && self.speed.is_none()
    }
}

pub(crate) async fn run(args: &SimServerArgs, context: &CommandContext, out: Out) -> CommandResult {
    let settings = args.sim.settings(args.port, args.journal.clone());
    let started = Simulator::start(settings, Arc::clone(&context.clock)).await;
    let busy = |error| CommandError::usage(format!("failed to listen on port {}: {error}", args.port));
    let simulator = started.map_err(busy)?;
    let mut signals = Signals::take().map_err(anyhow::Error::from)?;
    let url = simulator.base_url();
    out.report(&serde_json::json!({ "base_url": url, "ledger": format!("{url}/ledger") }), |_| told(&url));
    out.note("simulated vendors: nothing is real and any key is taken; stop with Ctrl-C");
    signals.next().await;
    simulator.stop().await;
    Ok(Exit::Done)
}

/// The base URL and the configuration to paste.
fn told(url: &str) -> String {
    let account = |vendor: Vendor| {
        let name = format!("{vendor}").to_lowercase();
        format!(
            "[accounts.{name}]\nprovider = \"{name}\"\nbase_url = \"{url}\"\napi_key_env = \"SIM_KEY\"   # any value\n"
        )
    };
    let accounts: Vec<_> = Vendor::ALL.into_iter().map(account).collect();
    format!("{url}\n\n# reelq.toml\n{}\n# what was charged: curl {url}/ledger", accounts.join("\n"))
}
