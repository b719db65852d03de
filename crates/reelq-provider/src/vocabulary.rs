//! The field names of all built-in catalogues together.

use indexmap::IndexSet;

use crate::{apixo, catalogue::Catalogue, poyo, wave};

fn built_in() -> impl Iterator<Item = Catalogue> {
    let texts = [("wave", wave::MODELS), ("apixo", apixo::MODELS), ("poyo", poyo::MODELS)];
    texts.into_iter().filter_map(|(name, text)| Catalogue::parse(text, name).ok())
}

/// Every name by which a manifest may give a request field to any vendor.
pub fn field_names() -> Vec<String> {
    let names: IndexSet<String> = built_in().flat_map(|catalogue| catalogue.field_names()).collect();
    names.into_iter().collect()
}

/// Those of [`field_names`] that take images.
pub fn image_fields() -> Vec<String> {
    let names: IndexSet<String> = built_in().flat_map(|catalogue| catalogue.image_fields()).collect();
    names.into_iter().collect()
}
