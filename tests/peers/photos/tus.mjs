// What the clients share: requests of tus 1.0 over one agent, and bytes that nothing makes smaller.
import crypto from "node:crypto"
import http from "node:http"

/** Bytes that no file system makes smaller, the same in each run. */
export const noise = bytes => crypto.createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes))

const base64 = text => Buffer.from(text).toString("base64")

/** The `Upload-Metadata` of a photo. */
export const metadata = (name, sha256) => `filename ${base64(name)},sha256 ${base64(sha256)}`

/**
 * Gives a function that sends a request; its body is a list of buffers.
 * It gives the answer, its text, and the moment at which the system had taken the last byte of the request.
 */
export const requests = agent => (method, to, headers, body = []) => new Promise((resolve, reject) => {
  let written
  const sent = http.request(to, { method, agent, headers: { "tus-resumable": "1.0.0", ...headers } }, answer => {
    let text = ""
    answer.setEncoding("utf8").on("data", part => { text += part })
    // An answer that is seen in one turn with the end of the writing came at once.
    answer.on("end", () => resolve({ answer, text, written: written ?? performance.now() }))
  })
  sent.on("error", reject)
  for (const part of body.slice(0, -1)) sent.write(part)
  sent.end(body.at(-1), () => { written = performance.now() })
})

/** The headers of an answer, which must have this status. */
export const expect = (status, { answer, text }) => {
  if (answer.statusCode !== status) throw new Error(`${answer.statusCode} instead of ${status}: ${text}`)
  return answer.headers
}

/** A share of times that are sorted, in milliseconds. */
export const share = (times, of) => Math.round(times[Math.floor(times.length * of)] * 10) / 10
