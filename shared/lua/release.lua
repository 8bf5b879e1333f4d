-- A worker hands a lease back: makes the dispatch entry look long idle, so that the next worker
-- that asks takes it at once instead of after the lease's time.
-- KEYS  dispatch
-- ARGV  group, worker id, entry id
-- Reply 1, or 0 if this worker does not hold it
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not pending or pending[2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', 3600000, 'JUSTID')
return 1
