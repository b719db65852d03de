//! What a person says of jobs, what it costs, and what comes of it.

use reelq_console::{CommandError, Out, Proposal};
use reelq_model::{Digest, Event, IdempotencyKey, Job, Resolution, Stage, Submission, TaskId, Timestamp};
use reelq_runner::{
    context::CommandContext,
    jobs::edit::{Changed, Editor},
};
use reelq_store::{JobView, Shown, Store};

use super::stakes::{counted, given_up, named, prices, withdrawable};

/// What a person says of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PersonsAnswer {
    /// The provider took it, as this task.
    Accepted(TaskId),
    /// The provider never took it.
    NotBought,
    /// No one is to follow it any more.
    GiveUp,
    /// The task that was named for it is not its own.
    WrongTask,
}

impl PersonsAnswer {
    /// What comes of it, for whoever is to agree to it.
    pub(super) fn stake(&self, jobs: &[JobView]) -> Proposal {
        let (counted, amount) = (counted(jobs.len()), prices(jobs));
        let what = match self {
            Self::Accepted(_) => format!("follow {counted} as bought, for {amount}"),
            Self::NotBought => format!("let {counted} be submitted again, for {amount}"),
            Self::GiveUp => format!("give up {counted}"),
            Self::WrongTask => format!("call {counted} unconfirmed again"),
        };
        Proposal { told: self.consequences(jobs), what, otherwise: "nothing was changed, and nothing bought" }
    }

    /// Warns where something better, or safer, can be done about some of the jobs.
    pub(super) fn warn(&self, jobs: &[JobView], context: &CommandContext, out: Out) -> Result<(), CommandError> {
        match self {
            Self::Accepted(_) | Self::WrongTask => {}
            Self::NotBought => named(jobs, &context.flags()).into_iter().for_each(|line| out.warning(&line)),
            Self::GiveUp => {
                if let Some(command) = withdrawable(jobs, context)? {
                    out.note(&format!(
                        "their provider can be asked to withdraw them, which may bring money back: {command}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn consequences(&self, views: &[JobView]) -> Vec<String> {
        let (jobs, amount) = (counted(views.len()), prices(views));
        match self {
            Self::Accepted(_) => vec![format!("{jobs} will be followed as bought, for {amount}.")],
            Self::NotBought => vec![format!(
                "{jobs} may be submitted again, for {amount}; if the provider did take one, it is paid for twice."
            )],
            Self::GiveUp => given_up(views),
            Self::WrongTask => {
                vec![format!(
                    "{jobs} will be unconfirmed again: whether it was bought, for {amount}, is then to be looked up."
                )]
            }
        }
    }

    /// Says it of each job.
    pub(super) async fn settle(&self, jobs: &[JobView], store: &dyn Store, out: Out) -> Result<(), CommandError> {
        let (mut done, mut moved_on, mut in_hand) = (0_u64, 0_u64, 0_u64);
        let (mut editor, now) = (Editor::new(store), store.now().await?);
        let change = |view: &JobView| Some((view.job.id, Shown::of(&view.job), self.event(&view.job, now)?));
        let changes: Vec<_> = jobs.iter().filter_map(change).collect();
        for changed in editor.apply_all(&changes).await? {
            match changed {
                Changed::Yes => done += 1,
                Changed::MovedOn => moved_on += 1,
                Changed::InHand => in_hand += 1,
            }
        }
        let report = serde_json::json!({ "resolved": done, "moved_on": moved_on, "in_hand": in_hand });
        out.report(&report, |_| {
            let moved_on = (moved_on > 0).then(|| format!(", {moved_on} had moved on meanwhile"));
            let in_hand = (in_hand > 0).then(|| format!(", {in_hand} in a worker's hands at the moment: say it again"));
            if jobs.is_empty() {
                return "nothing to resolve".to_owned();
            }
            format!("{done} resolved{}{}", moved_on.unwrap_or_default(), in_hand.unwrap_or_default())
        });
        Ok(())
    }

    fn event(&self, job: &Job, now: Timestamp) -> Option<Event> {
        let resolution = match (self, &job.stage) {
            (Self::Accepted(task), _) => {
                Resolution::Follows { task: task.clone(), submission: submission(job, now)?, at: now }
            }
            (Self::WrongTask, stage) if stage.task().is_some_and(|task| task.named.is_some()) => Resolution::WrongTask,
            (Self::NotBought, Stage::Unconfirmed { .. }) => Resolution::NotBought,
            (Self::GiveUp, _) => Resolution::GiveUp,
            _ => return None,
        };
        Some(Event::Resolved { resolution })
    }

    /// Names the command that goes on; giving up needs none.
    pub(super) async fn say_next(
        &self,
        jobs: &[JobView],
        context: &CommandContext,
        store: &dyn Store,
        out: Out,
    ) -> Result<(), CommandError> {
        let Some(view) = jobs.first() else { return Ok(()) };
        let batch = &view.job.batch;
        match self {
            Self::WrongTask => {
                let (job, flags) = (view.job.id, context.flags());
                out.note(&format!("to say what became of it: reelq resolve --job {job} --accepted TASK_ID{flags}, or --not-bought, or --give-up"));
                Ok(())
            }
            Self::Accepted(_) => context.say_follow(store, batch, out).await,
            Self::NotBought => context.say_work_on(store, batch, out).await,
            Self::GiveUp => {
                if jobs.iter().any(|view| view.job.stage.task().is_some()) {
                    let look = format!("reelq retry {batch} --kind given_up --look{}", context.flags());
                    out.note(&format!("what such a task still brings can be had later, free of charge: {look}"));
                }
                Ok(())
            }
        }
    }
}

/// The submission whose task a person names: the one in doubt, or that of the task that was named before.
fn submission(job: &Job, now: Timestamp) -> Option<Submission> {
    match &job.stage {
        Stage::Submitting { submission } | Stage::Unconfirmed { submission, .. } => Some(submission.clone()),
        stage => {
            if let Some(named) = stage.task().and_then(|task| task.named.as_deref()) {
                return Some(named.clone());
            }
            // What was sent was forgotten when it was given up; its key follows from the job.
            let number = job.in_doubt()?;
            let key = IdempotencyKey::derive(job.id, number);
            Some(Submission { number, key, body: Digest::of(b""), at: now, mark: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::Status;
    use reelq_runner::samples::{after, fetching, running, submitting};

    use super::*;

    #[test]
    fn any_open_job_can_be_given_up() {
        for job in [submitting(), running(), fetching()] {
            let event = PersonsAnswer::GiveUp.event(&job, Timestamp::default()).unwrap();
            assert_eq!(job.apply(event, Timestamp::default()).unwrap().job.status(), Status::Failed);
        }
    }

    #[test]
    fn only_a_purchase_of_unknown_fate_is_said_to_be_taken_or_not() {
        let accepted = PersonsAnswer::Accepted(TaskId::new("t-2").unwrap());
        assert!(accepted.event(&submitting(), Timestamp::default()).is_some());
        assert!(accepted.event(&running(), Timestamp::default()).is_none());
        let given_up = Event::Resolved { resolution: Resolution::GiveUp };
        let unknown = after(&submitting(), [given_up.clone()]);
        let event = accepted.event(&unknown, Timestamp::default()).expect("a person may find it later");
        let found = unknown.apply(event, Timestamp::default()).unwrap().job;
        assert_eq!((found.status(), found.doubtful.len(), found.charges.len()), (Status::Running, 0, 1));
        assert!(accepted.event(&after(&running(), [given_up]), Timestamp::default()).is_none(), "its task is known");
        assert!(
            PersonsAnswer::NotBought.event(&submitting(), Timestamp::default()).is_none(),
            "its request is under way"
        );
    }
}
