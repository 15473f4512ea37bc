// What the drivers share: options, figures of a server process, clients as processes of their own.
import fs from "node:fs"
import path from "node:path"
import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** The value after --NAME on the command line. */
export const arg = (name, otherwise) => {
  const at = process.argv.indexOf("--" + name)
  return at < 0 ? otherwise : process.argv[at + 1]
}

export const here = path.dirname(fileURLToPath(import.meta.url))
export const fixtures = path.join(here, "fixtures")

/** A share of sorted values, rounded to a tenth. */
export const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] * 10) / 10
}

export const since = start => Math.round((performance.now() - start) * 10) / 10

/** Microseconds of the machine's monotonic clock, which all processes share. */
export const micros = () => Number(process.hrtime.bigint() / 1000n)

/** A server process; `usage` is what the kernel says of it. */
export class Server {
  constructor(program, args) {
    this.command = [program, args]
  }
  /** Starts it and waits for its first line; gives the milliseconds. */
  async start() {
    const begun = performance.now()
    this.process = spawn(...this.command, { stdio: ["ignore", "pipe", "inherit"] })
    process.once("exit", () => this.process.kill("SIGKILL"))
    await once(this.process.stdout, "data")
    return Math.round(since(begun))
  }
  async stop() {
    const gone = once(this.process, "exit")
    this.process.kill("SIGTERM")
    await gone
  }
  usage() {
    const read = file => fs.readFileSync(`/proc/${this.process.pid}/${file}`, "utf8")
    const mb = key => Math.round(+read("status").match(new RegExp(key + ":\\s+(\\d+)"))[1] / 1024)
    // utime and stime are fields 14 and 15 (proc(5)), in ticks of 10 ms.
    const fields = read("stat").split(") ")[1].split(" ")
    return { rss_mb: mb("VmRSS"), peak_rss_mb: mb("VmHWM"), cpu_s: (+fields[11] + +fields[12]) / 100 }
  }
}

/** A client process: it says `ready`, is told what to do, and answers with figures. */
export class Client {
  constructor(module, options) {
    this.process = fork(module, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
    this.waiting = []
    this.heard = []
    this.process.on("message", message => (this.waiting.shift()?.resolve ?? (said => this.heard.push(said)))(message))
    this.process.on("exit", code => this.waiting.forEach(({ reject }) => reject(new Error(`a client ended with ${code}`))))
    process.once("exit", () => this.process.kill("SIGKILL"))
  }
  /** What it says next. */
  said() {
    if (this.heard.length) return this.heard.shift()
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }
  /** Runs one task to its end. */
  async run(task, more = {}) {
    this.process.send({ task, ...more })
    return (await this.said()).figures
  }
  close() {
    this.process.kill("SIGKILL")
  }
}

/** The client's side: `tasks` by name; each gives its figures. */
export function serve(tasks) {
  process.on("message", async ({ task, ...more }) => {
    try {
      process.send({ kind: "done", figures: await tasks[task](more) })
    } catch (error) {
      console.error(error)
      process.exit(1)
    }
  })
  process.send({ kind: "ready" })
}

/** Prints a phase with what the server spent on it. */
export async function phase(server, peer, name, work) {
  const before = server.usage()
  const figures = await work()
  const { cpu_s, ...memory } = server.usage()
  const spent = Math.round((cpu_s - before.cpu_s) * 100) / 100
  console.log(JSON.stringify({ peer, phase: name, ...figures, server_cpu_s: spent, ...memory }))
  return figures
}
