//! Facts that came without a valid lease: acceptances, and submissions that were forgotten. Recorded whatever the job has become.

use std::time::Duration;

use reelq_model::{Acceptance, JobId, Submission};

use super::{edit, follow, history::Actor, ledger::Ledger, row::Row, tx::Tx};
use crate::error::Result;
use reelq_store::{
    LateAcceptance, RestoredSubmission,
    transition::{self, LateStep, OrphanCharge},
};

/// Records an acceptance that came without a valid lease.
pub(super) fn record_acceptance(
    tx: &Tx<'_>,
    job: JobId,
    acceptance: &Acceptance,
    first_poll: Duration,
) -> Result<LateAcceptance> {
    let mut ledger = Ledger::default();
    let row = Row::known(tx.conn, job)?;
    let outcome = accept(tx, &mut ledger, &row, acceptance, first_poll, None)?;
    ledger.close(tx)?;
    tx.news.set(true);
    Ok(outcome)
}

/// Takes in a submission that was forgotten; whoever holds the job loses it.
pub(super) fn recall(tx: &Tx<'_>, job: JobId, submission: &Submission) -> Result<RestoredSubmission> {
    let before = Row::known(tx.conn, job)?;
    let change = match transition::restore_submission(tx.now, &before.stored(), submission) {
        Ok(Some(change)) => change,
        Ok(None) => return Ok(RestoredSubmission::Known),
        Err(illegal) => return Ok(RestoredSubmission::Refused(illegal)),
    };
    edit::save(tx, &before, change)?;
    Ok(RestoredSubmission::Restored)
}

/// Records an acceptance for a job as it stands now.
pub(super) fn accept(
    tx: &Tx<'_>,
    ledger: &mut Ledger,
    before: &Row,
    acceptance: &Acceptance,
    first_poll: Duration,
    actor: Actor<'_>,
) -> Result<LateAcceptance> {
    let orphan = before.job.id.orphan(acceptance.task.as_str());
    let is_known = !before.job.knows_task(&acceptance.task) && Row::by_id(tx.conn, orphan)?.is_some();
    let stored = before.stored();
    Ok(match transition::record_acceptance(tx.now, &stored, acceptance, first_poll, actor, is_known) {
        LateStep::Known => LateAcceptance::Known,
        LateStep::Settled(change) => {
            follow::note_taken(tx, before)?;
            before.change(tx, ledger, *change)?;
            LateAcceptance::Settled
        }
        LateStep::Orphan(charge) => {
            let OrphanCharge { id, record, parent } = *charge;
            Row::insert(tx.conn, before.batch, before.account, (*record.job).clone())?.begin(tx, ledger, record)?;
            before.change(tx, ledger, parent)?;
            LateAcceptance::Orphan(id)
        }
    })
}
