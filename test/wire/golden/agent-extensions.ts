/**
 * What agents and mobile nodes arrange beside a registration: revocation, the home agent's address,
 * regional registration, UDP tunnels. RFC 3543 §3.2, RFC 4433 §3.4, RFC 4857 §9.2 to §9.4, RFC 3519
 * §3.1.
 */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

export const agentExtensions: readonly GoldenVector[] = [
  {
    title: "RFC 3543 §3.2: Revocation Support: I is the first of 16 bits [3543-3.2-06]",
    space: "control-extension",
    hex: `89 06 8000
          31323334`,
    value: {
      name: "revocation-support-extension",
      flags: 1,
      reserved: 0,
      timestamp: 0x31323334,
      rest: hex(""),
    },
    json: {
      name: "revocation-support-extension",
      length: 6,
      flags: { I: true },
      timestamp: 0x31323334,
    },
  },
  {
    title:
      "RFC 3543 §3.2: Revocation Support: the 15 reserved bits are ignored, but kept [3543-3.2-06, 3543-3.2-08]",
    space: "control-extension",
    hex: `89 06 4001
          b1b2b3b4`,
    value: {
      name: "revocation-support-extension",
      flags: 0,
      reserved: 0x4001,
      timestamp: 0xb1b2b3b4,
      rest: hex(""),
    },
    json: { flags: { I: false }, reserved: 0x4001 },
  },
  {
    title:
      "RFC 3543 §3.2: Revocation Support: octets beyond the sixth are accepted [3543-3.2-06, 3543-3.2-07]",
    space: "control-extension",
    hex: `89 09 8000
          31323334
          a1b2c3`,
    value: {
      name: "revocation-support-extension",
      flags: 1,
      reserved: 0,
      timestamp: 0x31323334,
      rest: hex("a1b2c3"),
    },
    json: { length: 9, timestamp: 0x31323334 },
  },
  {
    title:
      "RFC 4433 §3.4.1, erratum 898: Requested HA: an 8-bit Length of 5, then the sub-type [4433-3.4-01]",
    space: "control-extension",
    hex: `8b 05 01 c6
          336407`,
    value: { name: "requested-ha-extension", haAddress: ipv4("198.51.100.7") },
    json: {
      name: "dynamic-ha-extension",
      subtype_name: "requested-ha-extension",
      subtype: 1,
      length: 5,
      ha_address: "198.51.100.7",
    },
  },
  {
    title: "RFC 4433 §3.4.2, erratum 898: Redirected HA: sub-type 2 [4433-3.4-01]",
    space: "control-extension",
    hex: `8b 05 02 c6
          336408`,
    value: { name: "redirected-ha-extension", haAddress: ipv4("198.51.100.8") },
    json: { subtype_name: "redirected-ha-extension", subtype: 2, length: 5 },
  },
  {
    title: "RFC 4433 §3.4.1: Requested HA as printed: sub-type, 16-bit Length of 4 [4433-3.4-02]",
    space: "control-extension",
    hex: `8b 01 0004
          c6336407`,
    value: { name: "requested-ha-extension-as-printed", haAddress: ipv4("198.51.100.7") },
    json: {
      name: "dynamic-ha-extension",
      subtype_name: "requested-ha-extension-as-printed",
      subtype: 1,
      length: 4,
      ha_address: "198.51.100.7",
    },
  },
  {
    title: "RFC 4433 §3.4.2: Redirected HA as printed: sub-type 2 [4433-3.4-02]",
    space: "control-extension",
    hex: `8b 02 0004
          c6336408`,
    value: { name: "redirected-ha-extension-as-printed", haAddress: ipv4("198.51.100.8") },
    json: { name: "dynamic-ha-extension", subtype: 2, length: 4 },
  },
  {
    title: "RFC 4433 §3.4: Dynamic HA of another sub-type has the short form [4433-3.4-01]",
    space: "control-extension",
    hex: "8b 04 63 a1b2c3",
    value: { name: "dynamic-ha-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "dynamic-ha-extension", subtype: 0x63, length: 4 },
  },
  {
    title:
      "RFC 4857 §9.2: Hierarchical Foreign Agent: 16 reserved bits, which are kept, then the address [4857-9.2-01]",
    space: "control-extension",
    hex: `8c 06 5a01
          cb007109`,
    value: {
      name: "hierarchical-foreign-agent-extension",
      reserved: 0x5a01,
      faIpAddress: ipv4("203.0.113.9"),
    },
    json: { length: 6, reserved: 0x5a01, fa_ip_address: "203.0.113.9" },
  },
  {
    title:
      "RFC 4857 §9.3: Replay Protection Style: the Length of all that follows is 10 [4857-9.3-01]",
    space: "control-extension",
    hex: `8d 0a 0001
          91223344
          55667788`,
    value: {
      name: "replay-protection-style-extension",
      replayProtectionStyle: 1,
      initialIdentification: 0x9122334455667788n,
    },
    json: {
      name: "replay-protection-style-extension",
      length: 10,
      replay_protection_style: 1,
      initial_identification: "9122334455667788",
    },
  },
  {
    title:
      "RFC 4857 §9.3: Replay Protection Style as printed: Length 2, then 10 octets [4857-9.3-01]",
    space: "control-extension",
    hex: `8d 02 0000
          11223344
          55667788`,
    value: {
      name: "replay-protection-style-extension-as-printed",
      replayProtectionStyle: 0,
      initialIdentification: 0x1122334455667788n,
    },
    json: {
      name: "replay-protection-style-extension",
      subtype_name: "replay-protection-style-extension-as-printed",
      length: 2,
      replay_protection_style: 0,
    },
  },
  {
    title:
      "RFC 4857 §9.4: Regional Registration Lifetime: 16 reserved bits, which are kept, then 32 of seconds [4857-9.4-01]",
    space: "control-extension",
    hex: `8e 06 5a01
          91020304`,
    value: {
      name: "regional-registration-lifetime-extension",
      reserved: 0x5a01,
      regionalRegistrationLifetime: 0x91020304,
    },
    json: { length: 6, reserved: 0x5a01, regional_registration_lifetime: 0x91020304 },
  },
  {
    title:
      "RFC 3519 §3.1: UDP Tunnel Request: F is the first bit, then GRE is wanted [3519-3.1-01, 3519-3.1.4-01]",
    space: "control-extension",
    hex: `90 06 00 00
          80 2f 0000`,
    value: {
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0,
      flags: 0x80,
      encapsulation: 47,
      reserved3: 0,
    },
    json: {
      name: "udp-tunnel-request-extension",
      subtype_name: "regular-udp-tunnel-request-extension",
      subtype: 0,
      length: 6,
      flags: { F: true, R: false },
      encapsulation: 47,
    },
  },
  {
    title:
      "RFC 3519 §3.1: UDP Tunnel Request: R is the second bit; Reserved 1 and 2 are ignored, but kept [3519-3.1-01, 3519-3.1-02]",
    space: "control-extension",
    hex: `90 06 00 5a
          61 04 0000`,
    value: {
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0x5a,
      flags: 0x61,
      encapsulation: 4,
      reserved3: 0,
    },
    json: { flags: { F: false, R: true }, reserved1: 0x5a, encapsulation: 4 },
  },
  {
    title:
      "RFC 3519 §3.1.3: UDP Tunnel Request: a Reserved 3 that is not 0 is kept, so that it can be seen [3519-3.1-01]",
    space: "control-extension",
    hex: `90 06 00 00
          00 37 0102`,
    value: {
      name: "regular-udp-tunnel-request-extension",
      reserved1: 0,
      flags: 0,
      encapsulation: 55,
      reserved3: 0x0102,
    },
    json: { encapsulation: 55, reserved3: 0x0102 },
  },
  {
    title: "RFC 3519 §3.1: UDP Tunnel Request of another sub-type is kept as octets [3519-3.1-01]",
    space: "control-extension",
    hex: "90 04 63 a1b2c3",
    value: { name: "udp-tunnel-request-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "udp-tunnel-request-extension", subtype: 0x63, length: 4 },
  },
];
