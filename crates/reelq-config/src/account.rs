//! One account's configuration, and its key.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use reelq_http::KeyRotation;
use reelq_model::AccountName;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{Environment, secret_file};

/// One account's checked configuration.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// Its name.
    pub name: AccountName,
    /// Its vendor.
    pub provider: String,
    /// The name that it had before: it acts for the jobs of that one, too.
    pub was: Option<AccountName>,
    values: Map<String, Json>,
    /// The folder that relative paths count from.
    folder: PathBuf,
    /// What its key's file gave: a pipe gives it once, and people are warned of an open file once.
    key: Arc<OnceLock<Result<SecretString, KeyTrouble>>>,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTrouble {
    /// The configuration says nowhere where it is.
    #[error("account `{0}` names no key: add api_key_env = \"NAME\" or api_key_file = \"path\" to [accounts.{0}]")]
    NoSource(AccountName),
    /// Its variable is not set.
    #[error("account `{account}` takes its key from ${variable}, which is not set: export {variable}=…")]
    Unset {
        /// Whose key.
        account: AccountName,
        /// The variable.
        variable: String,
    },
    /// Its file cannot be read.
    #[error("account `{account}` takes its key from {path}, which cannot be read ({reason})")]
    Unreadable {
        /// Whose key.
        account: AccountName,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its file is empty.
    #[error("account `{account}` takes its key from {path}, which is empty")]
    Empty {
        /// Whose key.
        account: AccountName,
        /// The file.
        path: PathBuf,
    },
}

impl AccountConfig {
    pub(crate) fn new(name: AccountName, provider: String, values: Map<String, Json>, folder: PathBuf) -> Self {
        let was = values.get("was").and_then(Json::as_str).and_then(|was| AccountName::new(was).ok());
        Self { name, provider, was, values, folder, key: Arc::default() }
    }

    /// The value of a key of the account, dotted names nested.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.values.get(key)
    }

    /// The value of a text key.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Json::as_str)
    }

    /// The typed section that a crate owns: those of its keys that are set.
    pub fn section<T: DeserializeOwned>(&self, keys: &[&str]) -> Result<T, serde_json::Error> {
        let own = self.values.iter().filter(|(key, _)| keys.contains(&key.as_str()));
        serde_json::from_value(Json::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect()))
    }

    /// What it says of these keys, as one text.
    pub fn said(&self, keys: &[&str]) -> String {
        let said: Vec<_> = keys.iter().map(|key| self.values.get(*key)).collect();
        serde_json::json!(said).to_string()
    }

    /// The file that holds its key.
    pub fn key_file(&self) -> Option<PathBuf> {
        self.text("api_key_file").map(|path| self.folder.join(path))
    }

    fn key_from_file(&self) -> Result<SecretString, KeyTrouble> {
        let account = self.name.clone();
        let Some(path) = self.key_file() else { return Err(KeyTrouble::NoSource(account)) };
        match secret_file::read(&path) {
            Ok(text) if text.trim().is_empty() => Err(KeyTrouble::Empty { account, path }),
            Ok(text) => Ok(SecretString::from(text.trim().to_owned())),
            Err(reason) => Err(KeyTrouble::Unreadable { account, path, reason }),
        }
    }

    /// How it is noticed that the key's file was replaced; nothing where the key comes from elsewhere.
    pub fn key_rotation(&self) -> Option<KeyRotation> {
        if self.text("api_key_env").is_some() {
            return None;
        }
        let path = self.key_file()?;
        let (account, seen) = (self.name.clone(), Mutex::new(None));
        Some(Arc::new(move || {
            let found = secret_file::mark(&path);
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if found.is_none() || *seen == found {
                return None;
            }
            // A file in the middle of its change is looked at again with the next request.
            let text = secret_file::read_again(&path)?.ok().filter(|text| !text.trim().is_empty())?;
            if std::mem::replace(&mut *seen, found).is_some() {
                tracing::info!(%account, path = %path.display(), "the account's key is read again: its file was replaced");
            }
            Some(SecretString::from(text.trim().to_owned()))
        }))
    }

    /// Its API key, from where the configuration says.
    pub fn api_key(&self, environment: &Environment) -> Result<SecretString, KeyTrouble> {
        let account = || self.name.clone();
        if let Some(variable) = self.text("api_key_env") {
            let unset = || KeyTrouble::Unset { account: account(), variable: variable.to_owned() };
            return environment.secret(variable).ok_or_else(unset);
        }
        self.key.get_or_init(|| self.key_from_file()).clone()
    }
}
