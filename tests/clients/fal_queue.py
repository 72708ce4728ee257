"""Run by the PyPI package `fal-client`, as its users would: argv is base address, key, song, its address.

Where the queue is, FAL_QUEUE_RUN_HOST says; the key is in FAL_KEY.
"""

import json
import os
import sys

import fal_client

audio = sys.argv[4]
APP = "fal-ai/ace-step/audio-inpaint"
edit = {"audio_url": audio, "tags": "lofi, chill", "start_time": 2, "end_time": 3.5, "seed": 7}
updates = []
told = {"subscribed": fal_client.subscribe(APP, edit, with_logs=True, on_queue_update=updates.append)}
told["updates"] = [type(update).__name__ for update in updates]
handle = fal_client.submit(APP, edit)
told["handled"] = handle.get()
told["status"] = type(fal_client.status(APP, handle.request_id)).__name__
told["result"] = fal_client.result(APP, handle.request_id)


def error_of(call):
    try:
        call()
    except fal_client.FalClientHTTPError as error:
        return {"status": error.status_code, "detail": error.message, "type": error.error_type}
    return {}


late = fal_client.submit(APP, edit | {"start_time": 100, "end_time": 120})
told["failed"] = error_of(late.get)
told["refused"] = error_of(lambda: fal_client.submit(APP, {"audio_url": audio}))
told["over"] = error_of(handle.cancel)
os.environ["FAL_KEY"] = "wrong-key-of-nobody"
told["stranger"] = error_of(lambda: fal_client.SyncClient().submit(APP, edit))
print(json.dumps(told))
