-- Writing a record back.

local function save(rec)
  records[rec.id] = rec
  later.records[job_key(rec.id)] = encode(rec)
end
