// Doorstep for a benchmark: an organisation of its own with one rep and two phones, then the server on these data.
import crypto from "node:crypto"
import fs from "node:fs"
import path from "node:path"
import { execFileSync } from "node:child_process"
import { Server, freePort } from "./measured.mjs"

const ORGANISATION = "bench"

async function post(url, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(url, { method: "POST", headers, body: body && JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** Enrols a phone of a rep; gives its token. */
async function enrol(url, admin, user, login, name) {
  const { code } = await post(`${url}/v1/users/${user}/enrolment-codes`, undefined, admin)
  const { publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" })
  const phone = { organisation: ORGANISATION, login, code, name, public_key: publicKey.export({ format: "jwk" }) }
  return (await post(`${url}/v1/devices/enrol`, phone)).session.access_token
}

async function people(url, password) {
  const admin = (await post(`${url}/v1/auth/login`, { organisation: ORGANISATION, login: "admin", password })).access_token
  const rep = { login: "rep", name: "Rep", roles: ["field_rep"] }
  const { id } = await post(`${url}/v1/users`, rep, admin)
  return [await enrol(url, admin, id, rep.login, "first"), await enrol(url, admin, id, rep.login, "second")]
}

/**
 * Starts the server on fresh data, with its default configuration but for these settings; gives it with its URL and the tokens
 * of two phones.
 */
export async function start(program, directory, settings) {
  const listen = `127.0.0.1:${await freePort()}`
  const [url, blobs] = [`http://${listen}`, path.join(directory, "data")]
  fs.mkdirSync(blobs, { recursive: true })
  const environment = {
    DATABASE_URL: `sqlite://${path.join(directory, "doorstep.sqlite")}`, DOORSTEP_DATA_DIR: blobs, DOORSTEP_LISTEN: listen,
    DOORSTEP_PUBLIC_URL: url,
  }
  const found = ["found", "--code", ORGANISATION, "--name", "Benchmark", "--log", "warn"]
  const said = execFileSync(program, found, { env: { ...process.env, ...environment }, encoding: "utf8" })
  const password = said.match(/^password\s+(\S+)/m)[1]
  const configured = path.join(directory, "settings.json")
  if (settings) fs.writeFileSync(configured, JSON.stringify(settings))
  const options = ["serve", "--log", "warn", ...settings ? ["--config", configured] : []]
  const serve = () => Server.start(program, options, { environment, says: "listening on" })
  // Signing in takes more memory than anything else here: what is measured is another process on the same data.
  const office = await serve()
  const tokens = await people(url, password)
  await office.stop()
  const server = await serve()
  await server.settle()
  return { server, url, tokens }
}
