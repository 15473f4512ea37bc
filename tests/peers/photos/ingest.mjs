// Ingest of photos by both builds of ours, beside the peers that make the two copies alone.
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { load, rounded, run } from "./measured.mjs"

/** How each peer is run over some files; all of them work on one photo at a time, on one thread. */
const peers = built => {
  const ours = build => (to, files) => [[path.join(built, `ingest-${build}`), to, ...files]]
  return {
    "Doorstep, libjpeg-turbo": ours("turbo"),
    "Doorstep, Rust alone": ours("rust"),
    sharp: (to, files) => [["node", "sharp.mjs", to, ...files]],
    // The small copy from the large one, which costs the least.
    vipsthumbnail: (to, files) => {
      const large = files.map(file => path.join(to, path.basename(file, ".jpg") + "-1600.jpg"))
      return [
        ["vipsthumbnail", ...files, "--rotate", "-s", "1600x1600", "-o", `${to}/%s-1600.jpg[Q=82,strip]`],
        ["vipsthumbnail", ...large, "-s", "320x320", "-o", `${to}/%s-320.jpg[Q=82,strip]`],
      ]
    },
  }
}

/** One thread for the peers. */
const one = { VIPS_CONCURRENCY: "1", OMP_NUM_THREADS: "1" }

/** How the server has the allocator give memory back (`server/src/memory.rs`), which costs CPU. */
const server = {
  MALLOC_ARENA_MAX: "2", MALLOC_TRIM_THRESHOLD_: "262144", MALLOC_MMAP_THRESHOLD_: "131072", GLIBC_TUNABLES: "glibc.malloc.mxfast=0",
}

/** One round of all peers; gives a line of figures for each. */
export async function* ingest(built, files) {
  for (const [peer, commands] of Object.entries(peers(built))) {
    const to = fs.mkdtempSync(path.join(os.tmpdir(), "copies-"))
    const { wall_s, cpu_s, peak_rss_mib } = await run(commands(to, files), peer.startsWith("Doorstep") ? server : one)
    const copies = fs.readdirSync(to)
    const bytes = copies.reduce((sum, name) => sum + fs.statSync(path.join(to, name)).size, 0)
    fs.rmSync(to, { recursive: true })
    if (copies.length !== 2 * files.length) throw new Error(`${peer} made ${copies.length} copies of ${files.length} photos`)
    yield {
      work: "ingest", peer, photos: files.length, cpu_s_a_photo: rounded(cpu_s / files.length, 4),
      photos_per_s: rounded(files.length / wall_s, 2), peak_rss_mib: rounded(peak_rss_mib, 1),
      kb_a_photo: Math.round(bytes / files.length / 1000), load: load(),
    }
  }
}
