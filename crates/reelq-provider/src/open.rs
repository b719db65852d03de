//! Opens the adapter that an account's configuration names.

use std::sync::Arc;

use crate::{Provider, ProviderSettings, SettingsError, apixo::Apixo, poyo::Poyo, settings::dialects, wave::Wave};

/// Opens the vendor that `settings` name.
pub fn open(settings: &ProviderSettings) -> Result<Arc<dyn Provider>, SettingsError> {
    let name = settings.provider.as_str();
    if let Some(dialect) = settings.dialect.as_deref().filter(|dialect| !dialects(name).contains(dialect)) {
        return Err(SettingsError::UnknownDialect { provider: name.to_owned(), dialect: dialect.to_owned() });
    }
    Ok(match name {
        "wave" => Arc::new(Wave::open(settings)?),
        "apixo" => Arc::new(Apixo::open(settings)?),
        "poyo" => Arc::new(Poyo::open(settings)?),
        _ => return Err(SettingsError::UnknownProvider { name: name.to_owned() }),
    })
}
