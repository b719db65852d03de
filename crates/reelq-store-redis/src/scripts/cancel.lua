-- Notes a person's wish to cancel jobs that a worker holds or that are at the provider, without touching their leases. A task that
-- waits for its next look or that is followed, from whom it is taken, is due at once: `reelq_store::transition::after_note`.
--
-- ARGV[2]  a list of ids
-- Result   { now, { { word, record } … } }; the record where `word` is 1 or 3, else ''
--          word   0 there is no such job · 1 it waits to be submitted: withdraw it · 2 noted · 3 refused

local NO_JOB, WITHDRAW_IT, NOTED, REFUSED = 0, 1, 2, 3

local function make_due(rec)
  note_taken(rec)
  rec.due = now
  hand_back(rec, nil)
end

local function note(id)
  local rec = known(id)
  if unreadable[id] then return { REFUSED, unreadable[id] } end
  if not rec then return { NO_JOB, '' } end
  if rec.status == QUEUED and not in_hand(rec) then return { WITHDRAW_IT, encode(rec) } end
  if rec.status ~= QUEUED and rec.status ~= SUBMITTING and rec.status ~= RUNNING then return { REFUSED, encode(rec) } end
  if rec.queue == POLL or rec.queue == FOLLOWED then
    rec.cancel = 1
    make_due(rec)
  elseif rec.cancel ~= 1 then
    rec.cancel = 1
    save(rec)
  end
  return { NOTED, '' }
end

prefetch(args)
local noted = {}
for at, id in ipairs(args) do noted[at] = note(id) end
flush()
bring_news()
return answer(noted)
