/** What an earlier life has left, in the journal or in the store that several home agents share. */

import { formatIpv4 } from "../../shared/base/address.ts";
import type { Json } from "../../shared/base/result.ts";
import type { Now } from "../../shared/base/time.ts";
import type { Effect } from "../../shared/protocol/core.ts";
import { canonicalNai } from "../../shared/protocol/identity.ts";
import { type KeptBinding, restoreBinding } from "./binding-record.ts";
import type { Binding, BindingTable } from "./bindings.ts";
import type { HaCoreConfig, HomeNetwork } from "./config.ts";
import type { LastAddresses } from "./last-addresses.ts";
import { stillAllowed } from "./networks.ts";
import type { Directory } from "./nodes.ts";
import {
  noteTimestamp,
  type RemovedNodes,
  recordedTimestamp,
  replayEffect,
  replayKeyName,
  restoreReplay,
} from "./replay-record.ts";
import type { HomeRevocations } from "./revocation.ts";

/** What the rest of the home agent is to this part. */
export interface RestoreOwner {
  readonly config: HaCoreConfig;
  readonly directory: Directory;
  readonly bindings: BindingTable;
  readonly revocations: HomeRevocations;
  readonly removed: RemovedNodes;
  readonly lastAddresses: LastAddresses;
  forward(binding: Binding, network: HomeNetwork | undefined): boolean;
}

/** Takes one record; a binding that is over, of no node of ours, or beyond the limit is forgotten. */
export function restoreRecord(owner: RestoreOwner, key: string, value: Json, now: Now): Effect[] {
  const { directory, removed, lastAddresses, config } = owner;
  const clock = { wall: now.wall, window: config.replayWindow };
  const name = replayKeyName(key);
  if (name !== undefined) {
    const named = directory.named(name);
    if (named === undefined) return [removed.remember(name, recordedTimestamp(value), clock)];
    restoreReplay(named, value);
    return [];
  }
  const last = lastAddresses.restore(key, value, directory);
  if (last !== undefined) return last;
  const kept = restoreBinding(value, now);
  const node = kept && directory.sender(kept.binding.homeAddress, kept.binding.nai);
  const proof = kept?.binding.replay === "timestamp" ? kept.binding.identification : undefined;
  if (node !== undefined && proof !== undefined) noteTimestamp(node, proof);
  if (kept !== undefined && goesOn(owner, kept, now)) return [];
  const forget: Effect = { type: "persist", key, value: null };
  if (proof === undefined) return [forget];
  if (node !== undefined) return [replayEffect(node), forget];
  const names = namesOf(kept).filter((each) => directory.named(each) === undefined);
  return [...names.map((each) => removed.remember(each, proof, clock)), forget];
}

/** Which of the two is its node's in the journal only the configuration could tell. */
function namesOf(kept: KeptBinding | undefined): string[] {
  if (kept === undefined) return [];
  const { homeAddress, nai } = kept.binding;
  return [formatIpv4(homeAddress), ...(nai === undefined ? [] : [canonicalNai(nai)])];
}

function goesOn(owner: RestoreOwner, { binding, isOver }: KeptBinding, now: Now): boolean {
  const { config, directory, bindings, revocations } = owner;
  if (isOver || bindings.size >= config.maxBindings) return false;
  const node = directory.ownerOf(binding);
  if (node?.network === undefined) return false;
  const networks = stillAllowed(binding.networks, node, config.networkPools);
  const kept = networks === binding.networks ? binding : { ...binding, networks };
  bindings.set(kept);
  revocations.restored(kept, now);
  owner.forward(kept, node.network);
  return true;
}
