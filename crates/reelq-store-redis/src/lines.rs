//! Lines of a manifest, packed: written by loads, and read with jobs and leases.

use std::{collections::BTreeMap, sync::Arc};

use reelq_model::JobId;
use reelq_store::{Error, Line, Result};

use super::codec::{Packer, Unpacker};

/// The job's id, and behind it packed: row, copy, a list of the label or nothing, passthrough as JSON, empty for none.
pub(super) fn write_line(job: JobId, line: &Line) -> Result<Vec<u8>> {
    let passthrough = if line.passthrough.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&line.passthrough).map_err(|error| Error::broken(error.to_string()))?
    };
    let mut packer = Packer::new();
    packer.raw(job.as_bytes()).count(line.row).int(i64::from(line.copy)).list(usize::from(line.label.is_some()));
    if let Some(label) = &line.label {
        packer.text(label);
    }
    Ok(packer.text(&passthrough).finish())
}

/// A packed line as it is shown, and why it cannot be read whole: then it is known by its number alone. `place` is near
/// that number where it cannot be read either.
pub(super) fn shown_line(packed: &[u8], place: u64) -> (Option<Line>, Option<String>) {
    if packed.is_empty() {
        return (None, None);
    }
    match read_line(packed) {
        Ok(line) => (Some(line), None),
        Err(error) => {
            let row = packed.get(16..).and_then(|behind| Unpacker::new(behind).count().ok());
            let bare = Line { row: row.unwrap_or(place), copy: 1, label: None, passthrough: BTreeMap::new() };
            (Some(bare), Some(error.to_string()))
        }
    }
}

/// The line that comes with a lease; nothing is packed where none does.
pub(super) fn leased_line(packed: &[u8]) -> Option<Arc<Line>> {
    shown_line(packed, 0).0.map(Arc::new)
}

/// Reads what [`write_line`] wrote.
fn read_line(packed: &[u8]) -> Result<Line> {
    let behind = packed.get(16..).ok_or_else(|| Error::broken("a packed line is cut short"))?;
    let mut unpacker = Unpacker::new(behind);
    let (row, copy) = (unpacker.count()?, unpacker.int()?);
    let label = unpacker.each(|unpacker| unpacker.text().map(str::to_owned))?.into_iter().next();
    let passthrough = unpacker.bytes()?;
    let passthrough = if passthrough.is_empty() { Ok(BTreeMap::new()) } else { serde_json::from_slice(passthrough) };
    Ok(Line {
        row,
        copy: u32::try_from(copy).unwrap_or(0),
        label,
        passthrough: passthrough.map_err(|error| Error::broken(error.to_string()))?,
    })
}
