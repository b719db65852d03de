//! One command at one number of rows.

use serde::Serialize;

use crate::{
    figure::{Figure, rounded},
    process::Ended,
};

/// What one command cost. Of a claim, one claim; of work, all jobs that were done in the time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) store: &'static str,
    pub(crate) name: &'static str,
    /// Rows of the batch, all of them waiting.
    pub(crate) rows: usize,
    /// Rows or jobs that the time was spent on.
    pub(crate) done: usize,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    pub(crate) peak_mib: f64,
    /// Of the Redis server.
    pub(crate) server_cpu_s: Option<f64>,
    pub(crate) longest_call_ms: Option<f64>,
    /// Commands that it ran, those inside scripts among them: a script that steps over what is not wanted shows here.
    pub(crate) server_commands: Option<f64>,
    /// Worked out from smaller backlogs, and not measured.
    pub(crate) on_paper: bool,
}

impl Step {
    pub(super) fn of(store: &'static str, name: &'static str, rows: usize, ended: &Ended) -> Self {
        let (wall_s, cpu_s) = (ended.wall.as_secs_f64(), ended.cpu.as_secs_f64());
        Self { wall_s, cpu_s, peak_mib: ended.peak_mib(), ..Self::empty(store, name, rows) }
    }

    pub(super) const fn empty(store: &'static str, name: &'static str, rows: usize) -> Self {
        Self {
            store,
            name,
            rows,
            done: rows,
            wall_s: 0.0,
            cpu_s: 0.0,
            peak_mib: 0.0,
            server_cpu_s: None,
            longest_call_ms: None,
            server_commands: None,
            on_paper: false,
        }
    }

    /// The columns of [`row`](Self::row).
    pub(crate) const HEADER: [&str; 10] = [
        "rows",
        "store",
        "step",
        "wall s",
        "CPU s",
        "us a row",
        "peak MiB",
        "server CPU s",
        "longest call ms",
        "server commands",
    ];

    /// The step as a line of a table.
    pub(crate) fn row(&self) -> [String; 10] {
        let maybe = |value: Option<f64>| value.map_or_else(String::new, rounded);
        let above_zero = |value: f64| if value == 0.0 { String::new() } else { rounded(value) };
        let rows = format!("{}{}", self.rows, if self.on_paper { " (paper)" } else { "" });
        [
            rows,
            self.store.to_owned(),
            self.name.to_owned(),
            above_zero(self.wall_s),
            above_zero(self.cpu_s),
            above_zero(self.us_per_row()),
            above_zero(self.peak_mib),
            maybe(self.server_cpu_s),
            maybe(self.longest_call_ms),
            maybe(self.server_commands),
        ]
    }

    /// Our own time of each row, in microseconds.
    pub(crate) fn us_per_row(&self) -> f64 {
        1e6 * self.cpu_s / self.done.max(1) as f64
    }

    /// Our own time and the server's, in milliseconds: what the disk is waited for is not in it.
    pub(crate) fn cpu_ms(&self) -> f64 {
        1e3 * (self.cpu_s + self.server_cpu_s.unwrap_or(0.0))
    }

    pub(super) fn figure(&self, name: &'static str, one: fn(&Self) -> f64) -> Figure {
        let how = if self.on_paper { ", ON PAPER" } else { "" };
        let of = format!("{} rows, {}, the worse store{how}", self.rows, self.store);
        Figure { name: name.into(), value: one(self), of }
    }
}
