"""Starts a document analysis over REST and asks for its status until it has ended; one line of JSON for each answer.

Standard library alone. Arguments: base URL, API key, id of a bot, URL of the document, seconds between two questions.
"""

import json
import sys
import time
import urllib.request


def call(method, url, key, payload=None):
    request = urllib.request.Request(url, method=method)
    # Sent with every request, also where there is no body, as many clients do.
    request.add_header("Authorization", f"Bearer {key}")
    request.add_header("Content-Type", "application/json")
    data = None if payload is None else json.dumps(payload).encode()
    with urllib.request.urlopen(request, data, timeout=20) as response:
        body = json.load(response)
        print(json.dumps({"http": response.status, **body}), flush=True)
        return response, body


def main(base, key, bot, document, pause):
    start = f"{base}/v1/bots/{bot}/actions/analyze-document"
    response, _ = call("POST", start, key, {"document_url": document})
    if response.status != 202:
        sys.exit(f"not accepted: {response.status}")
    status_url = base + response.headers["Location"]
    while True:
        _, body = call("GET", status_url, key)
        if body.get("status") in ("COMPLETED", "FAILED", "CANCELED"):
            return
        time.sleep(float(pause))


main(*sys.argv[1:])
