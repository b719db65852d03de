//! Stop rules: what may become of a batch's rows before no further one is bought.

use std::{fmt, str::FromStr};

use reelq_model::Money;

/// A rule such as `failed>10%`, `refused>5` or `cost>1.5x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopRule {
    measure: Measure,
    limit: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Rows that failed, for whatever reason.
    Failed,
    /// Rows whose content the vendor refused.
    Refused,
    /// What was charged, against the catalogue's prices.
    Cost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Rows(u64),
    /// Hundredths of a per cent of the rows that ended.
    Share(u64),
    /// Thousandths of the catalogue's price.
    Times(u64),
}

/// What became of rows, since someone began to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Toll {
    /// Rows that ended.
    pub ended: u64,
    /// Rows that failed.
    pub failed: u64,
    /// Rows whose content was refused.
    pub refused: u64,
    /// What rows of known price were charged.
    pub charged: Money,
    /// The catalogue's prices of the same rows.
    pub priced: Money,
}

/// A share says little of fewer rows that ended.
const ENDED_MIN: u64 = 10;

/// A text that is no stop rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a stop rule is written failed>10%, failed>20, refused>5, refused>2% or cost>1.5x")]
pub struct NoStopRule;

impl FromStr for StopRule {
    type Err = NoStopRule;

    fn from_str(text: &str) -> Result<Self, NoStopRule> {
        let (measure, limit) = text.split_once('>').ok_or(NoStopRule)?;
        let measure = match measure.trim() {
            "failed" => Measure::Failed,
            "refused" => Measure::Refused,
            "cost" => Measure::Cost,
            _ => return Err(NoStopRule),
        };
        let limit = limit.trim();
        let limit = match (measure, limit.strip_suffix('%'), limit.strip_suffix(['x', 'X'])) {
            (Measure::Cost, None, Some(times)) => Limit::Times(scaled(times, 3)?),
            (Measure::Failed | Measure::Refused, Some(share), _) => Limit::Share(scaled(share, 2)?),
            (Measure::Failed | Measure::Refused, None, None) => Limit::Rows(limit.parse().map_err(|_| NoStopRule)?),
            _ => return Err(NoStopRule),
        };
        let is_sound = match limit {
            Limit::Share(share) => share < 10_000,
            Limit::Times(times) => times >= 1_000,
            Limit::Rows(_) => true,
        };
        is_sound.then_some(Self { measure, limit }).ok_or(NoStopRule)
    }
}

/// A decimal number as a whole one of so many more digits.
fn scaled(text: &str, digits: u32) -> Result<u64, NoStopRule> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = digits as usize;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > digits || whole.len() > 9 || !is_number(whole) || !is_number(part) {
        return Err(NoStopRule);
    }
    format!("{whole}{part:0<digits$}").parse().map_err(|_| NoStopRule)
}

impl StopRule {
    /// Whether it is about refusals, which must be counted.
    pub const fn counts_refused(&self) -> bool {
        matches!(self.measure, Measure::Refused)
    }

    /// Whether it is about money.
    pub const fn weighs_cost(&self) -> bool {
        matches!(self.measure, Measure::Cost)
    }

    /// Why no further row is bought; `None` where the rule is kept.
    pub fn broken(&self, toll: &Toll) -> Option<String> {
        let rows = match self.measure {
            Measure::Failed => toll.failed,
            Measure::Refused => toll.refused,
            Measure::Cost => return self.cost_broken(toll),
        };
        let word = if self.measure == Measure::Failed { "failed" } else { "were refused for their content" };
        let is_broken = match self.limit {
            Limit::Rows(most) => rows > most,
            Limit::Share(share) => {
                toll.ended >= ENDED_MIN && u128::from(rows) * 10_000 > u128::from(toll.ended) * u128::from(share)
            }
            Limit::Times(_) => false,
        };
        is_broken.then(|| format!("{rows} of {} rows that ended {word} ({self})", toll.ended))
    }

    fn cost_broken(&self, toll: &Toll) -> Option<String> {
        let Limit::Times(times) = self.limit else { return None };
        let (charged, priced) = (i128::from(toll.charged.micros()), i128::from(toll.priced.micros()));
        let is_broken = priced > 0 && charged * 1_000 > priced * i128::from(times);
        is_broken
            .then(|| format!("${} was charged for rows of ${} by the catalogue ({self})", toll.charged, toll.priced))
    }
}

impl Toll {
    /// What came to it since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            ended: self.ended.saturating_sub(before.ended),
            failed: self.failed.saturating_sub(before.failed),
            refused: self.refused.saturating_sub(before.refused),
            charged: self.charged - before.charged,
            priced: self.priced - before.priced,
        }
    }
}

impl fmt::Display for StopRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = match self.measure {
            Measure::Failed => "failed",
            Measure::Refused => "refused",
            Measure::Cost => "cost",
        };
        match self.limit {
            Limit::Rows(rows) => write!(f, "{measure}>{rows}"),
            Limit::Share(share) => write!(f, "{measure}>{}%", decimal(share, 100)),
            Limit::Times(times) => write!(f, "{measure}>{}x", decimal(times, 1_000)),
        }
    }
}

fn decimal(number: u64, unit: u64) -> String {
    let (whole, part) = (number / unit, number % unit);
    let width = unit.ilog10() as usize;
    format!("{whole}.{part:0width$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toll(ended: u64, failed: u64, refused: u64) -> Toll {
        Toll { ended, failed, refused, ..Toll::default() }
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        for text in ["failed>10%", "failed>20", "refused>0", "refused>2.5%", "cost>1.5x", "cost>1x"] {
            assert_eq!(text.parse::<StopRule>().unwrap().to_string(), text);
        }
        for wrong in [
            "failed",
            "failed<3",
            "failed>",
            "failed>100%",
            "cost>10%",
            "cost>0.5x",
            "failed>1.5x",
            "lost>3",
            "failed>-1",
        ] {
            assert_eq!(wrong.parse::<StopRule>(), Err(NoStopRule), "{wrong}");
        }
    }

    #[test]
    fn a_count_is_broken_at_once_and_a_share_once_enough_rows_ended() {
        let broken = |rule: &str, toll: Toll| rule.parse::<StopRule>().unwrap().broken(&toll);
        assert_eq!(broken("failed>2", toll(3, 2, 0)), None);
        assert!(broken("failed>2", toll(3, 3, 0)).unwrap().starts_with("3 of 3 rows that ended failed"));
        assert_eq!(broken("failed>10%", toll(9, 9, 0)), None, "too few ended");
        assert_eq!(broken("failed>10%", toll(10, 1, 0)), None);
        assert!(broken("failed>10%", toll(10, 2, 0)).is_some());
        assert!(broken("refused>0", toll(40, 9, 1)).is_some());
    }

    #[test]
    fn cost_is_weighed_against_the_catalogue() {
        let charged = |charged, priced| Toll {
            charged: Money::from_micros(charged),
            priced: Money::from_micros(priced),
            ..Toll::default()
        };
        let rule: StopRule = "cost>1.5x".parse().unwrap();
        assert_eq!(rule.broken(&charged(1_500, 1_000)), None);
        assert!(rule.broken(&charged(1_501, 1_000)).is_some());
        assert_eq!(rule.broken(&charged(5, 0)), None, "nothing to weigh it against");
    }
}
