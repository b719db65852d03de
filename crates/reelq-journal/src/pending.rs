//! What was written down and not answered by the store yet: as much as the process has in hand, no more.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use reelq_model::{JobId, TaskId};

use super::entry::{Entry, Line};

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct About {
    job: JobId,
    number: u32,
    /// The task of a yes.
    task: Option<TaskId>,
}

impl About {
    pub(super) fn of(line: &Line) -> Option<Self> {
        match &line.entry {
            Entry::Sending { submission } => Some(Self { job: line.job, number: submission.number, task: None }),
            Entry::Accepted { acceptance, .. } => {
                Some(Self { job: line.job, number: acceptance.submission, task: Some(acceptance.task.clone()) })
            }
            Entry::Left { .. } | Entry::Closed { .. } => None,
        }
    }

    /// What the store's answer, as it is noted, settles.
    pub(super) fn answered_by(line: &Line) -> Option<Self> {
        match &line.entry {
            Entry::Left { number } | Entry::Closed { number } => {
                Some(Self { job: line.job, number: *number, task: None })
            }
            _ => Self::of(line),
        }
    }
}

#[derive(Debug)]
struct Waiting {
    line: Line,
    since: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<About, Waiting>,
    /// Submissions that are written down as closed, and whose end the store has not answered yet.
    closing: HashSet<About>,
}

/// A line that the store confirmed later than this is written again: it is kept from its confirmation on.
const LATE: Duration = Duration::from_secs(5);

impl Pending {
    /// Whether exactly this is on disk and unanswered: a verb that is repeated writes nothing twice.
    pub(super) fn holds(&self, line: &Line) -> bool {
        About::of(line)
            .and_then(|about| self.waiting.get(&about))
            .is_some_and(|waiting| waiting.line.entry == line.entry)
    }

    pub(super) fn add(&mut self, line: &Line, now: Duration) {
        if let Some(about) = About::of(line) {
            self.waiting.insert(about, Waiting { line: line.clone(), since: now });
        }
    }

    /// The store has answered; the line, where that took long.
    pub(super) fn answered(&mut self, about: &About, now: Duration) -> Option<Line> {
        let waiting = self.waiting.remove(about)?;
        (now.saturating_sub(waiting.since) > LATE).then_some(waiting.line)
    }

    /// Whether the end that `line` tells of is not written down yet.
    pub(super) fn closes(&mut self, line: &Line) -> bool {
        About::answered_by(line).is_some_and(|about| self.closing.insert(about))
    }

    pub(super) fn closed(&mut self, line: &Line) {
        if let Some(about) = About::answered_by(line) {
            self.closing.remove(&about);
        }
    }

    /// The submissions whose intent waits for the store: they certainly have not left.
    pub(super) fn unsent(&self) -> impl Iterator<Item = (JobId, u32)> {
        self.waiting.keys().filter(|about| about.task.is_none()).map(|about| (about.job, about.number))
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> {
        self.waiting.keys().map(|about| about.job)
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.waiting.values().map(|waiting| waiting.line.clone()).collect()
    }
}
