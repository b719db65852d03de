//! Questions about tasks and accounts: status, cancellation, balance, files.

use std::time::Duration;

use reelq_model::{Money, Timestamp};

use super::{
    Market, Now, State,
    submit::{credentials, server_error},
};
use crate::{
    Vendor,
    account::fingerprint,
    chance::Chance,
    dialect,
    order::{SimRefusal, ThrottleReason},
    reply::{SimAnswer, SimReply},
    strange::{self, Strangeness},
    task::{Phase, SimTask, TaskEnd},
    task_view::{SimLink, TaskView},
};

/// How long any status request may find nothing.
const INVISIBLE_MS: u64 = 300;
/// How long the first one may.
const FIRST_INVISIBLE_MS: u64 = 10_000;
/// How long after its task succeeded a late file is not there.
const LATE: Duration = Duration::from_secs(4);

/// What a request for a file finds.
pub(crate) struct SimDownload {
    pub(crate) prompt: String,
    pub(crate) chance: Chance,
    /// The link is dead.
    pub(crate) expired: bool,
    /// The file is not there yet.
    pub(crate) is_late: bool,
    /// It is in another container than its name says.
    pub(crate) is_webm: bool,
}

impl Market {
    /// Answers a status request.
    pub(crate) fn status(&self, vendor: Vendor, key: &str, id: &str, origin: &str) -> SimAnswer {
        let now = self.now();
        let mut guard = self.state();
        let state = &mut *guard;
        state.requests.polls += 1;
        let account = fingerprint(vendor, key);
        let chance = Chance::new(self.settings.seed, &[id.as_bytes(), key.as_bytes()]);
        let refuse =
            |refusal: &SimRefusal, chance| SimAnswer::from(dialect::refusal(vendor, refusal, chance, now.wall));
        if let Err(refusal) = credentials(key) {
            // An account without money may still look at what it bought.
            if refusal != SimRefusal::NoCredit {
                return refuse(&refusal, chance);
            }
        }
        let Some(task) = state.tasks.get_mut(id).filter(|task| task.vendor == vendor && task.account == account) else {
            return refuse(&SimRefusal::NoSuchTask, chance);
        };
        task.visits.polls += 1;
        let chance = task.chance.again(task.visits.polls);
        if self.hidden(task, now) {
            return refuse(&SimRefusal::NoSuchTask, chance);
        }
        if let Some(answer) = self.beside_the_point(vendor, chance, now.wall) {
            return answer;
        }
        let faults = &self.settings.faults;
        if chance.hits("poll_dropped", faults.poll_dropped) {
            return SimAnswer::closed();
        }
        if chance.hits("poll_throttled", faults.poll_throttled) {
            state.requests.throttled += 1;
            let throttle = self.throttle_form(vendor, chance, ThrottleReason::Whim);
            return refuse(&SimRefusal::Throttled(throttle), chance);
        }
        if chance.hits("server_error", faults.server_error) {
            return refuse(&server_error(chance), chance);
        }
        if chance.hits("garbage", faults.garbage) {
            return dialect::garbage(chance).into();
        }
        let reply = self.tell(task, now.wall, origin);
        let reply = self.twisted(reply, task, chance, origin, key);
        let reply = if chance.hits("wrong_clock", faults.wrong_clock) {
            strange::of_another_century(reply, chance)
        } else {
            reply
        };
        let reply = if chance.hits("other_task", faults.other_task) { state.of_another(reply, id) } else { reply };
        SimAnswer { reply: self.in_form(reply, chance), delivery: self.delivery(chance) }
    }

    /// An answer that says nothing of the task, though it is there.
    fn beside_the_point(&self, vendor: Vendor, chance: Chance, now: Timestamp) -> Option<SimAnswer> {
        let faults = &self.settings.faults;
        let reply = if let Some(wait) = self.outage() {
            dialect::out_of_order(wait)
        } else if chance.hits("gateway_page", faults.gateway_page) {
            strange::gateway_page(chance)
        } else if chance.hits("login_redirect", faults.login_redirect) {
            strange::login_redirect()
        } else if chance.hits("task_refused", faults.task_refused) {
            dialect::refusal(vendor, &SimRefusal::Forbidden, chance, now)
        } else if chance.hits("task_unknown", faults.task_unknown) {
            strange::no_such_task(dialect::refusal(vendor, &SimRefusal::NoSuchTask, chance, now), chance)
        } else {
            return None;
        };
        Some(reply.into())
    }

    /// The reply with what is strange in this task's words, numbers and lists; a task keeps its strangeness.
    fn twisted(&self, reply: SimReply, task: &SimTask, chance: Chance, origin: &str, key: &str) -> SimReply {
        let faults = &self.settings.faults;
        let file = |extension: &str| format!("{origin}/files/{}/{}.{extension}", task.id, task.visits.links);
        let strangeness = Strangeness {
            word: task.chance.hits("strange_word", faults.strange_word),
            numbers: task.chance.hits("strange_numbers", faults.strange_numbers),
            error: task.chance.hits("error_beside_success", faults.error_beside_success).then(|| file("mp4")),
            label: task.chance.hits("strange_label", faults.strange_label),
            text: task.chance.hits("hostile_text", faults.hostile_text).then(|| hostile(key)),
            cover: task.chance.hits("cover_first", faults.cover_first).then(|| (file("mp4"), file("png"))),
        };
        strange::twisted(reply, &strangeness, chance)
    }

    /// Whether the vendor's reading side has not heard of the task yet.
    fn hidden(&self, task: &SimTask, now: Now) -> bool {
        let age = u64::try_from(now.wall.since(task.accepted).as_millis()).unwrap_or(u64::MAX);
        let young = age < INVISIBLE_MS || (task.visits.polls == 1 && age < FIRST_INVISIBLE_MS);
        young && task.chance.hits("not_found_after_submit", self.settings.faults.not_found_after_submit)
    }

    fn tell(&self, task: &mut SimTask, now: Timestamp, origin: &str) -> SimReply {
        let phase = task.phase(now);
        let link = (phase == Phase::Succeeded).then(|| self.new_link(task, now, origin)).flatten();
        dialect::status(&TaskView { task, phase, origin, link })
    }

    fn new_link(&self, task: &mut SimTask, now: Timestamp, origin: &str) -> Option<SimLink> {
        task.visits.links += 1;
        let number = task.visits.links;
        let faults = &self.settings.faults;
        if number == 1 && task.chance.hits("empty_result", faults.empty_result) {
            return None;
        }
        let expires = now.after(self.settings.pace.link_lifetime);
        let url = format!("{origin}/files/{}/{number}.mp4?expires={}", task.id, expires.millis());
        Some(SimLink { url, expires })
    }

    /// The body of a callback, once the task has ended.
    pub(crate) fn callback_body(&self, id: &str, origin: &str) -> Option<(Vendor, SimReply)> {
        let now = self.clock.now();
        let mut state = self.state();
        let task = state.tasks.get_mut(id)?;
        if matches!(task.phase(now), Phase::Queued | Phase::Running { .. }) {
            return None;
        }
        let reply = self.tell(task, now, origin);
        Some((task.vendor, reply))
    }

    /// When a task ends; `None` where there is no such task or its callback is to be lost.
    pub(crate) fn callback_due(&self, id: &str) -> Option<Timestamp> {
        let state = self.state();
        let task = state.tasks.get(id)?;
        let lost = task.chance.hits("callbacks_lost", self.settings.faults.callbacks_lost);
        (!lost).then_some(task.cancelled.unwrap_or(task.ended))
    }

    /// Withdraws a task that has not begun.
    pub(crate) fn cancel(&self, key: &str, id: &str) -> SimReply {
        let now = self.now().wall;
        let mut state = self.state();
        state.requests.cancels += 1;
        if let Some(wait) = self.outage() {
            return dialect::out_of_order(wait);
        }
        let chance = Chance::new(self.settings.seed, &[id.as_bytes(), b"cancel"]);
        match state.cancel(key, id, now) {
            Ok(amount) => dialect::cancelled(id, amount),
            Err(refusal) => dialect::refusal(Vendor::Wave, &refusal, chance, now),
        }
    }

    /// Tells what an account has left.
    pub(crate) fn balance(&self, vendor: Vendor, key: &str) -> SimReply {
        let now = self.now().wall;
        let chance = Chance::new(self.settings.seed, &[key.as_bytes(), b"balance"]);
        if let Some(wait) = self.outage() {
            return dialect::out_of_order(wait);
        }
        if let Err(refusal) = credentials(key) {
            return dialect::refusal(vendor, &refusal, chance, now);
        }
        let name = fingerprint(vendor, key);
        let mut state = self.state();
        state.settle(vendor, &name, now);
        let spent = state.account(vendor, &name).spent();
        let granted = self.limits().balance.unwrap_or(PLENTY);
        dialect::balance(vendor, granted, spent, now)
    }

    /// Looks up what a link leads to.
    pub(crate) fn download(&self, id: &str, number: u32, expires: Timestamp) -> Option<SimDownload> {
        let now = self.clock.now();
        let mut state = self.state();
        state.requests.downloads += 1;
        let task = state.tasks.get_mut(id)?;
        if task.ending != TaskEnd::Success || now < task.ended {
            return None;
        }
        task.visits.downloads += 1;
        let is_late = now < task.ended.after(LATE) && task.chance.hits("late_file", self.settings.faults.late_file);
        let dead = number <= 1 && task.chance.hits("expired_links", self.settings.faults.expired_links);
        Some(SimDownload {
            prompt: task.prompt.clone(),
            chance: task.chance.again(task.visits.downloads),
            expired: dead || now >= expires,
            is_late,
            is_webm: task.chance.hits("strange_container", self.settings.faults.strange_container),
        })
    }

    pub(crate) fn download_torn(&self) {
        self.state().requests.torn_downloads += 1;
    }
}

/// What steers a terminal, and the key as a proxy repeats it.
fn hostile(key: &str) -> String {
    format!("\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}1A\u{202e} (Authorization: Bearer {key})")
}

/// What accounts without a balance limit have.
const PLENTY: Money = Money::from_micros(1_000_000_000_000);

impl State {
    /// The reply as a cache would give it that mistook the task for another one.
    fn of_another(&self, reply: SimReply, id: &str) -> SimReply {
        let vendor = self.tasks.get(id).map(|task| task.vendor);
        let other = self.tasks.values().find(|task| Some(task.vendor) == vendor && task.id != id);
        match (other, std::str::from_utf8(&reply.body)) {
            (Some(other), Ok(text)) => SimReply { body: text.replace(id, &other.id).into(), ..reply.clone() },
            _ => reply,
        }
    }

    fn cancel(&mut self, key: &str, id: &str, now: Timestamp) -> Result<Money, SimRefusal> {
        credentials(key)?;
        let account = fingerprint(Vendor::Wave, key);
        let found = self.tasks.get_full_mut(id).filter(|(_, _, task)| task.account == account);
        let (index, _, task) = found.ok_or(SimRefusal::NoSuchTask)?;
        if task.phase(now) != Phase::Queued {
            return Err(SimRefusal::NotCancellable);
        }
        task.cancelled = Some(now);
        let amount = task.amount;
        if let Some(journal) = &mut self.journal {
            journal.append(task);
        }
        self.account(Vendor::Wave, &account).cancel(index, amount);
        Ok(amount)
    }
}
