//! Measurements, as ratios taken side by side in one run: `cargo xtask bench [NAME ...] [--json FILE]`.
//!
//! The real release binary works against the simulator in this process; nothing is timed that a user would not wait for.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are rounded for people anyway"
)]

mod bare;
mod enqueue;
mod figure;
mod limits;
mod memory;
mod polls;
mod process;
mod store;
mod subject;
mod throughput;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::figure::Report;

const USAGE: &str = "\
usage: cargo xtask bench [NAME ...] [--json FILE] [--small] [--workers N]

  enqueue      rows planned and enqueued a second (100,000-row CSV), and bytes of state a waiting job
  throughput   whole jobs a second, beside the same HTTP calls by a bare client
  memory       memory of the worker with 1,000 and with 100,000 jobs in flight
  limits       share of a vendor's hidden limit that worker processes use, and 429s; five minutes; --workers 8
  polls        status requests a job, and how late the end of a task is noticed
  store        the store over Redis, beside BullMQ (where npm is installed) and the bare server

Without a name, all of them. --small takes a tenth of everything, to see that it works.";

struct Arguments {
    names: Vec<String>,
    json: Option<PathBuf>,
    small: bool,
    workers: usize,
}

fn arguments() -> Result<Arguments> {
    let mut parsed = Arguments { names: Vec::new(), json: None, small: false, workers: 8 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => parsed.json = Some(words.next().context("--json needs a file")?.into()),
            "--small" => parsed.small = true,
            "--workers" => {
                let number = words.next().context("--workers needs a number")?;
                parsed.workers = number.parse().context("--workers needs a number")?;
            }
            "enqueue" | "throughput" | "memory" | "polls" | "limits" | "store" => parsed.names.push(word),
            _ => bail!("{USAGE}"),
        }
    }
    Ok(parsed)
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    let scale = if arguments.small { 10 } else { 1 };
    let wanted = |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|it| it == name);
    let runtime = tokio::runtime::Runtime::new().context("start a runtime")?;
    let mut report = Report::default();
    if wanted("enqueue") {
        runtime.block_on(enqueue::measure(&mut report, 100_000 / scale))?;
    }
    if wanted("throughput") {
        runtime.block_on(throughput::measure(&mut report, 4_000 / scale))?;
    }
    if wanted("memory") {
        runtime.block_on(memory::measure(&mut report, &[1_000 / scale, 100_000 / scale]))?;
    }
    if wanted("polls") {
        runtime.block_on(polls::measure(&mut report, 1_000 / scale))?;
    }
    if wanted("limits") {
        runtime.block_on(limits::measure(&mut report, arguments.workers))?;
    }
    if wanted("store") {
        runtime.block_on(store::measure(&mut report, scale))?;
    }
    report.print();
    match arguments.json {
        Some(path) => report.write(&path),
        None => Ok(()),
    }
}
