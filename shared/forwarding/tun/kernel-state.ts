/**
 * What the kernel has of ours, as far as this process knows, and how it is brought to what is
 * wanted: network objects by `KernelNetwork`, settings by /proc/sys, visitors by nft, addresses that
 * nobody else may have by `AddressTakeover`.
 */

import type { AddressTakeover } from "../../linux/address-takeover.ts";
import type { KernelNetwork, NetworkOperation } from "../../linux/kernel-network.ts";
import type { ClampTo, NftPassages } from "../../linux/nft-passages.ts";
import type { NftVisitors } from "../../linux/nft-visitors.ts";
import type { Sysctls } from "../../linux/sysctl.ts";
import type { AddressObject } from "../kernel-objects.ts";
import {
  type ExclusiveAddressObject,
  type KernelObject,
  type Marks,
  objectKey,
  type PassageObject,
  type SysctlObject,
  type VisitorObject,
} from "../kernel-objects.ts";
import type { ObjectSet } from "../object-set.ts";
import { type Operation, type Planned, planKeys } from "../plan.ts";

interface Parts {
  readonly network: KernelNetwork;
  readonly sysctls: Sysctls;
  readonly nft: NftVisitors;
  readonly takeover: AddressTakeover;
  readonly passages: NftPassages;
}

export class KernelState {
  readonly #parts: Parts;
  readonly #marks: Marks;
  readonly #wanted: ObjectSet;
  #current = new Map<string, KernelObject>();
  /** Keys whose operation failed; tried again each time. */
  readonly #failed = new Set<string>();
  /** Addresses that the kernel removes by itself unless they are renewed. */
  readonly #limited = new Map<string, AddressObject>();
  /** What was done while the kernel is being read, of which the reader may have seen nothing. */
  #doneMeanwhile: Set<string> | undefined;
  #isFenced = false;
  /**
   * The set of passages is this run's. Until then it is that of an earlier one, whose devices go on
   * forwarding, and what this one knows of is not all that it should hold.
   */
  #hasPassages = false;

  constructor(parts: Parts, marks: Marks, wanted: ObjectSet) {
    this.#parts = parts;
    this.#marks = marks;
    this.#wanted = wanted;
  }

  /** Reads what is there. Elements of the nft set are not read: the first update writes them all. */
  async load(): Promise<void> {
    const { network, sysctls, takeover } = this.#parts;
    const done = new Set<string>();
    this.#doneMeanwhile = done;
    const objects: KernelObject[] = await network.read(this.#marks);
    const paths = new Set(sysctls.changed());
    const exclusive = new Set(takeover.addresses());
    for (const [, object] of this.#current) {
      if (object.kind === "sysctl") paths.add(object.path);
      else if (object.kind === "exclusive-address") exclusive.add(object.address);
      else if (object.kind === "visitor" || object.kind === "passage") objects.push(object);
    }
    for (const path of paths) {
      const value = sysctls.read(path);
      if (value !== undefined) objects.push({ kind: "sysctl", path, value });
    }
    for (const address of exclusive) {
      const elsewhere = await takeover.holders(address);
      objects.push({ kind: "exclusive-address", address, elsewhere });
    }
    const read = new Map(objects.map((object) => [objectKey(object), object]));
    for (const key of done) {
      const object = this.#current.get(key);
      if (object === undefined) read.delete(key);
      else read.set(key, object);
    }
    this.#doneMeanwhile = undefined;
    this.#current = read;
  }

  /** Every key that is there or wanted. */
  allKeys(): Set<string> {
    return new Set([...this.#current.keys(), ...this.#wanted.keys()]);
  }

  /**
   * Plans for these keys and does it; returns what failed, one line each. `routed` is called when
   * packets find their way; what tells visitors apart takes a program's time more. `turning` is called
   * just before and after a route changes.
   */
  async reach(
    keys: Iterable<string>,
    routed: () => void = () => undefined,
    turning: () => void = () => undefined,
  ): Promise<string[]> {
    const pending = new Set([...keys, ...this.#failed]);
    this.#failed.clear();
    const failures: string[] = [];
    const visitors: Planned[] = [];
    const operations = planKeys(pending, this.#current, this.#wanted);
    const passages = operations.filter(({ object }) => object.kind === "passage");
    // Before the routes, so that nothing finds the way into a device that nothing comes out of.
    if (passages.length > 0 && this.#hasPassages && !this.#isFenced) {
      await this.#attempt(passages, () => this.#updatePassages(passages), failures);
    }
    for (const operation of operations) {
      if (this.#isFenced) this.#failed.add(operation.key);
      else if (operation.object.kind === "passage") continue;
      else if (operation.object.kind === "visitor") visitors.push(operation);
      else {
        const isRoute = operation.object.kind === "route";
        if (isRoute) turning();
        await this.#attempt([operation], () => this.#execute(operation), failures);
        if (isRoute) turning();
      }
    }
    routed();
    if (visitors.length > 0) {
      await this.#attempt(visitors, () => this.#updateVisitors(visitors), failures);
    }
    return failures;
  }

  /** Gives every address of limited lifetime another one. */
  renew(): void {
    if (this.#isFenced) return;
    for (const [key, object] of this.#limited) {
      this.#send({ action: "replace", object }).catch(() => this.#failed.add(key));
    }
  }

  /** Removes them at once, whatever is under way, and makes nothing more until `unfence`. */
  fence(): void {
    this.#isFenced = true;
    for (const object of this.#limited.values()) {
      // It goes by itself if this fails, and is removed again with the state that wanted it.
      this.#send({ action: "remove", object }).catch(() => undefined);
    }
    this.#limited.clear();
  }

  /** What is reached from now on was declared after the fence. */
  unfence(): void {
    this.#isFenced = false;
  }

  async #send(operation: NetworkOperation): Promise<void> {
    await this.#parts.network.execute(operation, this.#marks);
  }

  /** Writes the nft set from nothing, whatever an earlier run left in it. */
  async resetVisitors(): Promise<string[]> {
    const failures: string[] = [];
    const operations = this.#all(isVisitor).map(
      (object) => ({ action: "add", object, key: objectKey(object) }) as const,
    );
    await this.#attempt(operations, () => this.#updateVisitors(operations), failures);
    return failures;
  }

  /** Writes the nft set of passages from nothing, and the rules around it. */
  async resetPassages(clampTo: ClampTo): Promise<string[]> {
    const failures: string[] = [];
    const passages = this.#all(isPassage);
    const operations = passages.map(
      (object) => ({ action: "add", object, key: objectKey(object) }) as const,
    );
    const write = () => this.#parts.passages.write(passages, clampTo);
    await this.#attempt(operations, write, failures);
    this.#hasPassages = failures.length === 0;
    return failures;
  }

  async #attempt(
    operations: readonly Planned[],
    run: () => Promise<void> | void,
    failures: string[],
  ): Promise<void> {
    try {
      // Nothing is awaited before the first request is on its way.
      await run();
      for (const { action, object, key } of operations) {
        this.#doneMeanwhile?.add(key);
        if (action === "remove") this.#current.delete(key);
        else this.#current.set(key, object);
        this.#limit(action, object);
      }
    } catch (error) {
      for (const { key } of operations) this.#failed.add(key);
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }

  #limit(action: Operation["action"], object: KernelObject): void {
    if (object.kind !== "address" || object.lifetime === undefined) return;
    if (action === "remove") this.#limited.delete(objectKey(object));
    else this.#limited.set(objectKey(object), object);
  }

  #execute(operation: Operation): Promise<void> | void {
    const { network } = this.#parts;
    if (operation.object.kind === "sysctl") return this.#set(operation.action, operation.object);
    if (operation.object.kind === "exclusive-address") {
      return this.#take(operation.action, operation.object);
    }
    return network.execute(operation as NetworkOperation, this.#marks);
  }

  #set(action: Operation["action"], { path, value }: SysctlObject): void {
    if (action === "remove") this.#parts.sysctls.restore(path);
    else this.#parts.sysctls.set(path, value);
  }

  #take(action: Operation["action"], object: ExclusiveAddressObject): Promise<void> {
    const { takeover } = this.#parts;
    if (action === "remove") return takeover.giveBack(object.address);
    // Even half done it counts as there, so that it is undone.
    this.#current.set(objectKey(object), { ...object, elsewhere: ["?"] });
    return takeover.take(object.address);
  }

  async #updateVisitors(operations: readonly Operation[]): Promise<void> {
    const added = operations.filter(({ action }) => action !== "remove");
    const removed = operations.filter(({ action }) => action === "remove");
    await this.#parts.nft.update(
      added.map(({ object }) => object).filter(isVisitor),
      removed.map(({ object }) => object).filter(isVisitor),
      () => this.#all(isVisitor),
    );
  }

  async #updatePassages(operations: readonly Operation[]): Promise<void> {
    const added = operations.filter(({ action }) => action !== "remove");
    const removed = operations.filter(({ action }) => action === "remove");
    await this.#parts.passages.update(
      added.map(({ object }) => object).filter(isPassage),
      removed.map(({ object }) => object).filter(isPassage),
      () => this.#all(isPassage),
    );
  }

  /** Wanted objects of one kind. */
  #all<T extends KernelObject>(isIt: (object: KernelObject) => object is T): T[] {
    return [...this.#wanted.keys()].flatMap((key) => this.#wanted.get(key) ?? []).filter(isIt);
  }
}

function isPassage(object: KernelObject): object is PassageObject {
  return object.kind === "passage";
}

function isVisitor(object: KernelObject): object is VisitorObject {
  return object.kind === "visitor";
}
