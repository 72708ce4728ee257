// Uses the npm package `wavespeed` as its users would: argv is base address, key, song, folder of the package.
// Prints one JSON object.
const [baseUrl, key, song, folder] = process.argv.slice(2)
const { Client } = require(folder)

const MODEL = 'wavespeed-ai/ace-step/audio-inpaint'
const client = new Client(key, { baseUrl })
const often = { pollInterval: 0.2 }

const messageOf = (promise) => promise.then(() => '', (error) => String(error.message))

async function main() {
  const audio = await client.upload(song)
  const edit = { audio, tags: 'lofi, chill', start_time: 2, end_time: 3.5, seed: 7 }
  const late = { ...edit, start_time: 100, end_time: 120 }
  const told = {}
  told.polled = (await client.run(MODEL, edit, often)).outputs
  told.sync = (await client.run(MODEL, edit, { enableSyncMode: true })).outputs
  const failed = await client.runNoThrow(MODEL, late, often)
  // 0.3 gives an Error here, 0.2 a text.
  const error = String(failed.detail.error.message ?? failed.detail.error)
  told.failed = { outputs: failed.outputs, status: failed.detail.status, task_id: failed.detail.taskId, error }
  told.again = await messageOf(client.run(MODEL, late, { ...often, maxRetries: 1 }))
  told.missing = await messageOf(client.run(MODEL, { audio }, often))
  told.refused = await messageOf(client.run(MODEL, { ...edit, seed: 'seven' }, often))
  const stranger = new Client('wrong-key-of-nobody', { baseUrl })
  told.stranger = await messageOf(stranger.run(MODEL, edit, often))
  told.strangerUpload = await messageOf(stranger.upload(song))
  console.log(JSON.stringify(told))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
