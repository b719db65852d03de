//! The closing summary: what became of the batch, and what to do next for each kind of trouble.

use reelq_console::{Exit, cost, duration, grouped, money, plural, spent};
use reelq_model::{BlockReason, Status};
use reelq_store::{AccountCap, AccountView, BatchView, HeldBatch, Pause, PauseReason, StatusCounts};

use super::{outcome::Verdict, waiting::waiting};
use crate::{
    context::Session,
    jobs::noticed::alarm,
    pauses::{pause as pause_in_words, reached},
};

/// The commands that the summary names, as the user would type them.
#[derive(Debug, Clone)]
pub struct Commands {
    /// The command that goes on with the batch, under the yes that loaded it.
    pub run: String,
    /// The command that raises the budget, which asks first; its amount comes behind it.
    pub budget: String,
    /// What lets a blocked account go on, once it is mended; without the account's name where none is needed.
    unblock: Option<String>,
    /// ` --simulate` where the run was simulated, for the other commands.
    pub flags: String,
}

impl Commands {
    /// The commands for a batch of this session.
    pub fn of(session: &Session, view: &BatchView) -> Self {
        let run = session.continue_command(&view.batch.name);
        Self { budget: format!("{run} --budget"), run, unblock: None, flags: session.flags() }
    }

    /// The commands for a batch that workers work on.
    pub fn of_worker(session: &Session, view: &BatchView) -> Self {
        Self { unblock: Some("reelq resume --account".to_owned()), ..Self::of(session, view) }
    }

    fn unblock(&self, account: &str) -> String {
        match &self.unblock {
            Some(command) => format!("{command} {account}{}", self.flags),
            None => self.run.clone(),
        }
    }
}

/// The summary, several lines.
pub fn summary(verdict: &Verdict, commands: &Commands, seconds: u64) -> String {
    let batch = &verdict.batch;
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
    lines.extend(shared(verdict, commands));
    lines.extend(withdrawn(verdict, commands));
    lines.extend(blocked(verdict, commands));
    lines.extend(breakers(verdict, commands));
    lines.extend(unconfirmed(verdict, commands));
    lines.extend(budget(verdict, commands));
    lines.extend(account_budgets(verdict, commands));
    lines.extend(failures(verdict, commands));
    lines.extend(unreadable(verdict, commands));
    lines.extend(waiting(verdict, &commands.flags));
    lines.extend(outstanding(verdict, commands));
    lines.join("\n")
}

pub(crate) fn counts(counts: &StatusCounts) -> String {
    let shown = Status::ALL.into_iter().filter(|status| counts.of(*status) > 0);
    shown.map(|status| format!("{} {status}", grouped(counts.of(status)))).collect::<Vec<_>>().join(" · ")
}

fn shared(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let (name, count) = (&verdict.batch.batch.name, verdict.shared_tasks);
    (count > 0).then(|| format!("! {}", alarm(name, count, &commands.flags)))
}

/// A task that its provider withdrew may have finished all the same, and nobody may have asked for it.
fn withdrawn(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let (name, count) = (&verdict.batch.batch.name, verdict.withdrawn);
    let line = format!(
        "! {} withdrawn at the provider; their tasks stay known\n    look at them again, free of charge: reelq retry {name} --cancelled --look{}",
        grouped(count),
        commands.flags
    );
    (count > 0).then_some(line)
}

fn blocked(verdict: &Verdict, commands: &Commands) -> Vec<String> {
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
    verdict.blocked().filter_map(|(account, reason)| line(account.name.as_str(), reason)).collect()
}

fn breakers(verdict: &Verdict, commands: &Commands) -> Vec<String> {
    let line = |account: &AccountView, pause: &Pause| {
        format!(
            "! account {} is {}\n    it goes on by itself; where the fault is mended: reelq resume --account {0}{}\n    then: {}",
            account.name,
            pause_in_words(pause),
            commands.flags,
            commands.run
        )
    };
    verdict.held_by_breaker().map(|(account, pause)| line(account, pause)).collect()
}

fn unconfirmed(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let count = verdict.unconfirmed;
    let line = format!(
        "! {} job{} may or may not have been bought; nothing is sent again before you say\n    see them: reelq resolve {}{}",
        grouped(count),
        plural(count),
        verdict.batch.batch.name,
        commands.flags
    );
    (count > 0).then_some(line)
}

fn budget(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let budget = verdict.batch.batch.budget.filter(|_| verdict.batch.budget_reached && verdict.outstanding > 0)?;
    let needed = verdict.batch.spent + verdict.batch.reserved + verdict.batch.to_spend;
    Some(format!(
        "! the budget of {} is reached; all of it would take about {}\n    to go on: {} {needed}",
        money(budget),
        cost(needed, verdict.batch.unpriced),
        commands.budget
    ))
}

fn account_budgets(verdict: &Verdict, commands: &Commands) -> Vec<String> {
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
    let short = verdict.short().filter(|_| verdict.outstanding > 0);
    short.map(line).collect()
}

fn failures(verdict: &Verdict, commands: &Commands) -> Vec<String> {
    let name = verdict.batch.batch.name.as_str();
    verdict.remedies.iter().map(|remedy| remedy.told(name, &commands.flags)).collect()
}

/// Nothing can be done about such a row until its record is mended.
fn unreadable(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let count = verdict.unreadable;
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

fn outstanding(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let count = verdict.outstanding;
    let resume = if verdict.batch.paused {
        format!("it is paused: reelq resume {}{}\n    then: ", verdict.batch.batch.name, commands.flags)
    } else {
        "to go on: ".to_owned()
    };
    let told = format!("! {} job{} outstanding", grouped(count), plural(count));
    // What goes on with a reached budget is said where the budget is.
    let line = if verdict.holds(Exit::Budget) { told } else { format!("{told}\n    {resume}{}", commands.run) };
    (count > 0).then_some(line)
}
