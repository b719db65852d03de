//! What a tick's batch is made from: the schedule's manifest, under the tick's name and in a folder of its own.

use std::io;

use async_trait::async_trait;
use reelq_console::Failure;
use reelq_model::{BatchName, Timestamp};
use reelq_producer::{
    KeepImages, Order, Plan,
    schedule::{Orders, Schedule, folder_of},
};
use reelq_runner::images;
use reelq_runner::{context::Session, work::collecting::usable};

use crate::commands::plan::{ManifestArgs, order};

/// Opens the manifests of schedules.
#[derive(Debug)]
pub(crate) struct Manifests<'a> {
    pub(crate) session: &'a Session,
}

impl Manifests<'_> {
    /// The order of a tick.
    pub(crate) fn open(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> Result<Order, Failure> {
        let args = ManifestArgs {
            manifest: self.session.configured(&schedule.manifest),
            batch: Some(batch.to_string()),
            account: schedule.account.clone(),
            output: None,
            budget: schedule.budget,
            no_budget: false,
            usual: Vec::new(),
            // The configuration that names the schedule has said so, for every tick.
            buys_again: true,
            replace: true,
        };
        let mut order = order(&args, self.session)?;
        let below = self.output_of(schedule, order.manifest.head().output.as_deref());
        order.source.looks_elsewhere = false;
        order.overrides.output = Some(format!("{}/{}", below.trim_end_matches('/'), folder_of(at)));
        Ok(order)
    }

    /// The place below which each tick of a schedule has its folder.
    fn output_of(&self, schedule: &Schedule, manifests: Option<&str>) -> String {
        let root = &self.session.config.output;
        if self.session.is_simulated() {
            return format!("{}/{}", reelq_config::simulated_output(root), schedule.name);
        }
        let named = schedule.output.as_deref().or(manifests);
        named.map_or_else(|| format!("{}/{}", root.trim_end_matches('/'), schedule.name), str::to_owned)
    }
}

#[async_trait]
impl Orders for Manifests<'_> {
    fn order(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> Result<Order, String> {
        self.open(schedule, at, batch).map_err(|failure| failure.in_one_line())
    }

    async fn images(&self, plan: &Plan) -> io::Result<Box<dyn KeepImages>> {
        let say = |failure: Failure| io::Error::other(failure.in_one_line());
        let place = usable(self.session, &plan.batch).await.map_err(say)?;
        images::of_load(self.session, place).map_err(say)
    }
}
