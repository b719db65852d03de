-- What every script begins with.
--
-- KEYS[1]  the namespace's prefix, `reelq:{NAMESPACE}:`; every other key is made from it and shares its hash tag
-- ARGV[1]  the time in milliseconds where it stands still (tests), else empty: then the server's time
-- ARGV[2]  the script's own arguments, packed
-- ARGV[3]  what the client was told before, packed (guard.lua)
-- Result   packed: an array that begins with the time that the script worked with, in milliseconds, and the namespace's
--          identity, generation and counter

local P = KEYS[1]
local call = redis.call
local args = cmsgpack.unpack(ARGV[2])

local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local now = clock()

-- What the namespace is known by; guard.lua fills it.
local guard = {}

local function answer(...)
  return cmsgpack.pack({ now, guard.identity or '', guard.generation or '', guard.counter or 0, ... })
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
