//! How near several worker processes come to a vendor's hidden limit, and how often they are refused on the way.
//!
//! The workers share a Redis that has every write on disk before it answers, as docs/operations.md has it.

use std::{ops::Range, process::Child, time::Duration};

use anyhow::{Context as _, Result, ensure};
use reelq_redis_server::RedisServer;
use reelq_sim::{Faults, SimLimits, SimPace, SimSettings, Simulator};

use crate::{
    figure::Report,
    subject::{Subject, simulator},
};

const RATE: f64 = 20.0;
const CAP: u32 = 30;
/// Mean time of a task in the scenario of the cap, in seconds.
const RUN_S: (f64, f64) = (3.0, 5.0);
const POLL: &str = "polls_per_second = 200.0\npoll = { first = \"100ms\", min = \"100ms\", max = \"200ms\" }\nrequest_timeout = \"5s\"\n";

/// One hidden limit, and what the user knows of it.
struct Scenario {
    names: [&'static str; 2],
    of: &'static str,
    known: &'static str,
    hidden: SimLimits,
    pace: SimPace,
    /// What the vendor would accept in a second.
    fair: f64,
    /// The seconds that count.
    counted: Range<usize>,
    /// No more processes than these, however many are asked for.
    workers_max: usize,
}

/// What the vendor saw in each second.
#[derive(Debug, Default)]
struct Seen {
    accepted: Vec<u64>,
    refused: Vec<u64>,
}

impl Seen {
    fn rate(&self, seconds: Range<usize>) -> f64 {
        let length = seconds.len().max(1) as f64;
        self.accepted.get(seconds).unwrap_or_default().iter().sum::<u64>() as f64 / length
    }

    fn refusals(&self, seconds: Range<usize>) -> f64 {
        let sum = |counts: &[u64]| counts.get(seconds.clone()).unwrap_or_default().iter().sum::<u64>() as f64;
        let (accepted, refused) = (sum(&self.accepted), sum(&self.refused));
        refused / (accepted + refused).max(1.0)
    }

    /// Seconds after `changed` from which on ten seconds together are within a tenth of `fair`.
    fn settled(&self, changed: usize, fair: f64, until: usize) -> Option<usize> {
        let near = |from: usize| (0.9 * fair..=1.1 * fair).contains(&self.rate(from..from + 10));
        (changed..until.saturating_sub(10)).find(|from| near(*from)).map(|from| from - changed)
    }
}

/// Kills its processes when it goes, and their server after them.
struct Workers(Vec<Child>, #[expect(dead_code, reason = "it is kept for as long as they work")] RedisServer);

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            drop(worker.kill());
            drop(worker.wait());
        }
    }
}

/// Runs every scenario with `workers` processes; the goal for a rate that is too high is about four.
pub(crate) async fn measure(report: &mut Report, workers: usize) -> Result<()> {
    for scenario in scenarios() {
        let workers = workers.min(scenario.workers_max);
        let settings = SimSettings { limits: scenario.hidden, pace: scenario.pace, ..SimSettings::default() };
        let (vendor, subject, working) = begin(settings, scenario.known, workers).await?;
        let mut seen = Seen::default();
        watch(&vendor, &mut seen, scenario.counted.end).await;
        end(vendor, subject, working).await;
        let of = format!("{}, {workers} workers", scenario.of);
        report.add(scenario.names[0], 100.0 * seen.rate(scenario.counted.clone()) / scenario.fair, &of);
        report.add(scenario.names[1], 100.0 * seen.refusals(0..scenario.counted.end), "the same, from the start");
    }
    by_chance(report, workers).await?;
    changing(report, workers).await
}

fn scenarios() -> [Scenario; 4] {
    let twice = SimLimits { requests_per_second: Some(2.0 * RATE), ..SimLimits::default() };
    let rate = SimLimits { requests_per_second: Some(RATE), ..SimLimits::default() };
    let cap = SimLimits { max_in_flight: Some(CAP), ..SimLimits::default() };
    [
        Scenario {
            names: ["known_rate_share_percent", "known_rate_refused_percent"],
            of: "known 20/s",
            known: "requests_per_second = 20.0\nmax_in_flight = 200\n",
            hidden: rate,
            pace: SimPace::seconds(0.2, 0.6),
            fair: RATE,
            counted: 5..50,
            workers_max: usize::MAX,
        },
        Scenario {
            names: ["unknown_rate_share_percent", "unknown_rate_refused_percent"],
            of: "unknown 20/s, after a minute",
            known: "requests_per_second = \"auto\"\nmax_in_flight = \"auto\"\n",
            hidden: rate,
            pace: SimPace::seconds(0.2, 0.6),
            fair: RATE,
            counted: 60..110,
            workers_max: usize::MAX,
        },
        Scenario {
            names: ["unknown_cap_share_percent", "unknown_cap_refused_percent"],
            of: "unknown 30 in flight, after a minute",
            known: "requests_per_second = \"auto\"\nmax_in_flight = \"auto\"\n",
            hidden: cap,
            pace: SimPace::seconds(RUN_S.0, RUN_S.1),
            fair: f64::from(CAP) * 2.0 / (RUN_S.0 + RUN_S.1),
            counted: 60..110,
            workers_max: usize::MAX,
        },
        Scenario {
            names: ["too_high_rate_share_percent", "too_high_rate_refused_percent"],
            of: "80/s configured, 40/s hidden, after half a minute",
            known: "requests_per_second = 80.0\nmax_in_flight = 400\n",
            hidden: twice,
            pace: SimPace::seconds(0.2, 0.6),
            fair: 2.0 * RATE,
            counted: 30..80,
            workers_max: 4,
        },
    ]
}

/// One request in ten is refused whatever their rate: nothing is to be learned from that. What the pauses leave is no
/// less after a minute than it was at first.
async fn by_chance(report: &mut Report, workers: usize) -> Result<()> {
    let known = "requests_per_second = 20.0\nmax_in_flight = 200\n";
    let faults = Faults { throttled: 0.1, ..Faults::default() };
    let settings = SimSettings { faults, pace: SimPace::seconds(0.2, 0.6), ..SimSettings::default() };
    let (vendor, subject, working) = begin(settings, known, workers).await?;
    let mut seen = Seen::default();
    watch(&vendor, &mut seen, 120).await;
    end(vendor, subject, working).await;
    let of = format!("the second minute beside the first, one in ten refused by chance, {workers} workers");
    report.add("chance_refusals_kept_percent", 100.0 * seen.rate(60..120) / seen.rate(0..60).max(0.1), of);
    report.add("chance_refusals_rate", seen.rate(0..120), "requests accepted a second, 20/s configured");
    Ok(())
}

/// The rate is unknown, is halved in mid-run, and doubled again.
async fn changing(report: &mut Report, workers: usize) -> Result<()> {
    let limits = |rate: f64| SimLimits { requests_per_second: Some(rate), ..SimLimits::default() };
    let known = "requests_per_second = \"auto\"\nmax_in_flight = \"auto\"\n";
    let settings = SimSettings { limits: limits(RATE), pace: SimPace::seconds(0.2, 0.6), ..SimSettings::default() };
    let (vendor, subject, working) = begin(settings, known, workers).await?;
    let mut seen = Seen::default();
    watch(&vendor, &mut seen, 50).await;
    vendor.set_limits(limits(RATE / 2.0));
    watch(&vendor, &mut seen, 100).await;
    vendor.set_limits(limits(RATE));
    watch(&vendor, &mut seen, 150).await;
    end(vendor, subject, working).await;
    let settled = |changed, fair| seen.settled(changed, fair, changed + 50).map_or(f64::INFINITY, |s| s as f64);
    let of = format!("seconds until ten together are within a tenth of it, {workers} workers");
    report.add("halved_rate_settled_s", settled(50, RATE / 2.0), format!("20/s becomes 10/s: {of}"));
    report.add("doubled_rate_settled_s", settled(100, RATE), format!("10/s becomes 20/s: {of}"));
    report.add("changing_rate_refused_percent", 100.0 * seen.refusals(0..150), "both, from the start");
    Ok(())
}

async fn begin(settings: SimSettings, known: &str, workers: usize) -> Result<(Simulator, Subject, Workers)> {
    let vendor = simulator(settings).await?;
    let server = RedisServer::with().append_only("always").start();
    let store = format!("store = \"{}\"\n", server.url());
    let subject = Subject::over(&store, &vendor.base_url(), &format!("{known}{POLL}"), 4_000)?;
    tokio::task::block_in_place(|| subject.run(&["enqueue", "set.csv", "--yes"]))?;
    let mut working = Workers(Vec::new(), server);
    for _ in 0..workers {
        working.0.push(subject.start(&["worker"])?);
    }
    for _ in 0..300 {
        if vendor.ledger().requests.accepted > 0 {
            return Ok((vendor, subject, working));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for worker in &mut working.0 {
        ensure!(worker.try_wait().context("look at a worker")?.is_none(), "a worker ended early");
    }
    anyhow::bail!("nothing was bought in half a minute")
}

async fn end(vendor: Simulator, subject: Subject, working: Workers) {
    drop(working);
    vendor.stop().await;
    drop(subject);
}

/// Counts until `second` seconds were seen in all.
async fn watch(vendor: &Simulator, seen: &mut Seen, second: usize) {
    let requests = vendor.ledger().requests;
    let (mut accepted, mut refused) = (requests.accepted, requests.throttled);
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    beat.tick().await;
    while seen.accepted.len() < second {
        beat.tick().await;
        let requests = vendor.ledger().requests;
        seen.accepted.push(requests.accepted - accepted);
        seen.refused.push(requests.throttled - refused);
        (accepted, refused) = (requests.accepted, requests.throttled);
    }
}
