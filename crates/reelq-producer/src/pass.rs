//! One reading of a manifest: on a thread of its own, in chunks, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use reelq_store::{BatchDraft, LineDraft};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    Error, Order,
    batch_jobs::BatchJobs,
    error::Result,
    expand::{Expander, Findings},
    part::OpenRows,
};

/// Lines in a chunk.
const CHUNK: usize = 1_000;
/// Image bytes in a chunk, beyond which it is sent early.
const CHUNK_BYTES: usize = 64 << 20;
/// Chunks that may wait to be taken.
const WAITING: usize = 4;

/// Some lines, and the image bytes that they are the first to need.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) images: Vec<Bytes>,
    pub(crate) lines: Vec<LineDraft>,
}

/// A reading in progress.
#[derive(Debug)]
pub(crate) struct Pass {
    chunks: mpsc::Receiver<Chunk>,
    reader: JoinHandle<Result<Findings>>,
}

impl Pass {
    /// Begins to read. Dropping the pass ends the reading at the next chunk.
    pub(crate) fn start(
        order: Arc<Order>,
        batch: Arc<BatchDraft>,
        present: Arc<BatchJobs>,
        open: OpenRows,
        keep_images: bool,
    ) -> Self {
        let (sender, chunks) = mpsc::channel(WAITING);
        let reader = tokio::task::spawn_blocking(move || {
            read(&order, Expander::new(Arc::clone(&order), batch, present, open, keep_images), &sender)
        });
        Self { chunks, reader }
    }

    /// The next chunk, `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Chunk> {
        self.chunks.recv().await
    }

    /// What the whole reading found.
    pub(crate) async fn finish(self) -> Result<Findings> {
        self.reader.await.map_err(Error::Reader)?
    }
}

fn read(order: &Order, mut expander: Expander, sender: &mpsc::Sender<Chunk>) -> Result<Findings> {
    let mut lines = Vec::new();
    for row in order.manifest.rows() {
        match row {
            Ok(row) => {
                let mut emit = |line| lines.push(line);
                expander.row(&row, &mut emit)?;
            }
            Err(problem) => expander.unreadable(problem),
        }
        if lines.len() >= CHUNK || expander.images.fresh_bytes() >= CHUNK_BYTES {
            let chunk = Chunk { images: expander.images.take_fresh(), lines: std::mem::take(&mut lines) };
            if sender.blocking_send(chunk).is_err() {
                break;
            }
        }
    }
    let last = Chunk { images: expander.images.take_fresh(), lines };
    // The receiver is gone only where the pass was given up, and then no one misses the chunk.
    drop(sender.blocking_send(last));
    Ok(expander.finish())
}
