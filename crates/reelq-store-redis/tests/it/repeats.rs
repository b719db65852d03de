//! A claim whose answer was lost, and that its caller repeats late: what it was given may be another's by then.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{sync::Arc, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage, Store as _};
use reelq_store_conformance::kit::{LEASE, account, batch, draft, ids, lines, plenty, wishes, worker};
use reelq_store_redis::{LinkOptions, RedisStore};

use crate::kit::front::Front;

async fn open(url: &str, clock: &Arc<ManualClock>) -> RedisStore {
    let options = LinkOptions { longest_pause: Duration::from_millis(2), ..LinkOptions::default() };
    let clock: SharedClock = clock.clone();
    RedisStore::open_at(url.parse().unwrap(), "test".parse().unwrap(), options, clock).await.unwrap()
}

fn claim_of(name: &str) -> Claim {
    Claim {
        stage: ClaimStage::Submit,
        account: account("acct"),
        limit: 9,
        worker: worker(name),
        lease: LEASE,
        batch: None,
        except: Vec::new(),
        only_open: false,
    }
}

#[tokio::test]
async fn a_claim_that_is_repeated_gives_no_lease_that_has_ended_since() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let (one, other) = (open(&front.url(), &clock).await, open(&server.socket_url(), &clock).await);
    let load = other.begin_import(&draft(&batch("b"))).await.unwrap();
    other.add_to_import(&load, &lines(&batch("b"), &wishes(2))).await.unwrap();
    other.set_limits(&account("acct"), &plenty()).await.unwrap();
    other.commit_import(&load).await.unwrap();
    // The server knows the script from here on: the answers that are lost are those to the claim.
    other.claim(&Claim { limit: 0, ..claim_of("other") }).await.unwrap();
    front.lose(0..3);
    assert!(one.claim(&claim_of("one")).await.unwrap_err().is_transient());
    assert!(one.workers().await.unwrap().iter().any(|view| view.leases == 2), "it was done");
    clock.advance(LEASE);
    let taken = other.claim(&Claim { limit: 1, ..claim_of("other") }).await.unwrap().leases;
    assert_eq!(taken.len(), 1);
    assert!(one.claim(&claim_of("one")).await.unwrap().leases.is_empty(), "the repeat");
    let rest = one.claim(&claim_of("one")).await.unwrap().leases;
    assert_eq!(rest.len(), 1, "a claim of its own");
    assert_ne!(ids(&rest), ids(&taken));
}

#[tokio::test]
async fn a_repeat_is_given_what_a_wish_to_cancel_has_marked_meanwhile() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let (one, other) = (open(&front.url(), &clock).await, open(&server.socket_url(), &clock).await);
    let load = other.begin_import(&draft(&batch("b"))).await.unwrap();
    let drafts = lines(&batch("b"), &wishes(2));
    other.add_to_import(&load, &drafts).await.unwrap();
    other.set_limits(&account("acct"), &plenty()).await.unwrap();
    other.commit_import(&load).await.unwrap();
    other.claim(&Claim { limit: 0, ..claim_of("other") }).await.unwrap();
    front.lose(0..3);
    assert!(one.claim(&claim_of("one")).await.unwrap_err().is_transient());
    other.cancel(drafts[0].id()).await.unwrap();
    let leases = one.claim(&claim_of("one")).await.unwrap().leases;
    let wanted = |lease: &reelq_store::Lease| (lease.job.id, lease.cancel_requested);
    assert_eq!(leases.iter().map(wanted).collect::<Vec<_>>(), [(drafts[0].id(), true), (drafts[1].id(), false)]);
}
