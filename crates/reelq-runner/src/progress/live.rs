//! What is shown while a run goes on: a bar on a terminal, and what a person may want to act on anywhere.

use std::{collections::BTreeSet, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reelq_console::{Out, duration, grouped, spent, to_spend};
use reelq_model::Status;
use reelq_model::visible;
use reelq_store::{BatchView, PauseReason};

use super::{stats::Figures, troubles::news};
use crate::{
    ending::outcome::short,
    pauses::{pause as pause_in_words, reached},
};

/// Shows a run's figures.
#[derive(Debug)]
pub(super) struct Live {
    out: Out,
    /// What commands that it names are said with.
    flags: String,
    bar: Option<ProgressBar>,
    said: Option<(Duration, String)>,
    alarms: Vec<String>,
    /// What holds submissions back, as far as it was said.
    held: BTreeSet<String>,
    /// Why rows do not get on, as far as it was said.
    troubles: BTreeSet<String>,
}

/// Without a bar, figures go to the log at most this often.
const SAY_EVERY: Duration = Duration::from_secs(5);

impl Live {
    pub(super) fn new(out: Out, batch: &str, flags: String) -> Self {
        Self {
            out,
            flags,
            bar: out.shows_progress().then(|| bar(batch)),
            said: None,
            alarms: Vec::new(),
            held: BTreeSet::new(),
            troubles: BTreeSet::new(),
        }
    }

    /// How often it wants new figures.
    pub(super) const fn every(&self) -> Duration {
        Duration::from_millis(if self.bar.is_some() { 200 } else { 1_000 })
    }

    /// Shows the figures; `at` is this process's monotonic time.
    pub(super) fn show(&mut self, at: Duration, figures: &Figures, held: Vec<String>) {
        self.tell_alarms(figures, held);
        match &self.bar {
            Some(bar) => {
                bar.set_length(figures.batch.counts.total());
                bar.set_position(figures.done());
                let message = format!("{}\n  {}\n  {}", eta(figures), statuses(&figures.batch), pace(figures));
                bar.set_message(visible(&message).into_owned());
            }
            None => self.say(at, figures),
        }
    }

    fn say(&mut self, at: Duration, figures: &Figures) {
        let line = line(figures);
        let due = self.said.as_ref().is_none_or(|(then, said)| *said != line && at.saturating_sub(*then) >= SAY_EVERY);
        if due {
            tracing::info!("{line}");
            self.said = Some((at, line));
        }
    }

    /// Says at once what a person may want to act on, each once for as long as it lasts.
    fn tell_alarms(&mut self, figures: &Figures, held: Vec<String>) {
        let now = alarms(figures, &self.flags);
        self.tell_held(held);
        for alarm in now.iter().filter(|alarm| !self.alarms.contains(alarm)) {
            self.message(alarm);
        }
        self.alarms = now;
        for trouble in news(&figures.stuck, &figures.batch.batch.name, &self.flags, &mut self.troubles) {
            self.message(&trouble);
        }
    }

    /// Says what holds submissions back, each reason once.
    pub(super) fn tell_held(&mut self, held: Vec<String>) {
        for reason in held {
            if self.held.insert(reason.clone()) {
                self.message(&reason);
            }
        }
    }

    /// Says something without disturbing the bar.
    pub(super) fn message(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.out.warning(text)),
            None => self.out.warning(text),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(batch: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
    let template = "{prefix} [{bar:32}] {pos}/{len} {percent}% {msg}";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.set_prefix(batch.to_owned());
    bar
}

fn eta(figures: &Figures) -> String {
    figures.eta_s.map(|seconds| format!(" {} left", duration(seconds))).unwrap_or_default()
}

fn statuses(batch: &BatchView) -> String {
    let shown = Status::ALL.into_iter().filter(|status| batch.counts.of(*status) > 0);
    shown.map(|status| format!("{} {status}", grouped(batch.counts.of(status)))).collect::<Vec<_>>().join(" · ")
}

fn pace(figures: &Figures) -> String {
    let (batch, view) = (&figures.batch, figures);
    let mut parts = vec![
        format!("in flight {} of {}", grouped(view.in_flight()), grouped(view.in_flight_allowed())),
        format!("{:.1} of {:.1} requests/s", view.rate, view.rate_allowed),
        format!("spent {}", spent(batch)),
        format!("to spend {}", to_spend(batch, batch.to_spend + batch.reserved)),
    ];
    if !figures.stuck.is_empty() {
        parts.push(format!("{} do not get on", figures.stuck.len()));
    }
    if let Some(deadline) = batch.next_link_deadline {
        parts.push(format!("next link dies in {}", duration(deadline.since(figures.now).as_secs())));
    }
    parts.join(" · ")
}

fn line(figures: &Figures) -> String {
    let (done, total) = (grouped(figures.done()), grouped(figures.batch.counts.total()));
    format!("{done}/{total} done: {}; spent {}{}", statuses(&figures.batch), spent(&figures.batch), eta(figures))
}

fn alarms(figures: &Figures, flags: &str) -> Vec<String> {
    let mut alarms = Vec::new();
    for account in &figures.accounts {
        for pause in account.pauses.iter().filter(|pause| pause.reason != PauseReason::Throttled) {
            alarms.push(format!("account {} is {}", account.name, pause_in_words(pause)));
        }
    }
    if figures.batch.budget_reached {
        alarms.push("the budget is reached: nothing more is submitted".to_owned());
    }
    alarms.extend(short(&figures.accounts, &figures.batch).map(|(account, held)| reached(account, held)));
    if figures.batch.counts.of(Status::Unconfirmed) > 0 {
        let batch = &figures.batch.batch.name;
        alarms.push(format!("rows are unconfirmed: `reelq resolve {batch}{flags}` lists them"));
    }
    if figures.batch.overdue > 0 {
        alarms.push("tasks run past running_timeout; they are looked at slowly and never bought again".to_owned());
    }
    alarms
}
