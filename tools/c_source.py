# SPDX-License-Identifier: Apache-2.0
"""Reading C well enough for the checks: tokens, functions, declarations, nesting. No preprocessing and no types.

A token is (text, line, column). Comments, preprocessor lines and what strings hold are gone, so that a check sees
code only. Sources that confuse this reader confuse people too; the compiler judges the rest.
"""

import pathlib
import re
import subprocess

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<directive>^[ \t]*\#(?:/\*.*?\*/|\\\n|[^\n\\]|\\)*)
      |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
      |(?P<number>\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.])*)
      |(?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|[-+*/%&|^]=|.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
LOOPS = ("for", "while", "switch")
KEYWORDS = set("if else for while do switch case default return goto break continue sizeof _Alignof typeof "
               "__typeof__ _Static_assert static_assert _Generic __attribute__ __asm__ asm _Alignas".split())
IGNORED_FOLDERS = {"build", ".git", "__pycache__", ".pytest_cache"}


def files(root, pattern):
    """Paths below root, relative, in order: what git knows or would add, or everything where there is no git."""
    root = pathlib.Path(root)
    if (root / ".git").exists():
        listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                                 check=True, capture_output=True, text=True).stdout.splitlines()
        paths = [pathlib.Path(line) for line in listing if (root / line).is_file()]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    paths = [path for path in paths if not IGNORED_FOLDERS & set(path.parts)]
    return sorted({str(path) for path in paths if re.search(pattern, str(path))})


def tokens(text):
    """The code of a C text as a list of (text, line, column)."""
    result = []
    line, line_start = 1, 0
    for match in TOKEN.finditer(text):
        kind, word = match.lastgroup, match.group()
        if kind not in ("skip", "directive"):
            result.append((word, line, match.start() - line_start))
        newlines = word.count("\n")
        if newlines:
            line += newlines
            line_start = match.start() + word.rindex("\n") + 1
    return result


def closing(code, start):
    """The index of the bracket that closes the one at start; the last index if it is never closed."""
    depth = 0
    for index in range(start, len(code)):
        if code[index][0] in OPENING:
            depth += 1
        elif code[index][0] in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return index
    return len(code) - 1


class Function:
    """A function definition: code is the whole token list, body the indexes of its braces."""

    def __init__(self, path, code, start, name_index, body_start):
        self.path, self.code, self.start, self.name_index = path, code, start, name_index
        self.body = (body_start, closing(code, body_start))
        self.name, self.line, self.column = code[name_index]
        self.is_macro = start == name_index  # TEST(name) { ... }
        if self.is_macro and code[name_index + 2][0] != ")":
            self.name = code[name_index + 2][0]

    @property
    def line_count(self):
        return self.code[self.body[1]][1] - self.line + 1

    def parameters(self):
        """Each parameter as a list of words."""
        first, last = self.name_index + 1, closing(self.code, self.name_index + 1)
        found, depth, current = [], 0, []
        for word, _, _ in self.code[first + 1:last]:
            depth += (word in OPENING) - (word in (")", "]", "}"))
            if word == "," and depth == 0:
                found.append(current)
                current = []
            else:
                current.append(word)
        found.append(current)
        return [] if found in ([[]], [["void"]]) else found

    def calls(self):
        """Names that are called directly in the body."""
        code = self.code
        return {code[index][0] for index in range(self.body[0], self.body[1])
                if code[index + 1][0] == "(" and re.match(r"[A-Za-z_]", code[index][0])
                and code[index][0] not in KEYWORDS and code[index - 1][0] not in (".", "->")}

    def nesting(self):
        """How deep control statements stand in each other."""
        return Nesting(self.code).statement(self.body[0], 0)[1]


class Nesting:
    """Walks statements; each method returns (index after it, deepest level in it)."""

    def __init__(self, code):
        self.code = code

    def word(self, index):
        return self.code[index][0] if index < len(self.code) else ""

    def statement(self, index, depth):
        word = self.word(index)
        if word == "{":
            return self.block(index, depth)
        if word == "if":
            return self.branch(index, depth)
        if word in LOOPS or self.is_loop_macro(index):
            after, deepest = self.statement(closing(self.code, index + 1) + 1, depth + 1)
            return after, deepest
        if word == "do":
            after, deepest = self.statement(index + 1, depth + 1)
            return self.skip_to(";", after), deepest
        if word in ("case", "default"):
            return self.skip_to(":", index), depth
        if self.word(index + 1) == ":" and re.match(r"[A-Za-z_]", word):
            return index + 2, depth
        return self.skip_to(";", index), depth

    def block(self, index, depth):
        end, deepest = closing(self.code, index), depth
        index += 1
        while index < end:
            index, level = self.statement(index, depth)
            deepest = max(deepest, level)
        return end + 1, deepest

    def branch(self, index, depth):
        """if (...) ... [else if (...) ...] [else ...]: one level, however long the chain."""
        after, deepest = self.statement(closing(self.code, index + 1) + 1, depth + 1)
        if self.word(after) == "else":
            is_chain = self.word(after + 1) == "if"
            after, level = self.statement(after + 1, depth if is_chain else depth + 1)
            deepest = max(deepest, level)
        return after, max(deepest, depth + 1)

    def is_loop_macro(self, index):
        """list_for_each(...) followed by a body."""
        if self.word(index + 1) != "(" or not re.match(r"[A-Za-z_]\w*$", self.word(index)):
            return False
        following = self.word(closing(self.code, index + 1) + 1)
        return following == "{" or re.match(r"[A-Za-z_]\w*$", following) is not None

    def skip_to(self, end, index):
        while index < len(self.code):
            word = self.word(index)
            if word == end:
                return index + 1
            index = closing(self.code, index) + 1 if word in OPENING else index + 1
        return index


def declarations(code):
    """What stands outside of functions: (first index, index of its ; or of its body's brace)."""
    start = index = 0
    while index < len(code):
        word = code[index][0]
        if word == ";":
            yield start, index
            start = index + 1
        elif word == "{":
            yield start, index
            index = closing(code, index)
            if declarator(code, start, index) is not None:
                start = index + 1
        elif word in OPENING:
            index = closing(code, index)
        index += 1


def declarator(code, start, end):
    """The index of the name of the function that is declared between start and end, or None."""
    index = start
    while index < end:
        word = code[index][0]
        if word in ("=", "{", "typedef"):
            return None
        if word == "(":
            previous = code[index - 1][0]
            if index > start and re.match(r"[A-Za-z_]", previous) and previous not in KEYWORDS:
                return index - 1
            index = closing(code, index)
        index += 1
    return None


def functions(path, text):
    """All function definitions of a C text."""
    code = tokens(text)
    found = []
    for start, end in declarations(code):
        if code[end][0] == "{":
            name_index = declarator(code, start, end)
            if name_index is not None:
                found.append(Function(path, code, start, name_index, end))
    return found


class Report:
    """What a check found, less what tools/style-exceptions.txt allows; an exception that allows nothing is an error."""

    def __init__(self, root, rules):
        self.root, self.rules, self.found = pathlib.Path(root), rules, []
        self.allowed = {}
        path = self.root / "tools" / "style-exceptions.txt"
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            if line.strip() and not line.startswith("#"):
                place, rule, reason = (line.split(None, 2) + ["", ""])[:3]
                if not reason:
                    self.found.append(f"{path.relative_to(self.root)}:{number}: an exception needs a reason")
                if rule in rules:
                    self.allowed[(place, rule)] = False

    def add(self, path, line, rule, text, name=None):
        place = f"{path}:{name}" if name else path
        if (place, rule) in self.allowed:
            self.allowed[(place, rule)] = True
        else:
            self.found.append(f"{path}:{line}: {text} [{rule}]")

    def finish(self):
        """Print; the exit status."""
        for (place, rule), is_used in self.allowed.items():
            if not is_used:
                self.found.append(f"tools/style-exceptions.txt: {place} no longer needs {rule}: drop the line")
        for line in self.found:
            print(line)
        return 1 if self.found else 0
