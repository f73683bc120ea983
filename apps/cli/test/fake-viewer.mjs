/**
 * A viewer of SPICE with the main channel alone: logs in, and follows the guest when its server says where to
 * (spice-protocol's protocol.h and spice.proto; semi-seamless migration). Prints each thing that happens as a line of JSON.
 *
 *     fake-viewer.mjs HOST PORT PASSWORD [tls]
 */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

const MAIN_CHANNEL = 1
const AUTH_SELECTION = 0b0001
const AUTH_SPICE = 0b0010
const MINI_HEADER = 0b1000
const SEMI_SEAMLESS_MIGRATE = 0b0001

/** What a server says, by its numbers. */
const SET_ACK = 3
const PING = 4
const MIGRATE_BEGIN = 101
const MIGRATE_CANCEL = 102
const INIT = 103
const MIGRATE_SWITCH_HOST = 111
const MIGRATE_END = 112

/** What a client says. */
const ACK_SYNC = 1
const ACK = 2
const PONG = 3
const MIGRATE_CONNECTED = 102
const MIGRATE_CONNECT_ERROR = 103
const DST_MIGRATE_END = 109

const [, , firstHost = '', firstPort = '', password = '', tls] = process.argv

const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

const words = (...numbers) => {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, 4 * index)
  return bytes
}

/** Reads a stream in pieces of a known size. */
function reader(socket) {
  const chunks = socket[Symbol.asyncIterator]()
  let rest = Buffer.alloc(0)
  return async (size) => {
    while (rest.length < size) {
      const { value, done } = await chunks.next()
      if (done) return null
      rest = Buffer.concat([rest, value])
    }
    const piece = rest.subarray(0, size)
    rest = rest.subarray(size)
    return piece
  }
}

/** A port that QEMU was not told of is -1. */
const isPort = (number) => number > 0 && number < 65_535

/** A connection with TLS, if there is a port for it: to whom the certificate is made out is told. */
async function opened({ host, port, tlsPort }) {
  if (!isPort(tlsPort)) return connect({ host, port }).on('error', () => {})
  const socket = connectTls({ host, port: tlsPort, rejectUnauthorized: false }).on('error', () => {})
  await once(socket, 'secureConnect')
  tell({ type: 'secured', host, name: socket.getPeerCertificate().subject.CN })
  return socket
}

/** Logs in to the main channel; 0 as the session begins one. */
async function login(to, session) {
  const socket = await opened(to)
  const read = reader(socket)
  const common = AUTH_SELECTION | AUTH_SPICE | MINI_HEADER
  const mess = Buffer.concat([
    words(session),
    Buffer.from([MAIN_CHANNEL, 0]),
    words(1, 1, 18, common, SEMI_SEAMLESS_MIGRATE),
  ])
  socket.write(Buffer.concat([Buffer.from('REDQ'), words(2, 2, mess.length), mess]))
  const header = await read(16)
  const reply = header && (await read(header.readUInt32LE(12)))
  if (!reply || reply.readUInt32LE(0) !== 0)
    throw new Error(`no link to ${to.host}: ${reply?.readUInt32LE(0)}`)
  const key = createPublicKey({ key: reply.subarray(4, 166), format: 'der', type: 'spki' })
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
  socket.write(Buffer.concat([words(1), publicEncrypt({ key, ...padding }, Buffer.from(`${password}\0`))]))
  const result = await read(4)
  if (result?.readUInt32LE(0) !== 0) throw new Error(`no login at ${to.host}: ${result?.readUInt32LE(0)}`)
  const say = (type, body = Buffer.alloc(0)) => {
    const head = Buffer.alloc(6)
    head.writeUInt16LE(type, 0)
    head.writeUInt32LE(body.length, 2)
    socket.write(Buffer.concat([head, body]))
  }
  return { socket, read, say, to }
}

/** Where the server says that the guest goes: pointers are offsets in the message. */
function destination(body) {
  const text = (at) => body.toString('latin1', body.readUInt32LE(at + 4)).slice(0, body.readUInt32LE(at))
  const [hostname, subject] = [4, 12].map((at) => text(at).replace(/\0.*$/s, ''))
  return { host: hostname, port: body.readUInt16LE(0), tlsPort: body.readUInt16LE(2), subject }
}

/** Follows one connection to its end, or to where it leads. */
async function view(at) {
  let [session, next, window, heard] = [0, null, 0, 0]
  for (;;) {
    const head = await at.read(6)
    const body = head && (await at.read(head.readUInt32LE(2)))
    if (!body) {
      tell({ type: 'end', host: at.to.host })
      return null
    }
    heard += 1
    if (window > 0 && heard % window === 0) at.say(ACK)
    switch (head.readUInt16LE(0)) {
      case SET_ACK:
        window = body.readUInt32LE(4)
        at.say(ACK_SYNC, body.subarray(0, 4))
        break
      case PING:
        at.say(PONG, body.subarray(0, 12))
        break
      case INIT:
        session = body.readUInt32LE(0)
        tell({ type: 'init', host: at.to.host })
        break
      case MIGRATE_BEGIN: {
        const to = destination(body)
        tell({ type: 'begin', ...to })
        next = await login(to, session).catch(
          (error) => tell({ type: 'refused', words: error.message }) && null,
        )
        at.say(next ? MIGRATE_CONNECTED : MIGRATE_CONNECT_ERROR)
        break
      }
      case MIGRATE_CANCEL:
        tell({ type: 'cancel', host: at.to.host })
        next?.socket.destroy()
        next = null
        break
      case MIGRATE_SWITCH_HOST:
        tell({ type: 'switch' })
        at.socket.destroy()
        return login(destination(body), 0)
      case MIGRATE_END:
        tell({ type: 'follow', host: next?.to.host })
        next?.say(DST_MIGRATE_END)
        at.socket.destroy()
        return next
    }
  }
}

const first = { host: firstHost, [tls ? 'tlsPort' : 'port']: Number(firstPort) }
for (let at = await login(first, 0); at; ) at = await view(at)
