//! What stores need to know of a job beside what it says itself.

use reelq_model::{Event, Job, JobId, Resolution, Stage, TaskId, Trouble};

/// Whether it was, or may have been, bought.
pub fn bought(job: &Job) -> bool {
    !job.charges.is_empty()
        || matches!(job.stage, Stage::Submitting { .. } | Stage::Unconfirmed { .. })
        || job.cost().is_none()
}

/// Whether users see it. A job whose line is gone is shown for as long as it moves, and for good where it was bought.
pub fn shown(job: &Job, is_listed: bool) -> bool {
    is_listed || !job.stage.is_terminal() || bought(job)
}

/// Whether neither its charge nor, where it is yet to be bought, its price is known.
pub fn unpriced(job: &Job) -> bool {
    match job.stage {
        Stage::Ready => job.price.is_none() || job.cost().is_none(),
        Stage::Submitting { .. } | Stage::Unconfirmed { .. } => job.price.is_none(),
        _ => job.cost().is_none(),
    }
}

/// Whether its task runs past `running_timeout`.
pub fn overdue(job: &Job) -> bool {
    matches!(&job.stage, Stage::Running { task } if task.overdue)
}

/// Whether an event tells nothing that the job does not tell: one more status request with the same answer, or one more
/// that brought nothing for the same kind of reason.
pub fn is_mere_poll(before: &Job, event: &Event) -> bool {
    let is_new = |trouble: &Trouble| before.troubles.as_ref().is_none_or(|troubles| troubles.last.kind != trouble.kind);
    match (&before.stage, event) {
        (_, Event::Running { trouble: Some(trouble), .. }) if is_new(trouble) => false,
        (Stage::Running { task }, Event::Running { word, overdue, answered, .. }) => {
            (!answered || task.word == *word) && (task.overdue || !overdue)
        }
        _ => false,
    }
}

/// Whether an event leaves a job as it is, but for the count of its looks: then who follows its task need not commit it.
pub fn brings_nothing(before: &Job, event: &Event) -> bool {
    match (&before.stage, event) {
        (
            Stage::Running { task },
            Event::Running { word, progress, overdue, answered: true, trouble: None, next_poll: _ },
        ) => {
            let says_the_same = (&task.word, &task.progress) == (word, progress) && (task.overdue || !overdue);
            says_the_same && before.setbacks == 0 && before.troubles.is_none()
        }
        _ => false,
    }
}

/// The word in the history of jobs that one task answers.
pub const SHARED: &str = "shares_task";

/// What the history says there.
pub fn shared(other: JobId, task: &TaskId) -> String {
    format!("job {other} is charged for task {task}, too")
}

/// Whether a person gives a row up: that wish waits for no one who has the job in hand.
pub const fn is_give_up(event: &Event) -> bool {
    matches!(event, Event::Resolved { resolution: Resolution::GiveUp })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_model::{
        AccountName, BatchName, Fields, JobDraft, JobId, JobSpec, ModelName, ProviderName, RemoteTask, TaskId,
        Timestamp, Trouble, TroubleKind,
    };

    use super::*;

    fn running() -> Job {
        let spec = JobSpec {
            account: AccountName::new("acct").unwrap(),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("m").unwrap(),
            mode: "text-to-video".to_owned(),
            fields: Fields::new(),
        };
        let draft = JobDraft { id: JobId::from_bytes([1; 16]), spec, price: None, priority: 0 };
        let at = Timestamp::from_millis(0);
        let mut job = Job::new(draft, BatchName::new("b").unwrap(), at);
        job.stage = Stage::Running { task: RemoteTask::accepted(TaskId::new("t").unwrap(), 1, at) };
        job
    }

    fn in_vain(reason: Option<&str>) -> Event {
        Event::Running {
            next_poll: Duration::ZERO,
            word: None,
            progress: None,
            overdue: false,
            answered: false,
            trouble: reason.map(|reason| Trouble::new(TroubleKind::Status, reason)),
        }
    }

    #[test]
    fn a_job_without_a_line_is_shown_while_it_moves_and_for_good_once_bought() {
        use crate::transition::samples;
        let table = [
            (samples::ready(), true),
            (samples::unconfirmed(), true),
            (samples::running(), true),
            (samples::withdrawn(), false),
            (samples::failed(), false),
        ];
        for (job, is_shown) in table {
            assert_eq!(shown(&job, false), is_shown, "{:?}", job.stage);
            assert!(shown(&job, true));
        }
        let mut failed = samples::failed();
        failed.charges = samples::running().charges;
        assert!(shown(&failed, false));
    }

    fn answer(word: &str, progress: Option<u8>) -> Event {
        let (next_poll, word) = (Duration::from_secs(1), Some(word.to_owned()));
        Event::Running { next_poll, word, progress, overdue: false, answered: true, trouble: None }
    }

    #[test]
    fn what_brings_nothing_leaves_the_job_as_it_is_but_for_its_count() {
        let at = Timestamp::from_millis(1);
        let job = running().apply(answer("busy", None), at).unwrap().job;
        let troubled = job.apply(in_vain(Some("HTTP 502")), at).unwrap().job;
        let table = [
            (&job, answer("busy", None), true),
            (&job, answer("late", None), false),
            (&job, answer("busy", Some(7)), false),
            (&job, in_vain(None), false),
            (&job, in_vain(Some("HTTP 502")), false),
            (&troubled, answer("busy", None), false),
        ];
        for (before, event, nothing) in table {
            assert_eq!(brings_nothing(before, &event), nothing, "{event:?}");
            assert_eq!(before.apply(event, at).unwrap().job == before.looked_at(1), nothing);
        }
    }

    #[test]
    fn trouble_is_news_once_for_each_kind() {
        let job = running();
        assert!(is_mere_poll(&job, &in_vain(None)));
        assert!(!is_mere_poll(&job, &in_vain(Some("HTTP 502"))));
        let job = job.apply(in_vain(Some("HTTP 502")), Timestamp::from_millis(1)).unwrap().job;
        assert!(is_mere_poll(&job, &in_vain(Some("HTTP 502"))));
        assert!(is_mere_poll(&job, &in_vain(Some("HTTP 502, request 9"))), "a text of the moment is no news");
    }
}
