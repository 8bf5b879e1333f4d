-- Ends a session that no worker has claimed yet; whoever claims it later finds it over.
-- KEYS  session hash, up, frames, down, history
-- ARGV  tombstone_s
-- Reply 1, or 0 if a worker has claimed it (then that worker ends it) or it is gone
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], 'lease_epoch') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'ended', 'reason', 'client')
redis.call('HDEL', KEYS[1], 'options')
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
