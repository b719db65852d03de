//! The rules that the owners of an account's keys set over several of them; checked with the rest, before anything is used.

use reelq_poller::PollSettings;
use reelq_submitter::SubmitSettings;
use reelq_worker::InvalidSetting;

use super::{AccountConfig, ConfigProblem, MergedSettings, origin::Origin};

/// What the owners of the account's keys refuse. A section that cannot be read has been complained about already.
pub(super) fn complaints(settings: &MergedSettings, account: &AccountConfig) -> Vec<ConfigProblem> {
    let submits = account.section::<SubmitSettings>(&SubmitSettings::KEYS).ok();
    let polls = account.section::<PollSettings>(&PollSettings::KEYS).ok();
    let wrong = submits.and_then(|submits| submits.check()).into_iter();
    let wrong = wrong.chain(polls.and_then(|polls| polls.check()));
    wrong.map(|wrong| complaint(settings, account.name.as_str(), wrong)).collect()
}

fn complaint(settings: &MergedSettings, name: &str, wrong: InvalidSetting) -> ConfigProblem {
    let mut path = vec!["accounts", name];
    path.extend(wrong.key.split('.'));
    let origin = settings.get(&path).map_or(Origin::Default, |setting| setting.origin.clone());
    ConfigProblem::error(&origin, &path.join("."), wrong.rule)
}
