//! Fetches one output: from its link into a part, checked, and from there into its place.

use std::{io::BufReader, path::Path, sync::Arc};

use reelq_http::{Download, DownloadStatus, Downloader, Resume};
use reelq_model::{Digest, JobId, OutputKind, OutputLink, StoredFile};
use reelq_worker::Pulse;

use crate::{
    Place, PlaceError, mp4,
    part::{Done, Part},
    place::blocking,
    trouble::Trouble,
};

/// Whole files that turn out to be no video are fetched again this often.
const BAD_FILES_MAX: u32 = 3;

/// Chunks are gathered up to this size before they are written.
const WRITE_BYTES: usize = 1 << 20;

/// One output to fetch.
pub(crate) struct Errand<'a> {
    pub(crate) place: &'a Place,
    pub(crate) downloader: &'a Arc<Downloader>,
    pub(crate) pulse: &'a Pulse,
    pub(crate) job: JobId,
    /// Counts the job's outputs from 1.
    pub(crate) output: usize,
    pub(crate) link: &'a OutputLink,
    /// The name that the file is to have.
    pub(crate) name: String,
}

impl Errand<'_> {
    /// Fetches the output, or finds that it is in its place already.
    pub(crate) async fn run(self) -> Result<StoredFile, Trouble> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let part = blocking(move || Part::open(&folder, job, output)).await?;
        let part = part.ok_or_else(|| Trouble::later("another worker is fetching it"))?;
        if let Some(done) = part.note.done.clone()
            && self.place.holds(&done.path, done.bytes, &done.sha256).await?
        {
            return Ok(self.stored(done));
        }
        let part = self.download(part).await?;
        let part = self.check(part).await?;
        self.put(part).await
    }

    async fn download(&self, mut part: Part) -> Result<Part, Trouble> {
        let source = without_query(&self.link.url).to_owned();
        let (mut part, from): (Part, Option<Resume>) = {
            let source = source.clone();
            blocking(move || part.resume(&source).map(|from| (part, from))).await?
        };
        let mut download = self.downloader.open(&self.link.url, from).await?;
        if download.status == DownloadStatus::Fresh {
            let validator = download.validator.clone();
            part = blocking(move || part.restart(&source, validator).map(|()| part)).await?;
        }
        let (part, streamed) = self.stream(part, &mut download).await?;
        // What did arrive is good for the next attempt, so it is made durable either way.
        let part = blocking(move || {
            let mut part = part;
            part.sync().map(|()| part)
        })
        .await?;
        streamed.map(|()| part)
    }

    async fn stream(&self, mut part: Part, download: &mut Download) -> Result<(Part, Result<(), Trouble>), Trouble> {
        loop {
            let mut gathered = Vec::new();
            let end = loop {
                match download.chunk().await {
                    Ok(Some(chunk)) => gathered.extend_from_slice(&chunk),
                    Ok(None) => break Some(Ok(())),
                    Err(error) => break Some(Err(error.into())),
                }
                if gathered.len() >= WRITE_BYTES {
                    break None;
                }
            };
            self.pulse.received(gathered.len() as u64);
            part = blocking(move || part.append(&gathered).map(|()| part)).await?;
            if let Some(end) = end {
                return Ok((part, end));
            }
        }
    }

    async fn check(&self, part: Part) -> Result<Part, Trouble> {
        if self.link.kind != OutputKind::Video {
            return Ok(part);
        }
        let (part, fault) = blocking(move || verdict(part)).await?;
        let Some(fault) = fault else { return Ok(part) };
        if part.note.bad < BAD_FILES_MAX {
            return Err(Trouble::later(format!("the file is no video: {fault}")));
        }
        Err(Trouble::Fatal(format!(
            "what the link gives is no video, {BAD_FILES_MAX} times: {fault}; look at the provider's page for the task, \
             then `reelq retry` fetches it again"
        )))
    }

    async fn put(self, part: Part) -> Result<StoredFile, Trouble> {
        let (bytes, sha256): (u64, Digest) = part.summary();
        let path = self.place.put(&part.path, &self.name, &sha256).await?;
        let done = Done { path, bytes, sha256 };
        let note = done.clone();
        blocking(move || part.finish(note)).await?;
        self.pulse.downloaded();
        Ok(self.stored(done))
    }

    fn stored(self, done: Done) -> StoredFile {
        StoredFile {
            path: done.path,
            bytes: done.bytes,
            sha256: done.sha256,
            source_url: self.link.url.clone(),
            expires_at: self.link.expires_at,
        }
    }
}

/// Says what is wrong with a whole file; one that is no video is thrown away.
fn verdict(mut part: Part) -> Result<(Part, Option<String>), PlaceError> {
    let checked = mp4::check(&mut BufReader::new(part.reader()?));
    let Err(fault) = checked else { return Ok((part, None)) };
    part.discard()?;
    Ok((part, Some(fault.to_string())))
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The extension of the file that a link names, for outputs that are no videos.
pub(crate) fn extension(link: &OutputLink) -> &str {
    let extension = Path::new(without_query(&link.url)).extension().and_then(|extension| extension.to_str());
    extension.filter(|text| text.len() <= 5 && text.bytes().all(|b| b.is_ascii_alphanumeric())).unwrap_or("bin")
}
