"""The npm package `@wavespeed/mcp`, unmodified, spoken to over its pipes as a model's host does.

Messages are those of the Model Context Protocol, revision 2025-06-18: JSON-RPC 2.0, one message a line.
"""

import json
import subprocess

import pytest

from punchin.web.wire import HOSTED_MODEL


class Host:
    """The other side of the server: asks, and waits for the answer."""

    def __init__(self, process):
        self.process, self.number = process, 0

    def send(self, **message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0"} | message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, **params):
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self.number:
                return answer["result"]
        raise AssertionError("the server has ended")

    def tool(self, tool, **arguments):
        """What a tool says: JSON, or an error's text."""
        told = self.ask("tools/call", name=tool, arguments=arguments)
        text = told["content"][0]["text"]
        return text if told.get("isError") else json.loads(text)


@pytest.fixture
def start(packages, environment, tmp_path):
    processes = []

    def started(**more):
        process = subprocess.Popen(
            ["node", str(packages / "@wavespeed/mcp/dist/index.js")],
            env=environment | more,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        host = Host(process)
        client = {"name": "tests", "version": "1"}
        host.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        host.send(method="notifications/initialized")
        return host

    yield started
    for process in processes:
        process.stdin.close()
        process.terminate()
        process.wait(20)
        process.stdout.close()


def test_a_whole_edit(start, proved, song, jobs):
    host = start()
    found = host.tool("list_models", query="audio-inpaint")["models"]
    assert HOSTED_MODEL in [model["model_id"] for model in found]
    schema = host.tool("get_model_schema", model=HOSTED_MODEL)
    assert schema["required"] == ["audio", "tags"]
    edit = {"audio": f"@{song}", "tags": "lofi", "start_time": 2, "end_time": 3.5, "seed": 7}
    assert host.tool("get_price", model=HOSTED_MODEL, input=edit)["model_id"] == HOSTED_MODEL
    done = host.tool("run_model", model=HOSTED_MODEL, input=edit, wait_seconds=120)
    assert done["status"] == "completed", done
    (address,) = done["outputs"]
    proved(address)
    assert host.tool("get_prediction", id=done["id"])["outputs"] == [address]
    assert host.tool("get_balance")["balance"] > 0
    assert jobs() == 1


def test_errors(start, jobs):
    host = start()
    assert "tags" in host.tool("run_model", model=HOSTED_MODEL, input={"audio": "https://example.org/a.wav"})
    assert "0" * 32 in host.tool("get_prediction", id="0" * 32)
    stranger = start(WAVESPEED_API_KEY="wrong-key-of-nobody")
    assert "key" in stranger.tool("get_balance").lower()
    assert jobs() == 0
