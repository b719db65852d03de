//! The ranges that the crates which own an account's keys set for them; checked with the rest, before anything is used.

use std::time::Duration;

use reelq_model::units::Span;
use reelq_poller::PollSettings;
use reelq_submitter::SubmitSettings;
use reelq_worker::InvalidSetting;

use super::{AccountConfig, Complaint, Settings, layers::Origin};

/// What the owners of the account's keys refuse. A section that cannot be read has been complained about already.
pub(super) fn complaints(settings: &Settings, account: &AccountConfig) -> Vec<Complaint> {
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
