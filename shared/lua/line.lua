-- The sessions that no worker serves, the next one first: those whose worker has fallen silent (they
-- are taken over before new ones), then those that no worker has been given yet.
-- KEYS  dispatch
-- ARGV  group, silence in ms from which a worker counts as gone, most sessions
-- Reply session ids
local line = {}
local function add(entries)
  for _, entry in ipairs(entries) do line[#line + 1] = entry[2][2] end
end
local last = '0-0'
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then return line end
for _, group in ipairs(groups) do
  local fields = {}
  for i = 1, #group, 2 do fields[group[i]] = group[i + 1] end
  if fields['name'] == ARGV[1] then
    last = fields['last-delivered-id']
    local silent = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[2], '-', '+', ARGV[3])
    for _, pending in ipairs(silent) do add(redis.call('XRANGE', KEYS[1], pending[1], pending[1])) end
  end
end
add(redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', ARGV[3]))
return line
