//! What ten million rows and a thousand workers would cost, worked out from the slopes that were measured.

use super::Step;
use crate::figure::Report;

/// So many rows nobody waits for here.
pub(crate) const ROWS_ON_PAPER: usize = 10_000_000;
const WORKERS: f64 = 1_000.0;
/// Where the larger of two backlogs is smaller than this, what a start costs hides the slope.
const ENOUGH_ROWS: usize = 100_000;
/// What grows faster than this power of the rows is continued as a power, and not as a line.
const STRAIGHT: f64 = 1.1;

/// Adds a step on paper beside those of the two largest backlogs.
pub(super) fn extrapolate(report: &mut Report) {
    let mut sizes: Vec<usize> = report.steps.iter().map(|step| step.rows).collect();
    sizes.sort_unstable();
    sizes.dedup();
    workers(report);
    let [.., fewer, more] = sizes.as_slice() else { return };
    if *more < ENOUGH_ROWS {
        report.miss(format!("10,000,000 rows on paper: {more} rows are too few to tell the slope"));
        return;
    }
    let pairs = report.steps.iter().filter(|step| step.rows == *more).filter_map(|large| {
        let same = |step: &&Step| (step.store, step.name, step.rows) == (large.store, large.name, *fewer);
        Some(on_paper(report.steps.iter().find(same)?, large))
    });
    let steps: Vec<Step> = pairs.collect();
    report.steps.extend(steps);
}

/// Continues what depends on the program alone: time on the clock, of a command, depends on the disk as well.
fn on_paper(small: &Step, large: &Step) -> Step {
    let rows = [small.rows as f64, large.rows as f64];
    let along = |one: fn(&Step) -> f64| continued(rows, [one(small), one(large)], ROWS_ON_PAPER as f64);
    // A worker goes on for a while, and a claim is one claim, whatever the backlog: the cost of a job is continued.
    let is_timed = large.done != large.rows;
    let cpu_s = if is_timed { along(Step::us_per_row) * large.done as f64 / 1e6 } else { along(|step| step.cpu_s) };
    let server_each = along(|step| step.server_cpu_s.unwrap_or(0.0) / step.done.max(1) as f64);
    let done = if is_timed { large.done } else { ROWS_ON_PAPER };
    Step {
        done,
        wall_s: 0.0,
        cpu_s,
        peak_mib: along(|step| step.peak_mib),
        server_cpu_s: large.server_cpu_s.map(|_| server_each * done as f64),
        on_paper: true,
        ..Step::empty(large.store, large.name, ROWS_ON_PAPER)
    }
}

/// Along the line through both points, or the power where that bends upwards.
fn continued(rows: [f64; 2], values: [f64; 2], at: f64) -> f64 {
    let power = (values[1] / values[0]).ln() / (rows[1] / rows[0]).ln();
    if power.is_finite() && power > STRAIGHT {
        return values[1] * (at / rows[1]).powf(power);
    }
    let slope = (values[1] - values[0]) / (rows[1] - rows[0]);
    (values[1] + slope * (at - rows[1])).max(0.0)
}

/// What a server has to do for so many workers, where `store` was measured in the same run.
fn workers(report: &mut Report) {
    if let Some(idle) = report.get("idle_worker_server_ms_per_second").map(|it| it.value) {
        let of = "1,000 idle workers, ON PAPER: share of the server's core";
        report.add("paper_idle_workers_server_percent", idle * WORKERS / 10.0, of);
    }
    if let Some(job) = report.get("redis_whole_job_cpu_us").map(|it| it.value) {
        let of = "one server, whatever the number of workers, ON PAPER";
        report.add("paper_whole_jobs_per_second", 1e6 / job, of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6 * expected.max(1.0), "{value} is not {expected}");
    }

    #[test]
    fn a_line_goes_on_as_a_line() {
        near(continued([1e5, 1e6], [2.0, 11.0], 1e7), 101.0);
        near(continued([1e5, 1e6], [5.0, 5.0], 1e7), 5.0);
    }

    #[test]
    fn a_square_goes_on_as_a_square() {
        near(continued([1e5, 1e6], [1.0, 100.0], 1e7), 10_000.0);
    }
}
