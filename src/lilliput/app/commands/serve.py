"""`lilliput serve`: models over HTTP."""

import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lilliput.app import options
from lilliput.app.output import say
from lilliput.app.shipped import find_model

if TYPE_CHECKING:
    from lilliput.app.server.hosted import Hosted


def serve(
    models: Annotated[
        list[Path],
        typer.Argument(
            help="Model folders, or models we ship: pocket, laptop. A model is called as its folder is.",
            metavar="MODEL",
            callback=lambda models: [find_model(model) for model in models],
        ),
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on. One that other machines reach needs --api-key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0: any that is free.", min=0, max=65535)] = 8000,
    api_key: Annotated[
        str | None,
        typer.Option(
            help="Answer only to those who send this key.", envvar="LILLIPUT_API_KEY", metavar="KEY"
        ),
    ] = None,
    cors: Annotated[
        list[str] | None,
        typer.Option(help="Let pages of this origin ask from a browser. Give it again for more."),
    ] = None,
    slots: Annotated[int, typer.Option(help="Stories a model writes at once.", min=1, max=1024)] = 8,
    queue: Annotated[
        int, typer.Option(help="Requests a model lets wait; to more it says: too busy.", min=1)
    ] = 64,
    timeout: Annotated[float, typer.Option(help="Most seconds for one request.", min=0.1)] = 600.0,
    engine: options.Engine = None,
    precision: options.Precision = options.PrecisionName.f32,
    threads: options.Threads = None,
) -> None:
    """\b
    Examples:
      lilliput serve runs/story
      lilliput serve runs/story runs/mine --port 0
      LILLIPUT_API_KEY=secret lilliput serve runs/story --host 0.0.0.0

    Offer models over HTTP, as OpenAI's API does: /v1/completions, /v1/chat/completions,
    /v1/models. The address stands on stdout once requests are answered; Ctrl-C lets the stories
    in hand finish and stops. What exactly is supported: docs/server.md
    """
    from lilliput.app.server.api import Api, Limits
    from lilliput.app.server.hosted import Hosted, name_models, open_model
    from lilliput.app.server.run import StoryServer, check_exposure, open_socket, url_of

    check_exposure(host, api_key)
    named = name_models(models)
    with closing(open_socket(host, port)) as listener, ExitStack() as opened:
        hosted: list[Hosted] = []
        for name, path in named.items():
            one = open_model(
                name, path, engine and engine.value, threads, slots, queue, precision=precision.value
            )
            opened.callback(one.worker.close)
            hosted.append(one)
        url = url_of(listener)

        def announce() -> None:
            say(f"serving {', '.join(named)}; Ctrl-C stops. Try:\n\n{_example(url, hosted, api_key)}\n")
            print(url, flush=True)

        api = Api(hosted, Limits(request_s=timeout))
        StoryServer(api, listener, api_key, cors or [], announce).serve_until_stopped()


def _example(url: str, hosted: "Sequence[Hosted]", api_key: str | None) -> str:
    """A command to paste."""
    first = hosted[0]
    rest: dict[str, Any]
    if first.template:
        path, rest = "chat/completions", {"messages": [{"role": "user", "content": "Tell me a story."}]}
    else:
        path, rest = "completions", {"prompt": "Once upon a time", "max_tokens": 100}
    key = "-H 'Authorization: Bearer '\"$LILLIPUT_API_KEY\" " if api_key else ""
    body = json.dumps({"model": first.name, **rest}).replace("'", "'\\''")
    return f"  curl {url}/{path} {key}-H 'Content-Type: application/json' -d '{body}'"
