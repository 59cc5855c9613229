/**
 * The lease and the records in Redis: two hashes of one name, which is a hash tag, so that they
 * are on one node of a Redis Cluster. What must be one step is a script there.
 */

import { Cluster, Redis } from "ioredis";
import type { Json } from "../../shared/base/result.ts";
import type { Records } from "../../shared/service/runtime/store.ts";
import type { LeaseRecord } from "./lease.ts";
import type { SharedRecords } from "./redis-store.ts";

export interface Server {
  readonly host: string;
  readonly port: number;
}

export interface RedisAccess {
  /** One server, the sentinels that know the master of a name, or some nodes of a cluster. */
  readonly at:
    | { readonly kind: "server"; readonly server: Server }
    | { readonly kind: "sentinels"; readonly sentinels: readonly Server[]; readonly master: string }
    | { readonly kind: "cluster"; readonly nodes: readonly Server[] };
  /** Who may vouch for the server, and what it knows this client by, in PEM form; `undefined`: no TLS. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Whose records: home agents of one name share them. */
  readonly name: string;
  /** Servers that must have a write beside the one that takes it; 0 with a cluster. */
  readonly replicas: number;
  /** Milliseconds; an answer that takes longer is none. */
  readonly timeout: number;
}

/** Records asked for at a time. */
const SCAN_COUNT = 1000;
/** Milliseconds between attempts to connect. */
const RECONNECT_MS = 100;
/** A connection that has been silent for so many time-outs is given up. */
const SILENT_TIMEOUTS = 4;

// A server that was started anew, or another one, may know an older record: its name is part of
// the state.
const RECORD = `
local lease = redis.call('HMGET', KEYS[1], 'holder', 'renewals')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local state = tostring(lease[1]) .. ' ' .. tostring(lease[2]) .. ' ' .. tostring(run)
`;
const LOOK = `${RECORD} return {lease[1], state}`;
const TAKE = `${RECORD}
if state ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'holder', ARGV[2], 'renewals', 0)
return 1`;
const IF_HOLDER = `if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end`;
const RENEW = `${IF_HOLDER}
redis.call('HINCRBY', KEYS[1], 'renewals', 1)
return 1`;
const RELEASE = `${IF_HOLDER}
redis.call('HSET', KEYS[1], 'holder', '')
return 1`;
const WRITE = `${IF_HOLDER}
for i = 2, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i])
  else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
return 1`;

export class RedisRecords implements SharedRecords {
  readonly #redis: Redis | Cluster;
  readonly #replicas: number;
  readonly #timeout: number;
  readonly #leaseKey: string;
  readonly #recordsKey: string;
  /** Of the connection: says more than that a command could not be sent. */
  #connectionError: string | undefined;
  #reconnect: NodeJS.Timeout | undefined;

  constructor(access: RedisAccess) {
    this.#replicas = access.replicas;
    this.#timeout = access.timeout;
    this.#leaseKey = `{mip4:${access.name}}:lease`;
    this.#recordsKey = `{mip4:${access.name}}:records`;
    this.#redis = connect(access);
    this.#redis.on("error", (error: Error) => {
      this.#connectionError = error.message;
    });
    this.#redis.on("ready", () => {
      this.#connectionError = undefined;
    });
    this.#redis.on("end", this.#onEnd);
  }

  /** ioredis gives up for good when it hears of a failover in the midst of connecting. */
  readonly #onEnd = (): void => {
    this.#reconnect = setTimeout(() => {
      this.#redis.connect().catch(() => undefined);
    }, RECONNECT_MS);
  };

  async look(): Promise<LeaseRecord> {
    const [holder, state] = (await this.#run(LOOK)) as [string | null, string];
    return { holder: holder ?? undefined, state };
  }

  async take(seen: LeaseRecord, holder: string): Promise<boolean> {
    return (await this.#run(TAKE, seen.state, holder)) === 1;
  }

  async renew(holder: string): Promise<boolean> {
    return (await this.#run(RENEW, holder)) === 1;
  }

  async release(holder: string): Promise<void> {
    await this.#run(RELEASE, holder);
  }

  async write(records: Records, holder: string): Promise<boolean> {
    const values = records.flatMap(([key, value]) => [
      key,
      value === null ? "" : JSON.stringify(value),
    ]);
    if ((await this.#run(WRITE, holder, ...values)) !== 1) return false;
    // Half of the time for an answer is left for the answer itself.
    if (this.#replicas > 0) await this.#replicated(Math.floor(this.#timeout / 2));
    return true;
  }

  /** What this connection has written is elsewhere too; who asks in vain writes it again. */
  async #replicated(milliseconds: number): Promise<void> {
    const reached = await this.#redis.wait(this.#replicas, milliseconds);
    if (reached >= this.#replicas) return;
    throw new Error(`${reached} of ${this.#replicas} replicas have the last write`);
  }

  async readAll() {
    // A key may come twice while the hash is reorganised.
    const entries = new Map<string, Json>();
    let damaged = 0;
    let cursor = "0";
    do {
      const [next, fields] = await this.#redis.hscan(this.#recordsKey, cursor, "COUNT", SCAN_COUNT);
      cursor = next;
      for (let i = 0; i + 1 < fields.length; i += 2) {
        const value = parse(fields[i + 1] ?? "");
        if (value === undefined) damaged++;
        else entries.set(fields[i] ?? "", value);
      }
    } while (cursor !== "0");
    return { entries: [...entries], damaged };
  }

  close(): void {
    this.#redis.off("end", this.#onEnd);
    clearTimeout(this.#reconnect);
    this.#redis.disconnect();
  }

  async #run(script: string, ...values: readonly string[]): Promise<unknown> {
    try {
      return await this.#redis.eval(script, 2, this.#leaseKey, this.#recordsKey, ...values);
    } catch (error) {
      throw this.#connectionError === undefined ? error : new Error(this.#connectionError);
    }
  }
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Nothing waits for a connection: what cannot be sent now fails now. */
function connect({ at, tls, database, username, password, timeout }: RedisAccess) {
  const common = {
    ...(tls === undefined ? {} : { tls: { ...tls } }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    commandTimeout: timeout,
    socketTimeout: timeout * SILENT_TIMEOUTS,
    connectTimeout: Math.max(timeout * SILENT_TIMEOUTS, 1000),
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => RECONNECT_MS,
  };
  switch (at.kind) {
    case "server":
      return new Redis({ ...common, ...at.server, db: database });
    case "sentinels":
      return new Redis({
        ...common,
        db: database,
        sentinels: [...at.sentinels],
        name: at.master,
        sentinelRetryStrategy: () => RECONNECT_MS,
        sentinelCommandTimeout: timeout * SILENT_TIMEOUTS,
        failoverDetector: true,
      });
    case "cluster":
      return new Cluster([...at.nodes], {
        redisOptions: common,
        enableOfflineQueue: false,
        clusterRetryStrategy: () => RECONNECT_MS,
        slotsRefreshTimeout: timeout * SILENT_TIMEOUTS,
      });
  }
}
