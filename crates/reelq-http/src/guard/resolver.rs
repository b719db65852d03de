//! Resolves names to public addresses only; what it gives is what is connected to, so a name cannot change in between.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::is_public;

/// A name that leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` leads to {address}, which is not on the public internet")]
pub(crate) struct NotPublic {
    name: String,
    address: IpAddr,
}

impl NotPublic {
    /// Whether this is why an exchange failed.
    pub(crate) fn is_behind(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| (*error).source()).any(<dyn Error>::is::<Self>)
    }
}

/// Resolves names to public addresses only, but for the proxy's own name.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicResolver {
    pub(crate) proxy: Option<String>,
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.proxy.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let found = if trusted { found } else { only_public(name.as_str(), found)? };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Refuses a name as soon as one of its addresses is not public: an honest one has no such address.
fn only_public(name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    match found.iter().find(|address| !is_public(address.ip())) {
        Some(address) => Err(NotPublic { name: name.to_owned(), address: address.ip() }),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert!(only_public("a", addresses(&["1.1.1.1:0", "8.8.8.8:0"])).is_ok());
        let refused = only_public("a", addresses(&["1.1.1.1:0", "127.0.0.1:0"])).unwrap_err();
        assert_eq!(refused.to_string(), "`a` leads to 127.0.0.1, which is not on the public internet");
    }

    #[tokio::test]
    async fn a_name_of_this_machine_does_not_resolve() {
        let resolver = PublicResolver::default();
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_err());
        let resolver = PublicResolver { proxy: Some("localhost".to_owned()) };
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
