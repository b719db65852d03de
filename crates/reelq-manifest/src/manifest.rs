//! An opened manifest.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::{
    Format, ManifestHead, Problem, Problems, ReadingOptions, Rows, Vocabulary,
    cli_defaults::{self, OuterDefaults},
    csv::ColumnPlan,
    input::Input,
    names::Names,
    options,
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
    outer: OuterDefaults,
    told: Arc<[String]>,
}

impl Manifest {
    /// Opens a file and reads its head.
    ///
    /// # Errors
    /// No row can be read at all. Whatever else is wrong with the head comes from [`Manifest::rows`], so that all problems are
    /// told at once.
    pub fn open(path: &Path, vocabulary: &Vocabulary) -> Result<Self, Problems> {
        Self::open_as(path, vocabulary, &ReadingOptions::default())
    }

    /// Opens a file that is read as `options` say.
    ///
    /// # Errors
    /// As [`Manifest::open`], or the options name what cannot be.
    pub fn open_as(path: &Path, vocabulary: &Vocabulary, options: &ReadingOptions) -> Result<Self, Problems> {
        Self::of_input(Input::file(path), None, vocabulary, options)
    }

    /// Takes all of a reader, such as standard input, and reads it as a file of this name.
    ///
    /// # Errors
    /// As [`Manifest::open_as`].
    pub fn spooled(
        name: &Path,
        reader: &mut dyn io::Read,
        vocabulary: &Vocabulary,
        options: &ReadingOptions,
    ) -> Result<Self, Problems> {
        let input = Input::spooled(name, reader).map_err(|problem| *problem)?;
        Self::of_input(input, None, vocabulary, options)
    }

    /// Opens a manifest that is held in memory; it cannot pull in sources. `name` stands for its path in problems.
    ///
    /// # Errors
    /// As [`Manifest::open`].
    pub fn from_bytes(name: &Path, format: Format, bytes: &[u8], vocabulary: &Vocabulary) -> Result<Self, Problems> {
        Self::of_input(Input::memory(name, bytes), Some(format), vocabulary, &ReadingOptions::default())
    }

    fn of_input(
        input: Input,
        format: Option<Format>,
        vocabulary: &Vocabulary,
        options: &ReadingOptions,
    ) -> Result<Self, Problems> {
        let input = input.recognised(options).map_err(|problem| *problem)?;
        let format = match format {
            Some(format) => format,
            None => Format::detect(&input.path, &input.start().map_err(|problem| *problem)?),
        };
        Self::read(input, format, vocabulary, options)
    }

    fn read(input: Input, format: Format, vocabulary: &Vocabulary, options: &ReadingOptions) -> Result<Self, Problems> {
        let outer = OuterDefaults::read(options, vocabulary)?;
        let (mut problems, mut told) = (Vec::new(), Vec::new());
        let read = if format == Format::Toml {
            options::refuse_for_toml(&input.path, options)
                .and_then(|()| toml::read(&input, vocabulary, &outer, &mut problems, &mut told))
        } else {
            let names = Arc::new(Names::new(vocabulary, &[]));
            options::check_map(&names, options)
                .and_then(|()| table(&input, format, &names, &outer, options, &mut problems, &mut told))
        };
        match read {
            Ok((head, sources)) => {
                Ok(Self { input, head, sources: sources.into(), problems: problems.into(), outer, told: told.into() })
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
        self.outer.set = cli_defaults::read(given, Path::new(origin), vocabulary)?.map(Arc::new);
        Ok(self)
    }

    /// How the file was understood, where that is not plain: lines that are no problems.
    pub fn told(&self) -> &[String] {
        &self.told
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
        Rows::new(Arc::clone(&self.sources), self.problems.to_vec(), &self.input.path, self.outer.clone())
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
    names: &Arc<Names>,
    outer: &OuterDefaults,
    options: &ReadingOptions,
    problems: &mut Vec<Problem>,
    told: &mut Vec<String>,
) -> Result<(ManifestHead, Vec<RowSource>), Box<Problem>> {
    let plan = ColumnPlan::of_options(names, options, !outer.give_prompt());
    let content = SourceContent::of_file(input.clone(), format, plan, options, problems, told)?;
    let head = ManifestHead { passthrough: content.passthrough(), ..ManifestHead::default() };
    Ok((head, vec![RowSource { content, defaults: Vec::new(), templates: Arc::new(Templates::new()) }]))
}
