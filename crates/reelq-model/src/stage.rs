//! Where one job stands.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Failure, OutputLink, RemoteTask, StoredFile, Submission};

/// Where one job stands. Each variant holds exactly what a restarted worker needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage {
    /// Waits to be submitted.
    Ready,
    /// The request may already have left: without a lease, look at the key, never send blindly.
    Submitting {
        /// The submission in progress.
        submission: Submission,
    },
    /// The provider could not say whether it has the request; a person, or a late acceptance, decides.
    Unconfirmed {
        /// The submission of unknown fate.
        submission: Submission,
        /// Why its fate is unknown.
        reason: String,
    },
    /// The provider works on it.
    Running {
        /// Its task.
        task: RemoteTask,
    },
    /// The task succeeded; its outputs are to be fetched before their links die.
    Fetching {
        /// The task.
        task: RemoteTask,
        /// What to fetch.
        outputs: Vec<OutputLink>,
    },
    /// Every output is in its place.
    Succeeded {
        /// The task.
        task: RemoteTask,
        /// The files.
        files: Vec<StoredFile>,
    },
    /// It ended without an output.
    Failed {
        /// Why.
        failure: Failure,
        /// The last task, where there was one.
        task: Option<RemoteTask>,
    },
    /// It was withdrawn.
    Cancelled {
        /// The task that was withdrawn with it, where there was one.
        task: Option<RemoteTask>,
    },
}

impl Stage {
    /// The public status of a job that stands here.
    pub const fn status(&self) -> Status {
        match self {
            Self::Ready => Status::Queued,
            Self::Submitting { .. } => Status::Submitting,
            Self::Unconfirmed { .. } => Status::Unconfirmed,
            Self::Running { .. } => Status::Running,
            Self::Fetching { .. } => Status::Fetching,
            Self::Succeeded { .. } => Status::Succeeded,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled { .. } => Status::Cancelled,
        }
    }

    /// Whether nothing but a retry can move the job from here.
    pub const fn is_terminal(&self) -> bool {
        self.status().is_terminal()
    }

    /// The remote task, where one is known.
    pub const fn task(&self) -> Option<&RemoteTask> {
        match self {
            Self::Running { task } | Self::Fetching { task, .. } | Self::Succeeded { task, .. } => Some(task),
            Self::Failed { task, .. } | Self::Cancelled { task } => task.as_ref(),
            Self::Ready | Self::Submitting { .. } | Self::Unconfirmed { .. } => None,
        }
    }
}

/// What users see of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits to be submitted.
    Queued,
    /// The request is on its way.
    Submitting,
    /// The fate of the request is unknown; a person must resolve it.
    Unconfirmed,
    /// The provider works on it.
    Running,
    /// The outputs are being fetched.
    Fetching,
    /// Every output is in its place.
    Succeeded,
    /// It ended without an output.
    Failed,
    /// It was withdrawn.
    Cancelled,
}

impl Status {
    /// Every status, in the order of a job's life.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Submitting,
        Self::Unconfirmed,
        Self::Running,
        Self::Fetching,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word used in result manifests, filters and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Unconfirmed => "unconfirmed",
            Self::Running => "running",
            Self::Fetching => "fetching",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing but a retry can move a job with this status.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is not a status: {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}
