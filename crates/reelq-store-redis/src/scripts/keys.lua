-- The keys that most scripts need, and the names that stand behind numbers; the others are in job_keys.lua and load_keys.lua,
-- and docs/redis.md says what each holds.

local WORKERS = P .. 'workers'
local BATCHES = P .. 'batches'
local ACCOUNTS = P .. 'accounts'
local NUMBERS = P .. 'numbers'
local NEWS = P .. 'news'
guard.key, guard.folders, guard.absent = P .. 'guard', P .. 'folders', P .. 'absent'
guard.absent_sums, guard.followers = P .. 'absent_sums', P .. 'followers'
guard.old_format, guard.old_hold = P .. 'format', P .. 'hold_until'

local function batch_key(batch) return P .. 'b:' .. text(batch) end
local function account_key(account) return P .. 'a:' .. text(account) end

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

-- From this level on, which is a priority turned round, jobs are held: `reelq_store::rules::hold`, once more.
local HELD_LEVEL = 1900000000
