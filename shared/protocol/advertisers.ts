/** The advertisers of an agent, one a link, as its configuration names them. */

import type { Counters } from "../base/counters.ts";
import type { Random } from "../base/random.ts";
import type { JsonObject } from "../base/result.ts";
import { earliest, type Instant, type Now } from "../base/time.ts";
import { Advertiser } from "./advertiser.ts";
import type { AdvertisementExtras, AdvertisingConfig } from "./advertising-config.ts";
import type { Effect, IcmpReceived, LinkChanged } from "./core.ts";

export class Advertisers {
  readonly #random: Random;
  readonly #counters: Counters;
  readonly #extras: AdvertisementExtras | undefined;
  readonly #byInterface = new Map<string, Advertiser>();

  constructor(
    configs: readonly AdvertisingConfig[],
    random: Random,
    counters: Counters,
    extras?: AdvertisementExtras,
  ) {
    this.#extras = extras;
    this.#random = random;
    this.#counters = counters;
    for (const config of configs) this.#add(config);
  }

  get(name: string): Advertiser | undefined {
    return this.#byInterface.get(name);
  }

  all(): IterableIterator<Advertiser> {
    return this.#byInterface.values();
  }

  /** Links that stay go on; the others get their last advertisement. */
  reconfigure(configs: readonly AdvertisingConfig[], now: Now): Effect[] {
    const effects: Effect[] = [];
    const wanted = new Map(configs.map((config) => [config.interface, config]));
    for (const [name, advertiser] of this.#byInterface) {
      const config = wanted.get(name);
      if (config !== undefined) {
        effects.push(...advertiser.reconfigure(config, now));
      } else {
        effects.push(...advertiser.stop());
        this.#byInterface.delete(name);
      }
    }
    for (const [name, config] of wanted) if (!this.#byInterface.has(name)) this.#add(config);
    return effects;
  }

  linkChanged(event: LinkChanged, now: Now): Effect[] {
    return this.get(event.interface)?.linkChanged(event.link, now) ?? [];
  }

  solicited(event: IcmpReceived, now: Now): Effect[] {
    if (event.interface === undefined) return [];
    return this.get(event.interface)?.solicited(event, now) ?? [];
  }

  /** Rows of `advertising` in the status: seconds, `age` null while a link cannot be advertised on. */
  status(now: Now): JsonObject[] {
    return [...this.#byInterface].map(([name, advertiser]) => ({
      interface: name,
      age: advertiser.age(now) ?? null,
      max_interval: advertiser.config.maxInterval,
    }));
  }

  nextDeadline(): Instant | undefined {
    let next: Instant | undefined;
    for (const each of this.all()) next = earliest(next, each.nextDeadline());
    return next;
  }

  tick(now: Now): Effect[] {
    return [...this.all()].flatMap((each) => each.tick(now));
  }

  /** RFC 1256 §4.3: an orderly end. */
  stop(): Effect[] {
    return [...this.all()].flatMap((each) => each.stop());
  }

  #add(config: AdvertisingConfig): void {
    const advertiser = new Advertiser(config, this.#random, this.#counters, this.#extras);
    this.#byInterface.set(config.interface, advertiser);
  }
}
