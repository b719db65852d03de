//! The ranges of values.

use std::time::Duration;

use reelq_model::units::Span;

use super::{
    broken::{Broken, broken},
    value::ConfigValue,
};

/// The numbers that a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    /// They are above this.
    pub(crate) above: f64,
    /// The most.
    pub(crate) most: f64,
}

impl Numbers {
    /// Checks a value against it.
    pub(crate) fn check(self, number: f64) -> Result<ConfigValue, Broken> {
        let Self { above, most } = self;
        if number.is_finite() && number > above && number <= most {
            return Ok(ConfigValue::Number(number));
        }
        broken(format!("must be a number above {above} and at most {most}"))
    }
}

/// The times that a key takes, those included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    pub(crate) least: Option<Duration>,
    pub(crate) most: Option<Duration>,
}

impl Spans {
    /// Whatever is longer than nothing.
    pub(crate) const ANY: Self = Self { least: None, most: None };

    /// At least this.
    pub(crate) const fn from(least: Duration) -> Self {
        Self { least: Some(least), most: None }
    }

    /// Both included.
    pub(crate) const fn between(least: Duration, most: Duration) -> Self {
        Self { least: Some(least), most: Some(most) }
    }

    /// Checks a value against it.
    pub(crate) fn check(self, span: Span) -> Result<(), Broken> {
        let fits = self.least.is_none_or(|least| span.0 >= least) && self.most.is_none_or(|most| span.0 <= most);
        match self.in_words() {
            _ if span.0.is_zero() => broken("must be longer than nothing"),
            Some(range) if !fits => broken(format!("must be {range}, not {span}")),
            _ => Ok(()),
        }
    }

    /// The range in words, where there is one.
    pub(crate) fn in_words(self) -> Option<String> {
        match (self.least.map(Span), self.most.map(Span)) {
            (Some(least), Some(most)) => Some(format!("from {least} to {most}")),
            (Some(least), None) => Some(format!("at least {least}")),
            (None, Some(most)) => Some(format!("at most {most}")),
            (None, None) => None,
        }
    }
}
