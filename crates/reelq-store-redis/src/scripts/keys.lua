-- The keys, all of them; docs/redis.md says what each holds.

local LEASES = P .. 'leases'
local WITHDRAW = P .. 'withdraw'
local WORKERS = P .. 'workers'
local BATCHES = P .. 'batches'
local ACCOUNTS = P .. 'accounts'
local NUMBERS = P .. 'numbers'
local SEQUENCE = P .. 'sequence'
local NEWS = P .. 'news'
guard.key, guard.folders, guard.absent = P .. 'guard', P .. 'folders', P .. 'absent'
guard.absent_sums = P .. 'absent_sums'
guard.old_format, guard.old_hold = P .. 'format', P .. 'hold_until'

local function job_key(id) return P .. 'j:' .. id end
local function history_key(id) return P .. 'h:' .. id end
local function orphans_key(id) return P .. 'o:' .. id end
local held_key = remembered(function(worker) return P .. 'l:' .. worker end)
local batch_key = remembered(function(batch) return P .. 'b:' .. text(batch) end)
local prices_key = remembered(function(batch) return P .. 'pr:' .. text(batch) end)
local unlisted_key = remembered(function(batch) return P .. 'u:' .. text(batch) end)
local deadlines_key = remembered(function(batch) return P .. 'd:' .. text(batch) end)
local function lines_key(batch, load) return P .. 'lines:' .. text(batch) .. ':' .. text(load) end
local function staged_key(batch, load) return P .. 'staged:' .. text(batch) .. ':' .. text(load) end
-- Jobs of a group that no one has touched since they were loaded, and the groups that a batch has had.
local function fresh_key(account, group) return P .. 'f:' .. text(account) .. ':' .. group end
local groups_key = remembered(function(batch) return P .. 'groups:' .. text(batch) end)
-- Jobs of a batch that are not shown: no line asks for them, and they were never bought.
local hidden_key = remembered(function(batch) return P .. 'hidden:' .. text(batch) end)
-- Lines of an unfinished load whose jobs were known before it, and sums of its new jobs.
local function known_key(batch, load) return P .. 'known:' .. text(batch) .. ':' .. text(load) end
local function loading_key(batch, load) return P .. 'loading:' .. text(batch) .. ':' .. text(load) end
local account_key = remembered(function(account) return P .. 'a:' .. text(account) end)
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

-- The number that stands for a batch's or an account's name; nil where it was never used.
local function number_of(names, name)
  local found = call('ZSCORE', names, name)
  return found and tonumber(found)
end

-- The same, with a new number where it is new.
local function number_for(names, name)
  local number = number_of(names, name)
  if number then return number end
  number = call('INCR', NUMBERS)
  call('ZADD', names, number, name)
  return number
end

-- The account's number; a new one where it is new.
local function account_for(name)
  return number_for(ACCOUNTS, name)
end
