/**
 * One core and its way out, for as long as this machine may act on what is stored. The next time
 * it may, another core begins with what the store has by then.
 */

import type { ForwardingState } from "../../forwarding/state.ts";
import type { Core, Effect } from "../../protocol/core.ts";
import { Loop } from "./loop.ts";
import { Outbox } from "./outbox.ts";
import type { Clock } from "./parts.ts";
import type { Problems } from "./problems.ts";
import type { Store } from "./store.ts";

export interface TenureOptions<CoreConfig> {
  readonly core: Core<CoreConfig>;
  readonly store: Store;
  readonly problems: Problems;
  readonly clock: Clock;
  readonly waitsForDisk: boolean;
  readonly carryOut: (effect: Effect) => void;
  readonly forward: (state: ForwardingState) => void;
  /** Called with the milliseconds slept. */
  readonly overslept: ((milliseconds: number) => void) | undefined;
}

export class Tenure<CoreConfig> {
  readonly loop: Loop<CoreConfig>;
  readonly outbox: Outbox;

  constructor(options: TenureOptions<CoreConfig>) {
    this.outbox = new Outbox(options);
    this.loop = new Loop({
      ...options,
      effects: (effects) => this.outbox.push(effects),
    });
  }

  /** No event reaches the core after this, and nothing that waited leaves. */
  end(): void {
    this.loop.stop();
    this.outbox.discard();
  }
}
