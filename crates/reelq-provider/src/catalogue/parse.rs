//! Reads catalogue files.

use indexmap::{IndexMap, IndexSet};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{
    CatalogueError, Field, Model, Replies, Rule,
    merge::lay_over,
    resolve::{MissingSet, resolve},
    validate::validate,
};

/// The form of a file. An overlay may hold any part of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    containers: Vec<String>,
    fieldsets: IndexMap<String, IndexMap<String, Field>>,
    rulesets: IndexMap<String, IndexMap<String, Rule>>,
    models: IndexMap<String, Model>,
    camera_tags: IndexMap<String, String>,
    replies: Replies,
}

/// What a vendor's models take and cost, and what its codes mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Catalogue {
    /// Every model, in the file's order.
    pub models: IndexMap<String, Model>,
    /// Camera tags, with the vendor's English names for them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub camera_tags: IndexMap<String, String>,
    /// What the vendor's codes mean.
    #[serde(skip_serializing)]
    pub replies: Replies,
    #[serde(skip_serializing)]
    pub(crate) containers: Vec<String>,
    #[serde(skip_serializing)]
    source: Table,
}

impl Catalogue {
    /// Reads a whole catalogue; `origin` names it in messages.
    pub fn parse(text: &str, origin: &str) -> Result<Self, CatalogueError> {
        let source = read(text, origin)?;
        Self::build(source, text, origin)
    }

    /// Lays a user's file over this catalogue; `origin` names it in messages.
    pub fn overlaid(&self, text: &str, origin: &str) -> Result<Self, CatalogueError> {
        let mut source = self.source.clone();
        lay_over(&mut source, read(text, origin)?);
        Self::build(source, text, origin)
    }

    fn build(source: Table, text: &str, origin: &str) -> Result<Self, CatalogueError> {
        let missing = |MissingSet { model, key, set }| {
            let rule = format!("names the set `{set}`, which does not exist");
            CatalogueError::meaning(origin, text, &["models", &model, key], rule)
        };
        let resolved = resolve(source.clone()).map_err(missing)?;
        let file: File = resolved.try_into().map_err(|error| CatalogueError::form(origin, "", &error))?;
        validate(&file.models, origin, text)?;
        let File { containers, models, camera_tags, replies, .. } = file;
        Ok(Self { models, camera_tags, replies, containers, source })
    }

    /// Whether at least one price is known.
    pub fn knows_prices(&self) -> bool {
        self.models.values().any(|model| !model.prices.is_empty())
    }

    /// Every name by which a manifest may give a field, in the catalogue's order.
    pub fn field_names(&self) -> Vec<String> {
        let mut names = self.names_of(|_| true);
        names.extend(self.models.values().filter_map(|model| model.passthrough.clone()));
        names.into_iter().collect()
    }

    /// Those of [`Catalogue::field_names`] that take images.
    pub fn image_fields(&self) -> Vec<String> {
        self.names_of(|field| field.kind().is_image()).into_iter().collect()
    }

    fn names_of(&self, wanted: impl Fn(&Field) -> bool) -> IndexSet<String> {
        let fields = self.models.values().flat_map(|model| &model.fields).filter(|(_, field)| wanted(field));
        let spellings = |name: &String| {
            let nested = self.containers.iter().map(|container| format!("{container}.{name}")).collect::<Vec<_>>();
            std::iter::once(name.clone()).chain(nested)
        };
        fields.flat_map(|(name, _)| spellings(name)).collect()
    }
}

/// Reads `text` twice: as a table to be merged, and for its form alone, so that errors name this text's lines.
fn read(text: &str, origin: &str) -> Result<Table, CatalogueError> {
    let form = |error| CatalogueError::form(origin, text, &error);
    toml::from_str::<File>(text).map_err(form)?;
    toml::from_str(text).map_err(form)
}
