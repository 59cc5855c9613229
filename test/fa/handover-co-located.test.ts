/** Fast handovers of nodes with a co-located care-of address (RFC 4988), at both access routers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastHandoverConfig } from "../../fa/core/handover/config.ts";
import { type Ipv4, ipv4, type Mac, networkOf } from "../../shared/base/address.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import {
  AddressCode,
  addressIn,
  addressOption,
  LinkLayerCode,
  macOption,
} from "../../shared/protocol/fast-handover.ts";
import { encodeIcmp } from "../../shared/wire/icmp.ts";
import {
  acknowledgmentIn,
  answers,
  carryIcmp,
  itemOf,
  messageIn,
  NEXT,
  nodeRouter,
  oneRouted,
  router,
  updateBytes,
} from "./handover-harness.ts";
import { type Bench, FA, NODE_MAC, reports } from "./harness.ts";

const PCOA = ipv4("192.0.2.40");
const GIVEN = ipv4("192.0.2.100");
const pool = { first: GIVEN, last: GIVEN };
const coLocated = [networkOf({ address: ipv4("192.0.2.32"), length: 28 })];

/** The node registers an address of its own through this agent. */
function registerAt(bench: Bench, address: Ipv4, destination: Ipv4 = FA): void {
  bench.register({
    foreignContext: nodeRouter,
    fields: { flags: 0x22, careOfAddress: address },
    event: { source: address, destination },
  });
}

function previous(changes: Partial<FastHandoverConfig> = { coLocated }): Bench {
  const par = router(FA, changes);
  registerAt(par, PCOA);
  par.pass(1);
  return par;
}

function update(par: Bench, homeAddress = PCOA, linkSource: Mac = NODE_MAC): Effect[] {
  const bytes = updateBytes(par, { fields: { homeAddress } });
  return par.deliver(bytes, { destination: FA, source: homeAddress, linkSource });
}

const codeIn = (effects: readonly Effect[]): number | undefined => {
  const [answer] = answers(effects).toNode;
  return answer && acknowledgmentIn(answer).code;
};

test("RFC 4988 §1, §4.2: the binding is of the co-located address; HI asks for another one, and the pool's is in the acknowledgment [4988-1-03, 4988-4.2-20, 4988-4.2-21, 4988-5.5-03]", () => {
  const par = previous();
  const nar = router(NEXT, { pool });
  const asked = oneRouted(update(par));
  const hi = messageIn(asked, "hi");
  assert.deepEqual([hi.code, hi.flags], [0, 3]);
  assert.equal(addressIn(hi.extensions, AddressCode.previous), PCOA);
  const [answer] = answers(carryIcmp(par, oneRouted(carryIcmp(nar, asked)))).toNode;
  assert(answer !== undefined);
  const { code, homeAddress, extensions } = acknowledgmentIn(answer);
  assert.deepEqual([answer.destination, homeAddress, code], [PCOA, PCOA, 1]);
  const [option] = extensions;
  assert(option?.name === "new-ipv4-address-option" && option.newIpv4Address === GIVEN);
  const leaving = itemOf(par, "handover/192.0.2.40");
  assert(leaving?.kind === "handover" && leaving.intercept);
  assert.deepEqual(leaving.tunnel, { local: FA, remote: NEXT });
  const guest = itemOf(nar, "guest/192.0.2.40");
  assert(guest?.kind === "visitor" && guest.reverse && guest.homeAgent === FA);
});

test("RFC 4988 §7: a registered node moves no address but one of those that are for nodes, and none that another station has registered", () => {
  const other = "02:00:00:00:00:66" as Mac;
  const outside = previous({ coLocated: [] });
  const effects = update(outside);
  assert.equal(codeIn(effects), 129);
  assert.equal(reports(effects, "handover-refused").length, 1);
  assert.equal(itemOf(outside, "handover/192.0.2.40"), undefined);
  // What this agent has given out itself needs no word.
  assert.equal(codeIn(update(previous({ pool: { first: PCOA, last: PCOA } }))), undefined);
  const par = router(FA, { coLocated });
  registerAt(par, PCOA);
  par.register({
    fields: { homeAddress: ipv4("10.1.0.8"), flags: 0x22, careOfAddress: PCOA },
    event: { source: PCOA, linkSource: other },
  });
  par.pass(1);
  assert.equal(messageIn(oneRouted(update(par)), "hi").code, 0);
});

test("RFC 4988 §4.2: an address of the pool is for one node's exclusive use for as long as that is registered with it [4988-4.2-20]", () => {
  const nar = router(NEXT, { pool, authenticate: false });
  const ask = (mac: Mac, last: number) => {
    const extensions = [
      macOption(LinkLayerCode.mobileNode, mac),
      addressOption(AddressCode.previous, ipv4(`192.0.2.${last}`)),
    ];
    const asked = oneRouted(update(previous({ coLocated, authenticate: false })));
    const message = { ...messageIn(asked, "hi"), extensions };
    const hack = oneRouted(carryIcmp(nar, { ...asked, payload: encodeIcmp(message) }));
    return addressIn(messageIn(hack, "hack").extensions, AddressCode.new);
  };
  assert.equal(ask(NODE_MAC, 40), GIVEN);
  registerAt(nar, GIVEN, NEXT);
  nar.pass(60);
  nar.run(1);
  const other = "02:00:00:00:00:66" as Mac;
  assert.equal(ask(other, 41), undefined);
  assert.equal(ask(NODE_MAC, 42), GIVEN);
});
