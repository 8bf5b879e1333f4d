-- Ends a session that no worker has: not yet, or not while it is parked. Whoever claims it later
-- finds it over.
-- KEYS  session hash, up, frames, down, history
-- ARGV  tombstone_s
-- Reply 1, or 0 if a worker has it (then that worker ends it) or it is gone
local s = redis.call('HMGET', KEYS[1], 'state', 'lease_epoch')
if not s[1] or (s[2] and s[1] ~= 'parked') then return 0 end
redis.call('HSET', KEYS[1], 'state', 'ended', 'reason', 'client')
redis.call('HDEL', KEYS[1], 'handle', 'handle_position', 'options')
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
