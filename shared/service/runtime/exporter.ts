/** The Prometheus exporter of a running program: opened, moved and closed as its file says. */

import { formatIpv4 } from "../../base/address.ts";
import type { Counters } from "../../base/counters.ts";
import type { Json } from "../../base/result.ts";
import type { Closable } from "../../linux/packet-io.ts";
import { isObject } from "../json.ts";
import { isLoopback, type Listen, parseListen } from "../metrics/listen.ts";
import type { MetricsFacts } from "../metrics/text.ts";
import type { CommonConfig, Runnable } from "../program.ts";
import { explainError } from "./explain.ts";
import type { Log, Parts } from "./parts.ts";
import type { Problems } from "./problems.ts";

const PROBLEM = "metrics";

type Opener = Pick<Parts<CommonConfig, unknown>, "openMetrics" | "log">;

export class Exporter {
  readonly #open: (listen: Listen) => Promise<Closable>;
  readonly #problems: Problems;
  readonly #log: Log;
  #wanted: string | undefined;
  #server: Closable | undefined;
  /** One thing at a time: an address is free again before it is taken anew. */
  #running: Promise<void> = Promise.resolve();

  /** `query` answers `status` and `tunnels`, as the control socket does. */
  constructor(
    { role, metrics }: Pick<Runnable<CommonConfig, unknown>, "role" | "metrics">,
    { openMetrics, log }: Opener,
    counters: Counters,
    problems: Problems,
    query: (name: string) => Json | undefined,
  ) {
    const source = (): MetricsFacts => {
      const status = query("status");
      const tunnels = query("tunnels");
      return {
        role,
        metrics,
        status: isObject(status) ? status : {},
        tunnels: Array.isArray(tunnels) ? tunnels : [],
      };
    };
    this.#open = (listen) => openMetrics(listen, { counters, source });
    this.#problems = problems;
    this.#log = log;
  }

  /** `listen` as the file has it; `undefined`: no exporter. */
  rewire(listen: string | undefined): void {
    if (listen === this.#wanted) return;
    this.#wanted = listen;
    this.#problems.drop(PROBLEM);
    this.#running = this.#running.then(() => {
      this.#server?.close();
      this.#server = undefined;
    });
    this.refresh();
  }

  /** Opens what is wanted and not open. */
  refresh(): void {
    this.#running = this.#running.then(() => this.#openWanted());
  }

  async close(): Promise<void> {
    this.rewire(undefined);
    await this.#running;
  }

  async #openWanted(): Promise<void> {
    const wanted = this.#wanted;
    const listen = wanted === undefined ? undefined : parseListen(wanted);
    if (this.#server !== undefined || listen === undefined) return;
    try {
      this.#server = await this.#open(listen);
      this.#problems.set(PROBLEM, undefined);
    } catch (error) {
      this.#problems.set(PROBLEM, explainError(error));
      return;
    }
    if (isLoopback(listen.address)) return;
    this.#log.write("warning", "metrics: whoever reaches this address can read them", {
      address: formatIpv4(listen.address),
      port: listen.port,
    });
  }
}
