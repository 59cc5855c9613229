/** The `run` command with its real parts. */

import { lookup } from "node:dns/promises";
import { statSync } from "node:fs";
import { ipv4 } from "../../base/address.ts";
import { createTunDriver } from "../../forwarding/tun/create.ts";
import { LinkMonitor } from "../../linux/netlink/link-monitor.ts";
import { choosePacketIo } from "../../linux/providers.ts";
import { readHostFacts } from "../config/host-facts.ts";
import { readConfig } from "../config/read.ts";
import { openControlServer } from "../control/server.ts";
import { version } from "../embedded/version.ts";
import { stderrLog } from "../log.ts";
import { openMetricsServer } from "../metrics/server.ts";
import { metricsText } from "../metrics/text.ts";
import type { CommonConfig, Program, RunOptions } from "../program.ts";
import { createClock } from "./clock.ts";
import { confine, confineBefore } from "./confine.ts";
import { giveBack } from "./give-back.ts";
import { hookPrograms } from "./hook-process.ts";
import { Journal } from "./journal.ts";
import { runWith } from "./runtime.ts";
import { writeStateFile } from "./state-file.ts";

/** Before the file has been read. */
const FIRST_LOG: CommonConfig["log"] = { level: "info", format: "text" };

/** Changes when the file is written or replaced. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

/**
 * As the system resolves names: /etc/hosts, systemd-resolved and the like are asked, too. The
 * thread of the pool that waits for it is one of four, so there is never more than one (names.ts).
 */
async function lookupName(name: string) {
  const found = await lookup(name, { family: 4, all: true });
  return found.map(({ address }) => ipv4(address));
}

/** Octets of memory and seconds of CPU time, so far. */
function usage() {
  const { user, system } = process.cpuUsage();
  return { memory: process.memoryUsage.rss(), cpu: (user + system) / 1e6 };
}

export async function runProgram<FileConfig extends CommonConfig, CoreConfig>(
  program: Program<FileConfig, CoreConfig>,
  options: RunOptions,
): Promise<number> {
  if (options.board === undefined) confineBefore(options.configFile);
  const clock = createClock();
  const engine = await program.engine();
  const runnable = { ...program, ...engine };
  return runWith(runnable, {
    load: (host) => readConfig(program, options, host),
    fileStamp: () => stampOf(options.configFile),
    hostFacts: readHostFacts,
    openPacketIo: ({ config }) => choosePacketIo("auto", { offload: config.dataplane.offload }),
    confine: ({ config, journalPath }) => confine(config, journalPath),
    openMonitor: (io) => LinkMonitor.open(io),
    createDriver: (io, { config, journalPath }, events) =>
      createTunDriver({
        io,
        config: {
          role: program.role,
          driver: config.dataplane.driver,
          ebpfMode: config.dataplane.ebpf_mode,
          routeTable: config.dataplane.route_table,
          rulePriority: config.dataplane.rule_priority,
          mtu: config.dataplane.mtu,
          df: config.dataplane.df,
          mssClamp: config.dataplane.mss_clamp,
        },
        sysctlFile: `${journalPath}.sysctl`,
        events,
      }),
    createStore: async ({ config, journalPath }) =>
      (await engine.createStore?.(config, clock)) ?? new Journal(journalPath),
    openControl: openControlServer,
    writeState: writeStateFile,
    openMetrics: (listen, { counters, source }) =>
      openMetricsServer(listen, {
        counters,
        text: () => metricsText({ ...source(), version: version(), process: usage() }),
      }),
    lookup: lookupName,
    log: stderrLog(FIRST_LOG),
    clock,
    hookPrograms,
    process,
    settled: giveBack,
  });
}
