//! What a process works with: which stages, and how many jobs at once in each.

use std::{collections::BTreeMap, num::NonZeroUsize, str::FromStr};

use reelq_store::ClaimStage;

/// The stages by the names that people use.
pub const STAGES: [(&str, ClaimStage); 3] =
    [("submit", ClaimStage::Submit), ("poll", ClaimStage::Poll), ("collect", ClaimStage::Collect)];

/// A stage as people name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageName(pub ClaimStage);

impl FromStr for StageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = STAGES.into_iter().find(|(name, _)| *name == text.trim());
        found.map(|(_, stage)| Self(stage)).ok_or_else(|| format!("`{text}` must be submit, poll or collect"))
    }
}

/// How many jobs at once, in each stage of each account; what is not said is left to the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotCounts {
    all: Option<NonZeroUsize>,
    by_stage: BTreeMap<ClaimStage, NonZeroUsize>,
}

impl FromStr for SlotCounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut counts = Self::default();
        for part in text.split(',') {
            match part.split_once('=') {
                Some((stage, number)) => {
                    counts.by_stage.insert(stage.parse::<StageName>()?.0, slots(number)?);
                }
                None => counts.all = Some(slots(part)?),
            }
        }
        Ok(counts)
    }
}

fn slots(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.trim().parse::<NonZeroUsize>().ok().filter(|number| number.get() <= 1_000);
    number.ok_or_else(|| format!("`{text}` must be a number from 1 to 1000, or submit=N,poll=N,collect=N"))
}

/// What a process works with.
#[derive(Debug, Clone)]
pub struct Concurrency {
    stages: Vec<ClaimStage>,
    slots: SlotCounts,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self::new(&[], SlotCounts::default())
    }
}

impl Concurrency {
    /// These stages; all of them where none is named.
    pub fn new(stages: &[StageName], slots: SlotCounts) -> Self {
        let all = || STAGES.map(|(_, stage)| stage).to_vec();
        let stages = if stages.is_empty() { all() } else { stages.iter().map(|stage| stage.0).collect() };
        Self { stages, slots }
    }

    /// Whether it works on this stage.
    pub fn has(&self, stage: ClaimStage) -> bool {
        self.stages.contains(&stage)
    }

    /// The slots of a stage, `usual` where nothing is said.
    pub fn slots(&self, stage: ClaimStage, usual: NonZeroUsize) -> NonZeroUsize {
        self.slots.by_stage.get(&stage).copied().or(self.slots.all).unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_one_number_or_one_a_stage() {
        let usual = NonZeroUsize::new(7).unwrap();
        let of = |text: &str, stage| Concurrency::new(&[], text.parse().unwrap()).slots(stage, usual).get();
        assert_eq!([of("4", ClaimStage::Submit), of("4", ClaimStage::Poll)], [4, 4]);
        let apart = "submit=4, poll=8";
        let found = [ClaimStage::Submit, ClaimStage::Poll, ClaimStage::Collect].map(|stage| of(apart, stage));
        assert_eq!(found, [4, 8, 7]);
        for wrong in ["", "0", "many", "buy=3", "submit=", "poll=2000"] {
            assert!(wrong.parse::<SlotCounts>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn stages_are_all_unless_some_are_named() {
        assert!(Concurrency::default().has(ClaimStage::Submit));
        let poller = Concurrency::new(&["poll".parse().unwrap()], SlotCounts::default());
        assert!(poller.has(ClaimStage::Poll) && !poller.has(ClaimStage::Submit));
    }
}
