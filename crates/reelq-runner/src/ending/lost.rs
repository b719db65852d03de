//! A batch that the store has lost under the run that bought it.

use reelq_config::StorePlace;
use reelq_console::CommandError;
use reelq_model::BatchName;
use reelq_store::{BatchView, Store};

use crate::{context::CommandContext, stores};

/// The batch; where the store does not know it any more, what the journal holds of it and how to go on.
pub(super) async fn batch(
    context: &CommandContext,
    store: &dyn Store,
    name: &BatchName,
) -> Result<BatchView, CommandError> {
    match store.batch(name).await? {
        Some(view) => Ok(view),
        None => Err(CommandError::Again(format!(
            "the store has lost batch `{name}`: {}; `reelq status` names what journals know of it, and the command that \
             brings the rows in anew: those that a journal knows are followed, not bought a second time",
            journal(context)
        ))),
    }
}

fn journal(context: &CommandContext) -> String {
    let StorePlace::Redis(place) = context.place() else { return "nothing of it is left here".to_owned() };
    let (settings, folder) = (stores::journal(&place), place.journal.display().to_string());
    match settings.submissions() {
        Ok(held) => format!("the journal {folder} holds {held} paid or possibly paid submissions"),
        Err(error) => format!("the journal {folder} cannot be read ({error})"),
    }
}
