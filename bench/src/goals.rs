//! What is aimed at, and whether it is reached.
//!
//! A goal is held against the worst of its figures; one that was not measured in this run is neither reached nor missed.
//! Looks are to write nothing: the byte that one may cost is what a worker writes beside them in the same time.

use serde::Serialize;

use crate::figure::{Figure, Report, rounded};

/// Where a goal lies.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

use Bound::{AtLeast, AtMost};

/// One goal.
#[derive(Debug)]
struct Goal {
    what: &'static str,
    unit: &'static str,
    bound: Bound,
    /// The worst of these counts.
    figures: &'static [&'static str],
}

/// How a goal stands after a run.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    what: &'static str,
    unit: &'static str,
    goal: Bound,
    now: Option<f64>,
    of: Option<String>,
    reached: Option<bool>,
}

const fn goal(what: &'static str, unit: &'static str, bound: Bound, figures: &'static [&'static str]) -> Goal {
    Goal { what, unit, bound, figures }
}

const GOALS: [Goal; 29] = [
    goal("whole jobs vs the client with equal duties, CPU", "x", AtLeast(0.7), &["whole_jobs_cpu_ratio_to_durable"]),
    goal("whole jobs vs the client with equal duties, wall", "x", AtLeast(0.7), &["whole_jobs_wall_ratio_to_durable"]),
    goal("a whole job, CPU", "us", AtMost(550.0), &["whole_job_cpu_us"]),
    goal("a whole job, system calls", "", AtMost(60.0), &["whole_job_system_calls"]),
    goal("a whole job, written beyond its file", "KiB", AtMost(8.0), &["whole_job_written_kib_beyond_file"]),
    goal("a look that brings nothing, CPU", "us", AtMost(30.0), &["look_cpu_us"]),
    goal("a look that brings nothing, written", "bytes", AtMost(1.0), &["look_written_bytes"]),
    goal("Redis enqueue vs BullMQ, server CPU", "x", AtLeast(7.0), &["redis_enqueue_ratio_to_bullmq"]),
    goal("Redis claim + commit vs BullMQ's job, groups of 64", "x", AtLeast(4.0), &["redis_look_64_ratio_to_bullmq"]),
    goal("Redis claim + commit vs BullMQ's job, groups of 5", "x", AtLeast(3.0), &["redis_look_5_ratio_to_bullmq"]),
    goal("a whole job, Redis CPU", "us", AtMost(90.0), &["redis_whole_job_cpu_us"]),
    goal("bytes in all a waiting job", "bytes", AtMost(500.0), &["redis_bytes_per_waiting_job"]),
    goal("an idle worker, Redis CPU", "ms/s", AtMost(0.05), &["idle_worker_server_ms_per_second"]),
    goal("a claim of one job, CPU, fewest rows", "ms", AtMost(1.0), &["claim_cpu_ms_least_rows"]),
    goal("a claim of one job, CPU, most rows", "ms", AtMost(1.0), &["claim_cpu_ms_most_rows"]),
    goal("a claim of one job, CPU, 10,000,000 rows on paper", "ms", AtMost(1.0), &["claim_cpu_ms_on_paper"]),
    goal("an unchanged manifest again", "s", AtMost(2.0), &["again_cpu_s"]),
    goal(
        "an unchanged manifest again, memory",
        "MiB",
        AtMost(60.0),
        &["plan_again_peak_mib", "enqueue_again_peak_mib"],
    ),
    goal("enqueue on SQLite, a row", "us", AtMost(30.0), &["enqueue_us_per_row"]),
    goal("enqueue on SQLite, a row beside one of a tenth", "x", AtMost(1.1), &["enqueue_growth"]),
    goal("list", "s", AtMost(10.0), &["list_wall_s"]),
    goal("list, memory", "MiB", AtMost(60.0), &["list_peak_mib"]),
    goal("list, longest call of Redis", "ms", AtMost(5.0), &["list_longest_call_ms"]),
    goal(
        "memory of a run at any size",
        "MiB",
        AtMost(60.0),
        &["run_peak_mib", "redis_run_peak_mib", "work_peak_mib", "worker_peak_mib_with_many_in_flight"],
    ),
    goal("status requests a job", "", AtMost(3.0), &["polls_per_job_mean"]),
    goal("end noticed after, median: 0.5 when rounded", "s", AtMost(0.55), &["notice_delay_s_p50"]),
    goal("share of a limit half as high as configured", "%", AtLeast(90.0), &["too_high_rate_share_percent"]),
    goal("refused there", "%", AtMost(2.0), &["too_high_rate_refused_percent"]),
    goal("fresh release build, CPU", "s", AtMost(400.0), &["build_cpu_s"]),
];

/// How every goal stands.
pub(crate) fn standings(report: &Report) -> Vec<Standing> {
    GOALS.iter().map(|goal| goal.standing(report)).collect()
}

impl Goal {
    fn standing(&self, report: &Report) -> Standing {
        let figure = self.worst(report);
        Standing {
            what: self.what,
            unit: self.unit,
            goal: self.bound,
            now: figure.map(|figure| figure.value),
            of: figure.map(|figure| figure.of.clone()),
            reached: figure.map(|figure| self.bound.factor(figure.value) >= 1.0),
        }
    }

    fn worst<'a>(&self, report: &'a Report) -> Option<&'a Figure> {
        let figures = self.figures.iter().filter_map(|name| report.get(name));
        figures.min_by(|a, b| self.bound.factor(a.value).total_cmp(&self.bound.factor(b.value)))
    }
}

impl Bound {
    /// 1 where a figure is just at the goal, more where it is better.
    fn factor(self, value: f64) -> f64 {
        match self {
            // A difference that was measured may come out below nothing.
            AtMost(most) => most / value.max(0.0),
            AtLeast(least) => value / least,
        }
    }

    fn describe(self, unit: &str) -> String {
        let (sign, number) = match self {
            AtMost(number) => ("<=", number),
            AtLeast(number) => (">=", number),
        };
        format!("{sign} {number} {unit}").trim_end().to_owned()
    }
}

impl Standing {
    /// Figure, now, goal, reached or not, and what it was taken from.
    pub(crate) fn row(&self) -> [String; 5] {
        let now = self.now.map_or_else(|| "not measured".to_owned(), |now| format!("{} {}", rounded(now), self.unit));
        let (what, goal) = (self.what.to_owned(), self.goal.describe(self.unit));
        [what, now.trim_end().to_owned(), goal, self.verdict(), self.of.clone().unwrap_or_default()]
    }

    fn verdict(&self) -> String {
        let (Some(now), Some(reached)) = (self.now, self.reached) else { return String::new() };
        let factor = self.goal.factor(now);
        if reached { "reached".to_owned() } else { format!("missed by {}x", rounded(1.0 / factor)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(name: &str, value: f64) -> [String; 5] {
        let mut report = Report::default();
        report.add(name.to_owned(), value, "a test");
        let goal = GOALS.iter().find(|goal| goal.figures.contains(&name)).unwrap();
        goal.standing(&report).row()
    }

    #[test]
    fn a_goal_says_by_how_much_it_is_missed() {
        assert_eq!(standing("look_cpu_us", 195.0)[1..4], ["195 us", "<= 30 us", "missed by 6.50x"]);
        assert_eq!(standing("look_cpu_us", 30.0)[3], "reached");
        assert_eq!(standing("whole_jobs_cpu_ratio_to_durable", 0.35)[3], "missed by 2.00x");
        assert_eq!(standing("whole_jobs_cpu_ratio_to_durable", 0.8)[3], "reached");
    }

    #[test]
    fn nothing_at_all_reaches_any_goal_that_is_a_most() {
        assert_eq!(standing("look_written_bytes", 0.0)[3], "reached");
        assert_eq!(standing("look_written_bytes", 17.0)[3], "missed by 17.00x");
    }

    #[test]
    fn the_worst_of_several_figures_counts() {
        let mut report = Report::default();
        report.add("run_peak_mib", 40.0, "small");
        report.add("work_peak_mib", 70.0, "large");
        let row = standings(&report).into_iter().find(|it| it.what == "memory of a run at any size").unwrap();
        assert_eq!((row.now, row.reached), (Some(70.0), Some(false)));
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let rows: Vec<_> = standings(&Report::default()).iter().map(Standing::row).collect();
        assert!(rows.iter().all(|row| row[1] == "not measured" && row[3].is_empty()));
    }
}
