//! Making one connection: find the server, open a stream to it, introduce ourselves.

use std::{io, pin::Pin, sync::Arc};

use redis::{AsyncConnectionConfig, RedisConnectionInfo, aio::MultiplexedConnection};
use secrecy::ExposeSecret as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::AbortHandle,
};

use super::{
    address::{Address, Node, Place},
    faults::{self, Fault},
    options::LinkOptions,
};
use crate::Error;

/// A stream of bytes to a server, whatever carries it.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
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

/// Makes connections to one address.
#[derive(Debug)]
pub(super) struct Connector {
    address: Address,
    options: LinkOptions,
    shown: String,
}

impl Connector {
    pub(super) fn new(address: Address, options: LinkOptions) -> Self {
        let shown = address.to_string();
        Self { address, options, shown }
    }

    /// The address as messages show it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn options(&self) -> &LinkOptions {
        &self.options
    }

    /// Opens a connection to the server that is responsible now.
    pub(super) async fn connect(&self) -> Result<Wire, Fault> {
        match &self.address.place {
            Place::Tcp(node) => self.wire(self.tcp(node).await.map_err(|error| self.away(&error))?).await,
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| self.away(&error))?;
                self.wire(Box::pin(stream)).await
            }
            Place::Sentinel { .. } | Place::Cluster(_) => {
                Err(Fault { error: Error::broken("sentinels and clusters are not known yet"), reconnect: false })
            }
        }
    }

    async fn tcp(&self, node: &Node) -> io::Result<BoxedStream> {
        let stream = TcpStream::connect((node.host.as_str(), node.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::pin(stream))
    }

    /// Speaks the protocol over a stream: password and database are settled when this returns.
    async fn wire(&self, stream: BoxedStream) -> Result<Wire, Fault> {
        let mut info = RedisConnectionInfo::default().set_db(i64::from(self.address.database));
        if let Some(user) = &self.address.user {
            info = info.set_username(user);
        }
        if let Some(password) = &self.address.password {
            info = info.set_password(password.expose_secret());
        }
        info = info.set_lib_name("reelq", env!("CARGO_PKG_VERSION"));
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(self.options.response_timeout));
        let introduced = MultiplexedConnection::new_with_config(&info, stream, config).await;
        let (connection, driver) = introduced.map_err(|error| faults::judge(&error, &self.shown, "the login"))?;
        #[expect(clippy::disallowed_methods, reason = "the driver ends with its connection, which aborts it")]
        let driver = Driver(tokio::spawn(driver).abort_handle());
        Ok(Wire { connection, _driver: Arc::new(driver) })
    }

    fn away(&self, error: &io::Error) -> Fault {
        Fault { error: Error::unavailable(format!("{} cannot be reached: {error}", self.shown)), reconnect: true }
    }
}
