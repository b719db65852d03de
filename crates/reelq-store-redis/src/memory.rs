//! What this process knows of its namespace: sent with every call, and compared with every answer.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::codec::Packer;
use reelq_store::Remembered;

/// The format of namespaces that this version reads and writes. 1 had no guard, 2 each record in one key, 3 no
/// task that stays with its worker.
pub(super) const FORMAT: u32 = 4;
/// Generations that are over are known again for as long as an answer of theirs may be under way.
const PAST: usize = 16;

/// What an answer says of the namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Epoch {
    pub(super) identity: String,
    pub(super) generation: String,
    pub(super) counter: u64,
    /// How many folders have joined.
    pub(super) roster: u64,
    /// How many generations there were: answers do not come in the order in which they were given.
    pub(super) era: u64,
}

#[derive(Debug, Default)]
struct State {
    remembered: Remembered,
    generation: String,
    /// Of that generation.
    identity: String,
    era: u64,
    past: VecDeque<String>,
    /// How often the generation changed.
    changes: u64,
    /// The folder of this process's journal; empty where it has none.
    folder: String,
}

/// What this process knows.
#[derive(Debug)]
pub(super) struct Memory {
    state: Mutex<State>,
    nonce: u64,
    calls: AtomicU64,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), nonce: reelq_files::fresh::number(), calls: AtomicU64::new(0) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a script is handed of it; with format zero it is asked for the namespace's.
    pub(super) fn argument(&self, format: u32) -> Vec<u8> {
        // Also the repeat of a call whose answer was lost has a word of its own: the first may have used its.
        let fresh = format!("{:016x}{:x}", self.nonce, self.calls.fetch_add(1, Ordering::Relaxed));
        let state = self.state();
        let Remembered { identity, counter } = &state.remembered;
        let mut packer = Packer::new();
        packer.list(7).int(i64::from(format)).text(identity).count(*counter).text(&state.folder).text(&fresh);
        if *identity == state.identity {
            packer.count(state.era).text(&state.generation);
        } else {
            packer.count(0).text("");
        }
        packer.finish()
    }

    /// Takes an answer's word in. `false`: it comes from a server of the past, and counts for nothing.
    #[must_use]
    pub(super) fn hear(&self, heard: &Epoch) -> bool {
        let mut state = self.state();
        if heard.identity.is_empty() && !state.generation.is_empty() {
            // Emptied, and no one has written since: another life begins with the next write.
            return true;
        }
        let is_earlier = heard.identity == state.identity && heard.era < state.era;
        if is_earlier || state.past.contains(&heard.generation) {
            return false;
        }
        if heard.generation != state.generation {
            state.identity.clone_from(&heard.identity);
            state.era = heard.era;
            let past = std::mem::replace(&mut state.generation, heard.generation.clone());
            if !past.is_empty() {
                state.past.push_front(past);
                state.past.truncate(PAST);
                state.changes += 1;
            }
        }
        let buys = !state.folder.is_empty();
        let known = &mut state.remembered;
        if known.identity == heard.identity {
            known.counter = known.counter.max(heard.counter);
        } else if known.identity.is_empty() || !buys {
            *known = Remembered { identity: heard.identity.clone(), counter: heard.counter };
        }
        true
    }

    pub(super) fn changes(&self) -> u64 {
        self.state().changes
    }

    pub(super) fn remembered(&self) -> Remembered {
        self.state().remembered.clone()
    }

    /// From here on this process buys, with a journal in `folder`, which knows this.
    pub(super) fn remember(&self, folder: &str, told: &Remembered) {
        let mut state = self.state();
        folder.clone_into(&mut state.folder);
        if state.remembered.identity == told.identity {
            state.remembered.counter = state.remembered.counter.max(told.counter);
        }
    }

    /// The folder was reconciled with the namespace, which knows now what this process knew of an earlier life of it.
    pub(super) fn adopt(&self, heard: &Epoch) {
        let mut state = self.state();
        if state.remembered.identity != heard.identity {
            state.remembered = Remembered { identity: heard.identity.clone(), counter: heard.counter };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(identity: &str, generation: &str, counter: u64) -> Epoch {
        Epoch { identity: identity.to_owned(), generation: generation.to_owned(), counter, roster: 0, era: 0 }
    }

    fn remembered(identity: &str, counter: u64) -> Remembered {
        Remembered { identity: identity.to_owned(), counter }
    }

    #[test]
    fn an_answer_of_an_earlier_generation_counts_for_nothing() {
        let memory = Memory::new();
        assert!(memory.hear(&epoch("i", "g1", 5)) && memory.hear(&epoch("i", "g2", 6)));
        assert!(!memory.hear(&epoch("i", "g1", 9)));
        assert_eq!((memory.changes(), memory.remembered()), (1, remembered("i", 6)));
    }

    #[test]
    fn an_answer_that_is_overtaken_by_one_of_a_later_generation_counts_for_nothing() {
        let memory = Memory::new();
        let of_era = |generation, era| Epoch { era, ..epoch("i", generation, 5) };
        assert!(memory.hear(&of_era("g1", 1)) && memory.hear(&of_era("g3", 3)));
        assert!(!memory.hear(&of_era("g2", 2)), "it was never heard of, and is over");
        assert!(memory.hear(&of_era("g3", 3)), "the present one is still taken in");
        assert_eq!(memory.changes(), 1);
    }

    #[test]
    fn the_count_never_falls() {
        let memory = Memory::new();
        assert!(memory.hear(&epoch("i", "g1", 9)) && memory.hear(&epoch("i", "g1", 5)));
        assert_eq!(memory.remembered(), remembered("i", 9));
    }

    #[test]
    fn who_buys_takes_another_identity_only_after_telling_what_it_knows() {
        let memory = Memory::new();
        assert!(memory.hear(&epoch("i", "g1", 9)));
        memory.remember("folder", &remembered("i", 12));
        let other = epoch("j", "g2", 1);
        assert!(memory.hear(&other));
        assert_eq!(memory.remembered(), remembered("i", 12));
        memory.adopt(&other);
        assert_eq!(memory.remembered(), remembered("j", 1));
    }

    #[test]
    fn no_two_calls_have_the_same_fresh_word() {
        let memory = Memory::new();
        assert_ne!(memory.argument(FORMAT), memory.argument(FORMAT));
    }
}
