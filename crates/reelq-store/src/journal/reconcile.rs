//! Holds journals against the store: what it forgot it learns again. Idempotent, and any number of processes may do it at once.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use reelq_model::{Acceptance, Job, JobId, Submission, Timestamp};

use super::{
    entry::{Entry, Line},
    story::{Stories, Story},
};
use crate::{Error, JobFilter, LateAcceptance, Page, Recalled, Result, SharedStore};

/// Jobs looked up in one round trip.
const CHUNK: usize = 256;
/// A job that the store does not know is waited for this long: its batch may be loaded again.
const PATIENCE: Duration = Duration::from_hours(7 * 24);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Submissions that the store had forgotten.
    pub(super) recalled: u64,
    /// Yeses that the store had forgotten.
    pub(super) learned: u64,
    /// Jobs that the store does not know at all.
    pub(super) missing: BTreeSet<JobId>,
    /// What was told to the store: to be kept for as long as anything else.
    pub(super) told: Vec<Line>,
}

/// Tells the store whatever of `stories` it does not know.
pub(super) async fn reconcile(store: &SharedStore, stories: &Stories, now: Timestamp) -> Result<Report> {
    let mut report = Report::default();
    let mut ids: Vec<JobId> = stories.keys().copied().collect();
    // What a server forgot is the newest, and others wait only for a while before they buy again.
    ids.sort_by_key(|id| stories.get(id).map(|story| Reverse(story.last)));
    for ids in ids.chunks(CHUNK) {
        let filter = JobFilter { ids: ids.to_vec(), ..JobFilter::default() };
        let views = store.jobs(&filter, Page { after: 0, limit: ids.len() }).await?;
        let mut unseen: BTreeSet<JobId> = ids.iter().copied().collect();
        for view in views {
            unseen.remove(&view.job.id);
            if let Some(story) = stories.get(&view.job.id) {
                report.tell(store, &view.job, story, now).await?;
            }
        }
        let young = |id: &JobId| stories.get(id).is_some_and(|story| now.since(story.last) < PATIENCE);
        report.missing.extend(unseen.into_iter().filter(young));
    }
    Ok(report)
}

impl Report {
    async fn tell(&mut self, store: &SharedStore, job: &Job, story: &Story, now: Timestamp) -> Result<()> {
        let latest = story.submissions.keys().next_back().copied();
        for (number, told) in &story.submissions {
            // An earlier submission was settled, or there would be no later one.
            if let Some(sent) = told.sent.as_ref().filter(|_| latest == Some(*number))
                && !job.knows_submission(*number)
            {
                self.recall(store, job.id, sent, now).await?;
            }
            for (acceptance, first_poll_ms) in told.yes.iter().filter(|(yes, _)| !job.knows_task(&yes.task)) {
                self.learn(store, job.id, acceptance, *first_poll_ms, now).await?;
            }
        }
        Ok(())
    }

    async fn recall(&mut self, store: &SharedStore, job: JobId, sent: &Submission, now: Timestamp) -> Result<()> {
        match store.recall(job, sent).await {
            Ok(Recalled::Restored) => {
                self.recalled += 1;
                tracing::warn!(%job, submission = sent.number, "the store had forgotten a submission; it knows it again");
            }
            Ok(Recalled::Known) | Err(Error::NoJob(_)) => return Ok(()),
            Ok(Recalled::Refused(illegal)) => {
                tracing::warn!(%job, submission = sent.number, %illegal, "a submission that the store does not know is left alone");
                return Ok(());
            }
            Err(error) => return self.put_off(job, error),
        }
        self.told.push(Line { job, at: now, entry: Entry::Sending { submission: sent.clone() } });
        self.told.push(Line { job, at: now, entry: Entry::Left { number: sent.number } });
        Ok(())
    }

    /// One job whose record cannot be read holds up no other's purchases; what the journal has of it is kept and told later.
    fn put_off(&mut self, job: JobId, error: Error) -> Result<()> {
        if !matches!(error, Error::Unreadable { .. }) {
            return Err(error);
        }
        tracing::error!(%job, %error, "what the journal has of a job cannot be told to the store yet");
        self.missing.insert(job);
        Ok(())
    }

    async fn learn(
        &mut self,
        store: &SharedStore,
        job: JobId,
        acceptance: &Acceptance,
        first_poll_ms: u64,
        now: Timestamp,
    ) -> Result<()> {
        match store.accept_late(job, acceptance, Duration::from_millis(first_poll_ms)).await {
            Ok(LateAcceptance::Known) | Err(Error::NoJob(_)) => return Ok(()),
            Ok(late) => {
                self.learned += 1;
                tracing::warn!(%job, task = %acceptance.task, ?late, "the store had forgotten a yes; it knows it again");
            }
            Err(error) => return self.put_off(job, error),
        }
        let entry = Entry::Accepted { acceptance: acceptance.clone(), first_poll_ms };
        self.told.push(Line { job, at: now, entry });
        Ok(())
    }
}
