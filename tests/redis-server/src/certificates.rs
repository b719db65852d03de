//! [`Certificates`]: an authority of one's own, and what it signed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::{RedisReply, RedisServer, Tls};

/// An authority, and a certificate of 127.0.0.1 that it signed; servers and clients share the latter. Its files go with it.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes both anew.
    ///
    /// # Panics
    ///
    /// Where they cannot be made, or their files cannot be written.
    pub fn make() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("no name is a fine name");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("a key can be made");
        let root = authority.self_signed(&authority_key).expect("an authority signs itself");
        let key = KeyPair::generate().expect("a key can be made");
        let mut leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address is a fine name");
        leaf.distinguished_name.push(DnType::CommonName, "reelq test");
        let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).expect("the authority signs");
        let made = Self { folder: tempfile::tempdir().expect("a folder can be made") };
        for (path, pem) in
            [(made.authority(), root.pem()), (made.certificate(), leaf.pem()), (made.key(), key.serialize_pem())]
        {
            fs::write(path, pem).expect("its files can be written");
        }
        made
    }

    /// The authority's certificate, PEM.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The certificate, PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The certificate's key, PEM.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// What a server speaks TLS with.
    pub fn tls(&self, clients_too: bool) -> Tls {
        Tls { certificate: self.certificate(), key: self.key(), authority: self.authority(), clients_too }
    }

    /// Has a running server show this certificate to whoever comes from now on.
    ///
    /// # Panics
    ///
    /// Where the server does not take it.
    pub fn show_on(&self, server: &RedisServer) {
        let text = |path: &Path| path.display().to_string();
        let (certificate, key, authority) = (text(&self.certificate()), text(&self.key()), text(&self.authority()));
        let words =
            ["CONFIG", "SET", "tls-cert-file", &certificate, "tls-key-file", &key, "tls-ca-cert-file", &authority];
        assert_eq!(server.command(&words), RedisReply::Text("OK".into()));
    }
}
