/** The store of several home agents, as the configuration has it. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Clock } from "../../shared/service/runtime/parts.ts";
import type { Store } from "../../shared/service/runtime/store.ts";
import type { StoreConfig } from "../config-store.ts";
import { redisAccess } from "./access.ts";
import { RedisRecords } from "./redis-records.ts";
import { RedisStore } from "./redis-store.ts";

export function createRedisStore(config: StoreConfig, clock: Clock): Store {
  return new RedisStore({
    records: new RedisRecords(redisAccess(config)),
    clock,
    lease: config.lease * 1000,
    holder: `${hostname()} ${randomUUID()}`,
  });
}
