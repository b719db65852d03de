//! Questions to a person at a terminal.

use std::io::{BufRead, IsTerminal, Write};

use reelq_manifest::visible;

use super::Out;

impl Out {
    /// Whether there is a person to ask.
    pub(crate) fn can_ask(self) -> bool {
        self.is_terminal() && std::io::stdin().is_terminal()
    }

    /// Asks for a yes; anything else is a no.
    #[expect(clippy::unused_self, reason = "only who was handed an `Out` may print")]
    pub(crate) fn confirm(self, question: &str) -> bool {
        let mut stderr = std::io::stderr().lock();
        drop(write!(stderr, "{} [y/N] ", visible(question)).and_then(|()| stderr.flush()));
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}
