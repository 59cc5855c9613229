/** Packet I/O of which a test puts in what it has; everything else is missing. */

import { IoError, type PacketIo } from "../shared/linux/packet-io.ts";

const missing = (): never => {
  throw new IoError("ENOTSUP", "not in this test");
};

export const NO_IO: PacketIo = {
  provider: "helper",
  capabilities: new Set(),
  openTun: missing,
  openRawIp: missing,
  openUdp: missing,
  openLink: missing,
  openNetlink: missing,
  openNetfilter: missing,
  openBpf: missing,
  openGenericNetlink: missing,
  openLocal: missing,
};
