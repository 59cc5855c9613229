/** What a reply tells the node beside its answer: who, what for, and how a host of the home link is set. */

import { UNSPECIFIED } from "../../shared/base/address.ts";
import type { RegistrationRequest } from "../../shared/wire/control.ts";
import type { ControlExtension } from "../../shared/wire/control-extensions.ts";
import { ReplyCode } from "../../shared/wire/reply-code.ts";
import type { HaCoreConfig, HostConfiguration } from "./config.ts";
import type { Exchange } from "./reception.ts";
import type { ReplyExtensions } from "./tunnel-terms.ts";

/** Ahead of extension 32 all but the challenge, which goes to the agent. */
export function replyWords(
  config: Pick<HaCoreConfig, "identity" | "denialMessage" | "hostConfiguration">,
  { request, node, isNew }: Exchange,
  code: number,
): ReplyExtensions {
  const nai = lastOf(request, "mobile-node-nai-extension");
  const toNode = nai === undefined ? [] : [nai];
  const { identity, denialMessage, hostConfiguration } = config;
  // RFC 3846 §3.1, §4: at first, and then to those that say it themselves.
  if (identity !== undefined && (isNew || lastOf(request, "ha-identity") !== undefined)) {
    toNode.push({ name: "ha-identity", nai: identity });
  }
  const isAccepted = code === ReplyCode.accepted;
  if (isAccepted && lastOf(request, "host-configuration-request") !== undefined) {
    toNode.push(...hostExtensions(hostConfiguration, node.network?.prefix.length));
  }
  if (!isAccepted && denialMessage !== undefined) toNode.push(messageString(denialMessage));
  const challenge = lastOf(request, "mobile-foreign-challenge-extension");
  return { toNode, toAgent: challenge === undefined ? [] : [challenge] };
}

/** Text for the node's user (RFC 4917 §3). */
export function messageString(text: string): ControlExtension {
  return { name: "home-agent", text };
}

function lastOf({ extensions }: RegistrationRequest, wanted: string): ControlExtension | undefined {
  return extensions.findLast(({ name }) => name === wanted);
}

/** RFC 4332 §3: all that is known; a selection is not asked for in practice. */
function hostExtensions(
  { defaultGateway, dnsServers, dnsSuffix, url }: HostConfiguration,
  prefixLength: number | undefined,
): ControlExtension[] {
  const reserved = 0;
  const [primaryDnsServer, secondaryDnsServer = UNSPECIFIED] = dnsServers;
  const extensions: ControlExtension[] = [];
  if (prefixLength !== undefined) {
    extensions.push({ name: "home-network-prefix-length", reserved, prefixLength });
  }
  if (defaultGateway !== undefined) {
    extensions.push({ name: "default-gateway", reserved, defaultGateway });
  }
  if (primaryDnsServer !== undefined) {
    extensions.push({ name: "dns-server", reserved, primaryDnsServer, secondaryDnsServer });
  }
  if (dnsSuffix !== undefined) extensions.push({ name: "dns-suffix", reserved, dnsSuffix });
  if (url !== undefined) extensions.push({ name: "configuration-url", reserved, urlString: url });
  return extensions;
}
