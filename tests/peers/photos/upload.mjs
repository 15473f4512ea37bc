// Uploads to our server and to @tus/server, by the same client, eight at once.
import fs from "node:fs"
import path from "node:path"
import { execFileSync } from "node:child_process"
import { start } from "./doorstep.mjs"
import { Server, freePort, here, isInMemory, load, rounded } from "./measured.mjs"

const PARALLEL = 8
const BYTES = 3_000_000

const doorstep = program => async directory => {
  const { server, url, tokens } = await start(program, directory)
  return { server, url: `${url}/v1/uploads`, tokens, receipt: true }
}

const tusServer = async directory => {
  const port = await freePort()
  const server = await Server.start("node", ["tus-server.mjs", port, directory], { says: "listening" })
  return { server, url: `http://127.0.0.1:${port}/files`, tokens: [], receipt: false }
}

/** One round of both servers in memory and on disk; gives a line of figures for each. */
export async function* upload(program, onDisk, uploads) {
  if (isInMemory(onDisk)) throw new Error(`${onDisk} is in memory, and is to be on a disk`)
  for (const [storage, root] of [["memory", "/dev/shm"], ["disk", onDisk]]) {
    for (const [peer, begin] of [["Doorstep", doorstep(program)], ["@tus/server", tusServer]]) {
      const directory = fs.mkdtempSync(path.join(root, "uploads-"))
      try {
        yield { work: "upload", peer, storage, ...await measure(begin, directory, uploads) }
      } finally {
        fs.rmSync(directory, { recursive: true, force: true })
      }
    }
  }
}

async function measure(begin, directory, uploads) {
  const { server, ...target } = await begin(directory)
  // What others wrote before is not waited for here.
  execFileSync("sync")
  const before = server.usage()
  const job = JSON.stringify({ ...target, uploads, parallel: PARALLEL, bytes: BYTES })
  const seen = execFileSync("node", ["tus-client.mjs", job], { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
  const after = server.usage()
  await server.stop()
  const { wall_s, mb_per_s, p50_ms, p99_ms, client_cpu_s } = JSON.parse(seen)
  return {
    uploads, mb_per_s: rounded(mb_per_s, 1), cpu_ms_an_upload: rounded((after.cpu_s - before.cpu_s) * 1000 / uploads, 2),
    peak_rss_mib: rounded(after.peak_rss_mib, 1), idle_rss_mib: rounded(before.rss_mib, 1), p50_ms, p99_ms,
    wall_s: rounded(wall_s, 2), client_cpu_s: rounded(client_cpu_s, 2), load: load(),
  }
}
