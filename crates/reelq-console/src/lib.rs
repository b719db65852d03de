//! What people and programs see, and what people are asked: data to stdout, messages to stderr, exit codes.
//!
//! Beside the program itself, this is the only crate that prints.

mod consent;
mod document;
mod exit;
mod failure;
mod fit;
mod listing;
mod logging;
mod out;
mod screen;
mod shell;
mod spending;
pub mod stdout;
mod table;
mod terminal;
mod words;

pub use consent::{NOT_BOUGHT, Proposal, agree_again};
pub use exit::Exit;
pub use failure::{CommandError, CommandResult};
pub use listing::Listing;
pub use logging::start as start_logging;
pub use out::{Color, Out};
pub use screen::Screen;
pub use shell::{quoted, shell_word};
pub use spending::{cost, cost_of, known, spent, to_spend};
pub use table::table;
pub use terminal::{ControllingTerminal, Unattended};
pub use words::{bytes, duration, grouped, money, plural, sum};
