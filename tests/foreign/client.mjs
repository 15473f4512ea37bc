// A foreign client of the automerge-repo door: the libraries as their authors publish them, driven line by line.
// Each line of the input is one command in JSON, each line of the output its answer.
import readline from "node:readline"
import * as Automerge from "@automerge/automerge"
import { Repo } from "@automerge/automerge-repo"
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket"

const repo = new Repo({ network: [], peerId: "javascript" })
const handles = new Map()
let adapter, gone

// How soon the adapter dials again by itself. The one that is told its addresses must not: a ticket opens one socket, and
// Node ends with the error that the adapter throws when an address is refused.
const [PARKED_MS, SOON_MS] = [600_000, 200]

// An adapter that comes back by itself: whenever it dials, it asks for a ticket first.
class Renewing extends WebSocketClientAdapter {
  constructor(url, tickets, token) {
    super(url, SOON_MS)
    Object.assign(this, { door: url, tickets, token })
    // The adapter throws what keeps it from connecting, where nobody can catch it; it dials again all the same.
    this.onError = () => {}
  }
  connect(peerId, metadata) {
    this.ticket().then(
      ticket => {
        this.url = `${this.door}?ticket=${ticket}`
        super.connect(peerId, metadata)
      },
      () => setTimeout(() => this.connect(peerId, metadata), SOON_MS),
    )
  }
  async ticket() {
    const answer = await fetch(this.tickets, { method: "POST", headers: { authorization: `Bearer ${this.token}` } })
    if (answer.status !== 201) throw new Error(`no ticket: ${answer.status}`)
    return (await answer.json()).ticket
  }
}

// Adds an adapter, and resolves with the peer it finds.
const join = mine => {
  adapter = mine
  const ready = new Promise(resolve => mine.once("peer-candidate", ({ peerId }) => resolve(peerId)))
  gone = new Promise(resolve => mine.once("peer-disconnected", resolve))
  repo.networkSubsystem.addNetworkAdapter(mine)
  return ready
}

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
    const mine = new WebSocketClientAdapter(url, PARKED_MS)
    mine.once("peer-disconnected", () => {
      // Read right after this: the adapter sets itself no alarm, which nobody could take back.
      mine.retryInterval = 0
    })
    return { peer: await join(mine) }
  },
  async stay({ url, tickets, token }) {
    return { peer: await join(new Renewing(url, tickets, token)) }
  },
  // Once the line is noticed to be cut. Who is told its addresses lets the old adapter go before it adds another, for
  // letting go says once more that the peer is gone.
  async gone() {
    await gone
    if (!(adapter instanceof Renewing)) repo.networkSubsystem.removeNetworkAdapter(adapter)
    return {}
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
