//! What the store confirmed long ago is dropped; what it was is noted.

use std::{collections::BTreeSet, time::Duration};

use reelq_model::JobId;

use super::JournalManager;
use crate::{
    entry::{Contents, Line, encode_all},
    lives::Life,
    replay::spent,
};
use reelq_store::Result;

/// Lines of another life of the store are kept for this long.
const LONG: Duration = Duration::from_hours(7 * 24);

impl JournalManager {
    /// Removes the journals of dead processes once everything in them has stood long enough.
    pub(super) fn bury(&self, dead: &[(String, Contents)], missing: &BTreeSet<JobId>, life: &Life) {
        let now = self.clock.now();
        for (name, contents) in dead {
            // What belongs to a life that was not asked now stays until no one can want it any more.
            let keep = |line: &Line| if line.identity == life.identity { self.settings.keep } else { LONG };
            let is_old = |line: &Line| now.since(line.at) >= keep(line) && !missing.contains(&line.job);
            if contents.newer.is_none() && contents.lines.iter().all(is_old) {
                self.note_dropped(&contents.lines);
                self.folder.remove(name);
            }
        }
    }

    /// Notes up to which count lines are held no more, and what they told to be spent.
    fn note_dropped(&self, lines: &[Line]) {
        let carried: BTreeSet<JobId> = {
            let state = self.state();
            state.missing.iter().copied().chain(state.pending.jobs()).collect()
        };
        let noted = self.with_lives(|lives| {
            let mut is_new = false;
            for life in &mut lives.0 {
                let of_life: Vec<Line> = lines.iter().filter(|line| line.identity == life.identity).cloned().collect();
                let told = of_life.iter().map(|line| line.told).max();
                is_new |= told > Some(life.dropped);
                life.dropped = life.dropped.max(told.unwrap_or(0));
                let gone: Vec<Line> = of_life.into_iter().filter(|line| !carried.contains(&line.job)).collect();
                for (account, micros) in spent(&gone) {
                    is_new |= micros > 0;
                    let sum = life.spent.entry(account).or_default();
                    *sum = sum.saturating_add(micros);
                }
            }
            is_new
        });
        if let Err(error) = noted {
            tracing::warn!(%error, "it could not be noted what the journal holds no more");
        }
    }

    /// Drops what the store confirmed long ago.
    pub(crate) async fn trim(&self) {
        let now = self.clock.monotonic();
        {
            let mut state = self.state();
            if now.saturating_sub(state.trimmed) < self.settings.keep {
                return;
            }
            state.trimmed = now;
            // Journals of processes that ended meanwhile are looked at with the next claim or heartbeat.
            state.settled = None;
        }
        if let Err(error) = self.rotate().await {
            tracing::warn!(%error, "the journal could not be trimmed; it grows until it can");
        }
    }

    async fn rotate(&self) -> Result<()> {
        let own_file = self.writer.read().await?;
        let carried: Vec<Line> = {
            let state = self.state();
            let missing = own_file.lines.into_iter().filter(|line| state.missing.contains(&line.job));
            missing.chain(state.pending.lines()).collect()
        };
        let dropped = self.folder.read_part(&self.name, "1").unwrap_or_default();
        self.note_dropped(&dropped.lines);
        self.writer.rotate(encode_all(&carried)).await
    }
}
