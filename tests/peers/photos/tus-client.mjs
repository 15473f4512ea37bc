// node tus-client.mjs JSON   a tus 1.0 client, the same for both servers: POST to begin, one PATCH with all bytes
// JSON: { url, parallel, uploads, bytes, tokens, receipt }; a worker has one of the tokens, and with `receipt` each upload
// must end with one. The answer is one line of JSON.
import crypto from "node:crypto"
import http from "node:http"
import { expect, metadata, noise, requests, share } from "./tus.mjs"

const { url, parallel, uploads, bytes, tokens, receipt } = JSON.parse(process.argv[2])
const endpoint = new URL(url)
const agent = new http.Agent({ keepAlive: true, maxSockets: parallel })
const request = requests(agent)

// Uploads differ in their first eight bytes.
const common = noise(bytes)
const numbered = (blob, number) => { blob.writeBigUInt64BE(BigInt(number)); return blob }
const digest = number => crypto.createHash("sha256").update(numbered(common, number)).digest("hex")
// What a phone knows of its photos before it sends them.
const digests = Array.from({ length: uploads }, (_, number) => digest(number))

const times = []
let next = 0
async function work(_, worker) {
  const own = Buffer.from(common)
  const headers = tokens.length ? { authorization: `Bearer ${tokens[worker % tokens.length]}` } : {}
  while (next < uploads) {
    const number = next++
    const blob = numbered(own, number)
    const begun = performance.now()
    const create = { ...headers, "upload-length": bytes, "upload-metadata": metadata(`photo-${number}.jpg`, digests[number]), "content-length": 0 }
    const { location } = expect(201, await request("POST", endpoint, create))
    const append = { ...headers, "upload-offset": 0, "content-type": "application/offset+octet-stream", "content-length": bytes }
    const ended = expect(204, await request("PATCH", new URL(location, endpoint), append, [blob]))
    if (+ended["upload-offset"] !== bytes) throw new Error(`${ended["upload-offset"]} of ${bytes} bytes have arrived`)
    if (receipt && !ended["doorstep-receipt"]) throw new Error("no receipt")
    times.push(performance.now() - begun)
  }
}

const [begun, before] = [performance.now(), process.cpuUsage()]
await Promise.all(Array.from({ length: parallel }, work))
const [wall, cpu] = [(performance.now() - begun) / 1000, process.cpuUsage(before)]
times.sort((a, b) => a - b)
console.log(JSON.stringify({
  wall_s: wall, mb_per_s: uploads * bytes / 1e6 / wall, p50_ms: share(times, 0.5), p99_ms: share(times, 0.99),
  client_cpu_s: (cpu.user + cpu.system) / 1e6,
}))
agent.destroy()
