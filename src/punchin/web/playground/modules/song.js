// The song: dropped, picked, fetched from an address, or the demo; and what is known about it.

import { announce } from "./announce.js"
import { all, el, fill, find, show } from "./dom.js"
import { forgetErrors, tellField } from "./errors.js"
import { Signal } from "./scope.js"
import { Refused } from "./session.js"
import { clock, size } from "./time.js"
import { send } from "./upload.js"

const FIRST_PART_S = 4

export class SongPicker {
  loaded = new Signal() // (about): a song is there and was looked at
  about = null
  #session
  #draft
  #scope
  #work = null

  constructor(session, draft, scope) {
    this.#session = session
    this.#draft = draft
    this.#scope = scope
    this.#listenToFiles()
    for (const button of all("[data-do=demo]")) scope.listen(button, "click", () => this.#begin((signal) => this.#demo(signal)))
    scope.listen(find("#address-form"), "submit", (event) => {
      event.preventDefault()
      this.#fetch(find("#address").value)
    })
    scope.listen(find("#upload-cancel"), "click", () => this.#work?.end())
    scope.listen(find("#replace"), "click", () => this.#draft.change({ song: "", name: "" }, "the song"))
    draft.changed.on((now, before) => {
      if (now.song !== before.song) this.#look()
    }, scope)
  }

  #listenToFiles() {
    const input = find("#file")
    for (const button of all("[data-do=pick]")) this.#scope.listen(button, "click", () => input.click())
    this.#scope.listen(input, "change", () => {
      if (input.files[0]) this.#upload(input.files[0])
      input.value = ""
    })
    let depth = 0
    this.#scope.listen(document, "dragenter dragover dragleave drop", (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return
      event.preventDefault()
      depth += { dragenter: 1, dragleave: -1 }[event.type] ?? 0
      if (event.type === "drop") depth = 0
      document.body.classList.toggle("dropping", depth > 0)
      const file = event.type === "drop" && event.dataTransfer.files[0]
      if (file) this.#upload(file)
    })
  }

  #upload(file) {
    this.#begin(async (signal) => {
      this.#progress(`Sending ${file.name}`, 0, file.size)
      const audio = await send(this.#session, file, signal, (sent, whole) => this.#progress(`Sending ${file.name}`, sent, whole))
      this.#take(audio, file.name)
    })
  }

  #fetch(address) {
    if (!address.trim()) {
      tellField("address", "paste the address of a song first: https://…")
      return
    }
    this.#begin(async (signal) => {
      this.#progress("Fetching the song", null)
      const { audio } = await this.#session.json("/v1/uploads/fetch", { json: { address: address.trim() }, signal, again: false })
      this.#take(audio, "")
    }, "address")
  }

  async #demo(signal) {
    this.#progress("Bringing the demo song", null)
    const { audio } = await this.#session.json("/v1/uploads/demo", { method: "POST", signal })
    this.#take(audio, "The demo song")
  }

  /** Do something that brings a song, and only that. */
  async #begin(bring, field = "song") {
    this.#work?.end()
    const work = (this.#work = this.#scope.child())
    forgetErrors()
    try {
      await bring(work.signal())
    } catch (error) {
      if (error.name !== "AbortError") this.#refuse(error, field)
    } finally {
      if (this.#work === work) {
        this.#work = null
        show(find("#upload"), false)
      }
      work.end()
    }
  }

  #take(audio, name) {
    this.#draft.change({ song: audio, name, start: 0, end: 0, fromEnd: false, others: [] }, "the song")
  }

  #progress(words, sent, whole) {
    show(find("#upload"), true)
    const bar = find("#upload progress")
    if (sent === null) bar.removeAttribute("value")
    else bar.value = whole ? sent / whole : 1
    find("#upload-words").textContent = sent === null ? `${words} …` : `${words}: ${size(sent)} of ${size(whole)}`
    if (sent === null || sent === 0) announce(words)
  }

  #refuse(error, field) {
    const message = error instanceof Refused ? error.message : `the song did not arrive: ${error.message}`
    tellField(this.#draft.now.song || field === "address" ? (this.#draft.now.song ? "song-bar" : field) : "song", message)
  }

  /** Look at the song of the draft. */
  async #look() {
    const { song } = this.#draft.now
    this.about = null
    show(find("#empty"), !song)
    show(find("#desk"), Boolean(song))
    document.body.dataset.song = song ? "yes" : "no"
    if (!song) {
      find("#song-name").textContent = ""
      return
    }
    forgetErrors()
    find("#song-name").textContent = this.#draft.now.name || "…"
    fill(find("#song-facts"), "Listening …")
    try {
      const about = await this.#session.json(`/v1/sounds/about?of=${encodeURIComponent(song)}`)
      if (this.#draft.now.song === song) this.#found(about)
    } catch (error) {
      if (this.#draft.now.song !== song) return
      this.#draft.set({ song: "", name: "" })
      tellField("song", error.message)
    }
  }

  #found(about) {
    this.about = about
    const { now } = this.#draft
    const title = about.tags?.title
    find("#song-name").textContent = now.name || title || about.name
    fill(find("#song-facts"), this.#facts(about).map((fact) => el("span", { class: "fact" }, fact)))
    if (!now.end || now.end > about.duration_s + 0.001) this.#draft.set(firstPart(about.duration_s))
    else if (now.others.some(({ end }) => end > about.duration_s + 0.001)) this.#draft.set({ others: [] })
    announce(`${find("#song-name").textContent}, ${clock(about.duration_s, 0)}, is ready.`)
    this.loaded.tell(about)
  }

  #facts(about) {
    const channels = { 1: "mono", 2: "stereo" }[about.channels] ?? `${about.channels} channels`
    return [clock(about.duration_s, 0), about.format.toUpperCase(), `${about.rate_hz / 1000} kHz`, channels, size(about.bytes)]
  }
}

/** Four seconds to begin with, a third into the song, where a song usually is what it is. */
function firstPart(duration) {
  const length = Math.min(FIRST_PART_S, duration / 2)
  const start = Math.floor(Math.min(duration / 3, 20))
  const end = Math.min(start + length, duration)
  return { start, end: Math.round(end * 1000) / 1000, fromEnd: false, others: [] }
}
