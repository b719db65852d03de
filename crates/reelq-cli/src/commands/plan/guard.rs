//! What stands against buying a plan, whatever it costs: the same was bought before, or another batch would be pushed aside.

use std::io::{BufRead as _, BufReader};

use reelq_collector::Place;
use reelq_model::{JobId, Status};
use reelq_producer::{Elsewhere, Order, Plan};
use reelq_store::Store;
use serde::Deserialize;

use crate::{
    consent::{Consent, NOT_BOUGHT},
    failure::Failure,
    output::{grouped, plural},
    session::{Session, quoted},
};

/// Refuses what would push another batch aside, and asks before the same is bought again: with a question of its own on a
/// terminal, elsewhere only with `--again`.
pub(crate) async fn hold(
    order: &Order,
    plan: &Plan,
    consent: Consent,
    session: &Session,
    store: &dyn Store,
) -> Result<(), Failure> {
    if let Some(said) = in_the_way(order, plan) {
        return Err(Failure::usage(format!("{said}; {NOT_BOUGHT}")));
    }
    if plan.to_buy() == 0 || order.source.again || session.is_simulated() {
        return Ok(());
    }
    let mut bought: Vec<String> = elsewhere(plan).into_iter().collect();
    // What a server forgot, this machine's journal tells it again before anything is bought; a file has none.
    if !session.is_shared() || store.batch(&plan.batch.name).await?.is_none() {
        bought.extend(unknown_results(plan, session, store).await?);
    }
    for said in bought {
        consent.to_again(&said).await?;
    }
    Ok(())
}

/// Why the batch may not take this name or this output place.
pub(crate) fn in_the_way(order: &Order, plan: &Plan) -> Option<String> {
    if let Some(takes) = plan.takes.as_ref().filter(|_| !order.source.replaces) {
        let name = &plan.batch.name;
        let waiting = match takes.waiting {
            0 => String::new(),
            count => format!(" and would withdraw its {} waiting row{}", grouped(count), plural(count)),
        };
        return Some(format!(
            "batch `{name}` is of the manifest {}; this one is another file of the same name{waiting}. Give it a name of its \
             own with --batch NAME; where the file was moved, or is to take that one's place, add --replace",
            quoted(&takes.manifest)
        ));
    }
    let other = plan.same_output.as_ref().filter(|_| plan.lines > 0)?;
    Some(format!(
        "batch `{other}` writes its results to {} too, and one would overwrite the other's; name another place with \
         --output PLACE",
        quoted(&plan.batch.output)
    ))
}

/// Which batches have lines of the plan already.
pub(crate) fn elsewhere(plan: &Plan) -> Option<String> {
    let one = |there: &Elsewhere| {
        let purged = if there.purged { ", which was purged since" } else { "" };
        format!("{} in batch `{}`{purged}", grouped(there.lines), there.batch)
    };
    let all: u64 = plan.elsewhere.iter().map(|there| there.lines).sum();
    match plan.elsewhere.as_slice() {
        [] => None,
        [only] => {
            let purged = if only.purged { ", which was purged since" } else { "" };
            let (all, lines) = (grouped(all), grouped(plan.lines));
            Some(format!("{all} of {lines} rows were bought, or are queued, in batch `{}`{purged}", only.batch))
        }
        several => {
            let named: Vec<_> = several.iter().take(5).map(one).collect();
            let more = if several.len() > 5 { ", …" } else { "" };
            let (all, lines) = (grouped(all), grouped(plan.lines));
            Some(format!("{all} of {lines} rows were bought, or are queued: {}{more}", named.join(", ")))
        }
    }
}

/// What else is to be known before a yes: a state that begins anew, rows that ask for the same.
pub(crate) fn remarks(plan: &Plan, session: &Session) -> Vec<String> {
    let anew = (plan.begins_anew && !session.is_simulated())
        .then(|| format!("A new state begins at {}: what was bought before is not known there", session.place()));
    let equal = plan.equal.in_words();
    let rest = (plan.equal.rows > 0 && plan.equal.first.len() == 5).then(|| "and maybe more".to_owned());
    let equal = (!equal.is_empty()).then(|| {
        let (rows, named) = (plan.equal.rows, equal.into_iter().chain(rest).collect::<Vec<_>>().join("; "));
        format!("{} row{} an earlier row's request again, and each is bought: {named}", grouped(rows), verb(rows))
    });
    anew.into_iter().chain(equal).collect()
}

const fn verb(count: u64) -> &'static str {
    if count == 1 { " makes" } else { "s make" }
}

/// One line of a `results.jsonl`, as far as it tells of a purchase.
#[derive(Debug, Deserialize)]
struct Told {
    job: Option<JobId>,
    #[serde(default)]
    remote_task: Option<String>,
}

/// Rows are looked up in the store in pages of this size.
const PAGE: usize = 1_000;

/// Whether the output place tells of purchases that the state does not know: it was lost, or put back to an earlier time.
async fn unknown_results(plan: &Plan, session: &Session, store: &dyn Store) -> Result<Option<String>, Failure> {
    let mut unknown = 0_u64;
    let mut page = Vec::with_capacity(PAGE);
    for job in told_jobs(plan, session).await? {
        page.push(job);
        if page.len() == PAGE {
            unknown += unknown_of(plan, store, &page).await?;
            page.clear();
        }
    }
    unknown += unknown_of(plan, store, &page).await?;
    let (rows, s) = (grouped(unknown), plural(unknown));
    Ok((unknown > 0).then(|| {
        format!(
            "{} holds the results of {rows} bought row{s} that the state at {} does not know: it was lost or put back, or \
             the place is another's (name another one with --output PLACE)",
            quoted(&plan.batch.output),
            session.place()
        )
    }))
}

async fn unknown_of(plan: &Plan, store: &dyn Store, jobs: &[JobId]) -> Result<u64, Failure> {
    let known = store.known(&plan.batch.name, jobs).await?;
    let missing = known.iter().filter(|known| match known {
        None => true,
        Some(known) => !known.bought && matches!(known.status, Status::Queued | Status::Cancelled),
    });
    Ok(u64::try_from(missing.count()).unwrap_or(u64::MAX))
}

/// The jobs that the result manifest in the output place calls bought; none where there is none.
async fn told_jobs(plan: &Plan, session: &Session) -> Result<Vec<JobId>, Failure> {
    const NAME: &str = "results.jsonl";
    let output = &plan.batch.output;
    if !output.contains("://") {
        let Ok(file) = std::fs::File::open(std::path::Path::new(output).join(NAME)) else { return Ok(Vec::new()) };
        return Ok(BufReader::new(file).split(b'\n').map_while(Result::ok).filter_map(|line| bought(&line)).collect());
    }
    let place = Place::open(output, &plan.batch.name, &session.storage());
    let place = place.map_err(|error| Failure::usage(format!("failed to {}", error.chain())))?;
    let unusable = |error: reelq_collector::PlaceError| {
        Failure::usage(format!("the output place {output} cannot be used: failed to {}", error.chain()))
    };
    let text = place.read(NAME).await.map_err(unusable)?.unwrap_or_default();
    Ok(text.split(|byte| *byte == b'\n').filter_map(bought).collect())
}

fn bought(line: &[u8]) -> Option<JobId> {
    let told: Told = serde_json::from_slice(line).ok()?;
    told.job.filter(|_| told.remote_task.is_some_and(|task| !task.is_empty()))
}
