//! Batches as people see them; sums come from the counters, not from the jobs.

use std::collections::BTreeMap;

use reelq_model::{BatchName, Status, Timestamp};

use super::{
    caller::Caller,
    codec::{Packer, Unpacker, saturated},
    facts,
};
use reelq_limits::remaining_budget::is_reached;
use reelq_store::rules::{ledger::BatchSums, unreadable};
use reelq_store::{BatchDraft, BatchRecord, BatchView, Error, Result, StatusCounts};

script!(BATCHES, "batches", ["job_keys", "money"]);

/// At most this many batches are read in one call.
const AT_ONCE: i64 = 100;

pub(super) async fn batch(caller: &Caller, name: &BatchName) -> Result<Option<BatchView>> {
    let Some((_, view)) = read(caller, name.as_str(), 0).await?.pop() else { return Ok(None) };
    view.map(|(_, view)| Some(view)).map_err(|error| unreadable::batch(name.as_str(), &error))
}

pub(super) async fn batches(caller: &Caller) -> Result<Vec<BatchView>> {
    let mut views = Vec::new();
    for (name, view) in all(caller).await? {
        match view {
            Ok(view) => views.push(view),
            // One batch that cannot be read is no reason to show none.
            Err(error) => tracing::error!(batch = name, %error, "a batch is passed over: its record cannot be read"),
        }
    }
    // A clock that was set back between two loads puts them in another order than their numbers.
    views.sort_by_key(|(number, view)| std::cmp::Reverse((view.created_at, *number)));
    Ok(views.into_iter().map(|(_, view)| view).collect())
}

/// A batch's draft as it is kept, as JSON.
pub(super) async fn draft(caller: &Caller, name: &BatchName) -> Result<Option<String>> {
    let arguments = Packer::new().list(3).text(name.as_str()).int(0).int(1).finish();
    let parts = caller.call(&BATCHES, &arguments).await?.unpack().each(Parts::read)?;
    Ok(parts.into_iter().next().and_then(|parts| parts.fields.into_iter().next()))
}

/// The names of all batches, the oldest first.
pub(super) async fn names(caller: &Caller) -> Result<Vec<BatchName>> {
    let mut names: Vec<_> = all(caller).await?.into_iter().map(|(name, view)| (created(view), name)).collect();
    names.sort();
    Ok(names.into_iter().filter_map(|(_, name)| BatchName::new(name).ok()).collect())
}

/// When a batch was made, and its number; one that cannot be read comes first.
fn created(view: Result<(i64, BatchView)>) -> Option<(Timestamp, i64)> {
    view.ok().map(|(number, view)| (view.created_at, number))
}

/// Every batch that cannot be read, and why.
pub(super) async fn unread(caller: &Caller) -> Result<Vec<(String, Error)>> {
    let all = all(caller).await?.into_iter();
    Ok(all.filter_map(|(name, view)| Some((name, view.err()?))).collect())
}

/// Batches by their names.
type Named = Vec<(String, Result<(i64, BatchView)>)>;

async fn all(caller: &Caller) -> Result<Named> {
    let mut all = Vec::new();
    for from in (0..).step_by(100) {
        let part = read(caller, "", from).await?;
        let last = part.len() < 100;
        all.extend(part);
        if last {
            break;
        }
    }
    Ok(all)
}

async fn read(caller: &Caller, name: &str, from: i64) -> Result<Named> {
    let arguments = Packer::new().list(3).text(name).int(from).int(AT_ONCE).finish();
    caller.call(&BATCHES, &arguments).await?.unpack().each(|unpacker| {
        let parts = Parts::read(unpacker)?;
        let view = view(&parts);
        Ok((parts.name, view))
    })
}

/// What the script answers of a batch.
struct Parts {
    fields: Vec<String>,
    counts: Vec<u64>,
    prices: Vec<i64>,
    deadline: i64,
    place: i64,
    name: String,
    /// What was bought for jobs of it that only journals know.
    absent: i64,
}

impl Parts {
    fn read(unpacker: &mut Unpacker<'_>) -> Result<Self> {
        unpacker.list()?;
        Ok(Self {
            fields: unpacker.each(|unpacker| Ok(String::from_utf8_lossy(unpacker.bytes()?).into_owned()))?,
            counts: unpacker.each(Unpacker::count)?,
            prices: unpacker.each(Unpacker::int)?,
            deadline: unpacker.int()?,
            place: unpacker.int()?,
            name: String::from_utf8_lossy(unpacker.bytes()?).into_owned(),
            absent: unpacker.int()?,
        })
    }
}

fn view(parts: &Parts) -> Result<(i64, BatchView)> {
    let Parts { fields, counts, prices, deadline, place, absent, .. } = parts;
    let [draft, whole, paused, purging, cancelling, sums @ ..] = fields.as_slice() else {
        return Err(Error::broken("a batch's fields are cut short"));
    };
    let draft: BatchDraft = serde_json::from_str(draft).map_err(|error| Error::broken(error.to_string()))?;
    let numbers = sums.iter().map(|text| number(text)).collect::<Result<Vec<_>>>()?;
    let [spent, reserved, claimed, to_spend, unpriced, orphans, overdue, held, budget, created_at, ended_at] =
        numbers[..]
    else {
        return Err(Error::broken("a batch's sums are cut short"));
    };
    let sum = |found: Option<i64>| found.unwrap_or(0);
    let sums = BatchSums {
        spent: sum(spent),
        reserved: sum(reserved),
        claimed: sum(claimed),
        to_spend: sum(to_spend),
        unpriced: sum(unpriced),
        orphans: sum(orphans),
        overdue: sum(overdue),
        held: sum(held),
    };
    let (listed, others) = counts.split_at(counts.len() / 2);
    let counts = [status_counts(listed)?, status_counts(others)?];
    let left = budget.map(|budget| budget.saturating_sub(sums.used().saturating_add(*absent)));
    let record = BatchRecord {
        draft,
        whole: whole == "1",
        paused: paused == "1",
        purging: !purging.is_empty(),
        cancelling: !cancelling.is_empty(),
        created_at: Timestamp::from_millis(sum(created_at)),
        ended_at: ended_at.map(Timestamp::from_millis),
    };
    let is_reached = left.is_some_and(|left| is_budget_reached(left, prices));
    let deadline = (*deadline != 0).then(|| Timestamp::from_millis(*deadline));
    let view = record.view(&sums, counts, is_reached, deadline);
    Ok((*place, view))
}

/// A sum; one that a script wrote as a float, as an earlier version's did, is brought to a whole number.
fn number(text: &str) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = text.parse().ok().or_else(|| text.parse().ok().map(saturated));
    found.map(Some).ok_or_else(|| Error::broken(format!("`{text:.40}` is no number")))
}

fn status_counts(counts: &[u64]) -> Result<StatusCounts> {
    let mut found = BTreeMap::<Status, u64>::new();
    for (code, count) in (0..).zip(counts).filter(|(_, count)| **count > 0) {
        found.insert(facts::read_status(code)?, *count);
    }
    Ok(StatusCounts(found))
}

/// Whether what is left lets none of the waiting jobs go; `prices` are pairs of a price and a number of jobs.
fn is_budget_reached(left: i64, prices: &[i64]) -> bool {
    is_reached(left, prices.chunks_exact(2).filter(|pair| pair[1] > 0).map(|pair| pair[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_prices_at_which_a_job_waits_count() {
        assert!(!is_budget_reached(0, &[]));
        assert!(is_budget_reached(10, &[10, 0, 25, 1]), "the cheap ones are gone");
        assert!(!is_budget_reached(10, &[-1, 2, 10, 1]));
    }
}
