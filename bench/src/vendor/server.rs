//! The vendor's own process: `reelq-bench --role vendor RUN_MS`. It ends when its standard input does.

use std::{
    cell::Cell,
    io::{Read as _, Write as _},
    rc::Rc,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use reelq_model::{Clock as _, SystemClock};
use reelq_sim::{SimPace, SimSettings, Simulator};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::LocalSet};

use super::{
    Counts,
    reply::{self, Reply, Task},
};
use crate::process::own_cpu;

/// What all requests share.
struct Shop {
    port: u16,
    run_ms: i64,
    clip: Bytes,
    counts: Cell<Counts>,
    clock: SystemClock,
}

/// Tells its port in a line of its own, and serves tasks that run for `run_ms` until standard input ends.
#[expect(clippy::print_stdout, reason = "whoever started it reads the port there")]
pub(crate) fn serve(run_ms: i64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start a runtime")?;
    let outcome = LocalSet::new().block_on(&runtime, async {
        let clip = clip().await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listen")?;
        let port = listener.local_addr()?.port();
        println!("{port}");
        std::io::stdout().flush().context("tell the port")?;
        let counts = Cell::new(Counts { clip_bytes: clip.len() as u64, ..Counts::default() });
        let shop = Rc::new(Shop { port, run_ms, clip, counts, clock: SystemClock::new() });
        tokio::select! {
            outcome = accept(&listener, &shop) => outcome,
            _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => Ok(()),
        }
    });
    runtime.shutdown_background();
    outcome
}

async fn accept(listener: &TcpListener, shop: &Rc<Shop>) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await.context("accept a connection")?;
        stream.set_nodelay(true).context("set TCP_NODELAY")?;
        shop.count(|counts| counts.connections += 1);
        let shop = Rc::clone(shop);
        // Those that are open when it ends go with the process.
        drop(tokio::task::spawn_local(async move {
            let service = service_fn(|request| respond(request, &shop));
            // An error is a connection that was cut, by those that we serve.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        }));
    }
}

async fn respond(request: Request<Incoming>, shop: &Shop) -> Reply {
    let (head, body) = request.into_parts();
    if head.method == Method::POST {
        _ = body.collect().await;
        shop.count(|counts| counts.purchases += 1);
        return Task::new(shop.now_ms(), shop.counts.get().purchases).accepted();
    }
    let path = head.uri.path();
    if let Some(task) = path.strip_prefix("/v1/tasks/").and_then(Task::read) {
        shop.count(|counts| counts.looks += 1);
        return task.status(shop.port, shop.now_ms(), shop.run_ms);
    }
    match path {
        _ if path.starts_with("/files/") => {
            shop.count(|counts| counts.downloads += 1);
            reply::clip(&shop.clip)
        }
        "/counts" => reply::value(&Counts { cpu_us: 1e6 * own_cpu().as_secs_f64(), ..shop.counts.get() }),
        _ => reply::not_found(),
    }
}

impl Shop {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().millis()
    }
}

/// Buys one clip of the simulator.
async fn clip() -> Result<Bytes> {
    let settings = SimSettings { pace: SimPace::seconds(0.0, 0.0), ..SimSettings::default() };
    let simulator = Simulator::start(settings, Arc::new(SystemClock::new())).await.context("start the simulator")?;
    let http = crate::client::http(0)?;
    let tasks = format!("{}/v1/tasks", simulator.base_url());
    let body = json!({ "model": "minimax-hailuo-2.3", "prompt": "a lighthouse in heavy rain", "duration": 6 });
    let bought: Value = http.post(&tasks).bearer_auth("bench").json(&body).send().await?.json().await?;
    let task = bought["task_id"].as_str().context("a task id")?;
    let clip = crate::client::output(&http, &format!("{tasks}/{task}")).await?;
    simulator.stop().await;
    Ok(clip)
}
