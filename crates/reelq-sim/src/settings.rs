//! What a simulator is started with. The default is a quick world without faults and limits.

use std::{net::IpAddr, net::Ipv4Addr, path::PathBuf, time::Duration};

use reelq_model::Money;

use crate::Faults;

/// Everything that decides how a simulator behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSettings {
    /// The source of every decision.
    pub seed: u64,
    /// The address to listen on; loopback unless said otherwise.
    pub host: IpAddr,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// What goes wrong, and how often.
    pub faults: Faults,
    /// How long things take.
    pub pace: SimPace,
    /// What each account may do. The vendors do not tell these numbers, and neither does the simulator.
    pub limits: SimLimits,
    /// A file that keeps the tasks, so that a simulator started again on it still knows them.
    pub journal: Option<PathBuf>,
    /// The secret that signs PoYo's callbacks.
    pub webhook_secret: String,
}

impl Default for SimSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            faults: Faults::default(),
            pace: SimPace::default(),
            limits: SimLimits::default(),
            journal: None,
            webhook_secret: "simulated-webhook-secret".to_owned(),
        }
    }
}

/// How long things take. Ranges are from the shortest to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimPace {
    /// How long a task waits before it begins.
    pub queue: (Duration, Duration),
    /// How long a task runs.
    pub run: (Duration, Duration),
    /// How long a link lives after the status reply that told it.
    pub link_lifetime: Duration,
    /// How long a slow reply takes in all.
    pub slow_reply: Duration,
}

const QUEUE_SECONDS: (f64, f64) = (2.0, 10.0);
const RUN_SECONDS: (f64, f64) = (30.0, 120.0);
const DEFAULT_SPEED: f64 = 200.0;

impl SimPace {
    /// Tasks that begin at once and run from `shortest` to `longest` seconds.
    pub fn seconds(shortest: f64, longest: f64) -> Self {
        let seconds = |number| Duration::try_from_secs_f64(number).unwrap_or_default();
        Self { queue: (Duration::ZERO, Duration::ZERO), run: (seconds(shortest), seconds(longest)), ..Self::default() }
    }

    /// A vendor's usual pace (a task waits 2 to 10 s and runs 30 to 120 s), `speed` times as fast.
    pub fn at_speed(speed: f64) -> Self {
        let scaled = |seconds: f64| Duration::try_from_secs_f64(seconds / speed).unwrap_or_default();
        Self {
            queue: (scaled(QUEUE_SECONDS.0), scaled(QUEUE_SECONDS.1)),
            run: (scaled(RUN_SECONDS.0), scaled(RUN_SECONDS.1)),
            link_lifetime: Duration::from_hours(24),
            slow_reply: Duration::from_secs(2),
        }
    }
}

impl Default for SimPace {
    fn default() -> Self {
        Self::at_speed(DEFAULT_SPEED)
    }
}

/// What each account (each API key) may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimLimits {
    /// Submissions a second; `None` is any number.
    pub requests_per_second: Option<f64>,
    /// Submissions at once within the rate; `None` is one second's worth.
    pub burst: Option<u32>,
    /// Tasks that have not ended; `None` is any number.
    pub max_in_flight: Option<u32>,
    /// The money on each account at the start; `None` is enough.
    pub balance: Option<Money>,
    /// How long a 429 asks to wait.
    pub retry_after: Duration,
}

impl Default for SimLimits {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            burst: None,
            max_in_flight: None,
            balance: None,
            retry_after: Duration::from_secs(1),
        }
    }
}
