//! Claims: one call gives the leases, or says when to ask again.

use std::{sync::Arc, time::Duration};

use super::{
    caller::{Caller, Reply},
    change::{self, millis},
    codec::{Packer, Unpacker},
    edit,
    header::Header,
    idempotency_tokens::IdempotencyTokens,
    lines,
    record::{Record, read_job},
    unreadable::{self, Damaged},
};
use reelq_store::{Claim, ClaimStage, Claimed, Lease, Result};

script!(
    CLAIM,
    "claim",
    [
        "job_keys", "record", "line", "later", "save", "books", "queues", "leases", "queued", "hand", "journals",
        "tokens", "money", "full"
    ]
);
script!(TAKE, "take", ["job_keys", "later", "record", "line", "queued", "hand", "tokens"]);

pub(super) async fn claim(caller: &Caller, marks: &IdempotencyTokens, claim: &Claim) -> Result<Claimed> {
    let Claim { stage, account, worker, batch, only_open, .. } = claim;
    let request = format!("claim {stage:?} {account} {worker} {batch:?} {only_open}");
    let (mark, is_repeat) = marks.mark_or_repeat(&request);
    // A claim that is repeated may have been given its leases already: that is judged with everything else.
    let is_plain = *stage != ClaimStage::Submit && claim.except.is_empty() && !is_repeat;
    match ask(caller, claim, &mark, is_plain).await {
        Ok((reply, flags)) => read(caller, claim, &reply, flags).await,
        Err(error) => {
            if error.is_transient() {
                marks.keep(request, mark);
            }
            Err(error)
        }
    }
}
/// Where nothing may stand in the way, the script that judges little goes first.
async fn ask(caller: &Caller, claim: &Claim, mark: &str, is_plain: bool) -> Result<(Reply, usize)> {
    let arguments = pack(claim, mark);
    if is_plain {
        let reply = caller.call(&TAKE, &arguments).await?;
        if reply.unpack().flag()? {
            return Ok((reply, 1));
        }
    }
    Ok((caller.call(&CLAIM, &arguments).await?, 0))
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

/// Reads an answer from behind so many flags.
async fn read(caller: &Caller, claim: &Claim, reply: &Reply, flags: usize) -> Result<Claimed> {
    let mut unpacker = reply.unpack();
    for _ in 0..flags {
        unpacker.flag()?;
    }
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
            Ok((lease, header)) => {
                caller.held.note(lease.job.id, header);
                leases.push(lease);
            }
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
fn lease(
    unpacker: &mut Unpacker<'_>,
    claim: &Claim,
    reply: &Reply,
) -> Result<std::result::Result<(Lease, Header), Damaged>> {
    unpacker.list()?;
    let (record, cancel_requested) = (unpacker.bytes()?, unpacker.flag()?);
    let id = change::read_id(unpacker)?;
    let line = lines::leased_line(unpacker.bytes()?);
    let read = Header::read(&mut Unpacker::new(record));
    let (header, json) = match read {
        Ok(read) => read,
        Err(error) => {
            let version = Record::version_of(record).unwrap_or_default();
            return Ok(Err(Damaged { job: id, version, error }));
        }
    };
    Ok(match read_job(json) {
        Ok(job) => {
            let lease = Lease {
                job: Arc::new(job),
                version: header.version,
                worker: claim.worker.clone(),
                granted_at: reply.now,
                lasts: claim.lease,
                cancel_requested,
                line,
            };
            Ok((lease, header))
        }
        Err(error) => Err(Damaged { job: id, version: header.version, error }),
    })
}
