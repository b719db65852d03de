//! Why a command ended without doing what it was asked for.

use reelq_manifest::Problems;

use crate::{Exit, Out};

/// Why a command ended without doing what it was asked for.
#[derive(Debug)]
pub enum CommandError {
    /// The user asked for something that cannot be: the message says what to do.
    Usage(String),
    /// A person was asked and did not agree.
    Declined(String),
    /// The manifest or the configuration has errors.
    Problems(Box<Problems>),
    /// Someone else did the same at the same time: nothing is lost, and running it again goes on.
    Again(String),
    /// Everything else.
    Other(anyhow::Error),
}

/// What a command gives back.
pub type CommandResult = Result<Exit, CommandError>;

impl CommandError {
    /// A wrong usage, in words that say what to do.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// Whether the store is away: it may be back at the next attempt.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Other(error) => error.downcast_ref().is_some_and(reelq_store::Error::is_transient),
            _ => false,
        }
    }

    /// Says it in one line; of several problems the first.
    pub fn in_one_line(&self) -> String {
        match self {
            Self::Usage(message) | Self::Declined(message) | Self::Again(message) => message.clone(),
            Self::Problems(problems) => {
                let more = problems.error_count().saturating_sub(1);
                let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
                let first = problems.errors().first().map(ToString::to_string);
                format!("{}{more}", first.unwrap_or_else(|| "the manifest has errors".to_owned()))
            }
            Self::Other(error) => format!("failed to {error:#}"),
        }
    }

    /// Tells it, and gives the exit code.
    pub fn report(&self, out: Out) -> Exit {
        match self {
            Self::Usage(message) => {
                out.error(message);
                Exit::Invalid
            }
            Self::Declined(message) => {
                out.say(message);
                Exit::Declined
            }
            Self::Problems(problems) => {
                out.problems(problems);
                Exit::Invalid
            }
            Self::Again(message) => {
                out.error(message);
                Exit::Outstanding
            }
            Self::Other(error) => {
                // The alternate form writes the whole chain.
                out.error(&format!("failed to {error:#}"));
                Exit::Internal
            }
        }
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<Problems> for CommandError {
    fn from(problems: Problems) -> Self {
        Self::Problems(Box::new(problems))
    }
}

impl From<reelq_store::Error> for CommandError {
    fn from(error: reelq_store::Error) -> Self {
        match error {
            reelq_store::Error::NoBatch(_) | reelq_store::Error::NoJob(_) => Self::Usage(format!("failed to {error}")),
            reelq_store::Error::ImportSuperseded => Self::Again(
                "another command loaded the same batch meanwhile; nothing is lost: run the same command again"
                    .to_owned(),
            ),
            reelq_store::Error::ImportedMeanwhile => Self::Again(
                "other manifests are loaded at this moment, again and again; nothing is lost: run the same command again"
                    .to_owned(),
            ),
            other => Self::Other(other.into()),
        }
    }
}

impl From<reelq_producer::Error> for CommandError {
    fn from(error: reelq_producer::Error) -> Self {
        match error {
            reelq_producer::Error::Refused(refused) => refused.0.into(),
            reelq_producer::Error::Store(error) => error.into(),
            other => Self::Other(other.into()),
        }
    }
}

impl From<reelq_files::BlobError> for CommandError {
    fn from(error: reelq_files::BlobError) -> Self {
        Self::Other(error.into())
    }
}
