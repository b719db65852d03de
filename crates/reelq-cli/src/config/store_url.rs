//! Where the state lives.

use std::path::PathBuf;

use super::kind::Broken;

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

    /// The database file.
    pub(crate) const fn path(&self) -> &PathBuf {
        match self {
            Self::Sqlite(path) => path,
        }
    }
}

fn broken(rule: &str, hint: &str) -> Broken {
    Broken { rule: rule.to_owned(), hint: Some(hint.to_owned()) }
}
