//! TLS with an authority of our own.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use reelq_redis_server::{RedisServer, Tls};
use tempfile::TempDir;

use super::kit::{count, open, options};
use crate::redis::link::{LinkOptions, TlsFiles};

/// An authority, and a certificate of 127.0.0.1 that it signed; the server and the client share the latter.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn make() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "reelq test");
        let leaf = params.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        let made = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(made.path("ca.pem"), root.pem()).unwrap();
        fs::write(made.path("cert.pem"), leaf.pem()).unwrap();
        fs::write(made.path("key.pem"), key.serialize_pem()).unwrap();
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, clients_too: bool) -> RedisServer {
        let tls = Tls {
            certificate: self.path("cert.pem"),
            key: self.path("key.pem"),
            authority: self.path("ca.pem"),
            clients_too,
        };
        RedisServer::with().tls(tls).start()
    }

    fn options(&self, with_own: bool) -> LinkOptions {
        let own = |name: &str| with_own.then(|| self.path(name));
        let tls =
            TlsFiles { authorities: Some(self.path("ca.pem")), certificate: own("cert.pem"), key: own("key.pem") };
        LinkOptions { tls, ..options() }
    }
}

#[tokio::test]
async fn server_of_a_known_authority_is_trusted() {
    let certificates = Certificates::make();
    let server = certificates.server(false);
    let link = open(&server.url(), certificates.options(false)).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
}

#[tokio::test]
async fn server_of_an_unknown_authority_or_another_name_is_refused() {
    let certificates = Certificates::make();
    let server = certificates.server(false);
    let error = open(&server.url(), options()).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("shows a certificate that does not hold"), "{error}");
    let other = format!("rediss://localhost:{}", server.port());
    let error = open(&other, certificates.options(false)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn server_that_asks_for_a_certificate_gets_it() {
    let certificates = Certificates::make();
    let server = certificates.server(true);
    let link = open(&server.url(), certificates.options(true)).await.unwrap();
    assert_eq!(count(&link).await.unwrap(), 1);
    let error = open(&server.url(), certificates.options(false)).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn files_that_hold_no_certificate_are_named() {
    let certificates = Certificates::make();
    let with = |tls| LinkOptions { tls, ..options() };
    let missing = TlsFiles { authorities: Some("/nowhere/ca.pem".into()), ..TlsFiles::default() };
    let error = open("rediss://127.0.0.1:1", with(missing)).await.unwrap_err();
    assert!(error.to_string().contains("read /nowhere/ca.pem as PEM"), "{error}");
    let lonely = TlsFiles { certificate: Some(certificates.path("cert.pem")), ..TlsFiles::default() };
    let error = open("rediss://127.0.0.1:1", with(lonely)).await.unwrap_err();
    assert!(error.to_string().contains("needs its key"), "{error}");
}
