//! The store over Redis keeps the contract.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{sync::Arc, thread, time::Duration};

use reelq_model::{ManualClock, SharedClock, Timestamp};
use reelq_redis_server::RedisServer;
use reelq_store::{LinkOptions, RedisStore, SharedStore, conformance::Subject};
use tokio::runtime::Runtime;

struct Redis {
    server: RedisServer,
    clock: Arc<ManualClock>,
    store: SharedStore,
    /// Drives the connections that are made outside of the test's own runtime.
    runtime: Option<Runtime>,
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn open(runtime: &Runtime, server: &RedisServer, clock: &Arc<ManualClock>) -> SharedStore {
    let clock: SharedClock = clock.clone();
    let address = server.socket_url().parse().unwrap();
    let namespace = "suite".parse().unwrap();
    let opening = RedisStore::open_at(address, namespace, LinkOptions::default(), clock);
    // A case runs on a runtime of its own, where nothing may block.
    let store = thread::scope(|scope| scope.spawn(|| runtime.block_on(opening)).join().unwrap());
    Arc::new(store.unwrap())
}

fn subject() -> Redis {
    let server = RedisServer::start();
    // Later than the machine's clock, by which a fresh server is held.
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = open(&runtime, &server, &clock);
    Redis { server, clock, store, runtime: Some(runtime) }
}

impl Subject for Redis {
    fn store(&self) -> SharedStore {
        Arc::clone(&self.store)
    }

    fn another(&self) -> SharedStore {
        open(self.runtime.as_ref().unwrap(), &self.server, &self.clock)
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

reelq_store::conformance_case_tests! { subject;
    pacing::what_is_learned_is_kept_by_its_version,
    pacing::claims_keep_to_the_learned_rate,
    pacing::claims_keep_to_the_learned_cap,
    pacing::an_open_limit_may_be_outgrown,
    pacing::use_of_the_limits_is_counted,
    pacing::a_token_that_is_fetched_late_costs_nothing,
    life::a_job_goes_from_its_line_to_its_file,
    life::money_is_reserved_while_a_submission_is_open,
    life::a_refund_gives_the_money_back_and_the_job_is_bought_again,
    life::polls_without_news_are_counted_and_not_listed,
    life::commits_of_one_call_are_judged_one_by_one,
    life::results_follow_the_manifest,
    loads::an_unfinished_load_shows_nothing_and_starts_nothing,
    loads::a_load_that_died_halfway_is_cleared_by_the_next,
    loads::a_chunk_or_a_finish_that_is_repeated_changes_nothing,
    loads::two_rows_with_one_job_are_refused,
    loads::the_same_manifest_again_buys_nothing_again,
    loads::rows_that_moved_are_the_same_jobs_in_the_new_order,
    loads::a_removed_row_is_withdrawn_unless_it_was_bought,
    loads::a_row_that_comes_back_is_queued_again,
    loads::a_row_removed_while_in_hand_is_withdrawn_before_it_is_sent,
    loads::a_row_removed_while_it_is_sent_is_not_bought_again,
    loads::a_bought_row_that_was_gone_for_a_while_is_left_as_it_is,
    loads::a_known_job_takes_over_account_price_and_priority,
    loads::the_draft_of_a_reload_takes_effect_when_it_is_finished,
    loads::known_tells_what_was_bought,
    leases::a_job_in_hand_is_not_given_twice,
    leases::a_lease_that_ended_is_given_to_the_next_and_fenced_off,
    leases::a_lease_outlasts_its_first_time_where_it_is_extended,
    leases::a_step_that_keeps_the_lease_renews_it,
    leases::a_released_job_is_due_at_once_and_unchanged,
    leases::a_submission_whose_worker_died_comes_first,
    leases::a_replay_waits_for_its_time_and_keeps_its_place,
    leases::a_worker_that_signs_off_gives_everything_back,
    leases::a_live_worker_keeps_its_leases_through_the_heartbeats_of_others,
    leases::polls_come_most_overdue_first_and_not_before_their_time,
    leases::fetches_come_by_the_deadline_of_their_links,
    limiting::tokens_are_handed_out_exactly,
    limiting::tokens_of_released_jobs_are_spent,
    limiting::a_claim_that_brings_nothing_takes_no_token,
    limiting::status_requests_have_a_rate_of_their_own,
    limiting::the_cap_counts_what_is_claimed_submitting_and_running,
    limiting::an_unconfirmed_job_takes_no_place_but_holds_its_money,
    limiting::throttling_holds_submissions_and_status_requests_until_it_ends,
    limiting::a_blocked_account_submits_nothing_until_a_person_resumes_it,
    limiting::a_paused_batch_never_holds_up_another,
    limiting::what_a_budget_cannot_pay_is_passed_over_for_what_it_can,
    limiting::a_price_that_is_not_known_waits_under_a_budget_only,
    limiting::a_charge_above_the_price_counts_against_the_budget,
    limiting::a_claim_can_be_narrowed_to_a_batch,
    limiting::a_job_held_back_for_a_while_holds_up_no_other,
    people::a_queued_job_is_cancelled_at_once,
    people::a_job_in_hand_is_cancelled_instead_of_sent,
    people::a_wish_to_cancel_is_granted_when_the_job_comes_back_unsent,
    people::a_running_job_is_cancelled_by_whoever_asks_the_provider,
    people::a_cancelled_failure_is_not_bought_again,
    people::what_is_unconfirmed_fetching_or_done_cannot_be_cancelled,
    people::an_unconfirmed_job_is_resolved_in_each_way,
    people::a_retry_takes_up_what_ended_and_nothing_else,
    people::a_cancelled_job_that_is_retried_is_wanted_again,
    people::an_impossible_event_parks_the_job_until_a_retry,
    people::an_unknown_job_or_batch_is_an_error,
    facts::an_acceptance_under_a_stale_lease_is_kept,
    facts::a_late_yes_settles_what_was_unconfirmed,
    facts::a_late_yes_is_adopted_before_it_is_bought_again,
    facts::a_second_charge_is_followed_as_an_orphan,
    facts::an_orphans_output_is_fetched_like_any_other,
    facts::an_orphan_is_never_bought_again,
    facts::an_acceptance_that_cannot_be_the_leased_jobs_is_an_orphan,
    forgotten::a_forgotten_submission_is_recalled_and_not_sent_as_new,
    forgotten::a_forgotten_submission_is_taken_from_whoever_would_send_it_again,
    forgotten::a_forgotten_submission_is_recalled_from_an_earlier_task,
    forgotten::an_acceptance_that_the_store_forgot_is_learned_again,
    forgotten::a_later_acceptance_takes_the_job_over_from_a_task_that_has_ended,
    forgotten::a_recall_of_what_is_known_changes_nothing,
    forgotten::a_job_that_has_ended_takes_no_submission_back,
    reading::filters_mean_what_they_name,
    reading::a_view_tells_who_has_the_job_in_hand,
    reading::batches_come_newest_first_and_count_what_is_overdue,
    reading::a_history_does_not_grow_without_end,
    reading::watch_hears_of_changes_here,
    reading::watch_hears_of_changes_by_other_processes,
    reading::a_claim_that_brings_nothing_is_no_news,
    reading::another_process_sees_the_same_state,
    retention::a_finished_batch_is_purged_whole,
    retention::a_batch_with_work_left_is_not_purged,
    retention::a_batch_that_is_being_loaded_is_not_purged,
    retention::a_batch_that_was_never_whole_is_purged,
    retention::a_purge_that_died_halfway_is_finished_by_the_next,
    retention::a_load_after_a_purge_begins_anew,
    retention::a_charge_that_comes_while_a_batch_is_purged_is_followed,
    retention::a_batch_tells_when_its_last_job_ended,
    ticks::a_new_schedule_begins_now_and_keeps_its_mark,
    ticks::one_caller_wins_a_tick,
    ticks::a_finished_tick_is_over_for_everybody,
    ticks::a_tick_whose_winner_died_is_won_again_under_a_new_token,
    ticks::a_lease_that_is_extended_keeps_the_tick,
    ticks::a_released_tick_is_won_at_once,
    ticks::the_holder_wins_its_own_tick_again,
    ticks::a_late_finish_counts_unless_another_won,
    ticks::an_outcome_that_is_repeated_changes_nothing,
    ticks::a_waiting_tick_can_be_won_by_anybody,
    ticks::ticks_that_were_passed_are_over_and_those_begun_are_not,
    ticks::old_ticks_are_dropped_and_never_fire_again,
    ticks::open_ticks_are_never_dropped,
    ticks::schedules_do_not_touch_each_other,
    ticks::one_run_at_a_time_holds_a_batch,
    ticks::a_hold_that_is_not_renewed_ends,
    ticks::each_tick_is_finished_once_whoever_dies,
}
