//! What stands against buying a plan, whatever it costs: the same was bought before, or another batch would be pushed aside.

use reelq_collector::{Place, Unknown};
use reelq_console::{CommandError, grouped, plural, quoted};
use reelq_producer::{Elsewhere, Order, Plan};
use reelq_store::Store;

use crate::context::CommandContext;

/// A person knows of what the place tells: no one is asked about the same again.
pub async fn accept(found: Option<FoundPurchases>, plan: &Plan, context: &CommandContext) -> Result<(), CommandError> {
    let Some(FoundPurchases { unknown, .. }) = found.filter(|found| found.unknown.rows() > 0) else { return Ok(()) };
    let place = Place::open(&plan.batch.output, &plan.batch.name, &context.storage());
    let place = place.map_err(|error| CommandError::usage(format!("failed to {}", error.chain())))?;
    unknown.accept(&place).await.map_err(|error| CommandError::usage(format!("failed to {error}")))
}

/// Why the batch may not take this name or this output place.
pub fn in_the_way(order: &Order, plan: &Plan) -> Option<String> {
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
pub fn elsewhere(plan: &Plan) -> Option<String> {
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
pub fn moved(plan: &Plan) -> Option<String> {
    let (from, to) = (quoted(plan.moved_from.as_ref()?), quoted(&plan.batch.output));
    Some(format!(
        "The outputs of this batch went to {from} so far, and stay there: its results in {to} name them as they are called there"
    ))
}

/// What else is to be known before a person agrees: a state that begins anew, rows that ask for the same.
pub fn remarks(plan: &Plan, context: &CommandContext) -> Vec<String> {
    let anew = (plan.begins_anew && !context.is_simulated())
        .then(|| format!("A new state begins at {}: what was bought before is not known there", context.place()));
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
#[derive(Debug)]
pub struct FoundPurchases {
    /// It in words.
    pub said: String,
    unknown: Unknown,
}

/// What the output place of the plan tells, where that is anything.
pub async fn in_the_place(
    plan: &Plan,
    context: &CommandContext,
    store: &dyn Store,
) -> Result<Option<FoundPurchases>, CommandError> {
    let (output, name) = (&plan.batch.output, &plan.batch.name);
    let place = Place::open(output, name, &context.storage());
    let place = place.map_err(|error| CommandError::usage(format!("failed to {}", error.chain())))?;
    let unusable = |error: &dyn std::error::Error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        CommandError::usage(format!("the output place {output} cannot be used: failed to {error}{cause}"))
    };
    let unknown = Unknown::find(store, name, &place).await.map_err(|error| unusable(&error))?;
    let (shown, state) = (quoted(output), context.place());
    if unknown.rows() > 0 {
        let rows = u64::try_from(unknown.rows()).unwrap_or(u64::MAX);
        let (rows, s) = (grouped(rows), plural(rows));
        let said = format!(
            "{shown} holds the results of {rows} bought row{s} that the state at {state} does not know: it was lost or put back, \
             or the place is another's"
        );
        return Ok(Some(FoundPurchases { said, unknown }));
    }
    if store.batch(name).await?.is_some() {
        return Ok(None);
    }
    let loaded = reelq_collector::loaded(&place).await.map_err(|error| unusable(&error))?;
    Ok(loaded.map(|batch| FoundPurchases {
        said: format!(
            "{shown} is the place of a batch `{batch}` that the state at {state} does not know: it was lost or put back, and what \
             that batch has bought is not known here"
        ),
        unknown,
    }))
}
