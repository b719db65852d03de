//! Nothing is bought, withdrawn or given up without an agreement: a person's at the terminal, or `--yes`.
//!
//! A worker acts on the agreement that loaded the batch, a schedule on the configuration that names it, and a simulation needs none.

use crate::{CommandError, ControllingTerminal, Out, Unattended};

/// What is about to be done.
#[derive(Debug)]
pub struct Proposal {
    /// What there is to know of it, line by line.
    pub told: Vec<String>,
    /// The same in one clause, with the count and the sum: `buy 2 jobs for $0.62`.
    pub what: String,
    /// What is true where no one agrees.
    pub otherwise: &'static str,
}

/// Nothing was spent.
pub const NOT_BOUGHT: &str = "nothing was bought";

impl Proposal {
    fn question(&self) -> String {
        let mut letters = self.what.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        format!("{first}{}?", letters.as_str())
    }

    /// Why it is not done where no one can be asked.
    fn refused(&self, unattended: Unattended) -> String {
        let Self { what, otherwise, .. } = self;
        format!("to {what} takes a yes, and {unattended}; {otherwise}. To agree to it beforehand, say --yes")
    }
}

impl Proposal {
    /// Tells what is at stake and returns once someone has agreed; `beforehand` tells that someone did already.
    ///
    /// # Errors
    ///
    /// Where a person declined, and where no one agreed beforehand and no one can be asked.
    pub async fn agree(&self, beforehand: bool, out: Out) -> Result<(), CommandError> {
        self.told.iter().for_each(|line| out.note(line));
        if beforehand {
            return Ok(());
        }
        let terminal =
            ControllingTerminal::open().map_err(|unattended| CommandError::usage(self.refused(unattended)))?;
        // What was told before may have gone to a file.
        let context = if out.shows_progress() { Vec::new() } else { self.told.clone() };
        if is_confirmed(terminal, context, self.question()).await {
            return Ok(());
        }
        Err(CommandError::Declined(format!("not confirmed; {}", self.otherwise)))
    }
}

/// Returns once a person has agreed to buy again what was bought: a question of its own, to which an agreement beforehand
/// is no answer.
///
/// # Errors
///
/// Where a person declined, and where no one can be asked.
pub async fn agree_again(said: &str, beforehand: bool) -> Result<(), CommandError> {
    let refused = || {
        let how = "To buy it again all the same, add --again to the command";
        CommandError::usage(format!("{said}; {NOT_BOUGHT}. {how}"))
    };
    let terminal = if beforehand { None } else { ControllingTerminal::open().ok() };
    let terminal = terminal.ok_or_else(refused)?;
    if is_confirmed(terminal, Vec::new(), format!("{said}. Buy it again?")).await {
        return Ok(());
    }
    Err(CommandError::Declined(format!("not confirmed; {NOT_BOUGHT}")))
}

/// It may take a person an hour: the process goes on meanwhile.
async fn is_confirmed(terminal: ControllingTerminal, context: Vec<String>, question: String) -> bool {
    let asked = tokio::task::spawn_blocking(move || terminal.confirms(&context, &question)).await;
    matches!(asked, Ok(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stake() -> Proposal {
        Proposal { told: Vec::new(), what: "buy 2 jobs for $0.62".to_owned(), otherwise: NOT_BOUGHT }
    }

    #[test]
    fn the_question_and_the_refusal_name_the_count_and_the_sum() {
        assert_eq!(stake().question(), "Buy 2 jobs for $0.62?");
        let refused = stake().refused(Unattended::NoTerminal);
        assert!(refused.starts_with("to buy 2 jobs for $0.62 takes a yes, and there is no terminal"), "{refused}");
        assert!(refused.contains("nothing was bought") && refused.ends_with("--yes"), "{refused}");
    }
}
