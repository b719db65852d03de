//! Whether a store may have forgotten something, and whose journal it has to be compared with before anything new is bought.

use reelq_model::{JobId, Timestamp};

use crate::{AbsentJob, Absentees};

/// What a process knows of the life of its namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The namespace's own random identity; empty where it is unknown, as with a store that never forgets.
    pub identity: String,
    /// The highest count of commits in any answer under that identity.
    pub counter: u64,
}

/// A folder of journals, as its processes report it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderDraft {
    /// The folder's random id, which is kept in it.
    pub id: String,
    /// The machine's name.
    pub host: String,
    /// Where it is on that machine.
    pub path: String,
}

/// A folder of journals as the store knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderView {
    /// Which folder it is.
    pub folder: FolderDraft,
    /// When one of its processes was last heard, by the store's time.
    pub seen_at: Timestamp,
    /// It was compared with the present generation of the namespace.
    pub confirmed: bool,
    /// How many jobs of its journals the store does not know.
    pub absent: u64,
    /// It lacks lines of what the store forgot. Only a person can say what becomes of that.
    pub is_short: bool,
    /// The namespace's roster when it joined.
    pub entered: u64,
}

/// What a store reports of what it may have forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreGuard {
    /// The namespace's identity; empty in a store that never forgets.
    pub identity: String,
    /// Changes whenever something may have been forgotten.
    pub generation: String,
    /// How many commits the namespace counted.
    pub counter: u64,
    /// Changes whenever a folder joins.
    pub roster: u64,
    /// The count that certainly survived when the present generation began.
    pub survived: u64,
    /// The folders whose processes buy, or bought lately.
    pub folders: Vec<FolderView>,
    /// What journals know and the store does not. Only [`GuardStep::List`] fills it.
    pub absent: Absentees,
}

impl StoreGuard {
    /// The folders that are waited for: nothing new is bought before each is confirmed.
    pub fn awaited(&self) -> impl Iterator<Item = &FolderView> {
        self.folders.iter().filter(|folder| !folder.confirmed)
    }

    /// Whether the folder with this id was compared with the present generation.
    pub fn is_confirmed(&self, id: &str) -> bool {
        self.folders.iter().any(|view| view.folder.id == id && view.confirmed)
    }
}

/// A step of comparing journals with a store. Each may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardStep {
    /// Reads, and changes nothing.
    Read,
    /// Checks whether the server, and what it knows, are what they were.
    Look,
    /// These folders may know what the store lacks: nothing new is bought until each of them is confirmed.
    Enter(Vec<FolderDraft>),
    /// Reports that the folder was compared with a generation. Nothing happens where that is not the present one any more.
    Confirm {
        /// Which folder.
        folder: FolderDraft,
        /// The generation that it was compared with.
        generation: String,
        /// How many of its jobs the store does not know.
        absent: u64,
        /// The highest count whose lines it has no more.
        dropped: u64,
        /// It lacks lines of an earlier life of the namespace.
        is_short: bool,
    },
    /// Waits for these folders no more, on a person's word.
    Release(Vec<String>),
    /// Reports that the folder's last process ends, and that the store knows all that it knows.
    Leave(String),
    /// Reports jobs of a folder's journals that the store does not know, and some that it knows by now.
    ///
    /// What was bought for the former counts against limits and budgets until a load brings them, which begins a generation.
    Absent {
        /// The folder's id.
        folder: String,
        /// Jobs that the store does not know.
        missing: Vec<AbsentJob>,
        /// Jobs that it knows by now.
        found: Vec<JobId>,
    },
    /// Reads, and answers what journals know and the store does not as well.
    List,
    /// Notes, on a person's word, that no purchase still runs whose job the store does not know. What it cost stays counted.
    Over,
}
