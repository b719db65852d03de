//! Coalesces the fsyncs of a folder: all who wait while one runs are served by the next one together.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// The syncs of a place's folders. One that ended well began after each call that it answers.
#[derive(Debug, Clone, Default)]
pub(super) struct FsyncCoalescer {
    folders: Arc<Mutex<HashMap<PathBuf, Arc<FolderSync>>>>,
}

#[derive(Debug, Default)]
struct FolderSync {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    begun: u64,
    done: u64,
    running: bool,
}

impl FsyncCoalescer {
    /// Syncs the folder with `sync`, or waits for another caller's sync. Blocks.
    pub(super) fn sync(&self, folder: &Path, sync: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let folder_sync = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(folders.entry(folder.to_owned()).or_default())
        };
        folder_sync.run(|| sync(folder))
    }
}

impl FolderSync {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, sync: impl Fn() -> io::Result<()>) -> io::Result<()> {
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
            // The others sync for themselves, and get their own error.
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
        let (fsyncs, syncs) = (FsyncCoalescer::default(), AtomicUsize::new(0));
        let (begun, go_on) = (Barrier::new(2), Barrier::new(2));
        let folder = Path::new("out");
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                fsyncs.sync(folder, |_| {
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
            let fsyncs = &fsyncs;
            let waiting: Vec<_> = (0..4).map(|_| scope.spawn(move || fsyncs.sync(folder, count))).collect();
            assert_eq!(syncs.load(Ordering::SeqCst), 1, "no one syncs beside the first");
            go_on.wait();
            first.join().unwrap().unwrap();
            for caller in waiting {
                caller.join().unwrap().unwrap();
            }
        });
        assert!((2..=5).contains(&syncs.load(Ordering::SeqCst)), "what came later than the first needs another");
    }

    #[test]
    fn failed_sync_is_reported_and_serves_no_one() {
        let fsyncs = FsyncCoalescer::default();
        assert!(fsyncs.sync(Path::new("out"), |_| Err(io::ErrorKind::StorageFull.into())).is_err());
        let synced = AtomicUsize::new(0);
        let sync = |_: &Path| {
            synced.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        fsyncs.sync(Path::new("out"), sync).unwrap();
        assert_eq!(synced.load(Ordering::SeqCst), 1);
    }
}
