"""The user who asks, his applications and his devices."""

from __future__ import annotations

from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing


async def user(_: Kit, call: Call[Nothing, Nothing]) -> answers.User:
    return render.user(call.actor)


async def applications(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Applications:
    found = await kit.accounts.applications.of(call.actor.user.id)
    return answers.Applications([render.application(subscription) for subscription in found])


async def devices(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Devices:
    return answers.Devices([render.device(device) for device in await kit.accounts.devices.of(call.actor.user.id)])


async def add_device(kit: Kit, call: Call[Nothing, asks.CreateDevice]) -> answers.NewDevice:
    return render.new_device(*await kit.accounts.devices.add(call.actor.user.id, call.body.name))
