//! Which lives of its namespace a folder has met: each has an identity of its own. A store that was emptied, or made anew
//! elsewhere, begins another life, and is told what was written under the earlier ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use reelq_model::{AccountName, Digest, JobId, Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::Line;
use reelq_store::{AbsentJob, AbsentPurchase, FolderDraft};

/// More lives than a namespace will have.
const KEPT: usize = 32;

/// One life, as this folder knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Life {
    pub(super) identity: String,
    /// When the folder met it, by this machine's clock: what was written before belongs to it as well.
    pub(super) met_at: Timestamp,
    /// The folder was once held against it in full.
    #[serde(default)]
    pub(super) settled: bool,
    /// The highest count of which lines were dropped.
    #[serde(default)]
    pub(super) dropped: u64,
    /// What the dropped lines tell to be spent, by account, in micro-dollars.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) spent: BTreeMap<String, i64>,
    /// The folders that took part in it when this one last looked: id, host, path.
    #[serde(default)]
    pub(super) folders: Vec<(String, String, String)>,
}

impl Life {
    /// The other folders that took part.
    pub(super) fn others<'a>(&'a self, own_file: &'a str) -> impl Iterator<Item = FolderDraft> + 'a {
        let others = self.folders.iter().filter(move |(id, ..)| id != own_file);
        others.map(|(id, host, path)| FolderDraft { id: id.clone(), host: host.clone(), path: path.clone() })
    }
}

/// The lives that the folder has met, the latest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lives(pub(super) Vec<Life>);

impl Lives {
    /// Reads them; none where nothing was written yet.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes them whole or not at all.
    pub(super) fn write(&mut self, path: &Path) -> io::Result<()> {
        let spare = self.0.len().saturating_sub(KEPT);
        self.0.drain(..spare);
        reelq_files::replace(path, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    pub(super) fn find(&self, identity: &str) -> Option<&Life> {
        self.0.iter().find(|life| life.identity == identity)
    }

    /// The life of this identity; met now where it is new.
    pub(super) fn meet(&mut self, identity: &str, now: Timestamp) -> &mut Life {
        if let Some(at) = self.0.iter().position(|life| life.identity == identity) {
            return &mut self.0[at];
        }
        self.0.push(Life { identity: identity.to_owned(), met_at: now, ..Life::default() });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// What was spent in the lives before this one and is in no line any more: by account, as one purchase whose sum alone is known.
    pub(super) fn forgotten(&self, identity: &str, folder: &str) -> Vec<AbsentJob> {
        let mut sums: BTreeMap<&String, i64> = BTreeMap::new();
        for (account, spent) in self.before(identity).flat_map(|life| &life.spent) {
            let sum = sums.entry(account).or_default();
            *sum = sum.saturating_add(*spent);
        }
        let sums = sums.into_iter().filter(|(_, spent)| *spent > 0);
        sums.filter_map(|(account, spent)| Some(sum_of(folder, AccountName::new(account).ok()?, spent))).collect()
    }

    /// The lives before this one.
    pub(super) fn before<'a>(&'a self, identity: &'a str) -> impl Iterator<Item = &'a Life> {
        self.0.iter().filter(move |life| life.identity != identity)
    }
}

fn sum_of(folder: &str, account: AccountName, spent: i64) -> AbsentJob {
    let mut id = [0; 16];
    let name = format!("reelq forgotten 1 {folder} {account}");
    id.copy_from_slice(&Digest::of(name.as_bytes()).as_bytes()[..16]);
    let amount = Some(Money::from_micros(spent));
    let purchase = AbsentPurchase { number: 0, task: None, amount, at: Timestamp::default(), is_over: true };
    AbsentJob { id: JobId::from_bytes(id), owner: Some((account, None)), purchases: vec![purchase] }
}

/// The jobs that are held against a life although other lives' lines tell of them: those that were written of before the
/// folder met it.
pub(super) fn inherited<'a>(lines: impl Iterator<Item = &'a Line>, life: &Life) -> BTreeSet<JobId> {
    let earlier = lines.filter(|line| line.identity != life.identity && line.at <= life.met_at);
    earlier.map(|line| line.job).collect()
}
