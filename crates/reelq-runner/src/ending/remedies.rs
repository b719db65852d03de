//! What to do about rows that failed: for each kind of failure, and for what was paid for them.
//!
//! No remedy buys what may have been bought: where a paid task may still yield its clip, the command looks and fetches.

use std::collections::BTreeMap;

use reelq_console::grouped;
use reelq_model::{FailureKind, Timestamp};
use reelq_store::JobView;

use crate::paid::Paid;

/// Failed rows of one kind, for which the same was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remedy {
    kind: FailureKind,
    paid: Paid,
    rows: u64,
}

impl Remedy {
    /// The rows among `failed`, all of which are of `kind`, by what was paid for them.
    pub(crate) fn of(kind: FailureKind, failed: &[JobView], now: Timestamp) -> Vec<Self> {
        let mut rows = BTreeMap::new();
        for view in failed.iter().filter(|view| view.line.is_some() && !view.is_unreadable()) {
            // A row that must change is changed, whatever the refusal cost.
            let paid = if must_change(kind) { Paid::Nothing } else { Paid::of(&view.job, now) };
            *rows.entry(paid).or_insert(0) += 1;
        }
        rows.into_iter().map(|(paid, rows)| Self { kind, paid, rows }).collect()
    }

    /// What became of the rows, and the command that does something about it.
    pub(crate) fn told(&self, batch: &str, flags: &str) -> String {
        format!("! {} {}\n    {}", grouped(self.rows), self.what(), self.next(batch, flags))
    }

    fn what(&self) -> String {
        let failed = match self.kind {
            FailureKind::Content => "refused by moderation",
            FailureKind::Invalid => "refused as invalid",
            FailureKind::Transient => "failed for a passing reason",
            FailureKind::Provider => "failed at the provider",
            FailureKind::Expired => "lost at the provider",
            FailureKind::Output => "bought but not saved",
            FailureKind::GivenUp => "given up",
        };
        let paid = match self.paid {
            _ if must_change(self.kind) || self.kind == FailureKind::Output => "",
            Paid::Nothing => "; nothing was paid",
            Paid::Unknown => "; they may have been bought",
            Paid::Task => "; their tasks are paid for, and may still have their clips",
            Paid::Clip => "; their clips are paid for, and the provider may still have them",
        };
        format!("{failed}{paid}")
    }

    fn next(&self, batch: &str, flags: &str) -> String {
        let kind = self.kind;
        match self.paid {
            _ if must_change(kind) => {
                format!("change them: reelq results {batch} --failed --kind {kind} --as manifest{flags}")
            }
            Paid::Nothing => format!("buy them: reelq retry {batch} --kind {kind} --uncharged{flags}"),
            Paid::Unknown => format!("what each may have cost: reelq results {batch} --failed --kind {kind}{flags}"),
            Paid::Task => {
                format!("look at them again, free of charge: reelq retry {batch} --kind {kind} --look{flags}")
            }
            Paid::Clip => format!("fetch them, free of charge: reelq retry {batch} --kind {kind} --look{flags}"),
        }
    }
}

/// The same request would only be refused again.
const fn must_change(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Content | FailureKind::Invalid)
}

#[cfg(test)]
mod tests {
    use reelq_model::{Job, Settlement};
    use reelq_store::Line;

    use super::*;
    use crate::samples::{NOW, failed, fetching, given_up, lost, rejected, running, submitting};

    fn hints(kind: FailureKind, jobs: impl IntoIterator<Item = Job>) -> Vec<String> {
        let line = Line { row: 1, copy: 1, label: None, passthrough: BTreeMap::new() };
        let view = |job| JobView {
            job,
            line: Some(line.clone()),
            due: None,
            worker: None,
            cancel_requested: false,
            parked: false,
            unread: None,
        };
        let views: Vec<_> = jobs.into_iter().map(view).collect();
        Remedy::of(kind, &views, NOW).iter().map(|remedy| remedy.told("set", " --simulate")).collect()
    }

    /// Every failure that can be, with every fate of its money.
    fn every_hint() -> Vec<String> {
        let mut all = Vec::new();
        for kind in FailureKind::ALL {
            let ends = [Settlement::Charged, Settlement::Refunded].map(|settlement| failed(kind, settlement));
            all.extend(hints(kind, ends.into_iter().chain([rejected(kind), lost(kind)])));
        }
        all.extend(hints(FailureKind::GivenUp, [submitting(), running(), fetching()].map(|job| given_up(&job))));
        all
    }

    #[test]
    fn hints_of_every_failure_are_these() {
        insta::assert_snapshot!("hints", every_hint().join("\n"));
    }

    #[test]
    fn only_what_cost_nothing_is_advised_to_be_bought_and_by_a_command_that_takes_nothing_else() {
        for hint in every_hint() {
            let retries = hint.contains("reelq retry");
            let free = hint.contains(" --look") && hint.contains("free of charge");
            let unpaid = hint.contains(" --uncharged") && hint.contains("nothing was paid");
            assert!(!retries || free != unpaid, "{hint}");
            assert!(!hint.contains("buy them") || unpaid, "{hint}");
        }
    }

    #[test]
    fn lost_tasks_and_given_up_ones_are_looked_at_and_never_bought() {
        let lost = hints(
            FailureKind::Expired,
            [lost(FailureKind::Expired), failed(FailureKind::Expired, Settlement::Charged)],
        );
        let all = [lost, hints(FailureKind::GivenUp, [given_up(&running()), given_up(&fetching())])].concat();
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|hint| hint.contains("--look")), "{all:?}");
    }

    #[test]
    fn a_manifest_of_rows_to_change_holds_only_those() {
        let hint = hints(FailureKind::Content, [failed(FailureKind::Content, Settlement::Charged)]);
        assert!(hint[0].ends_with("reelq results set --failed --kind content --as manifest --simulate"), "{hint:?}");
    }
}
