"""The user who asks, his applications and his devices."""

from __future__ import annotations

from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing, Operation, by


async def user(_: Kit, call: Call[Nothing, Nothing]) -> answers.User:
    return render.user(call.actor)


async def applications(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Applications:
    found = await kit.accounts.applications.of(call.actor.user.id)
    return answers.Applications([render.application(subscription) for subscription in found])


async def devices(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Devices:
    return answers.Devices([render.device(device) for device in await kit.accounts.devices.of(call.actor.user.id)])


async def add_device(kit: Kit, call: Call[Nothing, asks.CreateDevice]) -> answers.NewDevice:
    return render.new_device(*await kit.accounts.devices.add(call.actor.user.id, call.body.name))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/user",
        summary="Who am I?",
        access="sign-in",
        **by(user, query=Nothing, body=Nothing, answer=answers.User),
    ),
    Operation(
        method="GET",
        path="/api/1/applications",
        summary="List the applications",
        text="Those that the user owns, has joined or has ever received from, in his order.",
        **by(applications, query=Nothing, body=Nothing, answer=answers.Applications),
    ),
    Operation(
        method="GET",
        path="/api/1/devices",
        summary="List the devices",
        **by(devices, query=Nothing, body=Nothing, answer=answers.Devices),
    ),
    Operation(
        method="POST",
        path="/api/1/devices",
        summary="Add a device",
        text="Its token is in the answer, and shown this once.",
        example={"name": "phone"},
        refusals=(413, 415),
        **by(add_device, query=Nothing, body=asks.CreateDevice, answer=answers.NewDevice),
    ),
)
