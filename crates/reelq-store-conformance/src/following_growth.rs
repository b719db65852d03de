//! Claims, and the verbs of tasks that stay with their worker, for a count of what each costs.

use super::{
    Kit,
    growth::{BIG, SMALL},
    kit::{LEASE, SECOND, account, batch, running, worker},
};
use reelq_store::{Claim, ClaimStage, Commit, Committed, Lease};

/// One of the claims of a stage: of any batch, of the small one, and of all but the large one.
pub(crate) fn claims_of(kit: &Kit<'_>, stage: ClaimStage) -> [(&'static str, Claim); 3] {
    let any = kit.claim_of(stage, 3);
    [
        ("of any batch", any.clone()),
        ("of one batch", Claim { batch: Some(batch(SMALL)), ..any.clone() }),
        ("but for a batch", Claim { except: vec![batch(BIG)], ..any }),
    ]
}

/// Two workers begin to follow tasks.
pub(crate) async fn begin(kit: &Kit<'_>, done: &mut impl FnMut(&str)) {
    for worker in [&kit.me, &worker("w3")] {
        kit.store.keep_following(worker, LEASE).await.unwrap();
    }
    done("keep_following");
}

/// Follows a task beside `many` others, and gives them back.
pub(crate) async fn each_verb(kit: &Kit<'_>, many: &[Lease], lease: &Lease, done: &mut impl FnMut(&str)) {
    let follow = |lease: &Lease| {
        let lease = Lease { lasts: Lease::FOLLOWED, ..lease.clone() };
        Commit { lease, event: running("busy", SECOND), keep: true }
    };
    let mut followed = Vec::new();
    for answer in kit.store.commit(&many.iter().map(follow).collect::<Vec<_>>()).await.unwrap() {
        followed.extend(if let Committed::Done(lease) = answer { lease } else { None });
    }
    done("");
    kit.store.commit(&[follow(lease)]).await.unwrap();
    done("commit that follows");
    kit.store.poll_tokens(&account("acct"), 3).await.unwrap();
    done("poll_tokens");
    kit.store.claim(&kit.claim_of(ClaimStage::Poll, 1)).await.unwrap();
    done("claim beside those that follow");
    kit.store.keep_following(&kit.me, LEASE).await.unwrap();
    done("keep_following");
    kit.store.release(&followed).await.unwrap();
    done("");
}
