// Doorstep and its peers in one run on one machine: `make bench-peers` (ARGS="--runs 1 --n 200").
// The peers are installed by `make bench-peers`; figures are medians of the runs.
import { execFileSync } from "node:child_process"
import path from "node:path"
import { arg, here } from "./driver.mjs"

const [runs, n] = [+arg("runs", 3), arg("n", "1000")]
const root = path.resolve(here, "../../..")
const bench = ["bench", "--locked", "-p", "benchmarks", "--bench", "sync", "--"]
const lines = (program, args, cwd) => execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 })
  .split("\n").filter(line => line.startsWith("{")).map(line => JSON.parse(line))

// What the drivers of Doorstep call the phases of the peers.
const PHASES = {
  "push new": "push", "pull new": "pull", "nothing new": "nothing new", "one edit": "one edit",
  "live: edit on the other phone": "live edit",
}
// As many live edits as the drivers of the peers make.
const LIVE = ["--scenario", "live", "--edits", "200"]
const ours = () => [[], LIVE].flatMap(scenario => lines("cargo", [...bench, "--runs", "1", "--visits", n, ...scenario], root))
  .filter(line => line.phase in PHASES)
  .map(line => ({ ...line, peer: "doorstep", phase: PHASES[line.phase], peak_rss_mb: line.peak_rss_mib }))
  // The peers come back on line once; these two phases do the same thing many times.
  .map(line => ["nothing new", "one edit"].includes(line.phase)
    ? { ...line, up: line.up / line.requests, down: line.down / line.requests, server_cpu_s: line.server_cpu_s / line.requests, requests: 1 }
    : line)

console.error(lines("cargo", [...bench, "--fixtures", path.join(here, "fixtures"), "--visits", n], root))
const all = []
for (let run = 1; run <= runs; run++) {
  for (const [name, figures] of [
    ["doorstep", ours],
    ["samod", () => lines("node", ["bench.mjs", "--server", "samod", "--n", n], path.join(here, "automerge-repo"))],
    ["automerge-repo", () => lines("node", ["bench.mjs", "--server", "js", "--n", n], path.join(here, "automerge-repo"))],
    ["pouchdb", () => lines("node", ["bench.mjs", "--n", n], path.join(here, "pouchdb"))],
  ]) {
    console.error(`run ${run} of ${runs}: ${name}`)
    for (const line of figures()) {
      console.log(JSON.stringify({ run, ...line }))
      all.push(line)
    }
  }
}

const median = (peer, phase, figure) => {
  const values = all.filter(line => line.peer === peer && line.phase === phase).map(line => line[figure]).filter(value => value !== undefined)
  return values.length ? [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] : undefined
}
const peers = [...new Set(all.map(line => line.peer))]
console.log(`\nMedians of ${runs} runs, ${n} visits, server CPU of the phase in seconds; × is the peer's figure divided by ours:\n`)
console.log("| phase | figure | " + peers.join(" | ") + " |\n|---|---|" + peers.map(() => "---|").join(""))
for (const [phase, figure] of [
  ["push", "server_cpu_s"], ["push", "up"], ["push", "down"], ["push", "requests"],
  ["pull", "server_cpu_s"], ["pull", "up"], ["pull", "down"], ["pull", "requests"], ["pull", "peak_rss_mb"],
  ["nothing new", "server_cpu_s"], ["nothing new", "up"], ["nothing new", "down"], ["nothing new", "requests"],
  ["one edit", "up"], ["one edit", "down"], ["one edit", "requests"],
  ["live edit", "p50_ms"], ["live edit", "p99_ms"],
]) {
  const mine = median("doorstep", phase, figure)
  const cells = peers.map(peer => {
    const value = median(peer, phase, figure)
    if (value === undefined) return "–"
    const shown = Math.round(value * 10000) / 10000
    return peer === "doorstep" || !mine ? `${shown}` : `${shown} (${Math.round((value / mine) * 10) / 10}×)`
  })
  console.log(`| ${phase} | ${figure} | ${cells.join(" | ")} |`)
}
