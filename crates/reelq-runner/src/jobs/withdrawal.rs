//! Whether the provider of a job can withdraw a task that it has taken.

use std::collections::BTreeMap;

use reelq_console::CommandError;
use reelq_model::{AccountName, Job};

use crate::{adapters, context::CommandContext};

/// What the providers of jobs can do, each looked up once.
#[derive(Debug)]
pub struct Abilities<'a> {
    context: &'a CommandContext,
    known: BTreeMap<AccountName, bool>,
}

impl<'a> Abilities<'a> {
    /// Nothing is looked up yet.
    pub const fn new(context: &'a CommandContext) -> Self {
        Self { context, known: BTreeMap::new() }
    }

    /// Whether the provider of `job` can withdraw a task.
    pub fn withdraws(&mut self, job: &Job) -> Result<bool, CommandError> {
        let account = &job.spec.account;
        if let Some(known) = self.known.get(account) {
            return Ok(*known);
        }
        let provider = match self.context.config.accounts.get(account) {
            Some(configured) => adapters::open(self.context, configured)?,
            None => adapters::open_vendor(self.context, job.spec.provider.as_str())?,
        };
        let withdraws = provider.capability().cancel;
        self.known.insert(account.clone(), withdraws);
        Ok(withdraws)
    }
}
