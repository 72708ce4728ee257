// Uses the npm package `@fal-ai/client` as its users would: argv is base address, key, song, folder, song's address.
// Where the queue is, the client's own requestMiddleware says.
const [base, key, , folder, audio] = process.argv.slice(2)
const { createFalClient } = require(folder)

const APP = 'fal-ai/ace-step/audio-inpaint'
const requestMiddleware = async (request) => ({
  ...request,
  url: request.url.replace('https://queue.fal.run', base),
})
const fal = createFalClient({ credentials: key, requestMiddleware })
const input = { audio_url: audio, tags: 'lofi, chill', start_time: 2, end_time: 3.5, seed: 7 }

const errorOf = (promise) =>
  promise.then(() => ({}), ({ name, status, body }) => ({ name, status, detail: body && body.detail }))

async function main() {
  const told = { updates: [] }
  const onQueueUpdate = (update) => told.updates.push(update.status)
  told.polled = await fal.subscribe(APP, { input, logs: true, pollInterval: 100, onQueueUpdate })
  told.streamed = await fal.subscribe(APP, { input, logs: true, mode: 'streaming', onQueueUpdate })
  const late = await fal.queue.submit(APP, { input: { ...input, start_time: 100, end_time: 120 } })
  await fal.queue.subscribeToStatus(APP, { requestId: late.request_id, pollInterval: 100 })
  told.failed = await errorOf(fal.queue.result(APP, { requestId: late.request_id }))
  told.refused = await errorOf(fal.queue.submit(APP, { input: { audio_url: audio } }))
  told.over = await errorOf(fal.queue.cancel(APP, { requestId: late.request_id }))
  const stranger = createFalClient({ credentials: 'wrong-key-of-nobody', requestMiddleware })
  told.stranger = await errorOf(stranger.queue.submit(APP, { input }))
  console.log(JSON.stringify(told))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
