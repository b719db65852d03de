//! Making one connection: find the server, open a stream to it, introduce ourselves.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
};

use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, aio::MultiplexedConnection};
use secrecy::ExposeSecret as _;
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
    secret::SecretSource,
    tls,
    told::{self, Told},
};
use reelq_store::Result;

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
    password: Option<SecretSource>,
    database: u32,
}

/// Makes connections to one address.
pub(super) struct Connector {
    pub(super) address: Address,
    pub(super) options: LinkOptions,
    pub(super) slot: u16,
    login: Login,
    shown: String,
    /// The nodes of a cluster, as it named them last.
    pub(super) seen: Mutex<Vec<Node>>,
    /// Who hears what the server says unasked; it is only asked to speak where there is one.
    pub(super) told: Option<Told>,
}

impl Connector {
    pub(super) fn new(address: Address, options: LinkOptions, slot: u16) -> Result<Self> {
        let shown = address.to_string();
        let password = options.password.clone().or_else(|| address.password.clone().map(Into::into));
        let login = Login { user: address.user.clone(), password, database: address.database };
        if address.tls {
            // Files that cannot be read are a mistake at the beginning; later they may be in the middle of a change.
            tls::connector(&options.tls)?;
        }
        Ok(Self { address, options, slot, login, shown, seen: Mutex::default(), told: None })
    }

    /// The same, whose connections are told of what is read over them.
    pub(super) fn hearing(self, told: Told) -> Self {
        Self { told: Some(told), ..self }
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
                let stream =
                    UnixStream::connect(path).await.map_err(|error| faults::unreachable(&self.shown, &error))?;
                self.wire(Box::pin(stream), &self.login, &self.shown).await
            }
            Place::Sentinel { nodes, service } => self.connect_to_master(nodes, service).await,
            Place::Cluster(nodes) => self.connect_to_owner(nodes).await,
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
        let scheme = if self.address.tls { "rediss" } else { "redis" };
        let at = format!("{scheme}://{node}");
        let stream = tcp(node).await.map_err(|error| faults::unreachable(&at, &error))?;
        let stream: BoxedStream = match self.tls().await? {
            Some(tls) => Box::pin(tls::shake(&tls, &node.host, stream, &at).await?),
            None => Box::pin(stream),
        };
        self.wire(stream, login, &at).await
    }

    /// TLS with the certificates that are in their files now.
    async fn tls(&self) -> Result<Option<TlsConnector>, Fault> {
        if !self.address.tls {
            return Ok(None);
        }
        let files = self.options.tls.clone();
        let read = tokio::task::spawn_blocking(move || tls::connector(&files)).await;
        let connector = read.map_err(|error| faults::passes(error.to_string(), true))?;
        connector.map(Some).map_err(|error| Fault { error, reconnect: true, refused: true })
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
            let secret = password.read().await;
            let unread = |reason| faults::refused(format!("the password for {at} cannot be read: {reason}"));
            info = info.set_password(secret.map_err(unread)?.expose_secret());
        }
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(self.options.response_timeout));
        if let Some(told) = &self.told {
            info = info.set_protocol(ProtocolVersion::RESP3);
            config = config.set_push_sender(told::sender(told.clone()));
        }
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

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connector({})", self.shown)
    }
}
