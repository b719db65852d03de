//! The guard's verb: folders of journals, and what of them was held against the namespace.

use reelq_model::{JobId, Timestamp};

use super::{
    absent,
    caller::{Caller, Reply},
    codec::{Packer, Unpacker},
    scripts,
};
use reelq_store::{Absentees, FolderDraft, FolderView, GuardStep, Result, StoreGuard};

pub(super) async fn guard(caller: &Caller, step: &GuardStep) -> Result<StoreGuard> {
    let reply = caller.call(&scripts::FOLDERS, &pack(step)).await?;
    let guard = read(&reply, matches!(step, GuardStep::List))?;
    if let GuardStep::Confirm { folder, .. } = step
        && guard.is_confirmed(&folder.id)
    {
        caller.memory.adopt(&reply.epoch);
    }
    Ok(guard)
}

fn pack(step: &GuardStep) -> Vec<u8> {
    let mut packer = Packer::new();
    match step {
        GuardStep::Read => packer.list(1).int(0),
        GuardStep::Look => packer.list(1).int(1),
        GuardStep::Enter(folders) => {
            packer.list(2).int(2).list(folders.len());
            for folder in folders {
                draft(&mut packer, folder);
            }
            &mut packer
        }
        GuardStep::Confirm { folder, generation, absent, dropped, is_short } => {
            packer.list(6).int(3);
            draft(&mut packer, folder);
            packer.text(generation).count(*absent).count(*dropped).flag(*is_short)
        }
        GuardStep::Release(ids) => {
            packer.list(2).int(4).list(ids.len());
            for id in ids {
                packer.text(id);
            }
            &mut packer
        }
        GuardStep::Leave(id) => packer.list(2).int(5).text(id),
        GuardStep::Absent { folder, missing, found } => {
            packer.list(4).int(6).text(folder);
            absent::pack(&mut packer, missing);
            jobs(&mut packer, found);
            &mut packer
        }
        GuardStep::List => packer.list(1).int(7),
        GuardStep::Over => packer.list(1).int(8),
    };
    packer.finish()
}

fn draft(packer: &mut Packer, folder: &FolderDraft) {
    packer.list(3).text(&folder.id).text(&folder.host).text(&folder.path);
}

fn jobs(packer: &mut Packer, jobs: &[JobId]) {
    packer.list(jobs.len());
    for job in jobs {
        packer.bytes(job.as_bytes());
    }
}

fn read(reply: &Reply, lists: bool) -> Result<StoreGuard> {
    let mut unpacker = reply.unpack();
    let survived = unpacker.count()?;
    let mut folders = unpacker.each(folder)?;
    folders.sort_by(|one, other| (&one.folder.host, &one.folder.id).cmp(&(&other.folder.host, &other.folder.id)));
    let epoch = &reply.epoch;
    Ok(StoreGuard {
        identity: epoch.identity.clone(),
        generation: epoch.generation.clone(),
        counter: epoch.counter,
        roster: epoch.roster,
        survived,
        folders,
        absent: if lists { absent::read(&mut unpacker)? } else { Absentees::default() },
    })
}

fn folder(unpacker: &mut Unpacker<'_>) -> Result<FolderView> {
    unpacker.list()?;
    let mut text = || unpacker.text().map(str::to_owned);
    let folder = FolderDraft { id: text()?, host: text()?, path: text()? };
    Ok(FolderView {
        folder,
        seen_at: Timestamp::from_millis(unpacker.int()?),
        confirmed: unpacker.flag()?,
        absent: unpacker.count()?,
        is_short: unpacker.flag()?,
        entered: unpacker.count()?,
    })
}
