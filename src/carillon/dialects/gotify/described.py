"""What the operations of this API are for, who may use them, and the shapes that they take and give.

Names of operations and shapes are those that Gotify publishes, since clients are generated from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Access = Literal["anybody", "client", "sender", "password", "session", "elevated", "admin", "newcomer"]
Shape = Mapping[str, str]


class Operation(Struct, frozen=True):
    """`body` and `answer` name shapes, an answer in brackets is a list, an empty one no content.

    `refusals` are the statuses of the shape Error besides those of a missing or wrong credential.
    """

    name: str
    summary: str
    answer: str = ""
    access: Access = "client"
    body: str = ""
    status: int = 200
    query: Shape = {}
    form: Shape = {}
    media: str = "application/json"
    refusals: tuple[int, ...] = ()


# "!" marks what must be there. What handlers give besides is made of the structs in render.py.
SHAPES: dict[str, Shape] = {
    "ApplicationParams": {
        "name": "string!",
        "description": "string",
        "defaultPriority": "integer",
        "sortKey": "string",
    },
    "ClientParams": {"name": "string!", "expiresAfterInactivitySeconds": "integer"},
    "CreateMessage": {
        "message": "string!",
        "title": "string",
        "priority": "integer",
        "extras": "object",
        "appid": "integer",
    },
    "CreateUserExternal": {"name": "string!", "pass": "string!", "admin": "boolean"},
    "ElevateRequest": {"durationSeconds": "integer!"},
    "Error": {"error": "string!", "errorCode": "integer!", "errorDescription": "string!"},
    "GotifyInfo": {"version": "string!", "register": "boolean!", "oidc": "boolean!"},
    "Health": {"health": "string!", "database": "string!"},
    "PluginConf": {
        "id": "integer!",
        "createdAt": "date!",
        "name": "string!",
        "token": "string!",
        "modulePath": "string!",
        "author": "string",
        "website": "string",
        "license": "string",
        "enabled": "boolean!",
        "capabilities": "[string]!",
    },
    "RegenerateTokenResponse": {"token": "string!"},
    "SecurityUpdateAction": {"regenerateToken": "boolean"},
    "SecurityUpdateActionResponse": {"regenerateToken": "RegenerateTokenResponse"},
    "UpdateUserExternal": {"name": "string!", "pass": "string", "admin": "boolean"},
    "User": {"id": "integer!", "name": "string!", "admin": "boolean!", "createdAt": "date!"},
    "UserPass": {"pass": "string!"},
    "VersionInfo": {"version": "string!", "commit": "string!", "buildDate": "string!", "carillon": "string!"},
}

PAGE: Shape = {"limit": "integer", "since": "integer"}
NAMED: Shape = {"name": "string!"}
FILE: Shape = {"file": "file!"}
YAML = "application/x-yaml"

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/version"): Operation("getVersion", "The version of the server", "VersionInfo", "anybody"),
    ("GET", "/gotifyinfo"): Operation("getInfo", "How one can sign in", "GotifyInfo", "anybody"),
    ("GET", "/health"): Operation("getHealth", "Whether it is well; with 500 it is not", "Health", "anybody"),
    ("HEAD", "/health"): Operation("headHealth", "Whether it is well, by the status alone", "", "anybody"),
    ("POST", "/auth/local/login"): Operation(
        "localLogin", "Sign in from a browser: sets the cookie", "CurrentUser", "password", form=NAMED, refusals=(400,)
    ),
    ("POST", "/auth/logout"): Operation("logout", "Sign out: ends the client that asks", access="session"),
    ("GET", "/current/user"): Operation("currentUser", "Who asks", "CurrentUser"),
    ("POST", "/current/user/password"): Operation(
        "updateCurrentUser", "Change the password of who asks", access="elevated", body="UserPass", refusals=(400,)
    ),
    ("GET", "/application"): Operation("getApps", "The applications of who asks, in his order", "[Application]"),
    ("POST", "/application"): Operation(
        "createApp", "Create an application: the answer shows its token", "Application", body="ApplicationParams"
    ),
    ("PUT", "/application/{id}"): Operation(
        "updateApplication", "Change an application", "Application", body="ApplicationParams"
    ),
    ("DELETE", "/application/{id}"): Operation(
        "deleteApp", "Delete an application with its messages", access="elevated"
    ),
    ("PUT", "/application/{id}/security"): Operation(
        "updateAppSecurity",
        "Give an application a new token",
        "SecurityUpdateActionResponse",
        "elevated",
        body="SecurityUpdateAction",
    ),
    ("POST", "/application/{id}/image"): Operation(
        "uploadAppImage", "Give an application a picture: PNG, JPEG, GIF, WebP or BMP", "Application", form=FILE
    ),
    ("DELETE", "/application/{id}/image"): Operation(
        "removeAppImage", "Take the picture of an application away", "Application"
    ),
    ("GET", "/image/{file}"): Operation(
        "getImage", "A picture, by the image of its application", "file", "anybody", media="image/png", refusals=(404,)
    ),
    ("HEAD", "/image/{file}"): Operation("headImage", "Whether a picture is there", "", "anybody", refusals=(404,)),
    ("GET", "/static/defaultapp.png"): Operation(
        "getDefaultImage", "The picture of applications without one", "file", "anybody", media="image/png"
    ),
    ("GET", "/application/{id}/message"): Operation(
        "getAppMessages", "The messages of an application, newest first", "PagedMessages", query=PAGE
    ),
    ("DELETE", "/application/{id}/message"): Operation("deleteAppMessages", "Delete the messages of an application"),
    ("GET", "/client"): Operation("getClients", "The clients of who asks", "[Client]"),
    ("POST", "/client"): Operation(
        "createClient", "Create a client: the answer shows its token", "Client", body="ClientParams"
    ),
    ("PUT", "/client/{id}"): Operation("updateClient", "Change a client", "Client", body="ClientParams"),
    ("DELETE", "/client/{id}"): Operation(
        "deleteClient", "Delete a client and end its streams; itself it may always", access="elevated"
    ),
    ("POST", "/client/{id}/elevate"): Operation(
        "elevateClient",
        "Let a client do for a while what needs a password",
        access="elevated",
        body="ElevateRequest",
        status=204,
    ),
    ("POST", "/message"): Operation("createMessage", "Send a message", "Message", "sender", body="CreateMessage"),
    ("GET", "/message"): Operation(
        "getMessages", "All messages of who asks, newest first", "PagedMessages", query=PAGE, refusals=(400,)
    ),
    ("DELETE", "/message"): Operation("deleteMessages", "Delete all messages of who asks"),
    ("DELETE", "/message/{id}"): Operation("deleteMessage", "Delete a message"),
    ("GET", "/stream"): Operation(
        "streamMessages", "New messages as they come, by WebSocket", "Message", refusals=(400,)
    ),
    ("GET", "/user"): Operation("getUsers", "All users", "[User]", "admin"),
    ("POST", "/user"): Operation(
        "createUser", "Create a user, or one’s account", "User", "newcomer", body="CreateUserExternal"
    ),
    ("GET", "/user/{id}"): Operation("getUser", "A user", "User", "admin"),
    ("POST", "/user/{id}"): Operation("updateUser", "Change a user", "User", "admin", body="UpdateUserExternal"),
    ("DELETE", "/user/{id}"): Operation("deleteUser", "Delete a user", access="admin"),
    ("GET", "/plugin"): Operation("getPlugins", "No plugins: the list is empty", "[PluginConf]"),
    ("GET", "/plugin/{id}/config"): Operation("getPluginConfig", "Unknown plugin", "object", media=YAML),
    ("POST", "/plugin/{id}/config"): Operation("updatePluginConfig", "Unknown plugin"),
    ("GET", "/plugin/{id}/display"): Operation("getPluginDisplay", "Unknown plugin", "string"),
    ("POST", "/plugin/{id}/enable"): Operation("enablePlugin", "Unknown plugin"),
    ("POST", "/plugin/{id}/disable"): Operation("disablePlugin", "Unknown plugin"),
}  # fmt: skip
