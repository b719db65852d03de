//! A plan as people read it.

use reelq_console::{bytes, cost, duration, grouped, money, plural, table};
use reelq_model::BatchName;
use reelq_producer::{AccountBudget, BatchForecast, Changes, CostLine, Estimate, Plan};
use reelq_runner::context::CommandContext;

use crate::commands::forecast::end_in_words;

/// The plan as people read it; `played` is what is known of its time and cost.
pub(crate) fn draw(plan: &Plan, played: Option<&BatchForecast>, context: &CommandContext) -> String {
    let batch = &plan.batch;
    let title = if context.is_simulated() { " (simulated: nothing is real)" } else { "" };
    let (rows, jobs) = (grouped(plan.rows), grouped(plan.lines));
    let (rows_s, jobs_s) = (plural(plan.rows), plural(plan.lines));
    let head = format!(
        "Batch {}{title}\n  {rows} row{rows_s}, {jobs} job{jobs_s}, from {}\n  outputs go to {}",
        batch.name, batch.manifest, batch.output
    );
    let mut parts = vec![head, changes(&plan.changes)];
    parts.extend(plan.same_manifest.as_ref().map(|other| again(other, context)));
    parts.push(costs(plan));
    if plan.to_buy() > 0 {
        parts.push(estimate(&plan.estimate, played));
    }
    parts.join("\n\n")
}

fn again(other: &BatchName, context: &CommandContext) -> String {
    format!(
        "Batch {other} came from the same manifest. A batch of another name is bought anew; to go on with that one: {}",
        context.continue_command(other)
    )
}

fn changes(changes: &Changes) -> String {
    let standing = changes.standing.0.iter().map(|(status, count)| format!("{} {status}", grouped(*count)));
    let standing: Vec<_> = standing.collect();
    let standing = if standing.is_empty() { String::new() } else { format!("  ({})", standing.join(", ")) };
    let kept = match changes.removed_bought {
        0 => String::new(),
        count => format!("  ({} bought already: followed and kept)", grouped(count)),
    };
    let line = |sign: char, count: u64, word: &str, rest: &str| format!("  {sign} {:>9} {word}{rest}", grouped(count));
    let lines = [
        ('+', changes.new, "new", ""),
        ('~', changes.changed, "changed", ""),
        ('=', changes.unchanged, "unchanged", standing.as_str()),
        ('-', changes.removed, "removed", kept.as_str()),
    ];
    let told = lines.into_iter().filter(|(_, count, ..)| *count > 0);
    told.map(|(sign, count, word, rest)| line(sign, count, word, rest)).collect::<Vec<_>>().join("\n")
}

fn costs(plan: &Plan) -> String {
    let amount = |line: &CostLine| match (line.unpriced, line.to_buy) {
        (0, _) => money(line.amount),
        (unpriced, to_buy) if unpriced == to_buy => "unknown".to_owned(),
        (unpriced, _) => format!("{} + {} unknown", money(line.amount), grouped(unpriced)),
    };
    let rows = plan.costs.iter().map(|line| {
        vec![line.account.to_string(), line.model.to_string(), grouped(line.jobs), grouped(line.to_buy), amount(line)]
    });
    let (count, s) = (grouped(plan.to_buy()), plural(plan.to_buy()));
    let budget = plan.batch.budget.map(|budget| {
        let beyond = if plan.amount() > budget { ": it does not cover all of it" } else { "" };
        let kept = if plan.budget_is_kept { ", as it was said before (--no-budget ends it)" } else { "" };
        format!("\nBudget: {}{kept}{beyond}", money(budget))
    });
    let beside = match plan.beside {
        0 => String::new(),
        count => format!(", {} of them queued again though their line is gone", grouped(count)),
    };
    let budget: String = budget.into_iter().chain(plan.account_budgets.iter().flat_map(account_budget)).collect();
    let held = held(plan);
    let lines = table(&["account", "model", ">jobs", ">to buy", ">price"], rows);
    let to_buy = match plan.to_buy() {
        0 => "nothing".to_owned(),
        _ => format!("{count} job{s} for {}", cost(plan.amount(), plan.unpriced())),
    };
    format!("{lines}\n\nTo buy: {to_buy}{beside}{held}{budget}")
}

/// What is loaded and not bought now.
fn held(plan: &Plan) -> String {
    let held = &plan.held;
    if held.jobs == 0 {
        return String::new();
    }
    let (count, s) = (grouped(held.jobs), plural(held.jobs));
    format!("\nHeld: {count} job{s} for {}, bought only after a second yes", cost(held.amount, held.unpriced))
}

/// What an account's budgets have left for the plan.
fn account_budget(line: &AccountBudget) -> Vec<String> {
    let name = &line.account;
    let whole = line.budget.map(|budget| {
        let beyond = if line.amount > budget.left { ": it does not cover all of it" } else { "" };
        format!("\nBudget of account {name}: {} of {} left{beyond}", money(budget.left), money(budget.cap))
    });
    let daily = line.daily_budget.map(|budget| {
        let beyond = if line.amount > budget.left { ": it does not cover all of it today" } else { "" };
        format!("\nBudget of account {name}: {} of {} left today{beyond}", money(budget.left), money(budget.cap))
    });
    whole.into_iter().chain(daily).collect()
}

fn estimate(estimate: &Estimate, played: Option<&BatchForecast>) -> String {
    let forecast = played.and_then(|played| end_in_words(&played.forecast.total));
    let time = match (forecast, estimate.total_s) {
        (Some(words), _) => words,
        (None, Some(total)) => format!("about {}", duration(total)),
        (None, None) => format!("{} to submit, and the time that the last one runs", duration(estimate.submit_s)),
    };
    let disk = estimate.disk_bytes.map_or_else(|| "not known yet".to_owned(), |disk| format!("about {}", bytes(disk)));
    format!("Time at the limits: {time}\nDisk: {disk}")
}
