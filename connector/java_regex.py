"""Java's regular expressions, translated to Python's; and Java's replacement texts.

Made for names of topics, which are ASCII. Most of the syntax is the same; translated are classes (unions,
intersections, POSIX and Java names), quotation, named groups, escapes, and anchors. What has no equal in
Python is refused when the option is read, with its name, rather than taken for something else.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ASCII = frozenset(map(chr, range(128)))
_SPACE = frozenset(" \t\n\x0b\f\r")
_DIGITS = frozenset(string.digits)
_WORD = frozenset(string.ascii_letters + string.digits + "_")
_HORIZONTAL = frozenset(" \t")
_VERTICAL = frozenset("\n\x0b\f\r")
_NAMED = {
    "Lower": frozenset(string.ascii_lowercase),
    "Upper": frozenset(string.ascii_uppercase),
    "ASCII": _ASCII,
    "Alpha": frozenset(string.ascii_letters),
    "Digit": _DIGITS,
    "Alnum": frozenset(string.ascii_letters + string.digits),
    "Punct": frozenset(string.punctuation),
    "Graph": frozenset(string.ascii_letters + string.digits + string.punctuation),
    "Print": frozenset(string.ascii_letters + string.digits + string.punctuation + " "),
    "Blank": _HORIZONTAL,
    "Cntrl": frozenset(map(chr, [*range(32), 127])),
    "XDigit": frozenset(string.hexdigits),
    "Space": _SPACE,
    "L": frozenset(string.ascii_letters),
    "Lu": frozenset(string.ascii_uppercase),
    "Ll": frozenset(string.ascii_lowercase),
    "N": _DIGITS,
    "Nd": _DIGITS,
    "IsAlphabetic": frozenset(string.ascii_letters),
    "IsDigit": _DIGITS,
    "IsLetter": frozenset(string.ascii_letters),
    "IsLowercase": frozenset(string.ascii_lowercase),
    "IsUppercase": frozenset(string.ascii_uppercase),
    "javaLowerCase": frozenset(string.ascii_lowercase),
    "javaUpperCase": frozenset(string.ascii_uppercase),
}
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE, "h": _HORIZONTAL, "v": _VERTICAL}
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_ANCHORS = {"A": r"\A", "z": r"\Z", "Z": r"(?=\n?\Z)", "b": r"\b", "B": r"\B", "R": r"(?:\r\n|[\n\x0b\f\r])"}
_REPETITION = re.compile(r"\d+(?:,\d*)?\}")
_FLAGS = frozenset("ims")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")


class _Class:
    """A set of characters: those of ASCII one by one, all others together."""

    def __init__(self, members: frozenset[str], *, others: bool = False) -> None:
        self.members = members
        self.others = others

    def __or__(self, other: _Class) -> _Class:
        return _Class(self.members | other.members, others=self.others or other.others)

    def __and__(self, other: _Class) -> _Class:
        return _Class(self.members & other.members, others=self.others and other.others)

    def __invert__(self) -> _Class:
        return _Class(_ASCII - self.members, others=not self.others)

    def text(self) -> str:
        """The class as Python writes it."""
        shown = _ASCII - self.members if self.others else self.members
        if not shown:
            return r"[\s\S]" if self.others else r"(?!)"
        return f"[{'^' if self.others else ''}{''.join(map(_in_class, sorted(shown)))}]"


def _in_class(character: str) -> str:
    return character if character.isalnum() else f"\\x{ord(character):02x}"


def compile_java(pattern: str) -> re.Pattern[str]:
    """The pattern as Python runs it.

    Raises:
        ValueError: It is no regular expression of Java, or uses what has no equal here; says what.
    """
    try:
        # Java's classes and case folding are those of ASCII unless flags say otherwise.
        return re.compile(_Translation(pattern).text(), re.ASCII)
    except re.error as error:
        raise ValueError(f"Invalid regex: {error}") from None


class _Translation:
    """Goes through a pattern once, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def text(self) -> str:
        parts = []
        while self._at < len(self._pattern):
            parts.append(self._next())
        return "".join(parts)

    def _next(self) -> str:
        character = self._take()
        match character:
            case "\\":
                return self._escape()
            case "[":
                return self._class().text()
            case "(":
                return self._group()
            case "{" if not _REPETITION.match(self._pattern, self._at):
                raise ValueError("Invalid regex: Illegal repetition")
            case _:
                return character

    # ---- groups ----

    def _group(self) -> str:
        if not self._has("?"):
            return "("
        if self._has("<") and self._peek() not in {"=", "!"}:
            return f"(?P<{self._until('>')}>"
        if self._pattern[self._at - 1] == "<":
            return "(?<"
        if flags := re.compile(r"[a-zA-Z]*(?:-[a-zA-Z]*)?(?=[:)])").match(self._pattern, self._at):
            return self._flags(flags[0])
        return "(?"

    def _flags(self, text: str) -> str:
        if unknown := set(text) - _FLAGS - {"-"}:
            raise ValueError(f"Invalid regex: the flag {min(unknown)} is not supported")
        self._at += len(text)
        if self._has(":"):
            return f"(?{text}:"
        self._has(")")
        if not text:
            return ""
        # Here the flag holds up to the end of the group; in Python only a group can be given one.
        return "|".join(f"(?{text}:{_Translation(each).text()})" for each in self._rest_of_group())

    def _rest_of_group(self) -> list[str]:
        """What is left of the group, by alternatives."""
        start, depth = self._at, 0
        found = []
        while self._at < len(self._pattern):
            character = self._peek()
            if character == "\\":
                self._skip_escape()
                continue
            if character == "[":
                self._at += 1
                self._class()
                continue
            if character == ")" and depth == 0:
                break
            if character == "|" and depth == 0:
                found.append(self._pattern[start : self._at])
                start = self._at + 1
            depth += {"(": 1, ")": -1}.get(character, 0)
            self._at += 1
        return [*found, self._pattern[start : self._at]]

    def _skip_escape(self) -> None:
        self._at += 1
        if self._peek() == "Q":
            end = self._pattern.find("\\E", self._at)
            self._at = len(self._pattern) if end < 0 else end + 2
        else:
            self._at += 1

    # ---- escapes ----

    def _escape(self) -> str:
        character = self._take("a backslash at the end")
        if character == "Q":
            return re.escape(self._quotation())
        if character == "k":
            self._expect("<")
            return f"(?P={self._until('>')})"
        if character in _ANCHORS:
            return _ANCHORS[character]
        if character in string.digits and character != "0":
            return self._back_reference(character)
        found = self._escaped(character)
        return found.text() if isinstance(found, _Class) else re.escape(found)

    def _back_reference(self, digit: str) -> str:
        return f"(?:\\{digit})"

    def _quotation(self) -> str:
        end = self._pattern.find("\\E", self._at)
        start, self._at = self._at, len(self._pattern) if end < 0 else end + 2
        return self._pattern[start : len(self._pattern) if end < 0 else end]

    def _escaped(self, character: str) -> _Class | str:
        """What an escape stands for, inside a class or outside."""
        if character in "pP":
            found = self._property()
            return ~found if character == "P" else found
        if character.lower() in _CLASSES:
            found = _Class(_CLASSES[character.lower()])
            return ~found if character.isupper() else found
        if character in _ESCAPES:
            return _ESCAPES[character]
        coded = {"x": self._hexadecimal, "u": self._unicode, "0": self._octal, "c": self._control}
        if character in coded:
            return coded[character]()
        if character in string.ascii_letters:
            raise ValueError(f"Invalid regex: \\{character} is not supported")
        return character

    def _property(self) -> _Class:
        name = self._until("}") if self._has("{") else self._take()
        known = name.removeprefix("IsASCII_")
        if known not in _NAMED:
            raise ValueError(
                f"Invalid regex: the class \\p{{{name}}} is not supported; write it out as [...]"
            )
        return _Class(_NAMED[known])

    def _hexadecimal(self) -> str:
        digits = self._until("}") if self._has("{") else self._take_many(2)
        return self._character(digits, 16)

    def _unicode(self) -> str:
        return self._character(self._take_many(4), 16)

    def _octal(self) -> str:
        found = re.compile(r"[0-3]?[0-7]{1,2}").match(self._pattern, self._at)
        if not found:
            raise ValueError("Invalid regex: illegal octal escape sequence")
        self._at = found.end()
        return chr(int(found[0], 8))

    def _control(self) -> str:
        return chr(ord(self._take()) ^ 64)

    def _character(self, digits: str, base: int) -> str:
        try:
            return chr(int(digits, base))
        except (ValueError, OverflowError):
            raise ValueError(f"Invalid regex: {digits} is no character's number") from None

    # ---- classes ----

    def _class(self) -> _Class:
        """A class whose bracket was taken, up to its end; && binds less than standing side by side."""
        negated = self._has("^")
        result: _Class | None = None
        part: _Class | None = None
        # As the first member a bracket stands for itself.
        while (result, part) == (None, None) or not self._has("]"):
            if self._pattern.startswith("&&", self._at):
                self._at += 2
                result = _both(result, part)
                part = None
                continue
            member = self._member()
            part = member if part is None else part | member
        found = _both(result, part) or _Class(frozenset())
        return ~found if negated else found

    def _member(self) -> _Class:
        character = self._take("unclosed character class")
        if character == "[":
            return self._class()
        first = self._in_class(character)
        if isinstance(first, _Class):
            return first
        if self._peek() == "-" and self._peek(1) not in {"]", "[", ""} and not self._is_intersection(1):
            self._at += 1
            last = self._in_class(self._take())
            if isinstance(last, _Class) or last < first:
                raise ValueError("Invalid regex: illegal character range")
            return self._range(first, last)
        return self._range(first, first)

    def _is_intersection(self, ahead: int) -> bool:
        return self._pattern.startswith("&&", self._at + ahead)

    def _in_class(self, character: str) -> _Class | str:
        if character != "\\":
            return character
        escaped = self._take("a backslash at the end")
        if escaped == "Q":
            quoted = self._quotation()
            return _Class(frozenset(quoted))
        return self._escaped(escaped)

    def _range(self, first: str, last: str) -> _Class:
        if not last.isascii():
            raise ValueError("Invalid regex: only ASCII characters are supported in a class")
        return _Class(frozenset(map(chr, range(ord(first), ord(last) + 1))))

    # ---- reading ----

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._pattern[at : at + 1]

    def _take(self, missing: str = "it ends too early") -> str:
        character = self._peek()
        if not character:
            raise ValueError(f"Invalid regex: {missing}")
        self._at += 1
        return character

    def _take_many(self, count: int) -> str:
        return "".join(self._take() for _ in range(count))

    def _has(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _expect(self, character: str) -> None:
        if not self._has(character):
            raise ValueError(f"Invalid regex: {character} expected at {self._at}")

    def _until(self, character: str) -> str:
        end = self._pattern.find(character, self._at)
        if end < 0:
            raise ValueError(f"Invalid regex: {character} is missing")
        start, self._at = self._at, end + 1
        return self._pattern[start:end]


def _both(one: _Class | None, other: _Class | None) -> _Class | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def check_java_regex(pattern: str) -> None:
    """A validator of options."""
    compile_java(pattern)


def compile_replacement(text: str, pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    r"""What makes a replacement out of a match: ``$1`` and ``${name}`` are groups, ``\$`` is a dollar.

    Raises:
        ValueError: It names a group that the pattern does not have.
    """
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            if at + 1 == len(text):
                raise ValueError("character to be escaped is missing")
            parts.append(text[at + 1])
            at += 2
        elif text[at] == "$":
            group, at = _group_reference(text, at + 1, pattern)
            parts.append(group)
        else:
            parts.append(text[at])
            at += 1

    def expand(match: re.Match[str]) -> str:
        # A group that took no part is empty.
        return "".join([part if isinstance(part, str) else match[part] or "" for part in parts])

    return expand


def _group_reference(text: str, at: int, pattern: re.Pattern[str]) -> tuple[int, int]:
    """The number of the group that the text names here, and where the text goes on."""
    if text.startswith("{", at):
        end = text.find("}", at)
        name = text[at + 1 : end]
        if end < 0 or name not in pattern.groupindex:
            raise ValueError(f"No group with name {{{name}}}")
        return pattern.groupindex[name], end + 1
    if not text[at : at + 1].isdigit():
        raise ValueError("Illegal group reference: write \\$ for a dollar")
    group = int(text[at])
    if group > pattern.groups:
        raise ValueError(f"No group {group}")
    at += 1
    # Further digits belong to the number as long as there is such a group.
    while text[at : at + 1].isdigit() and group * 10 + int(text[at]) <= pattern.groups:
        group = group * 10 + int(text[at])
        at += 1
    return group, at
