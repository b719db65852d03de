-- Takes jobs to be submitted in hand where nothing stands in the way, as nearly always: no lease has lapsed, nothing that waited for
-- its time is due, the server has room, and every record is as it should be. Everything else is left to claim.lua, which judges
-- anything.
--
-- ARGV[2]  { stage, account, limit, worker, lasts, batch, token, except, only_open, holder }: as claim.lua has it; submissions only
-- Result   { now, plain, … }: what claim.lua answers; not `plain`, and nothing more: no job was given

local stage, _, limit, worker, lasts, _, token = unpack(args)
local origins, account = shop.origins, nil

local function give(ids)
  local states = fresh.glance(ids, origins)
  if not states then return nil end
  local leases = hand.take(account, ids, states, origins, worker, lasts, args[10] .. worker)
  hand.note(worker, stage, account, token, leases.ids)
  return leases
end

local function buy()
  local batch
  account, batch = shop.find_names()
  if not account or limit == 0 or shop.aside.full then return nil end
  if hand.is_repeat(worker, stage, account, token) then return nil end
  if follow.any_lapsed() then return nil end
  shop.read_desk()
  if shop.limits_missing() then return nil end
  local ends = shop.held_until()
  if ends then return shop.none(), ends ~= -1 and ends - now or nil end
  if queued.soonest(account, batch, WAITING) == 0 then return nil end
  return shop.submit(give)
end

local leases, retry_in, until_day_ends = buy()
if not leases then return answer(false) end
return hand.answer(leases.states, true, account, leases.ids, {}, retry_in or -1, until_day_ends or false, to_withdraw(), false, false)
