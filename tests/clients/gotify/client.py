"""The `gotify` library from PyPI, used in every way it offers. Prints what it got, as JSON.

Arguments: the server's address, a client token.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import gotify  # type: ignore[import-not-found] # it lives in an environment of its own


async def main(url: str, token: str) -> dict[str, Any]:
    receiver = gotify.AsyncGotify(base_url=url, client_token=token)
    application = await receiver.create_application("from PyPI", description="d", default_priority=3)
    sender = gotify.AsyncGotify(base_url=url, app_token=application["token"])
    stream = receiver.stream()
    heard = asyncio.ensure_future(anext(stream))
    while not heard.done():  # the library does not say when its stream is open
        await sender.create_message("hello", title="t", priority=7, extras={"a::b": {"c": 1}})
        await asyncio.sleep(0.1)
    message = await heard
    await stream.aclose()
    last = await sender.create_message("no priority")
    await receiver.delete_message(last["id"])
    try:
        await receiver.get_users()
        refusal = None
    except gotify.GotifyError as error:
        refusal = repr(error)
    return {
        "version": await receiver.get_version(),
        "health": await receiver.get_health(),
        "user": await receiver.get_current_user(),
        "heard": message,
        "last": last,
        "refusal": refusal,
        "applications": await receiver.get_applications(),
        "clients": [await receiver.create_client("second"), *await receiver.get_clients()],
        "page": await receiver.get_messages(limit=1),
        "of application": await receiver.get_messages(app_id=application["id"]),
        "application": application,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
