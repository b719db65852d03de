-- Moves records of the format before to where this one has them, a bounded part in each call. No program works on the namespace
-- meanwhile: those of the format before stopped when it was raised (open.lua), and those of this one wait for the end (guard.lua).
-- Several may move at once, and any of them may die: what is moved is not there any more.
--
-- ARGV[2]  { verb, … }; verbs with what follows, and their results:
--            look   cursor, most → { now, cursor, { { id, record, history } … } }: the next part; cursor '0' begins, and ends
--            move   { { id, record, state, asked, batch, kind, content, worker } … } → { now }: where the record still is that one;
--                   state, asked and kind '' where there is none, worker '' where no one has the job in hand
--            end    nothing → { now }

local verb = args[1]

local function record_key(id) return P .. 'j:' .. id end
local function history_key(id) return P .. 'h:' .. id end

local function look(cursor, most)
  local page = call('SCAN', cursor, 'MATCH', record_key('*'), 'COUNT', most)
  local found = {}
  for _, key in ipairs(page[2]) do
    local id = string.sub(key, #record_key('') + 1)
    local record = call('GET', key)
    if record then found[#found + 1] = { id, record, table.concat(call('LRANGE', history_key(id), 0, -1)) } end
  end
  return answer(page[1], found)
end

local function move(id, record, state, asked, batch, kind, content, worker)
  if call('GET', record_key(id)) ~= record then return end
  if state ~= '' then call('SET', state_key(id), state) end
  if asked ~= '' then call('SET', asked_key(id), asked) end
  if kind ~= '' then call('HSET', kinds_key(batch), kind, content) end
  if worker ~= '' then call('HSET', HOLDERS, id, 'changed ' .. worker) end
  call('UNLINK', record_key(id), history_key(id))
end

if verb == 'look' then return look(args[2], args[3]) end
if verb == 'move' then
  for _, list in ipairs(args[2]) do move(unpack(list)) end
end
if verb == 'end' then call('HDEL', guard.key, 'moving') end
return answer()
