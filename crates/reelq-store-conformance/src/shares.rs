//! Turns between the batches of an account: shares by weight, none starved, nothing saved up.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::{
    Kit, Subject,
    kit::{SECOND, account, batch, ids, limits, one, running, wish, wishes},
};
use reelq_store::{AccountLimits, ClaimStage, Lease, stride};

room! { ($) shares_cases: shares {
    priority_goes_before_age_inside_a_batch,
    equal_batches_take_turns_whatever_their_size_and_age,
    a_heavy_batch_never_starves_a_light_one,
    a_new_batch_gets_its_share_at_once_and_no_more,
    a_batch_that_was_held_back_has_saved_nothing_up,
    a_batch_that_had_more_than_its_share_owes_nothing_later,
    a_batch_that_is_passed_over_costs_the_others_nothing,
    a_priority_that_changes_with_a_reload_weighs_from_then_on,
    each_account_keeps_shares_of_its_own,
    a_claim_narrowed_to_a_batch_is_a_turn_of_it,
    shares_stay_within_a_job_of_each_batch_over_random_claims,
    many_polls_of_one_batch_never_starve_another,
} }

/// How many of the leases are of the batch.
fn of(leases: &[Lease], name: &str) -> usize {
    leases.iter().filter(|lease| lease.job.batch.as_str() == name).count()
}

/// The batches that the leases are of, in their order, by the first letters of their names.
fn order(leases: &[Lease]) -> String {
    leases.iter().filter_map(|lease| lease.job.batch.as_str().chars().next()).collect()
}

pub async fn priority_goes_before_age_inside_a_batch(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let lines = [
        wish("a"),
        wish("b").priority(2),
        wish("c").cents(99),
        wish("d").priority(1).cents(20),
        wish("e").priority(-1),
    ];
    let jobs = kit.load("b", &lines).await;
    assert_eq!(ids(&kit.submits(9).await), [1, 3, 0, 2, 4].map(|index| jobs[index]));
}

pub async fn equal_batches_take_turns_whatever_their_size_and_age(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let urgent: Vec<_> = wishes(100).into_iter().map(|wish| wish.priority(9)).collect();
    kit.load("large", &urgent).await;
    kit.advance(SECOND);
    kit.load("small", &wishes(4)).await;
    assert_eq!(order(&kit.submits(1).await), "l", "the older of two that stand equal");
    assert_eq!(order(&kit.submits(1).await), "s");
    assert_eq!(order(&kit.submits(5).await), "lslsl");
    assert_eq!(order(&kit.submits(4).await), "slll", "what one batch does not need is the others'");
}

pub async fn a_heavy_batch_never_starves_a_light_one(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_priority("heavy", 99, &wishes(300)).await;
    kit.load_with_priority("light", -99, &wishes(2)).await;
    let leases = kit.submits(258).await;
    assert_eq!((of(&leases, "light"), order(&leases[257..])), (1, "h".to_owned()), "one in 257");
    assert_eq!(order(&kit.submits(2).await), "lh", "and its next after as many more");
}

pub async fn a_new_batch_gets_its_share_at_once_and_no_more(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("old", &wishes(100)).await;
    assert_eq!(kit.submits(40).await.len(), 40);
    kit.load("new", &wishes(100)).await;
    let leases = kit.submits(10).await;
    assert_eq!(of(&leases[..2], "new"), 1, "{}", order(&leases));
    assert_eq!(of(&leases, "new"), 5, "{}", order(&leases));
}

pub async fn a_batch_that_was_held_back_has_saved_nothing_up(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("paused", &wishes(50)).await;
    kit.load("going", &wishes(100)).await;
    assert_eq!(kit.submits(2).await.len(), 2);
    kit.store.pause_batch(&batch("paused"), true).await.unwrap();
    assert_eq!(of(&kit.submits(30).await, "going"), 30);
    kit.store.pause_batch(&batch("paused"), false).await.unwrap();
    let leases = kit.submits(10).await;
    assert!((5..=6).contains(&of(&leases, "paused")), "{}", order(&leases));
}

pub async fn a_batch_that_had_more_than_its_share_owes_nothing_later(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_priority("light", -4, &wishes(60)).await;
    assert_eq!(kit.submits(40).await.len(), 40, "alone it takes what there is");
    kit.load_with_priority("level", -4, &wishes(60)).await;
    let leases = kit.submits(10).await;
    assert_eq!((of(&leases, "light"), of(&leases, "level")), (5, 5), "{}", order(&leases));
}

pub async fn a_batch_that_is_passed_over_costs_the_others_nothing(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load_with_budget("broke", 5, &wishes(9)).await;
    kit.load("paused", &wishes(9)).await;
    kit.store.pause_batch(&batch("paused"), true).await.unwrap();
    kit.load_with_priority("open", -4, &wishes(9)).await;
    kit.store.set_limits(&account("acct"), &limits(1.0, 6, 6)).await.unwrap();
    let leases = kit.submits(6).await;
    assert_eq!(of(&leases, "open"), 6, "all tokens and places are the open batch's");
}

pub async fn a_priority_that_changes_with_a_reload_weighs_from_then_on(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    for name in ["first", "second"] {
        kit.load(name, &wishes(60)).await;
    }
    assert_eq!(of(&kit.submits(10).await, "first"), 5);
    kit.load_with_priority("first", 1, &wishes(60)).await;
    let leases = kit.submits(30).await;
    assert!((19..=21).contains(&of(&leases, "first")), "{}", order(&leases));
}

pub async fn each_account_keeps_shares_of_its_own(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let both: Vec<_> =
        wishes(20).into_iter().chain((0..20).map(|n| wish(format!("other {n}")).account("other"))).collect();
    kit.load("a", &both).await;
    assert_eq!(kit.submits(15).await.len(), 15);
    kit.load("b", &both).await;
    let mut claim = kit.claim_of(ClaimStage::Submit, 4);
    claim.account = account("other");
    let leases = kit.store.claim(&claim).await.unwrap().leases;
    assert_eq!(order(&leases), "abab", "what one account did is no matter to another");
}

pub async fn a_claim_narrowed_to_a_batch_is_a_turn_of_it(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("a", &wishes(20)).await;
    kit.load("b", &wishes(20)).await;
    let mut narrow = kit.claim_of(ClaimStage::Submit, 1);
    narrow.batch = Some(batch("a"));
    assert_eq!(order(&kit.store.claim(&narrow).await.unwrap().leases), "a");
    assert_eq!(order(&kit.submits(3).await), "bab");
    narrow.limit = 9;
    assert_eq!(kit.store.claim(&narrow).await.unwrap().leases.len(), 9, "it takes what it asks for");
    let leases = kit.submits(6).await;
    assert_eq!((of(&leases, "a"), of(&leases, "b")), (3, 3), "and no one owes anybody: {}", order(&leases));
}

/// Batches that all had jobs and might be worked on since the counting began.
struct Race {
    rng: StdRng,
    strides: BTreeMap<String, i64>,
    paused: Option<String>,
    taken: BTreeMap<String, i64>,
}

impl Race {
    async fn load(kit: &Kit<'_>, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut strides = BTreeMap::new();
        for number in 0..4 {
            let (name, priority) = (format!("{number}-{seed}"), rng.random_range(-6..=6));
            let lines: Vec<_> = (0..400)
                .map(|n| wish(format!("{name} {n}")).cents(rng.random_range(1..4)).account(&format!("r{seed}")))
                .collect();
            kit.load_with_priority(&name, priority, &lines).await;
            strides.insert(name, stride(priority));
        }
        Self { rng, strides, paused: None, taken: BTreeMap::new() }
    }

    /// Pauses a batch, or resumes the one that is paused; the counting begins anew.
    async fn change(&mut self, kit: &Kit<'_>) {
        let name = self.paused.take();
        if let Some(name) = &name {
            kit.store.pause_batch(&batch(name), false).await.unwrap();
        } else {
            let index = self.rng.random_range(0..self.strides.len());
            let name = self.strides.keys().nth(index).unwrap().clone();
            kit.store.pause_batch(&batch(&name), true).await.unwrap();
            self.paused = Some(name);
        }
        self.taken.clear();
    }

    fn note(&mut self, leases: &[Lease]) {
        for lease in leases {
            *self.taken.entry(lease.job.batch.to_string()).or_default() += 1;
        }
    }

    /// What two batches had, each by its weight, differs by no more than one job of each.
    fn check(&self, seed: u64) {
        let served = |name: &String, stride: &i64| self.taken.get(name).copied().unwrap_or(0) * stride;
        let racing: Vec<_> = self.strides.iter().filter(|(name, _)| Some(*name) != self.paused.as_ref()).collect();
        for (one, stride) in &racing {
            for (other, step) in &racing {
                let apart = (served(one, stride) - served(other, step)).abs();
                assert!(apart <= *stride + *step, "seed {seed}: {one} and {other} are {apart} apart: {:?}", self.taken);
            }
        }
    }
}

pub async fn shares_stay_within_a_job_of_each_batch_over_random_claims(subject: &dyn Subject) {
    for seed in 0..4 {
        let kit = Kit::new(subject);
        let processes = [kit.another(), kit.another()];
        let mut race = Race::load(&kit, seed).await;
        let mut total = 0;
        while total < 380 {
            if race.rng.random_bool(0.05) {
                race.change(&kit).await;
            }
            let which = race.rng.random_range(0..processes.len());
            let mut claim = kit.claim_of(ClaimStage::Submit, race.rng.random_range(1..9));
            claim.account = account(&format!("r{seed}"));
            claim.worker = super::kit::worker(&format!("p{which}-{seed}"));
            let leases = processes[which].store.claim(&claim).await.unwrap().leases;
            assert_eq!(leases.len(), claim.limit);
            total += leases.len();
            race.note(&leases);
            race.check(seed);
        }
    }
}

pub async fn many_polls_of_one_batch_never_starve_another(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    kit.load("many", &wishes(8)).await;
    for number in 0..8 {
        kit.start_next(&format!("m{number}")).await;
    }
    let lone = kit.load("lone", &wishes(1)).await;
    kit.start_next("l").await;
    kit.store
        .set_limits(&account("acct"), &AccountLimits { polls_per_second: 1.0, ..limits(1.0, 1, 99) })
        .await
        .unwrap();
    kit.advance(SECOND);
    for turn in 0..9 {
        let poll = one(kit.polls(1).await);
        if poll.job.id == lone[0] {
            return;
        }
        assert!(turn < 8, "each waits for no more than those that were due before it");
        kit.end(&poll, running("rendering", SECOND / 1000)).await;
        kit.advance(SECOND);
    }
}
