// A PouchDB client as a process of its own; see ../driver.mjs for who tells it what to do.
import fs from "node:fs"
import path from "node:path"
import { createRequire } from "node:module"
import { fixtures, micros, serve, since } from "../driver.mjs"

const { url, n, directory } = JSON.parse(process.argv[2])
const PouchDB = createRequire(import.meta.url)("pouchdb").defaults({ prefix: directory + path.sep })
const [local, remote] = [new PouchDB("visits"), new PouchDB(url)]
await remote.info()

const replicate = async (from, to) => {
  const begun = performance.now()
  const { ok, docs_written: docs } = await PouchDB.replicate(from, to)
  return { ok, docs, ms: since(begun) }
}
const waiting = new Map()

serve({
  async write() {
    const visits = JSON.parse(fs.readFileSync(path.join(fixtures, "visits.json"))).slice(0, n)
    await local.bulkDocs(visits.map(visit => ({ _id: visit.visit_id, ...visit })))
    return { ids: visits.map(visit => visit.visit_id) }
  },
  push: () => replicate(local, remote),
  pull: () => replicate(remote, local),
  async edit({ id, edit, push }) {
    await local.put({ ...(await local.get(id)), edit })
    return push ? replicate(local, remote) : {}
  },
  async follow({ way }) {
    const [from, to] = way === "up" ? [local, remote] : [remote, local]
    const settled = PouchDB.replicate(from, to, { live: true, retry: true })
    settled.on("error", () => {})
    await new Promise(paused => settled.once("paused", paused))
    local.changes({ live: true, since: "now", include_docs: true })
      .on("change", change => waiting.get(change.doc.edit)?.(micros()))
    return {}
  },
  watch: ({ edit }) => new Promise(seen => waiting.set(edit, at => seen({ at }))),
})
