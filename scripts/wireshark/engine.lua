-- Explains Mobile IPv4 from tables: UDP port 434 and ICMP types 9, 10 and 41. It stands beside
-- Wireshark's own dissectors, which keep what they do; see README.md.
-- Plain API of Wireshark 3.6 to 4.4; Lua 5.2 to 5.4.

local PORT = 434
-- Message types that Wireshark's own dissector explains, or whose payload it follows.
local BUILT_IN = { [1] = true, [3] = true, [4] = true, [7] = true, [15] = true }
-- The type of ICMP that Wireshark only names.
local FAST_HANDOVER = 41

local mip4 = Proto("mip4", "Mobile IPv4")
local malformed = ProtoExpert.new("mip4.malformed", "Malformed Mobile IPv4 message",
  expert.group.MALFORMED, expert.severity.ERROR)
mip4.experts = { malformed }

-- Names -------------------------------------------------------------------------------------------

local ACRONYMS = {
  aaa = "AAA", coa = "CoA", fa = "FA", fback = "FBAck", fbu = "FBU", gfa = "GFA", gre = "GRE",
  ha = "HA", hack = "HAck", hi = "HI", hoa = "HoA", icmp = "ICMP", id = "ID", ip = "IP",
  ipv4 = "IPv4", ipv6 = "IPv6", lla = "LLA", mac = "MAC", mn = "MN", nai = "NAI", nar = "NAR",
  par = "PAR", prrtadv = "PrRtAdv", rtsolpr = "RtSolPr", spi = "SPI", udp = "UDP",
}

-- "home_address" and "home-address" -> "Home address"
local function label(name)
  local text = name:gsub("[^-_]+", ACRONYMS):gsub("[-_]", " ")
  return text:sub(1, 1):upper() .. text:sub(2)
end

local function snake(name)
  return (name:gsub("-", "_"))
end

-- Fields of a table -------------------------------------------------------------------------------
-- `octets`: what the field takes, nil when that depends. `kind` tells how it is read and shown.

local function number(name, octets, meanings)
  return { name = name, kind = "number", octets = octets, meanings = meanings }
end
local function constant(name, octets, value)
  return { name = name, kind = "number", octets = octets, constant = value }
end
-- `count` bits of `octets` octets, `shift` bits from their right.
local function bits(name, octets, shift, count, meanings)
  return { name = name, kind = "bits", octets = octets, shift = shift, count = count,
    meanings = meanings }
end
-- The letters of the bits from the left; "-" for one without a name.
local function flags(name, octets, shift, letters)
  local list = {}
  for letter in letters:gmatch("%S+") do list[#list + 1] = letter end
  return { name = name, kind = "flags", octets = octets, shift = shift, count = #list,
    letters = list }
end
local function address(name) return { name = name, kind = "address", octets = 4 } end
local function octets(name, size) return { name = name, kind = "octets", octets = size } end
-- All that is left, but at least so many octets.
local function rest(name, least) return { name = name, kind = "octets", least = least } end
local function text(name, least) return { name = name, kind = "text", least = least } end
local function list(item, least)
  return { name = item.name, kind = "list", item = item, least = least }
end
-- As many as an earlier field says.
local function counted(item, count)
  return { name = item.name, kind = "list", item = item, counter = count }
end
-- There when one of the bits is set in an earlier field.
local function optional(item, when, masks)
  return { name = item.name, kind = "optional", item = item, when = when, masks = masks }
end
-- Entries of an address, a preference and perhaps more (RFC 1256 §3).
local function router_addresses(name, count, words)
  return { name = name, kind = "router-addresses", counter = count, words = words }
end
-- Records of a mobile router or of a prefix (RFC 6521 §5.5).
local function route_records(name, least)
  return { name = name, kind = "route-records", least = least }
end

-- Fields for display filters ----------------------------------------------------------------------

local all_fields = {}
local function register(field)
  all_fields[#all_fields + 1] = field
  return field
end

local function unsigned(name, abbreviation, size, base_, meanings, mask)
  local make = { [1] = ProtoField.uint8, [2] = ProtoField.uint16, [3] = ProtoField.uint24,
    [4] = ProtoField.uint32 }
  return register(make[size](abbreviation, name, base_, meanings, mask))
end

-- As many bits set as the field has, in their place.
local function mask_of(field)
  return math.floor((2 ^ field.count - 1) * 2 ^ field.shift)
end

local KINDS = {}
function KINDS.number(field, abbreviation)
  local name = label(field.name)
  if field.octets == 8 then
    field.shown = register(ProtoField.uint64(abbreviation, name, base.HEX))
  else
    local how = field.name == "checksum" and base.HEX or base.DEC
    field.shown = unsigned(name, abbreviation, field.octets, how, field.meanings)
  end
end
function KINDS.bits(field, abbreviation)
  field.shown = unsigned(label(field.name), abbreviation, field.octets, base.DEC, field.meanings,
    mask_of(field))
end
function KINDS.flags(field, abbreviation)
  field.shown = unsigned(label(field.name), abbreviation, field.octets, base.HEX, nil,
    mask_of(field))
  field.bits = {}
  for i, letter in ipairs(field.letters) do
    if letter ~= "-" then
      local mask = math.floor(2 ^ (field.shift + field.count - i))
      local bit = ProtoField.bool(abbreviation .. "." .. letter, letter, field.octets * 8, nil, mask)
      field.bits[#field.bits + 1] = register(bit)
    end
  end
end
function KINDS.address(field, abbreviation)
  field.shown = register(ProtoField.ipv4(abbreviation, label(field.name)))
end
function KINDS.octets(field, abbreviation)
  field.shown = register(ProtoField.bytes(abbreviation, label(field.name)))
end
function KINDS.text(field, abbreviation)
  field.shown = register(ProtoField.string(abbreviation, label(field.name)))
end
function KINDS.list(field, abbreviation)
  KINDS[field.item.kind](field.item, abbreviation)
end
KINDS.optional = KINDS.list
KINDS["router-addresses"] = function(field, abbreviation)
  local parts = { address("address"), number("preference", 4), rest("more") }
  field.address, field.more = parts[1], parts[3]
  KINDS.address(parts[1], abbreviation .. ".address")
  KINDS.octets(parts[3], abbreviation .. ".more")
  field.preference = register(ProtoField.int32(abbreviation .. ".preference", "Preference"))
end

KINDS["route-records"] = function(field, abbreviation)
  field.parts = { flags("flags", 1, 6, "D M"), bits("info", 1, 0, 6), bits("plen", 1, 0, 6),
    address("mobile_router_hoa"), rest("prefix", 0), rest("realm", 0) }
  for _, part in ipairs(field.parts) do
    KINDS[part.kind](part, abbreviation .. "." .. part.name)
    field.parts[part.name] = part
  end
end

-- Makes the fields of a table known. `common`: fields that all tables share, by name.
local function make_fields(fields, prefix, common)
  for _, field in ipairs(fields) do
    field.shown = common[field.name]
    common[field.name] = nil
    if field.shown == nil then KINDS[field.kind](field, prefix .. "." .. field.name) end
  end
end

-- Reading -----------------------------------------------------------------------------------------
-- Offsets count from the start of the message; `stop` is the offset behind the last octet.

-- Lua 5.3 and later tell integers from other numbers, which would show as "20.0".
local whole = math.floor

local function uint(tvb, at, size)
  return whole(tvb(at, size):uint())
end

local function has_bit(value, masks)
  for _, mask in ipairs(masks) do
    if whole(value / mask) % 2 == 1 then return true end
  end
  return false
end

-- Octets that a field of variable size wants where `left` are left; nil and why when none will do.
local SIZES = {}
function SIZES.list(field, left, seen)
  local unit = field.item.octets
  if field.counter ~= nil then return seen[field.counter] * unit end
  if left % unit == 0 then return left end
  return nil, left .. " octets are no multiple of " .. unit
end
function SIZES.optional(field, _, seen)
  return has_bit(seen[field.when], field.masks) and field.item.octets or 0
end
SIZES["router-addresses"] = function(field, _, seen)
  local words = seen[field.words]
  if words < 2 then return nil, "entries of " .. words .. " words, less than an address takes" end
  return seen[field.counter] * words * 4
end

-- The record at `at`: what its head says, where its prefix and realm stand, and the offset behind
-- it; nil when it does not fit.
local function route_record(tvb, at, stop)
  local head = uint(tvb, at, 1)
  local record = { delta = head >= 128, router = whole(head / 64) % 2 == 1 }
  if record.router then
    record.stop = at + 5
    return record.stop <= stop and record or nil
  end
  local bits_ = head % 64
  record.realm = at + 1 + (record.delta and 1 or math.ceil(bits_ / 8))
  local offset = record.realm
  while bits_ <= 32 and offset < stop do
    local octet = uint(tvb, offset, 1)
    record.stop = offset + 1
    if octet == 0 then return record end
    -- An index is one octet, a label as long as it says.
    offset = offset + (octet >= 128 and 1 or 1 + octet)
  end
  return nil
end
SIZES["route-records"] = function(field, left, _, tvb, at)
  local stop, is_first, had_prefix = at + left, true, false
  local none = "the octets are no mobile router's address and prefixes behind it"
  while at < stop do
    local record = route_record(tvb, at, stop)
    if record == nil or is_first and not record.router then return nil, none end
    if not record.router and record.delta and not had_prefix then return nil, none end
    had_prefix = had_prefix or not record.router
    at, is_first = record.stop, false
  end
  return left
end

-- Octets of a field at `at`, or nil and why it cannot stand there.
local function measure(field, tvb, at, stop, seen)
  local left = stop - at
  local size, why = field.octets, nil
  if size == nil and SIZES[field.kind] ~= nil then
    size, why = SIZES[field.kind](field, left, seen, tvb, at)
  end
  if why ~= nil then return nil, why end
  size = math.max(size or left, field.least or 0)
  if size > left then return nil, "needs " .. size .. " octets, " .. left .. " are left" end
  return size
end

local function show(tree, field, tvb, at, size, seen)
  if size == 0 then return end
  local range = tvb(at, size)
  if field.kind == "text" then
    tree:add_packet_field(field.shown, range, ENC_UTF_8)
  elseif field.kind == "flags" then
    local item = tree:add(field.shown, range)
    for _, bit in ipairs(field.bits) do item:add(bit, range) end
  elseif field.kind == "optional" then
    show(tree, field.item, tvb, at, size, seen)
  elseif field.kind == "list" then
    local unit = field.item.octets
    for offset = at, at + size - unit, unit do show(tree, field.item, tvb, offset, unit, seen) end
  elseif field.kind == "route-records" then
    local parts = field.parts
    local record_at = at
    while record_at < at + size do
      local record = route_record(tvb, record_at, at + size)
      show(tree, parts.flags, tvb, record_at, 1, seen)
      if record.router then
        show(tree, parts.info, tvb, record_at, 1, seen)
        show(tree, parts.mobile_router_hoa, tvb, record_at + 1, 4, seen)
      else
        show(tree, parts.plen, tvb, record_at, 1, seen)
        show(tree, parts.prefix, tvb, record_at + 1, record.realm - record_at - 1, seen)
        show(tree, parts.realm, tvb, record.realm, record.stop - record.realm - 1, seen)
      end
      record_at = record.stop
    end
  elseif field.kind == "router-addresses" then
    local unit = seen[field.words] * 4
    for entry = at, at + size - unit, unit do
      tree:add(field.address.shown, tvb(entry, 4))
      tree:add(field.preference, tvb(entry + 4, 4))
      if unit > 8 then tree:add(field.more.shown, tvb(entry + 8, unit - 8)) end
    end
  else
    tree:add(field.shown, range)
  end
end

-- The offset behind the fields, or nil and why they do not fit. With a tree, they are shown.
local function walk(fields, tvb, at, stop, tree)
  local seen = {}
  for _, field in ipairs(fields) do
    local size, why = measure(field, tvb, at, stop, seen)
    if size == nil then return nil, label(field.name) .. ": " .. why end
    if field.kind == "number" and size <= 4 then
      seen[field.name] = uint(tvb, at, size)
    elseif field.shift ~= nil then
      local word = whole(uint(tvb, at, size) / 2 ^ field.shift)
      seen[field.name] = whole(word % 2 ^ field.count)
    end
    if tree ~= nil then show(tree, field, tvb, at, size, seen) end
    -- Bit fields share their octets, down to the one that has the last bit.
    if (field.shift or 0) == 0 then at = at + size end
  end
  return at
end

-- Are the numbers there that the table is for?
local function claims(fields, tvb, at)
  local offset = at
  for _, field in ipairs(fields) do
    if field.octets == nil then return true end
    if field.constant ~= nil then
      if offset + field.octets > tvb:len() then return false end
      if uint(tvb, offset, field.octets) ~= field.constant then return false end
    end
    if (field.shift or 0) == 0 then offset = offset + field.octets end
  end
  return true
end

-- Extensions --------------------------------------------------------------------------------------

-- Where a form keeps its length, in how many octets, what the length counts, and what of the header
-- it leaves out.
local FORMS = {
  padding = { offset = 1, octets = 0, unit = 1, uncounted = 1 },
  simple = { offset = 1, octets = 1, unit = 1, uncounted = 2 },
  short = { offset = 1, octets = 1, unit = 1, uncounted = 2 },
  long = { offset = 2, octets = 2, unit = 1, uncounted = 4 },
  option = { offset = 1, octets = 1, unit = 8, uncounted = 0 },
}

-- Everything that travels in UDP, or in ICMP: names of fields begin with `prefix`.
local function protocol(prefix, message_names, extension_names)
  local new = { prefix = prefix, by_type = {} }
  local header = prefix .. ".extension"
  new.message_type = register(ProtoField.uint8(prefix .. ".type", "Type", base.DEC, message_names))
  new.extension_type =
    register(ProtoField.uint8(header .. ".type", "Type", base.DEC, extension_names))
  new.length = register(ProtoField.uint16(header .. ".length", "Length", base.DEC))
  return new
end

-- Makes the fields of an extension known, and its item.
local function make_extension(owner, table_)
  local filter = owner.prefix .. "." .. snake(table_.name)
  local title = label(table_.name)
  if table_.family ~= nil then title = label(table_.family) .. ": " .. title end
  table_.shown = register(ProtoField.none(filter, title, table_.rfc))
  make_fields(table_.fields, filter, { type = owner.extension_type, length = owner.length })
end

-- A number space of extensions; `skips` is the first type that may be stepped over when unknown.
local function space(owner, skips, form)
  if owner.unknown == nil then
    owner.unknown = { name = "unknown", rfc = "RFC 5944 §1.8", beyond_length = 0,
      fields = { number("type", 1), number("length", 1), rest("data") } }
    make_extension(owner, owner.unknown)
  end
  local unknown = setmetatable({ form = FORMS[form] }, { __index = owner.unknown })
  return { skips = skips, unknown = unknown, by_type = {} }
end

-- Offset behind the extension at `at` as its length field has it; nil when that is cut off.
local function end_of(table_, tvb, at)
  local form = table_.form
  if form.octets == 0 then return at + form.uncounted, 0 end
  if at + form.offset + form.octets > tvb:len() then return nil end
  local length = uint(tvb, at + form.offset, form.octets)
  return at + form.uncounted + table_.beyond_length + length * form.unit, length
end

-- Why the extension at `at` cannot be read by this table; nil when it can.
local function fault(table_, tvb, at)
  local stop, length = end_of(table_, tvb, at)
  if stop == nil then return "the message ends in the header of an extension" end
  if stop > tvb:len() then
    local left = tvb:len() - at - table_.form.offset - table_.form.octets
    return length .. " octets are announced, " .. left .. " are left in the message"
  end
  local behind, why = walk(table_.fields, tvb, at, stop)
  if behind == stop then return nil end
  return why or (behind - at) .. " octets in all, not " .. (stop - at)
end

-- The table that the extension at `at` can be read by; otherwise what comes nearest, and why not.
local function table_for(space_, tvb, at)
  local type_ = uint(tvb, at, 1)
  local tables = space_.by_type[type_]
  if tables == nil then
    if type_ >= space_.skips then return space_.unknown, fault(space_.unknown, tvb, at) end
    return nil, "type " .. type_ .. " is not known and may not be skipped (RFC 5944 §1.8)"
  end
  local nearest, reason = nil, "no form of type " .. type_ .. " fits"
  for _, table_ in ipairs(tables) do
    local _, length = end_of(table_, tvb, at)
    local asked = table_.only_length == nil or table_.only_length == length
    if asked and claims(table_.fields, tvb, at) then
      local why = fault(table_, tvb, at)
      if why == nil then return table_ end
      nearest, reason = table_, why
      if not table_.may_fail then break end
    end
  end
  return nearest, reason
end

local function complain(item, why)
  item:add_proto_expert_info(malformed, why)
end

-- `ignored`: the field of octets behind that spoil nothing, where a message allows such.
local function show_extensions(space_, tvb, at, tree, ignored)
  while at < tvb:len() do
    local table_, why = table_for(space_, tvb, at)
    if why ~= nil and ignored ~= nil then
      tree:add(ignored, tvb(at))
      return
    elseif why ~= nil then
      local item = tree:add(tvb(at), "Malformed extension")
      complain(item, why)
      local stop = table_ ~= nil and end_of(table_, tvb, at) or tvb:len()
      if table_ ~= nil then
        walk(table_.fields, tvb, at, math.min(stop, tvb:len()), item:add(table_.shown, tvb(at)))
      end
      return
    end
    local stop = end_of(table_, tvb, at)
    walk(table_.fields, tvb, at, stop, tree:add(table_.shown, tvb(at, stop - at)))
    at = stop
  end
end

-- Messages ----------------------------------------------------------------------------------------

local function message(owner, type_, name, rfc, fields, options)
  local filter = owner.prefix .. "." .. snake(name)
  local new = { name = name, fields = fields, extensions = options.extensions }
  if options.ignores_rest then
    local ignored = owner.prefix .. ".ignored_octets.data"
    owner.ignored = owner.ignored or register(ProtoField.bytes(ignored, "Ignored octets"))
    new.ignored = owner.ignored
  end
  new.shown = register(ProtoField.none(filter, label(name), rfc))
  make_fields(fields, filter, { type = owner.message_type })
  owner.by_type[type_] = owner.by_type[type_] or {}
  table.insert(owner.by_type[type_], new)
end

local function extension(owner, spaces, type_, form, name, rfc, fields, options)
  options = options or {}
  local new = { name = name, form = FORMS[form], rfc = rfc, fields = fields,
    family = options.family, may_fail = options.may_fail, only_length = options.only_length,
    beyond_length = options.beyond_length or 0 }
  make_extension(owner, new)
  for _, space_ in ipairs(spaces) do
    space_.by_type[type_] = space_.by_type[type_] or {}
    table.insert(space_.by_type[type_], new)
  end
end

local function find_message(owner, tvb)
  if tvb:len() == 0 then return nil end
  for _, each in ipairs(owner.by_type[uint(tvb, 0, 1)] or {}) do
    if claims(each.fields, tvb, 0) then return each end
  end
  return nil
end

local function show_message(each, tvb, tree)
  local top = tree:add(mip4, tvb())
  local item = top:add(each.shown, tvb())
  top:append_text(", " .. label(each.name))
  local at, why = walk(each.fields, tvb, 0, tvb:len(), item)
  if at == nil then
    complain(item, why)
  elseif each.extensions ~= nil then
    show_extensions(each.extensions, tvb, at, item, each.ignored)
  elseif at < tvb:len() then
    complain(item, (tvb:len() - at) .. " octets behind the message")
  end
end

-- The tables --------------------------------------------------------------------------------------
--@tables@

-- In Wireshark ------------------------------------------------------------------------------------

mip4.fields = all_fields

local found, built_in = pcall(Dissector.get, "mip")

function mip4.dissector(tvb, pinfo, tree)
  local each = find_message(udp, tvb)
  if each == nil then return 0 end
  if BUILT_IN[uint(tvb, 0, 1)] and found then
    -- What is malformed for it ends it, and not what follows here.
    pcall(built_in.call, built_in, tvb, pinfo, tree)
  else
    pinfo.cols.protocol = "MIP4"
    pinfo.cols.info = label(each.name)
  end
  show_message(each, tvb, tree)
  return tvb:len()
end

DissectorTable.get("udp.port"):add(PORT, mip4)

-- Wireshark has no table of ICMP types to stand in, so this comes when all the rest is done.
local behind_icmp = Proto("mip4_icmp", "Mobile IPv4 in ICMP")
local icmp_items = Field.new("icmp")

function behind_icmp.dissector(_, pinfo, tree)
  for _, item in ipairs({ icmp_items() }) do
    local is_there, tvb = pcall(function() return item.range:tvb() end)
    local each = is_there and find_message(icmp, tvb)
    if each then
      if uint(tvb, 0, 1) == FAST_HANDOVER then pinfo.cols.info = label(each.name) end
      show_message(each, tvb, tree)
    end
  end
end

register_postdissector(behind_icmp)
