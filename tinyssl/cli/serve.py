"""`tinyssl serve`."""

from __future__ import annotations

import os

from tinyssl.cli.command import make_command
from tinyssl.cli.output import Result
from tinyssl.core.config import ServeConfig
from tinyssl.core.errors import UsageError
from tinyssl.core.paths import require_path
from tinyssl.stages.call import Call

TOKEN = "TINYSSL_SERVE_TOKEN"
LEAST_TOKEN = 16
"""Characters of a token: fewer can be guessed"""


def serve(call: Call) -> Result:
    """Show the workspace as web pages: fleet, models, what runs where, runs with live curves.

    The pages need no network. On this computer's own address they are for its users; any other
    address needs a token in TINYSSL_SERVE_TOKEN and a certificate. Ctrl-C ends the server, and the
    commands that were started from its pages.
    """
    config = call.config(ServeConfig)
    token = os.environ.get(TOKEN, "")
    check(config, token)
    import uvicorn

    from tinyssl.serve.app import make_app

    scheme = "https" if config.certificate else "http"
    app = make_app(call.workspace, config.host, token)
    options = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        log_level="warning",
        server_header=False,
        ssl_certfile=config.certificate,
        ssl_keyfile=config.key,
    )
    call.progress.note(f"{scheme}://{config.host}:{config.port}/ (Ctrl-C ends it)")
    uvicorn.Server(options).run()
    return Result({"host": config.host, "port": config.port}, ("ended",))


def check(config: ServeConfig, token: str) -> None:
    """Refuses what would show the workspace to everybody.

    Raises:
        UsageError: The address is not this computer's own and token or certificate are missing, or
            the token is short, or a file is not there.
    """
    from tinyssl.serve.guard import is_loopback

    for name, path in (("--certificate", config.certificate), ("--key", config.key)):
        if path is not None:
            require_path(path, name)
    if token and len(token) < LEAST_TOKEN:
        raise UsageError(
            f"the token in {TOKEN} has {len(token)} characters",
            hint=f"take {LEAST_TOKEN} or more: openssl rand -hex 16",
        )
    if is_loopback(config.host):
        return
    missing = [
        what
        for what, there in ((f"a token in {TOKEN}", token), ("--certificate", config.certificate))
        if not there
    ]
    if missing:
        raise UsageError(
            f"--host {config.host} shows this workspace to others, without {' and '.join(missing)}",
            hint="set both, or leave --host out: the pages are then for this computer alone",
        )


command = make_command(serve, stages=("serve",))
