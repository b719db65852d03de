//! The list of the cases: what is not in it is not run.

/// Expands to one `#[tokio::test]` for each case of the suite; `$subject` makes a fresh [`Subject`](crate::conformance::Subject).
#[macro_export]
macro_rules! conformance_tests {
    ($subject:path) => {
        $crate::conformance_case_tests! { $subject;
            life::a_job_goes_from_its_line_to_its_file,
            life::money_is_reserved_while_a_submission_is_open,
            life::a_refund_gives_the_money_back_and_the_job_is_bought_again,
            life::polls_without_news_are_counted_and_not_listed,
            life::commits_of_one_call_are_judged_one_by_one,
            life::results_follow_the_manifest,
        }
    };
}

/// Writes the tests of a list of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_case_tests {
    ($subject:path; $($room:ident :: $case:ident,)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::conformance::$room::$case(&$subject()).await;
            }
        )*
    };
}
