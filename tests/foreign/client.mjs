// A foreign client of the automerge-repo door: the libraries as their authors publish them, driven line by line.
// Each line of the input is one command in JSON, each line of the output its answer.
import readline from "node:readline"
import * as Automerge from "@automerge/automerge"
import { Repo } from "@automerge/automerge-repo"
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"

const repo = new Repo({ network: [], peerId: "javascript" })
const handles = new Map()
let adapter

const open = async id => {
  if (!handles.has(id)) handles.set(id, await repo.find(`automerge:${id}`))
  return handles.get(id)
}

// The document once it holds a key; the repository of a client tells by events.
const holding = (handle, map, key) =>
  new Promise(resolve => {
    const look = () => {
      const record = handle.doc()?.[map]?.[key]
      if (record === undefined) return
      handle.off("change", look)
      resolve(String(record))
    }
    handle.on("change", look)
    look()
  })

const commands = {
  async connect({ url }) {
    adapter = new WebSocketClientAdapter(url, 600_000)
    const ready = new Promise(resolve => adapter.on("peer-candidate", ({ peerId }) => resolve(peerId)))
    repo.networkSubsystem.addNetworkAdapter(adapter)
    return { peer: await ready }
  },
  async disconnect() {
    repo.networkSubsystem.removeNetworkAdapter(adapter)
    return {}
  },
  async find({ id }) {
    try {
      const handle = await open(id)
      return { heads: Automerge.getHeads(handle.doc()).sort() }
    } catch (error) {
      return { missing: String(error.message) }
    }
  },
  async findMany({ ids }) {
    // Fifty at once: of a thousand at once the library itself gives many up.
    const heads = []
    for (let at = 0; at < ids.length; at += 50) {
      const some = ids.slice(at, at + 50).map(id => commands.find({ id }))
      heads.push(...(await Promise.all(some)).map(found => found.heads ?? null))
    }
    return { heads }
  },
  async put({ id, map, key, record }) {
    const handle = await open(id)
    // A record is one scalar: a plain string would become a text object.
    handle.change(doc => {
      doc[map][key] = new Automerge.ImmutableString(record)
    })
    return { heads: Automerge.getHeads(handle.doc()).sort() }
  },
  // What the door refuses: a text object where a record belongs.
  async putText({ id, map, key, text }) {
    const handle = await open(id)
    handle.change(doc => {
      doc[map][key] = text
    })
    return { heads: Automerge.getHeads(handle.doc()).sort() }
  },
  async wait({ id, map, key }) {
    return { record: await holding(await open(id), map, key) }
  },
  async create() {
    const handle = repo.create({ hello: "from a foreign client" })
    return { id: handle.documentId }
  },
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...args } = JSON.parse(line)
  process.stdout.write(JSON.stringify(await commands[command](args)) + "\n")
}
process.exit(0)
