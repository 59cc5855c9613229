/** `decode`: explains Mobile IPv4 messages, from hex or from a capture. */

import { type CommandSpec, EXIT, JSON_OPTION } from "./commands.ts";

export const decodeCommand: CommandSpec = {
  name: "decode",
  arguments: [],
  summary: "explain Mobile IPv4 messages",
  options: [
    { name: "hex", value: "bytes", summary: "a UDP port 434 payload in hex" },
    { name: "icmp", summary: "the hex is an ICMP message" },
    {
      name: "pcap",
      value: "file",
      summary: "a capture, pcap or pcapng, searched for both, in tunnels too",
    },
    {
      name: "key",
      value: "spi:hex",
      isSecret: true,
      summary: "check authenticators of this SPI with this key; can be given several times",
    },
    JSON_OPTION,
  ],
  exits: {
    [EXIT.ok]: "every message found is well-formed",
    [EXIT.failed]: "a message is malformed or the file cannot be read; the rest has been decoded",
  },
  action: async (invocation) => (await import("./decode-run.ts")).decode(invocation),
};
