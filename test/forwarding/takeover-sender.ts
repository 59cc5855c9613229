/** Sends a small datagram every 10 ms: `FROM TO MILLISECONDS`. Prints how many, and how many refused. */

import { createSocket } from "node:dgram";

const [from = "", to = "", duration = ""] = process.argv.slice(2);
const socket = createSocket("udp4");
let count = 0;
let refused = 0;
socket.bind(0, from, () => {
  const timer = setInterval(() => {
    count++;
    socket.send("x", 9, to, (error) => {
      if (error !== null) refused++;
    });
  }, 10);
  setTimeout(() => {
    clearInterval(timer);
    socket.close();
    process.stdout.write(JSON.stringify({ count, refused }));
  }, Number(duration));
});
