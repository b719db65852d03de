//! Making one connection: find the server, open a stream to it, introduce ourselves.

use std::{io, pin::Pin, sync::Arc};

use redis::{AsyncConnectionConfig, RedisConnectionInfo, aio::MultiplexedConnection};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::AbortHandle,
};
use tokio_rustls::TlsConnector;

use super::{
    address::{Address, Node, Place},
    faults::{self, Fault},
    options::LinkOptions,
    tls,
};
use crate::{Error, Result};

/// A stream of bytes to a server, whatever carries it.
trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}
type BoxedStream = Pin<Box<dyn Stream>>;

/// A connection whose driver ends with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) connection: MultiplexedConnection,
    _driver: Arc<Driver>,
}

#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Who asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    user: Option<String>,
    password: Option<SecretString>,
    database: u32,
}

/// Makes connections to one address.
pub(super) struct Connector {
    pub(super) address: Address,
    pub(super) options: LinkOptions,
    pub(super) slot: u16,
    login: Login,
    tls: Option<TlsConnector>,
    shown: String,
}

impl Connector {
    pub(super) fn new(address: Address, options: LinkOptions, slot: u16) -> Result<Self> {
        let shown = address.to_string();
        let password = options.password.clone().or_else(|| address.password.clone());
        let login = Login { user: address.user.clone(), password, database: address.database };
        let tls = address.tls.then(|| tls::connector(&options.tls)).transpose()?;
        Ok(Self { address, options, slot, login, tls, shown })
    }

    /// The address as messages show it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Opens a connection to the server that is responsible now.
    pub(super) async fn connect(&self) -> Result<Wire, Fault> {
        match &self.address.place {
            Place::Tcp(node) => self.dial(node, &self.login).await,
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| away(&self.shown, &error))?;
                self.wire(Box::pin(stream), &self.login, &self.shown).await
            }
            Place::Sentinel { nodes, service } => {
                let master = self.ask_each(nodes, |node| self.master(node, service)).await?;
                let wire = self.dial(&master, &self.login).await?;
                self.insist_on_master(wire, &master).await
            }
            Place::Cluster(nodes) => {
                let owner = self.ask_each(nodes, |node| self.owner(node)).await?;
                self.dial(&owner, &self.login).await
            }
        }
    }

    /// A connection to a sentinel, which has users of its own and no databases.
    pub(super) async fn dial_sentinel(&self, node: &Node) -> Result<Wire, Fault> {
        let user = self.options.sentinel_user.clone();
        let login = Login { user, password: self.options.sentinel_password.clone(), database: 0 };
        self.dial(node, &login).await
    }

    /// A connection to any node of a cluster.
    pub(super) async fn dial_node(&self, node: &Node) -> Result<Wire, Fault> {
        self.dial(node, &self.login).await
    }

    async fn dial(&self, node: &Node, login: &Login) -> Result<Wire, Fault> {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        let at = format!("{scheme}://{node}");
        let stream = tcp(node).await.map_err(|error| away(&at, &error))?;
        let stream: BoxedStream = match &self.tls {
            Some(tls) => Box::pin(tls::shake(tls, &node.host, stream, &at).await?),
            None => Box::pin(stream),
        };
        self.wire(stream, login, &at).await
    }

    /// Speaks the protocol over a stream: password and database are settled when this returns.
    async fn wire(&self, stream: BoxedStream, login: &Login, at: &str) -> Result<Wire, Fault> {
        let mut info = RedisConnectionInfo::default()
            .set_db(i64::from(login.database))
            .set_lib_name("reelq", env!("CARGO_PKG_VERSION"));
        if let Some(user) = &login.user {
            info = info.set_username(user);
        }
        if let Some(password) = &login.password {
            info = info.set_password(password.expose_secret());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(self.options.response_timeout));
        let introduced = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (connection, driver) = introduced.map_err(|error| faults::judge(&error, at, "the login"))?;
        #[expect(clippy::disallowed_methods, reason = "the driver ends with its connection, which aborts it")]
        let driver = Driver(tokio::spawn(driver).abort_handle());
        Ok(Wire { connection, _driver: Arc::new(driver) })
    }
}

async fn tcp(node: &Node) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((node.host.as_str(), node.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(super) fn away(at: &str, error: &io::Error) -> Fault {
    Fault { error: Error::unavailable(format!("{at} cannot be reached: {error}")), reconnect: true }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connector({})", self.shown)
    }
}
