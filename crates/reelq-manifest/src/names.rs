//! Which names a row may use, and which one was likely meant by a name that it may not use.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use reelq_results::taken;

/// The request field names that any catalogue knows, dotted where nested: `extra.prompt_optimizer`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// The names, in the order in which they are shown.
    pub fields: Vec<String>,
}

/// From this likeness on, a stranger is taken for a slip: one letter in five may be wrong. `code` is no `mode`.
const SLIP: f64 = 0.78;

/// The keys of a row that are not request fields.
pub(crate) const ROW_KEYS: [&str; 7] = ["id", "account", "provider", "model", "mode", "copies", "priority"];

/// The part of a row that a column or key stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowField {
    Id,
    Account,
    Provider,
    Model,
    Mode,
    Copies,
    Priority,
    Field(Arc<str>),
    Passthrough(Arc<str>),
}

impl RowField {
    fn row_key(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::Id,
            "account" => Self::Account,
            "provider" => Self::Provider,
            "model" => Self::Model,
            "mode" => Self::Mode,
            "copies" => Self::Copies,
            "priority" => Self::Priority,
            _ => return None,
        })
    }

    /// A column of the user's own, under the name that it has in the result manifest: one of ours is told apart by `x_`.
    pub(crate) fn carried(name: &str) -> Self {
        let is_ours = taken().any(|column| column == name);
        Self::Passthrough(if is_ours { Arc::from(format!("x_{name}")) } else { Arc::from(name) })
    }

    /// Whether it decides what is asked for, and is not only carried along.
    pub(crate) const fn is_asked(&self) -> bool {
        !matches!(self, Self::Passthrough(_))
    }

    /// The name by which problems and spans call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Id => "id",
            Self::Account => "account",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Mode => "mode",
            Self::Copies => "copies",
            Self::Priority => "priority",
            Self::Field(name) | Self::Passthrough(name) => name,
        }
    }
}

/// What a name in a manifest stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameMeaning {
    /// A part of the row.
    Field(RowField),
    /// The parent of dotted fields: `extra`.
    Parent,
    /// Nothing.
    Unknown,
}

/// Every name that a row may use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    fields: BTreeSet<Arc<str>>,
    parents: BTreeSet<String>,
    by_header: BTreeMap<String, Arc<str>>,
    passthrough: BTreeSet<String>,
}

impl Names {
    /// Takes the vocabulary and the names that the manifest itself wants carried through.
    pub(crate) fn new(vocabulary: &Vocabulary, passthrough: &[String]) -> Self {
        let mut names = Self { passthrough: passthrough.iter().cloned().collect(), ..Self::default() };
        for field in &vocabulary.fields {
            let field: Arc<str> = Arc::from(field.as_str());
            names.by_header.entry(header_form(&field)).or_insert_with(|| Arc::clone(&field));
            names.parents.extend(field.match_indices('.').map(|(at, _)| field[..at].to_owned()));
            names.fields.insert(field);
        }
        names
    }

    /// Reads a JSON or TOML key, which must be written exactly.
    pub(crate) fn key(&self, name: &str) -> NameMeaning {
        if let Some(target) = self.carried(name).or_else(|| RowField::row_key(name)) {
            return NameMeaning::Field(target);
        }
        match self.fields.get(name) {
            Some(field) => NameMeaning::Field(RowField::Field(Arc::clone(field))),
            None if self.parents.contains(name) => NameMeaning::Parent,
            None => NameMeaning::Unknown,
        }
    }

    /// Reads a header cell: case, spaces and the kind of dash do not matter.
    pub(crate) fn header(&self, name: &str) -> NameMeaning {
        let name = name.trim();
        let form = header_form(name);
        if let Some(target) = self.carried(name).or_else(|| RowField::row_key(&form)) {
            return NameMeaning::Field(target);
        }
        match self.by_header.get(&form) {
            Some(field) => NameMeaning::Field(RowField::Field(Arc::clone(field))),
            None if self.parents.contains(&form) => NameMeaning::Parent,
            None => NameMeaning::Unknown,
        }
    }

    fn carried(&self, name: &str) -> Option<RowField> {
        let own = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x_")) && name.len() > 2;
        (own || self.passthrough.contains(name)).then(|| RowField::Passthrough(Arc::from(name)))
    }

    /// The known name that `name` is so like that it is taken for a slip, and is not carried as a column of its own.
    pub(crate) fn slip_of(&self, name: &str) -> Option<&str> {
        let known = ROW_KEYS.iter().copied().chain(self.fields.iter().map(AsRef::as_ref));
        reelq_model::nearest_above(SLIP, name, known)
    }

    /// The known name that `name` was likely meant to be.
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        let known = ROW_KEYS.iter().copied().chain(self.fields.iter().map(AsRef::as_ref));
        reelq_model::nearest(name, known)
    }
}

/// Brings a header into the form in which headers are compared.
pub(crate) fn header_form(name: &str) -> String {
    let plain = name.trim().chars().map(|c| if c == '-' || c.is_whitespace() { '_' } else { c });
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let fields = ["prompt", "image_urls", "aspectRatio", "extra.prompt_optimizer"].map(str::to_owned).to_vec();
        Names::new(&Vocabulary { fields }, &["dimension".to_owned()])
    }

    #[test]
    fn headers_ignore_case_spaces_and_dashes() {
        for (header, field) in [
            (" Image URLs ", "image_urls"),
            ("image-urls", "image_urls"),
            ("ASPECTRATIO", "aspectRatio"),
            ("Extra.Prompt Optimizer", "extra.prompt_optimizer"),
        ] {
            assert_eq!(names().header(header), NameMeaning::Field(RowField::Field(Arc::from(field))), "{header}");
        }
        assert_eq!(names().header("Copies"), NameMeaning::Field(RowField::Copies));
        assert_eq!(names().header("extra"), NameMeaning::Parent);
    }

    #[test]
    fn keys_are_exact() {
        assert_eq!(names().key("Prompt"), NameMeaning::Unknown);
        assert_eq!(names().key("dimension"), NameMeaning::Field(RowField::Passthrough(Arc::from("dimension"))));
        assert_eq!(names().key("x_"), NameMeaning::Unknown);
    }

    #[test]
    fn nearest_sees_slips_and_forgotten_parents_but_not_strangers() {
        assert_eq!(names().nearest("promt"), Some("prompt"));
        assert_eq!(names().nearest("prompt_optimiser"), Some("extra.prompt_optimizer"));
        assert_eq!(names().nearest("dimension_of_evaluation"), None);
    }
}
