//! The store over Redis by the server's processor time, beside BullMQ, arq and the bare server, in one run.
//!
//! The server has one thread for commands: what a job costs there is the limit of the whole installation.

mod idle;
mod late;
mod lines;
mod peer;
mod phases;
mod raw;
mod recovery;
mod server;
mod whole;
mod work;

use anyhow::Result;

use crate::figure::Report;
pub(crate) use lines::{account, no_limits};
use phases::Phases;
pub(crate) use server::{Kept, Server};
pub(crate) use work::claim;

/// Jobs of one claim: as many as a busy worker takes, and as few as workers take that share a queue.
const GROUPS: [usize; 2] = [64, 5];

/// Measures everything, a `scale`th of it.
pub(crate) async fn measure(report: &mut Report, scale: usize) -> Result<()> {
    let jobs = 100_000 / scale;
    let peers = peer::installed(report).await?;
    for kept in [Kept::InMemory, Kept::EverySecond, Kept::Always] {
        let server = Server::start(kept).await?;
        // A disk that is waited for makes everything slow, and a tenth of it tells as much.
        let jobs = if kept == Kept::InMemory { jobs } else { jobs / 10 };
        let mut ours = Vec::new();
        for group in GROUPS {
            let phases = Phases::of(&server, jobs, group).await?;
            phases.tell(report, kept);
            ours.push(phases);
            server.clear();
        }
        for peer in &peers {
            let theirs = peer.measure(&server, jobs / 5, lines::payload()?).await?;
            theirs.tell(report, kept, peer.name);
            for phases in &ours {
                phases.compare(report, kept, peer.name, &theirs);
            }
            server.clear();
        }
        whole::measure(report, &server, kept, 4_000 / scale).await?;
    }
    let server = Server::start(Kept::InMemory).await?;
    raw::measure(report, &server, jobs).await?;
    server.clear();
    recovery::measure(report, &server).await?;
    server.clear();
    idle::measure(report, &server, scale == 1).await?;
    server.clear();
    late::measure(report, &server, jobs, 10 * jobs).await
}
