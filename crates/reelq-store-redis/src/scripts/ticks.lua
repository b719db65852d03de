-- Ticks of schedules: winning, keeping and finishing them. A token that is not the tick's own changes nothing.
--
-- ARGV[2]  { verb, schedule, … }; verbs with what follows the schedule, and their results:
--            mark      nothing → { now, mark }
--            claim     at, late, passes (-1: nothing), worker, lasts, after (-1: in no timetable) → { now, word, token, late, worker, ends_in };
--                      word 0 won · 1 another has it · 2 it is over
--            extend    at, token, lasts → { now, extended }
--            finish    at, token, state, batch, reason, keep, spans → { now, finished }
--            release   at, token → { now }
--            list      nothing → { now, ticks }; a tick is { at, state, token, late, worker, lease_until (-1: none),
--                      changed_at, batch, reason, after }
--            over      nothing → { now, spans }; a span is { after, until }: its ticks are over, and have no record any more

local FIRING, FIRST_OVER, FIRED = 0, 2, 2
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
    batch = t[8], reason = t[9], after = t[10] or -1 }
end

local function write(tick)
  call('HSET', key, field_of(tick.at), cmsgpack.pack({ tick.at, tick.state, tick.token, tick.late, tick.worker,
    tick.lease_until, tick.changed_at, tick.batch, tick.reason, tick.after }))
end

-- The schedule's mark; a new schedule's is the present time.
local function mark()
  call('HSETNX', key, 'mark', text(hours.wall))
  return tonumber(call('HGET', key, 'mark'))
end

-- The same; one that a clock set which was ahead comes back to the present: what was fired since then has its
-- record, or lies in a span of what is over.
local function present_mark()
  local found = mark()
  if found <= hours.wall then return found end
  call('HSET', key, 'mark', text(hours.wall))
  return hours.wall
end

local function raise(at)
  if at > mark() then call('HSET', key, 'mark', text(at)) end
end

-- Every tick, the one that changed last first.
local function all()
  local found, fields = {}, call('HGETALL', key)
  for at = 1, #fields, 2 do
    if fields[at] ~= 'mark' and fields[at] ~= 'over' then found[#found + 1] = kept.list(fields[at + 1]) end
  end
  table.sort(found, function(one, other)
    if one[7] ~= other[7] then return one[7] > other[7] end
    return one[1] > other[1]
  end)
  return found
end

-- Spans of ticks that are over and have no record any more, the oldest first. A schedule of an earlier version has none; its
-- ticks were dropped by their own times: what is older than all that are left is over, as far as it has been.
local function spans()
  local found = kept.list(call('HGET', key, 'over') or '')
  if found then return found end
  local finished, oldest = 0, hours.wall + 1
  for _, tick in ipairs(all()) do
    local earlier = tick[2] >= FIRST_OVER and not tick[10]
    if earlier then finished, oldest = finished + 1, math.min(oldest, tick[1]) end
  end
  return finished >= 100 and { { 0, oldest - 1 } } or {}
end

-- Whether a tick without a record is among them.
local function is_over(at)
  for _, span in ipairs(spans()) do
    if span[1] < at and at <= span[2] then return true end
  end
  return false
end

local function joined(one, other) return { math.min(one[1], other[1]), math.max(one[2], other[2]) } end

-- The spans with one more: those that it touches become one with it, and where there are more than `most`, the two that
-- lie nearest to each other.
local function with_span(found, span, most)
  local apart = {}
  for _, other in ipairs(found) do
    if other[2] < span[1] or span[2] < other[1] then apart[#apart + 1] = other else span = joined(other, span) end
  end
  apart[#apart + 1] = span
  table.sort(apart, function(one, other) return one[1] < other[1] end)
  if #apart <= most then return apart end
  local nearest = 2
  for next = 3, #apart do
    if apart[next][1] - apart[next - 1][2] < apart[nearest][1] - apart[nearest - 1][2] then nearest = next end
  end
  apart[nearest - 1] = joined(apart[nearest - 1], apart[nearest])
  table.remove(apart, nearest)
  return apart
end

local function claim(at, late, passes, worker, lasts, after)
  local over_until, tick = mark(), read(at)
  if not tick and (at <= over_until or is_over(at)) then return answer(OVER, 0, false, '', 0) end
  if tick and tick.state >= FIRST_OVER then return answer(OVER, 0, false, '', 0) end
  if tick and tick.state == FIRING and tick.lease_until > now and tick.worker ~= worker then
    return answer(TAKEN, 0, false, tick.worker, tick.lease_until - now)
  end
  tick = tick or { at = at, token = 0, late = late, batch = '', reason = '', after = after }
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

-- Drops what was finished earliest beyond what is kept, of ticks that were fired and of those that were not; their spans
-- remember them. By when they were finished: their own times may be a clock's that was ahead.
local function trim(keep, most)
  local seen, over, dropped = { [true] = 0, [false] = 0 }, spans(), false
  for _, tick in ipairs(all()) do
    local fired = tick[2] == FIRED
    if tick[2] >= FIRST_OVER then seen[fired] = seen[fired] + 1 end
    if tick[2] >= FIRST_OVER and seen[fired] > keep then
      call('HDEL', key, field_of(tick[1]))
      local after = integer(tick[10] or -1)
      over = with_span(over, { after >= 0 and after or tick[1] - 1, tick[1] }, most)
      dropped = true
    end
  end
  if dropped then call('HSET', key, 'over', cmsgpack.pack(over)) end
end

local function finish(at, token, state, batch, reason, keep, most)
  local tick = read(at)
  if not tick or tick.token ~= token then return answer(false) end
  if tick.state ~= FIRING then return answer(true) end
  tick.state, tick.lease_until, tick.changed_at, tick.batch, tick.reason = state, -1, now, batch, reason
  write(tick)
  if state >= FIRST_OVER then trim(keep, most) end
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
  over = function() return answer(spans()) end,
}
return verbs[verb](unpack(args, 3))
