-- Writing a record back.

local function is_default(value)
  return value == 0 or value == '' or (type(value) == 'table' and #value == 0)
end

-- Entries behind the price are left out from the end for as long as they say nothing.
local function state_of(rec)
  local h = {
    FORMAT, rec.version - one_if(in_hand(rec)), rec.batch, rec.account, rec.load, rec.seq, rec.position, rec.status, rec.flags,
    rec.cancel, rec.priority, rec.price, rec.spent, rec.reserved, rec.deadline, rec.token, rec.days, rec.history,
  }
  while #h > ALWAYS_THERE and is_default(h[#h]) do h[#h] = nil end
  local due = math.max(0, math.min(rec.due, 999999999999999))
  return string.format('%015.0f%d', due, rec.queue) .. cmsgpack.pack(h) .. json_of(rec)
end

-- Whoever has the job in hand from before has it no more as it was given: its holder says so, and settle.lua stays away from it.
local function save(rec)
  records[rec.id] = rec
  rec.raw = state_of(rec)
  later.records[state_key(rec.id)] = rec.raw
  if in_hand(rec) then
    if rec.was_held and string.byte(rec.holder, -1) ~= 0 then rec.holder = rec.holder .. '\0' end
    field(HOLDERS, rec.id, rec.holder)
  elseif rec.was_held then
    field(HOLDERS, rec.id, false)
  end
  rec.was_held = in_hand(rec)
end
