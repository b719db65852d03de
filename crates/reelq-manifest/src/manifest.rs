//! An opened manifest.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::{
    Format, ManifestHead, Problem, Problems, Rows, Vocabulary, cli_defaults,
    csv::ColumnPlan,
    entries::Defaults,
    input::Input,
    names::Names,
    source::{RowSource, SourceContent},
    template::Templates,
    toml,
};

/// An opened manifest: its head is read, its rows can be read any number of times.
#[derive(Debug, Clone)]
pub struct Manifest {
    input: Input,
    head: ManifestHead,
    sources: Arc<[RowSource]>,
    problems: Arc<[Problem]>,
    cli_defaults: Option<Arc<Defaults>>,
}

impl Manifest {
    /// Opens a file and reads its head.
    ///
    /// `Err` means that no row can be read at all. Whatever else is wrong with the head comes from [`Manifest::rows`],
    /// so that all problems are told at once.
    pub fn open(path: &Path, vocabulary: &Vocabulary) -> Result<Self, Problems> {
        let input = Input::file(path);
        let mut bytes = input.open().map_err(|problem| *problem)?;
        let start = bytes.start(4096).map_err(|error| *input.unreadable(&error))?;
        let format = Format::detect(path, start);
        Self::read(input, format, vocabulary)
    }

    /// Opens a manifest that is held in memory; it cannot pull in sources. `name` stands for its path in problems.
    pub fn from_bytes(name: &Path, format: Format, bytes: &[u8], vocabulary: &Vocabulary) -> Result<Self, Problems> {
        Self::read(Input::memory(name, bytes), format, vocabulary)
    }

    fn read(input: Input, format: Format, vocabulary: &Vocabulary) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let read = if format == Format::Toml {
            toml::read(&input, vocabulary, &mut problems)
        } else {
            table(&input, format, vocabulary, &mut problems)
        };
        match read {
            Ok((head, sources)) => {
                Ok(Self { input, head, sources: sources.into(), problems: problems.into(), cli_defaults: None })
            }
            Err(problem) => {
                let mut all = Problems::from(*problem);
                all.extend(problems);
                Err(all)
            }
        }
    }

    /// Gives values (`FIELD=VALUE`) to rows that name none themselves and take none from defaults.
    ///
    /// `origin` is what problems call the location where they were given.
    pub fn with_cli_defaults(
        mut self,
        given: &[String],
        origin: &str,
        vocabulary: &Vocabulary,
    ) -> Result<Self, Problems> {
        self.cli_defaults = cli_defaults::read(given, Path::new(origin), vocabulary)?.map(Arc::new);
        Ok(self)
    }

    /// What it says of the batch as a whole.
    pub const fn head(&self) -> &ManifestHead {
        &self.head
    }

    /// The files that its rows come from, its own first.
    pub fn files(&self) -> Vec<PathBuf> {
        let sources = self.sources.iter().filter_map(|source| source.content.input());
        std::iter::once(&self.input).chain(sources).map(|input| input.path.to_path_buf()).collect()
    }

    /// Reads the rows, and with them every problem of the manifest, warnings among them.
    pub fn rows(&self) -> Rows {
        Rows::new(Arc::clone(&self.sources), self.problems.to_vec(), &self.input.path, self.cli_defaults.clone())
    }

    /// Digests every file that it reads, in order, so that two passes can be known to have read the same.
    pub fn digest(&self) -> io::Result<Digest> {
        let own = self.input.digest()?;
        let sources = self.sources.iter().filter_map(|source| source.content.input()).filter(|input| {
            // The manifest itself is its only source where it is not TOML.
            input.path != self.input.path
        });
        let mut hasher = Sha256::new();
        let mut count = 0;
        hasher.update(own);
        for source in sources {
            hasher.update(source.digest()?);
            count += 1;
        }
        Ok(Digest::from_bytes(if count == 0 { own } else { hasher.finalize().into() }))
    }
}

fn table(
    input: &Input,
    format: Format,
    vocabulary: &Vocabulary,
    problems: &mut Vec<Problem>,
) -> Result<(ManifestHead, Vec<RowSource>), Box<Problem>> {
    let plan = ColumnPlan { names: Arc::new(Names::new(vocabulary, &[])), ..ColumnPlan::default() };
    let content = SourceContent::of_file(input.clone(), format, plan, problems)?;
    let head = ManifestHead { passthrough: content.passthrough(), ..ManifestHead::default() };
    Ok((head, vec![RowSource { content, defaults: Vec::new(), templates: Arc::new(Templates::new()) }]))
}
