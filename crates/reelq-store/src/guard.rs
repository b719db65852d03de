//! Whether a store may have forgotten something, and who has to be heard before anything new is bought.

use reelq_model::{JobId, Timestamp};

use crate::{AbsentJob, Absentees};

/// What a process was told of the life of its namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The namespace's own random identity; empty where none was told, as by a store that never forgets.
    pub identity: String,
    /// The highest count of commits that an answer held under that identity.
    pub counter: u64,
}

/// A folder of journals as its processes make it known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderDraft {
    /// The folder's random id, which lies in it.
    pub id: String,
    /// The machine's name.
    pub host: String,
    /// Where it lies there.
    pub path: String,
}

/// A folder of journals as the store knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderView {
    /// Who it is.
    pub folder: FolderDraft,
    /// When one of its processes was last heard, by the store's clock.
    pub seen_at: Timestamp,
    /// It was held against the present generation of the namespace.
    pub confirmed: bool,
    /// Jobs of its journals that the store does not know.
    pub absent: u64,
    /// It was read, and lacks lines of what the store forgot: only a person can say what becomes of that.
    pub is_short: bool,
    /// The namespace's roster when it joined.
    pub entered: u64,
}

/// The store's own word on what it may have forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreGuard {
    /// The namespace's identity; empty in a store that never forgets.
    pub identity: String,
    /// Changes whenever something may have been forgotten.
    pub generation: String,
    /// How many commits the namespace has counted.
    pub counter: u64,
    /// Changes whenever a folder joins.
    pub roster: u64,
    /// The count that certainly survived when the generation began.
    pub survived: u64,
    /// The folders whose processes buy, or bought lately.
    pub folders: Vec<FolderView>,
    /// What journals know and the store does not; filled by [`GuardStep::List`] alone.
    pub absent: Absentees,
}

impl StoreGuard {
    /// The folders that nothing new is bought without.
    pub fn awaited(&self) -> impl Iterator<Item = &FolderView> {
        self.folders.iter().filter(|folder| !folder.confirmed)
    }

    /// Whether the folder was held against the present generation.
    pub fn is_confirmed(&self, id: &str) -> bool {
        self.folders.iter().any(|view| view.folder.id == id && view.confirmed)
    }
}

/// A step of holding journals against a store. Each may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardStep {
    /// Only reads.
    Read,
    /// Looks whether the server, and what it knows, are what they were.
    Look,
    /// These folders may know what the store lacks: nothing new is bought until each of them is confirmed.
    Enter(Vec<FolderDraft>),
    /// The folder was held against this generation; nothing happens where that is not the present one any more.
    Confirm {
        /// Which folder.
        folder: FolderDraft,
        /// The generation that it was held against.
        generation: String,
        /// How many of its jobs the store does not know.
        absent: u64,
        /// The highest count whose lines it does not hold any more.
        dropped: u64,
        /// It lacks lines of an earlier life of the namespace.
        is_short: bool,
    },
    /// On a person's word: these are not waited for any more.
    Release(Vec<String>),
    /// The folder's last process ends, and the store knows all that it knows.
    Leave(String),
    /// Jobs of a folder's journals that the store does not know, and some that it does know by now: a load that brings one
    /// of the former begins a generation, and until then what was bought for them counts against limits and budgets.
    Absent {
        /// The folder's id.
        folder: String,
        /// Not known to the store.
        missing: Vec<AbsentJob>,
        /// Known by now.
        found: Vec<JobId>,
    },
    /// Reads, and tells what journals know and the store does not.
    List,
    /// On a person's word: no purchase of a job that the store does not know is still running. What it cost stays counted.
    Over,
}
