//! `reelq resolve`: jobs that wait for a person, and what the person says of them.

mod answer;
mod asked;
mod list;
mod stakes;

use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::{BatchName, Status, TaskId};
use reelq_runner::{
    context::CommandContext,
    jobs::{selection::matching, stuck::stuck},
};
use reelq_store::{JobView, Store};

pub(crate) use super::resolve::stakes::{named, paid};
use super::{consent::Consent, resolve::answer::PersonsAnswer};
use crate::commands::{lookup, selection::SelectionArgs};

/// Flags of `reelq resolve`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(group(clap::ArgGroup::new("answer").args(["accepted", "not_bought", "give_up", "wrong_task"])))]
pub(crate) struct ResolveArgs {
    /// The batch; all batches where it is left out
    batch: Option<BatchName>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Jobs that are bought or being bought and do not get on, instead of those whose purchase is unknown
    #[arg(long)]
    stuck: bool,
    /// The provider took it: follow this task (one job). The provider is asked for the task first. Said again, it takes the
    /// place of a task that was named before
    #[arg(long, value_name = "TASK_ID")]
    accepted: Option<TaskId>,
    /// With --accepted: follow the task unasked, also where the provider does not know it, or another row follows it
    #[arg(long, requires = "accepted")]
    force: bool,
    /// The task that was named for it with --accepted is not its own: it is unknown again whether it was bought
    #[arg(long)]
    wrong_task: bool,
    /// The provider never took it: it may be submitted again
    #[arg(long)]
    not_bought: bool,
    /// Give jobs up, whatever they cost: unconfirmed ones, with --stuck those that do not get on, and any open job that
    /// --row or --job names; a task that is known stays known, and `retry --look` can fetch its clip later
    #[arg(long)]
    give_up: bool,
    #[command(flatten)]
    consent: Consent,
}

/// Where a submission's fate is, or may yet become, a person's to say: also once the job was given up without an answer.
/// Or once a person had named its task, which may be another's.
const UNDECIDED_OR_NAMED: [Status; 7] = [
    Status::Submitting,
    Status::Unconfirmed,
    Status::Failed,
    Status::Running,
    Status::Fetching,
    Status::Succeeded,
    Status::Cancelled,
];
/// Where a task that a person named may stand.
const NAMED: [Status; 5] = [Status::Running, Status::Fetching, Status::Succeeded, Status::Failed, Status::Cancelled];
/// Where a person may give a job up.
const OPEN: [Status; 4] = [Status::Submitting, Status::Unconfirmed, Status::Running, Status::Fetching];

impl ResolveArgs {
    fn answer(&self) -> Option<PersonsAnswer> {
        let accepted = self.accepted.clone().map(PersonsAnswer::Accepted);
        accepted
            .or_else(|| self.not_bought.then_some(PersonsAnswer::NotBought))
            .or_else(|| self.give_up.then_some(PersonsAnswer::GiveUp))
            .or_else(|| self.wrong_task.then_some(PersonsAnswer::WrongTask))
    }

    /// The statuses of the jobs that are meant.
    fn statuses(&self) -> &'static [Status] {
        match self.selection.names_jobs() {
            true if self.give_up => &OPEN,
            true if self.accepted.is_some() => &UNDECIDED_OR_NAMED,
            true if self.wrong_task => &NAMED,
            _ => &[Status::Unconfirmed],
        }
    }

    /// What the command is about, for whoever named something else.
    const fn takes(&self) -> &'static str {
        if self.stuck {
            "--stuck takes jobs that are queued, submitting, running or fetching and do not get on"
        } else if self.give_up {
            "--give-up takes submitting, unconfirmed, running and fetching jobs; what is queued is withdrawn by reelq cancel"
        } else if self.wrong_task {
            "--wrong-task takes jobs whose task was named with --accepted, named by --row or --job"
        } else {
            "resolve takes unconfirmed jobs (with --stuck, those that do not get on); a task that was named wrongly is taken back \
             with --wrong-task"
        }
    }
}

pub(crate) async fn run(args: &ResolveArgs, context: &CommandContext, out: Out) -> CommandResult {
    // A list needs no right to write.
    let store = if args.answer().is_some() { lookup::store(context).await? } else { lookup::reading(context).await? };
    let batch = match &args.batch {
        Some(name) => Some(lookup::batch(&*store, name).await?),
        None => None,
    };
    if args.answer().is_some() && args.selection.is_empty() && batch.is_none() {
        return Err(CommandError::usage("name the jobs: a batch, --row N, --job ID or --account NAME"));
    }
    args.selection.look_up(&*store, batch.as_ref()).await?;
    let jobs = chosen(args, &*store).await?;
    if args.answer().is_some() || args.selection.names_jobs() {
        lookup::explain(&*store, batch.as_ref(), &args.selection.plain(), &jobs, args.takes(), out).await?;
    }
    let Some(answer) = args.answer() else { return list::run(args, &jobs, context, &*store, out).await };
    check(args, &answer, &jobs)?;
    if let (PersonsAnswer::Accepted(task), [view], false) = (&answer, jobs.as_slice(), args.force) {
        asked::check(context, &*store, view, task, out).await?;
    }
    answer.warn(&jobs, context, out)?;
    if !jobs.is_empty() {
        args.consent.to(&answer.stake(&jobs), context, out).await?;
    }
    answer.settle(&jobs, &*store, out).await?;
    answer.say_next(&jobs, context, &*store, out).await?;
    Ok(Exit::Done)
}

async fn chosen(args: &ResolveArgs, store: &dyn Store) -> Result<Vec<JobView>, CommandError> {
    let filter = args.selection.plain().filter(args.batch.as_ref(), args.statuses(), &[]);
    if !args.stuck {
        let mut found = matching(store, &filter).await?;
        let open = [Status::Submitting, Status::Unconfirmed];
        let is_named = |view: &JobView| view.job.stage.task().is_some_and(|task| task.named.is_some());
        found.retain(|view| {
            open.contains(&view.job.status()) || args.give_up || view.job.in_doubt().is_some() || is_named(view)
        });
        return Ok(found);
    }
    let found = stuck(store, &filter).await?.into_iter().map(|(view, _)| view);
    Ok(found.filter(|view| !args.give_up || OPEN.contains(&view.job.status())).collect())
}

fn check(args: &ResolveArgs, answer: &PersonsAnswer, jobs: &[JobView]) -> Result<(), CommandError> {
    if args.stuck && *answer != PersonsAnswer::GiveUp {
        return Err(CommandError::usage(
            "of jobs that do not get on, only --give-up can be said; name an unconfirmed one without --stuck",
        ));
    }
    let count = jobs.len();
    if matches!(answer, PersonsAnswer::Accepted(_)) && count != 1 {
        return Err(CommandError::usage(format!("--accepted settles one job, and {count} fit: name it with --job ID")));
    }
    Ok(())
}
