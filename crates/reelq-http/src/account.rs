//! What the configuration says of an account's HTTP, and the same with its key.

use std::{fmt, path::PathBuf, sync::Arc};

use reelq_model::units::Span;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Deadlines, Proxies};

/// The HTTP part of an `[accounts.NAME]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// Where the vendor's API is; the vendor's own address where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Url>,
    /// The environment variable that holds the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// The file that holds the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_file: Option<PathBuf>,
    /// How long a whole request may take; 30 s where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout: Option<Span>,
    /// How long connecting may take; 10 s where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<Span>,
    /// Take a `base_url` without TLS on another machine, and send it the key in the clear.
    pub allow_http: bool,
}

impl HttpSection {
    /// The deadlines, defaults filled in; no part outlasts the whole.
    pub fn deadlines(&self) -> Deadlines {
        let usual = Deadlines::default();
        let total = self.request_timeout.map_or(usual.total, |span| span.0);
        let connect = self.connect_timeout.map_or(usual.connect, |span| span.0).min(total);
        Deadlines { connect, read: total, total }
    }

    /// The account with its key. `vendor` is the address used where the section names none.
    pub fn with_key(&self, vendor: &Url, api_key: SecretString, proxies: Proxies) -> AccountHttp {
        AccountHttp {
            base_url: self.base_url.clone().unwrap_or_else(|| vendor.clone()),
            api_key,
            deadlines: self.deadlines(),
            allow_http: self.allow_http,
            proxies,
            rotation: None,
        }
    }
}

/// Looks whether the key's file has changed, and gives the new key; `None` where all is as it was.
pub type KeyRotation = Arc<dyn Fn() -> Option<SecretString> + Send + Sync>;

/// Everything that a `Transport` needs to speak for an account.
#[derive(Clone)]
pub struct AccountHttp {
    /// Where the vendor's API is; paths of requests are put below it.
    pub base_url: Url,
    /// The key.
    pub api_key: SecretString,
    /// How long a request may take.
    pub deadlines: Deadlines,
    /// Take a `base_url` without TLS on another machine.
    pub allow_http: bool,
    /// The proxies between here and there; never used without TLS.
    pub proxies: Proxies,
    /// How a key that was replaced is noticed; asked before each request, so it must be quick.
    pub rotation: Option<KeyRotation>,
}

impl AccountHttp {
    /// An account with the usual deadlines and no proxy.
    pub fn new(base_url: Url, api_key: SecretString) -> Self {
        Self {
            base_url,
            api_key,
            deadlines: Deadlines::default(),
            allow_http: false,
            proxies: Proxies::default(),
            rotation: None,
        }
    }
}

impl fmt::Debug for AccountHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountHttp")
            .field("origin", &self.base_url.origin().ascii_serialization())
            .field("deadlines", &self.deadlines)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn section_reads_the_names_of_the_configuration() {
        let text = "base_url = \"http://127.0.0.1:9300\"\napi_key_env = \"WAVE_KEY\"\nrequest_timeout = \"5s\"";
        let section: HttpSection = toml::from_str(text).unwrap();
        assert_eq!(section.api_key_env.as_deref(), Some("WAVE_KEY"));
        let five = Duration::from_secs(5);
        assert_eq!(section.deadlines(), Deadlines { connect: five, read: five, total: five });
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<HttpSection>("api_key = \"secret\"").is_err());
    }
}
