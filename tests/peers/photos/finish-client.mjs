// node finish-client.mjs JSON   times the end of uploads: from the last byte to the answer that says that all is durable
// JSON: { url, parallel, uploads, first, bytes, tokens, last }; `first` is the number of the first upload, of which no two are
// alike. With `last` "apart" all bytes but one come by a PATCH that is answered, and the last one by a PATCH of its own, timed
// from its sending; with "along" all come by one PATCH, timed from when the system has taken the last byte.
import crypto from "node:crypto"
import http from "node:http"
import { expect, metadata, noise, requests, share } from "./tus.mjs"

const { url, parallel, uploads, first, bytes, tokens, last } = JSON.parse(process.argv[2])
const endpoint = new URL(url)
const agent = new http.Agent({ keepAlive: true, maxSockets: parallel })
const request = requests(agent)

// Uploads differ in the eight bytes before these, which all workers share: of large ones there is no room for more.
const common = noise(bytes - 8)
const head = number => { const own = Buffer.alloc(8); own.writeBigUInt64BE(BigInt(number)); return own }
const digest = number => crypto.createHash("sha256").update(head(number)).update(common).digest("hex")
const digests = Array.from({ length: uploads }, (_, at) => digest(first + at))

/** A PATCH, which must leave the upload with so many bytes. */
async function append(to, headers, offset, body) {
  const length = body.reduce((sum, part) => sum + part.length, 0)
  const own = { "upload-offset": offset, "content-type": "application/offset+octet-stream", "content-length": length }
  const begun = performance.now()
  const seen = await request("PATCH", to, { ...headers, ...own }, body)
  const answered = performance.now()
  const ended = expect(204, seen)
  if (+ended["upload-offset"] !== offset + length) throw new Error(`${ended["upload-offset"]} of ${bytes} bytes have arrived`)
  return { since_begun: answered - begun, since_written: answered - seen.written, receipt: ended["doorstep-receipt"] }
}

/** Sends an upload whole; gives its end. */
async function send(to, headers, number) {
  if (last === "along") {
    const { since_written, receipt } = await append(to, headers, 0, [head(number), common])
    return { ms: since_written, receipt }
  }
  await append(to, headers, 0, [head(number), common.subarray(0, -1)])
  const { since_begun, receipt } = await append(to, headers, bytes - 1, [common.subarray(-1)])
  return { ms: since_begun, receipt }
}

const times = []
let next = 0
async function work(_, worker) {
  const headers = { authorization: `Bearer ${tokens[worker % tokens.length]}` }
  while (next < uploads) {
    const at = next++
    const create = {
      ...headers, "upload-length": bytes, "upload-metadata": metadata(`photo-${first + at}.jpg`, digests[at]), "content-length": 0,
    }
    const { location } = expect(201, await request("POST", endpoint, create))
    const { ms, receipt } = await send(new URL(location, endpoint), headers, first + at)
    if (!receipt) throw new Error("no receipt")
    times.push(ms)
  }
}

await Promise.all(Array.from({ length: parallel }, work))
times.sort((a, b) => a - b)
console.log(JSON.stringify({ p50_ms: share(times, 0.5), p99_ms: share(times, 0.99), most_ms: Math.round(times.at(-1) * 10) / 10 }))
agent.destroy()
