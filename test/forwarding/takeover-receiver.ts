/** Waits for one datagram on port 9 and prints when it came, in milliseconds since the epoch. */

import { createSocket } from "node:dgram";

const socket = createSocket("udp4");
socket.once("message", () => {
  process.stdout.write(String(performance.timeOrigin + performance.now()));
  socket.close();
});
socket.bind(9);
