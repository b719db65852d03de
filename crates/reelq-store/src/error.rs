//! Why the store could not do a verb.

use reelq_model::JobId;

/// The store's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store could not do a verb. Nothing of the verb was done, unless the verb says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store is unreachable for now, or has no room. Whether the verb was done may be unknown: repeat it.
    #[error("reach the store")]
    Unavailable {
        /// What came of trying.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store answered with a fault that repeating does not fix.
    #[error("use the store: {reason}")]
    Broken {
        /// What is broken, and where.
        reason: String,
    },
    /// The state has another format than this version's. Nothing was done.
    #[error("read the store's format {found}: {}", way_on(*found, *supported))]
    Format {
        /// The format found.
        found: u32,
        /// The newest format that this version reads.
        supported: u32,
    },
    /// A job's record cannot be read: it is damaged, or a newer version wrote it. All other jobs go on.
    #[error("read the record of job {job}: {reason}; `reelq doctor` says what to do")]
    Unreadable {
        /// The job.
        job: JobId,
        /// What is wrong with its record.
        reason: String,
    },
    /// There is no such batch.
    #[error("find batch `{0}`")]
    NoBatch(String),
    /// There is no such job.
    #[error("find job `{0}`")]
    NoJob(String),
    /// The batch is being purged, and a part of it may be gone.
    #[error("change batch `{0}`: it is being purged; finish that first: reelq purge {0}")]
    BeingPurged(String),
    /// The batch is being cancelled: its rows would be cancelled with the others.
    #[error("change batch `{0}`: it is being cancelled; finish that first: reelq cancel {0} --yes")]
    BeingCancelled(String),
    /// The load can no longer become the batch's manifest: a later load of the batch began, or it was cancelled or purged.
    #[error("finish the load: a later load of the batch took its place")]
    ImportSuperseded,
    /// Another manifest was loaded since it was decided what this load may bring. The load stays open: look again, and finish it
    /// with what you saw.
    #[error("finish the load: another manifest was loaded meanwhile")]
    ImportedMeanwhile,
}

/// What to do about a format that is not this version's.
fn way_on(found: u32, supported: u32) -> String {
    if found < supported {
        format!(
            "it is older than this version's, {supported}; stop the workers of the version before, and the first `reelq worker` or \
             `reelq run` of this one brings it up to date"
        )
    } else {
        format!("this version reads up to {supported}; use a newer reelq")
    }
}

impl Error {
    /// The store cannot be used, for this reason.
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::Broken { reason: reason.into() }
    }

    /// The store cannot be reached for now, for this reason.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// Whether the same verb may succeed if it is repeated.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_says_which_of_the_two_versions_is_to_be_brought_up() {
        let told = |found| Error::Format { found, supported: 2 }.to_string();
        assert!(told(1).contains("`reelq worker` or `reelq run` of this one brings it up to date"), "{}", told(1));
        assert!(told(3).contains("use a newer reelq"), "{}", told(3));
    }
}
