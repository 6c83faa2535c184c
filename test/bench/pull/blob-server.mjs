// Serves one file over loopback HTTP in a process of its own, as a registry would; ends with its
// parent (standard input closes). Prints its URL.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";

const path = process.argv[2];
const sizeBytes = statSync(path).size;
const server = createServer((_, response) => {
  response.writeHead(200, {
    // The bench blocks for seconds between requests: a kept connection would be stale.
    Connection: "close",
    "Content-Length": sizeBytes,
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
  });
  createReadStream(path, { highWaterMark: 256 * 1024 }).pipe(response);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/blob`));
process.stdin.resume().on("end", () => process.exit());
