-- The cursors of a conversation's users: all of them, or how many have come so
-- far.
--
-- KEYS[1]  {c<conversation>}meta
-- ARGV     1 seq, or 0 for all
-- Answers  {field, value, ...}, or {reads, delivereds}; {} of a conversation
--          that has had too many users for this
local MOST = 4000
local key = string.sub(KEYS[1], 1, -5) .. 'read'
local seq = tonumber(ARGV[1])

if redis.call('HLEN', key) > MOST then
  return {}
end
local all = redis.call('HGETALL', key)
if seq == 0 then
  return all
end

local reads, gots, got = 0, 0, {}
for i = 1, #all, 2 do
  local what, user = string.match(all[i], '^([dh]?)(%w%w%w%w%w%w%w%w%w%w%w%w%w)$')
  if what ~= 'h' and tonumber(all[i + 1]) >= seq then
    reads = reads + (what == '' and 1 or 0)
    gots = gots + (got[user] and 0 or 1)
    got[user] = true
  end
end
return {reads, gots}
