//! An opened manifest.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::{
    Format, Head, Problem, Problems, Rows, Vocabulary,
    csv::Plan,
    input::Input,
    names::Names,
    part::{Content, Defaults, Part},
    template::Templates,
    toml, usual,
};

/// An opened manifest: its head is read, its rows can be read any number of times.
#[derive(Debug, Clone)]
pub struct Manifest {
    input: Input,
    head: Head,
    parts: Arc<[Part]>,
    problems: Arc<[Problem]>,
    usual: Option<Arc<Defaults>>,
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
            Ok((head, parts)) => Ok(Self { input, head, parts: parts.into(), problems: problems.into(), usual: None }),
            Err(problem) => {
                let mut all = Problems::from(*problem);
                all.extend(problems);
                Err(all)
            }
        }
    }

    /// Gives values (`FIELD=VALUE`) to rows that name none themselves and take none from defaults.
    ///
    /// `origin` is what problems call the place where they were given.
    pub fn with_usual(mut self, given: &[String], origin: &str, vocabulary: &Vocabulary) -> Result<Self, Problems> {
        self.usual = usual::read(given, Path::new(origin), vocabulary)?.map(Arc::new);
        Ok(self)
    }

    /// What it says of the batch as a whole.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The files that its rows come from, its own first.
    pub fn files(&self) -> Vec<PathBuf> {
        let sources = self.parts.iter().filter_map(|part| part.content.input());
        std::iter::once(&self.input).chain(sources).map(|input| input.path.to_path_buf()).collect()
    }

    /// Reads the rows, and with them every problem of the manifest, warnings among them.
    pub fn rows(&self) -> Rows {
        Rows::new(Arc::clone(&self.parts), self.problems.to_vec(), &self.input.path, self.usual.clone())
    }

    /// Digests every file that it reads, in order, so that two passes can be known to have read the same.
    pub fn digest(&self) -> io::Result<Digest> {
        let own = self.input.digest()?;
        let sources = self.parts.iter().filter_map(|part| part.content.input()).filter(|input| {
            // The manifest itself is its only part where it is not TOML.
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
) -> Result<(Head, Vec<Part>), Box<Problem>> {
    let plan = Plan { names: Arc::new(Names::new(vocabulary, &[])), ..Plan::default() };
    let content = Content::of_file(input.clone(), format, plan, problems)?;
    let head = Head { passthrough: content.passthrough(), ..Head::default() };
    Ok((head, vec![Part { content, defaults: Vec::new(), templates: Arc::new(Templates::new()) }]))
}
