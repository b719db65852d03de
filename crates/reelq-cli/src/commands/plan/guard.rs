//! What stands against buying a plan, whatever it costs: the same was bought before, or another batch would be pushed aside.

use reelq_collector::{Place, Unknown};
use reelq_console::{Failure, NOT_BOUGHT, grouped, plural, quoted};
use reelq_producer::{Elsewhere, Order, Plan};
use reelq_runner::context::Session;
use reelq_store::Store;

use crate::commands::consent::Consent;

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
    if plan.to_buy() == 0 || session.is_simulated() {
        return Ok(());
    }
    if order.source.again {
        let found = in_the_place(plan, session, store).await?;
        return accepted(found, plan, session).await;
    }
    let mut found = None;
    let mut bought: Vec<String> = elsewhere(plan).into_iter().collect();
    // What a server forgot, this machine's journal tells it again before anything is bought; a file has none.
    if !session.is_shared() || store.batch(&plan.batch.name).await?.is_none() {
        found = in_the_place(plan, session, store).await?;
    }
    bought.extend(found.iter().map(|found| found.said.clone()));
    for said in bought {
        consent.to_again(&said).await?;
    }
    accepted(found, plan, session).await
}

/// The same for what was loaded while the plan was asked about and loaded.
pub(crate) async fn hold_meanwhile(order: &Order, plan: &Plan, consent: Consent) -> Result<(), Failure> {
    if let Some(said) = in_the_way(order, plan) {
        return Err(Failure::usage(format!("{said}; {NOT_BOUGHT}")));
    }
    match elsewhere(plan).filter(|_| !order.source.again) {
        Some(said) => consent.to_again(&format!("meanwhile {said}")).await,
        None => Ok(()),
    }
}

/// A person knows of what the place tells: nobody is asked about the same again.
async fn accepted(found: Option<Found>, plan: &Plan, session: &Session) -> Result<(), Failure> {
    let Some(Found { unknown, .. }) = found.filter(|found| found.unknown.rows() > 0) else { return Ok(()) };
    let place = Place::open(&plan.batch.output, &plan.batch.name, &session.storage());
    let place = place.map_err(|error| Failure::usage(format!("failed to {}", error.chain())))?;
    unknown.accept(&place).await.map_err(|error| Failure::usage(format!("failed to {error}")))
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
    let gone = |there: &Elsewhere| match there {
        Elsewhere { removed: true, .. } => ", whose records of them are gone",
        Elsewhere { purged: true, .. } => ", which was purged since",
        _ => "",
    };
    let one = |there: &Elsewhere| format!("{} in batch `{}`{}", grouped(there.lines), there.batch, gone(there));
    let all: u64 = plan.elsewhere.iter().map(|there| there.lines).sum();
    match plan.elsewhere.as_slice() {
        [] => None,
        [only] => {
            let (all, lines) = (grouped(all), grouped(plan.lines));
            let bought = if only.removed { "may have been bought" } else { "were bought, or are queued," };
            Some(format!("{all} of {lines} rows {bought} in batch `{}`{}", only.batch, gone(only)))
        }
        several => {
            let named: Vec<_> = several.iter().take(5).map(one).collect();
            let more = if several.len() > 5 { ", …" } else { "" };
            let (all, lines) = (grouped(all), grouped(plan.lines));
            Some(format!("{all} of {lines} rows were bought, or are queued: {}{more}", named.join(", ")))
        }
    }
}

/// That the batch's outputs go elsewhere from now on.
pub(crate) fn moved(plan: &Plan) -> Option<String> {
    let (from, to) = (quoted(plan.moved_from.as_ref()?), quoted(&plan.batch.output));
    Some(format!(
        "The outputs of this batch went to {from} so far, and stay there: its results in {to} name them as they are called there"
    ))
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

/// What the output place tells of purchases that the state does not know: it was lost, or put back to an earlier time.
struct Found {
    said: String,
    unknown: Unknown,
}

async fn in_the_place(plan: &Plan, session: &Session, store: &dyn Store) -> Result<Option<Found>, Failure> {
    let (output, name) = (&plan.batch.output, &plan.batch.name);
    let place = Place::open(output, name, &session.storage());
    let place = place.map_err(|error| Failure::usage(format!("failed to {}", error.chain())))?;
    let unusable = |error: &dyn std::error::Error| {
        let causes = reelq_model::error_chain(error);
        Failure::usage(format!("the output place {output} cannot be used: failed to {causes}"))
    };
    let unknown = Unknown::find(store, name, &place).await.map_err(|error| unusable(&error))?;
    let (shown, state) = (quoted(output), session.place());
    if unknown.rows() > 0 {
        let rows = u64::try_from(unknown.rows()).unwrap_or(u64::MAX);
        let (rows, s) = (grouped(rows), plural(rows));
        let said = format!(
            "{shown} holds the results of {rows} bought row{s} that the state at {state} does not know: it was lost or put back, \
             or the place is another's"
        );
        return Ok(Some(Found { said, unknown }));
    }
    if store.batch(name).await?.is_some() {
        return Ok(None);
    }
    let loaded = reelq_collector::loaded(&place).await.map_err(|error| unusable(&error))?;
    Ok(loaded.map(|batch| Found {
        said: format!(
            "{shown} is the place of a batch `{batch}` that the state at {state} does not know: it was lost or put back, and what \
             that batch has bought is not known here"
        ),
        unknown,
    }))
}
