//! Addresses of a store, read in one place. No password of one is ever shown.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_SENTINEL_PORT: u16 = 26379;

/// Where the server is, and who asks.
#[derive(Debug, Clone)]
pub struct Address {
    pub(super) place: Place,
    pub(super) tls: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) database: u32,
}

/// How the server is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// One server over TCP.
    Tcp(Node),
    /// One server on this machine.
    Unix(PathBuf),
    /// Whoever the sentinels call the master of the service.
    Sentinel { nodes: Vec<Node>, service: String },
    /// The node that holds the namespace's slot.
    Cluster(Vec<Node>),
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Why a text is no address. Says which part, and never repeats a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It begins with none of the known schemes.
    #[error(
        "a Redis address begins with redis://, rediss://, redis+unix://, redis+sentinel:// or redis+cluster:// (the last \
         two also as rediss+…)"
    )]
    Scheme,
    /// The port is none. It is not repeated: where an `@` is missing, it is the password.
    #[error("the port is no number from 1 to 65535; a user and a password end with `@`")]
    Port,
    /// There is no host where one is needed.
    #[error("the host is missing: redis://HOST:PORT/DATABASE")]
    Host,
    /// A host with colons that is not in brackets.
    #[error("a host holds no colon: write an IPv6 address in brackets, and end a user and a password with `@`")]
    Colon,
    /// The database is none. It is not repeated either.
    #[error("the database is no number such as 0")]
    Database,
    /// The socket's path is missing or relative.
    #[error("the socket's path is missing or relative: redis+unix:///run/redis/redis.sock")]
    Socket,
    /// The sentinels' service is missing.
    #[error(
        "the name of the service that the sentinels watch is missing: redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DATABASE"
    )]
    Service,
    /// A setting that the scheme does not know.
    #[error("a socket's address takes `db`, `user` and `pass` after `?`, and nothing else")]
    Setting,
    /// Several servers where one is meant.
    #[error("several hosts: write redis+cluster:// or redis+sentinel://, or one host")]
    Hosts,
    /// Cluster knows one database.
    #[error("a cluster has database 0 only")]
    ClusterDatabase,
    /// A user or password that is not UTF-8 once decoded.
    #[error("the user or the password is not UTF-8 once decoded")]
    Encoding,
}

/// What the scheme says.
#[derive(Clone, Copy)]
enum Scheme {
    Tcp,
    Unix,
    Sentinel,
    Cluster,
}

fn scheme(text: &str) -> Option<(Scheme, bool)> {
    Some(match text {
        "redis" => (Scheme::Tcp, false),
        "rediss" => (Scheme::Tcp, true),
        "redis+unix" => (Scheme::Unix, false),
        "redis+sentinel" => (Scheme::Sentinel, false),
        "rediss+sentinel" => (Scheme::Sentinel, true),
        "redis+cluster" => (Scheme::Cluster, false),
        "rediss+cluster" => (Scheme::Cluster, true),
        _ => return None,
    })
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (name, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let (scheme, tls) = scheme(name).ok_or(AddressError::Scheme)?;
        if let Scheme::Unix = scheme {
            return unix(rest);
        }
        // A password may hold any character but `@` unencoded, a slash included.
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (place, database) = match scheme {
            Scheme::Sentinel => sentinel(hosts, path)?,
            Scheme::Cluster => (Place::Cluster(nodes(hosts, DEFAULT_PORT)?), no_database(path)?),
            Scheme::Tcp | Scheme::Unix => (Place::Tcp(one(hosts)?), database(path)?),
        };
        let (user, password) = login.map(credentials).transpose()?.unwrap_or_default();
        Ok(Self { place, tls, user, password, database })
    }
}

fn unix(rest: &str) -> Result<Address, AddressError> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !path.starts_with('/') || path.len() < 2 {
        return Err(AddressError::Socket);
    }
    let place = Place::Unix(PathBuf::from(decode(path)?));
    let mut address = Address { place, tls: false, user: None, password: None, database: 0 };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "db" => address.database = database(value)?,
            "user" => address.user = Some(decode(value)?),
            "pass" => address.password = Some(decode(value)?.into()),
            _ => return Err(AddressError::Setting),
        }
    }
    Ok(address)
}

fn sentinel(hosts: &str, path: &str) -> Result<(Place, u32), AddressError> {
    let (service, rest) = path.split_once('/').unwrap_or((path, ""));
    if service.is_empty() {
        return Err(AddressError::Service);
    }
    let nodes = nodes(hosts, DEFAULT_SENTINEL_PORT)?;
    Ok((Place::Sentinel { nodes, service: decode(service)? }, database(rest)?))
}

fn credentials(login: &str) -> Result<(Option<String>, Option<SecretString>), AddressError> {
    let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let user = Some(decode(user)?).filter(|user| !user.is_empty());
    Ok((user, password.map(decode).transpose()?.map(SecretString::from)))
}

fn one(hosts: &str) -> Result<Node, AddressError> {
    let mut nodes = nodes(hosts, DEFAULT_PORT)?;
    match (nodes.pop(), nodes.is_empty()) {
        (Some(node), true) => Ok(node),
        _ => Err(AddressError::Hosts),
    }
}

fn nodes(hosts: &str, default: u16) -> Result<Vec<Node>, AddressError> {
    hosts.split(',').map(|text| node(text, default)).collect()
}

fn node(text: &str, default: u16) -> Result<Node, AddressError> {
    let bracketed = text.starts_with('[');
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(AddressError::Host);
    }
    if host.contains(':') && !bracketed {
        return Err(AddressError::Colon);
    }
    let port = port.map_or(Ok(default), |port| match port.parse() {
        Ok(0) | Err(_) => Err(AddressError::Port),
        Ok(port) => Ok(port),
    })?;
    Ok(Node { host: host.to_owned(), port })
}

fn database(text: &str) -> Result<u32, AddressError> {
    let text = text.trim_end_matches('/');
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|_| AddressError::Database) }
}

fn no_database(text: &str) -> Result<u32, AddressError> {
    if database(text)? == 0 { Ok(0) } else { Err(AddressError::ClusterDatabase) }
}

fn decode(text: &str) -> Result<String, AddressError> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| AddressError::Encoding)
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Address {
    /// Writes the address without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let list = |nodes: &[Node]| nodes.iter().map(Node::to_string).collect::<Vec<_>>().join(",");
        match &self.place {
            Place::Tcp(node) => write!(f, "{scheme}://{node}/{}", self.database),
            Place::Unix(path) => write!(f, "{scheme}+unix://{}?db={}", path.display(), self.database),
            Place::Sentinel { nodes, service } => {
                write!(f, "{scheme}+sentinel://{}/{service}/{}", list(nodes), self.database)
            }
            Place::Cluster(nodes) => write!(f, "{scheme}+cluster://{}", list(nodes)),
        }
    }
}
