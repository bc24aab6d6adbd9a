//! What every store does, as cases that both databases run, each on a fresh database. It speaks to stores through the
//! trait alone; what is peculiar to one database is tested beside it.

pub mod artifacts;
pub mod checks;
pub mod churn;
pub mod claiming;
pub mod documents;
pub mod drawing;
pub mod examining;
pub mod firing;
pub mod following;
pub mod forgetting;
pub mod inputs;
pub mod leading;
pub mod leasing;
pub mod ledger;
pub mod limits;
pub mod nodes;
pub mod overlap;
pub mod pauses;
pub mod pooling;
pub mod prune;
pub mod reading;
pub mod removing;
pub mod requests;
pub mod settling;
mod stage;
pub mod stopping;
pub mod tasks;
pub mod waiting;
pub mod withdrawing;

pub use stage::{Stage, at, definition, firing as firing_of, holder, passed, slot};

/// What a case comes to.
pub type Verdict = anyhow::Result<()>;

/// Makes a test of each case. The argument is an async function that returns a [`Stage`] on a fresh database.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:path) => {
        $crate::conformance_tests! { $fresh;
            firing::each_firing_is_whole_or_not_at_all
            firing::two_nodes_fire_each_slot_once
            firing::a_run_at_the_first_start_has_no_slot
            firing::ten_thousand_tasks_fire_in_one_batch
            firing::a_slot_in_the_ledger_is_not_fired_again
            firing::a_wake_up_is_fired_once
            firing::a_round_has_one_run_of_a_task
            overlap::skip_names_the_run_in_the_way
            overlap::allow_fills_its_places
            overlap::a_waiting_run_is_taken_over
            overlap::queue_keeps_one_waiting_and_supersedes_it
            overlap::replace_asks_the_running_run_to_stop
            overlap::replace_takes_the_place_of_a_run_that_never_started
            overlap::a_request_replaces_too
            claiming::oldest_slots_are_claimed_first
            claiming::fifty_claims_at_once_never_share_a_run
            claiming::a_run_is_claimed_when_it_is_due
            claiming::one_run_is_claimed_by_its_number
            claiming::giving_up_ends_a_run_that_never_started
            settling::an_end_is_recorded_whole
            settling::a_retry_waits_and_runs_again
            settling::a_slot_whose_code_never_ran_is_skipped
            settling::an_interrupted_attempt_goes_back_and_does_not_count
            settling::a_late_outcome_is_kept_and_changes_nothing
            settling::the_same_settlement_twice_is_one
            settling::a_stop_order_outranks_what_would_follow
            settling::a_wake_up_is_kept_once
            settling::an_attempt_is_lost_once
            settling::samples_that_cannot_be_read_are_none
            pooling::eight_claimers_never_overfill_a_pool
            pooling::a_full_pool_holds_up_nobody_else
            pooling::a_retry_needs_a_place_again
            pooling::a_request_waits_for_a_place
            pooling::a_node_takes_what_suits_it
            pooling::it_is_known_which_workers_end_by_themselves
            leasing::leases_are_taken_together_or_not_at_all
            leasing::a_busy_lease_holds_up_nobody_else
            leasing::no_lease_is_ever_had_twice
            leasing::a_lease_ends_with_its_attempt
            leasing::a_kind_may_try_for_a_lease
            drawing::a_budget_is_shared
            drawing::a_held_budget_grants_nobody_anything
            drawing::the_configured_rule_counts
            drawing::no_more_is_granted_than_was_earned
            following::following_twice_is_once
            following::two_upstreams_have_one_follower
            following::a_follower_obeys_the_overlap_rule
            following::the_last_run_of_each_task_is_found
            following::what_waits_is_read_in_pages
            waiting::it_is_known_what_runs_wait_for
            waiting::a_run_that_does_not_start_in_time_is_given_up
            waiting::nobody_starts_a_run_too_late
            ledger::ranges_answer_for_every_instant_in_them
            ledger::pages_go_back_in_time
            ledger::a_row_grows_as_long_as_nothing_changes
            ledger::a_row_does_not_grow_over_what_lies_between
            ledger::a_range_over_recorded_slots_is_refused
            leading::of_ten_who_take_the_lead_one_has_it
            leading::the_lead_is_kept_and_given_up
            leading::a_deposed_leader_fires_nothing
            leading::a_deposed_leader_writes_nothing_else_either
            leading::firing_and_taking_the_lead_exclude_each_other
            pauses::a_pause_refuses_what_was_decided_before_it
            pauses::a_paused_task_is_paused_anew
            pauses::a_pause_is_told_as_long_as_it_matters
            pauses::a_task_without_a_ledger_is_paused
            pauses::what_people_asked_for_is_listed
            stopping::what_has_not_started_ends_at_once
            stopping::a_running_run_gets_one_order
            stopping::what_is_over_or_unknown_is_told
            stopping::stopping_and_claiming_exclude_each_other
            withdrawing::slots_of_a_wrong_clock_are_taken_back
            withdrawing::a_row_that_spans_the_instant_goes_whole
            withdrawing::a_task_first_seen_in_the_future_begins_now
            withdrawing::what_a_wrong_clock_put_off_comes_near
            withdrawing::taking_back_and_claiming_exclude_each_other
            limits::pools_come_and_go
            tasks::definitions_have_versions
            tasks::a_removed_task_ends_what_has_not_started
            tasks::an_installation_is_whole_or_not_at_all
            removing::a_removed_follower_is_skipped
            removing::a_removed_task_is_not_run_on_request
            removing::a_run_of_a_removed_task_does_not_go_on
            removing::removing_and_settling_exclude_each_other
            forgetting::documents_of_removed_tasks_go_in_their_time
            requests::a_request_is_claimed_at_once
            requests::a_request_obeys_the_overlap_rule
            requests::a_request_beside_the_rule_leaves_places_alone
            nodes::nodes_enter_beat_and_leave
            nodes::renewing_tells_what_is_still_ours
            examining::the_database_has_a_clock
            examining::the_database_tells_of_itself
            documents::versions_rise_and_preconditions_hold
            documents::a_batch_happens_whole_or_not_at_all
            documents::keys_are_ordered_by_bytes
            documents::bounds_are_exact
            documents::writes_are_fenced_by_the_attempt
            documents::concurrent_writers_lose_no_update
            documents::spaces_and_collections_are_apart
            inputs::an_input_comes_back_piece_by_piece
            inputs::a_repeat_is_given_the_same
            inputs::what_is_not_whole_makes_no_run
            artifacts::an_artifact_comes_back_as_it_was
            artifacts::artifacts_are_fenced_by_the_attempt
            reading::a_log_is_read_in_order_and_in_pages
            checks::the_last_look_of_each_node_is_kept
            checks::a_task_that_leaves_takes_its_checks_along
            prune::every_slot_of_400_days_still_answers
            prune::old_rows_go_and_changes_part_them
            prune::what_must_stay_stays
            prune::repetitions_become_hourly_sums
            prune::the_oldest_go_where_bytes_are_too_many
            prune::batches_are_small
            prune::no_slot_names_a_run_that_is_gone
            reading::runs_are_listed_newest_first
            reading::totals_add_up
            reading::texts_of_every_kind_survive
            churn::nothing_is_lost_when_all_happens_at_once
        }
    };
    ($fresh:path; $($subject:ident :: $case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> $crate::conformance::Verdict {
                $crate::conformance::$subject::$case($fresh().await).await
            }
        )+
    };
}
