-- Takes due jobs in hand, as far as pauses, tokens, the cap and budgets allow; lapsed leases are taken back first.
--
-- ARGV[2]  { stage, account, limit, worker, lasts, batch, token, except, only_open, holder }
--            stage   1 submit · 2 poll · 3 collect
--            lasts   milliseconds for which the leases last
--            batch   only of this batch; '' for any
--            except  names of batches of which nothing new is taken: no job that was never sent, no output to fetch
--            only_open  1 where nothing is taken but submissions that are open
--            token   tells a repeat of this very claim, whose answer was lost, from another one
--            holder  eight bytes that do so, too: the leases are known by them
-- Result   { now, account, ids, lines, retry_in, until_day_ends, withdrawn, limits_missing, full }, and beside it the states
--            account          its number
--            ids, states      what was given, and what stands of it: '' where it is as its load left it; the states are not packed
--            lines            of outputs to fetch: packed, one each
--            retry_in         milliseconds; -1 where only news can bring work
--            until_day_ends   `retry_in` is the end of the day whose budget is reached
--            limits_missing   the account's limits are not there, or not all of them: nothing is bought before they are set
--            full             the server's memory is full: nothing new was given to be submitted; else of no meaning

-- A function has at most 200 names of its own; these are counted apart from those of the pieces before.
local function whole()

local SUBMIT, POLL_STAGE, COLLECT = 1, 2, 3
local PROMOTED_MOST = 500

local stage, _, limit, worker, lasts, _, token = unpack(args)
local holder = args[10] .. worker
local origins, aside, first_of, none = shop.origins, shop.aside, shop.first_of, shop.none
local account, batch, desk
-- Whether some of the jobs could not be read.
local passed_over = false

-- Takes out of their queue those whose record cannot be read, which would come first for good; the others.
local function readable(ids)
  prefetch(ids)
  local found = {}
  for _, id in ipairs(ids) do
    local origin = origins[id]
    if record(id) then
      found[#found + 1] = id
    elseif origin then
      call('ZREM', origin.key, id)
      flush_index(origin.key, origin)
      passed_over = true
    end
  end
  return found
end

local function requeue(rec)
  dequeue(rec)
  enqueue(rec)
  save(rec)
end

-- Moves what waited for its time to where it can be claimed.
local function promote(queue)
  local ids = readable(first_of(queue, now, PROMOTED_MOST))
  if #ids == 0 then return end
  for _, id in ipairs(ids) do
    requeue(record(id))
  end
  flush()
end

local function add_lease(leases, rec)
  local at = #leases.ids + 1
  leases.ids[at], leases.states[at] = rec.id, rec.raw or ''
  if stage == COLLECT then leases.lines[at] = leased_line(rec) end
end

-- Those that are not as their queue has them come out of it. What no one has in hand goes where it belongs, and the next claim
-- finds it there.
local function put_right(ids)
  for _, id in ipairs(readable(ids)) do
    local rec, origin = record(id), origins[id]
    call('ZREM', origin.key, id)
    flush_index(origin.key, origin)
    if not in_hand(rec) then requeue(rec) end
    passed_over = true
  end
  flush()
end

local function give(ids)
  local look, fine, others = stage == SUBMIT and fresh.look or hand.look, {}, {}
  local states = look(ids, origins)
  for _, id in ipairs(ids) do
    local list = states[id] and fine or others
    list[#list + 1] = id
  end
  local leases = hand.take(account, fine, states, origins, worker, lasts, holder)
  if #others > 0 then put_right(others) end
  hand.note(worker, stage, account, token, leases.ids)
  return leases
end

-- Tasks that are due, the most overdue first.
local function poll()
  local tokens = bucket(desk.poll, desk.poll_tat)
  if tokens == false then return none(), nil end
  local ids = first_of(POLL, now, tokens and available(tokens, limit) or limit)
  local leases = give(ids)
  keep_tat(account, 'poll_tat', tokens, #ids)
  if #ids == limit then return leases, nil end
  local due = queued.soonest_task(account, batch)
  return leases, due and tokens and math.max(due, next_in(tokens, #ids)) or due
end

-- Outputs that are due, the earliest link deadline first.
local function collect()
  promote(FETCH_LATER)
  local ids = first_of(FETCH, NO_DEADLINE, limit, aside.queues_of)
  local leases = give(ids)
  if #ids == limit then return leases, nil end
  return leases, aside.next_due(FETCH_LATER)
end

local function given_before()
  local note = call('GET', hand.note_key(worker, stage, account))
  note = kept.list(note)
  if not note or note[1] ~= token then return nil end
  local leases = none()
  prefetch(note[2])
  for _, id in ipairs(note[2]) do
    local rec = record(id)
    local is_held = rec and rec.lease_until > now and (rec.holder == holder or rec.holder == holder .. '\0')
    if is_held then add_lease(leases, rec) end
  end
  return leases
end

local function claim()
  account, batch = shop.find_names()
  if not account or limit == 0 then return none(), nil end
  local again = given_before()
  if again then return again, nil end
  desk = shop.read_desk()
  local ends = shop.held_until()
  if ends and stage == POLL_STAGE then
    -- Where there is nothing to ask about, no one waits for the end of the pause.
    local due = queued.soonest_task(account, batch)
    return none(), due and math.max(due, ends - now)
  end
  if stage == SUBMIT and shop.limits_missing() then return none(), nil end
  if ends then return none(), ends ~= -1 and ends - now or nil end
  if stage == SUBMIT then
    promote(WAITING)
    return shop.submit(give)
  end
  if stage == POLL_STAGE then return poll() end
  return collect()
end

rescue_expired()
local leases, retry_in, until_day_ends = claim()
-- What could not be read stood before others, which the next claim brings.
if passed_over then retry_in, until_day_ends = 0, false end
return hand.answer(leases.states, account or 0, leases.ids, leases.lines, retry_in or -1, until_day_ends or false, to_withdraw(),
  stage == SUBMIT and shop.limits_missing(), aside.full)

end

return whole()
