//! The store over Redis, beside BullMQ and the bare server, on one server in one run.

mod bullmq;
mod idle;
mod late;
mod lines;
mod raw;
mod recovery;
mod server;
mod work;

use anyhow::Result;

use crate::figure::Report;

/// Measures everything, a `scale`th of it.
pub(crate) async fn measure(report: &mut Report, scale: usize) -> Result<()> {
    let jobs = 100_000 / scale;
    let server = server::Server::start().await?;
    let pace = work::measure(report, &server, jobs).await?;
    raw::measure(report, &server, jobs).await?;
    if let Some(theirs) = bullmq::measure(&server, jobs / 2, pace.payload)? {
        theirs.tell(report, &pace);
    }
    server.clear();
    recovery::measure(report, &server).await?;
    server.clear();
    idle::measure(report, &server).await?;
    server.clear();
    late::measure(report, &server, jobs, 10 * jobs).await
}
