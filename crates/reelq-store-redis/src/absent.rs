//! What journals know and the namespace does not, as it goes to the script and comes back.

use reelq_model::{JobId, Money, TaskId, Timestamp};

use super::codec::{Packer, Unpacker};
use reelq_store::rules::bounds;
use reelq_store::{AbsentJob, AbsentPurchase, AbsentSum, AbsentView, Absentees, Error, Result};

pub(super) fn pack(packer: &mut Packer, jobs: &[AbsentJob]) {
    packer.list(jobs.len());
    for job in jobs {
        let (account, batch) = job
            .owner
            .as_ref()
            .map_or(("", ""), |(account, batch)| (account.as_str(), batch.as_ref().map_or("", |batch| batch.as_str())));
        packer.list(4).bytes(job.id.as_bytes()).text(account).text(batch).list(job.purchases.len());
        for purchase in &job.purchases {
            let task = purchase.task.as_ref().map_or("", TaskId::as_str);
            let at = bounds::time(purchase.at).millis();
            packer.list(5).int(i64::from(purchase.number)).text(task);
            packer.int(bounds::price(purchase.amount)).int(at).flag(purchase.is_over);
        }
    }
}

pub(super) fn read(unpacker: &mut Unpacker<'_>) -> Result<Absentees> {
    unpacker.list()?;
    let jobs = unpacker.count()?;
    let sums = unpacker.each(|unpacker| Ok(String::from_utf8_lossy(unpacker.bytes()?).into_owned()))?;
    Ok(Absentees { jobs, sums: by_account(&sums), first: unpacker.each(view)? })
}

/// Sums as the namespace has them, names and numbers in turn, each name a word and an account.
fn by_account(sums: &[String]) -> Vec<AbsentSum> {
    let mut found: Vec<AbsentSum> = Vec::new();
    for pair in sums.chunks_exact(2) {
        let Some((word @ ("purchases" | "open" | "spent" | "unpriced"), account)) = pair[0].split_once(':') else {
            continue;
        };
        let at = found.iter().position(|sum| sum.account == account).unwrap_or(found.len());
        if at == found.len() {
            found.push(AbsentSum { account: account.to_owned(), ..AbsentSum::default() });
        }
        let number: i64 = pair[1].parse().unwrap_or(0);
        let count = u64::try_from(number).unwrap_or(0);
        match word {
            "purchases" => found[at].purchases = count,
            "open" => found[at].open = count,
            "unpriced" => found[at].unpriced = count,
            _ => found[at].spent = Money::from_micros(number),
        }
    }
    found.sort_by(|one, other| one.account.cmp(&other.account));
    found
}

fn view(unpacker: &mut Unpacker<'_>) -> Result<AbsentView> {
    unpacker.list()?;
    let job = JobId::from_bytes(unpacker.bytes()?.try_into().map_err(|_| Error::broken("a job's id is cut short"))?);
    let (account, batch) = (unpacker.text()?.to_owned(), unpacker.text()?.to_owned());
    let number = u32::try_from(unpacker.int()?).unwrap_or(0);
    let task = TaskId::new(unpacker.text()?).ok();
    let amount = Some(unpacker.int()?).filter(|amount| *amount != bounds::NO_PRICE).map(Money::from_micros);
    let (at, is_over) = (Timestamp::from_millis(unpacker.int()?), unpacker.flag()?);
    Ok(AbsentView { job, account, batch, purchase: AbsentPurchase { number, task, amount, at, is_over } })
}
