//! A forecast as data. Amounts are dollars there, as in every document.

use reelq_forecast::{Bottleneck, Figures, Interval, Unlearned};
use reelq_model::{AccountName, Money, Timestamp};
use serde::Serialize;

use crate::BatchForecast;

/// What a forecast tells.
#[derive(Debug, Serialize)]
pub struct ForecastReport<'a> {
    batch: &'a str,
    /// The moment that seconds count from.
    at: Timestamp,
    /// How many times the batch was played.
    plays: u64,
    total: FiguresReport,
    accounts: Vec<AccountReport<'a>>,
}

#[derive(Debug, Serialize)]
struct AccountReport<'a> {
    account: &'a AccountName,
    #[serde(flatten)]
    figures: FiguresReport,
    unlearned: &'a [Unlearned],
}

#[derive(Debug, Serialize)]
struct FiguresReport {
    jobs: u64,
    submit_s: Option<Interval<u64>>,
    end_s: Option<Interval<u64>>,
    cost: Option<Interval<Money>>,
    throttles: Option<Interval<u64>>,
    failed: Option<Interval<u64>>,
    left_over: Interval<u64>,
    limit: Option<Bottleneck>,
}

impl<'a> ForecastReport<'a> {
    /// The report of what was played for a batch at a moment.
    pub fn of(batch: &'a str, played: &'a BatchForecast, at: Timestamp) -> Self {
        let forecast = &played.forecast;
        let accounts = played.accounts.iter().zip(&forecast.accounts).map(|(account, part)| AccountReport {
            account,
            figures: FiguresReport::of(&part.figures),
            unlearned: &part.unlearned,
        });
        Self {
            batch,
            at,
            plays: forecast.plays,
            total: FiguresReport::of(&forecast.total),
            accounts: accounts.collect(),
        }
    }
}

impl FiguresReport {
    fn of(figures: &Figures) -> Self {
        let Figures { jobs, submit_s, end_s, cost, throttles, failed, left_over, limit } = *figures;
        let cost = cost.map(|cost| cost.map(Money::from_micros));
        Self { jobs, submit_s, end_s, cost, throttles, failed, left_over, limit }
    }
}
