-- Rate tokens by GCRA: one number an account says when its next token is due. Times are pairs of whole milliseconds
-- and nanoseconds below a million: nanoseconds since 1970 do not fit a double, and nothing here may drift.
-- The rule is `reelq_limits::token_bucket`, once more.

local NANOS = 1000000
local MILLIS_MAX = 4503599627370496
-- A bucket that was full for longer was not in use.
local LATENESS_MAX = { 250, 0 }

-- { ms, ns } from any two whole numbers; never beyond what adds up exactly.
local function pair(ms, ns)
  local carry = math.floor(ns / NANOS)
  return { math.min(ms + carry, MILLIS_MAX), ns - carry * NANOS }
end

local function plus(one, other)
  return pair(one[1] + other[1], one[2] + other[2])
end

local function minus(one, other)
  return pair(one[1] - other[1], one[2] - other[2])
end

local function times(one, number)
  return pair(math.min(one[1] * number, MILLIS_MAX / 2), one[2] * number)
end

local function before(one, other)
  return one[1] < other[1] or (one[1] == other[1] and one[2] < other[2])
end

-- The interval between two tokens and the burst, as they were set: nil where none were, `otherwise` where they cannot be
-- read.
function kept.rate(packed, otherwise)
  if not packed then return nil end
  local rate = kept.list(packed)
  for at = 1, 3 do
    local part = rate and rate[at]
    if type(part) ~= 'number' or part ~= part or part < 0 or part == math.huge then return otherwise end
  end
  return rate
end

-- The rate of status requests. Where it cannot be read what is paid for is followed, slowly.
function kept.poll_rate(packed, limits)
  return kept.rate(packed or (limits and ''), { 1000, 0, 1 })
end

-- The bucket of one kind of request; nil where the account has no limits, false where its rate gives no tokens at all.
-- `limits` is { ms, ns, burst }: the interval between two tokens, and how many may go at once.
local function bucket(limits, tat)
  if not limits then return nil end
  local interval, burst = { limits[1], limits[2] }, limits[3]
  if burst == 0 then return false end
  local at, full = { now, 0 }, times(interval, burst)
  local due = tat and { string.match(tat, '^(-?%d+) (%d+)$') } or { 0, 0 }
  due = { tonumber(due[1]), tonumber(due[2]) }
  -- A clock that was set back, or a rate that was raised, must not hold the account for longer than a full bucket takes.
  -- One that cannot be read counts as full: that is a burst at most.
  local latest = plus(at, full)
  if not (due[1] and due[2]) then due = at end
  local is_cut = before(latest, due)
  if is_cut then due = latest end
  -- A token that is fetched late costs nothing as long as the next is not due: whoever fetches them is never quite on
  -- time, and would otherwise lose a little of the rate each time.
  local lateness = before(interval, LATENESS_MAX) and interval or LATENESS_MAX
  if not before(minus(at, due), lateness) then due = at end
  return { interval = interval, full = full, at = at, due = due, is_cut = is_cut }
end

-- The due time once `tokens` more have been taken.
local function after_taking(bucket, tokens)
  return plus(bucket.due, times(bucket.interval, tokens))
end

-- How many tokens there are, at most `limit`: found by halving, for a division would round.
local function available(bucket, limit)
  local latest = plus(bucket.at, bucket.full)
  local low, high = 0, limit
  if not before(latest, after_taking(bucket, limit)) then return limit end
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if before(latest, after_taking(bucket, middle)) then
      high = middle - 1
    else
      low = middle
    end
  end
  return low
end

-- Takes `tokens`; the text to keep.
local function taken(bucket, tokens)
  local due = after_taking(bucket, tokens)
  return text(due[1]) .. ' ' .. text(due[2])
end

-- Milliseconds until there is a token once `tokens` have been taken, rounded up.
local function next_in(bucket, tokens)
  local wait = minus(minus(after_taking(bucket, tokens + 1), bucket.full), bucket.at)
  if wait[1] < 0 then return 0 end
  return wait[1] + (wait[2] > 0 and 1 or 0)
end

-- A wait that was cut short begins now: unless it is kept, the next look would begin it anew.
local function keep_tat(account, field, tokens, given)
  if tokens and (given > 0 or tokens.is_cut) then call('HSET', account_key(account), field, taken(tokens, given)) end
end
