//! The simulated vendors, running in the test's own process.

use std::{sync::Arc, time::Duration};

use reelq_model::SystemClock;
use reelq_sim::{Ledger, SimSettings, Simulator};
use tokio::runtime::Runtime;

/// The three simulated vendors on one port, with their ledger.
#[derive(Debug)]
pub struct SimulatedVendor {
    runtime: Option<Runtime>,
    simulator: Simulator,
}

impl SimulatedVendor {
    /// Starts them on a free port.
    pub fn start(settings: SimSettings) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let clock = Arc::new(SystemClock::new());
        let simulator = runtime.block_on(Simulator::start(settings, clock)).expect("a port is free");
        Self { runtime: Some(runtime), simulator }
    }

    /// Where they answer.
    pub fn base_url(&self) -> String {
        self.simulator.base_url()
    }

    /// While `outage` is set, every request to the API is answered with a 503 that asks to wait so long.
    pub fn set_outage(&self, outage: Option<Duration>) {
        self.simulator.set_outage(outage);
    }

    /// Who was charged for what so far.
    pub fn ledger(&self) -> Ledger {
        self.simulator.ledger()
    }
}

impl Drop for SimulatedVendor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
