-- The keys of jobs: their records, what is beside them, and the queues in which they wait.

local LEASES = P .. 'leases'
local WITHDRAW = P .. 'withdraw'
local SEQUENCE = P .. 'sequence'

local NONE, READY, WAITING, REPLAY, POLL, FETCH, FETCH_LATER, TO_WITHDRAW = 0, 1, 2, 3, 4, 5, 6, 7
local NO_DEADLINE = 9007199254740991
local HISTORY_KEPT = 64

local function job_key(id) return P .. 'j:' .. id end
local function history_key(id) return P .. 'h:' .. id end
local function orphans_key(id) return P .. 'o:' .. id end
local held_key = remembered(function(worker) return P .. 'l:' .. worker end)
local prices_key = remembered(function(batch) return P .. 'pr:' .. text(batch) end)
local unlisted_key = remembered(function(batch) return P .. 'u:' .. text(batch) end)
local deadlines_key = remembered(function(batch) return P .. 'd:' .. text(batch) end)
local function lines_key(batch, load) return P .. 'lines:' .. text(batch) .. ':' .. text(load) end
-- Jobs of a group that no one has touched since they were loaded.
local function fresh_key(account, group) return P .. 'f:' .. text(account) .. ':' .. group end
-- Jobs of a batch that are not shown: no line asks for them, and they were never bought.
local hidden_key = remembered(function(batch) return P .. 'hidden:' .. text(batch) end)
-- Which job is charged for which task: its id, and behind it that of a second one.
local tasks_key = remembered(function(account) return P .. 't:' .. text(account) end)
local passes_key = remembered(function(account) return P .. 's:' .. text(account) end)
-- Keys of the queues of one kind and account, by their entry in its index.
local queues_of_kind = remembered(function(queue)
  return remembered(function(account)
    local prefix = P .. 'q:' .. queue .. ':' .. text(account) .. ':'
    return remembered(function(entry) return prefix .. entry end)
  end)
end)
local indices_of_kind = remembered(function(queue)
  return remembered(function(account) return P .. 'i:' .. queue .. ':' .. text(account) end)
end)
local function index_key(queue, account) return indices_of_kind(queue)(account) end
local function queue_key(queue, account, entry) return queues_of_kind(queue)(account)(entry) end

-- Ready jobs wait in groups of like batch, price, priority and load, so that what a budget or a pause holds back is
-- passed over group by group.
local function group_of(rec)
  return text(rec.batch) .. ':' .. text(rec.price) .. ':' .. text(rec.priority) .. ':' .. text(rec.load)
end

-- Jobs that wait to be withdrawn by a client, for the script's answer.
local function to_withdraw()
  return call('SRANDMEMBER', WITHDRAW, 64)
end
