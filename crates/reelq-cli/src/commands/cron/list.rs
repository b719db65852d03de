//! `reelq cron list`: the next ticks and the last results.

use std::collections::BTreeMap;

use reelq_console::{CommandError, CommandResult, Exit, Out, duration, table};
use reelq_model::{Status, Timestamp};
use reelq_producer::schedule::{CatchUp, Overlap, Schedule};
use reelq_runner::{context::CommandContext, opened::OpenedStore};
use reelq_store::{Store, TickSpan, TickView};
use serde::Serialize;

use super::schedules::schedules;

/// Ticks that are shown, to come and past.
const SHOWN: usize = 5;

#[derive(Debug, Serialize)]
struct Listed<'a> {
    schedule: &'a str,
    cron: &'a str,
    timezone: &'a str,
    manifest: String,
    overlap: Overlap,
    catch_up: CatchUp,
    /// The longest that a tick is put off, in seconds.
    jitter_s: u64,
    /// What people may expect otherwise of the expression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    next: Vec<Next>,
    last: Vec<Last>,
}

/// A tick to come.
#[derive(Debug, Serialize)]
struct Next {
    utc: Timestamp,
    /// What a clock in the schedule's time zone shows.
    local: String,
    /// When it is fired: with its share of the jitter.
    due: Timestamp,
    /// It was fired already, under a clock that was ahead: it is not fired again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    fired: bool,
}

/// What the store knows of a schedule's ticks.
#[derive(Default)]
struct Past {
    last: Vec<Last>,
    /// Ticks that are still to come though they were fired: by their records, and by their spans.
    early: Vec<Timestamp>,
    over: Vec<TickSpan>,
}

impl Past {
    fn has_fired(&self, at: Timestamp) -> bool {
        self.early.contains(&at) || self.over.iter().any(|span| span.covers(at))
    }
}

/// A tick that was fired.
#[derive(Debug, Serialize)]
struct Last {
    #[serde(flatten)]
    tick: TickView,
    /// It is still to come: the clock was ahead when it was fired.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ahead: bool,
    /// Its batch's jobs by status; `None` where it has no batch (any more).
    counts: Option<BTreeMap<Status, u64>>,
}

pub(super) async fn run(context: &CommandContext, out: Out) -> CommandResult {
    let store = OpenedStore::read(context).await?;
    let now = match &store {
        Some(store) => store.calendar().await?,
        None => context.clock.now(),
    };
    let mut listed = Vec::new();
    for schedule in schedules(context)? {
        let past = match &store {
            Some(store) => past(&**store, schedule, now).await?,
            None => Past::default(),
        };
        listed.push(one(schedule, now, past));
    }
    out.report_list("schedules", &listed, |listed| listed.iter().map(draw).collect::<Vec<_>>().join("\n\n"));
    say_who_fires(context, store.as_deref(), out).await?;
    Ok(Exit::Done)
}

async fn say_who_fires(context: &CommandContext, store: Option<&dyn Store>, out: Out) -> Result<(), CommandError> {
    let watched = match store {
        Some(store) => context.is_watched(store).await?,
        None => false,
    };
    if !watched {
        let flags = context.flags();
        out.note(&format!(
            "\nno process fires these at the moment: start reelq cron run{flags} or reelq worker --cron{flags}"
        ));
    }
    Ok(())
}

/// The last ticks, and those that were fired though they are still to come.
async fn past(store: &dyn Store, schedule: &Schedule, now: Timestamp) -> Result<Past, CommandError> {
    let mut last = Vec::new();
    let over = store.ticks_over(&schedule.name).await?;
    let ticks = store.ticks(&schedule.name, usize::MAX).await?;
    let early = ticks.iter().map(|tick| tick.at).filter(|at| *at > now).collect();
    for tick in ticks.into_iter().take(SHOWN) {
        let view = match &tick.batch {
            Some(batch) => store.batch(batch).await?,
            None => None,
        };
        last.push(Last { ahead: tick.at > now, tick, counts: view.map(|view| view.counts.0) });
    }
    Ok(Past { last, early, over })
}

fn one(schedule: &Schedule, now: Timestamp, past: Past) -> Listed<'_> {
    let next = schedule.timetable.ticks(now).take(SHOWN);
    Listed {
        schedule: schedule.name.as_str(),
        cron: schedule.timetable.expression().as_str(),
        timezone: schedule.timetable.zone().name(),
        manifest: schedule.manifest.display().to_string(),
        overlap: schedule.overlap,
        catch_up: schedule.catch_up,
        jitter_s: schedule.jitter.as_secs(),
        notes: schedule.timetable.expression().notes(),
        next: next
            .map(|utc| Next {
                utc,
                local: schedule.timetable.zone().shown(utc),
                due: schedule.due(utc),
                fired: past.has_fired(utc),
            })
            .collect(),
        last: past.last,
    }
}

fn draw(listed: &Listed<'_>) -> String {
    let Listed { schedule, cron, timezone, manifest, jitter_s, .. } = listed;
    let jitter = if *jitter_s > 0 { format!(", jitter: {}", duration(*jitter_s)) } else { String::new() };
    let (overlap, catch_up) = (listed.overlap.as_str(), listed.catch_up.as_str());
    let mut text =
        format!("{schedule}: `{cron}` in {timezone}, {manifest}\noverlap: {overlap}, catch_up: {catch_up}{jitter}\n");
    for note in &listed.notes {
        text.push_str("note: ");
        text.push_str(note);
        text.push('\n');
    }
    text.push_str(&upcoming(listed));
    if !listed.last.is_empty() {
        text.push('\n');
        text.push_str(&table(&["last", "became", "jobs", "why"], listed.last.iter().map(Last::cells)));
    }
    text
}

/// The ticks to come; with jitter, also when they are fired.
fn upcoming(listed: &Listed<'_>) -> String {
    let (jittered, any_early) = (listed.jitter_s > 0, listed.next.iter().any(|next| next.fired));
    let cells = |next: &Next| {
        let due = jittered.then(|| next.due.to_string());
        let early = next.fired.then(|| "fired already: the clock was ahead".to_owned());
        [next.local.clone(), next.utc.to_string()]
            .into_iter()
            .chain(due)
            .chain(any_early.then(|| early.unwrap_or_default()))
            .collect()
    };
    let mut headings = if jittered { vec!["next", "UTC", "fired"] } else { vec!["next", "UTC"] };
    headings.extend(any_early.then_some(""));
    table(&headings, listed.next.iter().map(cells))
}

impl Last {
    fn cells(&self) -> Vec<String> {
        let late = if self.tick.late { ", late" } else { "" };
        let late = if self.ahead { ", by a clock that was ahead" } else { late };
        let counts = self.counts.iter().flatten().map(|(status, count)| format!("{count} {status}"));
        vec![
            self.tick.at.to_string(),
            format!("{}{late}", self.tick.state.as_str()),
            counts.collect::<Vec<_>>().join(", "),
            self.tick.reason.clone(),
        ]
    }
}
