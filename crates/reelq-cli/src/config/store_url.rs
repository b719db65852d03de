//! Where the state lives.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_store::{SharedStore, SqliteStore};

use super::kind::Broken;
use crate::{failure::Failure, session::Session, simulation};

/// Where the state lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// An embedded database in this file.
    Sqlite(PathBuf),
}

impl StorePlace {
    /// Reads a `store` value.
    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.ends_with('/') {
                return Err(broken("must name a file after `sqlite:`", "write \"sqlite:.reelq/state.db\""));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        let redis = ["redis:", "rediss:", "redis+", "valkey:"].iter().any(|scheme| text.starts_with(scheme));
        if redis {
            let rule = "must be a sqlite store: this build has the embedded store only";
            return Err(broken(rule, "write \"sqlite:.reelq/state.db\""));
        }
        Err(broken("must begin with `sqlite:`", "write \"sqlite:.reelq/state.db\""))
    }

    /// The place of a simulation's state: beside the real one, and never it.
    pub(crate) fn simulated(&self) -> Self {
        match self {
            Self::Sqlite(file) => Self::Sqlite(simulation::state_file(file)),
        }
    }

    /// The folder of what this machine keeps.
    pub(crate) fn folder(&self) -> PathBuf {
        match self {
            Self::Sqlite(file) => file.parent().map(Path::to_owned).unwrap_or_default(),
        }
    }

    /// Whether workers on other machines may use it.
    pub(crate) const fn is_shared(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
        }
    }

    /// Whether there can be a state yet.
    pub(crate) fn may_exist(&self) -> bool {
        match self {
            Self::Sqlite(file) => file.exists(),
        }
    }

    /// Opens it; makes it where it is new.
    pub(crate) async fn open(&self, session: &Session) -> Result<SharedStore, Failure> {
        match self {
            Self::Sqlite(file) => Ok(Arc::new(SqliteStore::open(file, Arc::clone(&session.clock))?)),
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}", file.display()),
        }
    }
}

fn broken(rule: &str, hint: &str) -> Broken {
    Broken { rule: rule.to_owned(), hint: Some(hint.to_owned()) }
}
