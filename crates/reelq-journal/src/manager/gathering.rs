//! Reading what the folder's journals tell of one life of the store.

use std::collections::BTreeSet;

use reelq_model::JobId;
use reelq_store::{Error, Result};

use super::JournalManager;
use crate::{
    entry::{Contents, FORMAT, Line},
    folder::Folder,
    lives::{Life, inherited},
    replay::{Stories, tell},
};

impl JournalManager {
    pub(super) async fn gather(&self, life: &Life) -> Result<(Stories, Vec<(String, Contents)>)> {
        let mut unsent: BTreeSet<(JobId, u32)> = self.state().pending.unsent().collect();
        let own_file = self.writer.read().await?;
        told_of_damage(&self.name, &own_file)?;
        // Lines were written while the file was read.
        unsent.extend(self.state().pending.unsent());
        let others = self.others().await?;
        let all = own_file.lines.iter().chain(others.iter().flat_map(|(.., contents)| &contents.lines));
        let heirs = inherited(all, life);
        let belongs = |line: &&Line| line.identity == life.identity || heirs.contains(&line.job);
        let of_life = |lines: &[Line]| -> Vec<Line> { lines.iter().filter(belongs).cloned().collect() };
        let mut stories = Stories::new();
        tell(&mut stories, &of_life(&own_file.lines), |job, number| !unsent.contains(&(job, number)));
        let mut dead = Vec::new();
        for (name, live, contents) in others {
            told_of_damage(&name, &contents)?;
            // The process may be about to send what is not marked as left; it will be told that it may not.
            tell(&mut stories, &of_life(&contents.lines), |_, _| !live);
            if !live {
                dead.push((name, contents));
            }
        }
        Ok((stories, dead))
    }

    /// The journals of the other processes of this machine, and whether they live.
    pub(super) async fn others(&self) -> Result<Vec<(String, bool, Contents)>> {
        let (folder, own_file) = (self.folder.clone(), self.name.clone());
        let read = tokio::task::spawn_blocking(move || {
            let names = folder.names()?.into_iter().filter(|name| *name != own_file);
            Ok(names.filter_map(|name| other(&folder, name)).collect())
        });
        let shown = self.folder.path().display();
        let unread =
            |error: std::io::Error| Error::broken(format!("the journal's folder {shown} cannot be read: {error}"));
        read.await.map_err(Error::unavailable)?.map_err(unread)
    }
}

/// What another process's journal holds; one that cannot be read is told of and passed over.
fn other(folder: &Folder, name: String) -> Option<(String, bool, Contents)> {
    // Asked before reading: a process that ends in between has then written its last line.
    let live = folder.is_live(&name);
    match folder.read(&name) {
        Ok(contents) => Some((name, live, contents)),
        Err(error) => {
            tracing::error!(journal = name, %error, "a journal cannot be read: what only it knows may be bought again");
            None
        }
    }
}

fn told_of_damage(name: &str, contents: &Contents) -> Result<()> {
    if contents.damaged > 0 {
        tracing::error!(
            journal = name,
            lines = contents.damaged,
            "lines of a journal are damaged; the others are used"
        );
    }
    match contents.newer {
        Some(found) => Err(Error::Format { found, supported: FORMAT }),
        None => Ok(()),
    }
}
