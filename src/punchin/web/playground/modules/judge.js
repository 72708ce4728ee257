// The takes of a finished job beside the original: to hear, to compare, to trust, to keep.

import { announce, toast } from "./announce.js"
import { all, el, fill, find, show } from "./dom.js"
import { sentence, tellField } from "./errors.js"
import { Meter, factorsTo } from "./loudness.js"
import { Signal } from "./scope.js"
import { PIECE_S, Track } from "./sound.js"
import { clock } from "./time.js"
import { local } from "./upload.js"
import { readings, seamWords } from "./words.js"

export class Judge {
  shown = new Signal() // (job) when takes can be heard
  job = null
  regions = [] // {start, end} in frames of the song, in its order
  at = 0 // the region that is listened to
  gone = new Signal() // (number) when another region shall be listened to
  #session
  #sounds
  #player
  #lanes
  #draft
  #scope
  #about = null
  #tracks = []
  #receipts = []
  #levels = null
  #measuring = null

  constructor({ session, sounds, player, lanes, draft }, scope) {
    this.#session = session
    this.#sounds = sounds
    this.#player = player
    this.#lanes = lanes
    this.#draft = draft
    this.#scope = scope
    player.changed.on(() => this.#mark(), scope)
    scope.listen(find("#match"), "change", (event) => this.#match(event.target.checked))
    scope.listen(find("#use-take"), "click", () => this.#use())
    scope.listen(find("#download"), "click", () => this.#download())
  }

  /** Whether a job is of the song that is on the desk. */
  isOf(song) {
    return this.job !== null && local(this.job.request.audio) === local(song)
  }

  /** The region that is listened to: {start, end} in frames of the song, or null. */
  get region() {
    return this.regions[this.at] ?? null
  }

  /** Listen to the region that has some of a part of the draft in it. */
  near({ start, end }) {
    const { rate } = this.#player
    const found = this.regions.findIndex((region) => region.start / rate < end && region.end / rate > start)
    if (found < 0 || found === this.at) return
    this.at = found
    this.#markRegion()
  }

  /** The song alone. */
  alone(about, address) {
    this.#about = about
    const original = new Track(this.#sounds, { address, frames: about.frames, rate: about.rate_hz, channels: about.channels, name: "Original" })
    this.#tracks = [original]
    show(find("#judge"), false)
    this.#sounds.keepOnly([address])
    this.#player.use([original])
    this.#unmatch()
    this.#lanes.use([original], [], [])
    this.#switch()
  }

  /** No takes any more. */
  forget() {
    this.job = null
    this.regions = []
    this.at = 0
  }

  /** Show a finished job of the song that is on the desk. */
  async show(job) {
    this.job = job
    const { takes } = job.report
    this.regions = takes[0].regions.map((region) => ({ start: region.start_frame, end: region.end_frame }))
    this.at = 0
    this.near(this.#draft.now)
    const [abouts, receipts] = await Promise.all([
      Promise.all(job.outputs.map(({ url }) => this.#session.json(`/v1/sounds/about?of=${encodeURIComponent(url)}`))),
      this.#session.json(`/v1/jobs/${job.id}/receipts`),
    ])
    if (this.job !== job) return
    this.#receipts = receipts.receipts
    const [original] = this.#tracks
    this.#tracks = [original, ...abouts.map((about, at) => this.#track(about, at, original))]
    this.#sounds.keepOnly(this.#tracks.map((track) => track.address))
    this.#unmatch()
    this.#player.chosen = 1
    this.#player.use(this.#tracks)
    show(find("#judge"), true)
    this.#lanes.use(this.#tracks, this.regions, takes.map((_, at) => `Take ${at + 1}`))
    this.#switch()
    this.#mark()
    const many = takes.length === 1 ? "Your take is ready" : `${takes.length} takes are ready`
    announce(`${many}. Press space to listen, 0 for the original, 1 to ${takes.length} for the takes.`)
    this.shown.tell(job)
  }

  #track(about, at, original) {
    const take = this.job.report.takes[at]
    const identical = take.proof?.identical && about.frames === original.frames
    const track = new Track(this.#sounds, {
      address: this.job.outputs[at].url,
      frames: about.frames,
      rate: about.rate_hz,
      channels: about.channels,
      name: `Take ${at + 1}`,
      base: identical ? original : null,
      changed: identical ? this.regions : null,
    })
    track.note = otherForm(about, original)
    track.outsideHash = this.#receipts[at]?.proof?.runs?.[0]?.output_sha256
    return track
  }

  /** The switch between original and takes. */
  #switch() {
    const choices = this.#tracks.length > 1 ? this.#tracks : []
    fill(
      find("#choices"),
      choices.map((track, number) =>
        el(
          "button",
          { type: "button", class: `choice take-${number}`, "aria-pressed": "false", "data-number": String(number), onclick: () => this.#player.choose(number) },
          el("kbd", {}, String(number)),
          number ? el("span", {}, el("span", { class: "word-only" }, "Take "), String(number)) : "Original",
        ),
      ),
    )
    show(find("#compare"), choices.length > 0)
    this.#mark()
  }

  #mark() {
    for (const button of all("#choices button")) button.setAttribute("aria-pressed", String(Number(button.dataset.number) === this.#player.chosen))
    if (this.job && this.#player.chosen > 0) this.#describe(this.#player.chosen)
    else if (this.job && !find("#judge").dataset.take) this.#describe(1)
  }

  /** Say everything about a take. */
  #describe(number) {
    const panel = find("#judge")
    const mark = `${this.job.id} ${number}`
    if (panel.dataset.take === mark) return
    panel.dataset.take = mark
    const take = this.job.report.takes[number - 1]
    const [first] = take.regions
    const several = take.regions.length > 1
    const word = take.regions.map((region) => region.seams?.word).find((each) => each && each !== "seamless") ?? first.seams?.word ?? ""
    panel.dataset.number = String(number)
    fill(find("#take-title"), `Take ${number}`, word && el("span", { class: `word ${word}` }, word))
    const where = several ? [`${take.regions.length} parts`] : [placeOf(first), `seed ${first.seed}`]
    fill(find("#take-facts"), [...where, this.job.report.engine].map((fact) => el("span", { class: "fact" }, fact)))
    this.#seams(take)
    this.#tags(take)
    this.#warn(take)
    this.#prove(take, number)
  }

  #seams(take) {
    const several = take.regions.length > 1
    fill(
      find("#seams"),
      take.regions.flatMap((region, at) => [
        several && el("li", { class: "seam-part" }, this.#regionButton(region, at)),
        seamRow("in", region.seams?.punch_in),
        seamRow("out", region.seams?.punch_out),
      ]),
    )
    this.#markRegion()
    const rows = (edge) => (edge ? readings(edge) : [])
    const named = (which, at) => (several ? `${at + 1} ${which}` : which)
    fill(
      find("#readings"),
      take.regions.flatMap(({ seams }, at) => [
        ...rows(seams?.punch_in).map((row) => [named("in", at), ...row]),
        ...rows(seams?.punch_out).map((row) => [named("out", at), ...row]),
      ]).map((row) => el("tr", {}, row.map((cell, at) => el(at === 1 ? "th" : "td", at === 1 ? { scope: "row" } : {}, cell)))),
    )
  }

  /** Names a region of several; pressed, it is listened to. */
  #regionButton(region, at) {
    const go = () => {
      this.at = at
      this.#markRegion()
      this.gone.tell(at)
    }
    return el(
      "button",
      { type: "button", class: "region-button", "data-region": String(at), onclick: go },
      el("strong", {}, `Part ${at + 1}`),
      el("span", { class: "quiet" }, ` ${placeOf(region)} · seed ${region.seed}`),
    )
  }

  #markRegion() {
    for (const button of all("#seams .region-button")) button.setAttribute("aria-pressed", String(Number(button.dataset.region) === this.at))
    if (this.regions.length > 1) find("#download-part [value=new]").textContent = `New part ${this.at + 1} only`
    else find("#download-part [value=new]").textContent = "New part only"
  }

  #tags(take) {
    const used = [...new Set(take.regions.flatMap((region) => region.tags_used ?? []))]
    const sung = take.regions.flatMap((region) => region.lyrics_used ?? [])
    const unused = distinct(take.regions.flatMap((region) => region.not_used ?? []))
    fill(find("#used"), used.map((tag) => el("li", { class: "chip used" }, tag)), sung.length > 0 && el("li", { class: "chip used" }, `sung: “${sung.join(" / ")}”`))
    show(find("#used-row"), used.length + sung.length > 0)
    fill(find("#unused"), unused.map(({ what, why }) => el("li", {}, el("span", { class: "what" }, what), ` – ${why}`)))
    show(find("#unused-row"), unused.length > 0)
  }

  #warn(take) {
    const warnings = [...new Set([...(this.job.report.warnings ?? []), ...(take.warnings ?? [])])]
    fill(find("#warnings"), warnings.map((warning) => el("li", {}, sentence(warning))))
    show(find("#warnings"), warnings.length > 0)
  }

  #prove(take, number) {
    const { proof } = this.#receipts[number - 1] ?? {}
    const identical = take.proof?.identical
    find("#proof-word").textContent = identical ? "Everything outside is identical, sample for sample." : "The rest could not be kept sample for sample in this format."
    find("#proof").classList.toggle("good", Boolean(identical))
    const { rate } = this.#tracks[0]
    fill(
      find("#hashes"),
      (proof?.runs ?? []).map((run) =>
        el("tr", {}, el("td", {}, `${clock(run.start_frame / rate)} – ${clock(run.end_frame / rate)}`), el("td", { class: "hash" }, run.source_sha256), el("td", {}, run.source_sha256 === run.output_sha256 ? "the same" : "differs")),
      ),
    )
    show(find("#hash-table"), Boolean(proof?.runs?.length))
    find("#verify").textContent = `punchin verify ${shell(this.#about.name)} ${shell(this.job.outputs[number - 1].name)}`
  }

  async #match(on) {
    this.#measuring?.end()
    if (!on) {
      this.#player.match(null)
      find("#match-note").textContent = ""
      return
    }
    const measuring = (this.#measuring = this.#scope.child())
    try {
      this.#levels ??= await this.#measure(measuring.signal())
    } catch (error) {
      if (error.name === "AbortError") return
      find("#match").checked = false
      find("#match-note").textContent = ""
      tellField("request", error.message)
      return
    } finally {
      measuring.end()
    }
    this.#player.match(this.#levels)
    find("#match-note").textContent = this.#levels
      .slice(1)
      .map((factor, at) => `take ${at + 1} ${signed(20 * Math.log10(factor))} dB`)
      .join(", ")
  }

  /** Other tracks: nothing is matched, nor being measured. */
  #unmatch() {
    this.#measuring?.end()
    this.#levels = null
    this.#player.match(null)
    find("#match").checked = false
    find("#match-note").textContent = ""
  }

  /** What brings every take to the loudness of the original in its regions, all of them; long ones take a while. */
  async #measure(signal) {
    const [{ rate }] = this.#tracks
    const meters = this.#tracks.map((track) => new Meter(track.rate))
    const spans = this.regions.flatMap(({ start, end }) => slices(start / rate, end / rate))
    for (const [done, [from, to]] of spans.entries()) {
      if (done) find("#match-note").textContent = `Measuring: ${Math.round((100 * done) / spans.length)} %`
      for (const [number, track] of this.#tracks.entries()) {
        const samples = await track.between(Math.round(from * track.rate), Math.min(track.frames, Math.round(to * track.rate)))
        signal.throwIfAborted()
        meters[number].add(samples)
      }
    }
    const measured = meters.map((meter) => meter.loudness)
    return factorsTo(measured[0], measured)
  }

  /** The chosen take becomes the song; undo goes back. */
  #use() {
    const number = Number(find("#judge").dataset.number)
    const output = this.job.outputs[number - 1]
    this.#draft.change({ song: output.url, name: output.name }, "using this take as the song")
    toast("This take is the song now. Z goes back.", this.#scope)
  }

  async #download() {
    const number = Number(find("#judge").dataset.number)
    const output = this.job.outputs[number - 1]
    const format = find("#download-format").value
    const part = find("#download-part").value
    if (format === "source" && part === "whole") return save(`${local(output.url)}?download=1`, output.name)
    const button = find("#download")
    button.disabled = true
    try {
      const query = new URLSearchParams({ of: output.url, format, part })
      if (part === "new") {
        query.set("start", this.region.start)
        query.set("frames", this.region.end - this.region.start)
      }
      const answer = await this.#session.ask(`/v1/sounds/rendered?${query}`)
      const address = URL.createObjectURL(await answer.blob())
      save(address, nameIn(answer) ?? output.name)
      this.#scope.later(10000, () => URL.revokeObjectURL(address))
    } catch (error) {
      tellField("download", error.message)
    } finally {
      button.disabled = false
    }
  }
}

const placeOf = ({ start_s: start, end_s: end }) => `${clock(start)} – ${clock(end)}`

/** A join as a line of the list. */
function seamRow(which, edge) {
  return el("li", {}, el("span", { class: `dot ${edge?.word ?? "none"}`, "aria-hidden": "true" }), el("span", {}, seamWords(edge, which)))
}

function distinct(told) {
  return [...new Map(told.map((each) => [JSON.stringify(each), each])).values()]
}

/** Seconds from one time to another in pieces as long as those that come from the service. */
function slices(from, to) {
  const edges = [from]
  while (edges.at(-1) < to) edges.push(Math.min(to, edges.at(-1) + PIECE_S))
  return edges.slice(1).map((edge, at) => [edges[at], edge])
}

/** In words, how a take is not of the same form as the song; "" where it is. */
function otherForm(about, original) {
  const hz = about.rate_hz !== original.rate && `${about.rate_hz / 1000} kHz, the song ${original.rate / 1000} kHz`
  const channels = about.channels !== original.channels && `${about.channels} ${about.channels === 1 ? "channel" : "channels"}, the song ${original.channels}`
  const differs = [hz, channels].filter(Boolean)
  return differs.length ? `${differs.join("; ")}: converted for listening here, so only the sound can be compared` : ""
}

function save(address, name) {
  const link = el("a", { href: address, download: name })
  document.body.append(link)
  link.click()
  link.remove()
}

function nameIn(answer) {
  const said = answer.headers.get("Content-Disposition") ?? ""
  const long = /filename\*=UTF-8''([^;]+)/i.exec(said)?.[1]
  return long ? decodeURIComponent(long) : /filename="([^"]+)"/.exec(said)?.[1]
}

const signed = (value) => `${value < -0.05 ? "−" : "+"}${Math.abs(value).toFixed(1)}`
const shell = (name) => (/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`)
