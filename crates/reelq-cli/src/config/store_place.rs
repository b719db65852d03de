//! Where the state lives, with everything that opening it needs.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use reelq_model::units::Span;
use reelq_store_redis::{Address, Durability, Namespace};

use super::{
    Settings,
    sections::{path_of, text},
    store_url::{self, StoreUrl},
};
use crate::{failure::Failure, simulation};

/// Where the state lives.
#[derive(Debug, Clone)]
pub(crate) enum StorePlace {
    /// An embedded database in this file.
    Sqlite(PathBuf),
    /// A Redis server that many machines may use.
    Redis(Box<RedisPlace>),
}

/// A Redis server, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct RedisPlace {
    pub(crate) address: Address,
    pub(crate) namespace: Namespace,
    /// Where the server's password is.
    pub(crate) password: PasswordPlace,
    /// Whom the sentinels know us as, and where their password is; theirs are not the server's.
    pub(crate) sentinel_user: Option<String>,
    pub(crate) sentinel_password: PasswordPlace,
    /// Authorities that may have signed the server's certificate, beside the system's.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
    /// Whether each paid request waits until the server says that its intent is on disk.
    pub(crate) strict: bool,
    /// What this machine notes of its purchases, for a server that forgets.
    pub(crate) journal: PathBuf,
}

/// Where a password is: a variable, else a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct PasswordPlace {
    pub(crate) variable: Option<String>,
    pub(crate) file: Option<PathBuf>,
}

impl PasswordPlace {
    fn read(settings: &Settings, variable: &str, file: &str) -> Self {
        Self { variable: text(settings, &["redis", variable]), file: path_of(settings, &["redis", file]) }
    }
}

impl RedisPlace {
    /// What a purchase waits for.
    pub(crate) const fn durability(&self) -> Durability {
        if self.strict { Durability::Strict } else { Durability::Normal }
    }
}

impl StorePlace {
    pub(super) fn build(settings: &Settings) -> Option<Self> {
        Some(match store_url::parse(&text(settings, &["store"])?).ok()? {
            StoreUrl::Sqlite(file) => Self::Sqlite(file),
            StoreUrl::Redis(address) => Self::Redis(Box::new(RedisPlace {
                address: *address,
                namespace: text(settings, &["namespace"])?.parse().ok()?,
                password: PasswordPlace::read(settings, "password_env", "password_file"),
                sentinel_user: text(settings, &["redis", "sentinel_user"]),
                sentinel_password: PasswordPlace::read(settings, "sentinel_password_env", "sentinel_password_file"),
                ca_file: path_of(settings, &["redis", "ca_file"]),
                cert_file: path_of(settings, &["redis", "cert_file"]),
                key_file: path_of(settings, &["redis", "key_file"]),
                strict: text(settings, &["durability"])? == "strict",
                journal: path_of(settings, &["journal"])?,
            })),
        })
    }

    /// The place of a simulation's state: apart from the real one, and never it.
    pub(crate) fn simulated(&self) -> Self {
        match self {
            Self::Sqlite(file) => Self::Sqlite(simulation::state_file(file)),
            Self::Redis(real) => {
                let mut place = real.clone();
                place.namespace = real.namespace.simulated();
                place.journal = simulation::journal(&real.journal);
                Self::Redis(place)
            }
        }
    }

    /// The folder of what this machine keeps: of the state, or, where that is elsewhere, of the journal.
    pub(crate) fn folder(&self) -> PathBuf {
        let kept = match self {
            Self::Sqlite(file) => file,
            Self::Redis(place) => &place.journal,
        };
        kept.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Whether workers on other machines may use it.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Whether there can be a state yet.
    ///
    /// # Errors
    /// Where this user may not even look: that says nothing of whether there is one.
    pub(crate) fn may_exist(&self) -> Result<bool, Failure> {
        match self {
            Self::Sqlite(file) => is_there(file),
            Self::Redis(_) => Ok(true),
        }
    }
}

/// Whether there is something at `path`; an error names the folder that does not let this user look.
pub(crate) fn is_there(path: &Path) -> Result<bool, Failure> {
    path.try_exists().map_err(|error| {
        let closed = path.ancestors().skip(1).find(|folder| folder.try_exists().is_ok()).unwrap_or(path);
        Failure::Other(anyhow::anyhow!(
            "look for the state {}: {} does not let this user in: {error}; run reelq as the user that it belongs to, or give this one \
             the right to read it",
            path.display(),
            closed.display()
        ))
    })
}

/// Without a password.
impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}", file.display()),
            Self::Redis(place) => write!(f, "{}, namespace {}", place.address, place.namespace),
        }
    }
}

/// How long finished batches are kept; for ever where nothing is said.
pub(super) fn retention(settings: &Settings) -> Option<std::time::Duration> {
    text(settings, &["retention"])?.parse::<Span>().ok().map(|span| span.0)
}
