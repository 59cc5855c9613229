/**
 * Two home agents in the place of one: they share its addresses and keep their bindings in a Redis
 * server, which they reach by a network of its own.
 *
 *   inet === up0 [ha]  home0 === home       ha  .11 / .2, ha2 .12 / .3, shared: 198.51.100.1 and
 *        === up0 [ha2] home0 ===            10.1.0.1
 *                db0 of both === database: redis 10.99.0.9
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import type { Port } from "./link.ts";
import { ADDRESS, type MobileNet } from "./mobile-net.ts";
import type { LabProcess } from "./process.ts";
import { Daemon, type ProgramEvent } from "./programs.ts";
import { NODES } from "./registrants.ts";
import { bundleOf, type Session, startSession } from "./session.ts";
import { waitFor } from "./wait.ts";

const REDIS = "10.99.0.9";
const PASSWORD = "correct horse";

export const MACS = { ha: "02:00:00:00:00:a1", ha2: "02:00:00:00:00:a2" } as const;

export interface HomeAgents extends Session {
  readonly agents: readonly [Daemon, Daemon];
  /** Each one's way to the Redis server. */
  readonly ways: ReadonlyMap<Daemon, Port>;
  redis: LabProcess;
  startRedis(): Promise<void>;
}

function startRedis(db: Host, folder: string): LabProcess {
  const log = ["--logfile", join(folder, "redis.log")];
  const keeps = ["--appendonly", "yes", "--save", "", "--dir", folder];
  return db.spawn(["redis-server", "--bind", REDIS, "--requirepass", PASSWORD, ...keeps, ...log], {
    name: "redis-server",
  });
}

async function redisAnswers(db: Host): Promise<void> {
  const ping = ["redis-cli", "-h", REDIS, "-a", PASSWORD, "ping"];
  await waitFor("the Redis server", async () => (await db.exec(ping)).stdout === "PONG\n");
}

function connectBoth(net: MobileNet, database: ReturnType<MobileNet["lab"]["segment"]>) {
  const { lab, ha, places } = net;
  const uplink = ha.ports.get("up0")?.segment;
  if (uplink === undefined) throw new Error("the home agent has no uplink");
  ha.ip("addr", "flush", "dev", "home0");
  ha.ip("addr", "add", "10.1.0.2/24", "dev", "home0");
  ha.ip("addr", "add", "198.51.100.11/24", "dev", "up0");
  ha.ip("addr", "del", `${ADDRESS.homeAgent}/24`, "dev", "up0");
  ha.ip("link", "set", "up0", "address", MACS.ha);
  // It went with the last of its addresses, if it was the first.
  ha.ip("addr", "replace", "198.51.100.11/24", "dev", "up0");
  ha.ip("route", "replace", "default", "via", "198.51.100.254");
  const ha2 = lab.host("ha2", { router: true });
  ha2.connect("up0", uplink, { address: "198.51.100.12/24", mac: MACS.ha2 });
  ha2.connect("home0", places.home, { address: "10.1.0.3/24" });
  ha2.ip("route", "add", "default", "via", "198.51.100.254");
  const ways = [ha, ha2].map((host, i) =>
    host.connect("db0", database, { address: `10.99.0.${i + 1}/24` }),
  );
  return { ha2, ways };
}

/** Starts the network with the programs running; `ha` is the active one. */
export async function startHomeAgents(): Promise<HomeAgents> {
  const made: { db?: Host; ha2?: Host; ways: readonly Port[]; redis?: LabProcess } = { ways: [] };
  const session = await startSession({
    start: "foreign1",
    overrides: {
      ha: {
        mobile_node: NODES,
        store: {
          kind: "redis",
          url: `redis://${REDIS}`,
          password_file: "redis.password",
          shared_address: [
            { address: `${ADDRESS.homeAgent}/24`, interface: "up0" },
            { address: `${ADDRESS.homeLink}/24`, interface: "home0" },
          ],
        },
      },
    },
    before: async (net) => {
      const database = net.lab.segment("database");
      const db = net.lab.host("db");
      db.connect("eth0", database, { address: `${REDIS}/24` });
      Object.assign(made, { db, ...connectBoth(net, database) });
      mkdirSync(join(net.lab.directory, "etc"));
      writeFileSync(join(net.lab.directory, "etc", "redis.password"), PASSWORD, { mode: 0o600 });
      made.redis = startRedis(db, net.lab.directory);
      await redisAnswers(db);
    },
  });
  const { db, ha2, redis, ways } = made;
  if (db === undefined || ha2 === undefined || redis === undefined) throw new Error("not made");
  const { ha } = session.programs.daemons;
  const second = secondAgent(session, ha2);
  second.start();
  await standsBy(second);
  const agents = [ha, second] as const;
  const all: HomeAgents = {
    ...session,
    agents,
    ways: new Map(agents.map((agent, i) => [agent, ways[i] as Port])),
    redis,
    async startRedis() {
      all.redis = startRedis(db, session.net.lab.directory);
      await redisAnswers(db);
    },
  };
  return all;
}

/** The same configuration, with its own control socket. */
function secondAgent({ programs, net }: Session, host: Host): Daemon {
  const { files } = programs.daemons.ha;
  const own = {
    config: files.config.replace("ha.toml", "ha2.toml"),
    socket: "/run/mip4/ha2.sock",
    journal: `${files.journal}2`,
    log: join(net.lab.directory, "log", "ha2.log"),
  };
  const text = readFileSync(files.config, "utf8");
  writeFileSync(
    own.config,
    text.replaceAll(files.socket, own.socket).replaceAll(files.journal, own.journal),
  );
  const tell = (event: ProgramEvent): void => void programs.events.push(event);
  return new Daemon("ha", host, own, bundleOf("ha"), tell);
}

export async function stateOf(agent: Daemon): Promise<unknown> {
  return (await agent.query("status")).state;
}

export async function standsBy(agent: Daemon): Promise<void> {
  const question = async () => (await stateOf(agent)) === "standby";
  await waitFor("a standby", question, { timeoutMs: 10_000, everyMs: 50 }).catch((error) => {
    throw new Error(`it does not stand by; its log:\n${agent.log()}`, { cause: error });
  });
}
