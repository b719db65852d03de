//! The terminal that a person sits at, and questions to that person.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    os::fd::AsFd,
};

use reelq_model::visible;
use rustix::{
    process::getpgrp,
    termios::{QueueSelector, tcflush, tcgetpgrp},
};

/// A terminal with a person at it, whatever the standard streams lead to.
#[derive(Debug)]
pub struct ControllingTerminal {
    input: File,
    output: File,
}

/// Why no one can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unattended {
    /// None of the standard streams is a terminal: whoever started this reads and writes for it.
    NoTerminal,
    /// The terminal is another program's at the moment: reading from it would stop this one.
    Background,
}

impl fmt::Display for Unattended {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::NoTerminal => "there is no terminal to ask at",
            Self::Background => "in the background of a terminal no one can be asked",
        })
    }
}

impl ControllingTerminal {
    /// Opens it: the process's own terminal, where at least one of the standard streams is one.
    ///
    /// A program that took all three may have a screen of its own on that terminal, and what is typed there is meant for it.
    ///
    /// # Errors
    ///
    /// Where no one can be asked.
    pub fn open() -> Result<Self, Unattended> {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        if !(stdin.is_terminal() || stdout.is_terminal() || stderr.is_terminal()) {
            return Err(Unattended::NoTerminal);
        }
        let own = File::options().read(true).write(true).open("/dev/tty");
        let opened = match own.and_then(|own| Ok(Self { input: own.try_clone()?, output: own })) {
            Ok(opened) => opened,
            // A terminal that was handed over without being the process's own.
            Err(_) if stdin.is_terminal() && stderr.is_terminal() => {
                Self::of(&stdin, &stderr).map_err(|_| Unattended::NoTerminal)?
            }
            Err(_) => return Err(Unattended::NoTerminal),
        };
        match tcgetpgrp(&opened.input) {
            Ok(front) if front != getpgrp() => Err(Unattended::Background),
            _ => Ok(opened),
        }
    }

    fn of(input: &impl AsFd, output: &impl AsFd) -> io::Result<Self> {
        Ok(Self {
            input: input.as_fd().try_clone_to_owned()?.into(),
            output: output.as_fd().try_clone_to_owned()?.into(),
        })
    }

    /// Shows the lines, asks the question and waits for the answer. Only `y` and `yes`, typed after the question was asked,
    /// is a yes.
    pub fn confirms(mut self, lines: &[String], question: &str) -> bool {
        let answer = self.ask(lines, question);
        let is_yes = |answer: String| matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
        answer.is_ok_and(|answer| answer.ends_with('\n') && is_yes(answer))
    }

    fn ask(&mut self, lines: &[String], question: &str) -> io::Result<String> {
        // What was typed before the question is no answer to it.
        tcflush(&self.input, QueueSelector::IFlush)?;
        for line in lines {
            writeln!(self.output, "{}", visible(line))?;
        }
        write!(self.output, "{} [y/N] ", visible(question))?;
        self.output.flush()?;
        let mut answer = String::new();
        BufReader::new(&self.input).read_line(&mut answer)?;
        Ok(answer)
    }
}
