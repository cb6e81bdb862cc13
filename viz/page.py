"""page: one HTML page that stands alone. No request leaves it; it follows light and dark.

    page("a title", "<h1>..</h1>")      the page as text; the body is HTML, the title plain text

Its style covers what reports are made of: headings, paragraphs, lists, tables, `pre`, `details`,
and the classes `steps`, `rule`, `equation`, `result`, `wide`, `good`, `bad`, `unsure`.
"""

from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --paper: #ffffff;
  --shade: #f3f5f8; --line: #d0d7de; --accent: #0550ae; --good: #1a6b34; --bad: #b3261e;
  --unsure: #7a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #a3adb9; --paper: #14171c;
  --shade: #1f242c; --line: #3a424d; --accent: #8ab8ff; --good: #7fd99a; --bad: #ff9d94;
  --unsure: #f0c074; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.3; margin: 0 0 1rem; font-weight: 650; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; font-weight: 650; }
p { margin: .35rem 0; }
a, summary { color: var(--accent); }
math { font-size: 1.08em; math-style: normal; }
.equation { display: inline-block; max-width: 100%; overflow-x: auto; overflow-y: hidden;
  vertical-align: middle; padding: .15rem 0; }
.equation > span { display: inline-block; margin: .1em .3em .1em 0; white-space: nowrap; }
.equation > span:last-child { margin-right: 0; }
.steps { padding: 0; margin: 0; list-style: none; counter-reset: step; }
.steps > li { counter-increment: step; position: relative; padding: .55rem 0 .55rem 2.6rem;
  border-top: 1px solid var(--line); break-inside: avoid; }
.steps > li::before { content: counter(step); position: absolute; left: 0; top: .75rem;
  min-width: 1.8rem; text-align: right; color: var(--faint); font-variant-numeric: tabular-nums; }
.rule { display: inline-block; background: var(--shade); color: var(--faint); font-size: .82rem;
  border: 1px solid var(--line); border-radius: 1rem; padding: 0 .6rem; margin-right: .3rem;
  vertical-align: middle; }
.result { background: var(--shade); border-left: 4px solid var(--accent); padding: .5rem .9rem;
  margin: .5rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--faint); font-weight: 600; }
details { margin: 1.2rem 0; }
summary { cursor: pointer; }
pre { background: var(--shade); padding: .8rem 1rem; overflow-x: auto; font-size: .85rem;
  line-height: 1.45; }
svg { max-width: 100%; height: auto; }
@media (max-width: 32rem) { body { padding: 1rem .8rem 3rem; }
  .steps > li { padding-left: 1.7rem; } .steps > li::before { min-width: 1.1rem; }
  h1 { font-size: 1.35rem; } .result { padding: .4rem .6rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; }
  details > summary { list-style: none; } .equation { overflow: visible; } }
""".strip()


def page(title: str, body: str) -> str:
    """A whole HTML page around a body; the title is escaped, the body must be."""
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            f'style-src \'unsafe-inline\'; img-src data:">\n'
            f"<title>{escape(title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n"
            f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>")
