//! The lists of the cases: each room names its own, and this names the rooms. What is in no list is not run.

/// Makes a room's list of cases: a macro that expands to one test for each. `$` itself comes first, for that macro.
macro_rules! room {
    (($dollar:tt) $list:ident: $room:ident { $($case:ident,)* }) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $list {
            ($dollar subject:path) => {
                $(
                    #[tokio::test]
                    async fn $case() {
                        $crate::$room::$case(&$dollar subject()).await;
                    }
                )*
            };
        }
    };
}

/// Expands to one `#[tokio::test]` for each case of the suite; `$subject` makes a fresh [`Subject`](crate::Subject).
#[macro_export]
macro_rules! conformance_tests {
    ($subject:path) => {
        $crate::life_cases! { $subject }
        $crate::bulk_cases! { $subject }
        $crate::loads_cases! { $subject }
        $crate::removed_cases! { $subject }
        $crate::continuing_cases! { $subject }
        $crate::holding_cases! { $subject }
        $crate::leases_cases! { $subject }
        $crate::fences_cases! { $subject }
        $crate::following_cases! { $subject }
        $crate::limiting_cases! { $subject }
        $crate::requests_cases! { $subject }
        $crate::exceptions_cases! { $subject }
        $crate::shares_cases! { $subject }
        $crate::budgets_cases! { $subject }
        $crate::pacing_cases! { $subject }
        $crate::rates_cases! { $subject }
        $crate::breaking_cases! { $subject }
        $crate::people_cases! { $subject }
        $crate::facts_cases! { $subject }
        $crate::forgotten_cases! { $subject }
        $crate::agreement_cases! { $subject }
        $crate::interleaving_cases! { $subject }
        $crate::reading_cases! { $subject }
        $crate::retention_cases! { $subject }
        $crate::ticks_cases! { $subject }
        $crate::run_locks_cases! { $subject }
        $crate::tick_crowd_cases! { $subject }
        $crate::ticks_ahead_cases! { $subject }
        $crate::twins_cases! { $subject }
        $crate::wishes_cases! { $subject }
        $crate::extremes_cases! { $subject }
    };
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// What every case begins with, behind its name.
    const TAKES: &str = "(subject: &dyn Subject) {";

    #[test]
    fn every_case_is_in_the_list_of_its_room() {
        let (lists, mut cases) = (include_str!("cases.rs"), 0);
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
            let path = entry.unwrap().path();
            let (text, room) = (fs::read_to_string(&path).unwrap(), path.file_stem().unwrap().to_string_lossy());
            let (_, rest) = text.split_once("room! {").unwrap_or_default();
            let (list, _) = rest.split_once("} }").unwrap_or_default();
            for line in text.lines() {
                let case = line.strip_prefix("pub async fn ").and_then(|rest| rest.strip_suffix(TAKES));
                let Some(case) = case else { continue };
                assert!(lists.contains(&format!("$crate::{room}_cases!")), "{room} is not in the list of rooms");
                assert!(list.contains(&format!("    {case},\n")), "{room}::{case} is in no list");
                cases += 1;
            }
        }
        assert!(cases > 200, "cases are told by what they take: {cases}");
    }
}
