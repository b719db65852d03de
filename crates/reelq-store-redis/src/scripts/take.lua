-- Takes due tasks or outputs in hand where nothing stands in the way, as nearly always: no lease has lapsed, no pause holds the
-- account, every record is as it should be. Everything else is left to claim.lua, which judges anything.
--
-- ARGV[2]  { stage, account, limit, worker, lasts, batch, token, …, holder }: as claim.lua has it; no submissions
-- Result   { now, plain, … }: what claim.lua answers; not `plain`, and nothing more: nothing was done

local POLL_STAGE = 2

local stage, account_name, limit, worker, lasts, batch_name, token = unpack(args)
local account, batch, origins = nil, nil, {}
call('UNLINK', P .. 'room')

-- The tokens for status requests; nil where something stands in the way.
local function tokens_for_polls()
  local a = call('HMGET', account_key(account), 'poll', 'poll_tat', 'pause:1')
  local tokens = not a[3] and bucket(kept.rate(a[1]), a[2]) or nil
  return tokens and not tokens.is_cut and tokens or nil
end

-- The jobs to take and when to ask again where they are fewer than asked for; nil where something stands in the way.
local function find()
  if stage == POLL_STAGE then
    local tokens = tokens_for_polls()
    if not tokens then return nil end
    local most = available(tokens, limit)
    local ids = queued.first_of(account, POLL, queued.queues_of(account, batch, POLL, now, most), now, most, origins)
    return ids, tokens
  end
  if queued.soonest(account, batch, FETCH_LATER) == 0 then return nil end
  local entries = queued.queues_of(account, batch, FETCH, NO_DEADLINE, limit)
  return queued.first_of(account, FETCH, entries, NO_DEADLINE, limit, origins), nil
end

local function retry_in(ids, tokens)
  if #ids == limit then return nil end
  if not tokens then return queued.soonest(account, batch, FETCH_LATER) end
  local wait = queued.soonest_task(account, batch)
  return wait and math.max(wait, next_in(tokens, #ids))
end

local function take()
  account = number_of(ACCOUNTS, account_name)
  if batch_name ~= '' then batch = number_of(BATCHES, batch_name) end
  if not account or (batch_name ~= '' and not batch) or limit == 0 then return nil end
  if hand.is_repeat(worker, stage, account, token) then return nil end
  if follow.any_lapsed() then return nil end
  local ids, tokens = find()
  if not ids then return nil end
  local states = hand.look(ids, origins)
  for _, id in ipairs(ids) do
    if not states[id] then return nil end
  end
  local leases = hand.take(account, ids, states, origins, worker, lasts, args[10] .. worker)
  hand.note(worker, stage, account, token, leases.ids)
  if tokens and #ids > 0 then call('HSET', account_key(account), 'poll_tat', taken(tokens, #ids)) end
  return leases, retry_in(ids, tokens)
end

local leases, wait = take()
if not leases then return answer(false) end
return hand.answer(leases.states, true, account, leases.ids, leases.lines, wait or -1, false, to_withdraw(), false, false)
