//! Builds reqwest clients: HTTP/1.1, no redirects, no retries, no cookies, no proxies of their own accord.

use reqwest::{Client, ClientBuilder, redirect, retry};

use crate::{Deadlines, Error, redact};

/// The parts that all clients share.
#[expect(clippy::disallowed_methods, reason = "the one place that builds clients")]
pub(crate) fn builder(deadlines: &Deadlines) -> ClientBuilder {
    leave_dead_peers_to_deadlines(Client::builder())
        .http1_only()
        // An odd header of a proxy's is no reason to lose the reply to something that was paid for.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("reelq/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(deadlines.connect)
        .read_timeout(deadlines.read)
        .timeout(deadlines.total)
}

/// A connection that waits for its reply is kept alive on its way, as reqwest has it. How soon a peer that is gone is noticed
/// is the deadlines' part; the system's own settings for it are three more calls for each purchase's connection.
fn leave_dead_peers_to_deadlines(builder: ClientBuilder) -> ClientBuilder {
    let builder = builder.tcp_keepalive_interval(None).tcp_keepalive_retries(None);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(None);
    builder
}

/// Finishes a client that speaks TLS with the machine's own roots.
pub(crate) fn with_tls(builder: ClientBuilder) -> Result<Client, Error> {
    prepare_tls();
    builder.build().map_err(|error| Error::Tls { reason: redact::cause(error) })
}

/// Finishes a client that never speaks TLS, and so works on a machine without root certificates.
pub(crate) fn without_tls(builder: ClientBuilder) -> Result<Client, Error> {
    with_tls(builder.tls_certs_only([]))
}

/// Chooses the process's cryptography, for clients that are not built here (the S3 client); harmless when repeated.
pub fn prepare_tls() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be first; what it installed serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
}
