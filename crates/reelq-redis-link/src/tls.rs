//! TLS by rustls with ring: the system's authorities, those of a file, and our own certificate where it is asked for.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    faults::{self, Fault},
    options::TlsFiles,
};
use reelq_store::{Error, Result};

/// Reads the files; the message of a fault names the file.
pub(super) fn connector(files: &TlsFiles) -> Result<TlsConnector> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| broken(&error))?.with_root_certificates(roots(files)?);
    let config = match (&files.certificate, &files.key) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            builder.with_client_auth_cert(certificates(certificate)?, key).map_err(|error| broken(&error))?
        }
        _ => return Err(Error::broken("a client certificate needs its key, and a key its certificate: give both")),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(files: &TlsFiles) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &files.authorities {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|error| unreadable(path, &error))?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let found = found.map_err(|error| unreadable(path, &error))?;
    if found.is_empty() { Err(unreadable(path, &"it holds no certificate")) } else { Ok(found) }
}

/// Shakes hands; a certificate that does not hold is refused.
pub(super) async fn shake(
    connector: &TlsConnector,
    host: &str,
    stream: TcpStream,
    at: &str,
) -> std::result::Result<TlsStream<TcpStream>, Fault> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| stays(at, &error))?;
    let shaken = connector.connect(name, stream).await;
    shaken.map_err(|error| if is_distrust(&error) { stays(at, &error) } else { faults::unreachable(at, &error) })
}

/// Whether one side does not accept the other's certificate. A server says so only with its first answer.
pub(super) fn is_distrust(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::AlertReceived(_)))
}

pub(super) fn stays(at: &str, error: &dyn std::fmt::Display) -> Fault {
    let reason = format!(
        "{at} shows a certificate that does not hold, or refuses ours: {error}; name its authority's file, or write the \
         host as the certificate has it"
    );
    faults::refused(reason)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::broken(format!("read {} as PEM: {error}", path.display()))
}

fn broken(error: &rustls::Error) -> Error {
    Error::broken(format!("set TLS up: {error}"))
}
