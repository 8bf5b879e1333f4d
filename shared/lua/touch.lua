-- The client is still there: keeps the session alive and tells what its gateway may have missed.
-- KEYS  session hash, up, frames, down, history
-- ARGV  connection epoch, ttl_s
-- Reply {status, newest id on down}; status is 'ok', 'superseded' or 'gone'
local s = redis.call('HMGET', KEYS[1], 'conn_epoch', 'state')
if not s[1] then return {'gone', ''} end
if s[1] ~= ARGV[1] then return {'superseded', ''} end
local newest = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)[1]
local id = newest and newest[1] or ''
if s[2] == 'ended' then return {'ended', id} end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'seen_ms', now[1] * 1000 + math.floor(now[2] / 1000))
for i = 1, 5 do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
return {'ok', id}
