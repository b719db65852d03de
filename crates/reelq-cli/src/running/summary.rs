//! The closing summary: what became of the batch, and what to do next for each kind of trouble.

use reelq_model::{BlockReason, FailureKind, Status};
use reelq_store::{AccountCap, AccountView, BatchView, HeldBatch, Pause, PauseReason, StatusCounts};

use super::verdict::Verdict;
use crate::{
    commands::status::{pause as pause_in_words, reached},
    output::{duration, grouped, money, plural},
    session::Session,
};

/// The commands that the summary names, as the user would type them.
#[derive(Debug, Clone)]
pub(crate) struct Commands {
    /// The command that goes on with the batch.
    pub(crate) run: String,
    /// The command that raises the budget, up to its amount.
    pub(crate) budget: String,
    /// What lets a blocked account go on, once it is mended; without the account's name where none is needed.
    unblock: Option<String>,
    /// ` --simulate` where the run was simulated, for the other commands.
    pub(crate) flags: String,
}

impl Commands {
    /// The commands for a batch of this session; `again` are the run's own flags that it needs again.
    pub(crate) fn of(session: &Session, view: &BatchView, again: &str) -> Self {
        let run = session.run_command(view) + again;
        Self { budget: format!("{run} --budget"), run, unblock: None, flags: session.flags() }
    }

    /// The commands for a batch that workers work on.
    pub(crate) fn of_worker(session: &Session, view: &BatchView) -> Self {
        let flags = session.flags();
        let load = session.run_command(view).replacen("reelq run", "reelq enqueue", 1);
        Self {
            budget: format!("{load} --budget"),
            run: format!("reelq worker{flags}"),
            unblock: Some("reelq resume --account".to_owned()),
            flags,
        }
    }

    fn unblock(&self, account: &str) -> String {
        match &self.unblock {
            Some(command) => format!("{command} {account}{}", self.flags),
            None => self.run.clone(),
        }
    }
}

/// The summary, several lines.
pub(crate) fn summary(verdict: &Verdict, commands: &Commands, seconds: u64) -> String {
    let batch = &verdict.batch;
    let (total, name) = (grouped(batch.counts.total()), &batch.batch.name);
    let mut lines = vec![format!(
        "Batch {name}: {} of {total} succeeded in {}, {} spent",
        grouped(batch.counts.of(Status::Succeeded)),
        duration(seconds),
        money(batch.spent)
    )];
    lines.push(format!("  {}", counts(&batch.counts)));
    if batch.others.total() > 0 {
        lines.push(format!(
            "  beside the rows (bought, and their line is gone; or charged unexpectedly): {}",
            counts(&batch.others)
        ));
    }
    lines.push(format!("  outputs and results: {}", batch.batch.output));
    lines.extend(blocked(verdict, commands));
    lines.extend(breakers(verdict, commands));
    lines.extend(unconfirmed(verdict, commands));
    lines.extend(budget(verdict, commands));
    lines.extend(account_budgets(verdict, commands));
    lines.extend(failures(verdict, commands));
    lines.extend(outstanding(verdict, commands));
    lines.join("\n")
}

pub(super) fn counts(counts: &StatusCounts) -> String {
    let shown = Status::ALL.into_iter().filter(|status| counts.of(*status) > 0);
    shown.map(|status| format!("{} {status}", grouped(counts.of(status)))).collect::<Vec<_>>().join(" · ")
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
            "! account {} is {}\n    it goes on by itself; where the fault is mended: reelq resume --account {0}, then: {}",
            account.name,
            pause_in_words(pause),
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
        money(needed),
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
    let (name, flags) = (&verdict.batch.batch.name, &commands.flags);
    let line = |(kind, count): &(FailureKind, u64)| {
        let (what, next) = match kind {
            FailureKind::Content => {
                ("refused by moderation", format!("change them: reelq results {name} --failed --as manifest{flags}"))
            }
            FailureKind::Invalid => {
                ("refused as invalid", format!("change them: reelq results {name} --failed --as manifest{flags}"))
            }
            FailureKind::Transient => {
                ("failed for a passing reason", format!("buy them again: reelq retry {name} --kind transient{flags}"))
            }
            FailureKind::Provider => {
                ("failed at the provider", format!("buy them again: reelq retry {name} --kind provider{flags}"))
            }
            FailureKind::Expired => {
                ("lost at the provider", format!("buy them again: reelq retry {name} --kind expired{flags}"))
            }
            FailureKind::Output => (
                "bought but not saved",
                format!("fetch them again, free of charge: reelq retry {name} --kind output{flags}"),
            ),
            FailureKind::GivenUp => ("given up", format!("buy them again: reelq retry {name} --kind given_up{flags}")),
        };
        format!("! {} {what}\n    {next}", grouped(*count))
    };
    verdict.failures.iter().map(line).collect()
}

fn outstanding(verdict: &Verdict, commands: &Commands) -> Option<String> {
    let count = verdict.outstanding;
    let resume = if verdict.batch.paused {
        format!("it is paused: reelq resume {}{}\n    then: ", verdict.batch.batch.name, commands.flags)
    } else {
        "to go on: ".to_owned()
    };
    let line = format!("! {} job{} outstanding\n    {resume}{}", grouped(count), plural(count), commands.run);
    (count > 0).then_some(line)
}
