//! What one attempt at a job's outputs brought, and whether that is what was bought.

use std::path::Path;

use reelq_model::{Job, OutputKind, OutputLink, StoredFile};

use crate::{
    Class, Media,
    fetch_error::{Cause, Late},
};

/// An output that is in its place, verified.
#[derive(Debug)]
pub(crate) struct FetchedOutput {
    pub(crate) file: StoredFile,
    pub(crate) class: Class,
}

impl FetchedOutput {
    /// Whether it is a GIF: a file is named by what it holds.
    fn is_gif(&self) -> bool {
        Path::new(&self.file.path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gif"))
    }
}

/// An output that is not there yet.
#[derive(Debug)]
pub(crate) struct MissingOutput {
    /// Counts the job's outputs from 1.
    pub(crate) output: usize,
    pub(crate) link: OutputLink,
    pub(crate) late: Late,
}

/// What one attempt brought.
#[derive(Debug, Default)]
pub(crate) struct FetchedOutputs {
    pub(crate) present: Vec<FetchedOutput>,
    pub(crate) missing: Vec<MissingOutput>,
}

/// Whether the address of a link says that it is one of a video; `None` where it says nothing.
pub(crate) fn is_named_video(link: &OutputLink) -> Option<bool> {
    let media = Media::of_extension(extension(link)?)?;
    Some(media.class() == Class::Video && media != Media::Gif)
}

/// Whether a link is one of a video, as far as its address and the provider say: not of a cover beside it.
pub(crate) fn claims_video(link: &OutputLink) -> bool {
    is_named_video(link).unwrap_or(link.kind == OutputKind::Video)
}

impl FetchedOutputs {
    /// Whether what the job's mode promises is there: something that moves, or for a mode of pictures or sounds any file. A
    /// GIF is the video only where no other output may still be it: beside one, it is its preview.
    pub(crate) fn is_enough(&self, job: &Job) -> bool {
        let is_awaited = self.missing.iter().any(|absent| claims_video(&absent.link));
        let is_video = |fetched: &FetchedOutput| fetched.class == Class::Video && !(is_awaited && fetched.is_gif());
        self.present.iter().any(|fetched| is_video(fetched) || !promises_video(&job.spec.mode))
    }

    /// Why it is not enough: what hinders the video counts for more than what hinders a cover.
    pub(crate) fn late(&self) -> Late {
        let absent = self.missing.iter().find(|absent| claims_video(&absent.link)).or_else(|| self.missing.first());
        let reason = || "find a video: none of the outputs is one yet".to_owned();
        let none = || Late { reason: reason(), wait: None, cause: Cause::Content };
        absent.map_or_else(none, |absent| absent.late.clone())
    }

    /// The files, what was bought before what came along.
    pub(crate) fn into_files(mut self) -> Vec<StoredFile> {
        self.present.sort_by_key(|fetched| (fetched.class != Class::Video, fetched.is_gif()));
        self.present.into_iter().map(|fetched| fetched.file).collect()
    }
}

/// Whether a mode makes videos; what is not known to make something else does.
pub(crate) fn promises_video(mode: &str) -> bool {
    let made = mode.to_lowercase();
    let made = made.rsplit_once("to-").map_or(made.as_str(), |(_, made)| made);
    !["image", "picture", "photo", "audio", "music", "sound", "speech", "voice"]
        .iter()
        .any(|other| made.contains(other))
}

/// The extension of the file that a link names.
pub(crate) fn extension(link: &OutputLink) -> Option<&str> {
    let extension = Path::new(without_query(&link.url)).extension()?.to_str()?;
    (extension.len() <= 5 && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(extension)
}

pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_promises_a_video_unless_it_makes_something_else() {
        for mode in ["text-to-video", "image-to-video", "audio-to-video", "motion-control", "start-end-frame", ""] {
            assert!(promises_video(mode), "{mode}");
        }
        for mode in ["text-to-image", "image-to-image", "text-to-speech", "music", "video-to-audio"] {
            assert!(!promises_video(mode), "{mode}");
        }
    }

    fn claims(url: &str, kind: OutputKind) -> bool {
        claims_video(&OutputLink { url: url.to_owned(), kind, expires_at: None, assumed: false })
    }

    #[test]
    fn cover_is_told_from_a_video_by_its_address_before_the_providers_word() {
        assert!(!claims("https://c/a/cover.png?sig=1", OutputKind::Video));
        assert!(!claims("https://c/a/sound.mp3", OutputKind::Video));
        assert!(claims("https://c/a/clip.mp4", OutputKind::Other));
        assert!(claims("https://c/a/1234", OutputKind::Video));
        assert!(!claims("https://c/a/1234", OutputKind::Other));
    }
}
