-- The worker writes down where it stands. Fenced by the lease epoch.
-- KEYS  session hash, up, down, history
-- ARGV  lease epoch, ttl_s, uplink id that a resumption handle now stands for or '', field, value ...
-- Reply {'fenced'}, {'gone'}, or {'ok', ms since a gateway last saw the client, wish to end or ''}
local s = redis.call('HMGET', KEYS[1], 'lease_epoch', 'seen_ms', 'end_wish')
if not s[1] then return {'gone'} end
if s[1] ~= ARGV[1] then return {'fenced'} end
if ARGV[4] then redis.call('HSET', KEYS[1], unpack(ARGV, 4)) end
-- What the handle stands for is never replayed; what came later is never trimmed here.
if ARGV[3] ~= '' then redis.call('XTRIM', KEYS[2], 'MINID', ARGV[3]) end
for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], ARGV[2]) end
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
return {'ok', now_ms - tonumber(s[2] or now_ms), s[3] or ''}
