//! Measurements, as ratios taken side by side in one run: `cargo xtask bench [NAME ...]`.
//!
//! The real release binary works against a vendor; nothing is timed that a user would not wait for.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are rounded for people anyway"
)]

mod arguments;
mod client;
mod enqueue;
mod figure;
mod fresh_build;
mod goals;
mod limits;
mod looks;
mod machine;
mod memory;
mod polls;
mod process;
mod scale;
mod show;
mod store;
mod subject;
mod throughput;
mod vendor;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    arguments::{Arguments, SUBJECTS},
    figure::Report,
    machine::Machine,
};

#[expect(clippy::print_stderr, reason = "what went wrong is said last")]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--role", "vendor", run_ms] => return vendor::serve(run_ms.parse()?),
        ["--role", "client", ..] => return client::work(words.get(2..).unwrap_or_default()),
        _ => {}
    }
    let arguments = Arguments::read(words)?;
    let machine = Machine::here();
    let runtime = tokio::runtime::Runtime::new().context("start a runtime")?;
    let mut report = Report::default();
    let failures = runtime.block_on(until_interrupted(&arguments, &mut report));
    // What was measured is shown even where the rest failed: it took minutes.
    show::print(&machine, &report, arguments.markdown);
    if let Some(path) = &arguments.json {
        show::write(&machine, &report, path)?;
    }
    let failures = failures?;
    ensure!(failures == 0, "{failures} of the subjects failed");
    Ok(())
}

/// Measures until a signal comes; then everything that was started ends with what holds it.
async fn until_interrupted(arguments: &Arguments, report: &mut Report) -> Result<usize> {
    let mut terminated = signal(SignalKind::terminate()).context("listen to signals")?;
    tokio::select! {
        failures = measure_all(arguments, report) => Ok(failures),
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = terminated.recv() => anyhow::bail!("terminated"),
    }
}

/// How many subjects failed; the others are measured nevertheless.
async fn measure_all(arguments: &Arguments, report: &mut Report) -> usize {
    let mut failures = 0;
    for subject in SUBJECTS.into_iter().filter(|subject| arguments.wants(subject)) {
        if let Err(error) = Box::pin(measure(subject, arguments, report)).await {
            report.miss(format!("{subject} failed: {error:#}"));
            failures += 1;
        }
    }
    failures
}

async fn measure(subject: &str, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let scale = arguments.scale();
    match subject {
        "enqueue" => enqueue::measure(report, 100_000 / scale).await,
        "throughput" => throughput::measure(report, 4_000 / scale, if scale == 1 { 5 } else { 1 }).await,
        "looks" => looks::measure(report, 2_000 / scale, Duration::from_secs(if scale == 1 { 20 } else { 5 })).await,
        "memory" => memory::measure(report, &[1_000 / scale, 100_000 / scale]).await,
        "polls" => polls::measure(report, 1_000 / scale).await,
        "limits" => limits::measure(report, arguments.workers).await,
        "store" => store::measure(report, scale).await,
        "scale" => scale::measure(report, &arguments.rows).await,
        "build" => fresh_build::measure(report).await,
        other => anyhow::bail!("{other} is no subject"),
    }
}
