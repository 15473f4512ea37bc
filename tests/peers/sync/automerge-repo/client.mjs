// A client of an automerge-repo server, as a process of its own; see ../driver.mjs for who tells it what to do.
import fs from "node:fs"
import path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { WebSocket } from "ws"
import { fixtures, micros, serve, since } from "../driver.mjs"
globalThis.WebSocket = WebSocket // so that the bytes of the socket can be read
const { Repo } = await import("@automerge/automerge-repo")
const A = await import("@automerge/automerge")
const { WebSocketClientAdapter } = await import("@automerge/automerge-repo-network-websocket")

const { url, n, window } = JSON.parse(process.argv[2])
const adapter = new WebSocketClientAdapter(url, 500)
const messages = { up: 0, down: 0 }
let last = performance.now(), disconnects = 0
const send = adapter.send.bind(adapter)
adapter.send = message => { messages.up++; last = performance.now(); return send(message) }
adapter.on("message", () => { messages.down++; last = performance.now() })
adapter.on("peer-disconnected", () => disconnects++)
// A client that may not announce never asks either.
const repo = new Repo({ network: [adapter], sharePolicy: async () => true, isEphemeral: true })
await new Promise(ready => adapter.once("peer-candidate", ready))

const wire = () => {
  const socket = adapter.socket?._socket
  return { up: socket?.bytesWritten ?? 0, down: socket?.bytesRead ?? 0, requests: messages.up, answers: messages.down, disconnects }
}
const quiet = async (ms = 1500) => { while (performance.now() - last < ms) await sleep(50) }

function documents() {
  const bytes = fs.readFileSync(path.join(fixtures, "visits.bin"))
  const found = []
  for (let at = 0; at < bytes.length && found.length < n; ) {
    const length = bytes.readUInt32LE(at)
    found.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return found
}

async function push() {
  const visits = documents()
  const open = new Map()
  let acknowledged
  const all = new Promise(resolve => (acknowledged = resolve))
  adapter.on("message", message => {
    if (message.type !== "sync" && message.type !== "request") return
    const heads = open.get(message.documentId)
    if (heads && A.decodeSyncMessage(message.data).heads.join() === heads) {
      open.delete(message.documentId)
      if (open.size === 0 && urls.length === visits.length) acknowledged()
    }
  })
  const begun = performance.now()
  const urls = []
  for (const visit of visits) {
    const handle = repo.import(visit)
    open.set(handle.documentId, A.getHeads(handle.doc()).join())
    urls.push(handle.url)
    // Without this pause the event loop is blocked for seconds, pings go unanswered and the server hangs up.
    if (urls.length % 20 === 0) await sleep(0)
  }
  // Acknowledgements can be lost for good: give up when nothing has moved for a while.
  const whole = await Promise.race([all.then(() => true), quiet(20_000).then(() => false)])
  const figures = { whole, missing: open.size, ms: since(begun), ...wire() }
  await quiet()
  return { ...figures, urls }
}

async function pull({ urls }) {
  const begun = performance.now()
  let docs = 0
  for (let i = 0; i < urls.length; i += window) {
    const found = await Promise.allSettled(urls.slice(i, i + window).map(url => repo.find(url)))
    docs += found.filter(one => one.status === "fulfilled" && A.getHeads(one.value.doc()).length > 0).length
  }
  const ms = since(begun)
  await quiet()
  return { docs, ms, ...wire() }
}

async function reconnect() {
  adapter.disconnect()
  await sleep(300)
  Object.assign(messages, { up: 0, down: 0 })
  const begun = performance.now()
  last = begun
  adapter.connect(repo.peerId, adapter.peerMetadata)
  await adapter.whenReady()
  await quiet()
  return { ms: Math.round(last - begun), ...wire() }
}

// A record in the form of our documents: one string, a tick of a step.
const key = "cleanup/residue_removed"

async function edit({ url, edit }) {
  const handle = await repo.find(url)
  handle.change(doc => { doc.ticks[key] = new A.ImmutableString(JSON.stringify({ done: true, by: edit })) })
  return {}
}

async function watch({ url, edit }) {
  const handle = await repo.find(url)
  const has = () => String(handle.doc().ticks[key] ?? "").includes(`"${edit}"`)
  while (!has()) await new Promise(changed => handle.once("change", changed))
  return { at: micros() }
}

serve({ push, pull, reconnect, edit, watch })
