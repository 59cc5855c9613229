/** Segments (switches) and ports, and how a mobile host's port changes its segment. */

import type { Lab } from "./lab.ts";
import { monotonicMs, sleep } from "./wait.ts";

/** One broadcast domain: a Linux bridge in the switch namespace. */
export class Segment {
  readonly name: string;
  readonly lab: Lab;
  constructor(lab: Lab, name: string) {
    this.lab = lab;
    this.name = name;
  }
}

export interface MoveOptions {
  /** Milliseconds during which the station is on neither segment; the carrier is down. */
  readonly gapMs?: number;
  /** False: the far end changes bridge and the host sees no carrier change at all. */
  readonly carrier?: boolean;
}

/** When a move happened, in monotonic milliseconds. */
export interface Move {
  readonly from: string;
  readonly to: string;
  /** Read just before the old link was cut. */
  readonly leftAt: number;
  /** Read just after it was gone: what is on it until then the link loses. */
  readonly cutAt: number;
  /** Read just after the new link worked. */
  readonly joinedAt: number;
}

/** The far end of a host's interface: what a switch port or an access point is to it. */
export class Port {
  readonly ifname: string;
  /** Name of the far end in the switch namespace. */
  readonly far: string;
  segment: Segment;
  readonly #lab: Lab;

  constructor(lab: Lab, ifname: string, far: string, segment: Segment) {
    this.#lab = lab;
    this.ifname = ifname;
    this.far = far;
    this.segment = segment;
  }

  #set(argv: string): Promise<void> {
    return this.#lab.atSwitch(`link set ${this.far} ${argv}`);
  }

  /** Takes the carrier away, or gives it back. */
  setCarrier(up: boolean): void {
    this.#lab.ip(this.#lab.switchName, ["link", "set", this.far, up ? "up" : "down"]);
  }

  /**
   * Moves this interface to another segment, as a station changes access points: the host keeps
   * its interface and address, only what is behind it changes.
   */
  async move(to: Segment, { gapMs = 0, carrier = true }: MoveOptions = {}): Promise<Move> {
    const from = this.segment.name;
    await this.#lab.atSwitch(); // its process may have to start
    const leftAt = monotonicMs();
    let cutAt = leftAt;
    if (!carrier) {
      if (gapMs > 0) {
        await this.#set("nomaster");
        cutAt = monotonicMs();
        await sleep(gapMs);
      }
      await this.#set(`master ${to.name}`);
    } else {
      await this.#set("down");
      cutAt = monotonicMs();
      await this.#set(`master ${to.name}`);
      // A timer may fire a fraction of a millisecond early.
      const rest = (): number => gapMs - (monotonicMs() - leftAt);
      while (rest() > 0) await sleep(rest());
      await this.#set("up");
    }
    this.segment = to;
    return { from, to: to.name, leftAt, cutAt, joinedAt: monotonicMs() };
  }
}
