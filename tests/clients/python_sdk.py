"""Run by the PyPI package `wavespeed` 1.x and 2.x, as its users would: argv is base address, key, song."""

import json
import sys

from wavespeed import Client

base, key, song = sys.argv[1:]
MODEL = "wavespeed-ai/ace-step/audio-inpaint"
client = Client(api_key=key, base_url=base)
edit = {"audio": client.upload(song), "tags": "lofi, chill", "start_time": 2, "end_time": 3.5, "seed": 7}
late = edit | {"start_time": 100, "end_time": 120}


def message_of(call):
    try:
        call()
    except Exception as error:  # noqa: BLE001
        return str(error)
    return ""


told = {"polled": client.run(MODEL, edit, poll_interval=0.2)["outputs"]}
told["sync"] = client.run(MODEL, edit, enable_sync_mode=True)["outputs"]
told["failed"] = client.run_no_throw(MODEL, late, poll_interval=0.2)
told["again"] = message_of(lambda: client.run(MODEL, late, poll_interval=0.2, max_retries=1))
told["missing"] = message_of(lambda: client.run(MODEL, {"audio": edit["audio"]}))
told["refused"] = message_of(lambda: client.run(MODEL, edit | {"seed": "seven"}))
told["stranger"] = message_of(lambda: Client(api_key="wrong-key-of-nobody", base_url=base).run(MODEL, edit))
told["unknown"] = message_of(lambda: client.get_result("0" * 32))
print(json.dumps(told))
