-- The client is still there: keeps the session alive and tells what its gateway may have missed.
-- KEYS  session hash, up, frames, down, history
-- ARGV  connection epoch, ttl_s
-- Reply {status, newest id on down}; status is 'ok', 'parked' (no worker has the session, since nothing
--       happens), 'unheard' (the same, but the client has said something since), 'superseded',
--       'ended' or 'gone'
local s = redis.call('HMGET', KEYS[1], 'conn_epoch', 'state', 'heard_seq', 'seen_picture')
if not s[1] then return {'gone', ''} end
if s[1] ~= ARGV[1] then return {'superseded', ''} end
local newest = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', 1)[1]
local id = newest and newest[1] or ''
if s[2] == 'ended' then return {'ended', id} end
local now = redis.call('TIME')
redis.call('HSET', KEYS[1], 'seen_ms', now[1] * 1000 + math.floor(now[2] / 1000))
for i = 1, 5 do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
if s[2] ~= 'parked' then return {'ok', id} end

local function has_more(stream, known)
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if not last then return false end
  local seq = tonumber(string.match(last[1], '-(%d+)$'))
  if seq == 0 then seq = tonumber(last[2][4]) end -- a marker carries the number before it
  return seq > tonumber(known)
end

local unheard = has_more(KEYS[2], s[3]) or has_more(KEYS[3], s[4])
return {unheard and 'unheard' or 'parked', id}
