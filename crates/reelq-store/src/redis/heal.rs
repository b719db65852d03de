//! Sums that ran over in an earlier version: added up anew from their jobs when the namespace is opened.

use std::collections::BTreeMap;

use reelq_model::{Money, Timestamp};

use super::{
    caller::Caller,
    limits,
    pack::{Packer, Unpacker},
    scripts, views,
};
use crate::{
    AccountView, Result,
    bounds::{self, JOB_MOST, SUM_MOST},
};

/// What jobs add to an account: spent, reserved, claimed.
type Sums = [i64; 3];

/// Looks at the accounts, which are few: whatever ran over is in the sums of one. Told once, for it is right afterwards.
pub(super) async fn sums(caller: &Caller) -> Result<()> {
    let views = limits::accounts(caller).await?;
    let wrong = views.into_iter().filter(is_wrong).map(|view| (view.name.to_string(), Sums::default()));
    let mut sums: BTreeMap<String, Sums> = wrong.collect();
    if sums.is_empty() {
        return Ok(());
    }
    let mut healed = 0;
    for batch in views::names(caller).await? {
        let reply = caller.call(&scripts::HEAL, &arguments(batch.as_str(), &BTreeMap::new())).await?;
        let mut unpacker = reply.unpack();
        healed += unpacker.count()?;
        for (account, own) in unpacker.each(read)? {
            let all = sums.get_mut(&account).into_iter().flatten();
            for (sum, own) in all.zip(own) {
                *sum = sum.saturating_add(own).clamp(0, SUM_MOST);
            }
        }
    }
    caller.call(&scripts::HEAL, &arguments("", &sums)).await?;
    tracing::warn!(
        jobs = healed,
        accounts = sums.len(),
        "sums of money had run over and were added up anew; what purged batches cost is no longer in those of accounts"
    );
    Ok(())
}

fn is_wrong(account: &AccountView) -> bool {
    [account.spent, account.reserved, account.spent_today].map(Money::micros).iter().any(|sum| sum.abs() > SUM_MOST)
}

fn read(unpacker: &mut Unpacker<'_>) -> Result<(String, Sums)> {
    unpacker.list()?;
    Ok((unpacker.text()?.to_owned(), [unpacker.int()?, unpacker.int()?, unpacker.int()?]))
}

fn arguments(batch: &str, accounts: &BTreeMap<String, Sums>) -> Vec<u8> {
    let latest = bounds::time(Timestamp::from_millis(i64::MAX)).millis();
    let mut packer = Packer::new();
    packer.list(5).text(batch).int(JOB_MOST).int(SUM_MOST).int(latest).list(accounts.len());
    for (account, sums) in accounts {
        packer.list(4).text(account);
        for sum in sums {
            packer.int(*sum);
        }
    }
    packer.finish()
}
