//! Every command, a claim and a worker at growing backlogs, over both stores: nothing may grow faster than the rows.

mod backlog;
mod claims;
mod paper;
mod step;

use anyhow::Result;

use crate::{
    figure::Report,
    store::{Kept, Server},
};
use backlog::Backlog;
pub(crate) use paper::ROWS_ON_PAPER;
pub(crate) use step::Step;

/// What the steps of a store are called by.
const SQLITE: &str = "SQLite";
const REDIS: &str = "Redis";

/// Walks through all steps once for each number of rows.
pub(crate) async fn measure(report: &mut Report, sizes: &[usize]) -> Result<()> {
    for &rows in sizes {
        Backlog::new(rows, None).await?.walk(report).await?;
        // A server of its own each time: what an earlier one left in its memory is not counted.
        Backlog::new(rows, Some(Server::start(Kept::InMemory).await?)).await?.walk(report).await?;
    }
    paper::extrapolate(report);
    summarise(report);
    Ok(())
}

/// The figures that goals are set for: the worse of both stores at the most rows.
fn summarise(report: &mut Report) {
    let sizes = report.steps.iter().filter(|step| !step.on_paper).map(|step| step.rows);
    let (Some(least), Some(most)) = (sizes.clone().min(), sizes.max()) else { return };
    let mut add = |name: &'static str, step: &str, rows: usize, one: fn(&Step) -> f64| {
        if let Some(worse) = worse(&report.steps, step, rows, one) {
            report.figures.push(worse.figure(name, one));
        }
    };
    add("list_wall_s", "list", most, |it| it.wall_s);
    add("list_peak_mib", "list", most, |it| it.peak_mib);
    add("list_longest_call_ms", "list", most, |it| it.longest_call_ms.unwrap_or(0.0));
    add("claim_cpu_ms_least_rows", "claim of 1", least, Step::cpu_ms);
    add("claim_cpu_ms_most_rows", "claim of 1", most, Step::cpu_ms);
    add("claim_cpu_ms_on_paper", "claim of 1", ROWS_ON_PAPER, Step::cpu_ms);
    add("work_peak_mib", "work", most, |it| it.peak_mib);
    add("plan_again_cpu_s", "plan again", most, |it| it.cpu_s);
    add("plan_again_peak_mib", "plan again", most, |it| it.peak_mib);
    add("enqueue_again_cpu_s", "enqueue again", most, |it| it.cpu_s);
    add("enqueue_again_peak_mib", "enqueue again", most, |it| it.peak_mib);
    again(report, most);
    enqueue(report, most);
}

/// The same manifest once more, nothing changed: planned, then enqueued.
fn again(report: &mut Report, most: usize) {
    let both = [report.get("plan_again_cpu_s"), report.get("enqueue_again_cpu_s")].map(|it| it.map(|it| it.value));
    if let [Some(plan), Some(enqueue)] = both {
        report.add(
            "again_cpu_s",
            plan + enqueue,
            format!("`plan` and `enqueue` of {most} unchanged rows, the worse store"),
        );
    }
}

/// On SQLite, where each row is written by us; and whether more rows cost more each.
fn enqueue(report: &mut Report, most: usize) {
    let each = |rows: usize| {
        let mut steps = report.steps.iter().filter(|it| it.name == "enqueue" && it.store == SQLITE);
        steps.find(|step| step.rows == rows).map(Step::us_per_row)
    };
    let fewer = report.steps.iter().map(|step| step.rows).filter(|rows| *rows < most).max();
    let (at_most, at_fewer) = (each(most), fewer.and_then(each));
    if let Some(us) = at_most {
        report.add("enqueue_us_per_row", us, format!("{most} rows, SQLite, plan included"));
    }
    if let (Some(most_us), Some(fewer_us), Some(fewer)) = (at_most, at_fewer, fewer) {
        report.add("enqueue_growth", most_us / fewer_us, format!("a row of {most} / a row of {fewer}"));
    }
}

fn worse<'a>(steps: &'a [Step], name: &str, rows: usize, one: fn(&Step) -> f64) -> Option<&'a Step> {
    let steps = steps.iter().filter(|step| step.name == name && step.rows == rows);
    steps.max_by(|a, b| one(a).total_cmp(&one(b)))
}
