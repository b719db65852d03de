//! Why an account's transport cannot be set up.

/// Why a transport or downloader cannot be set up. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base address must not be used.
    #[error("use base_url `{base_url}`: {fault}")]
    BaseUrl {
        /// The address, without userinfo and query.
        base_url: String,
        /// What is wrong with it.
        fault: BaseUrlFault,
    },
    /// The key cannot stand in a header.
    #[error("use the api key: it is empty or holds a character that no HTTP header can carry")]
    Key,
    /// The proxy's address is wrong.
    #[error("use the proxy from the environment: it is not an http, https or socks5 address")]
    Proxy,
    /// An entry of `allow_hosts` is wrong.
    #[error(
        "read `[downloads] allow_hosts`: `{0}` is not a host such as cdn.example.com, *.example.com or 10.0.0.7:9000"
    )]
    AllowHost(String),
    /// TLS could not be set up, for example because the machine has no root certificates.
    #[error("set up TLS: {reason}")]
    Tls {
        /// What came of trying.
        reason: String,
    },
}

/// What is wrong with a base address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlFault {
    /// It would send the key in the clear.
    #[error("without https the key would cross the network in the clear; set `allow_http = true` where that is meant")]
    Clear,
    /// Another scheme.
    #[error("only https and http addresses can be used")]
    Scheme,
    /// It names a user or a password.
    #[error("it must not hold a user name or password")]
    Userinfo,
    /// It has a query or a fragment.
    #[error("it must end with the path, without `?` and `#`")]
    QueryOrFragment,
}
