//! Why an output place cannot be used.

use std::path::Path;

/// Why an output place cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// It is neither a folder nor an S3 address.
    #[error("use `{0}` as an output place: it must be a folder or s3://bucket/prefix")]
    Unknown(String),
    /// A file could not be read or written.
    #[error("{what} {path}")]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: String,
        /// What came of it.
        #[source]
        source: std::io::Error,
    },
    /// The bucket refused or could not be reached.
    #[error("use the output bucket")]
    Bucket {
        /// What came of it.
        #[source]
        source: object_store::Error,
    },
    /// Every name like the wanted one is taken.
    #[error("place `{0}`: that name and all names like it are taken")]
    Taken(String),
}

impl PlaceError {
    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File { what, path, source }
    }

    /// The error with its causes, on one line.
    pub fn chain(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

impl From<object_store::Error> for PlaceError {
    fn from(source: object_store::Error) -> Self {
        Self::Bucket { source }
    }
}
