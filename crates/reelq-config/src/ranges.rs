//! The ranges of values, those included that the crates which own an account's keys set for them; checked with the
//! rest, before anything is used.

use std::{ops::RangeInclusive, time::Duration};

use reelq_model::units::Span;
use reelq_poller::PollSettings;
use reelq_submitter::SubmitSettings;
use reelq_worker::InvalidSetting;

use super::{AccountConfig, Complaint, Settings, layers::Origin, sections::text};

/// What the owners of the account's keys refuse. A section that cannot be read has been complained about already.
pub(crate) fn complaints(settings: &Settings, account: &AccountConfig) -> Vec<Complaint> {
    let submits = account.section::<SubmitSettings>(&SubmitSettings::KEYS).ok();
    let polls = account.section::<PollSettings>(&PollSettings::KEYS).ok();
    let timeout = account.text("request_timeout").and_then(|text| text.parse::<Span>().ok());
    let timeout = timeout.map_or(Duration::from_secs(30), |span| span.0);
    let wrong = submits.map(|submits| submits.check(timeout)).into_iter().flatten();
    let wrong = wrong.chain(polls.map(|polls| polls.check()).into_iter().flatten());
    wrong.map(|wrong| complaint(settings, account.name.as_str(), wrong)).collect()
}

fn complaint(settings: &Settings, name: &str, wrong: InvalidSetting) -> Complaint {
    let mut path = vec!["accounts", name];
    path.extend(wrong.key.split('.'));
    let origin = settings.get(&path).map_or(Origin::Default, |setting| setting.origin.clone());
    Complaint::error(&origin, &path.join("."), wrong.rule)
}

/// The shortest and the longest lease: shorter ones end in the midst of usual work, longer ones leave dead workers' jobs lie.
const LEASES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);

/// How long a job stays in a dead worker's hands.
pub(crate) fn lease(settings: &Settings) -> Option<Duration> {
    text(settings, &["lease"])?.parse::<Span>().ok().map(|span| span.0)
}

/// How long a run stays while nothing is due.
pub(crate) fn wait_at_most(settings: &Settings) -> Option<Duration> {
    text(settings, &["wait_at_most"])?.parse::<Span>().ok().map(|span| span.0)
}

/// Complains about a lease out of its range.
pub(crate) fn check_lease(settings: &mut Settings) {
    if lease(settings).is_none_or(|lease| LEASES.contains(&lease)) {
        return;
    }
    let origin = settings.get(&["lease"]).map_or(Origin::Default, |setting| setting.origin.clone());
    settings.complaints.push(Complaint::error(&origin, "lease", "must be between 1s and 10m"));
}
