r"""A LaTeX formula in the plain spelling of `equations`, as far as it has one.

    \frac{\partial E}{\partial W_{i1j1}}      ∂E/∂W_i1j1
    \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}    [[1, 2], [3, 4]]; one row or column is a list
    \acute{W_{ij}}, W_{ij}^{\prime}, W_{ij}^{new}     W_ij', after the update
    \delta W_{ij}                             ∂E/∂W_ij, where E is the loss
    e^{-x}                                    exp(-x)
    \times, \cdot                             ×
    \tanh z_1, w_{11}x_1                      tanh(z_1), w_11 x_1
    \sigma(z)                                 σ(z), which equations read as the sigmoid

What has no plain spelling keeps its backslash, so that no reader takes it for something else.
"""

import re

MATRIX = re.compile(r"\\begin\{(?P<kind>[bpvBV]?matrix|array)\*?\}(?:\{[clr|\s]*\})?"
                    r"(?P<body>(?:(?!\\begin).)*?)\\end\{(?P=kind)\*?\}", re.DOTALL)
SPACES = re.compile(r"\\(?:left|right|big+[lr]?|Big+[lr]?|displaystyle|limits|quad|qquad|nonumber)"
                    r"(?![A-Za-z])|\\[,:;!\s]|~|&|(?<!\\)\\\\")
WORDS = {"times": "×", "cdot": "×", "ast": "*", "odot": "*", "circ": "*", "div": "/", "gets": "←",
         "leftarrow": "←", "approx": "=", "simeq": "=", "partial": "∂", "lbrace": "(",
         "rbrace": ")"}
FUNCTIONS = ("log", "ln", "exp", "max", "min", "tanh", "sin", "cos", "sqrt", "softmax")
PLAIN = ("mathrm", "text", "textrm", "mathbf", "boldsymbol", "mathit", "operatorname", "bm",
         "boxed", "mbox", "mathsf", "vec")
DIFFERENTIAL = re.compile(r"\s*(?:\\partial|\\delta|\\(?:mathrm|text|operatorname)\{d\}|∂|"
                          r"d(?=[\s\\A-Za-z]))\s*(.*)", re.DOTALL)
APPLIED = re.compile(rf"\\({'|'.join(FUNCTIONS)})(?![A-Za-z])\s*(\\?[A-Za-z]\w*'*|\d+\.?\d*)"
                     r"(?=\s*(?:$|[-+=,;)\]}×·*≈]|\\(?:times|cdot|ast|odot|approx)(?![A-Za-z])))")


def from_latex(text: str, loss: str) -> str:
    """A formula without its LaTeX. loss: the name whose gradient a δ means."""
    text = re.sub(r"\\(?:left|right)\s*\.", "", text)
    text = re.sub(r"\\(?:left|right)(?![A-Za-z])", "", text)
    text = re.sub(r"\\[dtc]frac(?![A-Za-z])", r"\\frac", text)
    text = matrices(text, loss)
    text = fractions(SPACES.sub(" ", text))
    text = accents(text)
    text = re.sub(r"(?<![\w\\])e\s*\^\s*\{((?:[^{}]|\{[^{}]*\})*)\}", r"exp(\1)", text)
    text = APPLIED.sub(r"\\\1(\2)", subscripts(text))
    text = re.sub(r"\\delta\s*([A-Za-z]\w*)", rf"∂{loss}/∂\1", text)
    text = re.sub(r"\^\s*(?:\{\s*(?:T|\\top)\s*\}|T\b|\\top)", ".T", text)
    text = re.sub(r"\\([A-Za-z]+)\s*", word, text)
    return " ".join(text.replace("{", "(").replace("}", ")").split())


def word(found: "re.Match[str]") -> str:
    """A command as its sign, its function or its letter; itself if it is none of these."""
    import unicodedata
    name, behind = found[1], found.string[found.end():found.end() + 1]
    if name in WORDS:
        return WORDS[name]
    apart = " " if behind.isalnum() or behind == "\\" else ""       # αx is one name, α x are two
    if name in FUNCTIONS:
        return name + apart
    letter = unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}") if name in GREEK else ""
    return letter + apart if letter else found[0]


GREEK = ("alpha", "beta", "gamma", "epsilon", "eta", "theta", "mu", "rho", "sigma", "tau", "phi",
         "psi", "omega", "zeta", "xi", "nu", "kappa")


def matrices(text: str, loss: str) -> str:
    """Matrices and arrays as nested lists, one bracket around them taken away."""
    while found := MATRIX.search(text):
        before, after = text[:found.start()], text[found.end():]
        if before.rstrip().endswith(("[", "(")) and after.lstrip().startswith(("]", ")")):
            before, after = before.rstrip()[:-1], after.lstrip()[1:]
        after = re.sub(r"^\s*\}?\s*_\{[^{}]*\}", lambda m: "}" * m[0].count("}", 0, 2), after)
        text = f"{before} {listed(found['body'], loss)} {after}"
    return text


def listed(body: str, loss: str) -> str:
    """The cells of a matrix as a list of rows; one row, or one column, as a plain list."""
    rows = [[closed(from_latex(cell, loss)) for cell in row.split("&")]
            for row in re.split(r"\\\\", body) if row.strip()]
    if len(rows) == 1 or all(len(row) == 1 for row in rows):
        return f"[{', '.join(cell for row in rows for cell in row)}]"
    return f"[{', '.join('[' + ', '.join(row) + ']' for row in rows)}]"


def closed(text: str) -> str:
    """An expression with its brackets closed at its end."""
    return text + ")" * max(0, text.count("(") - text.count(")"))


def fractions(text: str) -> str:
    r"""Every \frac as a quotient, that of two differentials as ∂E/∂W."""
    while (start := text.rfind(r"\frac")) >= 0:         # the last one holds no other
        over, middle = group(text, start + 5)
        under, end = group(text, middle)
        top, bottom = DIFFERENTIAL.fullmatch(over), DIFFERENTIAL.fullmatch(under)
        slope = top and bottom and f"∂{top[1].strip()}/∂{bottom[1].strip()}"
        text = text[:start] + (f" {slope} " if slope else f"(({over})/({under}))") + text[end:]
    return text


def group(text: str, start: int) -> tuple[str, int]:
    """What the braces from start on hold, and where they end; or the one letter that is there."""
    while start < len(text) and text[start].isspace():
        start += 1
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == "{") - (text[i] == "}")
        if not depth:
            return text[start:i + 1].removeprefix("{").removesuffix("}"), i + 1
    return text[start:], len(text)


def accents(text: str) -> str:
    """Accents and fonts: what is acute is primed, a hat is spelled out, fonts are dropped."""
    for name, tail in (("acute", "'"), ("hat", "_hat"), *((font, "") for font in PLAIN)):
        while found := re.search(rf"\\{name}(?![A-Za-z])", text):
            inside, end = group(text, found.end())
            text = f"{text[:found.start()]}{inside.strip()}{tail}{text[end:]}"
    return text


def subscripts(text: str) -> str:
    """Subscripts joined to their names, a prime behind them: W'_{ij} and W{ij}' are W_ij'."""
    text = re.sub(r"\^\s*(?:\{\s*(?:\\prime|new|updated)\s*\}|\\prime)", "'", text)
    text = re.sub(r"(_\d+)(?=[A-Za-z])", r"\1 ", text)               # x_1y_1 is x_1 times y_1
    text = re.sub(r"([A-Za-z]\w*)('*)\s*_\s*(?:\{([^{}]*)\}|(\w))('*)", joined, text)
    return re.sub(r"\b([A-Z])\{([a-z]\d[a-z]\d)\}", r"\1_\2", text)


def joined(found: "re.Match[str]") -> str:
    """A name with its subscript."""
    below = re.sub(r"[\s,]+", "", found[3] or found[4])
    name = f"{found[1]}_{below}" if re.fullmatch(r"\w+", below) else f"{found[1]}_({below})"
    glued = found[3] and found.string[found.end():found.end() + 1].isalnum()
    return name + found[2] + found[5] + " " * bool(glued)


def decimal_commas(text: str) -> str:
    """A text whose 0{,}755 is 0.755, unless all its {,} may stand before thousands."""
    decimal = re.search(r"(?<![\d.])0\{,\}\d|\d\{,\}(?!\d{3}(?!\d))\d", text)
    return re.sub(r"(\d)\{,\}(?=\d)", r"\1.", text) if decimal else text
