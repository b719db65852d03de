//! Where the state lives, with everything that opening it needs.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use reelq_store_redis::{Address, Durability, Namespace};

use super::{
    MergedSettings,
    store_url::{self, StoreUrl},
    values::{path_of, text},
};
use crate::simulated;

/// Where the state lives.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// An embedded database in this file.
    Sqlite(PathBuf),
    /// A Redis server that many machines may use.
    Redis(Box<RedisPlace>),
}

/// A Redis server, and how it is reached.
#[derive(Debug, Clone)]
pub struct RedisPlace {
    /// Where it is.
    pub address: Address,
    /// Whose keys on it.
    pub namespace: Namespace,
    /// Where the server's password is.
    pub password: PasswordPlace,
    /// Whom the sentinels know us as; not the server's user.
    pub sentinel_user: Option<String>,
    /// Where the sentinels' password is; not the server's.
    pub sentinel_password: PasswordPlace,
    /// Authorities that may have signed the server's certificate, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// This machine's own certificate, where the server asks for one.
    pub cert_file: Option<PathBuf>,
    /// The key of that certificate.
    pub key_file: Option<PathBuf>,
    /// Whether each paid request waits until the server says that its intent is on disk.
    pub strict: bool,
    /// What this machine notes of its purchases, for a server that forgets.
    pub journal: PathBuf,
}

/// Where a password is: a variable, else a file.
#[derive(Debug, Clone, Default)]
pub struct PasswordPlace {
    /// The variable.
    pub variable: Option<String>,
    /// The file.
    pub file: Option<PathBuf>,
}

impl PasswordPlace {
    fn read(settings: &MergedSettings, variable: &str, file: &str) -> Self {
        Self { variable: text(settings, &["redis", variable]), file: path_of(settings, &["redis", file]) }
    }
}

impl RedisPlace {
    /// What a purchase waits for.
    pub const fn durability(&self) -> Durability {
        if self.strict { Durability::Strict } else { Durability::Normal }
    }
}

impl StorePlace {
    pub(crate) fn build(settings: &MergedSettings) -> Option<Self> {
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
    #[must_use]
    pub fn simulated(&self) -> Self {
        match self {
            Self::Sqlite(file) => Self::Sqlite(simulated::state_file(file)),
            Self::Redis(real) => {
                let mut place = real.clone();
                place.namespace = real.namespace.simulated();
                place.journal = simulated::journal(&real.journal);
                Self::Redis(place)
            }
        }
    }

    /// The folder of what this machine keeps: of the state, or, where that is elsewhere, of the journal.
    pub fn folder(&self) -> PathBuf {
        let kept = match self {
            Self::Sqlite(file) => file,
            Self::Redis(place) => &place.journal,
        };
        kept.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Whether workers on other machines may use it.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Whether there can be a state yet.
    ///
    /// # Errors
    /// Where this user may not even look: that says nothing of whether there is one.
    pub fn may_exist(&self) -> Result<bool, ClosedFolder> {
        match self {
            Self::Sqlite(file) => is_there(file),
            Self::Redis(_) => Ok(true),
        }
    }
}

/// A folder on the way to the state does not let this user look.
#[derive(Debug, thiserror::Error)]
#[error(
    "look for the state {}: {} does not let this user in: {reason}; run reelq as the user that it belongs to, or give this one \
     the right to read it",
    state.display(),
    folder.display()
)]
pub struct ClosedFolder {
    state: PathBuf,
    folder: PathBuf,
    reason: std::io::Error,
}

/// Whether there is something at `path`.
///
/// # Errors
///
/// Where a folder above does not let this user look.
pub fn is_there(path: &Path) -> Result<bool, ClosedFolder> {
    path.try_exists().map_err(|reason| {
        let closed = path.ancestors().skip(1).find(|folder| folder.try_exists().is_ok()).unwrap_or(path);
        ClosedFolder { state: path.to_owned(), folder: closed.to_owned(), reason }
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
