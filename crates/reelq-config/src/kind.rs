//! What the values of configuration keys must be.

use reelq_model::{
    AccountName, Money, ScheduleName,
    units::{ByteSize, Span},
};
use reelq_producer::schedule::{CronError, Expression, Zone};
use reelq_store_redis::Namespace;
use url::Url;

use super::{
    broken::{Broken, broken, hinted},
    range::{Numbers, Spans},
    store_url,
    value::ConfigValue,
};

/// The vendors that there are adapters for.
pub(crate) const PROVIDERS: &[&str] = reelq_provider::PROVIDERS;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueKind {
    /// Any text.
    Text,
    /// A list of texts.
    Texts,
    /// Whose keys on a shared server.
    Namespace,
    /// Where the state lives.
    Store,
    /// An `http` or `https` address.
    Url,
    /// The name of an environment variable.
    Variable,
    /// A number.
    Number(Numbers),
    /// A number, or `auto`.
    NumberOrAuto(Numbers),
    /// A whole number, or `auto`.
    WholeOrAuto {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A whole number.
    Whole {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A time with its unit, longer than nothing.
    Span(Spans),
    /// A number of bytes with its unit.
    Size,
    /// An amount in US dollars.
    Dollars,
    /// `true` or `false`.
    Switch,
    /// The name of an account.
    Account,
    /// The name of a schedule.
    Schedule,
    /// A cron expression.
    Cron,
    /// A time zone of the IANA database.
    Zone,
    /// The value of a row's field: a text, a number, a switch, or a list of texts.
    Field,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// The word for a limit that is to be learned.
const AUTO: &str = "auto";

fn or_auto(checked: Result<ConfigValue, Broken>) -> Result<ConfigValue, Broken> {
    checked.map_err(|broken| Broken { rule: format!("{}, or \"{AUTO}\"", broken.rule), ..broken })
}

impl ValueKind {
    /// Reads a value that stands in a variable, a flag or the table of defaults.
    pub(crate) fn read_text(self, text: &str) -> Result<ConfigValue, Broken> {
        match self {
            Self::Number(_) | Self::NumberOrAuto(_) => match text.parse() {
                Ok(number) => self.check(ConfigValue::Number(number)),
                Err(_) => self.check(ConfigValue::Text(text.to_owned())),
            },
            Self::Whole { .. } | Self::WholeOrAuto { .. } => match text.parse() {
                Ok(number) => self.check(ConfigValue::Whole(number)),
                Err(_) => self.check(ConfigValue::Text(text.to_owned())),
            },
            Self::Switch => match text.parse() {
                Ok(on) => self.check(ConfigValue::Switch(on)),
                Err(_) => self.check(ConfigValue::Text(text.to_owned())),
            },
            Self::Texts => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                self.check(ConfigValue::Texts(parts.map(str::to_owned).collect()))
            }
            _ => self.check(ConfigValue::Text(text.to_owned())),
        }
    }

    /// Checks a value and brings it into its normal form.
    pub(crate) fn check(self, value: ConfigValue) -> Result<ConfigValue, Broken> {
        match (self, value) {
            (Self::NumberOrAuto(_) | Self::WholeOrAuto { .. }, ConfigValue::Text(text)) if text == AUTO => {
                Ok(ConfigValue::Text(text))
            }
            (Self::NumberOrAuto(range), value) => or_auto(Self::Number(range).check(value)),
            (Self::WholeOrAuto { min, max }, value) => or_auto(Self::Whole { min, max }.check(value)),
            (Self::Texts, value @ ConfigValue::Texts(_)) => Ok(value),
            (Self::Texts, _) => broken("must be a list of texts, such as [\"a\", \"b\"]"),
            (Self::Switch, value @ ConfigValue::Switch(_)) => Ok(value),
            (Self::Switch, _) => broken("must be true or false"),
            (Self::Number(range), ConfigValue::Whole(number)) => range.check(number_of(number)),
            (Self::Number(range), ConfigValue::Number(number)) => range.check(number),
            (Self::Number(range), _) => broken(format!("must be a number above {}", range.above)),
            (Self::Dollars, ConfigValue::Text(text)) => dollars(&text),
            // The digits as they were written: the shortest that mean this number.
            (Self::Dollars, ConfigValue::Number(number)) => dollars(&number.to_string()),
            (Self::Dollars, ConfigValue::Whole(number)) => dollars(&number.to_string()),
            (Self::Dollars, _) => dollars(""),
            (Self::Whole { min, max }, ConfigValue::Whole(number)) if (min..=max).contains(&number) => {
                Ok(ConfigValue::Whole(number))
            }
            (Self::Whole { min, max }, _) => broken(format!("must be a whole number from {min} to {max}")),
            (Self::Field, value) => Ok(value),
            (kind, ConfigValue::Text(text)) => kind.check_text(&text).map(|()| ConfigValue::Text(text)),
            (Self::Span(_), _) => {
                hinted("must be a time with its unit", "write \"30s\", \"5m\" or \"1h 30m\", in quotes")
            }
            (Self::Size, _) => hinted("must be a size with its unit", "write \"20MB\" or \"2GiB\", in quotes"),
            _ => broken("must be a text in quotes"),
        }
    }

    fn check_text(self, text: &str) -> Result<(), Broken> {
        match self {
            Self::Store => store_url::check(text),
            Self::Url => check_url(text),
            Self::Choice(words) => one_of(text, words),
            Self::Variable => check_variable(text),
            Self::Namespace => match text.parse::<Namespace>() {
                Ok(namespace) if namespace.is_simulated() => hinted(
                    "must not end with `-simulated`",
                    "with --simulate, the namespace `x` keeps its state in `x-simulated`: choose another name",
                ),
                Ok(_) => Ok(()),
                Err(_) => broken("must be 1 to 64 of the characters a-z, A-Z, 0-9, `-`, `_` and `.`"),
            },
            Self::Schedule => ScheduleName::new(text).map(drop).or_else(|error| broken(error.rule)),
            Self::Cron => check_cron(text),
            Self::Zone => check_zone(text),
            Self::Account => AccountName::new(text).map(drop).or_else(|error| broken(error.rule)),
            Self::Span(range) => match text.parse::<Span>() {
                Ok(span) => range.check(span),
                Err(_) => hinted("must be a time with its unit", "write \"500ms\", \"30s\", \"5m\" or \"1h 30m\""),
            },
            Self::Size => match text.parse::<ByteSize>() {
                Ok(size) if size.0 > 0 => Ok(()),
                _ => hinted("must be a size above 0 with its unit", "write \"20MB\" or \"2GiB\""),
            },
            _ => Ok(()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
const fn number_of(number: i64) -> f64 {
    number as f64
}

fn dollars(text: &str) -> Result<ConfigValue, Broken> {
    match text.parse::<Money>() {
        Ok(money) if money >= Money::ZERO => Ok(ConfigValue::Text(money.to_string())),
        _ => hinted(
            "must be an amount in dollars with at most six decimals, not below zero",
            "for example 25, 12.50 or \"$12.50\"",
        ),
    }
}

fn one_of(text: &str, words: &[&str]) -> Result<(), Broken> {
    if words.contains(&text) {
        return Ok(());
    }
    let hint = reelq_model::nearest(text, words.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
    Err(Broken { rule: format!("must be one of {}", words.join(", ")), hint, part: None })
}

fn check_cron(text: &str) -> Result<(), Broken> {
    let Err(CronError { rule, hint, part }) = text.parse::<Expression>() else { return Ok(()) };
    let part = Some(part).filter(|part| *part != (0..text.len()));
    Err(Broken { rule, hint: Some(hint).filter(|hint| !hint.is_empty()), part })
}

fn check_zone(text: &str) -> Result<(), Broken> {
    let Err(error) = text.parse::<Zone>() else { return Ok(()) };
    let hint = error.nearest.as_ref().map(|near| format!("did you mean \"{near}\"?"));
    Err(Broken { rule: error.to_string(), hint, part: None })
}

fn check_variable(text: &str) -> Result<(), Broken> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(());
    }
    hinted(
        "must be the name of an environment variable",
        "the key itself does not belong here: export it, and name the variable",
    )
}

fn check_url(text: &str) -> Result<(), Broken> {
    let Ok(url) = Url::parse(text) else {
        return hinted("must be an address", "write \"https://host\" or \"http://127.0.0.1:9300\"");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return broken("must be an http or https address with a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return hinted("must not hold a user name or password", "use api_key_env or api_key_file");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return broken("must not have a query or fragment");
    }
    Ok(())
}
