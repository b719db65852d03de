//! Shared syncs of folders: whoever waits while a folder is being synced is served by the next sync, all of them together.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// The syncs of a place's folders. One that ended well began after each call that it answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    folders: Arc<Mutex<HashMap<PathBuf, Arc<Turn>>>>,
}

#[derive(Debug, Default)]
struct Turn {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    begun: u64,
    done: u64,
    running: bool,
}

impl Turns {
    /// Syncs the folder with `sync`, or waits for somebody who does. Blocks.
    pub(super) fn sync(&self, folder: &Path, sync: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let turn = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(folders.entry(folder.to_owned()).or_default())
        };
        turn.take(|| sync(folder))
    }
}

impl Turn {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, sync: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state();
        // A sync that runs already may have passed by what this caller did.
        let needed = state.begun + 1;
        while state.done < needed {
            if state.running {
                state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            (state.running, state.begun) = (true, state.begun + 1);
            let mine = state.begun;
            drop(state);
            let outcome = sync();
            state = self.state();
            state.running = false;
            if outcome.is_ok() {
                state.done = mine;
            }
            self.ended.notify_all();
            // The others sync for themselves, and hear for themselves what is wrong.
            outcome?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    use super::*;

    #[test]
    fn callers_that_wait_share_one_sync_that_began_after_all_of_them() {
        let (turns, syncs) = (Turns::default(), AtomicUsize::new(0));
        let (begun, go_on) = (Barrier::new(2), Barrier::new(2));
        let folder = Path::new("out");
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                turns.sync(folder, |_| {
                    if syncs.fetch_add(1, Ordering::SeqCst) == 0 {
                        begun.wait();
                        go_on.wait();
                    }
                    Ok(())
                })
            });
            begun.wait();
            let count = |_: &Path| {
                syncs.fetch_add(1, Ordering::SeqCst);
                Ok(())
            };
            let turns = &turns;
            let waiting: Vec<_> = (0..4).map(|_| scope.spawn(move || turns.sync(folder, count))).collect();
            assert_eq!(syncs.load(Ordering::SeqCst), 1, "nobody syncs beside the first");
            go_on.wait();
            first.join().unwrap().unwrap();
            for caller in waiting {
                caller.join().unwrap().unwrap();
            }
        });
        assert!((2..=5).contains(&syncs.load(Ordering::SeqCst)), "what came later than the first needs another");
    }

    #[test]
    fn failed_sync_is_told_and_serves_nobody() {
        let turns = Turns::default();
        assert!(turns.sync(Path::new("out"), |_| Err(io::ErrorKind::StorageFull.into())).is_err());
        let synced = AtomicUsize::new(0);
        let sync = |_: &Path| {
            synced.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        turns.sync(Path::new("out"), sync).unwrap();
        assert_eq!(synced.load(Ordering::SeqCst), 1);
    }
}
