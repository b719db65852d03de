//! The one thread that writes the journal: lines that wait go to the disk together, under one sync.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
};

use tokio::sync::oneshot;

use super::{entry::Contents, own_file::OwnFile};
use reelq_store::{Error, Result};

/// At most this many groups of lines share a sync.
const GROUP: usize = 256;

type Answer<T> = oneshot::Sender<io::Result<T>>;

enum Task {
    Append { lines: Vec<u8>, answer: Option<Answer<()>> },
    Probe(Answer<()>),
    Rotate { carried: Vec<u8>, answer: Answer<()> },
    Read(Answer<Contents>),
}

/// Hands lines to the journal's thread.
#[derive(Debug)]
pub(super) struct JournalWriter {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
    shown: String,
}

impl JournalWriter {
    #[expect(clippy::disallowed_methods, reason = "the journal's own thread; joined when the writer is dropped")]
    pub(super) fn start(own_file: OwnFile) -> Self {
        let shown = own_file.shown();
        let (tasks, waiting) = channel();
        let thread = std::thread::spawn(move || serve(own_file, &waiting));
        Self { tasks: Some(tasks), thread: Some(thread), shown }
    }

    /// Writes lines and waits until they are on disk.
    pub(super) async fn append(&self, lines: Vec<u8>) -> Result<()> {
        self.ask(|answer| Task::Append { lines, answer: Some(answer) }).await
    }

    /// Writes lines that may be lost with the machine's power.
    pub(super) fn note(&self, lines: Vec<u8>) {
        if let Some(tasks) = self.tasks.as_ref().filter(|_| !lines.is_empty()) {
            // A thread that is gone is told of by the next line that matters.
            tasks.send(Task::Append { lines, answer: None }).ok();
        }
    }

    /// Shows that the journal can be written.
    pub(super) async fn probe(&self) -> Result<()> {
        self.ask(Task::Probe).await
    }

    /// Drops what lies before the present file, and goes on with `carried` in a new one.
    pub(super) async fn rotate(&self, carried: Vec<u8>) -> Result<()> {
        self.ask(|answer| Task::Rotate { carried, answer }).await
    }

    pub(super) async fn read(&self) -> Result<Contents> {
        self.ask(Task::Read).await
    }

    async fn ask<T>(&self, task: impl FnOnce(Answer<T>) -> Task) -> Result<T> {
        let gone = || Error::broken(format!("the thread that writes the journal {} has stopped", self.shown));
        let (answer, answered) = oneshot::channel();
        self.tasks.as_ref().ok_or_else(gone)?.send(task(answer)).map_err(|_| gone())?;
        let outcome = answered.await.map_err(|_| gone())?;
        outcome.map_err(|error| Error::broken(format!("the journal {} cannot be used: {error}", self.shown)))
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        drop(self.tasks.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            thread.join().ok();
        }
    }
}

fn serve(mut own_file: OwnFile, waiting: &Receiver<Task>) {
    let mut next = None;
    while let Some(task) = next.take().or_else(|| waiting.recv().ok()) {
        match task {
            Task::Append { lines, answer } => next = append(&mut own_file, waiting, lines, answer),
            Task::Probe(answer) => drop(answer.send(own_file.probe())),
            Task::Rotate { carried, answer } => drop(answer.send(own_file.rotate(&carried))),
            Task::Read(answer) => drop(answer.send(own_file.read())),
        }
    }
}

/// Writes the lines with all others that wait; the first task that is something else comes back.
fn append(
    own_file: &mut OwnFile,
    waiting: &Receiver<Task>,
    first: Vec<u8>,
    answer: Option<Answer<()>>,
) -> Option<Task> {
    let (mut lines, mut answers, mut other) = (first, vec![answer], None);
    for task in waiting.try_iter().take(GROUP - 1) {
        match task {
            Task::Append { lines: more, answer } => {
                lines.extend(more);
                answers.push(answer);
            }
            task => {
                other = Some(task);
                break;
            }
        }
    }
    let outcome = own_file.append(&lines, answers.iter().any(Option::is_some));
    if let Err(error) = &outcome {
        tracing::warn!(journal = own_file.shown(), %error, "lines could not be written");
    }
    for answer in answers.into_iter().flatten() {
        let outcome = outcome.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string())).copied();
        answer.send(outcome).ok();
    }
    other
}
