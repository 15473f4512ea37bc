// The end of uploads to our server alone, on disk: what it takes from the last byte until all is hashed, synced and recorded.
import fs from "node:fs"
import path from "node:path"
import { execFileSync } from "node:child_process"
import { start } from "./doorstep.mjs"
import { here, isInMemory, load } from "./measured.mjs"

/** Bytes of an upload, and which share of the uploads is made of this size: large ones take long to send. */
const SIZES = [[3_000_000, 1], [16_000_000, 1 / 4], [100_000_000, 1 / 16]]

/** The last byte by a PATCH of its own, when the server has let go of the others, or along with all. */
const LAST = ["apart", "along"]

const AT_ONCE = [1, 8]

/** Fewer say nothing of their slowest. */
const FEWEST = 8

// The default takes no file of 100 MB, and 600 requests a minute from a person.
const SETTINGS = { limits: { blob_bytes: 128 << 20, user_per_minute: 600_000, tenant_per_minute: 6_000_000 } }

/** One round; gives a line of figures for each size, way and number at once. */
export async function* finish(program, onDisk, uploads) {
  if (isInMemory(onDisk)) throw new Error(`${onDisk} is in memory, and is to be on a disk`)
  for (const [bytes, part] of SIZES) {
    const directory = fs.mkdtempSync(path.join(onDisk, "finish-"))
    try {
      yield* measure(program, directory, bytes, Math.max(FEWEST, Math.round(uploads * part)))
    } finally {
      fs.rmSync(directory, { recursive: true, force: true })
    }
  }
}

async function* measure(program, directory, bytes, uploads) {
  const { server, url, tokens } = await start(program, directory, SETTINGS)
  let first = 0
  for (const last of LAST) {
    for (const parallel of AT_ONCE) {
      // What was written before, here or by others, is not waited for.
      execFileSync("sync")
      const job = JSON.stringify({ url: `${url}/v1/uploads`, tokens, last, parallel, uploads, first, bytes })
      const seen = execFileSync("node", ["finish-client.mjs", job], { cwd: here, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
      first += uploads
      yield { work: "finish", mb: bytes / 1e6, last, at_once: parallel, uploads, ...JSON.parse(seen), load: load() }
    }
  }
  await server.stop()
}
