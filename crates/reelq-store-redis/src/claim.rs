//! Claims: one call gives the leases, or says when to ask again.

use std::{sync::Arc, time::Duration};

use reelq_model::{Job, JobId};

use super::{
    asked::Asked,
    caller::{Caller, Reply},
    change::{self, Token, millis},
    codec::{Packer, Unpacker},
    edit,
    header::Header,
    held::{self, Hold},
    idempotency_tokens::IdempotencyTokens,
    kinds, lines,
    record::read_job,
    unreadable::{self, Damaged},
};
use reelq_redis_link::LuaScript;
use reelq_store::{Claim, ClaimStage, Claimed, Error, Lease, Result};

script!(
    CLAIM,
    "claim",
    [
        "job_keys", "record", "line", "writes", "later", "save", "books", "queues", "leases", "queued", "hand",
        "fresh", "journals", "tokens", "money", "pauses", "full", "shop"
    ]
);
script!(
    BUY,
    "buy",
    [
        "job_keys", "record", "line", "writes", "queued", "hand", "fresh", "journals", "tokens", "money", "pauses",
        "full", "shop"
    ]
);
script!(TAKE, "take", ["job_keys", "writes", "line", "queued", "hand", "tokens"]);

pub(super) async fn claim(caller: &Caller, marks: &IdempotencyTokens, claim: &Claim) -> Result<Claimed> {
    let Claim { stage, account, worker, batch, only_open, .. } = claim;
    let request = format!("claim {stage:?} {account} {worker} {batch:?} {only_open}");
    let (mark, is_repeat) = marks.mark_or_repeat(&request);
    // A claim that is repeated may have been given its leases already: that is judged with everything else.
    let plain = match stage {
        _ if is_repeat || !caller.takes_short_ways => None,
        ClaimStage::Submit => Some(&BUY),
        ClaimStage::Poll | ClaimStage::Collect => claim.except.is_empty().then_some(&TAKE),
    };
    let claimed = ask(caller, claim, &mark, plain).await;
    if claimed.as_ref().is_err_and(Error::is_transient) {
        marks.keep(request, mark);
    }
    claimed
}

/// Where nothing may stand in the way, the script that judges little goes first.
async fn ask(caller: &Caller, claim: &Claim, mark: &str, plain: Option<&'static LuaScript>) -> Result<Claimed> {
    let token = change::token(&[b"claim", mark.as_bytes()]);
    let arguments = pack(claim, mark, token);
    if let Some(script) = plain {
        let reply = caller.call(script, &arguments).await?;
        let mut unpacker = reply.unpack();
        if unpacker.flag()? {
            return read(caller, claim, &reply, unpacker, token).await;
        }
    }
    let reply = caller.call(&CLAIM, &arguments).await?;
    read(caller, claim, &reply, reply.unpack(), token).await
}

fn pack(claim: &Claim, mark: &str, token: Token) -> Vec<u8> {
    let stage = match claim.stage {
        ClaimStage::Submit => 1,
        ClaimStage::Poll => 2,
        ClaimStage::Collect => 3,
    };
    let mut packer = Packer::new();
    packer
        .list(10)
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
    packer.int(i64::from(claim.only_open)).bytes(&token).finish()
}

/// One script call never gives more leases, however many are asked for.
const LIMIT_MAX: u64 = 1000;

/// Reads an answer, and with it what was asked for with each job.
async fn read(
    caller: &Caller,
    claim: &Claim,
    reply: &Reply,
    mut unpacker: Unpacker<'_>,
    token: Token,
) -> Result<Claimed> {
    let account = unpacker.int()?;
    let ids = unpacker.each(change::read_id)?;
    if reply.beside.len() != ids.len() {
        return Err(Error::broken("a claim answers a state for each job"));
    }
    let lines = unpacker.each(|unpacker| unpacker.bytes().map(lines::leased_line))?;
    let retry_in = u64::try_from(unpacker.int()?).ok().map(Duration::from_millis);
    let until_day_ends = unpacker.flag()?;
    let withdrawn = unpacker.each(change::read_id)?;
    let (limits_missing, is_full) = (unpacker.flag()?, unpacker.flag()?);
    let roster = reply.epoch.roster;
    if claim.stage == ClaimStage::Submit {
        caller.fullness.see(is_full, caller.link.clock().monotonic());
    }
    edit::withdraw(caller, &withdrawn).await?;
    let asked = kinds::asked(caller, &ids).await?;
    let (mut leases, mut damaged) = (Vec::new(), Vec::new());
    let mut lines = lines.into_iter();
    for ((id, state), asked) in ids.into_iter().zip(&reply.beside).zip(asked) {
        let line = lines.next().flatten();
        match job(id, state, asked, account) {
            Ok((job, header)) => {
                leases.push(Lease {
                    job: Arc::new(job),
                    version: header.version + 1,
                    worker: claim.worker.clone(),
                    granted_at: reply.now,
                    lasts: claim.lease,
                    cancel_requested: header.cancel_is_requested(),
                    line,
                });
                caller.held.note(id, Hold { header, holder: held::holder(token, &claim.worker) });
            }
            Err((version, error)) => damaged.push(Damaged { job: id, version, error }),
        }
    }
    if !damaged.is_empty() {
        unreadable::set_aside(caller, &damaged).await?;
        // What was passed over stood before others, which the next claim brings.
        return Ok(Claimed { leases, retry_in: Some(Duration::ZERO), roster, ..Claimed::default() });
    }
    Ok(Claimed { leases, retry_in, until_day_ends, limits_missing, roster })
}

/// The job and its head; or its version, as far as that is known, and why it cannot be read: it is handed to no one.
fn job(id: JobId, state: &[u8], found: kinds::Found, account: i64) -> std::result::Result<(Job, Header), (u64, Error)> {
    let read = if state.is_empty() { None } else { Some(Header::read(state).map_err(|error| (0, error))?) };
    let version = read.as_ref().map_or(1, |(header, _)| header.version) + 1;
    let fails = |error| (version, error);
    let (asked, kind) = found.ok_or_else(|| fails(Error::broken("what was asked for is gone")))?;
    let asked = Asked::read(&asked).map_err(fails)?;
    let kind = kind.ok_or_else(|| fails(Error::broken("its kind is gone")))?;
    Ok(match read {
        None => (asked.job(id, &kind).map_err(fails)?, Header::as_loaded(&asked, &kind, account)),
        Some((header, state)) => (read_job(id, &asked, &kind, state).map_err(fails)?, header),
    })
}
