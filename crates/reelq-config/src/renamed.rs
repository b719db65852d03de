//! `was`: an account that had another name before.

use std::collections::{BTreeMap, BTreeSet};

use super::{ConfigProblem, MergedSettings, values::text};

/// Complains about an earlier name that is an account of its own, or that two accounts claim.
pub(crate) fn check(settings: &mut MergedSettings) {
    let names: BTreeSet<String> = settings.accounts().into_iter().collect();
    let (mut claimed, mut found) = (BTreeMap::new(), Vec::new());
    for name in &names {
        let path = ["accounts", name.as_str(), "was"];
        let Some((setting, was)) = settings.get(&path).zip(text(settings, &path)) else { continue };
        let complain = |rule: String, hint: &str| {
            let complaint = ConfigProblem::error(&setting.origin, &path.join("."), rule);
            complaint.value(format!("\"{was}\"")).hint(hint)
        };
        if names.contains(&was) {
            let hint = "take the earlier table away, or this key: one of the two acts for its jobs";
            found.push(complain("must not be an account that is configured".to_owned(), hint));
        } else if let Some(other) = claimed.insert(was.clone(), name.clone()) {
            let rule = format!("must not be claimed by accounts.{other} too");
            found.push(complain(rule, "keep it with the account that has the earlier one's key"));
        }
    }
    settings.complaints.extend(found);
}
