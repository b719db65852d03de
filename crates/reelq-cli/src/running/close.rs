//! What is done and said once a run has ended.

use std::path::Path;

use anyhow::Context;
use reelq_collector::Place;
use reelq_producer::Plan;
use reelq_store::SharedStore;

use super::{
    Finish, stamped,
    summary::{Commands, summary},
    verdict::Verdict,
};
use crate::{exit::Exit, failure::Failure, output::Out, providers, session::Session};

/// Writes the result manifests, says what became of the batch, and gives the exit code; `again` are the run's own flags that going on needs.
pub(crate) async fn closing(
    session: &Session,
    store: &SharedStore,
    plan: &Plan,
    finish: &Finish,
    again: &str,
    seconds: u64,
    out: Out,
) -> Result<Exit, Failure> {
    let view = session.batch(&**store, &plan.batch.name).await?;
    let commands = Commands::of(session, &view, again);
    let place = Place::open(&view.batch.output, &view.batch.name, &session.storage());
    let place = place.context("open the output place")?;
    stamped(&**store, &view, &place).await.context("write the result manifests")?;
    let used: Vec<String> = providers::used(plan).iter().map(ToString::to_string).collect();
    let verdict = Verdict::read(&**store, view, &used).await?;
    let exit = if *finish == Finish::Interrupted { Exit::Interrupted } else { verdict.exit() };
    if session.is_simulated() {
        out.note("This was a simulation: nothing was bought, and no output is real.");
    }
    let told = summary(&verdict, &commands, seconds);
    if out.is_json() {
        out.note(&told);
        out.json(&serde_json::json!({
            "simulated": session.is_simulated(), "exit_code": exit as u8, "outstanding": verdict.outstanding,
            "unconfirmed": verdict.unconfirmed, "batch": verdict.batch, "accounts": verdict.accounts,
            "results": Path::new(&verdict.batch.batch.output).join("results.csv"),
        }));
    } else {
        out.note(&told);
    }
    Ok(exit)
}
