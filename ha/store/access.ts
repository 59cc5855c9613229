/** Where the shared store is, from the configuration's `[store]`. */

import { isDeepStrictEqual } from "node:util";
import { assert } from "../../shared/base/result.ts";
import type { StoreConfig } from "../config-store.ts";
import { stepOf } from "./lease.ts";
import type { RedisAccess, Server } from "./redis-records.ts";

const DEFAULT_PORTS = { sentinels: 26379, cluster: 6379 } as const;

/** `redis://` or `rediss://`, a host, and a database perhaps; `undefined`: something else. */
export function parseUrl(input: string): URL | undefined {
  if (!URL.canParse(input)) return undefined;
  const url = new URL(input);
  const isKnown = url.protocol === "redis:" || url.protocol === "rediss:";
  const isPlain = `${url.username}${url.password}${url.search}${url.hash}` === "";
  return isKnown && isPlain && url.hostname !== "" && /^(\/\d{0,5})?$/.test(url.pathname)
    ? url
    : undefined;
}

/** Who takes over, and when, is agreed for as long as the program runs. */
export function refuseStoreChange(
  { store: before }: { readonly store: StoreConfig },
  { store: after }: { readonly store: StoreConfig },
): string | undefined {
  const isShared = before.kind === "redis" || after.kind === "redis";
  if (!isShared || isDeepStrictEqual(before, after)) return undefined;
  return "store: differs from what the program was started with, must be the same until a restart";
}

function serverOf(address: string, defaultPort: number): Server {
  const [host = "", port] = address.split(":");
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

export function redisAccess(config: StoreConfig): RedisAccess {
  const { username, password, name, master, replicas } = config;
  const url = config.url === undefined ? undefined : parseUrl(config.url);
  return {
    at: placeOf(config, url, master),
    tls: url?.protocol === "rediss:" ? tlsOf(config) : undefined,
    database: Number(url?.pathname.slice(1) ?? 0),
    username,
    password,
    name,
    replicas,
    timeout: stepOf(config.lease * 1000),
  };
}

function tlsOf({
  ca,
  certificate,
  private_key: key,
}: StoreConfig): NonNullable<RedisAccess["tls"]> {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
  };
}

function placeOf(
  { sentinels, cluster }: StoreConfig,
  url: URL | undefined,
  master: string,
): RedisAccess["at"] {
  const { sentinels: sentinelPort, cluster: clusterPort } = DEFAULT_PORTS;
  if (sentinels !== undefined) {
    const all = sentinels.map((one) => serverOf(one, sentinelPort));
    return { kind: "sentinels", sentinels: all, master };
  }
  if (cluster !== undefined) {
    return { kind: "cluster", nodes: cluster.map((one) => serverOf(one, clusterPort)) };
  }
  assert(url !== undefined, "checkStore lets no other configuration pass");
  return { kind: "server", server: serverOf(url.host, clusterPort) };
}
