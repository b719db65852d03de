-- What every script begins with.
--
-- KEYS[1]  the namespace's prefix, `reelq:{NAMESPACE}:`; every other key is made from it and shares its hash tag
-- ARGV[1]  the time in milliseconds where it stands still (tests); else, behind `~`, what the client expects it to be; empty
--          where it expects nothing
-- ARGV[2]  the script's own arguments, packed
-- ARGV[3]  what the client knows of the namespace, packed (guard.lua)
-- Result   packed: an array that begins with the time that the script worked with, in milliseconds, and the namespace's
--          identity, generation, counter, roster and era

local P = KEYS[1]
local call = redis.call
local args = cmsgpack.unpack(ARGV[2])

-- The times that are not the store's own. One name for all of them: a script can have no more than 200.
local hours = {
  -- A time that stands still, of tests.
  still = tonumber(ARGV[1]),
  -- What the time should be by the last answer to the client and what passed since.
  expected = tonumber(string.match(ARGV[1], '^~(%d+)$')),
  -- By so much may it be later than that: calls wait for their turn.
  LATER_MS = 2000,
  -- By how much the store's time is ahead of the server's clock, and how long ago that was noted.
  ahead = 0,
  noted = nil,
}

-- What the server's clock shows; only the calendar of schedules goes by it.
function hours.clock()
  if hours.still then return hours.still end
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
hours.wall = hours.clock()

-- The store's time. It does not go back with the server's clock, nor with the server that the clock belongs to, and a clock that is
-- set ahead ends no wait: what it was set by is left out, and let in by a tenth of the time that passes. A client can hold the
-- time back to when it was last noted, and never push it.
function hours.store()
  local wall, earliest = hours.wall, 0
  if hours.still then return wall end
  local at, kept = string.match(call('GET', P .. 'clock') or '', '^(%d+) (-?%d+)$')
  if at then
    at, kept = tonumber(at), tonumber(kept)
    hours.noted, earliest = wall - at, at + kept
    local led = math.floor(math.max(hours.noted, 0) / 10)
    hours.ahead = kept > 0 and math.max(kept - led, 0) or math.min(kept + led, 0)
    hours.ahead = math.max(hours.ahead, earliest - wall)
  end
  if hours.expected and wall + hours.ahead > hours.expected + hours.LATER_MS then
    hours.ahead = math.max(hours.expected, earliest) - wall
  end
  return wall + hours.ahead
end
local now = hours.store()

-- Notes the time for scripts to come; for those that many call and that write anyway.
function hours.note()
  if hours.still or (hours.noted and hours.noted >= 0 and hours.noted < 1000) then return end
  call('SET', P .. 'clock', string.format('%.0f %.0f', hours.wall, hours.ahead))
end

-- What the namespace is known by; guard.lua fills it.
local guard = {}

local function answer(...)
  return cmsgpack.pack({ now, guard.identity or '', guard.generation or '', guard.counter or 0, guard.roster or 0, guard.era or 0, ... })
end

-- `make`, but what it made of a value is made once a call: texts and keys are asked for again and again.
local function remembered(make)
  local made = {}
  return function(of)
    local found = made[of]
    if found == nil then
      found = make(of)
      made[of] = found
    end
    return found
  end
end

-- A whole number as text: Lua's own conversion would write large ones with an exponent.
local text = remembered(function(number) return string.format('%.0f', number) end)

local function integer(value)
  return tonumber(value or 0) or 0
end

-- Readers of what is kept: what cannot be read fails no script, and lets nothing through that it would bound.
local kept = {}

-- A number that bounds what is bought, as it is kept: nil where there is none, `otherwise` where it cannot be read.
function kept.number(value, otherwise)
  if not value then return nil end
  local number = tonumber(value)
  return number and number == number and math.abs(number) < math.huge and number or otherwise
end

-- A packed list; nil where there is none or it cannot be read.
function kept.list(packed)
  local fine, list = pcall(cmsgpack.unpack, packed or '')
  return fine and type(list) == 'table' and list or nil
end

local function one_if(condition)
  return condition and 1 or 0
end

local MILLIS_A_DAY = 86400000
local today = math.floor(now / MILLIS_A_DAY)

-- The most keys, members or fields in one command.
local AT_ONCE = 1000
