"""Errors that people meet, by a name that stays: whoever shows them can say the same in another language.

The text of any error may be such a reason. Those that only programs meet need none.
"""

from __future__ import annotations

REASONS = {
    # What was filled in.
    "empty": "{field} must not be empty",
    "too_long": "{field} is longer than {limit} bytes",
    "not_text": "{field} is not valid text",
    "zero_byte": "{field} must not contain a zero byte",
    "no_web_address": "{field} must begin with http:// or https://",
    "out_of_bounds": "{field} must be from {least} to {most}",
    "no_zone": 'there is no time zone "{zone}"; write it as in Europe/Berlin',
    "request_too_large": "the request is larger than {limit} bytes",
    "no_picture": "file must be an image",  # gotify/server's words, for which programs look
    "picture_too_large": "file must be an image of at most {pixels} pixels",
    # Signing in.
    "wrong_password": "wrong name or password",
    "not_your_password": "{field} is not your password",
    "same_password": "new is the password that you have",
    "published_password": "{field} must not be the published one",
    "sign_in_later": "too many failed sign-ins; try again in {seconds} s",
    "busy_signing_in": "too many sign-ins at once, try again in a moment",
    "no_registration": "this server lets nobody make himself an account",
    "too_many_registrations": "too many new accounts from this address; try again in {seconds} s",
    "admins_only": "only admins may do this",
    "elevation_needed": "this takes the password: send it instead of the token, or elevate the device first",
    # Users, groups and what they have.
    "name_taken": "username already exists",
    "group_taken": "this group name is taken",
    "last_admin": "cannot delete last admin",
    "no_user": "there is no such user",
    "no_group": "there is no such group",
    "no_user_or_group": "there is no such user or group",
    "not_shared": "the application is not shared with him or them",
    "no_application": "application does not exist",
    "no_message": "message does not exist",
    "no_token": "token does not exist",
    "no_device": "device does not exist",
    "no_pairing": "pairing does not exist",
    "wrong_pairing": "this code is not good, or not any more: make a new one",
    "no_service": "service does not exist",
    "no_delivery": "delivery does not exist",
    "not_owner": "only its owner may do this with an application",
    "not_member": "its messages reach you no more, so you cannot send any",
    "too_many_applications": "no more than {most} applications a user: delete some",
    "too_many_tokens": "no more than {most} tokens: revoke some",
    "too_many_devices": "no more than {most} devices a user: delete some",
    "too_many_services": "no more than {most} services: delete some",
    "too_many_pictures": "too many pictures at once",
    "sends_too_much": "this {who} sends too much; try again in {seconds} s",
    # Searching.
    "search_application": 'there is no application "{name}"; the nearest is "{near}"',
    "search_nothing": 'there is no application "{name}"',
    # Services.
    "not_your_service": "only an administrator may do this with a service of a group or of the server",
    "option_missing": "{option} is missing",
    "option_form": "{option}: it does not have the form that is expected",
    "choose_group": "choose a group",
    "choose_fallback": "choose another service",
    "bad_template": "{detail}",
    "quiet_no_window": "quiet hours need at least one window",
    "quiet_many_windows": "quiet hours have at most {most} windows",
    "quiet_no_day": "a window of quiet hours needs at least one weekday",
    "quiet_always": "the quiet hours leave no minute of the week in which a message may go",
    "no_check": "this kind of service cannot be checked without a message: send a test notification",
    "no_recipient": "the service has no such recipient",
    "agreed_already": "he has agreed already",
    "asked_just_now": "he was asked a moment ago",
    "not_asked": "he could not be asked: {detail}",
    "no_code": "this code is not known here; ask for a new one",
    "options_locked": "the options of the service cannot be opened: enter its secrets again",
    # Settings.
    "setting_fixed": "{name} is fixed by {by}: it can be changed there only",
    "setting_bounds": "{name} must be a whole number from {least} to {most}",
    "message_above_request": "message_limit must not be above request_limit, which is {limit}",
    # The server.
    "stopping": "the server is stopping",
    "too_busy": "too much waits to be stored",
}

Value = str | int


class Because(str):
    """A sentence for people that is one of REASONS, with its gaps filled by `values`."""

    reason: str
    values: dict[str, Value]


def because(reason: str, **values: Value) -> Because:
    said = Because(REASONS[reason].format_map(values))
    said.reason, said.values = reason, values
    return said
