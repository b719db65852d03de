//! Reports that the server's memory is full: when that begins, now and then while it lasts, and when it is over.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often it is reported at most.
const REMIND: Duration = Duration::from_secs(30);

/// Whether the server was full when it was last asked.
#[derive(Debug, Default)]
pub(super) struct Fullness(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_full: bool,
    reported: Option<Duration>,
}

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Full,
    RoomAgain,
}

impl Fullness {
    /// Takes the server's word at `now`, and reports it.
    pub(super) fn see(&self, is_full: bool, now: Duration) {
        match self.word(is_full, now) {
            Some(Word::Full) => tracing::warn!(
                "the store is out of memory: nothing new is bought until there is room, and what was paid for goes on; \
                 raise `maxmemory` or purge finished batches"
            ),
            Some(Word::RoomAgain) => tracing::warn!("the store has room again"),
            None => {}
        }
    }

    fn word(&self, is_full: bool, now: Duration) -> Option<Word> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let was_full = std::mem::replace(&mut state.is_full, is_full);
        let is_recent = state.reported.is_some_and(|at| now.saturating_sub(at) < REMIND);
        match (was_full, is_full) {
            (_, true) if !is_recent => {
                state.reported = Some(now);
                Some(Word::Full)
            }
            // A server at the brink is full and not in turn.
            (true, false) if state.reported.is_some() => Some(Word::RoomAgain),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_reported_when_it_begins_now_and_then_and_when_it_is_over() {
        let fullness = Fullness::default();
        let said: Vec<_> = [(false, 0), (true, 1), (true, 2), (true, 31), (false, 32), (false, 33), (true, 34)]
            .map(|(is_full, second)| fullness.word(is_full, Duration::from_secs(second)))
            .into();
        let (full, room) = (Some(Word::Full), Some(Word::RoomAgain));
        assert_eq!(said, [None, full, None, full, room, None, None]);
    }
}
