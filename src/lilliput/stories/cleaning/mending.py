"""Stages that change a text: encoding, markup, whitespace. Each is a function of one text."""

import html
import re
import unicodedata
from functools import lru_cache
from html.entities import html5
from typing import Any

from lilliput.errors import MissingExtraError
from lilliput.stories.cleaning.block import Verdict
from lilliput.stories.cleaning.config import Markup, Repair

_NOT_HARMLESS = re.compile("[^\\x00-\\x7f\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00ab\u00bb]")
_CONTROLS = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\ufeff\ufff9-\ufffb]")
# U+201D is E2 80 9D in UTF-8, and Windows-1252 has no character 9D: on the way it was dropped, so that what
# is left are two characters that are no character's beginning. ftfy mends whole sequences only.
_LOST_QUOTE = re.compile(
    "\u00e2\u20ac(?![\u0153\u201c\u201d\u2122\u02dc\u00a6\u0161\u00a2\u00b0\u00b2\u00b3\x80-\x9f])"
)
_BROKEN = re.compile(
    "\ufffd|\u00e2\u20ac|\u00c3[\u0080-\u00bf\u2018-\u203a\u0152-\u017e\u02c6\u02dc\u20ac\u2122]"
)

_MARKUP_SIGNS = re.compile(r"[<>&\[\]{}|\\`#*_=@~]")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>")
_COMMENT = re.compile(r"<!--.*?-->|<!DOCTYPE[^>]*>|<\?xml[^>]*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_FORUM_TAG = re.compile(r"\[/?(?:b|i|u|s|quote|center|size|color|url|img)(?:=[^\[\]]*)?\]", re.IGNORECASE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:(?:[-*_=~][ \t]*){3,})$\n?", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w*_~])(\*\*\*|\*\*|___|__|\*|_|~~|`)(?=\S)([^\n]*?\S)\1(?![\w*_~])")
_QUOTE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_BREAKS = frozenset((
    "br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section",
    "article", "ul", "ol", "table", "hr",
))  # fmt: skip
_TAGS = _BREAKS | frozenset((
    "a", "abbr", "b", "big", "body", "center", "cite", "code", "dd", "del", "dl", "dt", "em", "font",
    "footer", "head", "header", "html", "i", "img", "ins", "main", "mark", "nav", "pre", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "tbody", "td", "th", "thead", "title", "tt", "u",
))  # fmt: skip
_CODE_TAGS = frozenset((
    "script", "style", "iframe", "form", "input", "button", "select", "svg", "canvas", "object",
    "embed", "meta", "link",
))  # fmt: skip
_LEFT = {
    "an address of the web": re.compile(r"\b(?:https?|ftp)://|\bwww\.\w", re.IGNORECASE),
    "an e-mail address": re.compile(r"\b[\w.+-]+@[\w-]+\.\w{2,}"),
    "marks of a chat or of a separator": re.compile(
        r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>|"
        r"^#{2,}\s*(?:Instruction|Response|Input|System|User|Assistant)\b",
        re.MULTILINE,
    ),
    "a code block": re.compile(r"```|~~~"),
    "a table": re.compile(r"^\s*\|.*\|.*\|\s*$", re.MULTILINE),
    "program text": re.compile(
        r"\{\{|\}\}|\{\s*\"\w+\"\s*:|\bfunction\s*\(|=>|;\s*\}|\\(?:begin|end|section|textbf|emph)\{"
    ),
}  # fmt: skip


def make_repair(config: Repair) -> Any:
    """Encoding repair by ftfy: mojibake, control characters, Unicode's composed form (NFC).

    A text in which broken characters are left is removed, if the settings say so.
    """
    fix_encoding = load_ftfy().fix_encoding

    def repair(text: str, odd: str) -> Verdict | None:
        if _NOT_HARMLESS.search(odd) is None and _CONTROLS.search(odd) is None:
            return None
        whole = _LOST_QUOTE.sub("\u00e2\u20ac\x9d", text)
        mended = fix_encoding(whole)
        changed = mended != text
        mended = _CONTROLS.sub("", mended)
        if config.remove_broken and _BROKEN.search(mended):
            return Verdict("broken characters are left")
        if changed:
            return Verdict("mojibake", unicodedata.normalize("NFC", mended))
        if mended != text:
            return Verdict("control characters", unicodedata.normalize("NFC", mended))
        if not unicodedata.is_normalized("NFC", text):
            return Verdict("not in composed form", unicodedata.normalize("NFC", text))
        return None

    return repair


def make_markup(config: Markup) -> Any:
    """HTML, entities, Markdown, forum tags: stripped; code, addresses and chat marks make a story go."""

    def look(text: str, odd: str) -> Verdict | None:
        signs = odd and _MARKUP_SIGNS.search(odd)
        if not signs and "://" not in text and "www." not in text and "---" not in text:
            return None
        for why, left in _LEFT.items():
            if left.search(text) and why != "an address of the web":
                return Verdict(why)
        if any(match[1].lower() in _CODE_TAGS for match in _TAG.finditer(text)):
            return Verdict("parts of a web page")
        plain = strip_markup(text)
        for why, left in _LEFT.items():
            if left.search(plain):
                return Verdict(why)
        if plain == text:
            return None
        return Verdict("tags, entities or Markdown", plain if config.strip else None)

    return look


def strip_markup(text: str) -> str:
    """`text` without tags, entities, Markdown's signs and forum tags; the words under them stay."""
    if "<" in text:
        text = _TAG.sub(_without_tag, _COMMENT.sub("", text))
    if "&" in text:
        text = _ENTITY.sub(_plain_entity, text)
    if "[" in text:
        text = _FORUM_TAG.sub("", _LINK.sub(r"\1", text))
    text = _RULE.sub("", _HEADING.sub(r"\1", text))
    if ">" in text:
        text = _QUOTE.sub("", text)
    before = ""
    while text != before:  # emphasis inside emphasis
        before, text = text, _EMPHASIS.sub(r"\2", text)
    return text


def _without_tag(match: re.Match[str]) -> str:
    name = match[1].lower()
    if name not in _TAGS:
        return match[0]
    return "\n" if name in _BREAKS else ""


def _plain_entity(match: re.Match[str]) -> str:
    known = match[1].startswith("#") or f"{match[1]};" in html5
    return html.unescape(match[0]) if known else match[0]


_SPACES_BUT_ONE = re.compile(r"[^\S\n ]")


def tidy_whitespace(text: str, odd: str) -> Verdict | None:
    """One space between words, none at the ends of lines, at most one blank line, none around the story."""
    if not (
        "  " in text
        or " \n" in text
        or "\n " in text
        or "\n\n\n" in text
        or text[:1].isspace()
        or text[-1:].isspace()
        or (odd and _SPACES_BUT_ONE.search(odd))
    ):
        return None
    tidy = "\n".join([" ".join(line.split()) for line in text.split("\n")]).strip()
    while "\n\n\n" in tidy:
        tidy = tidy.replace("\n\n\n", "\n\n")
    return None if tidy == text else Verdict("untidy whitespace", tidy)


@lru_cache(maxsize=1)
def load_ftfy() -> Any:
    """The package `ftfy`; MissingExtraError without it."""
    try:
        import ftfy
    except ImportError:
        raise MissingExtraError("the stage repair", "data") from None
    return ftfy
