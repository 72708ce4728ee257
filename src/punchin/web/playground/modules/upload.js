// Sending a file in pieces that can be taken up again where they stopped (tus 1.0).

import { keep, kept } from "./keeping.js"
import { Refused, pause } from "./session.js"

const PIECE_BYTES = 4 << 20
const MOST_TRIES = 8

/**
 * Send a file; gives the address that the server calls it by.
 * @param session whose key it is sent with.
 * @param file of the person's disk.
 * @param signal aborts it; what was sent stays, and the same file goes on from there.
 * @param progress called with (sent bytes, all bytes).
 */
export async function send(session, file, signal, progress) {
  const name = `upload ${file.name} ${file.size} ${file.lastModified}`
  const begun = await takenUp(session, name, signal)
  const ticket = begun ?? (await ticketFor(session, file, signal))
  keep("upload", { name, address: ticket.address })
  let offset = ticket.offset
  for (let tries = 0; ;) {
    progress(offset, file.size)
    try {
      const answer = await session.ask(local(ticket.address), {
        method: "PATCH",
        body: file.slice(offset, offset + PIECE_BYTES),
        headers: {
          "Content-Type": "application/offset+octet-stream",
          "Upload-Offset": String(offset),
          "Tus-Resumable": "1.0.0",
        },
        again: false,
        signal,
      })
      const last = offset + PIECE_BYTES >= file.size
      if (last) {
        progress(file.size, file.size)
        keep("upload", null)
        return (await answer.json()).audio
      }
      offset = Number(answer.headers.get("Upload-Offset") ?? offset + PIECE_BYTES)
      tries = 0
    } catch (error) {
      // 409 says that the server has another part of the file than we think; a lost connection may mean that, too.
      const mendable = error instanceof TypeError || (error instanceof Refused && (error.status === 409 || error.status >= 500))
      tries += 1
      if (!mendable || tries > MOST_TRIES) {
        if (error instanceof Refused) keep("upload", null)
        throw error
      }
      await pause(400 * tries, signal)
      offset = await offsetOf(session, ticket.address, signal)
    }
  }
}

async function ticketFor(session, file, signal) {
  return session.json("/v1/uploads", { json: { filename: file.name, bytes: file.size }, signal })
}

async function takenUp(session, name, signal) {
  const begun = kept("upload")
  if (begun?.name !== name) return null
  try {
    return { address: begun.address, offset: await offsetOf(session, begun.address, signal) }
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

async function offsetOf(session, address, signal) {
  const answer = await session.ask(local(address), {
    method: "HEAD",
    headers: { "Tus-Resumable": "1.0.0" },
    signal,
  })
  return Number(answer.headers.get("Upload-Offset"))
}

/** An address of this server as a path: the page may know the server by another name than the server itself. */
export function local(address) {
  const url = new URL(address, location.href)
  return url.pathname + url.search
}
