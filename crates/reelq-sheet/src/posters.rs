//! Pictures of clips, made by ffmpeg where there is one. Without them the page draws a frame of each clip itself.
//!
//! They are kept under the output place by the digest of the clip, so that each is made once.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use reelq_console::Out;
use reelq_model::Job;
use reelq_store::BatchView;
use tokio::process::Command;

use crate::{
    clips::{files, kind, whole},
    place::SheetPlace,
};

/// Where they are kept, below the output place.
const KEPT: &str = ".reelq/posters";
/// So many are made at once.
const AT_ONCE: usize = 4;
/// A clip whose picture takes longer gets none.
const EACH: Duration = Duration::from_secs(10);
/// So many are made for one sheet; what is left, the page draws itself, and the next sheet goes on.
const MOST: usize = 500;

/// The maker of pictures.
#[derive(Debug)]
pub(crate) struct Posters {
    /// The output place; `None` where nothing can be made for it.
    clips: Option<PathBuf>,
    left: usize,
}

impl Posters {
    pub(crate) fn find(place: &SheetPlace, batch: &BatchView) -> Self {
        let folder = Some(&batch.batch.output).filter(|output| !output.contains("://"));
        let clips = folder.map(|output| whole(Path::new(output))).filter(|folder| folder.is_dir());
        tracing::debug!(sheet = %place.path.display(), "pictures of clips are kept in {KEPT}");
        Self { clips, left: MOST }
    }

    /// For each job the picture of its first file, relative to the output place; `None` where there is none.
    pub(crate) async fn of(&mut self, jobs: impl Iterator<Item = &Job>, out: Out) -> Vec<Option<PathBuf>> {
        let Some(clips) = self.clips.clone() else { return jobs.map(|_| None).collect() };
        let mut wanted: Vec<(Option<PathBuf>, Option<PathBuf>)> = Vec::new();
        for job in jobs {
            let first = files(job).first().filter(|file| kind(&file.path) == "video");
            let Some(file) = first else {
                wanted.push((None, None));
                continue;
            };
            let poster = Path::new(KEPT).join(format!("{}.jpg", file.sha256));
            let is_made = clips.join(&poster).exists();
            let clip = Some(clips.join(&file.path)).filter(|clip| !is_made && self.left > 0 && clip.exists());
            self.left -= usize::from(clip.is_some());
            wanted.push((clip, Some(poster)));
        }
        if self.left + AT_ONCE >= MOST && wanted.iter().filter(|(clip, _)| clip.is_some()).count() > AT_ONCE {
            out.note("pictures of the clips are being made");
        }
        let made: Vec<_> =
            stream::iter(wanted).map(|(clip, poster)| make(&clips, clip, poster)).buffered(AT_ONCE).collect().await;
        // A machine without ffmpeg is asked once.
        if made.iter().any(|made| matches!(made, Made::NoProgram)) {
            self.left = 0;
        }
        made.into_iter().map(|made| if let Made::Poster(poster) = made { Some(poster) } else { None }).collect()
    }
}

enum Made {
    Poster(PathBuf),
    Nothing,
    NoProgram,
}

async fn make(clips: &Path, clip: Option<PathBuf>, poster: Option<PathBuf>) -> Made {
    let Some(poster) = poster else { return Made::Nothing };
    let whole = clips.join(&poster);
    if whole.exists() {
        return Made::Poster(poster);
    }
    let Some(clip) = clip else { return Made::Nothing };
    let draft = whole.with_extension(format!("part-{}.jpg", std::process::id()));
    if std::fs::create_dir_all(clips.join(KEPT)).is_err() {
        return Made::Nothing;
    }
    let made = tokio::time::timeout(EACH, command(&clip, &draft).status()).await;
    let outcome = match made {
        Ok(Ok(status)) if status.success() && std::fs::rename(&draft, &whole).is_ok() => Made::Poster(poster),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Made::NoProgram,
        _ => Made::Nothing,
    };
    drop(std::fs::remove_file(&draft));
    outcome
}

/// A clip comes from a vendor: of it ffmpeg opens this file, and no address that stands in it.
fn command(clip: &Path, poster: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    let input = format!("file:{}", clip.display());
    command
        .args(["-v", "error", "-nostdin", "-protocol_whitelist", "file", "-threads", "1", "-i", &input])
        .args(["-frames:v", "1", "-vf", "scale=480:-2", "-q:v", "5", "-y"])
        .arg(poster)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}
