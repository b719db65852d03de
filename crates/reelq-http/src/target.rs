//! Where a request goes: always below the account's base address, on its own origin.

use std::net::IpAddr;

use reelq_provider::Request;
use url::{Host, Url};

use crate::{AccountHttp, BaseUrlFault, Error};

/// Checks an account's base address.
pub(crate) fn check_base(account: &AccountHttp) -> Result<(), Error> {
    let url = &account.base_url;
    let refuse = |fault| Err(Error::BaseUrl { base_url: shown(url), fault });
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(BaseUrlFault::Userinfo);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(BaseUrlFault::QueryOrFragment);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if account.allow_http || is_loopback(url) => Ok(()),
        "http" => refuse(BaseUrlFault::Clear),
        _ => refuse(BaseUrlFault::Scheme),
    }
}

/// An address as it may be shown: without userinfo, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let userinfo_kept = url.set_username("").is_err() || url.set_password(None).is_err();
    url.set_query(None);
    url.set_fragment(None);
    if userinfo_kept { url.scheme().to_owned() } else { url.to_string() }
}

/// What distinguishes a vendor's address from others: without the port on this machine, where simulators and tunnels take any.
pub(crate) fn identity(base: &Url) -> String {
    let port = base.port_or_known_default().filter(|_| !is_loopback(base)).unwrap_or_default();
    let host = base.host_str().unwrap_or_default();
    format!("{}://{host}:{port}{}", base.scheme(), base.path().trim_end_matches('/'))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Puts a request's path below the base address; `None` where it would leave it.
///
/// A task id comes from outside: one that reads as `..` must not reach another path than the adapter meant.
pub(crate) fn join(base: &Url, request: &Request) -> Option<Url> {
    let path = format!("{}{}", base.path().trim_end_matches('/'), request.path);
    let mut url = base.clone();
    url.set_path(&path);
    if !request.path.starts_with('/') || url.path() != path || url.origin() != base.origin() {
        return None;
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn checked(base: &str) -> Result<(), Error> {
        check_base(&AccountHttp::new(base.parse().unwrap(), SecretString::from("key")))
    }

    #[test]
    fn base_address_must_be_https_or_loopback() {
        for base in ["https://api.qingbo.ai", "http://127.0.0.1:9300/v", "http://localhost:1", "http://[::1]:1"] {
            assert!(checked(base).is_ok(), "{base}");
        }
        for base in [
            "http://api.qingbo.ai",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
            "https://user:pass@api.qingbo.ai",
            "https://api.qingbo.ai/?x=1",
            "https://api.qingbo.ai/#x",
        ] {
            let text = checked(base).unwrap_err().to_string();
            assert!(!text.contains("pass@"), "{text}");
        }
    }

    #[test]
    fn request_stays_below_the_base_address() {
        let base: Url = "https://api.example/prefix/".parse().unwrap();
        let to = |path: &str| join(&base, &Request::get(path)).map(String::from);
        assert_eq!(to("/v1/tasks/a%2Fb").as_deref(), Some("https://api.example/prefix/v1/tasks/a%2Fb"));
        for path in ["/v1/../../keys", "/v1/%2e%2e/keys", "v1", "@evil.example/", "/a?b", "/a b", ""] {
            assert_eq!(to(path), None, "{path}");
        }
        let mut request = Request::get("/status");
        request.query = vec![("taskId", "a&b=c".to_owned())];
        assert_eq!(join(&base, &request).unwrap().query(), Some("taskId=a%26b%3Dc"));
    }
}
