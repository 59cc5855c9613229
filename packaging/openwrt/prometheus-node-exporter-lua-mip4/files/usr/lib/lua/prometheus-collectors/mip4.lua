-- Mobile IPv4 for prometheus-node-exporter-lua: what `ubus call mip4 status` says, one cheap call.
local ubus = require "ubus"

local ROLES = { "fa", "mn", "ha" }
local COUNTS = { "visitors", "bindings", "pending", "uptime" }

local function scrape()
  local connection = ubus.connect()
  if not connection then return end
  local programs = connection:call("mip4", "status", {}) or {}
  connection:close()

  local up = metric("mip4_up", "gauge")
  local health = metric("mip4_health", "gauge")
  local age = metric("mip4_state_age_seconds", "gauge")
  local counters = metric("mip4_events_total", "counter")
  local counts = {}
  for _, name in ipairs(COUNTS) do
    counts[name] = metric("mip4_" .. (name == "uptime" and "uptime_seconds" or name), "gauge")
  end
  local registered = metric("mip4_registered", "gauge")

  for _, role in ipairs(ROLES) do
    local program = programs[role]
    local labels = { program = "mip4-" .. role }
    up(labels, program and 1 or 0)
    if program then
      local status = program.status or {}
      health(labels, program.health)
      age(labels, os.time() - program.time)
      for _, name in ipairs(COUNTS) do
        if status[name] then counts[name](labels, status[name]) end
      end
      if role == "mn" then
        local is_well = status.state == "registered" or status.state == "home"
        registered(labels, is_well and 1 or 0)
      end
      for name, value in pairs(status.counters or {}) do
        counters({ program = labels.program, event = name }, value)
      end
    end
  end
end

return { scrape = scrape }
