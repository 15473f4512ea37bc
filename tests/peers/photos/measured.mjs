// What the drivers share: options, and what the kernel says of other processes.
import fs from "node:fs"
import net from "node:net"
import path from "node:path"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

export const here = path.dirname(fileURLToPath(import.meta.url))

/** The value after --NAME on the command line. */
export const arg = (name, otherwise) => {
  const at = process.argv.indexOf("--" + name)
  return at < 0 ? otherwise : process.argv[at + 1]
}

export const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits

export const load = () => +fs.readFileSync("/proc/loadavg", "utf8").split(" ")[0]

/** Whether syncing a file of a directory costs nothing: it is kept in memory. */
export const isInMemory = directory => execFileSync("stat", ["-f", "-c", "%T", directory], { encoding: "utf8" }).trim() === "tmpfs"

/** A port that was free a moment ago. */
export async function freePort() {
  const probe = net.createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const { port } = probe.address()
  probe.close()
  await once(probe, "close")
  return port
}

/** Fields of a process from its `utime` on, in ticks of 10 ms (proc(5)): 0 utime, 1 stime, 2 cutime, 3 cstime. */
const ticks = pid => fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 15).map(Number)

/** Memory of a process in MiB, by the name that the kernel gives it; nothing once the process has ended. */
const mib = (pid, name) => {
  try {
    const line = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(name + ":\\s+(\\d+)"))
    return line ? +line[1] / 1024 : 0
  } catch {
    return 0
  }
}

/** What a running process has used. */
export const usage = pid => {
  const [user, system] = ticks(pid)
  return { cpu_s: (user + system) / 100, rss_mib: mib(pid, "VmRSS"), peak_rss_mib: mib(pid, "VmHWM") }
}

/** Seconds of CPU of all processes that this one has started and that have ended. */
const cpuOfEnded = () => ticks("self").slice(2).reduce((sum, part) => sum + part) / 100

/** Runs programs one after the other, each to its end; gives what all of them used, and the highest memory of one. */
export async function run(commands, environment = {}) {
  const [begun, before] = [performance.now(), cpuOfEnded()]
  let peak = 0
  for (const [program, ...args] of commands) {
    const child = spawn(program, args, { cwd: here, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "inherit"] })
    const ended = once(child, "exit")
    // The highest memory so far never falls, so the last look is as good as the end.
    const look = setInterval(() => { peak = Math.max(peak, mib(child.pid, "VmHWM")) }, 5)
    const [code] = await ended
    clearInterval(look)
    if (code !== 0) throw new Error(`${program} ended with ${code}`)
  }
  return { wall_s: (performance.now() - begun) / 1000, cpu_s: cpuOfEnded() - before, peak_rss_mib: peak }
}

/** A server process. */
export class Server {
  /** Starts it and waits for the line that says so. */
  static async start(program, args, { environment = {}, says }) {
    const server = new Server()
    server.process = spawn(program, args, { cwd: here, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] })
    const kill = () => server.process.kill("SIGKILL")
    process.once("exit", kill)
    server.gone = once(server.process, "exit")
    server.gone.then(() => process.off("exit", kill))
    server.gone.then(([code]) => { if (!server.stopped) throw new Error(`${program} ended with ${code}`) })
    server.process.stdout.setEncoding("utf8")
    for await (const text of server.process.stdout.iterator({ destroyOnReturn: false })) if (text.includes(says)) break
    server.process.stdout.resume()
    return server
  }
  usage() {
    return usage(this.process.pid)
  }
  /** Waits until it does nothing: what begins with it is no part of what is measured. */
  async settle() {
    for (let before; before !== this.usage().cpu_s;) {
      before = this.usage().cpu_s
      await new Promise(over => setTimeout(over, 500))
    }
  }
  async stop() {
    this.stopped = true
    this.process.kill("SIGTERM")
    await this.gone
  }
}

export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
