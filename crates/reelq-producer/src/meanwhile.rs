//! What was loaded while a manifest was planned, asked about and loaded: two copies of a manifest that are loaded at the same
//! moment must not both be bought unasked.

use std::sync::Arc;

use reelq_store::{ImportsSeen, Store};

use crate::{
    Elsewhere, Error, Meanwhile, Order, Plan, comparing::known, elsewhere::Lookup, error::Result, pass::Pass, source,
};

impl Plan {
    /// Takes note of what came meanwhile: loaded again, the plan goes by that. For who has asked a person about it.
    pub fn learn(&mut self, news: Meanwhile) {
        self.elsewhere = news.elsewhere;
        (self.takes, self.same_output) = (news.takes, news.same_output);
        self.seen = Some(news.seen);
    }
}

/// Looks at what was loaded since `seen`, and returns what is there now where nothing of it stands against the plan.
pub(crate) async fn look(
    store: &dyn Store,
    order: &Arc<Order>,
    plan: &Plan,
    seen: &ImportsSeen,
) -> Result<ImportsSeen> {
    let name = &plan.batch.name;
    let now = store.imports_seen().await?;
    let mut batches = store.batches().await?;
    // Its own unfinished load is no claim to a place that it does not have yet.
    batches.retain(|view| view.batch.name != *name || view.whole);
    let takes = source::takes(&batches, order).filter(|_| !order.source.replaces);
    let same_output = source::same_output(&batches, &plan.batch);
    if takes.is_none() && now.each.get(name) != seen.each.get(name) {
        // What the plan took for new may be there, and under another name.
        return Err(Error::Store(reelq_store::Error::ImportSuperseded));
    }
    let elsewhere = if order.source.again { Vec::new() } else { lines_of(store, order, plan, seen, &now).await? };
    if elsewhere.is_empty() && takes.is_none() && same_output.is_none() {
        return Ok(now);
    }
    Err(Error::Meanwhile(Box::new(Meanwhile { elsewhere, takes, same_output, seen: now })))
}

/// The batches that came, as far as they have lines of the plan which it would buy.
async fn lines_of(
    store: &dyn Store,
    order: &Arc<Order>,
    plan: &Plan,
    seen: &ImportsSeen,
    now: &ImportsSeen,
) -> Result<Vec<Elsewhere>> {
    let name = &plan.batch.name;
    let came = now.each.iter().filter(|(batch, load)| *batch != name && seen.each.get(*batch) != Some(*load));
    let mut lookup = Lookup::among(store, &order.accounts, name, came.map(|(batch, _)| batch)).await?;
    let mut pass = Pass::start(
        Arc::clone(order),
        Arc::new(plan.batch.clone()),
        Arc::clone(&plan.present),
        plan.open.anew(),
        false,
    );
    while let Some(chunk) = pass.next().await {
        let lines: Vec<_> = chunk.lines.iter().filter(|line| lookup.has_in_mind(line)).collect();
        let known = known(store, name, lines.iter().map(|line| line.id())).await?;
        let unknown: Vec<_> = lines.into_iter().zip(known).filter(|(_, known)| known.is_none()).collect();
        lookup.add(&unknown.into_iter().map(|(line, _)| line).collect::<Vec<_>>()).await?;
    }
    let findings = pass.finish().await?;
    if findings.content != plan.content {
        return Err(Error::Changed);
    }
    Ok(lookup.finish())
}
