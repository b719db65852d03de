//! A submission from its arrival to its answer, with everything that may go wrong on the way.

use bytes::Bytes;
use reelq_model::Digest;

use super::{Market, Now, State};
use crate::{
    Vendor,
    account::fingerprint,
    chance::Chance,
    dialect,
    ledger::ViolationKind,
    order::{SimOrder, SimRefusal, Throttle, ThrottleReason, WaitForm},
    reply::{Delivery, SimAnswer, SimReply},
    strange,
};

/// A submission as it came in.
#[derive(Debug)]
pub(crate) struct SimSubmission<'a> {
    pub(crate) vendor: Vendor,
    /// The API key.
    pub(crate) key: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
    /// The model, where the path names it.
    pub(crate) model: Option<&'a str>,
    pub(crate) body: &'a Bytes,
}

/// A submission that was read, and the decisions about this sending of it.
struct Attempt<'a> {
    vendor: Vendor,
    account: String,
    key: &'a str,
    idempotency_key: Option<&'a str>,
    body: Digest,
    order: Result<SimOrder, SimRefusal>,
    /// Decides about the submission, however often it is sent.
    chance: Chance,
    /// Decides about this sending.
    sending: Chance,
    now: Now,
}

/// What was decided: the reply, whether something was bought, and the task that needs a callback.
pub(crate) struct Submitted {
    pub(crate) answer: SimAnswer,
    pub(crate) callback: Option<(String, String)>,
}

impl From<SimAnswer> for Submitted {
    fn from(answer: SimAnswer) -> Self {
        Self { answer, callback: None }
    }
}

impl Market {
    pub(crate) fn submit(&self, submission: &SimSubmission<'_>) -> Submitted {
        let vendor = submission.vendor;
        let body = Digest::of(submission.body);
        let key = submission.key.unwrap_or_default();
        let account = fingerprint(vendor, key);
        let idempotency_key = submission.idempotency_key.filter(|_| vendor.replays_keys());
        let chance = submission_chance(self.settings.seed, &account, body, idempotency_key);
        let order = dialect::order(vendor, submission.model, submission.body);
        let now = self.now();
        let mut state = self.state();
        state.requests.submissions += 1;
        let sending = chance.again(state.attempt(chance));
        let attempt = Attempt { vendor, account, key, idempotency_key, body, order, chance, sending, now };
        self.decide(&mut state, &attempt)
    }

    fn decide(&self, state: &mut State, attempt: &Attempt<'_>) -> Submitted {
        let faults = &self.settings.faults;
        let sending = attempt.sending;
        if let Err(refusal) = credentials(attempt.key) {
            return state.refuse(attempt, &refusal).into();
        }
        if let Some(wait) = self.outage() {
            state.requests.refused += 1;
            return SimAnswer::from(dialect::out_of_order(wait)).into();
        }
        if sending.hits("gateway_page", faults.gateway_page) {
            state.requests.refused += 1;
            return SimAnswer::from(strange::gateway_page(sending)).into();
        }
        if sending.hits("dropped_before", faults.dropped_before) {
            state.requests.dropped_before += 1;
            return SimAnswer::closed().into();
        }
        let failing = sending.hits("server_error", faults.server_error);
        if failing && sending.hits("server_error_before", 0.5) {
            return state.refuse(attempt, &server_error(sending)).into();
        }
        let garbled = sending.hits("garbage", faults.garbage);
        if garbled && sending.hits("garbage_before", 0.5) {
            return SimAnswer::from(dialect::garbage(sending)).into();
        }
        if sending.hits("throttled", faults.throttled) {
            return self.throttle(state, attempt, ThrottleReason::Whim).into();
        }
        match self.accept(state, attempt) {
            Err(answer) => answer.into(),
            Ok((reply, callback)) => {
                let answer = if failing {
                    dialect::refusal(attempt.vendor, &server_error(sending), sending, attempt.now.wall).into()
                } else if garbled {
                    dialect::garbage(sending).into()
                } else {
                    self.deliver(state, reply, sending)
                };
                Submitted { answer, callback }
            }
        }
    }

    /// Decides how the reply to an accepted submission gets out.
    fn deliver(&self, state: &mut State, reply: SimReply, sending: Chance) -> SimAnswer {
        let faults = &self.settings.faults;
        if sending.hits("dropped_after", faults.dropped_after) {
            state.requests.dropped_after += 1;
            return SimAnswer { reply, delivery: Delivery::Closed };
        }
        if sending.hits("refused_though_taken", faults.refused_though_taken)
            && let Some(refusal) = strange::naming_its_task(&reply, sending)
        {
            return refusal.into();
        }
        SimAnswer { reply: self.in_form(reply, sending), delivery: self.delivery(sending) }
    }

    /// Decides whether a good reply comes in a form of its own.
    pub(super) fn in_form(&self, reply: SimReply, chance: Chance) -> SimReply {
        if chance.hits("strange_reply", self.settings.faults.strange_reply) {
            strange::reformed(reply, chance)
        } else {
            reply
        }
    }

    /// Decides whether a reply is cut or slow.
    pub(super) fn delivery(&self, chance: Chance) -> Delivery {
        let faults = &self.settings.faults;
        if chance.hits("torn_reply", faults.torn_reply) {
            Delivery::Torn
        } else if chance.hits("slow_reply", faults.slow_reply) {
            Delivery::Slow(self.settings.pace.slow_reply)
        } else {
            Delivery::Whole
        }
    }

    /// Replays, buys or refuses; the only place where a submission can become a task.
    fn accept(
        &self,
        state: &mut State,
        attempt: &Attempt<'_>,
    ) -> Result<(SimReply, Option<(String, String)>), SimAnswer> {
        if let Some(reply) = Self::replay(state, attempt)? {
            return Ok((reply, None));
        }
        let order = attempt.order.as_ref().map_err(|refusal| state.refuse(attempt, refusal))?;
        state.settle(attempt.vendor, &attempt.account, attempt.now.wall);
        self.admit(state, attempt)?;
        let broke = self.cannot_pay(state, attempt, order);
        if broke && !(attempt.vendor == Vendor::Apixo && attempt.sending.hits("accepted_without_credit", 1.0 / 3.0)) {
            return Err(state.refuse(attempt, &SimRefusal::NoCredit));
        }
        let task = state.buy(&self.settings, &attempt.purchase(order, broke));
        let reply = dialect::accepted(task, attempt.sending);
        let callback = task.callback.clone().map(|url| (task.id.clone(), url));
        Ok((reply, callback))
    }

    fn replay(state: &mut State, attempt: &Attempt<'_>) -> Result<Option<SimReply>, SimAnswer> {
        let Some(key) = attempt.idempotency_key else { return Ok(None) };
        let Some(task) = state.bought_under(&attempt.account, key, attempt.now.wall) else { return Ok(None) };
        if task.body != attempt.body {
            let detail = format!("`{key}` paid for {} and came again with another body", task.id);
            state.violated(ViolationKind::KeyReused, Some(&attempt.account), detail, attempt.now.wall);
            return Err(state.refuse(attempt, &SimRefusal::KeyConflict));
        }
        task.visits.replays += 1;
        let reply = dialect::accepted(task, attempt.sending);
        state.requests.replayed += 1;
        Ok(Some(reply))
    }

    /// Checks the account's hidden limits.
    fn admit(&self, state: &mut State, attempt: &Attempt<'_>) -> Result<(), SimAnswer> {
        let now = attempt.now.monotonic;
        let account = state.account(attempt.vendor, &attempt.account);
        let early = now < account.wait_until;
        let admitted = account.admit(&self.limits(), now);
        if early {
            let detail = "a submission came before the wait that a 429 asked for was over".to_owned();
            state.violated(ViolationKind::Impatient, Some(&attempt.account), detail, attempt.now.wall);
        }
        admitted.map_err(|reason| self.throttle(state, attempt, reason))
    }

    fn throttle(&self, state: &mut State, attempt: &Attempt<'_>, reason: ThrottleReason) -> SimAnswer {
        let kind = match reason {
            ThrottleReason::Whim => None,
            ThrottleReason::Rate => Some(ViolationKind::OverRate),
            ThrottleReason::InFlight => Some(ViolationKind::OverInFlight),
        };
        if let Some(kind) = kind {
            let detail = "a submission was answered with 429".to_owned();
            state.violated(kind, Some(&attempt.account), detail, attempt.now.wall);
        }
        let throttle = self.throttle_form(attempt.vendor, attempt.sending, reason);
        if throttle.form != WaitForm::Nothing {
            let account = state.account(attempt.vendor, &attempt.account);
            account.wait_until = account.wait_until.max(attempt.now.monotonic + throttle.wait);
        }
        state.requests.throttled += 1;
        dialect::refusal(attempt.vendor, &SimRefusal::Throttled(throttle), attempt.sending, attempt.now.wall).into()
    }

    pub(super) fn throttle_form(&self, vendor: Vendor, chance: Chance, reason: ThrottleReason) -> Throttle {
        let forms = [WaitForm::Seconds, WaitForm::Date, WaitForm::Nothing, WaitForm::ResetAt];
        let form = match chance.pick("wait_form", forms) {
            WaitForm::ResetAt if vendor != Vendor::Wave => WaitForm::Seconds,
            form => form,
        };
        Throttle { reason, form, wait: self.limits().retry_after }
    }

    fn cannot_pay(&self, state: &mut State, attempt: &Attempt<'_>, order: &SimOrder) -> bool {
        let spent = state.account(attempt.vendor, &attempt.account).spent();
        self.limits().balance.is_some_and(|balance| spent + order.amount > balance)
    }
}

impl State {
    /// Counts a sending, and says the how-manieth it is.
    fn attempt(&mut self, chance: Chance) -> u32 {
        let seen = self.seen.entry(chance.identity()).or_default();
        seen.attempts += 1;
        seen.attempts
    }

    fn refuse(&mut self, attempt: &Attempt<'_>, refusal: &SimRefusal) -> SimAnswer {
        self.requests.refused += 1;
        dialect::refusal(attempt.vendor, refusal, attempt.sending, attempt.now.wall).into()
    }
}

impl<'a> Attempt<'a> {
    fn purchase(&'a self, order: &'a SimOrder, broke: bool) -> super::accept::Purchase<'a> {
        super::accept::Purchase {
            vendor: self.vendor,
            account: &self.account,
            idempotency_key: self.idempotency_key,
            body: self.body,
            order,
            broke,
            chance: self.chance,
            at: self.now.wall,
        }
    }
}

/// What decides about a submission: who asks for what, under which key.
pub(super) fn submission_chance(seed: u64, account: &str, body: Digest, key: Option<&str>) -> Chance {
    Chance::new(seed, &[account.as_bytes(), body.as_bytes(), key.unwrap_or_default().as_bytes()])
}

pub(super) fn server_error(chance: Chance) -> SimRefusal {
    SimRefusal::ServerError(chance.pick("server_error_status", [500, 502, 503, 504]))
}

/// Keys that begin so are refused, so that a client's handling can be tried out.
pub(super) fn credentials(key: &str) -> Result<(), SimRefusal> {
    if key.is_empty() || key.starts_with("sim-401") {
        Err(SimRefusal::Unauthorized)
    } else if key.starts_with("sim-402") {
        Err(SimRefusal::NoCredit)
    } else if key.starts_with("sim-403") {
        Err(SimRefusal::Forbidden)
    } else {
        Ok(())
    }
}
