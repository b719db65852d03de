//! Fetches one output: from its link into a part, checked, and from there into its place.

use std::{
    io::{BufReader, Cursor},
    sync::Arc,
};

use reelq_http::{Download, DownloadStatus, Downloader, Resume};
use reelq_model::{Digest, JobId, OutputLink, StoredFile};
use reelq_worker::AccountMetrics;

use crate::{
    Class, ContentError, Media, Place, PlaceError, content,
    fetch_error::{Cause, FetchError},
    fetched_outputs::{self, FetchedOutput, without_query},
    mp4_completeness,
    naming::Naming,
    part::{self, Begun, Part},
    place::{Draft, blocking},
    placed::{self, Placed},
    quarantine,
};

/// Chunks are gathered up to this size before they are written; a file that ends before is small.
const GATHERED_BYTES: usize = 1 << 20;

/// One output to fetch.
pub(crate) struct FetchTask<'a> {
    pub(crate) place: &'a Place,
    pub(crate) downloader: &'a Arc<Downloader>,
    pub(crate) metrics: &'a AccountMetrics,
    pub(crate) job: JobId,
    /// Counts the job's outputs from 1.
    pub(crate) output: usize,
    pub(crate) link: &'a OutputLink,
    /// The digests of the task's other links.
    pub(crate) others: Vec<Digest>,
    /// Gives the file its name, once its content is known.
    pub(crate) naming: &'a Naming<'a>,
    /// An earlier attempt may have put it into its place.
    pub(crate) again: bool,
    /// Nothing but a video is what it should be.
    pub(crate) wants_video: bool,
}

/// Tells a link from others of its task; signatures change, and are left out.
pub(crate) fn link_digest(link: &OutputLink) -> Digest {
    Digest::of(without_query(&link.url).as_bytes())
}

/// A whole file: in memory while it is small, in a part otherwise.
enum Downloaded {
    Memory(Vec<u8>),
    Part(Box<Part>),
}

impl FetchTask<'_> {
    /// Fetches the output, or finds that it is in its place already.
    pub(crate) async fn run(self) -> Result<FetchedOutput, FetchError> {
        // Right here: another thread would cost ten times what it does.
        let noted = part::is_noted(self.place.parts(), self.job, self.output);
        if (noted || self.again)
            && let Some(placed) = self.placed(false).await?
        {
            return Ok(self.fetched(placed));
        }
        match self.fetch(noted).await {
            Ok(placed) => {
                self.metrics.downloaded();
                Ok(self.fetched(placed))
            }
            // Its link may be dead because it was fetched long ago, by someone who could not say so any more.
            Err(error) => Ok(self.fetched(self.placed(true).await?.ok_or(error)?)),
        }
    }

    /// Where an earlier attempt put the output, if it is still there; under another address too, if it is to be so.
    async fn placed(&self, elsewhere: bool) -> Result<Option<Placed>, FetchError> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let (source, others) = (link_digest(self.link), self.others.clone());
        // What stood in for a video may have been replaced by it.
        let only_video = self.wants_video || (!elsewhere && fetched_outputs::claims_video(self.link));
        let is_it = move |placed: &Placed| match placed.source {
            _ if only_video && placed.media().class() != Class::Video => false,
            Some(from) if from == source => placed.output == output || !others.contains(&source),
            Some(from) => elsewhere && placed.output == output && !others.contains(&from),
            None => placed.output == output,
        };
        let Some(placed) = blocking(move || Ok(placed::find(&folder, job, is_it))).await? else { return Ok(None) };
        let held = self.place.holds(&placed.path, placed.bytes, &placed.sha256).await?;
        Ok(held.then_some(placed))
    }

    /// Brings the whole file, checked, into its place.
    async fn fetch(&self, noted: bool) -> Result<Placed, FetchError> {
        let downloaded = if noted { Downloaded::Part(Box::new(self.go_on().await?)) } else { self.begin().await? };
        match downloaded {
            Downloaded::Memory(bytes) => self.keep(bytes).await,
            Downloaded::Part(part) => {
                let (part, media) = self.check(*part).await?;
                self.put(part, media).await
            }
        }
    }

    async fn open_part(&self) -> Result<Part, FetchError> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let part = blocking(move || Part::open(&folder, job, output)).await?;
        part.ok_or_else(in_other_hands)
    }

    /// Fetches a file of which nothing is there; one that stays small never becomes a part before it is whole.
    async fn begin(&self) -> Result<Downloaded, FetchError> {
        let mut download = self.downloader.open(&self.link.url, None).await?;
        let (gathered, end) = self.gather(&mut download).await;
        let is_whole = match &end {
            Some(Ok(())) => true,
            // It broke off, but a video's boxes may say that it is whole.
            Some(Err(_)) => self.may_be_whole(&download) && mp4_completeness::is_complete(&mut Cursor::new(&gathered)),
            None => false,
        };
        if is_whole {
            return Ok(Downloaded::Memory(gathered));
        }
        if gathered.is_empty()
            && let Some(Err(error)) = end
        {
            return Err(error);
        }
        let part = self.restart(self.open_part().await?, &download).await?;
        let part = append(part, gathered).await?;
        Ok(Downloaded::Part(Box::new(self.finish(part, &mut download, end).await?)))
    }

    /// Goes on with a part that an earlier attempt left.
    async fn go_on(&self) -> Result<Part, FetchError> {
        let (mut part, url) = (self.open_part().await?, self.link.url.clone());
        let (mut part, from): (Part, Option<Resume>) =
            blocking(move || part.resume(&url).map(|from| (part, from))).await?;
        let mut download = self.downloader.open(&self.link.url, from).await?;
        if download.status == DownloadStatus::Fresh {
            part = self.restart(part, &download).await?;
        }
        self.finish(part, &mut download, None).await
    }

    async fn restart(&self, mut part: Part, download: &Download) -> Result<Part, FetchError> {
        let (url, validator) = (self.link.url.clone(), download.validator.clone());
        let begun = Begun { validator, total: download.content_length, content_type: download.content_type.clone() };
        Ok(blocking(move || part.restart(&url, begun).map(|()| part)).await?)
    }

    /// Whether what broke off may be believed to be whole: no length says otherwise, or the length was wrong before.
    const fn may_be_whole(&self, download: &Download) -> bool {
        self.again || download.is_of_unknown_length()
    }

    /// Fetches what is left, unless that has ended already. What did arrive is good for the next attempt, so it is made
    /// durable either way.
    async fn finish(&self, part: Part, download: &mut Download, end: Option<End>) -> Result<Part, FetchError> {
        let (mut part, streamed) = match end {
            Some(end) => (part, end),
            None => self.stream(part, download).await?,
        };
        let looks = streamed.is_err() && self.may_be_whole(download);
        let (part, is_whole) = blocking(move || {
            part.sync()?;
            let is_whole = looks && mp4_completeness::is_complete(&mut BufReader::new(part.reader()?));
            Ok((part, is_whole))
        })
        .await?;
        if is_whole { Ok(part) } else { streamed.map(|()| part) }
    }

    async fn stream(&self, mut part: Part, download: &mut Download) -> Result<(Part, End), FetchError> {
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
        self.metrics.received(gathered.len() as u64);
        (gathered, end)
    }

    /// Checks a small file and puts it into its place.
    async fn keep(&self, content: Vec<u8>) -> Result<Placed, FetchError> {
        let (job, output) = (self.job, self.output);
        match verdict(content::judge(&mut Cursor::new(&content)), self.wants_video) {
            Ok(media) => {
                let (name, source) = (self.naming.name(output, media.extensions()), link_digest(self.link));
                let draft = Draft { job, output, name, media, source, content };
                self.place.keep(draft).await?.ok_or_else(in_other_hands)
            }
            Err(error) => {
                let folder = self.place.parts().to_owned();
                blocking(move || {
                    quarantine::keep(&folder, job, output, &content);
                    Ok(())
                })
                .await?;
                Err(error)
            }
        }
    }

    /// Says what a whole file is; one that cannot be verified is put into quarantine, and the part begins anew.
    async fn check(&self, part: Part) -> Result<(Part, Media), FetchError> {
        let (folder, job, output) = (self.place.parts().to_owned(), self.job, self.output);
        let wants_video = self.wants_video;
        let (part, judged) = blocking(move || {
            let mut part = part;
            let judged = verdict(content::judge(&mut BufReader::new(part.reader()?)), wants_video);
            if judged.is_err() {
                quarantine::keep_file(&folder, job, output, &part.path);
                part.discard()?;
            }
            Ok((part, judged))
        })
        .await?;
        judged.map(|media| (part, media))
    }

    async fn put(&self, part: Part, media: Media) -> Result<Placed, FetchError> {
        let (bytes, sha256): (u64, Digest) = part.summary();
        let name = self.naming.name(self.output, media.extensions());
        let path = self.place.put(&part.path, &name, &sha256).await?;
        let (media, source) = (Some(media), Some(link_digest(self.link)));
        let placed = Placed { job: self.job, output: self.output, path, bytes, sha256, media, source };
        let folder = self.place.parts().to_owned();
        let noted = blocking(move || {
            placed::note(&folder, &placed)?;
            part.finish();
            Ok(placed)
        });
        Ok(noted.await?)
    }

    fn fetched(&self, placed: Placed) -> FetchedOutput {
        let class = placed.media().class();
        let file = StoredFile {
            path: placed.path,
            bytes: placed.bytes,
            sha256: placed.sha256,
            source_url: self.link.url.clone(),
            expires_at: self.link.expires_at,
            note: None,
        };
        FetchedOutput { file, class }
    }
}

/// How a download ended.
type End = Result<(), FetchError>;

async fn append(mut part: Part, bytes: Vec<u8>) -> Result<Part, PlaceError> {
    blocking(move || part.append(&bytes).map(|()| part)).await
}

fn in_other_hands() -> FetchError {
    FetchError::Here("fetch the file: another worker is at it".to_owned())
}

/// Whether a whole file is the output.
fn verdict(judged: Result<Media, ContentError>, wants_video: bool) -> Result<Media, FetchError> {
    match judged {
        Ok(media) if wants_video && media.class() != Class::Video => {
            let what = format!("fetch the file: a {} file came in place of the video", media.extension());
            Err(FetchError::not_the_file(what, Cause::OtherKind))
        }
        Ok(media) => Ok(media),
        Err(ContentError::Io(error)) => Err(FetchError::Here(format!("read what was fetched: {error}"))),
        Err(fault) => {
            let what = format!("fetch the file: what came is not it: {fault}");
            Err(FetchError::not_the_file(what, Cause::Content))
        }
    }
}
