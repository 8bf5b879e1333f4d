-- A worker hands a lease back: makes the dispatch entry look idle for a lease's time, so that the
-- next worker that asks takes it at once; one that gives way to others waits a little longer.
-- KEYS  dispatch
-- ARGV  group, worker id, entry id, lease_ms
-- Reply 1, or 0 if this worker does not hold it
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not pending or pending[2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'IDLE', ARGV[4], 'JUSTID')
return 1
