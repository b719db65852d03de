//! The generations of the vendor's request style.

/// The names of the dialects, newest last.
pub(crate) const DIALECTS: &[&str] = &["2026-04", "2026-06"];

/// Where model parameters stand in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 2026-04: those that the page lists as `extra.…` under `extra`, where unknown ones are passed on too.
    Extra,
    /// 2026-06: all at the root; `extra` is refused.
    #[default]
    Root,
}

impl Dialect {
    /// The dialect of this name; the newest where none is given.
    pub(super) fn named(name: Option<&str>) -> Self {
        if name == Some("2026-04") { Self::Extra } else { Self::Root }
    }
}
