//! Fetches one output: from its link into a part, checked, and from there into its place.

use std::{
    io::{BufReader, Cursor},
    path::Path,
    sync::Arc,
};

use reelq_http::{Download, DownloadStatus, Downloader, Resume};
use reelq_model::{Digest, JobId, OutputKind, OutputLink, StoredFile};
use reelq_worker::Pulse;

use crate::{
    Place, PlaceError, ending, mp4,
    part::{self, Part},
    place::{Draft, blocking},
    placed::{self, Placed},
    trouble::Trouble,
};

/// Whole files that turn out to be no video are fetched again this often.
const BAD_FILES_MAX: u32 = 3;

/// Chunks are gathered up to this size before they are written; a file that ends before is small.
const GATHERED_BYTES: usize = 1 << 20;

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
    /// An earlier attempt may have put it into its place.
    pub(crate) again: bool,
}

/// A whole file: in memory while it is small, in a part otherwise.
enum Catch {
    Memory(Vec<u8>),
    Part(Box<Part>),
}

impl Errand<'_> {
    /// Fetches the output, or finds that it is in its place already.
    pub(crate) async fn run(self) -> Result<StoredFile, Trouble> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let noted = blocking(move || Ok(part::is_noted(&folder, job, output))).await?;
        if (noted || self.again)
            && let Some(placed) = self.placed().await?
        {
            return Ok(self.stored(placed));
        }
        match self.fetch(noted).await {
            Ok(placed) => {
                self.pulse.downloaded();
                Ok(self.stored(placed))
            }
            // Its link may be dead because it was fetched long ago, by somebody who could not say so any more.
            Err(trouble) => Ok(self.stored(self.placed().await?.ok_or(trouble)?)),
        }
    }

    /// Where an earlier attempt put the output, if it is still there.
    async fn placed(&self) -> Result<Option<Placed>, Trouble> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let Some(placed) = blocking(move || Ok(placed::find(&folder, job, output))).await? else { return Ok(None) };
        let held = self.place.holds(&placed.path, placed.bytes, &placed.sha256).await?;
        Ok(held.then_some(placed))
    }

    /// Brings the whole file, checked, into its place.
    async fn fetch(&self, noted: bool) -> Result<Placed, Trouble> {
        let catch = if noted { Catch::Part(Box::new(self.go_on().await?)) } else { self.begin().await? };
        match catch {
            Catch::Memory(bytes) => self.keep(bytes).await,
            Catch::Part(part) => self.put(self.check(*part).await?).await,
        }
    }

    async fn open_part(&self) -> Result<Part, Trouble> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let part = blocking(move || Part::open(&folder, job, output)).await?;
        part.ok_or_else(in_other_hands)
    }

    /// Fetches a file of which nothing is there; one that stays small never becomes a part before it is whole.
    async fn begin(&self) -> Result<Catch, Trouble> {
        let mut download = self.downloader.open(&self.link.url, None).await?;
        let (gathered, end) = self.gather(&mut download).await;
        let is_whole = match &end {
            Some(Ok(())) => true,
            Some(Err(_)) => self.may_be_whole(&download) && ending::is_told(&mut Cursor::new(&gathered)),
            None => false,
        };
        if is_whole {
            return Ok(Catch::Memory(gathered));
        }
        if gathered.is_empty()
            && let Some(Err(trouble)) = end
        {
            return Err(trouble);
        }
        let part = self.restart(self.open_part().await?, &download).await?;
        let part = append(part, gathered).await?;
        Ok(Catch::Part(Box::new(self.finish(part, &mut download, end).await?)))
    }

    /// Goes on with a part that an earlier attempt left.
    async fn go_on(&self) -> Result<Part, Trouble> {
        let (mut part, url) = (self.open_part().await?, self.link.url.clone());
        let (mut part, from): (Part, Option<Resume>) =
            blocking(move || part.resume(&url).map(|from| (part, from))).await?;
        let mut download = self.downloader.open(&self.link.url, from).await?;
        if download.status == DownloadStatus::Fresh {
            part = self.restart(part, &download).await?;
        }
        self.finish(part, &mut download, None).await
    }

    async fn restart(&self, mut part: Part, download: &Download) -> Result<Part, Trouble> {
        let (url, validator, total) = (self.link.url.clone(), download.validator.clone(), download.content_length);
        Ok(blocking(move || part.restart(&url, validator, total).map(|()| part)).await?)
    }

    /// Whether a download that broke off may have brought the whole file: no length says otherwise, and videos tell.
    fn may_be_whole(&self, download: &Download) -> bool {
        self.link.kind == OutputKind::Video && download.is_of_unknown_length()
    }

    /// Fetches what is left, unless that has ended already. What did arrive is good for the next attempt, so it is made
    /// durable either way.
    async fn finish(&self, part: Part, download: &mut Download, end: Option<End>) -> Result<Part, Trouble> {
        let (mut part, streamed) = match end {
            Some(end) => (part, end),
            None => self.stream(part, download).await?,
        };
        let looks = streamed.is_err() && self.may_be_whole(download);
        let (part, is_whole) = blocking(move || {
            part.sync()?;
            let is_whole = looks && ending::is_told(&mut BufReader::new(part.reader()?));
            Ok((part, is_whole))
        })
        .await?;
        if is_whole { Ok(part) } else { streamed.map(|()| part) }
    }

    async fn stream(&self, mut part: Part, download: &mut Download) -> Result<(Part, End), Trouble> {
        loop {
            let (gathered, end) = self.gather(download).await;
            part = append(part, gathered).await?;
            if let Some(end) = end {
                return Ok((part, end));
            }
        }
    }

    /// The next bytes, and how the download ended if it did.
    async fn gather(&self, download: &mut Download) -> (Vec<u8>, Option<End>) {
        let mut gathered = Vec::new();
        let end = loop {
            match download.chunk().await {
                Ok(Some(chunk)) => gathered.extend_from_slice(&chunk),
                Ok(None) => break Some(Ok(())),
                Err(error) => break Some(Err(error.into())),
            }
            if gathered.len() >= GATHERED_BYTES {
                break None;
            }
        };
        self.pulse.received(gathered.len() as u64);
        (gathered, end)
    }

    /// Checks a small file and puts it into its place.
    async fn keep(&self, content: Vec<u8>) -> Result<Placed, Trouble> {
        let fault = match self.link.kind {
            OutputKind::Video => mp4::check(&mut Cursor::new(&content)).err().map(|fault| fault.to_string()),
            OutputKind::Other => None,
        };
        if let Some(fault) = fault {
            let mut part = self.open_part().await?;
            let part = blocking(move || part.discard().map(|()| part)).await?;
            return Err(no_video(&part, &fault));
        }
        let draft = Draft { job: self.job, output: self.output, name: self.name.clone(), content };
        self.place.keep(draft).await?.ok_or_else(in_other_hands)
    }

    async fn check(&self, part: Part) -> Result<Part, Trouble> {
        if self.link.kind != OutputKind::Video {
            return Ok(part);
        }
        let (part, fault) = blocking(move || verdict(part)).await?;
        match fault {
            None => Ok(part),
            Some(fault) => Err(no_video(&part, &fault)),
        }
    }

    async fn put(&self, part: Part) -> Result<Placed, Trouble> {
        let (bytes, sha256): (u64, Digest) = part.summary();
        let path = self.place.put(&part.path, &self.name, &sha256).await?;
        let placed = Placed { job: self.job, output: self.output, path, bytes, sha256 };
        let folder = self.place.parts().to_owned();
        let noted = blocking(move || {
            placed::note(&folder, &placed)?;
            part.finish();
            Ok(placed)
        });
        Ok(noted.await?)
    }

    fn stored(&self, placed: Placed) -> StoredFile {
        StoredFile {
            path: placed.path,
            bytes: placed.bytes,
            sha256: placed.sha256,
            source_url: self.link.url.clone(),
            expires_at: self.link.expires_at,
        }
    }
}

/// How a download ended.
type End = Result<(), Trouble>;

async fn append(mut part: Part, bytes: Vec<u8>) -> Result<Part, PlaceError> {
    blocking(move || part.append(&bytes).map(|()| part)).await
}

fn in_other_hands() -> Trouble {
    Trouble::later("another worker is fetching it")
}

fn no_video(part: &Part, fault: &str) -> Trouble {
    if part.note.bad < BAD_FILES_MAX {
        return Trouble::later(format!("the file is no video: {fault}"));
    }
    Trouble::Fatal(format!(
        "what the link gives is no video, {BAD_FILES_MAX} times: {fault}; look at the provider's page for the task, then \
         `reelq retry` fetches it again"
    ))
}

/// Says what is wrong with a whole file; one that is no video is thrown away.
fn verdict(mut part: Part) -> Result<(Part, Option<String>), PlaceError> {
    let checked = mp4::check(&mut BufReader::new(part.reader()?));
    let Err(fault) = checked else { return Ok((part, None)) };
    part.discard()?;
    Ok((part, Some(fault.to_string())))
}

pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// The extension of the file that a link names, for outputs that are no videos.
pub(crate) fn extension(link: &OutputLink) -> &str {
    let extension = Path::new(without_query(&link.url)).extension().and_then(|extension| extension.to_str());
    extension.filter(|text| text.len() <= 5 && text.bytes().all(|b| b.is_ascii_alphanumeric())).unwrap_or("bin")
}
