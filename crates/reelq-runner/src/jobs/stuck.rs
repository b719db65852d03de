//! Jobs that do not get on: why, since when, and what they wait for.

use reelq_console::{CommandError, Out, duration, grouped, plural, table};
use reelq_model::{Job, Status, Timestamp};
use reelq_store::{JobFilter, JobView, Store, first};
use serde::Serialize;

use super::selection::{brief, place};
use crate::context::CommandContext;

/// A job that does not get on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// The job.
    pub job: String,
    /// Its row, as lists show it.
    #[serde(skip)]
    pub place: String,
    row: Option<u64>,
    copy: Option<u32>,
    /// Where it stands, as far as that can be told.
    pub status: Option<Status>,
    /// The provider's task, where one is known.
    pub task: Option<String>,
    /// A task id that an unreadable reply seems to name.
    candidate: Option<String>,
    /// Why: what the last answer said that brought nothing.
    pub reason: String,
    /// How many answers of that kind there were in a row; of a task that only runs too long, how many were heard of it.
    pub count: u32,
    /// When the first of them came.
    pub since: Option<Timestamp>,
    /// When it is looked at again.
    pub due: Option<Timestamp>,
    /// Until when its outputs are waited for, once the task has succeeded.
    until: Option<Timestamp>,
}

impl Stuck {
    /// Why the job of `view` does not get on; `None` where it does, has ended, or waits for a person.
    pub fn of(view: &JobView) -> Option<Self> {
        let job = &view.job;
        // Of a record that cannot be read there is only a stand-in, at an end that it has not come to.
        let open =
            view.parked || view.is_unreadable() || (!job.stage.is_terminal() && job.status() != Status::Unconfirmed);
        let reason = why(view).filter(|_| open)?;
        let troubles = job.troubles.as_ref();
        Some(Self {
            job: job.id.to_string(),
            place: place(view),
            row: view.line.as_ref().map(|line| line.row),
            copy: view.line.as_ref().map(|line| line.copy),
            status: view.status(),
            task: job.stage.task().map(|task| task.id.to_string()),
            candidate: job.candidate.as_ref().map(ToString::to_string),
            reason,
            count: troubles.map_or_else(|| heard(job), |troubles| troubles.count),
            since: troubles.map(|troubles| troubles.since),
            due: view.due.filter(|_| !view.parked),
            until: job.outputs_until,
        })
    }

    /// What it waits for, in words.
    fn waits(&self, now: Timestamp) -> String {
        let next = match self.due {
            Some(due) if due > now => format!("next try in {}", duration(due.since(now).as_secs())),
            Some(_) => "next try now".to_owned(),
            None => "nothing by itself".to_owned(),
        };
        let until = self.until.map(|until| format!("; its output until {until}")).unwrap_or_default();
        next + &until
    }

    fn row(&self, now: Timestamp) -> Vec<String> {
        let since = self.since.map(|since| format!("{} ago", duration(now.since(since).as_secs())));
        vec![
            self.place.clone(),
            self.job.clone(),
            self.status.map(|status| status.to_string()).unwrap_or_default(),
            brief(&self.reason, 60),
            grouped(u64::from(self.count)),
            since.unwrap_or_default(),
            self.waits(now),
        ]
    }
}

fn why(view: &JobView) -> Option<String> {
    if view.is_unreadable() {
        return Some("its record cannot be read; `reelq doctor` says what is wrong with it".to_owned());
    }
    if view.parked {
        let (batch, job) = (&view.job.batch, view.job.id);
        return Some(format!(
            "parked after an event that cannot happen to it, which is a bug; `reelq retry {batch} --job {job}` frees it"
        ));
    }
    let overdue =
        || overdue_word(&view.job).map(|word| format!("its task runs longer than running_timeout, still {word}"));
    let said = view.job.troubles.as_ref().map(|troubles| troubles.last.reason.clone());
    let named = view.job.candidate.as_ref().map(|task| format!("; the reply seems to name task {task}"));
    said.map(|said| said + &named.unwrap_or_default()).or_else(overdue)
}

/// How many answers were heard of its task.
fn heard(job: &Job) -> u32 {
    job.stage.task().map_or(0, |task| task.polls)
}

/// The last word of a task that runs longer than it should.
fn overdue_word(job: &Job) -> Option<&str> {
    let task = job.stage.task().filter(|task| task.overdue)?;
    Some(task.word.as_deref().unwrap_or("without a word of it"))
}

/// Jobs of each status that are looked at; further ones are not, for a batch may have a million.
const LOOKED_AT: usize = 1_000;

/// The jobs that `filter` means and that do not get on, those first that have not for the longest time.
pub async fn stuck(store: &dyn Store, filter: &JobFilter) -> Result<Vec<(JobView, Stuck)>, CommandError> {
    let mut found = Vec::new();
    for status in [Status::Running, Status::Fetching, Status::Submitting, Status::Queued] {
        let filter = JobFilter { statuses: vec![status], ..filter.clone() };
        let views = first(store, &filter, LOOKED_AT).await?;
        found.extend(views.into_iter().filter_map(|view| Stuck::of(&view).map(|stuck| (view, stuck))));
    }
    found.sort_by_key(|(_, stuck)| (stuck.since.is_none(), stuck.since));
    Ok(found)
}

/// Says that there are jobs among those of `filter` that do not get on, and how to see them.
pub async fn say_stuck(
    filter: &JobFilter,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<(), CommandError> {
    let found = stuck(store, filter).await?;
    if found.is_empty() {
        return Ok(());
    }
    let count = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let batch = filter.batch.as_ref().map(|batch| format!(" {batch}")).unwrap_or_default();
    let (jobs, verb) = (format!("{} job{}", grouped(count), plural(count)), if count == 1 { "does" } else { "do" });
    out.note(&format!("{jobs} {verb} not get on: reelq resolve{batch} --stuck{}", context.flags()));
    Ok(())
}

/// The first `shown` of them as a table, and how many more there are.
pub fn draw<'a>(stuck: impl IntoIterator<Item = &'a Stuck>, shown: usize, now: Timestamp) -> String {
    let all: Vec<_> = stuck.into_iter().collect();
    let rows = all.iter().take(shown).map(|stuck| stuck.row(now));
    let drawn = table(&["row", "job", "status", "does not get on because", ">times", "since", "waits for"], rows);
    let more = all.len().saturating_sub(shown);
    if more > 0 { format!("{drawn}\nand {more} more that do not get on") } else { drawn }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_model::{Event, TaskId, Trouble, TroubleKind};
    use reelq_store::Unread;

    use super::*;
    use crate::samples::{after, fetching, given_up, running, submitting, view};

    fn unanswered(reason: &str) -> Event {
        Event::Running {
            next_poll: Duration::from_secs(5),
            word: None,
            progress: None,
            overdue: false,
            answered: false,
            trouble: Some(Trouble::new(TroubleKind::Status, reason)),
        }
    }

    #[test]
    fn a_job_that_gets_on_or_has_ended_is_not_stuck() {
        for job in [running(), submitting(), given_up(&after(&running(), [unanswered("503")]))] {
            assert_eq!(Stuck::of(&view(job)), None);
        }
    }

    #[test]
    fn the_last_answer_is_kept_with_how_many_there_were() {
        let job = after(&running(), [unanswered("a page"), unanswered("503 of a gateway")]);
        let stuck = Stuck::of(&view(job)).unwrap();
        assert_eq!((stuck.reason.as_str(), stuck.count, stuck.status), ("503 of a gateway", 2, Some(Status::Running)));
        assert_eq!(stuck.task.as_deref(), Some("t-1"));
    }

    #[test]
    fn a_late_output_says_until_when_it_is_waited_for() {
        let later = Event::FetchLater { reason: "404".to_owned(), after: Duration::from_secs(40) };
        let mut view = view(after(&fetching(), [later]));
        view.due = Some(Timestamp::from_millis(40_000));
        let stuck = Stuck::of(&view).unwrap();
        assert_eq!(stuck.waits(Timestamp::default()), "next try in 40s; its output until 1970-01-02T00:00:00Z");
    }

    #[test]
    fn a_replay_that_waits_names_the_task_that_a_reply_seems_to_name() {
        let candidate = Some(TaskId::new("t-9").unwrap());
        let event = Event::Replay { reason: "cut off".to_owned(), after: Duration::ZERO, candidate };
        let stuck = Stuck::of(&view(after(&submitting(), [event]))).unwrap();
        assert_eq!(stuck.reason, "cut off; the reply seems to name task t-9");
    }

    #[test]
    fn parked_and_overdue_jobs_are_told_too() {
        let parked = JobView { parked: true, due: Some(Timestamp::default()), ..view(running()) };
        assert!(Stuck::of(&parked).unwrap().waits(Timestamp::default()).starts_with("nothing by itself"));
        let unread = Unread::Job { reason: String::new(), status: Some(Status::Running) };
        let unreadable = JobView { parked: true, unread: Some(unread), ..view(given_up(&running())) };
        assert!(Stuck::of(&unreadable).unwrap().reason.contains("reelq doctor"));
        let overdue = Event::Running {
            next_poll: Duration::ZERO,
            word: None,
            progress: None,
            overdue: true,
            answered: true,
            trouble: None,
        };
        let overdue = Stuck::of(&view(after(&running(), [overdue.clone(), overdue]))).unwrap();
        assert!(overdue.reason.contains("running_timeout"), "{}", overdue.reason);
        assert_eq!(overdue.count, 2, "both answers were heard");
    }
}
