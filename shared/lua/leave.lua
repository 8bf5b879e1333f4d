-- A worker leaves the group for good; one that still holds something stays, for others to take over.
-- KEYS  dispatch
-- ARGV  group, worker id
-- Reply 1, or 0 if it holds something
if redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])[1] then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
