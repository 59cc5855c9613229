/** Errors of the kernel in one line for a person: what is missing, and how to get it. */

const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /\/dev\/net\/tun.*(ENOENT|ENODEV|ENXIO)|(ENOENT|ENODEV|ENXIO).*\/dev\/net\/tun/,
    "there is no TUN driver: `modprobe tun` (OpenWrt: install kmod-tun)",
  ],
  [
    /\/dev\/net\/tun.*EACCES|EACCES.*\/dev\/net\/tun/,
    "this user may not open the TUN driver: run as root, or allow it (`chmod 0666 /dev/net/tun`)",
  ],
  [
    /TUN device.*EBUSY/,
    "another program has this device: set another `dataplane.route_table` in one of the two",
  ],
  [
    /EPERM|EACCES/,
    "CAP_NET_ADMIN and CAP_NET_RAW are needed: run as root, or give the service both capabilities",
  ],
  [/EADDRINUSE/, "another program has this address and port: stop it, or change the address"],
  [/EADDRNOTAVAIL/, "no interface has this address yet"],
  [/ENOSPC|EDQUOT/, "the disk is full"],
  [/EROFS/, "the file system is read-only: set `state.path` to a place that can be written"],
];

/** Our own mistake, not the machine's: its stack is wanted. */
function isOurs(error: unknown): error is Error {
  if (!(error instanceof Error) || "code" in error) return false;
  return error.name !== "Error" || error.message.startsWith("internal error");
}

/** The error's own words, and the hint for it when there is one. */
export function explainError(error: unknown): string {
  if (isOurs(error)) return error.stack ?? error.message;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const text = message.includes(code) ? message : `${message}: ${code}`;
  const hint = HINTS.find(([pattern]) => pattern.test(text))?.[1];
  return hint === undefined ? text : `${text} (${hint})`;
}

/** The errno name alone, for a counter. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EUNKNOWN";
}
