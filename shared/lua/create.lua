-- A new session: its hash, and its uplink streams opened at epoch 1.
-- KEYS  session hash, up, frames
-- ARGV  ttl_s, connection marker, then field value ... for the hash
-- Reply 1, or 0 if it is there already (the reply to an earlier call was lost)
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'state', 'queued', 'conn_epoch', 1, 'created_ms', now_ms, 'seen_ms', now_ms)
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
for i = 2, 3 do redis.call('XADD', KEYS[i], '1-0', 'm', ARGV[2], 'last', 0) end
for i = 1, 3 do redis.call('EXPIRE', KEYS[i], ARGV[1]) end
return 1
