/** All golden vectors. */

import { agentDiscovery } from "./agent-discovery.ts";
import { agentExtensions } from "./agent-extensions.ts";
import { agentMessages } from "./agent-messages.ts";
import { authentication } from "./authentication.ts";
import { discoveryExtensions } from "./discovery-extensions.ts";
import { fastHandover } from "./fast-handover.ts";
import { handoverMessages } from "./handover-messages.ts";
import { hostConfiguration } from "./host-configuration.ts";
import { hostStack } from "./host-stack.ts";
import { keyGeneration } from "./key-generation.ts";
import { legacyAndExperimental } from "./legacy-and-experimental.ts";
import { linkLayer } from "./link-layer.ts";
import { namesAndStrings } from "./names-and-strings.ts";
import { proxyAndMobileNetworks } from "./proxy-and-mobile-networks.ts";
import { registration } from "./registration.ts";
import { routeOptimizationExtensions } from "./route-optimization-extensions.ts";
import { routeOptimizationMessages } from "./route-optimization-messages.ts";
import { routesAndPaths } from "./routes-and-paths.ts";
import { tunnelAndNodeExtensions } from "./tunnel-and-node-extensions.ts";
import { tunnelHeaders } from "./tunnel-headers.ts";
import type { GoldenVector } from "./vector.ts";
import { vendorSpecific } from "./vendor-specific.ts";

export const goldenVectors: readonly GoldenVector[] = [
  ...registration,
  ...agentMessages,
  ...handoverMessages,
  ...routeOptimizationMessages,
  ...agentDiscovery,
  ...fastHandover,
  ...tunnelHeaders,
  ...authentication,
  ...hostConfiguration,
  ...keyGeneration,
  ...routeOptimizationExtensions,
  ...tunnelAndNodeExtensions,
  ...vendorSpecific,
  ...namesAndStrings,
  ...linkLayer,
  ...agentExtensions,
  ...proxyAndMobileNetworks,
  ...hostStack,
  ...routesAndPaths,
  ...legacyAndExperimental,
  ...discoveryExtensions,
];
