// The npm package tus-js-client as its authors publish it: uploads one file, and goes on with it where an earlier
// process stopped. The only argument is JSON, the last line of the output the answer.
import fs from "node:fs"
import * as tus from "tus-js-client"

const { endpoint, token, file, sha256, chunkSize, store, stopAt } = JSON.parse(process.argv[2])
let receipt

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  headers: { authorization: `Bearer ${token}` },
  uploadSize: fs.statSync(file).size,
  chunkSize,
  metadata: { filename: "door.jpg", sha256 },
  // The link is bad for as long as the test wants it to be.
  retryDelays: Array(1_000).fill(20),
  urlStorage: new tus.FileUrlStorage(store),
  fingerprint: async () => sha256,
  onAfterResponse: (_request, response) => { receipt = response.getHeader("doorstep-receipt") ?? receipt },
  // As a client that is killed: nothing is closed or written down.
  onProgress: sent => { if (stopAt && sent >= stopAt) process.kill(process.pid, "SIGKILL") },
  onError: error => { console.error(String(error)); process.exitCode = 1 },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url, receipt })),
})

const [earlier] = await upload.findPreviousUploads()
if (earlier) upload.resumeFromPreviousUpload(earlier)
upload.start()
