//! Purchases that only journals know: the store has lost their jobs, and they count against limits and budgets all the same.

use reelq_console::{grouped, money, plural};
use reelq_model::Money;
use reelq_store::{AbsentSum, AbsentView, Absentees};

/// At most so many tasks are named in a line.
const NAMED: usize = 5;

/// What is said of each account.
pub fn told(absent: &Absentees) -> Vec<String> {
    absent.sums.iter().map(|sum| of_account(sum, &absent.first)).collect()
}

/// How to go on.
pub fn ways_on(absent: &Absentees, flags: &str) -> String {
    let batches: std::collections::BTreeSet<&str> =
        absent.first.iter().map(|view| view.batch.as_str()).filter(|batch| !batch.is_empty()).collect();
    let load = match batches.first() {
        Some(batch) => format!("reelq enqueue MANIFEST --batch {batch} --again{flags}"),
        None => format!("reelq enqueue MANIFEST --again{flags}"),
    };
    let rest = match open(absent) {
        0 => String::new(),
        _ => format!("; where they are over, give their places in flight back: reelq resume --after-loss{flags}"),
    };
    format!("to follow them, load their manifest again under the same name: {load}{rest}")
}

/// How many of them may still be running.
pub fn open(absent: &Absentees) -> u64 {
    absent.sums.iter().map(|sum| sum.open).sum()
}

fn of_account(sum: &AbsentSum, first: &[AbsentView]) -> String {
    let (count, s) = (grouped(sum.purchases), plural(sum.purchases));
    let (account, counts) = match sum.account.as_str() {
        "" => ("an account that no journal names".to_owned(), "no limit and no budget counts them"),
        name => (format!("account {name}"), "they count against its limits and budgets"),
    };
    let open = match sum.open {
        0 => String::new(),
        open => format!(", {} of them may still be running", grouped(open)),
    };
    format!(
        "{count} purchase{s} on {account}, for {}, {} in journals only: the store has lost their jobs{open}; {counts}{}",
        cost(sum),
        if sum.purchases == 1 { "is" } else { "are" },
        named(sum, first)
    )
}

fn cost(sum: &AbsentSum) -> String {
    match (sum.unpriced, sum.spent) {
        (0, spent) => money(spent),
        (_, Money::ZERO) => "an unknown sum".to_owned(),
        (_, spent) => format!("{} and an unknown sum", money(spent)),
    }
}

fn named(sum: &AbsentSum, first: &[AbsentView]) -> String {
    let tasks: Vec<String> = first
        .iter()
        .filter(|view| view.account == sum.account)
        .take(NAMED)
        .map(|view| match &view.purchase.task {
            Some(task) => format!("task {task}"),
            None if view.purchase.number == 0 => {
                "all older ones of a journal, of which the sum alone is known".to_owned()
            }
            None => format!("job {}, of which no task is known", view.job),
        })
        .collect();
    let more = if sum.purchases > u64::try_from(tasks.len()).unwrap_or(0) { ", …" } else { "" };
    if tasks.is_empty() { String::new() } else { format!(" ({}{more})", tasks.join(", ")) }
}
