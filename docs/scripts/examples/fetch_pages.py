#!/usr/bin/env python3
# /// roundsman
# about = "fetches pages and keeps what they say"
# dry_run = true
# credentials = ["pages"]
#
# [params.urls]
# type = "list"
# required = true
# help = "what to fetch"
#
# [metrics.fetch_pages_bytes_total]
# help = "Bytes fetched."
# type = "counter"
# ///
"""Everything by JSON: the request on standard input, and messages on the script's own channel."""

import json
import os
import sys
import urllib.error
import urllib.request

request = json.load(sys.stdin)
channel = os.fdopen(int(os.environ["ROUNDSMAN_FD"]), "w", buffering=1)


def say(kind, **fields):
    print(json.dumps({"type": kind, **fields}), file=channel)


urls = request["with"]["urls"]
if request["dry_run"]:
    say("outcome", status="success", summary=f"would fetch {len(urls)} pages", counts={"planned": len(urls)})
    sys.exit()

# A field has the value in use, and while the far side is being changed the one that follows.
token = request["credentials"]["pages"]["token"]["current"]
failed = []
for number, url in enumerate(urls, start=1):
    say("progress", done=number, total=len(urls), note=url)
    try:
        ask = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        body = urllib.request.urlopen(ask, timeout=10).read()
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        say("log", level="warning", message=f"{url}: {error}")
        failed.append(url)
        continue
    say("metric", name="fetch_pages_bytes_total", value=len(body))
    path = f"page-{number}.html"
    with open(path, "wb") as file:
        file.write(body)
    say("artifact", path=path, media_type="text/html")

counts = {"processed": len(urls), "ok": len(urls) - len(failed), "failed": len(failed)}
summary = f"{counts['ok']} of {len(urls)} pages"
if len(failed) == len(urls):
    # Nothing came at all: most likely the network, so another attempt may help.
    say("outcome", status="failed", summary=summary, retry=True)
else:
    status = "partial" if failed else "success"
    say("outcome", status=status, summary=summary, counts=counts, detail={"failed": failed}, again=bool(failed))
