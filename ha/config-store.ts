/** The `[store]` table: where bindings are kept, by this machine or by several that share them. */

import * as z from "zod";
import { formatIpv4, isUsableUnicast, parsePrefix } from "../shared/base/address.ts";
import { journalPath } from "../shared/service/config/sections.ts";
import {
  choice,
  integer,
  interfaceName,
  mustBe,
  prefixOf,
  seconds,
  table,
  tables,
  text,
} from "../shared/service/config/values.ts";
import type { ConfigFault } from "../shared/service/program.ts";
import type { SharingConfig } from "./core/config.ts";
import { parseUrl } from "./store/access.ts";
import { heldFor } from "./store/lease.ts";

/** Each node's records and whatever else there is go by this name. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

function redisUrl() {
  const error = mustBe(
    "a URL like redis://192.0.2.9:6379/0, or rediss:// for TLS, without user and password",
  );
  return z
    .string({ error })
    .refine((input) => parseUrl(input) !== undefined, { error })
    .meta({ title: "URL" });
}

function servers(example: string) {
  const error = mustBe(`an array of servers, at least one, like ["${example}"]`);
  return z
    .array(z.string({ error }).regex(/^[^\s:/[\]]+(:\d{1,5})?$/, { error }), { error })
    .min(1, { error });
}

function addressInNetwork() {
  const error = mustBe("an address with its prefix length, like 198.51.100.1/24");
  const check = (input: string): boolean => {
    const prefix = parsePrefix(input);
    return prefix !== undefined && isUsableUnicast(prefix.address);
  };
  return z
    .string({ error })
    .refine(check, { error })
    .meta({ title: "IPv4 address with prefix length" });
}

export const store = table({
  kind: choice(["journal", "redis"])
    .default("journal")
    .describe(
      "Where bindings are kept: a journal, one file; or Redis, for several home agents of which one acts.",
    ),
  path: journalPath("/var/lib/mip4/ha.journal", "bindings and replay state"),
  url: redisUrl()
    .optional()
    .describe("The Redis server, if it is one alone; rediss:// speaks TLS to it."),
  sentinels: servers("192.0.2.9:26379")
    .optional()
    .describe("The Sentinels that know which server of `master` is the master now."),
  master: text("the name of a master")
    .default("mymaster")
    .describe("What the Sentinels call the group of servers."),
  cluster: servers("192.0.2.9:6379")
    .optional()
    .describe("Some nodes of a Redis Cluster; the others are found from them."),
  username: text("a name").optional().describe("User of an access control list of Redis."),
  password: text("a password", 4096)
    .optional()
    .describe("The password for Redis; better in a file."),
  password_file: text("the path of a file that holds the password", 4096)
    .meta({ title: "path" })
    .optional()
    .describe(
      "File with the password, relative to this file's directory; mode 0600 or 0400, else it is refused.",
    ),
  ca: text("certificates in PEM form", 1 << 20)
    .optional()
    .describe(
      "With TLS: the authorities that may vouch for the server; better in a file. Without it those that Node knows.",
    ),
  ca_file: text("the path of a file in PEM form", 4096)
    .meta({ title: "path" })
    .optional()
    .describe(
      "File with the authorities that may vouch for the server, relative to this file's directory.",
    ),
  certificate: text("a certificate in PEM form", 1 << 20)
    .optional()
    .describe("With TLS: by which the server knows this home agent; better in a file."),
  certificate_file: text("the path of a file in PEM form", 4096)
    .meta({ title: "path" })
    .optional()
    .describe("File with the certificate by which the server knows this home agent."),
  private_key: text("a private key in PEM form", 1 << 20)
    .optional()
    .describe("The key of `certificate`; better in a file."),
  private_key_file: text("the path of a file in PEM form", 4096)
    .meta({ title: "path" })
    .optional()
    .describe("File with the key of `certificate`; mode 0600 or 0400, else it is refused."),
  replicas: integer(0, 8)
    .default(0)
    .describe(
      "Redis servers that must have a write, beside the one that takes it, before a node is answered. With 0 a failover of Redis may lose the last writes. Not with a cluster.",
    ),
  name: z
    .string({ error: mustBe("a name of letters, digits, '.', '_' and '-'") })
    .regex(NAME, { error: mustBe("a name of letters, digits, '.', '_' and '-'") })
    .default("ha")
    .describe("Home agents of one name share bindings, and one of them acts; others keep apart."),
  lease: seconds(1.5, 300)
    .default(1.5)
    .describe(
      "Seconds after which another home agent takes over from one that is silent. One that cannot reach Redis stops by itself after two thirds of it.",
    ),
  shared_address: tables(
    table({
      address: addressInNetwork().describe("The address, with the prefix length of its network."),
      interface: interfaceName().describe("Where the active home agent has it."),
    }),
  )
    .default([])
    .describe(
      "Addresses that the active home agent puts on its interfaces, with redis: `address`, and those by which others reach the home networks.",
    ),
})
  .prefault({})
  .describe("What outlives the program.");

export type StoreConfig = z.output<typeof store>;

const PLACES = ["url", "sentinels", "cluster"] as const;

export function checkStore(config: StoreConfig, address: string): ConfigFault[] {
  const given = PLACES.filter((key) => config[key] !== undefined);
  if (config.kind === "journal") {
    const keys = [...given, ...(config.shared_address.length > 0 ? ["shared_address"] : [])];
    const message = 'given while kind is "journal", must be left out, or kind "redis"';
    return keys.map((key) => ({ key: `store.${key}`, message }));
  }
  const faults: ConfigFault[] = checkTls(config);
  if (config.replicas > 0 && config.cluster !== undefined) {
    const message = `${config.replicas} with cluster, must be 0: there nobody can wait for replicas`;
    faults.push({ key: "store.replicas", message });
  }
  if (given.length !== 1) {
    const found = given.length === 0 ? "none of" : "more than one of";
    const message = `"redis" with ${found} url, sentinels and cluster, must be with one of them`;
    faults.push({ key: "store.kind", message });
  }
  if (
    !config.shared_address.some(
      (row) => formatIpv4(prefixOf({ prefix: row.address }).address) === address,
    )
  ) {
    const message = `${address} is not among them, must be the address of one of them`;
    faults.push({ key: "store.shared_address", message });
  }
  return faults;
}

const TLS_KEYS = ["ca", "certificate", "private_key"] as const;

function checkTls(config: StoreConfig): ConfigFault[] {
  if (!config.url?.startsWith("rediss:")) {
    const message = "given without TLS, must be left out, or url a rediss:// one";
    const keys = TLS_KEYS.filter((key) => config[key] !== undefined);
    return keys.map((key) => ({ key: `store.${key}`, message }));
  }
  if ((config.certificate === undefined) === (config.private_key === undefined)) return [];
  const [given, lacks] =
    config.certificate === undefined
      ? ["private_key", "certificate"]
      : ["certificate", "private_key"];
  return [{ key: `store.${given}`, message: `given without ${lacks}, must be with it` }];
}

export function sharingOf(config: StoreConfig): SharingConfig | undefined {
  if (config.kind !== "redis") return undefined;
  return {
    addresses: config.shared_address.map((row) => ({
      interface: row.interface,
      prefix: prefixOf({ prefix: row.address }),
    })),
    // The kernel counts whole seconds.
    lifetime: Math.floor(heldFor(config.lease * 1000) / 1000),
  };
}
