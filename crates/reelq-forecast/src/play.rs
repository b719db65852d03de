//! One play: an account buys its jobs in virtual time, event by event.

use super::{
    Bottleneck, PlayedAccount,
    chance::Chance,
    flight::Flight,
    nature::{Fate, Nature},
    outcome::Outcome,
    purse::{Hold, Purse},
    queue::{Next, Queue, Ticket},
    token_gate::TokenGate,
};

/// A play ends here, a hundred years from now, whatever is left over.
const HORIZON: u64 = 100 * 365 * 86_400 * 1_000_000_000;

/// An account at work. Times are in nanoseconds from now.
pub(crate) struct Play<'a> {
    nature: &'a Nature,
    chance: &'a mut Chance,
    tokens: TokenGate,
    flight: Flight,
    purse: Purse,
    queue: Queue,
    now: u64,
    paused_until: u64,
    outcome: Outcome,
}

/// What comes of an account whose vendor is of this nature.
pub(crate) fn play(account: &PlayedAccount, nature: &Nature, chance: &mut Chance) -> Outcome {
    let (pacing, queue) = (account.pacing, Queue::new(account));
    let Some(tokens) = TokenGate::full(pacing.requests_per_second, pacing.burst.get()) else {
        let is_stuck = queue.waiting() > 0;
        return Outcome { left_over: queue.waiting(), is_stuck, ..Outcome::default() };
    };
    let flight = Flight::new(pacing.max_in_flight.get());
    let purse = Purse::new(&account.budgets);
    let outcome = Outcome::default();
    Play { nature, chance, tokens, flight, purse, queue, now: 0, paused_until: 0, outcome }.run()
}

impl Play<'_> {
    fn run(mut self) -> Outcome {
        while self.now < HORIZON && self.step() {}
        let end = self.outcome.end.max(self.now);
        self.outcome.spent.add(Bottleneck::Durations, end - self.now);
        Outcome { end, left_over: self.queue.waiting(), ..self.outcome }
    }

    /// `false` where nothing more will happen.
    fn step(&mut self) -> bool {
        if self.queue.waiting() == 0 {
            return self.advance(self.flight.next_end(), Bottleneck::Durations);
        }
        let gates = [
            (self.tokens.opens_at(), Bottleneck::Rate),
            (self.paused_until, Bottleneck::Throttles),
            (self.flight.opens_at(), Bottleneck::Places),
        ];
        let (at, limit) =
            gates.into_iter().fold((0, Bottleneck::Rate), |last, gate| if gate.0 > last.0 { gate } else { last });
        if at > self.now { self.advance(Some(at), limit) } else { self.buy() }
    }

    /// Goes on to this time; `false` where there is none.
    fn advance(&mut self, to: Option<u64>, limit: Bottleneck) -> bool {
        let Some(to) = to else { return false };
        self.outcome.spent.add(limit, to.saturating_sub(self.now));
        self.now = self.now.max(to);
        while let Some((at, ticket)) = self.flight.ended(self.now) {
            self.purse.pass(at);
            self.settle(at, ticket);
        }
        self.purse.pass(self.now);
        true
    }

    /// Sends the next job, or waits for the money.
    fn buy(&mut self) -> bool {
        match self.queue.next(&self.purse) {
            Next::Job(ticket) => {
                self.send(ticket);
                true
            }
            Next::Held(Hold::Budget) => self.advance(self.flight.next_end(), Bottleneck::Budget),
            Next::Held(Hold::Day) => {
                let either = self.flight.next_end().into_iter().chain(self.purse.day_ends()).min();
                self.advance(either, Bottleneck::DailyBudget)
            }
        }
    }

    fn send(&mut self, ticket: Ticket) {
        self.tokens.take(self.now);
        if self.nature.throttled > 0.0 && self.chance.unit() < self.nature.throttled {
            // A 429 pauses the whole account, and the job waits where it was.
            let wait = self.chance.pick(&self.nature.waits).unwrap_or(0);
            self.paused_until = self.now.saturating_add(wait);
            self.outcome.throttles += 1;
            return;
        }
        self.queue.take(ticket);
        self.purse.set_aside(self.queue.price(ticket).unwrap_or(0));
        self.outcome.submitted = self.now;
        let ends = self.now.saturating_add(self.nature.run(self.chance));
        self.flight.start(ends, ticket);
    }

    fn settle(&mut self, at: u64, ticket: Ticket) {
        // What has no price adds nothing here, and makes the cost unknown as a whole.
        let price = self.queue.price(ticket).unwrap_or(0);
        let fate = self.nature.fate(self.chance);
        let charge = match fate {
            Fate::Succeeded | Fate::FailedCharged => self.nature.charge(price, self.chance),
            Fate::FailedUncharged | Fate::Transient => 0,
        };
        self.purse.settle(price, charge);
        self.outcome.cost = self.outcome.cost.saturating_add(charge);
        let stored = match fate {
            Fate::Succeeded => self.chance.pick(&self.nature.downloads).unwrap_or(0),
            _ => 0,
        };
        self.outcome.end = self.outcome.end.max(at.saturating_add(stored));
        let goes_again = fate == Fate::Transient && self.queue.put_back(ticket);
        if fate != Fate::Succeeded && !goes_again {
            self.outcome.failed += 1;
        }
    }
}
