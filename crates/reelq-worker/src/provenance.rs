//! Whose job it is: an account that was given another provider must not ask that one about the tasks of the earlier one.

use reelq_model::{Job, ProviderName};

/// Why the job is none of `provider`'s; `None` where it is.
pub fn other_provider(job: &Job, provider: &ProviderName) -> Option<String> {
    let (account, own) = (&job.spec.account, &job.spec.provider);
    (own != provider).then(|| {
        format!(
            "account {account} is one of {provider} in the configuration, and this row is of {own}: give the account its \
             provider back, or give {own} an account of its own and write `was = \"{account}\"` into that"
        )
    })
}
