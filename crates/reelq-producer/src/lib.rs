//! Brings manifests in: `plan` checks every row, compares it with the store and prices it; `load` enqueues it.
//!
//! Both read the manifest as a stream, the same way. Nothing is enqueued unless every row passed, and nothing is
//! enqueued that was not planned: a load that reads something else than its plan did changes nothing.

mod account_budget;
mod accounts;
mod batch_jobs;
mod carried;
mod changes;
mod comparing;
mod conflicts;
mod cost;
mod elsewhere;
mod equal;
mod error;
mod estimate;
mod expand;
mod forecast_report;
mod forecasting;
mod images;
mod inputs;
mod job_naming;
mod keep;
mod load;
mod meanwhile;
mod name;
mod order;
mod part;
mod pass;
mod plan;
mod priced;
mod prompts;
mod release;
pub mod schedule;
mod source;
mod unchanged;

pub use account_budget::{AccountBudget, Left};
pub use accounts::{Accounts, PlanAccount};
pub use changes::Changes;
pub use conflicts::{Elsewhere, Meanwhile, Takes};
pub use cost::{CostLine, HeldCost};
pub use elsewhere::{keep_bought, keep_removed};
pub use equal::EqualRows;
pub use error::{Error, RefusedManifest};
pub use estimate::Estimate;
pub use forecast_report::ForecastReport;
pub use forecasting::{BatchForecast, play};
pub use keep::KeepImages;
pub use load::{LoadReport, load, load_telling};
pub use name::{batch_name, cut_name};
pub use order::{ManifestSource, Order, Overrides};
pub use part::Part;
pub use plan::{Plan, plan};
pub use reelq_forecast as forecast;
pub use release::{held, release};
