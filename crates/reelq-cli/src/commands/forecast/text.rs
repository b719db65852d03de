//! A forecast as people read it.

use std::time::Duration;

use reelq_console::{duration, grouped, money, plural, table};
use reelq_model::{Money, Timestamp};
use reelq_producer::{
    BatchForecast, Plan,
    forecast::{AccountForecast, Bottleneck, Figures, Interval, Unlearned},
};

/// The forecast as people read it.
pub(crate) fn draw(plan: &Plan, played: &BatchForecast, now: Timestamp) -> String {
    let total = &played.forecast.total;
    if total.jobs == 0 {
        return format!("Batch {}: there is nothing to buy", plan.batch.name);
    }
    let accounts = played.accounts.len();
    let mut lines = vec![
        format!(
            "{} job{} on {accounts} account{}, played {} times",
            grouped(total.jobs),
            plural(total.jobs),
            if accounts == 1 { "" } else { "s" },
            grouped(played.forecast.plays)
        ),
        String::new(),
    ];
    lines.extend(left_over(total));
    lines.push(end(total, now));
    lines.push(cost(total));
    lines.push(counted("failed ", total.failed.as_ref(), "no earlier job tells how many do"));
    lines.push(counted("429s   ", total.throttles.as_ref(), "nothing was submitted yet"));
    lines.extend(total.limit.map(|limit| format!("held up by {}", words(limit))));
    if accounts > 1 {
        lines.extend([String::new(), by_account(played)]);
    }
    lines.extend(unlearned(&played.forecast.accounts));
    lines.join("\n")
}

/// The end in one clause, for a plan; nothing where it is not known.
pub(crate) fn end_in_words(total: &Figures) -> Option<String> {
    total
        .end_s
        .as_ref()
        .map(|end| format!("about {}{}", duration(end.median), bound(end, |seconds| duration(*seconds))))
}

fn end(total: &Figures, now: Timestamp) -> String {
    match (end_in_words(total), &total.end_s, &total.submit_s) {
        (Some(words), Some(end), _) => {
            format!("done    in {words}, at {}", now.after(Duration::from_secs(end.median)))
        }
        (_, _, Some(sent)) => {
            let words = bound(sent, |seconds| duration(*seconds));
            format!(
                "sent    in about {}{words}; when it is done is not known: no earlier job tells how long one runs",
                duration(sent.median)
            )
        }
        _ => "done    not known: nothing is sent at this rate".to_owned(),
    }
}

fn cost(total: &Figures) -> String {
    let Some(cost) = &total.cost else { return "cost    not known: some rows have no price".to_owned() };
    let words = |micros: &i64| money(Money::from_micros(*micros));
    format!("cost    about {}{}", words(&cost.median), bound(cost, words))
}

fn counted(what: &str, spread: Option<&Interval<u64>>, unknown: &str) -> String {
    match spread {
        Some(spread) => format!("{what} about {}{}", grouped(spread.median), bound(spread, |count| grouped(*count))),
        None => format!("{what} not known: {unknown}"),
    }
}

fn left_over(total: &Figures) -> Option<String> {
    let left = &total.left_over;
    let words = bound(left, |count| grouped(*count));
    (left.high > 0).then(|| format!("about {} jobs are left over{words}: a budget ends first", grouped(left.median)))
}

/// What nine in ten plays stay below; nothing where that is the same.
fn bound<T: PartialEq>(spread: &Interval<T>, words: impl Fn(&T) -> String) -> String {
    let (median, high) = (words(&spread.median), words(&spread.high));
    if median == high { String::new() } else { format!(" (nine in ten: under {high})") }
}

const fn words(limit: Bottleneck) -> &'static str {
    match limit {
        Bottleneck::Rate => "the rate (requests_per_second)",
        Bottleneck::Throttles => "the waits that the vendor asks for (429)",
        Bottleneck::Places => "the places in flight (max_in_flight)",
        Bottleneck::DailyBudget => "the daily budget",
        Bottleneck::Budget => "the account's budget",
        Bottleneck::Durations => "how long the vendor's tasks run",
    }
}

fn by_account(played: &BatchForecast) -> String {
    let rows = played.accounts.iter().zip(&played.forecast.accounts).map(|(name, account)| {
        let figures = &account.figures;
        let cost = figures.cost.as_ref().map(|cost| money(Money::from_micros(cost.median)));
        let limit = figures.limit.map(words).unwrap_or_default();
        vec![
            name.to_string(),
            grouped(figures.jobs),
            figures.end_s.as_ref().map_or_else(|| "not known".to_owned(), |end| duration(end.median)),
            cost.unwrap_or_else(|| "not known".to_owned()),
            limit.to_owned(),
        ]
    });
    table(&["account", ">jobs", ">time", ">cost", "held up by"], rows)
}

/// What would make an end too early, and is told nowhere else.
fn unlearned(accounts: &[AccountForecast]) -> Option<String> {
    let is_short = accounts.iter().any(|account| account.unlearned.contains(&Unlearned::Waits));
    is_short.then(|| "too few 429s were seen to know how long the next ones last: it may end later".to_owned())
}
