//! A secret that is asked for anew for each connection, so that a rotation needs no restart.

use std::{fmt, sync::Arc};

use secrecy::SecretString;

/// Reads a secret; the reason for which it cannot is a fragment for messages, without the secret. May block for a moment.
type Read = dyn Fn() -> Result<SecretString, String> + Send + Sync;

/// Where a secret comes from.
#[derive(Clone)]
pub struct SecretSource(Arc<Read>);

impl SecretSource {
    /// Asks `read` for each connection. What it gives is used as it is; a failure is a refused login that may pass.
    pub fn new(read: impl Fn() -> Result<SecretString, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The secret as it is now.
    pub(super) async fn read(&self) -> Result<SecretString, String> {
        let read = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || read()).await.map_err(|error| error.to_string())?
    }
}

impl From<SecretString> for SecretSource {
    fn from(secret: SecretString) -> Self {
        Self::new(move || Ok(secret.clone()))
    }
}

impl From<&str> for SecretSource {
    fn from(secret: &str) -> Self {
        SecretString::from(secret).into()
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSource")
    }
}
