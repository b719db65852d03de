//! What a link gave in place of a file that could be vouched for: the newest of each output, kept beside the parts until it is
//! decided whether it is all that there is. Paid bytes are never thrown away because nobody knows their format.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use reelq_model::{Digest, JobId};
use sha2::{Digest as _, Sha256};

use crate::{Place, PlaceError, place::blocking};

/// What was put into the place unverified.
#[derive(Debug)]
pub(crate) struct Unverified {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
}

fn path(folder: &Path, job: JobId, output: usize) -> PathBuf {
    folder.join(format!("{job}-{output}.aside"))
}

/// Keeps these bytes as the newest of the output. Blocks.
pub(crate) fn keep(folder: &Path, job: JobId, output: usize, content: &[u8]) {
    noted(fs::create_dir_all(folder).and_then(|()| fs::write(path(folder, job, output), content)));
}

/// Keeps a copy of a file as the newest of the output. Blocks.
pub(crate) fn keep_file(folder: &Path, job: JobId, output: usize, file: &Path) {
    noted(fs::copy(file, path(folder, job, output)).map(drop));
}

/// It is kept for a person to look at; that it cannot be hinders nothing.
fn noted(kept: io::Result<()>) {
    if let Err(error) = kept {
        tracing::debug!(%error, "what could not be verified is not kept");
    }
}

/// Puts what is kept of an output into the place, never in the place of something else; `None` where nothing is.
pub(crate) async fn publish(
    place: &Place,
    job: JobId,
    output: usize,
    name: &str,
) -> Result<Option<Unverified>, PlaceError> {
    let file = path(place.parts(), job, output);
    let found = file.clone();
    let Some((bytes, sha256)) = blocking(move || summary(&found).map_err(PlaceError::file("read", &found))).await?
    else {
        return Ok(None);
    };
    let path = place.put(&file, name, &sha256).await?;
    Ok(Some(Unverified { path, bytes, sha256 }))
}

/// Length and digest of a file that is not empty.
fn summary(path: &Path) -> io::Result<Option<(u64, Digest)>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let (mut hasher, mut length, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
    Ok((length > 0).then(|| (length, Digest::from_bytes(hasher.finalize().into()))))
}
