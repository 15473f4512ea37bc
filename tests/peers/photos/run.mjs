// Photos beside the peers, in one run on one machine: `make bench-photos` (ARGS="--rounds 1 --photos 8 --uploads 40").
// The peers take turns, so that load from elsewhere meets all of them; figures are medians of the rounds.
import fs from "node:fs"
import path from "node:path"
import { execFileSync } from "node:child_process"
import { finish } from "./finish.mjs"
import { ingest } from "./ingest.mjs"
import { arg, median, rounded } from "./measured.mjs"
import { upload } from "./upload.mjs"

const [rounds, photos, uploads] = [+arg("rounds", 5), +arg("photos", 24), +arg("uploads", 200)]
const only = arg("only", "ingest,upload").split(",")
const built = path.resolve(arg("built", "target/photo-peers"))
const doorstep = path.join(built, "doorstep")

/** The photos, drawn once. */
function drawn() {
  const directory = path.join(built, "photos")
  execFileSync(path.join(built, "photos-drawn"), [directory, String(photos)], { stdio: "inherit" })
  const files = fs.readdirSync(directory).sort().slice(0, photos).map(name => path.join(directory, name))
  const sizes = files.map(file => fs.statSync(file).size)
  console.error(`${files.length} photos of 12 megapixels, ${rounded(median(sizes) / 1e6, 2)} MB at the median`)
  return files
}

const files = only.includes("ingest") ? drawn() : []
const lines = []
for (let round = 1; round <= rounds; round++) {
  for (const [part, work, figures] of [
    ["ingest", "ingest", () => ingest(built, files)],
    ["upload", "upload", () => upload(doorstep, built, uploads)],
    ["upload", "finish", () => finish(doorstep, built, uploads)],
  ]) {
    if (!only.includes(part) && !only.includes(work)) continue
    console.error(`round ${round} of ${rounds}: ${work}`)
    for await (const line of figures()) {
      console.log(JSON.stringify({ round, ...line }))
      lines.push(line)
    }
  }
}

/** A table of medians with lowest and highest; behind the figures the ratio to the first row of a group. */
function table(work, columns, groups) {
  const of = lines.filter(line => line.work === work)
  if (!of.length) return
  console.log(`\n| ${groups.concat(columns).join(" | ")} |\n|${"---|".repeat(groups.length + columns.length)}`)
  const named = line => groups.map(group => line[group])
  const kinds = [...new Map(of.map(line => [named(line).join(), named(line)])).values()]
  for (const kind of kinds) {
    const ofKind = names => of.filter(line => named(line).join() === names.join())
    const first = ofKind([...kind.slice(0, -1), kinds[0].at(-1)])
    const cells = columns.map(column => {
      const values = ofKind(kind).map(line => line[column])
      const ratio = rounded(median(values) / median(first.map(line => line[column])), 2)
      return `${median(values)} (${Math.min(...values)}–${Math.max(...values)})${ratio === 1 ? "" : `, ${ratio}×`}`
    })
    console.log(`| ${kind.concat(cells).join(" | ")} |`)
  }
}

console.log(`\nMedians of ${rounds} rounds (lowest–highest); × is the figure divided by that of the first of its group.`)
table("ingest", ["cpu_s_a_photo", "peak_rss_mib", "photos_per_s", "kb_a_photo"], ["peer"])
table("upload", ["mb_per_s", "cpu_ms_an_upload", "peak_rss_mib", "p50_ms", "p99_ms"], ["storage", "peer"])
table("finish", ["uploads", "p50_ms", "p99_ms", "most_ms"], ["mb", "last", "at_once"])
