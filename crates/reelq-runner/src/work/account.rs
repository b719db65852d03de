//! One account's part of a run: its HTTP, and the handlers of its three stages.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use reelq_collector::Places;
use reelq_config::AccountConfig;
use reelq_console::CommandError;
use reelq_http::{AccountHttp, HttpSection, Transport};
use reelq_model::AccountName;
use reelq_poller::{PollPlan, PollSchedule, PollSettings, Poller};
use reelq_store::{BreakerPolicy, SharedStore};
use reelq_submitter::{FirstPoll, Images, SubmitSettings, Submitter};
use reelq_worker::{AccountMetrics, AccountWork, CircuitBreaker, Handler, OutputCheck, SharedRng, SubmissionGate};
use secrecy::SecretString;
use url::Url;

use super::{concurrency::Concurrency, store_clock::StoreClock};
use crate::{adapters, context::CommandContext, simulated_vendors::SimulatedVendors};

/// The HTTP keys of an account.
const HTTP_KEYS: [&str; 6] =
    ["base_url", "api_key_env", "api_key_file", "request_timeout", "connect_timeout", "allow_http"];

/// What all accounts of a run share.
#[derive(Clone)]
pub(crate) struct SharedParts {
    pub(crate) store: SharedStore,
    pub(crate) images: Arc<dyn Images>,
    pub(crate) concurrency: Concurrency,
    pub(crate) submission_gate: Arc<SubmissionGate>,
    /// Where outputs go; `None` where this process does not fetch.
    pub(crate) places: Option<Arc<Places>>,
    /// So many files and connections may be open at once.
    pub(crate) descriptors: u64,
    pub(crate) seed: u64,
}

impl std::fmt::Debug for SharedParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedParts").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

fn refuse(account: &AccountConfig, error: impl std::fmt::Display) -> CommandError {
    CommandError::usage(format!("account `{}`: {error}", account.name))
}

/// The account's HTTP with its key; in a simulation, the simulator's.
pub fn http(
    context: &CommandContext,
    account: &AccountConfig,
    simulated: Option<&SimulatedVendors>,
) -> Result<AccountHttp, CommandError> {
    let section: HttpSection = account.section(&HTTP_KEYS).map_err(|error| refuse(account, error))?;
    let key = match simulated {
        Some(_) => SecretString::from(format!("simulated-{}", account.name)),
        None => account.api_key(&context.environment).map_err(|error| CommandError::usage(error.to_string()))?,
    };
    let vendor: Url = match simulated {
        Some(simulated) => simulated.base_url().clone(),
        None => adapters::address(&account.provider).parse().map_err(|error| refuse(account, error))?,
    };
    let rotation = if simulated.is_some() { None } else { account.key_rotation() };
    Ok(AccountHttp { rotation, ..section.with_key(&vendor, key, context.proxies()) })
}

/// The account's transport.
pub(crate) fn transport(
    context: &CommandContext,
    account: &AccountConfig,
    http: &AccountHttp,
    store: &SharedStore,
) -> Result<Arc<Transport>, CommandError> {
    let clock = Arc::new(StoreClock { store: Arc::clone(store), clock: Arc::clone(&context.clock) });
    let transport = Transport::new(http, clock).map_err(|error| refuse(account, error))?;
    Ok(Arc::new(transport))
}

/// The handlers for submitting and polling as the account `name`: its own, or an earlier one.
pub(crate) fn work(
    context: &CommandContext,
    account: &AccountConfig,
    name: &AccountName,
    http: &AccountHttp,
    exchange: Arc<Transport>,
    shared: &SharedParts,
    metrics: &Arc<AccountMetrics>,
) -> Result<AccountWork, CommandError> {
    let provider = adapters::open(context, account)?;
    let submits = adapters::submit_settings(account)?;
    let polls: PollSettings = account.section(&PollSettings::KEYS).map_err(|error| refuse(account, error))?;
    if let Some(wrong) = submits.check().or_else(|| polls.check()) {
        return Err(refuse(account, wrong));
    }
    let plan = polls.plan(provider.capability());
    let usual = usual_wait(&submits, &plan);
    let schedule = Arc::new(PollSchedule::new(plan, SharedRng::seeded(shared.seed)));
    let first_poll: FirstPoll = {
        let schedule = Arc::clone(&schedule);
        Arc::new(move |spec| schedule.first(spec))
    };
    let (limits, retries) = (submits.limits(), submits.retries);
    let timeout = http.deadlines.total;
    let policy = submits.breaker_policy(provider.capability());
    let submit_slots = submit_slots(&submits, &policy, timeout, shared.descriptors);
    let submitter = Submitter::new(reelq_submitter::SubmitterParts {
        account: name.clone(),
        provider: Arc::clone(&provider),
        exchange: Arc::clone(&exchange) as Arc<dyn reelq_worker::Exchange>,
        store: Arc::clone(&shared.store),
        images: Arc::clone(&shared.images),
        submission_gate: Arc::clone(&shared.submission_gate),
        output_check: shared.places.clone().map(|places| places as Arc<dyn OutputCheck>),
        metrics: Arc::clone(metrics),
        settings: submits,
        request_timeout: http.deadlines.total,
        first_poll,
        clock: Arc::clone(&context.clock),
        seed: shared.seed,
    });
    let poller = Poller::new(reelq_poller::PollerParts {
        account: name.clone(),
        provider,
        exchange,
        store: Arc::clone(&shared.store),
        metrics: Arc::clone(metrics),
        settings: polls,
        retries,
        schedule,
        seed: shared.seed,
    });
    let mut work = AccountWork::new(name.clone(), Some(limits), Arc::clone(metrics)).usual_wait(usual);
    let handlers: [(Arc<dyn Handler>, _); 2] = [
        (Arc::new(submitter), submit_slots),
        (Arc::new(poller), slots(limits.polls_per_second, timeout, shared.descriptors)),
    ];
    for (handler, usual) in handlers.into_iter().filter(|(handler, _)| shared.concurrency.has(handler.stage())) {
        let slots = shared.concurrency.slots(handler.stage(), usual);
        work = work.handler(handler, slots);
    }
    Ok(work)
}

/// How long a job waits at most while all is well: for the next look at a task that is not overdue, or for its turn.
fn usual_wait(submits: &SubmitSettings, plan: &PollPlan) -> Duration {
    let limits = submits.limits();
    let slowest = limits.requests_per_second.min(limits.polls_per_second);
    let turn = Duration::try_from_secs_f64(slowest.recip()).unwrap_or(Duration::MAX);
    // A fifth more: looks are spread a little.
    plan.first.max(plan.max).max(turn).saturating_mul(6) / 5
}

/// The rate that an `auto` is made ready for; the other workers of the account share it.
const LEARNED_RATE: f64 = 10.0;

/// The account's breaker for whoever fetches its outputs.
pub(crate) fn breaking(
    context: &CommandContext,
    account: &AccountConfig,
    name: &AccountName,
    shared: &SharedParts,
) -> Result<CircuitBreaker, CommandError> {
    let provider = adapters::open(context, account)?;
    let policy = adapters::submit_settings(account)?.breaker_policy(provider.capability());
    Ok(CircuitBreaker::new(name.clone(), Arc::clone(&shared.store), policy, SharedRng::seeded(shared.seed)))
}

/// Paid requests at once: enough for the rate where each reply takes as long as it may, never more than may be in flight, nor
/// than the breaker lets out at once.
fn submit_slots(
    settings: &SubmitSettings,
    breaker: &BreakerPolicy,
    timeout: Duration,
    descriptors: u64,
) -> NonZeroUsize {
    let at_once = |count: u32| NonZeroUsize::new(usize::try_from(count).ok()?);
    let in_flight = settings.max_in_flight.number().and_then(at_once);
    let lost = at_once(breaker.lost_after).filter(|_| breaker.slots && !breaker.is_off());
    let rate = settings.requests_per_second.number().unwrap_or(LEARNED_RATE);
    let burst = f64::from(settings.burst);
    let wanted = slots(rate + burst / timeout.as_secs_f64().max(1.0), timeout, descriptors);
    in_flight.into_iter().chain(lost).fold(wanted, NonZeroUsize::min)
}

/// The most slots of a stage and account: each costs a little memory.
const SLOTS_MAX: f64 = 4_096.0;

/// Requests at once for so many a second that take `timeout` each at most. Each may hold a connection: half of what this
/// process may open is the bound.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped just before; a count for people's machines"
)]
fn slots(rate: f64, timeout: Duration, descriptors: u64) -> NonZeroUsize {
    let most = (descriptors as f64 / 2.0).clamp(2.0, SLOTS_MAX);
    let wanted = rate * timeout.as_secs_f64().max(4.0);
    NonZeroUsize::new(wanted.ceil().clamp(2.0, most) as usize).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_requests_go_at_once_as_the_rate_and_a_slow_vendor_ask_for() {
        let thirty = Duration::from_secs(30);
        assert_eq!(slots(5.0, thirty, 65_536).get(), 150);
        assert_eq!(slots(10_000.0, thirty, 65_536).get(), 4_096);
        assert_eq!(slots(100.0, thirty, 256).get(), 128, "connections are files");
        assert_eq!(slots(0.01, Duration::from_millis(10), 65_536).get(), 2);
    }
}
