-- The keys of jobs: their records, what is beside them, and the queues in which they wait; and the numbers of their statuses.

local LEASES, HOLDERS = P .. 'leases', P .. 'holders'
local WITHDRAW = P .. 'withdraw'
local SEQUENCE = P .. 'sequence'

local QUEUED, SUBMITTING, UNCONFIRMED, RUNNING, FETCHING, SUCCEEDED = 0, 1, 2, 3, 4, 5
local NONE, READY, WAITING, REPLAY, POLL, FETCH, FETCH_LATER, TO_WITHDRAW, FOLLOWED = 0, 1, 2, 3, 4, 5, 6, 7, 8
local NO_DEADLINE = 9007199254740991
local HISTORY_KEPT = 64

-- What many jobs of a batch have in common, by its digest.
local function kinds_key(batch) return P .. 'kinds:' .. text(batch) end
local function state_key(id) return P .. 'm:' .. id end
local function asked_key(id) return P .. 'k:' .. id end
local function orphans_key(id) return P .. 'o:' .. id end
local function held_key(worker) return P .. 'l:' .. worker end
local function prices_key(batch) return P .. 'pr:' .. text(batch) end
local function unlisted_key(batch) return P .. 'u:' .. text(batch) end
local function deadlines_key(batch) return P .. 'd:' .. text(batch) end
local function lines_key(batch, load) return P .. 'lines:' .. text(batch) .. ':' .. text(load) end
-- Lines of jobs that are shown though no line asks for them any more, as they were last.
local function gone_key(batch) return P .. 'gone:' .. text(batch) end
-- Jobs of a group that no one has touched since they were loaded.
local function fresh_key(account, group) return P .. 'f:' .. text(account) .. ':' .. group end
-- Jobs of a batch that are not shown: no line asks for them, and they were never bought.
local function hidden_key(batch) return P .. 'hidden:' .. text(batch) end
-- Which job is charged for which task: its id, and behind it that of a second one.
local function tasks_key(account) return P .. 't:' .. text(account) end
local function passes_key(account) return P .. 's:' .. text(account) end
-- Queues of one kind and account, by their entry in its index.
local function index_key(queue, account) return P .. 'i:' .. queue .. ':' .. text(account) end
local function queue_key(queue, account, entry) return P .. 'q:' .. queue .. ':' .. text(account) .. ':' .. entry end

local function in_hand(rec)
  return rec.lease_until ~= 0
end

-- Tasks that stay with the worker that follows them: their leases have no end of their own. In one table, for a script can have no
-- more than 200 names.
local follow = {
  -- The end of such a lease: `reelq_store::rules::bounds::FOLLOWED`, once more.
  UNTIL = 253402207200001,
  -- Until when each worker follows what it does.
  WORKERS = guard.followers,
}

-- What a worker follows; what else it has in hand is under `held_key`.
function follow.jobs_key(worker) return P .. 'fl:' .. worker end
-- What others took from it since it last asked: its version by its id.
function follow.taken_key(worker) return P .. 'ft:' .. worker end

-- How many jobs a worker has, one way or the other.
function follow.hands(worker)
  return call('SCARD', held_key(worker)) + call('SCARD', follow.jobs_key(worker))
end

function follow.has(rec)
  return rec.lease_until == follow.UNTIL
end

-- Whether a worker may follow tasks: not before it said so, and not once its time has passed.
function follow.is_open(worker)
  return tonumber(call('ZSCORE', follow.WORKERS, worker) or 0) > now
end

-- Whether leases have lapsed, or what workers follow has.
function follow.any_lapsed()
  return call('ZCOUNT', LEASES, '-inf', now) > 0 or call('ZCOUNT', follow.WORKERS, '-inf', now) > 0
end

-- Ready jobs wait in groups of like batch, price, priority and load, so that what a budget or a pause holds back is
-- passed over group by group.
local function group_of(rec)
  return text(rec.batch) .. ':' .. text(rec.price) .. ':' .. text(rec.priority) .. ':' .. text(rec.load)
end

-- Jobs that wait to be withdrawn by a client, for the script's answer.
local function to_withdraw()
  return call('SRANDMEMBER', WITHDRAW, 64)
end
