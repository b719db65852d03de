//! What is to be planned: a manifest, and everything that was said about it.

use reelq_manifest::Manifest;
use reelq_model::{AccountName, BatchName, Money};
use reelq_store::ImportedWith;

use crate::{Accounts, Part, error::Result};

/// A manifest and everything that decides what its rows mean.
#[derive(Debug)]
pub struct Order {
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's path as it was given, for people.
    pub path: String,
    /// The configured accounts.
    pub accounts: Accounts,
    /// The request fields that name images, dotted where nested.
    pub image_fields: Vec<String>,
    /// What the command line says.
    pub overrides: Overrides,
    /// The batch's name: see [`batch_name`](crate::batch_name).
    pub batch: BatchName,
    /// How files are named where the manifest does not say.
    pub file_name: String,
    /// Where the manifest lies, and what may be said against buying it.
    pub source: ManifestSource,
    /// Which of its rows are bought now.
    pub part: Part,
}

/// What the command line says over the manifest.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The account of rows that name none.
    pub account: Option<AccountName>,
    /// The output place, instead of the manifest's.
    pub output: Option<String>,
    /// The output place of a manifest that names none: this folder, below it the batch's name.
    pub output_root: String,
    /// The budget, instead of the manifest's and of one that was said before.
    pub budget: Option<Money>,
    /// No budget from now on, whatever was said before.
    pub no_budget: bool,
    /// What is kept with the batch of the command line that loads it.
    pub loaded_with: Option<ImportedWith>,
}

impl Overrides {
    /// The account for a row that names none; a row that names its provider is left to the accounts of that provider.
    pub(crate) fn account_for(&self, provider: Option<&str>) -> Option<&str> {
        if provider.is_some() { None } else { self.account.as_ref().map(AccountName::as_str) }
    }
}

/// Where a manifest lies, and what a person said of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, or a fact about it")]
#[derive(Debug, Clone, Default)]
pub struct ManifestSource {
    /// The manifest's own place: absolute, and with links followed.
    pub path: Option<String>,
    /// The batch has the name of its file, because no one gave it one.
    pub named_by_file: bool,
    /// Requests are looked up in other batches, too.
    pub looks_elsewhere: bool,
    /// Nothing is bought with the plan: where the look-up needs what a reader may not do, it is left out.
    pub reads_only: bool,
    /// A person said that what other batches have may be bought again.
    pub again: bool,
    /// A person said that it takes the place of another file's manifest.
    pub replaces: bool,
}

impl ManifestSource {
    /// What a look-up came to; nothing where it failed and nothing is bought on its word.
    pub(crate) fn tolerate<T>(&self, looked: Result<T>) -> Result<Option<T>> {
        match looked {
            Ok(found) => Ok(Some(found)),
            Err(error) if self.reads_only => {
                tracing::warn!(%error, "what other batches have was not looked up");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
