//! The bytes of a manifest or source: a file that is opened anew for each pass, memory, or standard input.

use std::{
    io::{self, Read},
    path::Path,
    string::FromUtf8Error,
    sync::Arc,
};

use reelq_forms::{Bytes, Content, EncodingGuess, Packing, encoding_named, guess};

use crate::{Problem, limits, not_utf8::not_utf8, options::ReadingOptions, problem::readable};

/// Enough of a file to tell its form and its encoding.
const START: u64 = 64 * 1024;

/// Where bytes come from; they can be read any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) path: Arc<Path>,
    content: Content,
    /// Its lines are the rows of a sheet.
    pub(crate) is_sheet: bool,
}

impl Input {
    pub(crate) fn file(path: &Path) -> Self {
        Self { path: Arc::from(path), content: Content::file(path), is_sheet: false }
    }

    pub(crate) fn memory(name: &Path, bytes: &[u8]) -> Self {
        Self { path: Arc::from(name), content: Content::memory(bytes), is_sheet: false }
    }

    /// Takes all of a reader that can be read only once.
    pub(crate) fn spooled(name: &Path, reader: &mut dyn Read) -> Result<Self, Box<Problem>> {
        let unreadable = |error| Problem::of_file(name, format!("it cannot be read: {error}"));
        let content = Content::spooled(reader).map_err(unreadable)?;
        Ok(Self { path: Arc::from(name), content, is_sheet: false })
    }

    pub(crate) const fn is_memory(&self) -> bool {
        self.content.is_memory()
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    /// The same file, read as a table that was made of it.
    pub(crate) fn of_sheet(&self, content: Content) -> Self {
        Self { path: Arc::clone(&self.path), content, is_sheet: true }
    }

    /// Finds out how it is packed, and that its text is UTF-8 or of the encoding that was said.
    pub(crate) fn recognised(mut self, options: &ReadingOptions) -> Result<Self, Box<Problem>> {
        if let Some(problem) = address(&self.path) {
            return Err(problem);
        }
        let mut magic = Vec::new();
        let read = self.content.raw().and_then(|raw| raw.take(4).read_to_end(&mut magic));
        read.map_err(|error| self.unreadable(&error))?;
        if let Some(packing) = Packing::of(&magic) {
            self.content = self.content.unpacked(packing);
        }
        if let Some(name) = &options.encoding {
            let encoding = encoding_named(name).map_err(|unknown| {
                let hint = "names are those of the web: gbk, shift_jis, windows-1252, utf-16le, big5, euc-kr";
                Box::new(Problem::of_file(Path::new("--encoding"), unknown.to_string()).with_hint(hint))
            })?;
            self.content = self.content.decoded(encoding);
        }
        Ok(self)
    }

    /// Checks that it is text that can be read.
    pub(crate) fn check_text(&self) -> Result<(), Box<Problem>> {
        if self.content.is_decoded() {
            return Ok(());
        }
        let start = self.start()?;
        match guess(&start) {
            Some(guess) => Err(Box::new(self.of_encoding(&guess, &start))),
            None => Ok(()),
        }
    }

    /// How a text of the encoding that was said reads, to be looked at; an error where it is UTF-8 already.
    pub(crate) fn told_encoding(&self) -> Result<Option<String>, Box<Problem>> {
        let Some(encoding) = self.content.encoding() else { return Ok(None) };
        let raw = self.content.undecoded().start(START).map_err(|error| self.unreadable(&error))?;
        if encoding.name() != "UTF-8" && !raw.is_ascii() && guess(&raw).is_none() {
            let rule = format!("the file is UTF-8 already, and `--encoding {}` would spoil it", encoding.name());
            return Err(Box::new(Problem::of_file(&self.path, rule).with_hint("leave out --encoding")));
        }
        let start = self.start()?;
        let text = String::from_utf8_lossy(&start);
        let telling = text.lines().zip(1..).find(|(line, _)| !line.is_ascii());
        Ok(telling
            .map(|(line, number)| format!("read as {}: line {number} reads `{}`", encoding.name(), readable(line))))
    }

    fn of_encoding(&self, guess: &EncodingGuess, start: &[u8]) -> Problem {
        let name = guess.encoding.name().to_ascii_lowercase();
        let (line, preview) = (guess.line, readable(&guess.preview));
        let rule = format!("the file is not UTF-8{}; it is likely {}", first_bad(start), guess.encoding.name());
        let hint = format!(
            "with it, line {line} reads: {preview}\nif that is right, add `--encoding {name}`; else name another \
             encoding, or save the file again as UTF-8 (in Excel: \"CSV UTF-8\")"
        );
        Problem::of_file(&self.path, rule).with_hint(hint)
    }

    /// The first bytes, unpacked and decoded.
    pub(crate) fn start(&self) -> Result<Vec<u8>, Box<Problem>> {
        self.content.start(START).map_err(|error| self.unreadable(&error))
    }

    /// Opens it after the marks that may stand before its text.
    pub(crate) fn open(&self) -> Result<Bytes, Box<Problem>> {
        let mut bytes = Bytes::new(self.content.reader().map_err(|error| self.unreadable(&error))?);
        bytes.start(16).map_err(|error| self.unreadable(&error))?;
        bytes.skip_bom();
        Ok(bytes)
    }

    /// All of it, for what cannot be read in pieces; `what` it is, and what to do where it is too long.
    pub(crate) fn text(&self, what: &str, hint: &str) -> Result<String, Box<Problem>> {
        let mut bytes = self.open()?;
        let mut all = Vec::new();
        while let Some(byte) = bytes.next().map_err(|error| self.unreadable(&error))? {
            if all.len() as u64 >= limits::WHOLE_BYTES {
                let problem = Problem::of_file(&self.path, format!("{what} may have at most 64 MiB"));
                return Err(Box::new(problem.with_hint(hint)));
            }
            all.push(byte);
        }
        String::from_utf8(all).map_err(|error| self.not_text(&error))
    }

    fn not_text(&self, error: &FromUtf8Error) -> Box<Problem> {
        let bad = error.utf8_error().valid_up_to();
        let raw = error.as_bytes();
        let start = raw[..bad].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = reelq_forms::newlines(&String::from_utf8_lossy(&raw[..start])) + 1;
        let end = raw[bad..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |length| bad + length);
        let cut = &raw[start..end];
        match std::str::from_utf8(cut) {
            Err(fault) => Box::new(not_utf8(&self.path, cut, start as u64, line, fault)),
            Ok(_) => Box::new(Problem::of_file(&self.path, "the file is not UTF-8")),
        }
    }

    /// A problem that tells why it cannot be read.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Box<Problem> {
        let problem = Problem::of_file(&self.path, format!("the file cannot be read: {error}"));
        Box::new(match error.kind() {
            io::ErrorKind::NotFound => problem.with_hint("check the path; relative ones start at the current folder, and those of sources at the manifest's folder"),
            _ => problem,
        })
    }

    /// Digests the content in pieces, as it lies there.
    pub(crate) fn digest(&self) -> io::Result<[u8; 32]> {
        Ok(*reelq_model::Digest::read(self.content.raw()?)?.0.as_bytes())
    }
}

/// Addresses are not read: what is bought must not change between the plan and the purchase.
fn address(path: &Path) -> Option<Box<Problem>> {
    let is_scheme = |part: &str| {
        let name = part.strip_suffix(':').unwrap_or_default();
        name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let is_address = path.components().any(|part| part.as_os_str().to_str().is_some_and(is_scheme));
    if !is_address || path.exists() {
        return None;
    }

    let hint = "download it first, for example `curl -fLO ADDRESS`, and name the file";
    Some(Box::new(Problem::of_file(path, "an address is not read as a manifest").with_hint(hint)))
}

/// The first byte that is no UTF-8, with its line.
fn first_bad(start: &[u8]) -> String {
    let Err(error) = std::str::from_utf8(start) else { return String::new() };
    let (before, rest) = start.split_at(error.valid_up_to());
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    rest.first().map(|byte| format!(" (byte {byte:#04x} on line {line})")).unwrap_or_default()
}
