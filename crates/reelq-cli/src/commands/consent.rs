//! `--yes`: how a person agrees beforehand.
//!
//! A worker acts on the agreement that loaded the batch, a schedule on the configuration that names it, and a simulation needs none.

use reelq_console::{CommandError, Out, Proposal, agree_again};
use reelq_runner::context::CommandContext;

/// How a person says yes beforehand.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask; needed where there is no terminal to ask at
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Returns once someone has agreed.
    ///
    /// # Errors
    ///
    /// Where a person declined, and where no one said `--yes` and no one can be asked.
    pub(crate) async fn to(self, stake: &Proposal, context: &CommandContext, out: Out) -> Result<(), CommandError> {
        stake.agree(self.is_given(context), out).await
    }

    /// Whether someone has agreed beforehand; nothing is spent in a simulation.
    pub(crate) const fn is_given(self, context: &CommandContext) -> bool {
        self.yes || context.is_simulated()
    }

    /// Returns once a person has agreed to buy again what was bought: a question of its own, to which `--yes` is no answer.
    ///
    /// # Errors
    ///
    /// Where a person declined, and where no one can be asked.
    pub(crate) async fn to_again(self, said: &str) -> Result<(), CommandError> {
        agree_again(said, self.yes).await
    }
}
