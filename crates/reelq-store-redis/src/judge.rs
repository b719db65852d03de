//! What a server's settings put at risk, and how to fix each. Pure: facts in, findings out.

use reelq_redis_link::{Durability, ServerFacts};

/// Older servers were never tried; the scripts are written for this one and newer.
const OLDEST: (u32, u32) = (7, 0);
/// Differences of clocks that no one notices.
const CLOCK_SLACK_MS: u64 = 2_000;
/// A round trip that begins to slow workers down.
const SLOW_MS: u64 = 50;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// reelq does not work, or loses what it must keep.
    Bad,
    /// Something is at risk.
    Risky,
    /// Worth knowing.
    Note,
}

/// One thing about a server that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFinding {
    /// How bad it is.
    pub gravity: Gravity,
    /// What was found.
    pub found: String,
    /// What it puts at risk.
    pub risk: &'static str,
    /// How to fix it; mostly a line of redis.conf.
    pub fix: String,
}

/// Judges a server for work under `durability`; the worst comes first.
pub fn judge_server(facts: &ServerFacts, durability: Durability) -> Vec<ServerFinding> {
    let mut findings = Vec::new();
    findings.extend(identity(facts));
    findings.extend(memory(facts));
    findings.extend(file(facts, durability));
    findings.extend(disk(facts));
    findings.extend(replication(facts));
    findings.extend(surroundings(facts));
    findings.sort_by_key(|finding| finding.gravity);
    findings
}

fn finding(gravity: Gravity, found: impl Into<String>, risk: &'static str, fix: impl Into<String>) -> ServerFinding {
    ServerFinding { gravity, found: found.into(), risk, fix: fix.into() }
}

fn identity(facts: &ServerFacts) -> Option<ServerFinding> {
    if facts.role.as_deref() == Some("slave") {
        return Some(finding(
            Gravity::Bad,
            "the server is a replica",
            "it takes no writes",
            "name the master, or the sentinels: redis+sentinel://HOST:PORT/SERVICE/DATABASE",
        ));
    }
    let version = facts.version.as_deref()?;
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (parts.next()?, parts.next().unwrap_or(0));
    (found < OLDEST).then(|| {
        let risk = "the scripts are written for 7.0 and newer, and were tried there only";
        finding(Gravity::Bad, format!("version {version}"), risk, "use Redis 7.0 or newer; 7.2 for strict durability")
    })
}

/// What of a server's settings lets jobs and paid results vanish: said wherever work on it begins.
pub fn what_may_vanish(facts: &ServerFacts, durability: Durability) -> Vec<ServerFinding> {
    eviction(facts).into_iter().chain(no_file(facts, durability == Durability::Strict)).collect()
}

fn eviction(facts: &ServerFacts) -> Option<ServerFinding> {
    let policy = facts.setting("maxmemory-policy").filter(|policy| *policy != "noeviction")?;
    let gravity = if facts.max_memory.unwrap_or(0) > 0 { Gravity::Bad } else { Gravity::Risky };
    let risk = "a full server drops keys: jobs, leases and paid results vanish without a word";
    Some(finding(gravity, format!("maxmemory-policy {policy}"), risk, "maxmemory-policy noeviction"))
}

fn no_file(facts: &ServerFacts, strict: bool) -> Option<ServerFinding> {
    let gravity = if strict { Gravity::Bad } else { Gravity::Risky };
    let risk = "a restart forgets everything since the last snapshot; the journals know purchases, not batches";
    (facts.appends == Some(false)).then(|| finding(gravity, "appendonly no", risk, "appendonly yes"))
}

fn memory(facts: &ServerFacts) -> Vec<ServerFinding> {
    let mut findings = Vec::new();
    let limit = facts.max_memory.unwrap_or(0);
    findings.extend(eviction(facts));
    if let Some(dropped) = facts.dropped_keys.filter(|dropped| *dropped > 0) {
        let risk = "some of them may have been jobs";
        let fix = "maxmemory-policy noeviction; then compare `reelq status` with the manifests";
        findings.push(finding(Gravity::Risky, format!("{dropped} keys were dropped for want of memory"), risk, fix));
    }
    if facts.max_memory == Some(0) {
        let fix = facts
            .machine_memory
            .map_or("maxmemory 1gb".to_owned(), |all| format!("maxmemory {}mb", (all / 4 * 3) >> 20));
        let risk = "one that grows too large is killed by its machine, in the middle of its work";
        findings.push(finding(Gravity::Risky, "no limit on memory", risk, fix));
    }
    if let Some(used) = facts.used_memory.filter(|used| limit > 0 && used / 4 >= limit / 5) {
        let risk = "once it is full nothing new is bought and no rows are added until there is room";
        let found = format!("{} of {} MB are taken", used >> 20, limit >> 20);
        findings.push(finding(Gravity::Risky, found, risk, "raise maxmemory, or `reelq purge` finished batches"));
    }
    findings
}

fn file(facts: &ServerFacts, durability: Durability) -> Vec<ServerFinding> {
    let strict = durability == Durability::Strict;
    if let Some(finding) = no_file(facts, strict) {
        return vec![finding];
    }
    let mut findings = Vec::new();
    if facts.setting("no-appendfsync-on-rewrite") == Some("yes") {
        let gravity = if strict && !facts.syncs_on_demand { Gravity::Bad } else { Gravity::Risky };
        let risk = "while the file is rewritten nothing is synced, for up to half a minute";
        findings.push(finding(gravity, "no-appendfsync-on-rewrite yes", risk, "no-appendfsync-on-rewrite no"));
    }
    match facts.setting("appendfsync") {
        Some("always") => {}
        Some(fsync) if strict && !facts.syncs_on_demand => {
            let risk = "strict durability is refused: this server cannot be asked to sync, and does not by itself";
            let fix = "appendfsync always, or Redis 7.2 or newer";
            findings.push(finding(Gravity::Bad, format!("appendfsync {fsync}"), risk, fix));
        }
        Some("everysec") if strict => {
            let risk = "each purchase waits for the disk, up to a second";
            let fix = "nothing, or appendfsync always where purchases must begin sooner";
            findings.push(finding(Gravity::Note, "appendfsync everysec", risk, fix));
        }
        Some("everysec") => {
            let risk = "a crash forgets up to two seconds; workers bring back what was bought from their journals";
            let fix = "nothing, or appendfsync always, or durability = \"strict\"";
            findings.push(finding(Gravity::Note, "appendfsync everysec", risk, fix));
        }
        Some(fsync) => {
            let risk = "a crash forgets what the operating system had not written, about half a minute";
            findings.push(finding(Gravity::Risky, format!("appendfsync {fsync}"), risk, "appendfsync everysec"));
        }
        None if strict && !facts.syncs_on_demand => {
            let risk = "strict durability is refused: nothing shows that the server syncs";
            let fix = "let the user run CONFIG GET, or use Redis 7.2 or newer";
            findings.push(finding(Gravity::Bad, "its settings are not shown", risk, fix));
        }
        None => {
            let risk = "appendfsync and maxmemory-policy could not be looked at";
            let fix = "ask whoever runs it, or let the user run CONFIG GET";
            findings.push(finding(Gravity::Note, "its settings are not shown", risk, fix));
        }
    }
    findings
}

fn disk(facts: &ServerFacts) -> Vec<ServerFinding> {
    let mut findings = Vec::new();
    if facts.append_succeeds == Some(false) {
        let risk = "it refuses every write until that is fixed";
        let fix = "make room on its disk; its log says more";
        findings.push(finding(Gravity::Bad, "the append-only file cannot be written", risk, fix));
    }
    if facts.snapshot_succeeds == Some(false) {
        let stops = facts.setting("stop-writes-on-bgsave-error") != Some("no");
        let gravity = if stops { Gravity::Bad } else { Gravity::Risky };
        let fix = "make room on its disk and memory (vm.overcommit_memory = 1); its log says more";
        let risk = "it refuses every write until a snapshot succeeds (stop-writes-on-bgsave-error)";
        findings.push(finding(gravity, "the last snapshot failed", risk, fix));
    }
    findings
}

fn replication(facts: &ServerFacts) -> Option<ServerFinding> {
    let fails_over = facts.by_sentinel || facts.replicas.is_some_and(|replicas| replicas > 0);
    let alone = facts.setting("min-replicas-to-write") == Some("0");
    (fails_over && alone).then(|| {
        let risk = "a master that is cut off goes on taking writes, which are lost when a replica takes over";
        finding(Gravity::Risky, "min-replicas-to-write 0", risk, "min-replicas-to-write 1\nmin-replicas-max-lag 10")
    })
}

fn surroundings(facts: &ServerFacts) -> Vec<ServerFinding> {
    let mut findings = Vec::new();
    let apart = facts.clock_ahead_ms.unsigned_abs();
    if apart > CLOCK_SLACK_MS + facts.round_trip_ms {
        let way = if facts.clock_ahead_ms > 0 { "ahead of" } else { "behind" };
        let found = format!("its clock is {}.{} s {way} this machine's", apart / 1000, apart % 1000 / 100);
        let risk = "deadlines of links, times in the results and schedules are off; leases are not";
        findings.push(finding(Gravity::Risky, found, risk, "set both clocks, for example with NTP"));
    }
    if facts.round_trip_ms > SLOW_MS {
        let found = format!("a question takes {} ms", facts.round_trip_ms);
        let risk = "every claim and every commit takes at least that long";
        findings.push(finding(Gravity::Note, found, risk, "run workers near the server"));
    }
    if let Some(dropped) = facts.dropped_scripts.filter(|dropped| *dropped > 0) {
        let risk = "they are loaded again, which costs a round trip each time";
        let fix = "nothing; another program may run many scripts by EVAL on this server";
        findings.push(finding(Gravity::Note, format!("{dropped} scripts were dropped"), risk, fix));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy() -> ServerFacts {
        let settings = [
            ("appendonly", "yes"),
            ("appendfsync", "always"),
            ("no-appendfsync-on-rewrite", "no"),
            ("maxmemory-policy", "noeviction"),
            ("min-replicas-to-write", "0"),
            ("stop-writes-on-bgsave-error", "yes"),
        ];
        ServerFacts {
            version: Some("7.0.15".into()),
            role: Some("master".into()),
            max_memory: Some(1 << 30),
            used_memory: Some(1 << 20),
            machine_memory: Some(4 << 30),
            appends: Some(true),
            append_succeeds: Some(true),
            snapshot_succeeds: Some(true),
            replicas: Some(0),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..ServerFacts::default()
        }
    }

    fn but(change: impl FnOnce(&mut ServerFacts)) -> ServerFacts {
        let mut facts = healthy();
        change(&mut facts);
        facts
    }

    fn set(facts: &mut ServerFacts, name: &str, value: &str) {
        facts.settings.insert(name.to_owned(), value.to_owned());
    }

    #[test]
    fn good_server_has_nothing_to_fix() {
        assert_eq!(judge_server(&healthy(), Durability::Normal), []);
        assert_eq!(judge_server(&healthy(), Durability::Strict), []);
    }

    #[test]
    fn each_weakness_is_named_with_its_risk_and_its_fix() {
        let cases = [
            ("replica", but(|facts| facts.role = Some("slave".into()))),
            ("old", but(|facts| facts.version = Some("6.2.14".into()))),
            ("evicts", but(|facts| set(facts, "maxmemory-policy", "allkeys-lru"))),
            ("has evicted", but(|facts| facts.dropped_keys = Some(12))),
            ("unlimited", but(|facts| facts.max_memory = Some(0))),
            ("nearly full", but(|facts| facts.used_memory = Some(900 << 20))),
            ("no file", but(|facts| facts.appends = Some(false))),
            ("everysec", but(|facts| set(facts, "appendfsync", "everysec"))),
            ("never", but(|facts| set(facts, "appendfsync", "no"))),
            ("rewrites", but(|facts| set(facts, "no-appendfsync-on-rewrite", "yes"))),
            (
                "asked",
                but(|facts| {
                    set(facts, "appendfsync", "everysec");
                    facts.syncs_on_demand = true;
                }),
            ),
            ("silent", but(|facts| facts.settings.clear())),
            ("full disk", but(|facts| facts.append_succeeds = Some(false))),
            ("snapshot", but(|facts| facts.snapshot_succeeds = Some(false))),
            ("replicas", but(|facts| facts.replicas = Some(1))),
            ("sentinel", but(|facts| facts.by_sentinel = true)),
            ("clock", but(|facts| facts.clock_ahead_ms = -90_250)),
            ("far", but(|facts| facts.round_trip_ms = 180)),
            ("scripts", but(|facts| facts.dropped_scripts = Some(3))),
        ];
        let mut lines = Vec::new();
        for (name, facts) in cases {
            for durability in [Durability::Normal, Durability::Strict] {
                lines.push(format!("{name}, {durability:?}"));
                lines.extend(judge_server(&facts, durability).into_iter().map(|finding| {
                    let ServerFinding { gravity, found, risk, fix } = finding;
                    format!("  {gravity:?}: {found}\n    {risk}\n    -> {}", fix.replace('\n', "; "))
                }));
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
