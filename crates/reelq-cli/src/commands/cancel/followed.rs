//! Jobs that cannot be withdrawn: what is paid for them, and how to stop following them.

use reelq_console::{grouped, plural};
use reelq_model::BatchName;
use reelq_store::JobView;

use crate::commands::resolve::paid;

/// At most this many are named in one command.
const NAMED: usize = 20;

/// What is said of the jobs that are followed all the same.
pub(super) fn told(followed: &[JobView], batch: &BatchName, flags: &str) -> Option<String> {
    if followed.is_empty() {
        return None;
    }
    let (count, all) = (u64::try_from(followed.len()).unwrap_or(u64::MAX), followed.iter().collect::<Vec<_>>());
    let (jobs, provider) = (format!("{} job{}", grouped(count), plural(count)), providers(followed));
    let named: Vec<_> = followed.iter().take(NAMED).map(|view| format!("--job {}", view.job.id)).collect();
    let named = named.join(" ");
    let part = if followed.len() > NAMED { format!(" (the first {NAMED} of them)") } else { String::new() };
    let verb = if count == 1 { "runs" } else { "run" };
    let it = if count == 1 { "it is" } else { "they are" };
    Some(format!(
        "{jobs} {verb} at a provider that cannot withdraw tasks ({provider}): {} is charged, and {it} followed to the end\n    \
         to follow {} no longer, and lose that money{part}: reelq resolve {batch} {named} --give-up{flags}",
        paid(&all),
        if count == 1 { "it" } else { "them" }
    ))
}

fn providers(followed: &[JobView]) -> String {
    let names: std::collections::BTreeSet<_> = followed.iter().map(|view| view.job.spec.provider.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use reelq_runner::samples::{running, view as shown};

    use super::*;

    fn view() -> JobView {
        shown(running())
    }

    #[test]
    fn the_money_and_the_exact_command_are_named() {
        let (view, batch) = (view(), BatchName::new("set").unwrap());
        let told = told(std::slice::from_ref(&view), &batch, " --simulate").unwrap();
        let command = format!("reelq resolve set --job {} --give-up --simulate", view.job.id);
        assert!(told.contains("$0.30 is charged") && told.ends_with(&command), "{told}");
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let batch = BatchName::new("set").unwrap();
        let told = told(&vec![view(); NAMED + 1], &batch, "").unwrap();
        assert_eq!((told.matches(" --job ").count(), told.contains("the first 20 of them")), (NAMED, true), "{told}");
    }
}
