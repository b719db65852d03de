//! What a server is started with, and the configuration file that says so.

use std::{fmt::Write as _, path::PathBuf};

use crate::RedisServer;

/// Certificates of a server that speaks TLS on its TCP port.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The server's certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Who may have signed certificates of clients, PEM.
    pub authority: PathBuf,
    /// Whether a client must show a certificate.
    pub clients_too: bool,
}

/// What a server is among others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// One by itself, or a replica.
    #[default]
    Single,
    /// A node of a cluster, without slots at first.
    Member,
    /// A cluster of its own.
    Cluster,
    /// A sentinel.
    Sentinel,
}

/// Builds a [`RedisServer`]. Always listens on a unix socket; nothing is written to disk unless asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) tcp: bool,
    pub(crate) role: Role,
    pub(crate) tls: Option<Tls>,
    pub(crate) password: Option<String>,
    pub(crate) directives: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

impl Options {
    /// Listens on a free TCP port of the loopback address as well.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Keeps an append-only file, synced `always`, `everysec` or `no`.
    #[must_use]
    pub fn append_only(self, fsync: &str) -> Self {
        self.directive("appendonly yes").directive(&format!("appendfsync {fsync}"))
    }

    /// Asks every client for a password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Is a node of a cluster that holds every slot; implies TCP.
    #[must_use]
    pub fn cluster(mut self) -> Self {
        self.role = Role::Cluster;
        self.tcp()
    }

    /// Is a node of a cluster that holds no slot yet; implies TCP.
    #[must_use]
    pub fn cluster_member(mut self) -> Self {
        self.role = Role::Member;
        self.tcp()
    }

    /// Is a sentinel; implies TCP. What it watches comes by [`directive`](Self::directive).
    #[must_use]
    pub fn sentinel(mut self) -> Self {
        self.role = Role::Sentinel;
        self.tcp()
    }

    /// Speaks TLS, and nothing else, on its TCP port.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self.tcp()
    }

    /// Adds a line to the configuration.
    #[must_use]
    pub fn directive(mut self, line: &str) -> Self {
        self.directives.push(line.to_owned());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Panics
    ///
    /// Where there is no `redis-server` or it does not come up; its log is part of the message.
    pub fn start(self) -> RedisServer {
        RedisServer::launch(self)
    }

    pub(crate) fn is_node(&self) -> bool {
        matches!(self.role, Role::Member | Role::Cluster)
    }

    /// The text of the configuration file.
    pub(crate) fn render(&self, socket: &str, ports: Ports) -> String {
        let mut text = format!("unixsocket {socket}\nlogfile redis.log\nbind 127.0.0.1\n");
        let mut line = |words: std::fmt::Arguments<'_>| _ = writeln!(text, "{words}");
        if let Some(tls) = &self.tls {
            line(format_args!("port 0\ntls-port {}", ports.client));
            line(format_args!("tls-cert-file {}\ntls-key-file {}", tls.certificate.display(), tls.key.display()));
            line(format_args!("tls-ca-cert-file {}", tls.authority.display()));
            line(format_args!("tls-auth-clients {}", if tls.clients_too { "yes" } else { "no" }));
        } else {
            line(format_args!("port {}", ports.client));
        }
        if self.is_node() {
            line(format_args!("cluster-enabled yes\ncluster-port {}", ports.bus));
        }
        if let Some(password) = &self.password {
            line(format_args!("requirepass {password}"));
        }
        if self.role != Role::Sentinel {
            line(format_args!("save \"\""));
        }
        self.directives.iter().for_each(|directive| line(format_args!("{directive}")));
        text
    }
}

/// The TCP ports that a server listens on; zero is none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ports {
    pub(crate) client: u16,
    pub(crate) bus: u16,
}
