//! What journals tell of each job, put together.

use std::collections::BTreeMap;

use reelq_model::{Acceptance, JobId, Submission, Timestamp};

use super::entry::{Entry, Line};

/// What is told of one submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// It may have left, and nothing says that it bought nothing.
    pub(super) sent: Option<Submission>,
    /// The yeses to it, with the wait before the first status request in milliseconds.
    pub(super) yes: Vec<(Acceptance, u64)>,
}

/// A job's submissions by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Story {
    pub(super) submissions: BTreeMap<u32, Told>,
    pub(super) last: Timestamp,
}

pub(super) type Stories = BTreeMap<JobId, Story>;

/// Adds what one journal tells. `left` says of a submission whose intent is written whether it may have left, where the
/// journal does not say that it did.
pub(super) fn tell(stories: &mut Stories, lines: &[Line], left: impl Fn(JobId, u32) -> bool) {
    for (job, of_job) in by_job(lines) {
        let story = stories.entry(job).or_default();
        for (number, (told, has_left)) in of_job.submissions {
            let known = story.submissions.entry(number).or_default();
            known.yes.extend(told.yes);
            if let Some(submission) = told.sent.filter(|_| has_left || left(job, number)) {
                known.sent = Some(submission);
            }
        }
        story.last = story.last.max(of_job.last);
    }
}

#[derive(Default)]
struct Reading {
    submissions: BTreeMap<u32, (Told, bool)>,
    last: Timestamp,
}

fn by_job(lines: &[Line]) -> BTreeMap<JobId, Reading> {
    let mut jobs: BTreeMap<JobId, Reading> = BTreeMap::new();
    for line in lines {
        let reading = jobs.entry(line.job).or_default();
        reading.last = reading.last.max(line.at);
        let number = match &line.entry {
            Entry::Sending { submission } => submission.number,
            Entry::Left { number } | Entry::Closed { number } => *number,
            Entry::Accepted { acceptance, .. } => acceptance.submission,
        };
        let (told, left) = reading.submissions.entry(number).or_default();
        match &line.entry {
            Entry::Sending { submission } => (told.sent, *left) = (Some(submission.clone()), false),
            Entry::Left { .. } => *left = true,
            Entry::Closed { .. } => told.sent = None,
            Entry::Accepted { acceptance, first_poll_ms } => told.yes.push((acceptance.clone(), *first_poll_ms)),
        }
    }
    jobs
}
