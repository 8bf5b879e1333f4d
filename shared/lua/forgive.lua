-- A worker that lost a session to another one lives: its loss was no crash.
-- KEYS  session hash
-- ARGV  lease epoch that it held
-- Reply 1 if a crash was taken back
local s = redis.call('HMGET', KEYS[1], 'lease_epoch', 'crashes')
if tonumber(s[1] or '0') <= tonumber(ARGV[1]) or tonumber(s[2] or '0') < 1 then return 0 end
redis.call('HINCRBY', KEYS[1], 'crashes', -1)
return 1
