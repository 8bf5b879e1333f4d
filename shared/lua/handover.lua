-- The worker that holds a session lets it go on purpose: the next claim counts as no crash.
-- KEYS  session hash
-- ARGV  lease epoch, field value ... to note before
-- Reply 'ok' or 'fenced'
if redis.call('HGET', KEYS[1], 'lease_epoch') ~= ARGV[1] then return 'fenced' end
redis.call('HSET', KEYS[1], 'released', 1, 'worker', '')
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 'ok'
