//! `--canary`: what became of the first rows, and whether the others are bought.

use reelq_console::{CommandError, ControllingTerminal};
use reelq_model::{Stage, Status};
use reelq_runner::{context::CommandContext, work::batch::Work};
use reelq_store::{Page, ResultLine};

use crate::commands::releasing;

/// Rows that are shown.
const SHOWN: usize = 20;
/// Lines that are looked through for them.
const LOOKED_AT: usize = 1_000;

/// Shows what became of the rows that were bought, and asks whether the others are; `false` where there are no others, or no
/// one can be asked.
///
/// # Errors
/// Someone declined, or the store fails.
pub(super) async fn goes_on(work: &Work<'_>, context: &CommandContext) -> Result<bool, CommandError> {
    let store = work.opened.shared();
    let held = reelq_producer::held(&**store, work.batch).await?;
    if held.jobs == 0 {
        return Ok(false);
    }
    for line in
        store.results(work.batch, Page { after: 0, limit: LOOKED_AT }).await?.iter().filter_map(shown).take(SHOWN)
    {
        work.out.note(&line);
    }
    if ControllingTerminal::open().is_err() {
        work.out.say(&format!(
            "the other rows are held, for no one can be asked here; to buy them: {}",
            releasing::command(work.batch, context)
        ));
        return Ok(false);
    }
    releasing::release(work.batch, false, store, work.out).await?;
    Ok(true)
}

/// What became of a row that was bought.
fn shown(line: &ResultLine) -> Option<String> {
    let (job, row) = (&line.view.job, line.view.line.as_ref()?);
    let said = match &job.stage {
        Stage::Succeeded { files, .. } => files.first().map(|file| file.path.clone()).unwrap_or_default(),
        Stage::Failed { failure, .. } => format!("failed: {}", failure.message),
        _ if job.status() == Status::Queued => return None,
        _ => job.status().to_string(),
    };
    Some(format!("  row {}  {said}", row.row))
}
