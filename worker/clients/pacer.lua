-- The arithmetic of ledger.py, atomic and shared by all workers. Change both.
-- KEYS: went (sorted set), booked (sorted set), points (hash), forbidden, count
-- ARGV: command, now ("" for the clock of Redis), then what the command takes
local now = tonumber(ARGV[2])
if not now then
  local clock = redis.call('TIME')
  now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
end

local function text(number) return string.format('%.6f', number) end
local LIFE = 7200

if ARGV[1] == 'forbid' then
  local ends = math.max(now + tonumber(ARGV[3]), tonumber(redis.call('GET', KEYS[4]) or '0'))
  redis.call('SET', KEYS[4], text(ends), 'EX', LIFE)
  return '0'
end

local cost, creates, ticket = tonumber(ARGV[3]), ARGV[4] == '1', ARGV[5]
local spacing, burst = tonumber(ARGV[6]), tonumber(ARGV[7])
local per_minute, minute = tonumber(ARGV[8]), tonumber(ARGV[9])
local per_hour, hour, most_points = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local patience, least, most_booked = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])

local function count_creation(at)
  redis.call('ZADD', KEYS[1], text(at), redis.call('INCR', KEYS[5]))
  redis.call('EXPIRE', KEYS[1], LIFE)
  redis.call('EXPIRE', KEYS[5], LIFE)
end

for i = 16, #ARGV do -- creations of a time without Redis, as seconds since they went
  count_creation(now - tonumber(ARGV[i]))
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - hour))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. text(now - patience))

local function scores(key)
  local found, listed = {}, redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 2, #listed, 2 do found[#found + 1] = tonumber(listed[i]) end
  return found
end

local function free_from(times)
  local theirs = -math.huge
  for _, time in ipairs(times) do theirs = math.max(theirs, time) + spacing end
  local free = theirs - (burst - 1) * spacing
  if #times >= per_minute then free = math.max(free, times[#times - per_minute + 1] + minute) end
  if #times >= per_hour then free = math.max(free, times[#times - per_hour + 1] + hour) end
  return free
end

local function all(went)
  local times = scores(KEYS[2])
  for _, time in ipairs(went) do times[#times + 1] = time end
  table.sort(times)
  return times
end

local forbidden = tonumber(redis.call('GET', KEYS[4]) or '0') - now

if ARGV[1] == 'backlog' then
  return text(math.max(0, forbidden, free_from(all(scores(KEYS[1]))) - now))
end

if forbidden > 0 then return text(math.max(forbidden, least)) end

local listed, kept, used = redis.call('HGETALL', KEYS[3]), {}, 0
for i = 1, #listed, 2 do
  local second, points = tonumber(listed[i]), tonumber(listed[i + 1])
  if second < math.floor(now) - 60 then
    redis.call('HDEL', KEYS[3], listed[i])
  else
    used = used + points
    kept[#kept + 1] = {second, points}
  end
end
table.sort(kept, function(a, b) return a[1] < b[1] end)
local over = used + cost - most_points
for _, bucket in ipairs(kept) do
  if over <= 0 then break end
  over = over - bucket[2]
  if over <= 0 then return text(math.max(bucket[1] + 61 - now, least)) end
end

if creates then
  local went, mine = scores(KEYS[1]), tonumber(redis.call('ZSCORE', KEYS[2], ticket) or nil)
  local known, allowed = mine ~= nil, free_from(went)
  if not known then mine = math.max(allowed, free_from(all(went))) end
  local place = math.max(mine, allowed)
  if place > now then
    if known or redis.call('ZCARD', KEYS[2]) < most_booked then
      redis.call('ZADD', KEYS[2], text(place), ticket)
      redis.call('EXPIRE', KEYS[2], LIFE)
    end
    return text(math.max(place - now, least))
  end
  redis.call('ZREM', KEYS[2], ticket)
  count_creation(now)
end
redis.call('HINCRBY', KEYS[3], math.floor(now), cost)
redis.call('EXPIRE', KEYS[3], LIFE)
return '0'
