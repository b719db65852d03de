//! `--yes`: how a person agrees beforehand.
//!
//! A worker acts on the yes that loaded the batch, a schedule on the configuration that names it, and a simulation needs none.

use reelq_console::{Failure, Out, Stake, agree_again};
use reelq_runner::context::Session;

/// How a person says yes beforehand.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask; needed where there is no terminal to ask at
    #[arg(long, short)]
    yes: bool,
}

impl Consent {
    /// Returns once somebody has agreed.
    ///
    /// # Errors
    ///
    /// Where a person declined, and where nobody said `--yes` and nobody can be asked.
    pub(crate) async fn to(self, stake: &Stake, session: &Session, out: Out) -> Result<(), Failure> {
        stake.agree(self.yes || session.is_simulated(), out).await
    }

    /// Returns once a person has agreed to buy again what was bought: a question of its own, to which `--yes` is no answer.
    ///
    /// # Errors
    ///
    /// Where a person declined, and where nobody can be asked.
    pub(crate) async fn to_again(self, said: &str) -> Result<(), Failure> {
        agree_again(said, self.yes).await
    }
}
