//! `[[schedules]]` as the producer's schedules, after the rules that span several keys.

use std::{collections::BTreeSet, time::Duration};

use reelq_model::{AccountName, Money, ScheduleName, Timestamp, nearest, units::Span};
use reelq_producer::schedule::{CatchUp, Overlap, Schedule, Timetable};

use super::{
    ConfigProblem, MergedSettings,
    origin::Origin,
    values::{folder_of, text},
};

const TABLE: &str = "schedules";
/// So many complaints have a hint of the nearest name.
const HINTED: usize = 20;

/// Complains about schedules that lack something, name an account that is not there, or never come.
pub(crate) fn check(settings: &mut MergedSettings) {
    let known: BTreeSet<String> = settings.accounts().into_iter().collect();
    let refused: BTreeSet<String> = settings.complaints.iter().map(|complaint| complaint.key.clone()).collect();
    let mut found: Vec<ConfigProblem> = Vec::new();
    for name in settings.names_in(TABLE) {
        // The nearest name is looked for among all: for the first few that lack theirs.
        let hints = found.len() < HINTED;
        found.extend(complaints(settings, &name, &known, &refused, hints));
    }
    settings.complaints.extend(found);
}

fn complaints(
    settings: &MergedSettings,
    name: &str,
    known: &BTreeSet<String>,
    refused: &BTreeSet<String>,
    hints: bool,
) -> Vec<ConfigProblem> {
    let origin = settings.get(&[TABLE, name, "name"]).map_or(Origin::Default, |setting| setting.origin.clone());
    let required = [("cron", "cron = \"0 2 * * *\""), ("manifest", "manifest = \"prompts.csv\"")];
    let missing = required.into_iter().filter_map(|(key, hint)| {
        let path = format!("{TABLE}.{name}.{key}");
        let lacks = settings.get(&[TABLE, name, key]).is_none() && !refused.contains(&path);
        lacks.then(|| ConfigProblem::error(&origin, &path, "must be given for every schedule").hint(hint))
    });
    missing.chain(unknown_account(settings, name, known, hints)).chain(never(settings, name)).collect()
}

fn unknown_account(
    settings: &MergedSettings,
    name: &str,
    known: &BTreeSet<String>,
    hints: bool,
) -> Option<ConfigProblem> {
    let setting = settings.get(&[TABLE, name, "account"])?;
    let account = text(settings, &[TABLE, name, "account"])?;
    if known.contains(&account) {
        return None;
    }
    let near = if hints { nearest(&account, known.iter().map(String::as_str)) } else { None };
    let hint = near.map(|near| format!("did you mean \"{near}\"?"));
    let rule = "must be an account that is configured";
    let complaint = ConfigProblem::error(&setting.origin, &format!("{TABLE}.{name}.account"), rule);
    Some(complaint.value(format!("\"{account}\"")).maybe_hint(hint))
}

fn never(settings: &MergedSettings, name: &str) -> Option<ConfigProblem> {
    let setting = settings.get(&[TABLE, name, "cron"])?;
    if timetable(settings, name)?.after(Timestamp::from_millis(0)).is_some() {
        return None;
    }
    let complaint = ConfigProblem::error(&setting.origin, &format!("{TABLE}.{name}.cron"), "must come some day");
    let hint = "no calendar has such a day: look at the day of the month and the month";
    Some(complaint.value(format!("\"{}\"", text(settings, &[TABLE, name, "cron"])?)).hint(hint))
}

fn timetable(settings: &MergedSettings, name: &str) -> Option<Timetable> {
    let get = |key| text(settings, &[TABLE, name, key]);
    Some(Timetable::new(get("cron")?.parse().ok()?, get("timezone")?.parse().ok()?))
}

/// The schedules, in the order of their names.
pub(crate) fn read(settings: &MergedSettings) -> Vec<Schedule> {
    settings.names_in(TABLE).iter().filter_map(|name| schedule(settings, name)).collect()
}

fn schedule(settings: &MergedSettings, name: &str) -> Option<Schedule> {
    let get = |key| text(settings, &[TABLE, name, key]);
    let manifest = settings.get(&[TABLE, name, "manifest"])?;
    Some(Schedule {
        name: ScheduleName::new(name).ok()?,
        timetable: timetable(settings, name)?,
        manifest: folder_of(&manifest.origin).join(get("manifest")?),
        overlap: if get("overlap")? == "queue" { Overlap::Queue } else { Overlap::Skip },
        catch_up: if get("catch_up")? == "none" { CatchUp::None } else { CatchUp::Latest },
        jitter: get("jitter").and_then(|text| text.parse::<Span>().ok()).map_or(Duration::ZERO, |span| span.0),
        budget: get("budget_usd").and_then(|text| text.parse::<Money>().ok()),
        account: get("account").and_then(|text| AccountName::new(text).ok()),
        output: get("output"),
    })
}
