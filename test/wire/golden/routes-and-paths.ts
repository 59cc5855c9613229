/** Ways around the home agent, and several ways to it. RFC 6521 §5.1, RFC 7629 §4. */

import { ipv4 } from "../../../shared/base/address.ts";
import { type GoldenVector, hex } from "./vector.ts";

const CAPABILITY = "mobile-router-route-optimization-capability";

const NO_FLAGS = { A: false, R: false, S: false, O: false };

/** The extension of RFC 6521 §5.1 with one flag, which brings no address. */
function capability(letter: "A" | "R" | "O", octet: string, flags: number): GoldenVector {
  return {
    title: `RFC 6521 §5.1: Route Optimization Capability: ${letter} alone, without an address [6521-5.1-01]`,
    space: "control-extension",
    hex: `99 02 01 ${octet}`,
    value: { name: CAPABILITY, flags, reserved: 0, mobileRouterHoa: undefined },
    json: {
      name: "mobile-router-route-optimization-capability-extension",
      subtype_name: CAPABILITY,
      subtype: 1,
      length: 2,
      flags: { ...NO_FLAGS, [letter]: true },
      mobile_router_hoa: null,
    },
  };
}

export const routesAndPaths: readonly GoldenVector[] = [
  capability("A", "80", 0b1000),
  capability("R", "40", 0b0100),
  capability("O", "10", 0b0001),
  {
    title:
      "RFC 6521 §5.1: Route Optimization Capability: S, the third bit, brings the router's address [6521-5.1-01]",
    space: "control-extension",
    hex: `99 06 01 20
          0a010207`,
    value: { name: CAPABILITY, flags: 0b0010, reserved: 0, mobileRouterHoa: ipv4("10.1.2.7") },
    json: {
      length: 6,
      flags: { ...NO_FLAGS, S: true },
      mobile_router_hoa: "10.1.2.7",
    },
  },
  {
    title:
      "RFC 6521 §5.1: Route Optimization Capability: four reserved bits are ignored, but kept [6521-5.1-01]",
    space: "control-extension",
    hex: "99 02 01 09",
    value: { name: CAPABILITY, flags: 0, reserved: 9, mobileRouterHoa: undefined },
    json: { flags: NO_FLAGS, reserved: 9 },
  },
  {
    title: "RFC 6521 §5.1: type 153 of another sub-type is kept as octets",
    space: "control-extension",
    hex: "99 04 63 a1b2c3",
    value: {
      name: "mobile-router-route-optimization-capability-extension",
      subtype: 0x63,
      data: hex("a1b2c3"),
    },
    json: {
      name: "mobile-router-route-optimization-capability-extension",
      subtype: 0x63,
      length: 4,
    },
  },
  {
    title: "RFC 7629 §4.1: Multipath: a 16-bit Length of 4; B is the first bit [7629-4.1-01]",
    space: "control-extension",
    hex: `9a 01 0004
          05 11 22 80`,
    value: {
      name: "multipath-extension",
      ifAtt: 5,
      ifLabel: 0x11,
      bindingId: 0x22,
      flags: 0x80,
    },
    json: {
      name: "multipath-extension",
      subtype: 1,
      length: 4,
      if_att: 5,
      if_label: 0x11,
      binding_id: 0x22,
      flags: { B: true, O: false },
    },
  },
  {
    title:
      "RFC 7629 §4.1: Multipath: O is the second bit; the six reserved ones are kept [7629-4.1-01]",
    space: "control-extension",
    hex: `9a 01 0004
          04 ff fe 61`,
    value: { name: "multipath-extension", ifAtt: 4, ifLabel: 255, bindingId: 254, flags: 0x61 },
    json: { flags: { B: false, O: true } },
  },
  {
    title:
      "RFC 7629 §4.2: Flow-Binding: three BIDs as their Count says, then format and selector [7629-4.2-01]",
    space: "control-extension",
    hex: `9a 02 000b
          01 03 1122
          33 01 a1b2
          c3d4e5`,
    value: {
      name: "flow-binding-extension",
      action: 1,
      bidList: [0x11, 0x22, 0x33],
      tsFormat: 1,
      trafficSelector: hex("a1b2c3d4e5"),
    },
    json: {
      name: "multipath-extension",
      subtype_name: "flow-binding-extension",
      subtype: 2,
      length: 11,
      action: 1,
      bid_count: 3,
      bid_list: [0x11, 0x22, 0x33],
      ts_format: 1,
      traffic_selector: "a1b2c3d4e5",
    },
  },
  {
    title:
      "RFC 7629 §4.2: Flow-Binding: DROP with the one BID 255; a selector of IPv6 [7629-4.2-01]",
    space: "control-extension",
    hex: `9a 02 0006
          00 01 ff 02
          a1b2`,
    value: {
      name: "flow-binding-extension",
      action: 0,
      bidList: [255],
      tsFormat: 2,
      trafficSelector: hex("a1b2"),
    },
    json: { length: 6, action: 0, bid_count: 1, ts_format: 2 },
  },
  {
    title: "RFC 7629 §4: type 154 of another sub-type has the long form too",
    space: "control-extension",
    hex: `9a 63 0003
          a1b2c3`,
    value: { name: "other-multipath-extension", subtype: 0x63, data: hex("a1b2c3") },
    json: { name: "multipath-extension", subtype: 0x63, length: 3 },
  },
];
