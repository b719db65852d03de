//! Holds journals against the store: what it forgot it learns again. Idempotent, and any number of processes may do it at once.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use reelq_model::{Job, JobId, Submission, Timestamp};

use super::{
    entry::Entry,
    replay::{Replay, Stories, Yes},
};
use reelq_store::{
    AbsentJob, Error, GuardStep, JobFilter, LateAcceptance, RestoredSubmission, Result, SharedStore, Stake, first,
};

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
    pub(super) told: Vec<(JobId, Stake, Entry)>,
    /// Something was bought for a job that the store does not know, and no journal says whose money it was.
    pub(super) has_strays: bool,
}

/// Tells the store whatever of `stories` it does not know.
pub(super) async fn reconcile(
    store: &SharedStore,
    stories: &Stories,
    depot: &Depot<'_>,
    now: Timestamp,
) -> Result<Report> {
    let mut report = Report::default();
    let mut ids: Vec<JobId> = stories.keys().copied().collect();
    // What a server forgot is the newest, and others wait only for a while before they buy again.
    ids.sort_by_key(|id| stories.get(id).map(|replay| Reverse(replay.last)));
    for ids in ids.chunks(CHUNK) {
        let unseen = report.tell_all(store, stories, ids).await?;
        // What is known of an older one stays with the store as it was told.
        let young = |id: &JobId| stories.get(id).is_some_and(|replay| now.since(replay.last) < PATIENCE);
        let found: Vec<JobId> = ids.iter().filter(|id| !unseen.contains(id)).copied().collect();
        let missing: Vec<JobId> = unseen.into_iter().filter(young).collect();
        let absent: Vec<AbsentJob> =
            missing.iter().filter_map(|id| stories.get(id).map(|replay| replay.absent(*id))).collect();
        report.has_strays |= absent.iter().any(|job| job.owner.is_none() && !job.purchases.is_empty());
        if depot.leave(store, absent, found).await? {
            // One that was loaded before the store knew that it is missed here.
            let still = report.tell_all(store, stories, &missing).await?;
            let found: Vec<JobId> = missing.iter().filter(|id| !still.contains(id)).copied().collect();
            if !found.is_empty() {
                depot.leave(store, Vec::new(), found).await?;
            }
            report.missing.extend(still);
        } else {
            report.missing.extend(missing);
        }
    }
    Ok(report)
}

/// Where it is left with the store which jobs it does not know: a load that brings one of them is held up until the
/// journal was held against the store again.
#[derive(Debug)]
pub(super) struct Depot<'a> {
    /// The folder's id; nothing where the store never forgets.
    pub(super) folder: Option<&'a str>,
    /// Something was left before.
    pub(super) is_used: bool,
}

impl Depot<'_> {
    /// Leaves it; whether jobs are missing that the store was just told of.
    async fn leave(&self, store: &SharedStore, missing: Vec<AbsentJob>, found: Vec<JobId>) -> Result<bool> {
        let is_needed = self.is_used || !missing.is_empty();
        let Some(folder) = self.folder.filter(|_| is_needed) else { return Ok(false) };
        let is_missing = !missing.is_empty();
        store.guard(&GuardStep::Absent { folder: folder.to_owned(), missing, found }).await?;
        Ok(is_missing)
    }
}

impl Report {
    /// Tells what the store does not know of these jobs; the jobs that it does not know at all.
    async fn tell_all(&mut self, store: &SharedStore, stories: &Stories, ids: &[JobId]) -> Result<BTreeSet<JobId>> {
        let filter = JobFilter { ids: ids.to_vec(), ..JobFilter::default() };
        let views = first(&**store, &filter, ids.len()).await?;
        let mut unseen: BTreeSet<JobId> = ids.iter().copied().collect();
        for view in views {
            unseen.remove(&view.job.id);
            if let Some(replay) = stories.get(&view.job.id) {
                self.tell(store, &view.job, replay).await?;
            }
        }
        Ok(unseen)
    }

    async fn tell(&mut self, store: &SharedStore, job: &Job, replay: &Replay) -> Result<()> {
        let latest = replay.submissions.keys().next_back().copied();
        // The latest first: it is what the job does now. An earlier task is then followed beside it until it has ended, so that a
        // charge that was given back is not counted for ever.
        for (number, told) in replay.submissions.iter().rev() {
            // An earlier submission was settled, or there would be no later one.
            if let Some(sent) = told.sent.as_ref().filter(|_| latest == Some(*number))
                && !job.knows_submission(*number)
            {
                self.recall(store, job, sent).await?;
            }
            for yes in told.yes.iter().filter(|yes| yes.is_news_to(job)) {
                self.learn(store, job, yes).await?;
            }
        }
        Ok(())
    }

    async fn recall(&mut self, store: &SharedStore, of: &Job, sent: &Submission) -> Result<()> {
        let job = of.id;
        match store.restore_submission(job, sent).await {
            Ok(RestoredSubmission::Restored) => {
                self.recalled += 1;
                tracing::warn!(%job, submission = sent.number, "the store had forgotten a submission; it knows it again");
            }
            Ok(RestoredSubmission::Known) | Err(Error::NoJob(_)) => return Ok(()),
            Ok(RestoredSubmission::Refused(illegal)) => {
                tracing::warn!(%job, submission = sent.number, %illegal, "a submission that the store does not know is left alone");
                return Ok(());
            }
            Err(error) => return self.put_off(job, error),
        }
        self.told.push((job, Stake::of(of), Entry::Sending { submission: sent.clone() }));
        self.told.push((job, Stake::of(of), Entry::Left { number: sent.number }));
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

    async fn learn(&mut self, store: &SharedStore, of: &Job, yes: &Yes) -> Result<()> {
        let (job, Yes { acceptance, first_poll_ms, .. }) = (of.id, yes);
        match store.record_acceptance(job, acceptance, Duration::from_millis(*first_poll_ms)).await {
            Ok(LateAcceptance::Known) | Err(Error::NoJob(_)) => return Ok(()),
            Ok(late) => {
                self.learned += 1;
                tracing::warn!(%job, task = %acceptance.task, ?late, "the store had forgotten a yes; it knows it again");
            }
            Err(error) => return self.put_off(job, error),
        }
        let entry = Entry::Accepted { acceptance: acceptance.clone(), first_poll_ms: *first_poll_ms, over: false };
        self.told.push((job, Stake::of(of), entry));
        Ok(())
    }
}
