//! The account's key as it is now, and everything that is made of it.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use reqwest::header;
use secrecy::{ExposeSecret, SecretString};

use crate::{AccountHttp, Error, KeyRotation, redact::Redactor};

/// A key and what is made of it. A request keeps the one that it went out with: its reply is cleared of that one.
pub(crate) struct Key {
    pub(crate) secret: SecretString,
    pub(crate) redactor: Redactor,
    pub(crate) authorization: header::HeaderValue,
}

impl Key {
    fn new(secret: SecretString) -> Result<Self, Error> {
        Ok(Self { redactor: Redactor::new(&secret), authorization: bearer(&secret)?, secret })
    }
}

/// The key of the moment.
pub(crate) struct Keys {
    now: RwLock<Arc<Key>>,
    replaced: AtomicU64,
    rotation: Option<KeyRotation>,
}

impl Keys {
    pub(crate) fn new(account: &AccountHttp) -> Result<Self, Error> {
        let now = RwLock::new(Arc::new(Key::new(account.api_key.clone())?));
        Ok(Self { now, replaced: AtomicU64::new(0), rotation: account.rotation.clone() })
    }

    /// The key as it is now, read again where its file has changed.
    pub(crate) fn now(&self) -> Arc<Key> {
        self.look();
        self.known()
    }

    /// A key that took the place of `used` meanwhile.
    pub(crate) fn instead_of(&self, used: &Arc<Key>) -> Option<Arc<Key>> {
        let now = self.now();
        (!Arc::ptr_eq(&now, used)).then_some(now)
    }

    /// How many keys took another's place so far.
    pub(crate) fn replaced(&self) -> u64 {
        self.look();
        self.replaced.load(Ordering::SeqCst)
    }

    fn known(&self) -> Arc<Key> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look(&self) {
        let Some(found) = self.rotation.as_ref().and_then(|rotation| rotation()) else { return };
        if found.expose_secret() == self.known().secret.expose_secret() {
            return;
        }
        // What is no key takes no key's place: the next change of the file is looked at again.
        if let Ok(key) = Key::new(found) {
            *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
            self.replaced.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn bearer(key: &SecretString) -> Result<header::HeaderValue, Error> {
    let key = key.expose_secret();
    if key.is_empty() || key.contains(char::is_whitespace) {
        return Err(Error::Key);
    }
    let mut value = header::HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| Error::Key)?;
    value.set_sensitive(true);
    Ok(value)
}
