//! The claim: takes due jobs in hand, as far as pauses, tokens, caps and budgets allow.

use reelq_model::BatchName;
use rusqlite::OptionalExtension as _;

use super::{
    account::{self},
    claim_due, claim_ready,
    claim_scope::ClaimScope,
    rescue, restored,
    tx::Tx,
};
use crate::error::Result;
use reelq_store::rules::pauses;
use reelq_store::{Claim, ClaimStage, Claimed};

pub(super) fn claim(tx: &Tx<'_>, claim: &Claim) -> Result<Claimed> {
    rescue::expired(tx)?;
    let found = account::find(tx.conn, &claim.account)?;
    // Who has it in its configuration has its limits, its budgets and its cap: nothing is bought without them.
    let limits = found.as_ref().and_then(|account| account.limits);
    if claim.stage == ClaimStage::Submit && limits.is_none() {
        return Ok(Claimed { limits_missing: true, ..Claimed::default() });
    }
    let Some(account) = found else { return Ok(Claimed::default()) };
    let batch = match &claim.batch {
        None => None,
        Some(name) => match batch_id(tx, name)? {
            None => return Ok(Claimed::default()),
            found => found,
        },
    };
    let mut except = Vec::new();
    for name in &claim.except {
        except.extend(batch_id(tx, name)?);
    }
    let scope = ClaimScope { tx, claim, account, batch, except };
    // What was bought since a backup was taken is not known here: a person says when buying may go on.
    let is_held = claim.stage == ClaimStage::Submit && restored::taken_at(tx.conn)?.is_some();
    if claim.limit == 0 || is_held {
        return Ok(Claimed::default());
    }
    let standing = account::pauses(tx.conn, scope.account.id, tx.now)?;
    if let Some(held) = pauses::held(claim.stage, standing, tx.now, || claim_due::next_poll(&scope))? {
        return Ok(held);
    }
    match claim.stage {
        ClaimStage::Submit => claim_ready::submit(&scope),
        ClaimStage::Poll => claim_due::poll(&scope),
        ClaimStage::Collect => claim_due::collect(&scope),
    }
}

pub(super) fn batch_id(tx: &Tx<'_>, name: &BatchName) -> Result<Option<i64>> {
    let sql = "SELECT id FROM batches WHERE name = ?1";
    Ok(tx.conn.prepare_cached(sql)?.query_row([name.as_str()], |row| row.get(0)).optional()?)
}
