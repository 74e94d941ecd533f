// Fails when what the browser fetches for the first page outgrows the budget: the entry of index.html, every
// chunk that it imports statically, and its style sheets, each compressed as the server sends it.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const budget_bytes_max = 180 * 1024;
const dist = new URL("../dist/", import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));

const html = read("index.html").toString();
const queue = [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const seen = new Set();
while (queue.length > 0) {
  const path = queue.pop();
  if (seen.has(path)) continue;
  seen.add(path);
  if (!path.endsWith(".js")) continue;
  const staticImport = /(?:from|import)\s*["']\.\/([^"']+\.js)["']/g;
  for (const match of read(path).toString().matchAll(staticImport)) queue.push(`assets/${match[1]}`);
}

let total = brotliCompressSync(html).length;
for (const path of [...seen].sort()) {
  const size = brotliCompressSync(read(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  total += size;
  console.log(`${(size / 1024).toFixed(1).padStart(8)} KiB  ${path}`);
}
const verdict = total <= budget_bytes_max ? "within" : "ABOVE";
console.log(
  `${(total / 1024).toFixed(1).padStart(8)} KiB  first load, brotli: ${verdict} ${budget_bytes_max / 1024} KiB`,
);
process.exitCode = total <= budget_bytes_max ? 0 : 1;
