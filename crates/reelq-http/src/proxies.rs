//! The proxies between this machine and the vendors, as the environment names them.

use std::fmt;

use reqwest::{NoProxy, Proxy};
use url::Url;

use crate::Error;

/// The proxies between this machine and the vendors. Only connections with TLS go through them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxy of https connections: an http, https or socks5 address, maybe with a password.
    https: Option<String>,
    /// Hosts that are reached directly, as in `NO_PROXY`.
    except: String,
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case, through `variable`.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = |names: [&str; 2]| names.into_iter().find_map(&variable).filter(|value| !value.trim().is_empty());
        let https = named(["HTTPS_PROXY", "https_proxy"]).or_else(|| named(["ALL_PROXY", "all_proxy"]));
        Self { https, except: named(["NO_PROXY", "no_proxy"]).unwrap_or_default() }
    }

    /// The proxy's host, which may well be a private address.
    pub(crate) fn host(&self) -> Option<String> {
        let url = Url::parse(self.https.as_deref()?).ok()?;
        url.host_str().map(str::to_owned)
    }

    pub(crate) fn for_https(&self) -> Result<Option<Proxy>, Error> {
        let Some(address) = &self.https else { return Ok(None) };
        let except = format!("localhost,127.0.0.0/8,::1,{}", self.except);
        let proxy = Proxy::https(address.as_str()).map_err(|_| Error::Proxy)?;
        Ok(Some(proxy.no_proxy(NoProxy::from_string(&except))))
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("host", &self.host()).field("except", &self.except).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_proxy_goes_before_all_proxy_and_is_not_shown_with_its_password() {
        let variable = |name: &str| match name {
            "https_proxy" => Some("http://me:hunter2@proxy.local:3128".to_owned()),
            "ALL_PROXY" => Some("socks5://other:1080".to_owned()),
            "NO_PROXY" => Some("internal.example".to_owned()),
            _ => None,
        };
        let proxies = Proxies::from_environment(variable);
        assert_eq!(proxies.host().as_deref(), Some("proxy.local"));
        assert!(proxies.for_https().unwrap().is_some());
        assert_eq!(format!("{proxies:?}"), r#"Proxies { host: Some("proxy.local"), except: "internal.example", .. }"#);
    }

    #[test]
    fn an_empty_variable_names_no_proxy() {
        assert_eq!(Proxies::from_environment(|_| Some(String::new())), Proxies::default());
    }
}
