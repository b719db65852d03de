//! The verbs about requests, each handed to the writer or to a reader.

use async_trait::async_trait;
use reelq_model::{BatchName, RequestKey};
use reelq_store::{ImportsSeen, NotedRequest, RequestNote, Requests, Unnoted};

use super::{SqliteStore, code, noted};

const TRIM: &str = "DELETE FROM requests WHERE (key, batch) IN (SELECT key, batch FROM requests WHERE job IS NULL \
    ORDER BY at DESC LIMIT -1 OFFSET ?1)";

#[async_trait]
impl Requests for SqliteStore {
    async fn unnoted(&self) -> reelq_store::Result<Vec<Unnoted>> {
        self.readers.run(noted::unnoted).await
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> reelq_store::Result<()> {
        let (batch, notes) = (batch.clone(), notes.to_vec());
        self.writer.run(move |tx| noted::note(tx, &batch, &notes)).await
    }

    async fn finish_noting(&self, noted: &Unnoted) -> reelq_store::Result<()> {
        let noted = noted.clone();
        self.writer.run(move |tx| noted::finish(tx, &noted)).await
    }

    async fn noted(&self, keys: &[RequestKey]) -> reelq_store::Result<Vec<Vec<NotedRequest>>> {
        let keys = keys.to_vec();
        self.readers.run(move |conn| keys.iter().map(|key| noted::find(conn, key)).collect()).await
    }

    async fn imports_seen(&self) -> reelq_store::Result<ImportsSeen> {
        self.readers.run(noted::imports_seen).await
    }

    async fn trim_bought(&self, most: u64) -> reelq_store::Result<()> {
        self.writer.run(move |tx| Ok(tx.conn.prepare_cached(TRIM)?.execute([code::int(most)]).map(drop)?)).await
    }
}
