//! The running simulator: one port, all vendors, and what it spawned, which stops with it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, header::CONNECTION, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use reelq_model::SharedClock;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Ledger, SimLimits, SimSettings,
    body::Sending,
    callback,
    files::Shelf,
    journal,
    market::Market,
    reply::{Delivery, SimAnswer, SimReply},
    route::{self, SimRequest},
};

const LARGEST_BODY: usize = 64 << 20;
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// A running simulator. Dropped, it stops soon; [`Simulator::stop`] waits for it.
#[derive(Debug)]
pub struct Simulator {
    world: Arc<World>,
}

/// Everything that requests share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) market: Arc<Market>,
    pub(crate) shelf: Shelf,
    address: SocketAddr,
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Simulator {
    /// Listens, and answers until it is stopped or dropped.
    pub async fn start(settings: SimSettings, clock: SharedClock) -> io::Result<Self> {
        let listener = listen(&settings).await?;
        let world = Arc::new(World {
            address: listener.local_addr()?,
            market: Arc::new(Market::open(settings, clock)?),
            shelf: Shelf::default(),
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        world.tracker.spawn(accept(listener, Arc::clone(&world)));
        Ok(Self { world })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.world.address
    }

    /// The base URL to configure accounts with.
    pub fn base_url(&self) -> String {
        self.world.base_url()
    }

    /// What was charged so far.
    pub fn ledger(&self) -> Ledger {
        self.world.market.ledger()
    }

    /// Changes what each account may do from now on. The vendors do not tell that either.
    pub fn set_limits(&self, limits: SimLimits) {
        self.world.market.set_limits(limits);
    }

    /// While `outage` is set, every request to the API is answered with a 503 that asks to wait so long, and nothing is
    /// accepted. Files are served as before.
    pub fn set_outage(&self, outage: Option<Duration>) {
        self.world.market.set_outage(outage);
    }

    /// Closes the port and every connection, and waits until nothing runs.
    pub async fn stop(self) {
        self.world.stopping.cancel();
        self.world.tracker.close();
        self.world.tracker.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.world.stopping.cancel();
    }
}

impl World {
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a callback once the task has ended.
    pub(crate) fn call_back(&self, task: String, url: String, origin: String) {
        let (market, stopping) = (Arc::clone(&self.market), self.stopping.clone());
        self.tracker.spawn(async move {
            stopping.run_until_cancelled(callback::call(market, task, url, origin)).await;
        });
    }
}

/// Takes the port that is asked for; where any will do, the one that the journal's links lead to.
async fn listen(settings: &SimSettings) -> io::Result<TcpListener> {
    let last = settings.journal.as_deref().filter(|_| settings.port == 0).and_then(journal::last_port);
    let listener = match last {
        Some(port) => match TcpListener::bind((settings.host, port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((settings.host, 0)).await?,
        },
        None => TcpListener::bind((settings.host, settings.port)).await?,
    };
    if let Some(path) = &settings.journal {
        journal::keep_port(path, listener.local_addr()?.port())?;
    }
    Ok(listener)
}

async fn accept(listener: TcpListener, world: Arc<World>) {
    let stopping = world.stopping.clone();
    while let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                world.tracker.spawn(converse(stream, Arc::clone(&world)));
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, world: Arc<World>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "failed to set TCP_NODELAY");
    }
    let service = service_fn(|request| respond(request, &world));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    // An error here is a connection that was cut, most often by us.
    if let Some(Err(error)) = world.stopping.run_until_cancelled(connection).await {
        tracing::trace!(%error, "connection ended");
    }
}

async fn respond(request: hyper::Request<Incoming>, world: &World) -> io::Result<hyper::Response<Sending>> {
    let (head, body) = request.into_parts();
    let answer = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => {
            let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
            let body: Bytes = body.to_bytes();
            route::answer(world, &SimRequest { method: &head.method, path, query, headers: &head.headers, body })
        }
        Err(error) => SimReply::new(413, "text/plain", error.to_string()).into(),
    };
    let SimAnswer { reply, delivery } = answer;
    if delivery == Delivery::Closed {
        return Err(io::Error::other("closed on purpose"));
    }
    let mut response = reply.head().map(|()| Sending::new(reply.body, delivery));
    if delivery == Delivery::Torn {
        response.headers_mut().insert(CONNECTION, hyper::header::HeaderValue::from_static("close"));
    }
    Ok(response)
}
