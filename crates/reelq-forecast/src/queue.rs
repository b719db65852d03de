//! The jobs that wait to be bought: counts alone, for jobs of one group differ only in how often they were bought.

use super::{
    PlayedAccount,
    purse::{Hold, Purse},
};

/// A job is bought again so many times at most, whatever its account allows.
const RETRIES_MAX: u32 = 100;

/// The jobs of one account that wait.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    groups: Vec<Waiting>,
    /// How many wait.
    in_all: u64,
    retries: u32,
}

#[derive(Debug, Clone)]
struct Waiting {
    price: Option<i64>,
    /// How many wait, by how often they were bought again.
    by_retry: Vec<u64>,
    in_all: u64,
}

/// A job that is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    group: u32,
    retry: u32,
}

/// What may be bought next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// This job.
    Job(Ticket),
    /// None of those that wait, and why; of several reasons the one that ends by itself.
    Held(Hold),
}

impl Ticket {
    /// As one number.
    pub(crate) fn number(self) -> u64 {
        (u64::from(self.group) << 32) | u64::from(self.retry)
    }

    /// The one of this number.
    #[expect(clippy::cast_possible_truncation, reason = "each half is meant")]
    pub(crate) const fn of(number: u64) -> Self {
        Self { group: (number >> 32) as u32, retry: number as u32 }
    }
}

impl Queue {
    pub(crate) fn new(account: &PlayedAccount) -> Self {
        let groups: Vec<Waiting> = account
            .groups
            .iter()
            .map(|group| Waiting { price: group.price, by_retry: vec![group.count], in_all: group.count })
            .collect();
        Self { groups, in_all: account.jobs(), retries: account.retries.min(RETRIES_MAX) }
    }

    /// How many wait.
    pub(crate) const fn waiting(&self) -> u64 {
        self.in_all
    }

    /// What may be bought next: of the first group that the budgets can pay for, and of that what was bought least often.
    pub(crate) fn next(&self, purse: &Purse) -> Next {
        let mut held = Hold::Budget;
        for (group, waiting) in (0..).zip(&self.groups).filter(|(_, group)| group.in_all > 0) {
            match (purse.holds(waiting.price), waiting.least_bought()) {
                (None, Some(retry)) => return Next::Job(Ticket { group, retry }),
                (Some(Hold::Day), _) => held = Hold::Day,
                _ => {}
            }
        }
        Next::Held(held)
    }

    /// It is bought, and waits no longer.
    pub(crate) fn take(&mut self, ticket: Ticket) {
        if let Some(group) = self.group(ticket)
            && let Some(count) = group.by_retry.get_mut(ticket.retry as usize)
        {
            *count = count.saturating_sub(1);
            group.in_all = group.in_all.saturating_sub(1);
            self.in_all = self.in_all.saturating_sub(1);
        }
    }

    /// It is to be bought again; `false` where that was done as often as it may be.
    pub(crate) fn put_back(&mut self, ticket: Ticket) -> bool {
        let retry = ticket.retry as usize + 1;
        if ticket.retry >= self.retries {
            return false;
        }
        let Some(group) = self.group(ticket) else { return false };
        if group.by_retry.len() <= retry {
            group.by_retry.resize(retry + 1, 0);
        }
        let Some(count) = group.by_retry.get_mut(retry) else { return false };
        *count += 1;
        group.in_all += 1;
        self.in_all += 1;
        true
    }

    /// What a job costs by the catalogue, in micro-dollars.
    pub(crate) fn price(&self, ticket: Ticket) -> Option<i64> {
        self.groups.get(ticket.group as usize)?.price
    }

    fn group(&mut self, ticket: Ticket) -> Option<&mut Waiting> {
        self.groups.get_mut(ticket.group as usize)
    }
}

impl Waiting {
    fn least_bought(&self) -> Option<u32> {
        (0..).zip(&self.by_retry).find(|(_, count)| **count > 0).map(|(retry, _)| retry)
    }
}
