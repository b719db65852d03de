-- Pauses of an account, and what they hold: `reelq_store::rules::pauses`, once more.

local pauses_end
do
  local SUBMIT_STAGE, POLL_STAGE, THROTTLED = 1, 2, 1
  -- A throttled account's status requests wait for five minutes at most: what is paid for must not be silenced.
  local POLLS_THROTTLED_MS = 300000

  -- When the pauses end that hold this kind of work: nil where none does, -1 where a person must end one. `pauses` are packed, by
  -- their kinds; false where there is none.
  function pauses_end(stage, pauses)
    local latest
    for kind = 1, 4 do
      local pause = pauses[kind]
      local holds_this = stage == SUBMIT_STAGE or (stage == POLL_STAGE and kind == THROTTLED)
      if pause and holds_this then
        local said = kept.list(pause) or {}
        local since, ends = kept.number(said[2], 0), kept.number(said[3], 0)
        if stage == POLL_STAGE and since and ends then ends = math.min(ends, since + POLLS_THROTTLED_MS) end
        -- A pause whose end cannot be read holds until a person ends it.
        if not ends or ends == 0 then
          latest = -1
        elseif ends > now and latest ~= -1 then
          latest = math.max(latest or 0, ends)
        end
      end
    end
    return latest
  end
end
