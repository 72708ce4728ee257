// A job: sent once, followed until it is over, found again after a reload.

import { announce } from "./announce.js"
import { find, show } from "./dom.js"
import { forgetErrors, sentence, tellField, tellRefusal } from "./errors.js"
import { keep, kept } from "./keeping.js"
import { PATH } from "./request.js"
import { Refused, pause } from "./session.js"
import { Signal } from "./scope.js"
import { spoken } from "./time.js"
import { stageWords } from "./words.js"

export class Job {
  began = new Signal() // (job) when one is waited for
  ended = new Signal() // (job) when it is over, whatever became of it
  refused = new Signal() // (part): which of several parts the server did not like, before it is told why
  #session
  #scope
  #following = null
  #id = ""
  #saidAt = -1

  constructor(session, scope) {
    this.#session = session
    this.#scope = scope
    scope.listen(find("#job-cancel"), "click", () => this.cancel())
  }

  get running() {
    return Boolean(this.#following)
  }

  /** Take up the job that was waited for when the page went away. */
  resume() {
    const id = kept("job")
    if (id) this.follow(id)
  }

  /** Send a request; gives whether it was taken. */
  async submit(request) {
    forgetErrors()
    try {
      // The same key again after a lost answer gives the same job, not a second one.
      const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()).slice(2) + Date.now() }
      const { data } = await this.#session.json(PATH, { json: request, headers })
      this.follow(data.id)
      return true
    } catch (error) {
      if (error instanceof Refused && error.part !== null) this.refused.tell(error.part)
      if (error instanceof Refused) tellRefusal(error)
      else tellField("request", `the request did not get through: ${error.message}`)
      return false
    }
  }

  /** Show how far a job is until it is over. */
  async follow(id) {
    this.#following?.end()
    const following = (this.#following = this.#scope.child())
    this.#id = id
    keep("job", id)
    find("#job-cancel").disabled = false
    this.#paint({ state: "created", place: 0, stage: "", fraction: 0, eta_s: null })
    show(find("#job"), true)
    this.began.tell(id)
    try {
      const job = await this.#untilOver(id, following.signal())
      this.#finish(job)
    } catch (error) {
      if (error.name === "AbortError") return
      this.#finish({ id, state: "failed", failure: { message: error.message }, outputs: [] })
    } finally {
      following.end()
    }
  }

  async cancel() {
    if (!this.#id) return
    find("#job-cancel").disabled = true
    find("#job-stage").textContent = "Cancelling …"
    try {
      await this.#session.json(`/v1/jobs/${this.#id}/cancel`, { method: "POST" })
    } catch (error) {
      find("#job-cancel").disabled = false
      tellField("request", error.message)
    }
  }

  /** The events, again and again if the connection breaks; then the whole job. */
  async #untilOver(id, signal) {
    for (;;) {
      const last = await this.#listen(id, signal)
      if (last === "deleted") throw new Error("this edit was deleted")
      const job = await this.#session.json(`/v1/jobs/${id}`, { signal })
      if (["completed", "failed", "cancelled"].includes(job.state)) return job
      this.#paint(job)
      await pause(500, signal)
    }
  }

  async #listen(id, signal) {
    try {
      const answer = await this.#session.ask(`/v1/jobs/${id}/events`, { signal, headers: { Accept: "text/event-stream" } })
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return ""
        const events = (text + value).split("\n\n")
        text = events.pop()
        for (const event of events) {
          const name = /^event: (.*)$/m.exec(event)?.[1]
          const body = /^data: (.*)$/m.exec(event)?.[1]
          if (name === "deleted") return name
          if (body) this.#paint(JSON.parse(body))
        }
      }
    } catch (error) {
      if (error.name === "AbortError" || error instanceof Refused) throw error
      return "" // the stream broke off: the server went away, and comes back
    }
  }

  #paint({ state, place, stage, fraction, eta_s: eta, cancel_asked: stopping }) {
    const bar = find("#job progress")
    const waiting = state === "created"
    const words = stopping ? "Cancelling …" : waiting ? placeWords(place) : stageWords(stage)
    find("#job-stage").textContent = words
    find("#job-eta").textContent = waiting || eta === null ? "" : `about ${spoken(Math.max(1, Math.ceil(eta)))} left`
    find("#job-percent").textContent = waiting ? "" : `${Math.floor(fraction * 100)} %`
    if (waiting) bar.removeAttribute("value")
    else bar.value = fraction
    const quarter = waiting ? -1 : Math.floor(fraction * 4)
    if (quarter !== this.#saidAt) {
      this.#saidAt = quarter
      announce(waiting ? words : `${words}, ${Math.floor(fraction * 100)} percent`)
    }
  }

  #finish(job) {
    this.#following = null
    this.#id = ""
    this.#saidAt = -1
    keep("job", null)
    show(find("#job"), false)
    if (job.state === "failed") {
      tellField("request", sentence(job.failure?.message ?? "the edit failed"))
      announce("The edit failed.")
    } else if (job.state === "cancelled") announce("Cancelled.")
    this.ended.tell(job)
  }
}

function placeWords(place) {
  if (place > 0) return `Waiting: ${place} ${place === 1 ? "edit" : "edits"} before this one`
  return "Waiting for a free worker"
}
