-- What every script begins with.
--
-- KEYS[1]  the namespace's prefix, `reelq:{NAMESPACE}:`; every other key is made from it and shares its hash tag
-- ARGV[1]  the time in milliseconds where it stands still (tests); else, behind `~`, what the client expects it to be; empty
--          where it expects nothing
-- ARGV[2]  the script's own arguments, packed
-- Result   packed: an array whose first entry is the time that the script worked with, in milliseconds

local P = KEYS[1]
local call = redis.call
local args = cmsgpack.unpack(ARGV[2])

-- A time that stands still, of tests; else the time that it should be by what the client was last told and what passed since.
local still, expected = tonumber(ARGV[1]), tonumber(string.match(ARGV[1], '^~(%d+)$'))

-- What the server's clock shows; only the calendar of schedules goes by it.
local function clock()
  if still then return still end
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local wall = clock()

-- By so much may the time be later than a client expects it: calls wait for their turn.
local LATER_MS = 2000

-- The store's time does not go back with the server's clock, nor with the server that the clock belongs to, and a clock that is set
-- ahead ends no wait: what it was set by is left out, and let in by a tenth of the time that passes. A client can hold the time
-- back to when it was last noted, and never push it.
local ahead, noted = 0, nil
if not still then
  local at, kept = string.match(call('GET', P .. 'clock') or '', '^(%d+) (-?%d+)$')
  local earliest = 0
  if at then
    at, kept = tonumber(at), tonumber(kept)
    noted, earliest = wall - at, at + kept
    local led = math.floor(math.max(noted, 0) / 10)
    ahead = kept > 0 and math.max(kept - led, 0) or math.min(kept + led, 0)
    ahead = math.max(ahead, earliest - wall)
  end
  if expected and wall + ahead > expected + LATER_MS then
    ahead = math.max(expected, earliest) - wall
  end
end
local now = wall + ahead

-- Notes the time for scripts to come; for those that many call and that write anyway.
local function note_time()
  if still or (noted and noted >= 0 and noted < 1000) then return end
  call('SET', P .. 'clock', string.format('%.0f %.0f', wall, ahead))
end

local function answer(...)
  return cmsgpack.pack({ now, ... })
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
