//! The configured accounts, and which of them a row means.

use std::{collections::BTreeMap, sync::Arc};

use reelq_model::{AccountName, Finding};
use reelq_provider::Provider;
use reelq_store::AccountLimits;

/// An account as the producer needs it: who translates for it, and what it allows.
#[derive(Debug, Clone)]
pub struct PlanAccount {
    /// Its name.
    pub name: AccountName,
    /// Its vendor's adapter.
    pub provider: Arc<dyn Provider>,
    /// What it allows, for the expected time.
    pub limits: AccountLimits,
}

/// All configured accounts.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    by_name: BTreeMap<AccountName, PlanAccount>,
    usual: Option<AccountName>,
}

impl Accounts {
    /// Takes the configured accounts; `usual` is for rows that name neither an account nor a provider.
    ///
    /// Without it, a single configured account is the usual one.
    pub fn new(accounts: impl IntoIterator<Item = PlanAccount>, usual: Option<AccountName>) -> Self {
        let by_name: BTreeMap<_, _> = accounts.into_iter().map(|account| (account.name.clone(), account)).collect();
        let only = || by_name.keys().next().filter(|_| by_name.len() == 1).cloned();
        let usual = usual.or_else(only);
        Self { by_name, usual }
    }

    /// The account of this name.
    pub fn get(&self, name: &str) -> Option<&PlanAccount> {
        self.by_name.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &PlanAccount> {
        self.by_name.values()
    }

    /// The account of rows that name neither an account nor a provider.
    pub(crate) const fn usual_name(&self) -> Option<&AccountName> {
        self.usual.as_ref()
    }

    /// The account that a row means: the one it names, else the one of its provider, else the usual one, else the only one
    /// whose provider has its model.
    pub(crate) fn resolve(
        &self,
        account: Option<&str>,
        provider: Option<&str>,
        model: Option<&str>,
    ) -> Result<&PlanAccount, Box<Finding>> {
        let found = match (account, provider) {
            (Some(name), _) => self.named(name)?,
            (None, Some(provider)) => self.of_provider(provider)?,
            (None, None) => match self.usual() {
                Err(finding) => self.of_model(model).ok_or(finding)?,
                usual => usual?,
            },
        };
        match provider {
            Some(provider) if found.provider.name().as_str() != provider => Err(Box::new(mismatch(found, provider))),
            _ => Ok(found),
        }
    }

    fn named(&self, name: &str) -> Result<&PlanAccount, Box<Finding>> {
        let unknown = || {
            let rule = "account must be one that is configured";
            Box::new(Finding::error("account", Some(name.to_owned()), rule).with_hint(self.hint()))
        };
        self.by_name.get(name).ok_or_else(unknown)
    }

    fn of_provider(&self, provider: &str) -> Result<&PlanAccount, Box<Finding>> {
        let mut fitting = self.iter().filter(|account| account.provider.name().as_str() == provider);
        let usual = self.usual.as_ref().and_then(|name| self.by_name.get(name));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => {
                let fits = usual.filter(|account| account.provider.name().as_str() == provider);
                fits.ok_or_else(|| {
                    let rule = "account must be named, because the provider has several";
                    let named: Vec<_> = self.iter().filter(|a| a.provider.name().as_str() == provider).collect();
                    Box::new(Finding::error("account", None, rule).with_hint(format!("name one of {}", list(&named))))
                })
            }
            _ => {
                let rule = "provider must have a configured account";
                Err(Box::new(
                    Finding::error("provider", Some(provider.to_owned()), rule).with_hint(section_hint(provider)),
                ))
            }
        }
    }

    /// The only account whose provider has this model.
    fn of_model(&self, model: Option<&str>) -> Option<&PlanAccount> {
        let model = model?;
        let mut having = self.iter().filter(|account| account.provider.catalogue().models.contains_key(model));
        having.next().filter(|_| having.next().is_none())
    }

    fn usual(&self) -> Result<&PlanAccount, Box<Finding>> {
        let missing = || {
            let rule = "a row must name its account, because none is the default";
            let mut finding = Finding::error("account", None, rule);
            finding.hint = Some(if self.by_name.is_empty() {
                section_hint("wave")
            } else {
                format!("add an `account` (or `provider`) column or default, or `--account NAME`; {}", self.hint())
            });
            Box::new(finding)
        };
        self.usual.as_ref().and_then(|name| self.by_name.get(name)).ok_or_else(missing)
    }

    fn hint(&self) -> String {
        let all: Vec<_> = self.iter().collect();
        if all.is_empty() { "no account is configured".to_owned() } else { format!("configured: {}", list(&all)) }
    }
}

fn list(accounts: &[&PlanAccount]) -> String {
    accounts.iter().map(|account| format!("`{}`", account.name)).collect::<Vec<_>>().join(", ")
}

fn section_hint(provider: &str) -> String {
    format!(
        "add to reelq.toml:\n  [accounts.{provider}]\n  provider = \"{provider}\"\n  api_key_env = \"NAME_OF_VARIABLE\"\n\
         or try it without an account, buying nothing: `--simulate`"
    )
}

fn mismatch(account: &PlanAccount, provider: &str) -> Finding {
    let rule =
        format!("provider must be the account's: `{}` is an account of `{}`", account.name, account.provider.name());
    Finding::error("provider", Some(provider.to_owned()), rule).with_hint("drop one of the two columns")
}
