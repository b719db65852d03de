//! The closing summary: what became of the batch, and what to do next for each kind of trouble.

use reelq_console::{Exit, cost, duration, grouped, money, plural, spent};
use reelq_model::{BlockReason, Status};
use reelq_store::{AccountCap, AccountView, BatchView, HeldBatch, Pause, PauseReason, StatusCounts};

use super::{outcome::BatchOutcome, waiting::waiting};
use crate::{
    context::CommandContext,
    jobs::noticed::alarm,
    pauses::{pause as pause_in_words, reached},
};

/// The commands that the summary names, as the user would type them.
#[derive(Debug, Clone)]
pub struct NextCommands {
    /// The command that goes on with the batch, under the agreement that loaded it.
    pub run: String,
    /// The command that raises the budget, which asks first; its amount comes behind it.
    pub budget: String,
    /// What lets a blocked account go on, once it is fixed; without the account's name where none is needed.
    unblock: Option<String>,
    /// ` --simulate` where the run was simulated, for the other commands.
    pub flags: String,
}

impl NextCommands {
    /// The commands for a batch of this session.
    pub fn of(context: &CommandContext, view: &BatchView) -> Self {
        let run = context.continue_command(&view.batch.name);
        Self { budget: format!("{run} --budget"), run, unblock: None, flags: context.flags() }
    }

    /// The commands for a batch that workers work on.
    pub fn of_worker(context: &CommandContext, view: &BatchView) -> Self {
        Self { unblock: Some("reelq resume --account".to_owned()), ..Self::of(context, view) }
    }

    fn unblock(&self, account: &str) -> String {
        match &self.unblock {
            Some(command) => format!("{command} {account}{}", self.flags),
            None => self.run.clone(),
        }
    }
}

/// The summary, several lines.
pub fn summary(outcome: &BatchOutcome, commands: &NextCommands, seconds: u64) -> String {
    let batch = &outcome.batch;
    let (total, name) = (grouped(batch.counts.total()), &batch.batch.name);
    let mut lines = vec![format!(
        "Batch {name}: {} of {total} succeeded in {}, {} spent",
        grouped(batch.counts.of(Status::Succeeded)),
        duration(seconds),
        spent(batch)
    )];
    lines.push(format!("  {}", counts(&batch.counts)));
    if batch.others.total() > 0 {
        lines.push(format!(
            "  beside the rows (bought, and their line is gone; or charged unexpectedly): {}",
            counts(&batch.others)
        ));
    }
    lines.push(format!("  outputs and results: {}", batch.batch.output));
    lines.extend(shared(outcome, commands));
    lines.extend(withdrawn(outcome, commands));
    lines.extend(blocked(outcome, commands));
    lines.extend(breakers(outcome, commands));
    lines.extend(unconfirmed(outcome, commands));
    lines.extend(budget(outcome, commands));
    lines.extend(account_budgets(outcome, commands));
    lines.extend(failures(outcome, commands));
    lines.extend(unreadable(outcome, commands));
    lines.extend(waiting(outcome, &commands.flags));
    lines.extend(outcome.stopped.as_ref().map(|why| format!("! stopped: {why}")));
    lines.extend(held(outcome, commands));
    lines.extend(outstanding(outcome, commands));
    lines.join("\n")
}

pub(crate) fn counts(counts: &StatusCounts) -> String {
    let shown = Status::ALL.into_iter().filter(|status| counts.of(*status) > 0);
    shown.map(|status| format!("{} {status}", grouped(counts.of(status)))).collect::<Vec<_>>().join(" · ")
}

fn shared(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let (name, count) = (&outcome.batch.batch.name, outcome.shared_tasks);
    (count > 0).then(|| format!("! {}", alarm(name, count, &commands.flags)))
}

/// A task that its provider withdrew may have finished all the same, and no one may have asked for it.
fn withdrawn(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let (name, count) = (&outcome.batch.batch.name, outcome.withdrawn);
    let line = format!(
        "! {} withdrawn at the provider; their tasks stay known\n    look at them again, free of charge: reelq retry {name} --cancelled --look{}",
        grouped(count),
        commands.flags
    );
    (count > 0).then_some(line)
}

fn blocked(outcome: &BatchOutcome, commands: &NextCommands) -> Vec<String> {
    let advice = |block: &BlockReason| match block {
        BlockReason::Unauthorized => "its key is refused: put a valid key where the configuration says",
        BlockReason::NoCredit => "its balance does not cover the next request: add credit with the provider",
        BlockReason::Forbidden => "its key may not do this: allow it with the provider, or use another key",
    };
    let line = |name: &str, reason: &PauseReason| match reason {
        PauseReason::Blocked { block, message } => Some(format!(
            "! account {name} is blocked ({message}); {}\n    then: {}",
            advice(block),
            commands.unblock(name)
        )),
        _ => None,
    };
    outcome.blocked().filter_map(|(account, reason)| line(account.name.as_str(), reason)).collect()
}

fn breakers(outcome: &BatchOutcome, commands: &NextCommands) -> Vec<String> {
    let line = |account: &AccountView, pause: &Pause| {
        format!(
            "! account {} is {}\n    it goes on by itself; where the fault is fixed: reelq resume --account {0}{}\n    then: {}",
            account.name,
            pause_in_words(pause),
            commands.flags,
            commands.run
        )
    };
    outcome.held_by_breaker().map(|(account, pause)| line(account, pause)).collect()
}

fn unconfirmed(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let count = outcome.unconfirmed;
    let line = format!(
        "! {} job{} may or may not have been bought; nothing is sent again before you say\n    see them: reelq resolve {}{}",
        grouped(count),
        plural(count),
        outcome.batch.batch.name,
        commands.flags
    );
    (count > 0).then_some(line)
}

fn budget(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let budget = outcome.batch.batch.budget.filter(|_| outcome.batch.budget_reached && outcome.outstanding > 0)?;
    let needed = outcome.batch.spent + outcome.batch.reserved + outcome.batch.to_spend;
    Some(format!(
        "! the budget of {} is reached; all of it would take about {}\n    to go on: {} {needed}",
        money(budget),
        cost(needed, outcome.batch.unpriced),
        commands.budget
    ))
}

fn account_budgets(outcome: &BatchOutcome, commands: &NextCommands) -> Vec<String> {
    let line = |(account, held): (&AccountView, &HeldBatch)| {
        let (reached, name) = (reached(account, held), &account.name);
        match (held.by, held.until) {
            (AccountCap::Budget, _) => {
                format!("! {reached}\n    to go on: raise budget_usd of [accounts.{name}], then: {}", commands.run)
            }
            (AccountCap::DailyBudget, Some(until)) => format!(
                "! {reached}\n    to go on: from {until}, or with a higher daily_budget_usd of [accounts.{name}]: {}",
                commands.run
            ),
            (AccountCap::DailyBudget, None) => {
                format!(
                    "! {reached}\n    to go on: raise daily_budget_usd of [accounts.{name}], then: {}",
                    commands.run
                )
            }
        }
    };
    let short = outcome.short().filter(|_| outcome.outstanding > 0);
    short.map(line).collect()
}

fn failures(outcome: &BatchOutcome, commands: &NextCommands) -> Vec<String> {
    let name = outcome.batch.batch.name.as_str();
    outcome.remedies.iter().map(|remedy| remedy.told(name, &commands.flags)).collect()
}

/// Nothing can be done about such a row until its record is fixed.
fn unreadable(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let count = outcome.unreadable;
    let line = format!(
        "! the record{} of {} row{} cannot be read: what became of {} is not known here\n    named, with what to do: reelq doctor{}",
        plural(count),
        grouped(count),
        plural(count),
        if count == 1 { "it" } else { "them" },
        commands.flags
    );
    (count > 0).then_some(line)
}

/// What no one buys before a second yes.
fn held(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let count = outcome.batch.held;
    let line = format!(
        "! {} job{} held: loaded, and not bought before you say so\n    to buy them, after a question: {} --all",
        grouped(count),
        if count == 1 { " is" } else { "s are" },
        commands.run
    );
    (count > 0).then_some(line)
}

fn outstanding(outcome: &BatchOutcome, commands: &NextCommands) -> Option<String> {
    let count = outcome.outstanding.saturating_sub(outcome.batch.held);
    let resume = if outcome.batch.paused {
        format!("it is paused: reelq resume {}{}\n    then: ", outcome.batch.batch.name, commands.flags)
    } else {
        "to go on: ".to_owned()
    };
    let told = format!("! {} job{} outstanding", grouped(count), plural(count));
    // What goes on with a reached budget is said where the budget is.
    let line = if outcome.holds(Exit::Budget) { told } else { format!("{told}\n    {resume}{}", commands.run) };
    (count > 0).then_some(line)
}
