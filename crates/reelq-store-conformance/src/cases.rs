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
        $crate::leases_cases! { $subject }
        $crate::fences_cases! { $subject }
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

    #[test]
    fn every_case_is_in_the_list_of_its_room() {
        let rooms = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let listed = include_str!("cases.rs");
        for path in
            fs::read_dir(rooms).unwrap().map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("cases.rs"))
        {
            let room = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let Some((list, _)) = text.split_once("room! {").and_then(|(_, rest)| rest.split_once("} }")) else {
                continue;
            };
            assert!(listed.contains(&format!("$crate::{room}_cases!")), "{room} is not in the list of rooms");
            let cases = text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split_once('('));
            for (case, _) in cases {
                assert!(list.lines().any(|line| line.trim() == format!("{case},")), "{room}::{case} is in no list");
            }
        }
    }
}
