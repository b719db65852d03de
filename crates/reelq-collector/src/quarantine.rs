//! What a link gave in place of a file that could be vouched for: the longest of each output, kept beside the parts until it is
//! decided whether it is all that there is. Paid bytes are never thrown away because no one knows their format, and the page
//! of a dead link does not take their place.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use reelq_model::{Digest, JobId};

use crate::{Media, Place, PlaceError, content, place::blocking};

/// What was put into the place though it is not what its link should give.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
    /// What it is; `None` where it could not be verified.
    pub(crate) media: Option<Media>,
}

fn path(folder: &Path, job: JobId, output: usize) -> PathBuf {
    folder.join(format!("{job}-{output}.aside"))
}

/// Keeps these bytes, unless a longer file of the output is kept. Blocks.
pub(crate) fn keep(folder: &Path, job: JobId, output: usize, content: &[u8]) {
    let path = path(folder, job, output);
    if is_longer(content.len() as u64, &path) {
        noted(fs::create_dir_all(folder).and_then(|()| fs::write(path, content)));
    }
}

/// Keeps a copy of a file, unless a longer file of the output is kept. Blocks.
pub(crate) fn keep_file(folder: &Path, job: JobId, output: usize, file: &Path) {
    let path = path(folder, job, output);
    if is_longer(fs::metadata(file).map_or(0, |found| found.len()), &path) {
        noted(fs::copy(file, path).map(drop));
    }
}

fn is_longer(bytes: u64, kept: &Path) -> bool {
    bytes > fs::metadata(kept).map_or(0, |found| found.len())
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
    name: impl FnOnce(Option<Media>) -> String,
) -> Result<Option<Published>, PlaceError> {
    let file = path(place.parts(), job, output);
    let found = file.clone();
    let summary = blocking(move || summary(&found).map_err(PlaceError::file("read", &found))).await?;
    let Some((bytes, sha256, media)) = summary else { return Ok(None) };
    let path = place.put(&file, &name(media), &sha256).await?;
    Ok(Some(Published { path, bytes, sha256, media }))
}

/// Length, digest and kind of a file that is not empty.
fn summary(path: &Path) -> io::Result<Option<(u64, Digest, Option<Media>)>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let (digest, length) = Digest::read(&mut file)?;
    let media = content::judge(&mut BufReader::new(file)).ok();
    Ok((length > 0).then_some((length, digest, media)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelq_testkit::sample;

    #[test]
    fn longest_of_an_output_is_kept_and_an_empty_one_never() {
        let root = tempfile::tempdir().unwrap();
        let (folder, job) = (root.path().join(".parts"), sample::job("cat").id);
        let kept = |output| fs::read_to_string(path(&folder, job, output)).ok();
        keep(&folder, job, 1, b"");
        assert_eq!(kept(1), None);
        keep(&folder, job, 1, b"half a clip");
        keep(&folder, job, 1, b"<html>");
        assert_eq!(kept(1).as_deref(), Some("half a clip"));
        let part = root.path().join("part");
        for (content, expected) in [("a page", "half a clip"), ("most of the clip", "most of the clip")] {
            fs::write(&part, content).unwrap();
            keep_file(&folder, job, 1, &part);
            assert_eq!(kept(1).as_deref(), Some(expected));
        }
        assert_eq!(kept(2), None);
    }
}
