//! Cron expressions: five fields, or six with seconds in front. A refusal names the part that is wrong.

use std::{fmt, ops::Range, str::FromStr};

use croner::{Cron, parser::CronParser};

use super::steps;

/// A cron expression that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    cron: Cron,
}

/// Why a text is no cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct CronError {
    /// The rule that it breaks.
    pub rule: String,
    /// What to write instead.
    pub hint: String,
    /// The part that breaks it, as bytes of the text.
    pub part: Range<usize>,
}

/// A field: its name, what it takes, and how its values stand in an expression of six fields.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0-59, with * , - /"),
    ("minute", "0-59, with * , - /"),
    ("hour", "0-23, with * , - /"),
    ("day of the month", "1-31, L (the last day) or 15W (the working day next to the 15th), with * ? , - /"),
    ("month", "1-12 or JAN-DEC, with * , - /"),
    (
        "day of the week",
        "0-7 (0 and 7 are Sunday) or SUN-SAT, FRI#2 (the second Friday) or FRI#L (the last), with * ? , - /",
    ),
];

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Expression {
    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What people may expect otherwise of it, as they read it.
    pub fn notes(&self) -> Vec<String> {
        // One that was understood has a name that is known, or none.
        let plain = nickname(&self.text).ok().flatten().unwrap_or(&self.text);
        let fields: Vec<_> = plain.split_whitespace().collect();
        let first = 6_usize.saturating_sub(fields.len());
        fields.iter().enumerate().flat_map(|(at, field)| steps::uneven(first + at, field)).collect()
    }

    /// The matcher.
    pub(super) const fn cron(&self) -> &Cron {
        &self.cron
    }

    /// Whether every hour has ticks: then they follow the time that passes, not the hours that a clock shows.
    pub(super) fn is_hourly(&self) -> bool {
        (0..24).all(|hour| self.cron.pattern.hour_match(hour).unwrap_or(false))
    }
}

impl FromStr for Expression {
    type Err = CronError;
    fn from_str(text: &str) -> Result<Self, CronError> {
        let whole = 0..text.len();
        let plain = nickname(text)?.unwrap_or(text);
        let fields = fields(plain);
        if !(5..=6).contains(&fields.len()) {
            let rule = format!("must have 5 fields, or 6 with seconds in front; it has {}", fields.len());
            let hint = "minute hour day-of-month month day-of-week, such as \"0 2 * * MON-FRI\"".to_owned();
            return Err(CronError { rule, hint, part: whole });
        }
        for (index, part) in fields.iter().enumerate() {
            check(plain, index + 6 - fields.len(), part)?;
        }
        let cron = parse(plain).map_err(|reason| CronError { rule: reason, hint: String::new(), part: whole })?;
        Ok(Self { text: text.to_owned(), cron })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn nickname(text: &str) -> Result<Option<&'static str>, CronError> {
    let trimmed = text.trim();
    if !trimmed.starts_with('@') {
        return Ok(None);
    }
    let found = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(trimmed));
    let known = NICKNAMES.map(|(name, _)| name).join(", ");
    let refuse = || CronError { rule: format!("must be one of {known}"), hint: String::new(), part: 0..text.len() };
    found.map(|(_, plain)| Some(*plain)).ok_or_else(refuse)
}

/// Where the fields stand.
fn fields(text: &str) -> Vec<Range<usize>> {
    let start = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|part| start(part)..start(part) + part.len()).collect()
}

/// Tries a field alone, all others open, so that what is wrong can be pointed at.
fn check(text: &str, index: usize, part: &Range<usize>) -> Result<(), CronError> {
    if let Some((rule, hint)) = steps::too_wide(index, &text[part.clone()]) {
        return Err(CronError { rule, hint, part: part.clone() });
    }
    let alone: Vec<&str> = (0..6).map(|at| if at == index { &text[part.clone()] } else { "*" }).collect();
    let Err(reason) = parse(&alone.join(" ")) else { return Ok(()) };
    let (name, takes) = FIELDS[index];
    let rule = format!("must have a valid {name}: {reason}");
    Err(CronError { rule, hint: format!("{name}: {takes}"), part: part.clone() })
}

fn parse(text: &str) -> Result<Cron, String> {
    CronParser::new().parse(text).map_err(|error| plain_reason(&error.to_string()))
}

/// The parser's reason without its own names for things.
fn plain_reason(reason: &str) -> String {
    let reason = reason.rsplit_once(": ").map_or(reason, |(_, rest)| rest);
    let mut plain = reason.trim_end_matches('.').replace("CronPattern contains", "it contains");
    if let Some(first) = plain.get(..1) {
        plain = format!("{}{}", first.to_lowercase(), &plain[1..]);
    }
    plain
}
