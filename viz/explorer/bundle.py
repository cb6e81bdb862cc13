"""The page's parts put into one: a module for a notebook, or a page that opens offline.

The JavaScript files stand in the order of their imports with the import lines left out; nothing
else is changed, and what the page runs can be read. Start reading at `page`.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from .program import program

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


@cache
def text(name: str) -> str:
    """One of the page's files."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """The page's JavaScript without the generated program: it defines `start`."""
    return "\n".join(re.sub(r"^export ", "", IMPORT.sub("", text(f"{name}.js")), flags=re.MULTILINE)
                     for name in in_order("app"))


def in_order(name: str) -> list[str]:
    """A file after all that it imports."""
    found: dict[str, None] = {}

    def visit(one: str) -> None:
        for other in IMPORT.findall(text(f"{one}.js")):
            if other not in found:
                visit(other)
        found.setdefault(one)

    visit(name)
    return list(found)


def operations(data: Mapping[str, Any]) -> Iterable[str]:
    """The operations of a graph, by their rows' names."""
    return {node["by"] for node in data["nodes"] if "by" in node}


def page(data: Mapping[str, Any]) -> str:
    """A whole HTML page that stands alone; its policy lets no request out, and no other script run.

    Inside a script no text can end it: `<` is written as an escape.
    """
    start = 'start(document.body, JSON.parse(document.getElementById("graph").textContent), OPS, ' \
            "{global: true});"
    code = f"\n{program(operations(data))}\n{script()}\n{start}\n"
    code = code.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
              "img-src data:; base-uri 'none'; form-action 'none'")
    return (f'<!DOCTYPE html>\n<html lang="en" class="page">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            f"<title>{escape(str(data['title']))}</title>\n"
            f"<style>\nbody {{ margin: 0; }}\n{text('style.css')}</style>\n</head>\n<body>\n"
            '<noscript><p>This page computes in the browser: allow its script.</p></noscript>\n'
            f'<script type="application/json" id="graph">{in_script(data)}</script>\n'
            f'<script type="module">{code}</script>\n</body>\n</html>\n')


def in_script(data: Mapping[str, Any]) -> str:
    """JSON in which nothing can end a script or a comment."""
    made = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return made.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def module(data: Mapping[str, Any]) -> str:
    """The same as a JavaScript module for a notebook widget: it exports `render`."""
    return (f"{program(operations(data))}\n{script()}\n{text('widget.js')}")
