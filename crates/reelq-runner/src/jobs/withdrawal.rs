//! Whether the provider of a job can withdraw a task that it has taken.

use std::collections::BTreeMap;

use reelq_console::Failure;
use reelq_model::{AccountName, Job};

use crate::{adapters, context::Session};

/// What the providers of jobs can do, each looked up once.
#[derive(Debug)]
pub struct Abilities<'a> {
    session: &'a Session,
    known: BTreeMap<AccountName, bool>,
}

impl<'a> Abilities<'a> {
    /// Nothing is looked up yet.
    pub const fn new(session: &'a Session) -> Self {
        Self { session, known: BTreeMap::new() }
    }

    /// Whether the provider of `job` can withdraw a task.
    pub fn withdraws(&mut self, job: &Job) -> Result<bool, Failure> {
        let account = &job.spec.account;
        if let Some(known) = self.known.get(account) {
            return Ok(*known);
        }
        let provider = match self.session.config.accounts.get(account) {
            Some(configured) => adapters::open(self.session, configured)?,
            None => adapters::open_vendor(self.session, job.spec.provider.as_str())?,
        };
        let withdraws = provider.capability().cancel;
        self.known.insert(account.clone(), withdraws);
        Ok(withdraws)
    }
}
