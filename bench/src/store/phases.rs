//! The steps of a job's life over Redis, and what each costs the server.

use anyhow::Result;
use reelq_store::ClaimStage;

use super::{
    Kept, Server, lines,
    peer::Theirs,
    server::Phase,
    work::{WORKERS, load, steps},
};
use crate::figure::Report;

/// What one job cost the server, step by step.
#[derive(Debug)]
pub(super) struct Phases {
    jobs: usize,
    group: usize,
    enqueue: Phase,
    purchase: Phase,
    look: Phase,
}

impl Phases {
    /// Loads `jobs` jobs, buys each, and looks at each once.
    pub(super) async fn of(server: &Server, jobs: usize, group: usize) -> Result<Self> {
        let store = server.store().await?;
        let draft = lines::batch("set")?;
        let lines = lines::lines(&draft, jobs)?;
        let enqueue = server.phase(jobs, load(&store, &draft, &lines)).await?;
        let purchase = server.phase(jobs, steps(server, jobs, group, ClaimStage::Submit)).await?;
        let look = server.phase(jobs, steps(server, jobs, group, ClaimStage::Poll)).await?;
        Ok(Self { jobs, group, enqueue, purchase, look })
    }

    pub(super) fn tell(&self, report: &mut Report, kept: Kept) {
        let (redis, group) = (kept.name(), self.group);
        let of = |what: &str| format!("{what}, {} jobs, {WORKERS} workers, groups of {group}", self.jobs);
        let mut add = |step: &str, phase: &Phase, what: &str| {
            report.add(format!("{redis}_{step}_cpu_us"), phase.each.cpu_us, of(what));
            report.add(format!("{redis}_{step}_per_second"), phase.per_second, of(what));
            report.add(format!("{redis}_{step}_commands"), phase.each.commands, of(what));
            report.add(format!("{redis}_{step}_traffic_bytes"), phase.each.traffic, of(what));
        };
        add(&format!("purchase_{group}"), &self.purchase, "claim, intent and acceptance");
        add(&format!("look_{group}"), &self.look, "claim and commit of one look");
        if group == super::GROUPS[0] {
            add("enqueue", &self.enqueue, "one load");
            let of = format!("used_memory, prompt of 184 characters, all indexes included, {} jobs", self.jobs);
            report.add(format!("{redis}_bytes_per_waiting_job"), self.enqueue.each.memory, of);
        }
    }

    /// How many times the peer's work is done in the same time of the server.
    pub(super) fn compare(&self, report: &mut Report, kept: Kept, peer: &str, theirs: &Theirs) {
        let (redis, group) = (kept.name(), self.group);
        let of = |what: &str| format!("its {what} / ours, by the server's processor time");
        let look = theirs.work_cpu_us / self.look.each.cpu_us;
        report.add(format!("{redis}_look_{group}_ratio_to_{peer}"), look, of("job from taken to done"));
        if group == super::GROUPS[0] {
            let enqueue = theirs.add_cpu_us / self.enqueue.each.cpu_us;
            report.add(format!("{redis}_enqueue_ratio_to_{peer}"), enqueue, of("add"));
        }
    }
}
