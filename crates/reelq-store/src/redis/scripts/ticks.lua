-- Ticks of schedules: winning, keeping and finishing them. A token that is not the tick's own changes nothing.
--
-- ARGV[2]  { verb, schedule, … }; verbs with what follows the schedule, and their results:
--            mark      nothing → { now, mark }
--            claim     at, late, passes (-1: nothing), worker, lasts → { now, word, token, late, worker, ends_in };
--                      word 0 won · 1 another has it · 2 it is over
--            extend    at, token, lasts → { now, extended }
--            finish    at, token, state, batch, reason, kept → { now, finished }
--            release   at, token → { now }
--            list      nothing → { now, ticks }; a tick is { at, state, token, late, worker, lease_until (-1: none),
--                      changed_at, batch, reason }

local FIRING, FIRST_OVER = 0, 2
local WON, TAKEN, OVER = 0, 1, 2

local verb, schedule = args[1], args[2]
local key = P .. 'schedule:' .. schedule

local function field_of(at) return 't:' .. text(at) end

local function read(at)
  local raw = call('HGET', key, field_of(at))
  if not raw then return nil end
  local t = kept.list(raw)
  if not t then return nil end
  return { at = t[1], state = t[2], token = t[3], late = t[4], worker = t[5], lease_until = t[6], changed_at = t[7],
    batch = t[8], reason = t[9] }
end

local function write(tick)
  call('HSET', key, field_of(tick.at), cmsgpack.pack({ tick.at, tick.state, tick.token, tick.late, tick.worker,
    tick.lease_until, tick.changed_at, tick.batch, tick.reason }))
end

-- The schedule's mark; a new schedule's is the present time.
local function mark()
  call('HSETNX', key, 'mark', text(hours.wall))
  return tonumber(call('HGET', key, 'mark'))
end

-- The same; one that a clock set which was ahead comes back to the present: what was fired since then has its record.
local function present_mark()
  local found = mark()
  if found <= hours.wall then return found end
  call('HSET', key, 'mark', text(hours.wall))
  return hours.wall
end

local function raise(at)
  if at > mark() then call('HSET', key, 'mark', text(at)) end
end

-- Every tick, the newest first.
local function all()
  local found, fields = {}, call('HGETALL', key)
  for at = 1, #fields, 2 do
    if fields[at] ~= 'mark' then found[#found + 1] = kept.list(fields[at + 1]) end
  end
  table.sort(found, function(one, other) return one[1] > other[1] end)
  return found
end

local function claim(at, late, passes, worker, lasts)
  local over_until, tick = mark(), read(at)
  if not tick and at <= over_until then return answer(OVER, 0, false, '', 0) end
  if tick and tick.state >= FIRST_OVER then return answer(OVER, 0, false, '', 0) end
  if tick and tick.state == FIRING and tick.lease_until > now and tick.worker ~= worker then
    return answer(TAKEN, 0, false, tick.worker, tick.lease_until - now)
  end
  tick = tick or { at = at, token = 0, late = late, batch = '', reason = '' }
  tick.state, tick.token, tick.worker = FIRING, tick.token + 1, worker
  tick.lease_until, tick.changed_at = now + lasts, now
  write(tick)
  if passes >= 0 then raise(passes) end
  bring_news()
  return answer(WON, tick.token, tick.late, worker, lasts)
end

-- The tick, where this token is firing it.
local function fired_by(at, token)
  local tick = read(at)
  return tick and tick.token == token and tick.state == FIRING and tick
end

local function extend(at, token, lasts)
  local tick = fired_by(at, token)
  if not tick or tick.lease_until <= now then return answer(false) end
  tick.lease_until = math.max(tick.lease_until, now + lasts)
  write(tick)
  return answer(true)
end

local function release(at, token)
  local tick = fired_by(at, token)
  if tick then
    tick.lease_until = now
    write(tick)
    bring_news()
  end
  return answer()
end

-- Drops the oldest finished ticks beyond what is kept; the mark remembers them.
local function trim(kept)
  local finished = 0
  for _, tick in ipairs(all()) do
    if tick[2] >= FIRST_OVER then
      finished = finished + 1
      if finished > kept then
        call('HDEL', key, field_of(tick[1]))
        raise(tick[1])
      end
    end
  end
end

local function finish(at, token, state, batch, reason, kept)
  local tick = read(at)
  if not tick or tick.token ~= token then return answer(false) end
  if tick.state ~= FIRING then return answer(true) end
  tick.state, tick.lease_until, tick.changed_at, tick.batch, tick.reason = state, -1, now, batch, reason
  write(tick)
  if state >= FIRST_OVER then trim(kept) end
  bring_news()
  return answer(true)
end

local verbs = {
  mark = function() return answer(present_mark()) end,
  claim = claim,
  extend = extend,
  finish = finish,
  release = release,
  list = function() return answer(all()) end,
}
return verbs[verb](unpack(args, 3))
