import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  directedBroadcast,
  formatIpv4,
  formatPrefix,
  type Ipv4,
  ipv4,
  isGloballyReachable,
  isUsableUnicast,
  macFromBytes,
  macToBytes,
  multicastMac,
  networkOf,
  parseIpv4,
  parseMac,
  parsePrefix,
  prefixContains,
} from "../../shared/base/address.ts";

test("dotted quads: what is printed reads back, what is none is refused", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      assert.equal(parseIpv4(formatIpv4(value as Ipv4)), value);
    }),
  );
  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.x", "1.2.3.-4"]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

test("prefixes: network, containment, directed broadcast", () => {
  const prefix = parsePrefix("192.0.2.70/26");
  assert(prefix !== undefined);
  assert.equal(formatPrefix(networkOf(prefix)), "192.0.2.64/26");
  assert(prefixContains(prefix, ipv4("192.0.2.127")));
  assert(!prefixContains(prefix, ipv4("192.0.2.128")));
  assert.equal(directedBroadcast(prefix), ipv4("192.0.2.127"));
  assert.equal(directedBroadcast({ ...prefix, length: 31 }), undefined);
  assert(prefixContains({ address: ipv4("1.2.3.4"), length: 0 }, ipv4("203.0.113.1")));
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "/8"]) {
    assert.equal(parsePrefix(text), undefined, text);
  }
});

test("link-layer addresses: octets and text agree; groups map as RFC 1112 §6.4 says", () => {
  const mac = parseMac("02:AB:cd:00:01:ff");
  assert(mac !== undefined);
  assert.equal(mac, "02:ab:cd:00:01:ff");
  assert.equal(macFromBytes(macToBytes(mac), 0), mac);
  assert.equal(parseMac("02:ab:cd:00:01"), undefined);
  assert.equal(multicastMac(ipv4("224.128.0.11")), "01:00:5e:00:00:0b");
});

test("no node has one of these addresses to itself", () => {
  for (const text of ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255"]) {
    assert(!isUsableUnicast(ipv4(text)), text);
  }
  for (const text of ["10.1.0.7", "192.0.2.1", "223.255.255.254"]) {
    assert(isUsableUnicast(ipv4(text)), text);
  }
});

test("RFC 6890: what is routed on the general Internet is neither private nor special", () => {
  const special =
    "0.0.0.1 10.0.0.1 100.64.0.1 127.0.0.1 169.254.1.1 172.16.0.1 192.0.0.8 192.0.2.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255";
  for (const text of special.split(" ")) assert(!isGloballyReachable(ipv4(text)), text);
  const general = "1.1.1.1 9.255.255.255 11.0.0.1 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1";
  for (const text of general.split(" ")) assert(isGloballyReachable(ipv4(text)), text);
});
