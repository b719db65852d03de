//! Claims: one call gives the leases, or says when to ask again.

use std::{sync::Arc, time::Duration};

use super::{
    caller::{Caller, Reply},
    change::{self, millis},
    codec::{Packer, Unpacker},
    edit,
    idempotency_tokens::IdempotencyTokens,
    load,
    record::read_job,
    unreadable::{self, Damaged},
};
use reelq_store::{Claim, ClaimStage, Claimed, Lease, Result};

script!(
    CLAIM,
    "claim",
    ["job_keys", "record", "line", "later", "books", "queues", "leases", "journals", "tokens", "money", "full"]
);

pub(super) async fn claim(caller: &Caller, marks: &IdempotencyTokens, claim: &Claim) -> Result<Claimed> {
    let Claim { stage, account, worker, batch, only_open, .. } = claim;
    let request = format!("claim {stage:?} {account} {worker} {batch:?} {only_open}");
    let mark = marks.mark(&request);
    match caller.call(&CLAIM, &pack(claim, &mark)).await {
        Ok(reply) => read(caller, claim, &reply).await,
        Err(error) => {
            if error.is_transient() {
                marks.keep(request, mark);
            }
            Err(error)
        }
    }
}

fn pack(claim: &Claim, mark: &str) -> Vec<u8> {
    let stage = match claim.stage {
        ClaimStage::Submit => 1,
        ClaimStage::Poll => 2,
        ClaimStage::Collect => 3,
    };
    let mut packer = Packer::new();
    packer
        .list(9)
        .int(stage)
        .text(claim.account.as_str())
        .count(u64::try_from(claim.limit).unwrap_or(u64::MAX).min(LIMIT_MAX))
        .text(claim.worker.as_str())
        .int(millis(claim.lease))
        .text(claim.batch.as_ref().map_or("", |batch| batch.as_str()))
        .text(mark)
        .list(claim.except.len());
    for batch in &claim.except {
        packer.text(batch.as_str());
    }
    packer.int(i64::from(claim.only_open)).finish()
}

/// One script call never gives more leases, however many are asked for.
const LIMIT_MAX: u64 = 1000;

async fn read(caller: &Caller, claim: &Claim, reply: &Reply) -> Result<Claimed> {
    let mut unpacker = reply.unpack();
    let given = unpacker.each(|unpacker| lease(unpacker, claim, reply))?;
    let retry_in = u64::try_from(unpacker.int()?).ok().map(Duration::from_millis);
    let until_day_ends = unpacker.flag()?;
    let withdrawn = unpacker.each(change::read_id)?;
    let (limits_missing, is_full) = (unpacker.flag()?, unpacker.flag()?);
    let roster = reply.epoch.roster;
    if claim.stage == ClaimStage::Submit {
        caller.fullness.see(is_full, caller.link.clock().monotonic());
    }
    edit::withdraw(caller, &withdrawn).await?;
    let (mut leases, mut damaged) = (Vec::new(), Vec::new());
    for given in given {
        match given {
            Ok(lease) => leases.push(lease),
            Err(unread) => damaged.push(unread),
        }
    }
    if !damaged.is_empty() {
        unreadable::set_aside(caller, &damaged).await?;
        // What was passed over stood before others, which the next claim brings.
        return Ok(Claimed { leases, retry_in: Some(Duration::ZERO), roster, ..Claimed::default() });
    }
    Ok(Claimed { leases, retry_in, until_day_ends, limits_missing, roster })
}

/// The lease, or what is to be set aside because the job cannot be read: it is handed to no one.
fn lease(unpacker: &mut Unpacker<'_>, claim: &Claim, reply: &Reply) -> Result<std::result::Result<Lease, Damaged>> {
    unpacker.list()?;
    let (version, cancel_requested) = (unpacker.count()?, unpacker.flag()?);
    let (job, id) = (read_job(unpacker.bytes()?), change::read_id(unpacker)?);
    let line = load::leased_line(unpacker.bytes()?);
    Ok(match job {
        Ok(job) => Ok(Lease {
            job: Arc::new(job),
            version,
            worker: claim.worker.clone(),
            granted_at: reply.now,
            lasts: claim.lease,
            cancel_requested,
            line,
        }),
        Err(error) => Err(Damaged { job: id, version, error }),
    })
}
