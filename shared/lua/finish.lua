-- The session is over: its content is deleted, and a tombstone stays for as long as a client might
-- still ask. Fenced by the lease epoch, so only the worker that holds the session ends it.
-- KEYS  session hash, up, frames, down, history, channel
-- ARGV  lease epoch, id of the last message, last message, reason, tombstone_s
-- Reply 'ok' or 'fenced'
local epoch = redis.call('HGET', KEYS[1], 'lease_epoch')
if not epoch then return 'ok' end
if epoch ~= ARGV[1] then return 'fenced' end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'state', 'ended', 'reason', ARGV[4],
  'ended_ms', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('HDEL', KEYS[1], 'handle', 'handle_position', 'options')
redis.pcall('XADD', KEYS[4], ARGV[2], 'm', ARGV[3])
redis.call('PUBLISH', KEYS[6], ARGV[3])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[5])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[4], ARGV[5])
return 'ok'
