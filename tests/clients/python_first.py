"""Run by the PyPI package `wavespeed` 0.0.5, the first one: argv is base address, key, song, its address."""

import json
import sys

from wavespeed import WaveSpeed

base, key, _, audio = sys.argv[1:]
MODEL = "wavespeed-ai/ace-step/audio-inpaint"
client = WaveSpeed(api_key=key, base_url=f"{base}/api/v3/")
edit = {"audio": audio, "tags": "lofi, chill", "start_time": 2, "end_time": 3.5, "seed": 7}
done = client.run(MODEL, edit)
failed = client.run(MODEL, edit | {"start_time": 100, "end_time": 120})
told = {"polled": done.outputs, "status": done.status, "failed": failed.status, "error": failed.error}
try:
    client.run(MODEL, edit | {"seed": "seven"})
except Exception as error:  # noqa: BLE001
    told["refused"] = str(error)
print(json.dumps(told))
