//! Which links may be followed.

use url::{Host, Url};

use super::DownloadsSection;
use crate::{Deadlines, DownloadError, Error, Proxies, guard, guard::HostList};

/// Which links may be followed, and how far.
#[derive(Debug, Clone)]
pub struct DownloadPolicy {
    /// Hosts that may be plain http or on a private network.
    pub allow_hosts: Vec<String>,
    /// The base addresses of the accounts: their own origins are trusted like the API itself.
    pub account_origins: Vec<Url>,
    /// The longest file that is taken.
    pub max_bytes: u64,
    /// How long connecting, silence and one attempt may take.
    pub deadlines: Deadlines,
    /// The proxies between here and there. A proxy looks names up itself: then it is the proxy that must refuse private ones.
    pub proxies: Proxies,
}

impl DownloadPolicy {
    /// The policy that the configuration asks for.
    pub fn new(section: &DownloadsSection, account_origins: Vec<Url>, proxies: Proxies) -> Self {
        let deadlines = Deadlines {
            connect: section.connect_timeout.0,
            read: section.idle_timeout.0,
            total: section.total_timeout.0,
        };
        let (allow_hosts, max_bytes) = (section.allow_hosts.clone(), section.max_bytes.0);
        Self { allow_hosts, account_origins, max_bytes, deadlines, proxies }
    }
}

/// How a link that may be followed is to be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The user named it: any address, with or without TLS.
    Named,
    /// TLS and public addresses only.
    Public,
}

/// Judges links.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    origins: Vec<url::Origin>,
    allowed: HostList,
}

impl Gatekeeper {
    pub(crate) fn new(policy: &DownloadPolicy) -> Result<Self, Error> {
        let origins = policy.account_origins.iter().map(Url::origin).collect();
        Ok(Self { origins, allowed: HostList::parse(&policy.allow_hosts)? })
    }

    /// Judges a link; the names in it are judged again when they are resolved.
    pub(crate) fn judge(&self, url: &Url) -> Result<Trust, DownloadError> {
        let refuse = |why: &str| Err(DownloadError::refused(url, why));
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("it is no web address: only links that begin with https:// are followed");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(
                "it holds a user name or password, which is sent to no one: the provider must give a link without",
            );
        }
        if self.origins.contains(&url.origin()) || self.allowed.holds(url) {
            return Ok(Trust::Named);
        }
        let untrusted = |why: &str| Err(DownloadError::untrusted(url, why));
        if url.scheme() == "http" {
            return untrusted("it is not https");
        }
        let public = match url.host() {
            Some(Host::Ipv4(ip)) => guard::is_public(ip.into()),
            Some(Host::Ipv6(ip)) => guard::is_public(ip.into()),
            // A name is judged by the addresses that it resolves to.
            Some(Host::Domain(_)) => true,
            None => false,
        };
        if public { Ok(Trust::Public) } else { untrusted("its address is not on the public internet") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(url: &str) -> Result<Trust, DownloadError> {
        let section = DownloadsSection { allow_hosts: vec!["10.0.0.7:9000".to_owned()], ..Default::default() };
        let own = vec!["http://127.0.0.1:9300".parse().unwrap()];
        Gatekeeper::new(&DownloadPolicy::new(&section, own, Proxies::default())).unwrap().judge(&url.parse().unwrap())
    }

    #[test]
    fn public_https_and_named_hosts_pass() {
        assert_eq!(judge("https://cdn.example.com/a.mp4?sig=1").unwrap(), Trust::Public);
        assert_eq!(judge("http://127.0.0.1:9300/files/a.mp4").unwrap(), Trust::Named);
        assert_eq!(judge("http://10.0.0.7:9000/a.mp4").unwrap(), Trust::Named);
    }

    #[test]
    fn everything_else_is_refused_without_showing_the_signature() {
        for url in [
            "http://cdn.example.com/a.mp4?sig=SECRET",
            "https://127.0.0.1/a.mp4",
            "https://0x7f.1/a.mp4",
            "https://2130706433/a.mp4",
            "https://[::1]/a.mp4",
            "https://[::ffff:10.0.0.1]/a.mp4",
            "https://169.254.169.254/latest",
            "http://127.0.0.1:9301/a.mp4",
            "https://127.0.0.1:9300/a.mp4",
            "https://user:SECRET@cdn.example.com/a.mp4",
            "file:///etc/passwd",
            "data:video/mp4;base64,AA",
        ] {
            let refused = judge(url).unwrap_err();
            assert!(matches!(refused, DownloadError::Refused { .. }), "{url}");
            assert!(!refused.to_string().contains("SECRET"), "{refused}");
            let helps = !url.starts_with("file:") && !url.starts_with("data:") && !url.contains('@');
            assert_eq!(refused.to_string().contains("allow_hosts"), helps, "{refused}");
        }
    }
}
