/** The configuration examples of the interface contract, word for word. */

export const FA_EXAMPLE = `# fa.toml
[[interface]]                      # each link on which visitors are served
name = "lan0"
care_of_address = "192.0.2.1"      # or an array; default: first global address of the interface that holds the default route, none is an error
[advertisement]
max_interval = 10                  # MaxAdvertisementInterval; fractions allowed
min_interval = 7.5
lifetime = 30                      # router advertisement lifetime
registration_lifetime = 1800
registration_required = true       # the R bit
encapsulations = ["ipip", "minimal", "gre"]
reverse_tunneling = true           # the T bit
udp_tunneling = false              # the U bit: only for an agent that itself sits behind a NAT (RFC 3519)
destination = "224.0.0.1"          # or 255.255.255.255
challenge = false                  # RFC 4721
challenge_window = 2               # how many past challenges are still good
prefix_lengths = true              # send the Prefix-Lengths extension
revocation = true                  # the X bit, RFC 3543
[registration]
reverse_tunnel = "allow"           # allow | require (75) | refuse (74)
pending_timeout = 7                # seconds; then code 78
[limits]
visitors = 1024                    # beyond: code 66 and the B bit
pending = 256
[state]
path = "/var/lib/mip4/fa.journal"  # mn: /var/lib/mip4/mn.journal
[dataplane]                        # also in mn.toml and ha.toml
driver = "auto"                    # auto | kernel | ebpf | tun
mtu = 0                            # tunnel MTU, 0 = from the path
df = "copy"                        # copy | clear | set
mss_clamp = true
route_table = 434                  # mn: 435, ha: 436; every mark (route protocol, device prefix, nft table) derives from it
rule_priority = 4340               # mn: 4350, ha: 4360
[fast_handover]                    # RFC 4988
enabled = false
buffer_packets = 256
[[fast_handover.neighbor]]         # the neighbourhood map answered in PrRtAdv
access_point = "02:00:00:00:02:01"
router = "192.0.2.65"
router_mac = "02:00:00:00:02:01"
prefix_length = 26
[[security_association]]
with = "home-agent"                # home-agent | mobile-node | foreign-agent
address = "198.51.100.1"           # mobile-node: home_address or nai; a foreign agent: its care-of address or the source of its advertisements
spi = 1000
key = "00112233445566778899aabbccddeeff"
algorithm = "hmac-md5"             # hmac-md5 | keyed-md5 | hmac-sha1 | hmac-sha256
replay = "timestamp"               # timestamp | nonce
`;

export const MN_EXAMPLE = `# mn.toml
home_address = "10.1.0.7"          # "dynamic" asks for one, with nai
home_prefix_length = 24
home_agent = "198.51.100.1"        # address, DNS name, "dynamic" (RFC 4433), or an array in order of preference
nai = "bob@example.net"            # optional
[registration]
lifetime = 1800
reverse_tunnel = true
delivery_style = "direct"          # direct | encapsulating
encapsulation = "ipip"             # ipip | minimal | gre
nat_traversal = "auto"             # auto | force | off
[movement]
algorithm = "lazy"                 # lazy | prefix | eager
[[interface]]
name = "wlan0"
mode = "auto"                      # foreign-agent | co-located | auto
[[security_association]]           # with = "foreign-agent" too
with = "home-agent"
spi = 256
key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
algorithm = "hmac-md5"
replay = "timestamp"
`;

export const HA_EXAMPLE = `# ha.toml
address = "198.51.100.1"
[[home_network]]
prefix = "10.1.0.0/24"
interface = "home0"                # absent: a virtual home network
[[mobile_node]]
home_address = "10.1.0.7"
nai = "bob@example.net"            # optional
networks = []                      # RFC 5177 mobile network prefixes
spi = 256
key = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
algorithm = "hmac-md5"
replay = "timestamp"
[registration]
max_lifetime = 1800
encapsulations = ["ipip", "gre", "minimal"]   # another one asked for: code 139 (or 72 at an FA)
reverse_tunnel = "allow"           # allow | require (138) | refuse (137)
replay_window = 7                  # seconds of clock difference
[nat_traversal]                    # RFC 3519
enabled = true
force = false
keepalive = 110
[limits]
bindings = 100000
[[address_pool]]                   # for home_address = "dynamic"
range = "10.1.0.100-10.1.0.199"
[advertisement]                    # on the home link, H set; same keys as the FA's where they apply
max_interval = 10
[[security_association]]           # with = "foreign-agent": FA-HA associations
with = "foreign-agent"
address = "192.0.2.1"
spi = 1000
key = "00112233445566778899aabbccddeeff"
algorithm = "hmac-md5"
replay = "timestamp"
[store]
kind = "journal"                   # journal (a file, the default) | redis
path = "/var/lib/mip4/ha.journal"
`;
