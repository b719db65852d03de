//! Which column is the prompt: proposed, and asked for.

use reelq_console::{CommandError, ControllingTerminal, Out};
use reelq_manifest::{ColumnProposal, Problems};
use reelq_runner::context::CommandContext;

use super::ReadingArgs;

/// Adds what is proposed to how the file is read, once someone has agreed to it.
///
/// # Errors
/// Nothing is proposed, or no one agreed; where no one can be asked, with the whole command that says it.
pub(super) async fn agree(
    problems: Problems,
    reading: &mut ReadingArgs,
    context: &CommandContext,
    out: Out,
) -> Result<(), CommandError> {
    let Some(proposal) = problems.errors().iter().find_map(|problem| problem.proposal.clone()) else {
        return Err(problems.into());
    };
    let command = context.same_command(&proposal.flags());
    let terminal = if out.is_json() { None } else { ControllingTerminal::open().ok() };
    let Some(terminal) = terminal else {
        out.problems(&problems);
        return Err(CommandError::usage(format!("to {proposal}:\n  {command}")));
    };
    out.problems(&problems);
    let question = question(&proposal);
    let answered = tokio::task::spawn_blocking(move || terminal.confirms(&[], &question)).await;
    if !matches!(answered, Ok(true)) {
        return Err(CommandError::Declined(format!("not confirmed; nothing was read. The other way: {command}")));
    }
    reading.add(&proposal);
    Ok(())
}

fn question(proposal: &ColumnProposal) -> String {
    let text = proposal.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}?", letters.as_str())
}
