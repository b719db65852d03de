//! Where a sheet goes, and that nothing of anyone else is lost by it.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read as _},
    path::{Path, PathBuf},
};

use reelq_console::{CommandError, quoted};
use reelq_store::BatchView;

use crate::{
    clips::whole,
    page::{BEGINS, TITLE},
};

/// What a sheet is called where no one named it.
const NAME: &str = "contact-sheet.html";

/// The file that a sheet goes to.
#[derive(Debug)]
pub(crate) struct SheetPlace {
    pub(crate) path: PathBuf,
}

impl SheetPlace {
    /// The file that was named, or else one beside the clips; one beside no folder of clips must be named.
    pub(crate) fn find(named: Option<PathBuf>, batch: &BatchView) -> Result<Self, CommandError> {
        let (name, output) = (&batch.batch.name, &batch.batch.output);
        let path = match named {
            Some(path) if path.is_dir() => path.join(NAME),
            Some(path) => path,
            None if output.contains("://") => PathBuf::from(format!("{name}-{NAME}")),
            None => Path::new(output).join(NAME),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(CommandError::usage(format!("there is no folder {} for the sheet", folder.display())));
        }
        let file = path.file_name().ok_or_else(|| CommandError::usage("--out names no file"))?;
        let path = whole(folder).join(file);
        if path.exists() && !is_sheet(&path) {
            return Err(CommandError::usage(format!(
                "{} is there already, and is no contact sheet: name another file, such as \
                 reelq open {name} --out {}",
                path.display(),
                quoted(&format!("{name}-{NAME}"))
            )));
        }
        Ok(Self { path })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    fn beside(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!(".{name}.part-{}", std::process::id()))
    }

    pub(crate) fn draft(&self) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::new(OpenOptions::new().write(true).create(true).truncate(true).open(self.beside())?))
    }

    /// Puts the sheet in its place, whole.
    pub(crate) fn settle(&self, draft: BufWriter<File>) -> io::Result<PathBuf> {
        draft.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(self.beside(), &self.path)?;
        Ok(self.path.clone())
    }

    pub(crate) fn abandon(&self) {
        drop(std::fs::remove_file(self.beside()));
    }
}

/// Whether this file is a contact sheet, of this version or another.
fn is_sheet(path: &Path) -> bool {
    let mut begins = Vec::new();
    let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut begins));
    let text = String::from_utf8_lossy(&begins);
    read.is_ok() && text.starts_with(BEGINS) && text.contains(TITLE)
}
