// node tus-client.mjs JSON   a tus 1.0 client, the same for both servers: POST to begin, one PATCH with all bytes
// JSON: { url, parallel, uploads, bytes, tokens, receipt }; a worker has one of the tokens, and with `receipt` each upload
// must end with one. The answer is one line of JSON.
import crypto from "node:crypto"
import http from "node:http"

const { url, parallel, uploads, bytes, tokens, receipt } = JSON.parse(process.argv[2])
const endpoint = new URL(url)
const agent = new http.Agent({ keepAlive: true, maxSockets: parallel })

const request = (method, to, headers, body) => new Promise((resolve, reject) => {
  const sent = http.request(to, { method, agent, headers: { "tus-resumable": "1.0.0", ...headers } }, answer => {
    let text = ""
    answer.setEncoding("utf8").on("data", part => { text += part }).on("end", () => resolve({ answer, text }))
  })
  sent.on("error", reject).end(body)
})

const expect = (status, { answer, text }) => {
  if (answer.statusCode !== status) throw new Error(`${answer.statusCode} instead of ${status}: ${text}`)
  return answer.headers
}

// Bytes that no file system makes smaller, the same in each run; uploads differ in their first eight.
const stream = crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16))
const noise = stream.update(Buffer.alloc(bytes))
const numbered = (blob, number) => { blob.writeBigUInt64BE(BigInt(number)); return blob }
const base64 = text => Buffer.from(text).toString("base64")
const digest = number => crypto.createHash("sha256").update(numbered(noise, number)).digest("hex")
// What a phone knows of its photos before it sends them.
const digests = Array.from({ length: uploads }, (_, number) => digest(number))

const times = []
let next = 0
async function work(_, worker) {
  const own = Buffer.from(noise)
  const headers = tokens.length ? { authorization: `Bearer ${tokens[worker % tokens.length]}` } : {}
  while (next < uploads) {
    const number = next++
    const blob = numbered(own, number)
    const begun = performance.now()
    const metadata = `filename ${base64(`photo-${number}.jpg`)},sha256 ${base64(digests[number])}`
    const create = { ...headers, "upload-length": bytes, "upload-metadata": metadata, "content-length": 0 }
    const { location } = expect(201, await request("POST", endpoint, create))
    const append = { ...headers, "upload-offset": 0, "content-type": "application/offset+octet-stream", "content-length": bytes }
    const ended = expect(204, await request("PATCH", new URL(location, endpoint), append, blob))
    if (+ended["upload-offset"] !== bytes) throw new Error(`${ended["upload-offset"]} of ${bytes} bytes have arrived`)
    if (receipt && !ended["doorstep-receipt"]) throw new Error("no receipt")
    times.push(performance.now() - begun)
  }
}

const [begun, before] = [performance.now(), process.cpuUsage()]
await Promise.all(Array.from({ length: parallel }, work))
const [wall, cpu] = [(performance.now() - begun) / 1000, process.cpuUsage(before)]
times.sort((a, b) => a - b)
const share = of => Math.round(times[Math.floor(times.length * of)] * 10) / 10
console.log(JSON.stringify({
  wall_s: wall, mb_per_s: uploads * bytes / 1e6 / wall, p50_ms: share(0.5), p99_ms: share(0.99),
  client_cpu_s: (cpu.user + cpu.system) / 1e6,
}))
agent.destroy()
