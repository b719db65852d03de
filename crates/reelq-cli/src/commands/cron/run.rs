//! `reelq cron run`: fires ticks until it is stopped.

use std::sync::Arc;

use anyhow::Context;
use reelq_console::{CommandError, CommandResult, Exit, Out, grouped, plural};
use reelq_producer::schedule::{Fired, Schedule, Scheduler};
use reelq_runner::{
    context::CommandContext,
    machine::{CRON, worker_id},
    opened::OpenedStore,
    signals::Signals,
};
use reelq_store::{SharedStore, TickState};
use tokio::sync::{mpsc, watch};

use super::{manifests::Manifests, schedules::schedules};

/// The watch over all schedules, in a process that does this only or something else besides.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    context: &'a CommandContext,
    schedules: &'a [Schedule],
    store: SharedStore,
    out: Out,
}

impl<'a> Watch<'a> {
    /// A watch over what is configured; without schedules there is nothing to watch.
    pub(crate) fn new(context: &'a CommandContext, store: SharedStore, out: Out) -> Result<Self, CommandError> {
        Ok(Self { context, schedules: schedules(context)?, store, out })
    }

    /// Fires what is due until `stop` turns true, and tells it.
    pub(crate) async fn run(&self, stop: watch::Receiver<bool>) -> Result<(), CommandError> {
        let manifests = Manifests { context: self.context };
        let scheduler = Scheduler::new(
            self.store.clone(),
            &manifests,
            self.schedules.to_vec(),
            worker_id(CRON, self.context.seed)?,
        );
        let (told, mut heard) = mpsc::unbounded_channel();
        let fire = async {
            let told = told;
            scheduler.run(&stop, &told).await;
        };
        let tell = async {
            while let Some(fired) = heard.recv().await {
                say(&fired, self.out);
            }
        };
        tokio::join!(fire, tell);
        Ok(())
    }

    fn greeting(&self) -> String {
        let names: Vec<_> = self.schedules.iter().map(|schedule| schedule.name.as_str()).collect();
        let simulated = if self.context.is_simulated() { " (simulated: nothing is real)" } else { "" };
        format!("watching {}{simulated}", names.join(", "))
    }
}

pub(super) async fn run(context: &CommandContext, out: Out) -> CommandResult {
    let mut signals = Signals::take().context("listen for signals")?;
    let store = tokio::select! {
        store = OpenedStore::create(context) => store?,
        () = signals.next() => return Ok(Exit::Done),
    };
    let watched = Watch::new(context, Arc::clone(store.shared()), out)?;
    out.note(&watched.greeting());
    let (stop, stopped) = watch::channel(false);
    let mut running = Box::pin(watched.run(stopped));
    let mut asked = 0_u32;
    loop {
        tokio::select! {
            ended = &mut running => {
                ended?;
                return Ok(Exit::Done);
            }
            () = signals.next() => {
                asked += 1;
                if asked > 1 {
                    out.note("ending at once; the tick in hand is fired by another");
                    return Ok(Exit::Done);
                }
                out.note("stopping: a tick in hand is finished; once more ends at once");
                stop.send_replace(true);
            }
        }
    }
}

/// Tells of a tick.
fn say(fired: &Fired, out: Out) {
    if out.is_json() {
        out.json_line(fired);
        return;
    }
    let line = line(fired);
    if fired.state == TickState::Failed { out.error(&line) } else { out.note(&line) }
}

/// A tick in one line.
pub(super) fn line(fired: &Fired) -> String {
    let late = if fired.late { ", late" } else { "" };
    let what = match (&fired.batch, fired.lines) {
        (Some(batch), lines) => format!("{batch}: {} line{}", grouped(lines), plural(lines)),
        (None, _) => format!("{} of {}", fired.schedule, fired.at),
    };
    let why = if fired.reason.is_empty() { String::new() } else { format!(": {}", fired.reason) };
    format!("{what}, {}{late}{why}", fired.state.as_str())
}
