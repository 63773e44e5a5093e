"""Every door of the API."""

from __future__ import annotations

from carillon.dialects.native import account, answers, asks, changes, inbox
from carillon.dialects.native.messages import Post
from carillon.dialects.native.operation import Front, Nothing, Operation, by
from carillon.dialects.native.stream import LINES, SSE, Stream

STREAM = Operation(
    method="GET",
    path="/api/1/stream",
    summary="Follow what changes",
    text="What has changed since `after`, then a frame `live`, then changes as they happen. With an upgrade it is "
    "a WebSocket, by `Accept: text/event-stream` server-sent events, and otherwise JSON lines. An empty line or a "
    "comment is a sign of life.",
    query=asks.StreamQuery,
    headers={"Last-Event-ID": "The cursor reached, as browsers send it when they come again; wins over `after`."},
    answer=answers.EntryChange | answers.Cleared | answers.Hole | answers.Live,
    media=(LINES, SSE),
    served=Front(Stream),
)

OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/messages",
        summary="Send a message",
        text="Answered when it is stored; then every device of every receiver has been told.",
        access="application",
        headers={
            "Idempotency-Key": "The same key with the same message within 24 hours stores nothing and answers with the "
            "id of the first; with another message it is 409."
        },
        body=asks.NewMessage,
        example={"title": "Backup", "message": "done in 4 minutes", "priority": 5, "tags": ["nas"]},
        answer=answers.Message,
        refusals=(409, 413, 415, 507),
        served=Front(Post),
    ),
    Operation(
        method="GET",
        path="/api/1/inbox",
        summary="List the inbox",
        text="Newest first.",
        refusals=(404,),
        **by(inbox.index, query=asks.PageQuery, body=Nothing, answer=answers.InboxPage),
    ),
    Operation(
        method="DELETE",
        path="/api/1/inbox",
        summary="Clear the inbox",
        text="Of one application, or of everything; without saying which, nothing is deleted. As quick for a million "
        "messages as for one.",
        refusals=(404,),
        **by(inbox.clear, query=asks.ClearQuery, body=Nothing, answer=None),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/mark",
        summary="Mark several messages",
        example={"ids": [41, 42], "read": True},
        refusals=(413, 415),
        **by(inbox.mark, query=Nothing, body=asks.MarkIds, answer=answers.Ids),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/delete",
        summary="Delete several messages",
        example={"ids": [40, 41]},
        refusals=(413, 415),
        **by(inbox.delete_many, query=Nothing, body=asks.DeleteIds, answer=answers.Ids),
    ),
    Operation(
        method="GET",
        path="/api/1/inbox/{id}",
        summary="Get a message",
        refusals=(404,),
        **by(inbox.show, query=Nothing, body=Nothing, answer=answers.InboxMessage),
    ),
    Operation(
        method="PATCH",
        path="/api/1/inbox/{id}",
        summary="Mark a message",
        text="On every device of the user.",
        example={"read": True},
        refusals=(404, 413, 415),
        **by(inbox.patch, query=Nothing, body=asks.PatchState, answer=answers.InboxMessage),
    ),
    Operation(
        method="DELETE",
        path="/api/1/inbox/{id}",
        summary="Delete a message",
        text="From this inbox; other receivers keep theirs.",
        refusals=(404,),
        **by(inbox.delete, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="GET",
        path="/api/1/changes",
        summary="List what has changed",
        text="In the order in which it changed. A message that changed twice is there once, as it is now.",
        **by(changes.changes, query=asks.ChangesQuery, body=Nothing, answer=answers.Changes),
    ),
    STREAM,
    Operation(
        method="GET",
        path="/api/1/user",
        summary="Who am I?",
        access="sign-in",
        **by(account.user, query=Nothing, body=Nothing, answer=answers.User),
    ),
    Operation(
        method="GET",
        path="/api/1/applications",
        summary="List the applications",
        text="Those that the user owns, has joined or has ever received from, in his order.",
        **by(account.applications, query=Nothing, body=Nothing, answer=answers.Applications),
    ),
    Operation(
        method="GET",
        path="/api/1/devices",
        summary="List the devices",
        **by(account.devices, query=Nothing, body=Nothing, answer=answers.Devices),
    ),
    Operation(
        method="POST",
        path="/api/1/devices",
        summary="Add a device",
        text="Its token is in the answer, and shown this once.",
        example={"name": "phone"},
        refusals=(413, 415),
        **by(account.add_device, query=Nothing, body=asks.CreateDevice, answer=answers.NewDevice),
    ),
)
