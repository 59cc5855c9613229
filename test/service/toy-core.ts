/** A core that does what the test says. */

import type { Json } from "../../shared/base/result.ts";
import type { Instant, Now } from "../../shared/base/time.ts";
import { type ForwardingState, NO_FORWARDING } from "../../shared/forwarding/state.ts";
import type { Core, Effect, Event } from "../../shared/protocol/core.ts";

export interface ToyConfig {
  readonly links: readonly string[];
}

/** Does what the test says, and remembers what it was told. */
export class ToyCore implements Core<ToyConfig> {
  readonly events: Event[] = [];
  readonly configs: ToyConfig[] = [];
  deadline: Instant | undefined;
  state: ForwardingState = NO_FORWARDING;
  react: (event: Event, now: Now) => Effect[] = () => [];

  handle(event: Event, now: Now): Effect[] {
    this.events.push(event);
    return this.react(event, now);
  }
  nextDeadline(): Instant | undefined {
    return this.deadline;
  }
  forwarding(): ForwardingState {
    return this.state;
  }
  reconfigure(config: ToyConfig): Effect[] {
    this.configs.push(config);
    return [];
  }
  query(name: string): Json | undefined {
    return name === "status" ? { state: "registered", counters: { own: 1 } } : undefined;
  }
}
