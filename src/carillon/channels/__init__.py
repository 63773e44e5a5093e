"""The ways out to foreign systems, one module a kind. To add one, write one file with `API = 1`.

`core.channels.Channel` says what else it has: titles, `Options`, `send`, and what it may have besides. Its options are
declared with `core.forms.field`, from which the check, the form in the web app and the API follow. It gets the world
in its hand (`Outside`) and answers with an `Outcome`; when to try again, and when to give up, is the courier's.
"""

API = 1
