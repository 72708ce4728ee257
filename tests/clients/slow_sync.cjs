// Waits in sync mode for an edit that takes 13 s: argv is folder of the package, base address, key, song.
const [folder, baseUrl, key, song] = process.argv.slice(2)
const { Client } = require(folder)

async function main() {
  const client = new Client(key, { baseUrl })
  const edit = { audio: await client.upload(song), tags: 'wait 13', start_time: 2, end_time: 3.5, seed: 7 }
  const done = await client.run('punchin/unruly/audio-inpaint', edit, { enableSyncMode: true })
  console.log(JSON.stringify(done.outputs))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
