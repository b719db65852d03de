//! Two who change one job at the same moment, over a line that holds the later one back: it is told, never overwritten.

use std::sync::Arc;

use reelq_model::{Event, JobId, ManualClock, Resolution, SharedClock, Status, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::{Claim, ClaimStage, Commit, Committed, Edited, LateAcceptance, Store as _};
use reelq_store_conformance::kit::{
    LEASE, SECOND, acceptance, account, batch, draft, lines, plenty, sending, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

use crate::kit::front::Front;

const NAME: &str = "b";
/// A change reads its job first; the second call writes.
const THE_WRITE: usize = 1;

/// A job that no one knows the fate of, and two ways to it.
struct Scene {
    front: Front,
    slow: RedisStore,
    quick: RedisStore,
    job: JobId,
    _server: RedisServer,
}

async fn open(url: &str) -> RedisStore {
    let clock: SharedClock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let options = LinkOptions::default();
    RedisStore::open_at(url.parse().unwrap(), "races".parse().unwrap(), options, clock).await.unwrap()
}

impl Scene {
    async fn set() -> Self {
        let server = RedisServer::with().tcp().start();
        let front = Front::to(server.port());
        let slow = open(&front.url()).await;
        let quick = open(&format!("redis://127.0.0.1:{}", server.port())).await;
        let job = unconfirmed(&quick).await;
        // The server knows the script that reads from here on: no call is made twice for want of it.
        slow.job(job).await.unwrap();
        Self { front, slow, quick, job, _server: server }
    }

    async fn status(&self) -> Status {
        self.quick.job(self.job).await.unwrap().unwrap().job.status()
    }
}

async fn unconfirmed(store: &RedisStore) -> JobId {
    let load = store.begin_import(&draft(&batch(NAME))).await.unwrap();
    store.add_to_import(&load, &lines(&batch(NAME), &wishes(1))).await.unwrap();
    store.commit_import(&load).await.unwrap();
    store.set_limits(&account("acct"), &plenty()).await.unwrap();
    let claim = Claim {
        stage: ClaimStage::Submit,
        account: account("acct"),
        limit: 1,
        worker: worker("w1"),
        lease: LEASE,
        batch: None,
        except: Vec::new(),
        only_open: false,
    };
    let lease = store.claim(&claim).await.unwrap().leases.remove(0);
    let commit = Commit { event: sending(&lease), lease, keep: true };
    let Committed::Done(Some(sent)) = store.commit(&[commit]).await.unwrap().remove(0) else { panic!("it was sent") };
    let doubt = Event::Unresolved { reason: "no reply".to_owned(), candidate: None };
    let job = sent.job.id;
    store.commit(&[Commit { lease: sent, event: doubt, keep: false }]).await.unwrap();
    job
}

#[tokio::test]
async fn two_late_answers_at_once_are_both_kept() {
    let scene = Scene::set().await;
    let held = scene.front.hold_back(THE_WRITE);
    let (first, second) = (acceptance("t1", 1), acceptance("t2", 1));
    let (late, settled) = tokio::join!(
        scene.slow.record_acceptance(scene.job, &first, SECOND),
        held.meanwhile(scene.quick.record_acceptance(scene.job, &second, SECOND)),
    );
    assert_eq!(settled.unwrap(), LateAcceptance::Settled);
    let LateAcceptance::Orphan(orphan) = late.unwrap() else { panic!("the later answer is a charge of its own") };
    for (job, task) in [(scene.job, "t2"), (orphan, "t1")] {
        let kept = scene.quick.job(job).await.unwrap().unwrap().job;
        assert_eq!(kept.stage.task().map(|task| task.id.as_str()), Some(task));
    }
}

#[tokio::test]
async fn a_person_who_says_not_bought_while_the_answer_comes_is_refused() {
    let scene = Scene::set().await;
    let held = scene.front.hold_back(THE_WRITE);
    let (task, not_bought) = (acceptance("t1", 1), Event::Resolved { resolution: Resolution::NotBought });
    let (edited, settled) = tokio::join!(
        scene.slow.apply_event(scene.job, not_bought),
        held.meanwhile(scene.quick.record_acceptance(scene.job, &task, SECOND)),
    );
    assert_eq!(settled.unwrap(), LateAcceptance::Settled);
    assert!(matches!(edited.unwrap(), Edited::Refused(_)));
    assert_eq!(scene.status().await, Status::Running);
}

#[tokio::test]
async fn an_answer_that_comes_while_a_person_says_not_bought_is_adopted() {
    let scene = Scene::set().await;
    let held = scene.front.hold_back(THE_WRITE);
    let (task, not_bought) = (acceptance("t1", 1), Event::Resolved { resolution: Resolution::NotBought });
    let (late, edited) = tokio::join!(
        scene.slow.record_acceptance(scene.job, &task, SECOND),
        held.meanwhile(scene.quick.apply_event(scene.job, not_bought)),
    );
    assert_eq!(edited.unwrap(), Edited::Done);
    assert_eq!(late.unwrap(), LateAcceptance::Settled);
    assert_eq!(scene.status().await, Status::Running, "it is not bought again");
}
