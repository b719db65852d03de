//! A job's history, which stands in the head of its state: entries packed one behind the other, the newest of them.

use reelq_model::{Timestamp, WorkerId};

use super::{
    codec::{Packer, Unpacker},
    facts,
};
use reelq_store::{HistoryEntry, Result, transition::HistoryNote};

/// So many are kept; `scripts/job_keys.lua` says the same.
const KEPT: usize = 64;
/// The shortest entry: no shorter history has more than that are kept.
const BYTES_MIN: usize = 14;

/// Adds an entry, and drops the oldest beyond those that are kept.
pub(super) fn append(history: &mut Vec<u8>, entry: &[u8]) {
    if history.len() >= KEPT * BYTES_MIN {
        let mut starts = vec![0];
        let mut unpacker = Unpacker::new(history);
        while !unpacker.rest().is_empty() && read(&mut unpacker).is_ok() {
            starts.push(history.len() - unpacker.rest().len());
        }
        let beyond = starts.len().saturating_sub(KEPT);
        history.drain(..starts.get(beyond).copied().unwrap_or_default());
    }
    history.extend_from_slice(entry);
}

/// One entry, as scripts write it.
pub(super) fn pack(at: Timestamp, status: i64, note: &HistoryNote<'_>) -> Vec<u8> {
    let worker = note.worker.as_deref().map_or("", WorkerId::as_str);
    Packer::new().list(5).int(at.millis()).int(status).text(note.event).text(worker).text(&note.reason).finish()
}

/// All entries; one that a newer version wrote is no reason to show none of those before it.
pub(super) fn entries(packed: &[u8]) -> Vec<HistoryEntry> {
    let (mut unpacker, mut entries) = (Unpacker::new(packed), Vec::new());
    while let (false, Ok(entry)) = (unpacker.rest().is_empty(), read(&mut unpacker)) {
        entries.push(entry);
    }
    entries
}

fn read(unpacker: &mut Unpacker<'_>) -> Result<HistoryEntry> {
    unpacker.list()?;
    Ok(HistoryEntry {
        at: Timestamp::from_millis(unpacker.int()?),
        status: facts::read_status(unpacker.int()?)?,
        event: unpacker.text()?.to_owned(),
        worker: WorkerId::new(unpacker.text()?).ok(),
        reason: unpacker.text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: i64) -> Vec<u8> {
        Packer::new().list(5).int(at).int(0).text("e").text("").text(&"why".repeat(9)).finish()
    }

    #[test]
    fn the_newest_entries_are_kept() {
        let mut history = Vec::new();
        for at in 0..70 {
            append(&mut history, &entry(at));
        }
        let mut unpacker = Unpacker::new(&history);
        let mut times = Vec::new();
        while !unpacker.rest().is_empty() {
            times.push(read(&mut unpacker).unwrap().at.millis());
        }
        assert_eq!(times, (6..70).collect::<Vec<i64>>());
    }
}
