//! What a tick's batch is made from: the schedule's manifest, under the tick's name and in a folder of its own.

use std::io;

use async_trait::async_trait;
use reelq_console::CommandError;
use reelq_model::{BatchName, Timestamp};
use reelq_producer::{
    KeepImages, Order, Plan,
    schedule::{Orders, Schedule, folder_of},
};
use reelq_runner::{context::CommandContext, images, work::collecting::usable};

use crate::commands::ordering::{ManifestArgs, PartArgs, ReadingArgs, order_unasked};

/// Opens the manifests of schedules.
#[derive(Debug)]
pub(crate) struct Manifests<'a> {
    pub(crate) context: &'a CommandContext,
}

impl Manifests<'_> {
    /// The order of a tick.
    pub(crate) fn open(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> Result<Order, CommandError> {
        let args = ManifestArgs {
            manifest: self.context.configured(&schedule.manifest),
            batch: Some(batch.to_string()),
            account: schedule.account.clone(),
            output: None,
            budget: schedule.budget,
            no_budget: false,
            usual: Vec::new(),
            reading: ReadingArgs::default(),
            part: PartArgs::default(),
            stop_if: Vec::new(),
            // The configuration that names the schedule has said so, for every tick.
            buys_again: true,
            replace: true,
        };
        let mut order = order_unasked(&args, self.context)?;
        let below = self.output_of(schedule, order.manifest.head().output.as_deref());
        order.source.looks_elsewhere = false;
        order.overrides.output = Some(format!("{}/{}", below.trim_end_matches('/'), folder_of(at)));
        Ok(order)
    }

    /// The place below which each tick of a schedule has its folder.
    fn output_of(&self, schedule: &Schedule, manifests: Option<&str>) -> String {
        let root = &self.context.config.output;
        if self.context.is_simulated() {
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
        let say = |failure: CommandError| io::Error::other(failure.in_one_line());
        let place = usable(self.context, &plan.batch).await.map_err(say)?;
        images::of_load(self.context, place).map_err(say)
    }
}
