/** Host configuration from the home agent (RFC 4332): asked for, and handed on to hooks. */

import { formatIpv4 } from "../../../shared/base/address.ts";
import type { JsonObject } from "../../../shared/base/result.ts";
import type { ControlExtension } from "../../../shared/wire/control-extensions.ts";
import { toHex } from "../../../shared/wire/field.ts";
import { showText } from "../../../shared/wire/show-text.ts";

/** Everything that the home agent has (RFC 4332 §3.1). */
export const HOST_CONFIGURATION_REQUEST: ControlExtension = {
  name: "host-configuration-request",
  reserved: 0,
  selector: 0,
};

/**
 * What these extensions say, in the words of the event `host-configuration`; `undefined`: nothing.
 * All of it is for others to use: this program configures no host.
 */
export function hostConfiguration(extensions: readonly ControlExtension[]): JsonObject | undefined {
  const parts = extensions.map(fieldsOf);
  const fields: JsonObject = Object.assign({}, ...parts);
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function fieldsOf(extension: ControlExtension): JsonObject {
  switch (extension.name) {
    case "home-network-prefix-length":
      return { prefix_length: extension.prefixLength };
    case "dns-server": {
      const { primaryDnsServer, secondaryDnsServer } = extension;
      const servers = [primaryDnsServer, secondaryDnsServer].filter((address) => address !== 0);
      return { dns_servers: servers.map(formatIpv4) };
    }
    case "dhcp-server":
      return { dhcp_server: formatIpv4(extension.dhcpServer) };
    case "dhcp-client-id":
      return { dhcp_client_id: toHex(extension.clientId) };
    case "default-gateway":
      return { gateway: formatIpv4(extension.defaultGateway) };
    case "dns-suffix":
      return { dns_suffix: plain(extension.dnsSuffix) };
    case "configuration-url":
      return { url: plain(extension.urlString) };
    default:
      return {};
  }
}

/** For a program's environment as it stands; `null` when there is in it what cannot be seen. */
function plain(text: string): string | null {
  return showText(text) === `"${text}"` ? text : null;
}
