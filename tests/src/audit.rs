//! Holds a result manifest against the simulator's ledger.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use reelq_model::{Digest, Money, Settlement};
use reelq_sim::Ledger;

use crate::ResultRow;

/// A result manifest and the ledger that it must agree with.
#[derive(Debug)]
pub struct Audit<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The lines of `results.csv`.
    pub rows: &'a [ResultRow],
}

impl Audit<'_> {
    /// Every row and copy is there once, in the manifest's order.
    pub fn every_row_once_and_in_order(&self, rows: usize, copies: u32) {
        let wanted: Vec<_> = (1..=rows as u64).flat_map(|row| (1..=copies).map(move |copy| (row, copy))).collect();
        let found: Vec<_> = self.rows.iter().map(ResultRow::place).collect();
        assert_eq!(found, wanted, "each row and copy stands once and in order");
    }

    /// No more charges stand for a prompt at a provider than rows asked for it.
    pub fn nothing_is_bought_twice(&self) {
        let asked = count(self.rows.iter().map(|row| (row.get("provider").to_owned(), row.get("prompt").to_owned())));
        let charged = count(self.standing().map(|charge| (charge.provider.to_string(), charge.prompt.clone())));
        for (what, times) in charged {
            let wanted = asked.get(&what).copied().unwrap_or(0);
            assert!(times <= wanted, "{what:?} was asked for {wanted} times and bought {times} times");
        }
    }

    /// Every standing charge is the cost of the row that names its task, to the micro-dollar; a charge that no row names
    /// belongs to an unconfirmed row with the same prompt.
    pub fn every_charge_is_accounted_for(&self) {
        let by_task: BTreeMap<&str, &ResultRow> = self
            .rows
            .iter()
            .filter(|row| !row.get("remote_task").is_empty())
            .map(|row| (row.get("remote_task"), row))
            .collect();
        let mut loose = BTreeMap::<(String, String), usize>::new();
        for charge in self.standing() {
            match by_task.get(charge.task.as_str()) {
                Some(row) => assert_eq!(row.cost(), Some(charge.amount), "cost of task {} in {row:?}", charge.task),
                None => *loose.entry((charge.provider.to_string(), charge.prompt.clone())).or_default() += 1,
            }
        }
        let unconfirmed = self.rows.iter().filter(|row| row.get("status") == "unconfirmed");
        let unconfirmed = count(unconfirmed.map(|row| (row.get("provider").to_owned(), row.get("prompt").to_owned())));
        for (what, times) in loose {
            let open = unconfirmed.get(&what).copied().unwrap_or(0);
            assert!(times <= open, "{times} charges for {what:?} are named by no row, and {open} rows are unconfirmed");
        }
        self.no_cost_is_invented();
    }

    fn no_cost_is_invented(&self) {
        let standing: BTreeMap<&str, Money> =
            self.standing().map(|charge| (charge.task.as_str(), charge.amount)).collect();
        for row in self.rows {
            let charged = standing.get(row.get("remote_task")).copied().unwrap_or(Money::ZERO);
            assert_eq!(row.cost().unwrap_or(charged), charged, "cost of {row:?}");
        }
    }

    /// Every clip that a vendor made and charged for is on disk under `output`, as the row that names its task says;
    /// where no one could be told of the task, its row is unconfirmed.
    pub fn every_clip_is_on_disk(&self, output: &Path) {
        let by_task: BTreeMap<&str, &ResultRow> = self.rows.iter().map(|row| (row.get("remote_task"), row)).collect();
        for charge in self.standing().filter(|charge| charge.has_output) {
            let Some(row) = by_task.get(charge.task.as_str()) else {
                let open = |row: &&ResultRow| row.get("status") == "unconfirmed" && row.get("prompt") == charge.prompt;
                assert!(self.rows.iter().any(|row| open(&row)), "task {} is named by no row", charge.task);
                continue;
            };
            assert_eq!(row.get("status"), "succeeded", "task {} has a clip: {row:?}", charge.task);
            let bytes = std::fs::read(output.join(row.get("file"))).expect("the file of a row that succeeded is there");
            assert_eq!(Digest::of(&bytes).to_string(), row.get("sha256"), "{row:?}");
            let is_its_own = bytes.windows(charge.task.len()).any(|part| part == charge.task.as_bytes());
            assert!(is_its_own, "the file of {row:?} is the clip of another task");
        }
    }

    /// The statuses that occur.
    pub fn statuses(&self) -> BTreeSet<&str> {
        self.rows.iter().map(|row| row.get("status")).collect()
    }

    fn standing(&self) -> impl Iterator<Item = &reelq_sim::SimCharge> {
        self.ledger.charges.iter().filter(|charge| charge.settlement != Settlement::Refunded)
    }
}

fn count<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    items.fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}
