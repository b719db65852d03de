//! Sums that ran over in an earlier version: added up anew from their jobs when the namespace is opened.

use std::collections::BTreeMap;

use reelq_model::{Money, Timestamp};

use super::{
    caller::Caller,
    codec::{Packer, Unpacker},
    limits, scripts, views,
};
use reelq_store::rules::bounds::{self, JOB_MOST, SUM_MOST};
use reelq_store::{AccountView, Result};

/// What jobs add to an account: spent, reserved, claimed, in flight.
pub(super) type Sums = [i64; 4];

/// Looks at the accounts, which are few: whatever ran over is in the sums of one. Told once, for it is right afterwards.
pub(super) async fn sums(caller: &Caller) -> Result<()> {
    let views = limits::with_unread(caller).await?;
    let wrong = views.into_iter().filter(is_wrong).map(|(view, _)| (view.name.to_string(), Sums::default()));
    let mut sums: BTreeMap<String, Sums> = wrong.collect();
    if sums.is_empty() {
        return batches(caller).await;
    }
    let mut healed = 0;
    for batch in views::names(caller).await? {
        let reply = caller.call(&scripts::HEAL, &arguments(batch.as_str(), &BTreeMap::new(), false)).await?;
        let mut unpacker = reply.unpack();
        healed += unpacker.count()?;
        for (account, own) in unpacker.each(read)? {
            let all = sums.get_mut(&account).into_iter().flatten();
            for (sum, own) in all.zip(own) {
                *sum = sum.saturating_add(own).clamp(0, SUM_MOST);
            }
        }
    }
    caller.call(&scripts::HEAL, &arguments("", &sums, false)).await?;
    tracing::warn!(
        jobs = healed,
        accounts = sums.len(),
        "sums had run over or could not be read, and were added up anew; what purged batches cost is no longer in those of accounts"
    );
    Ok(())
}

/// Sums of a batch that cannot be read are added up, too; what else of it cannot be read stays as it is.
async fn batches(caller: &Caller) -> Result<()> {
    for (name, _) in views::unread(caller).await? {
        caller.call(&scripts::HEAL, &arguments(&name, &BTreeMap::new(), false)).await?;
    }
    Ok(())
}

const SUMS: [&str; 5] = ["spent", "reserved", "claimed", "day_spent", "in_flight"];

fn is_wrong((account, unread): &(AccountView, Vec<String>)) -> bool {
    if unread.iter().any(|field| SUMS.contains(&field.as_str())) {
        return true;
    }
    [account.spent, account.reserved, account.spent_today].map(Money::micros).iter().any(|sum| sum.abs() > SUM_MOST)
}

fn read(unpacker: &mut Unpacker<'_>) -> Result<(String, Sums)> {
    unpacker.list()?;
    Ok((unpacker.text()?.to_owned(), [unpacker.int()?, unpacker.int()?, unpacker.int()?, unpacker.int()?]))
}

/// `lost`: a record is gone that nothing was known of.
pub(super) fn arguments(batch: &str, accounts: &BTreeMap<String, Sums>, lost: bool) -> Vec<u8> {
    let latest = bounds::time(Timestamp::from_millis(i64::MAX)).millis();
    let mut packer = Packer::new();
    packer.list(6).text(batch).int(JOB_MOST).int(SUM_MOST).int(latest).list(accounts.len());
    for (account, sums) in accounts {
        packer.list(5).text(account);
        for sum in sums {
            packer.int(*sum);
        }
    }
    packer.flag(lost).finish()
}
