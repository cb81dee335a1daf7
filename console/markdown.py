"""Render Markdown by people and programs as HTML: no raw HTML, no images, only harmless links."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from schema.limits import LONGEST_COMMENT, MOST_MARKS

# The first characters of links, emphasis, code and so on, each of which takes some work.
MARKS = "[]*_`~|<&"
SCHEMES = ("http://", "https://", "mailto:", "/", "#")


def markdown_html(text: str) -> SafeString:
    """HTML for CommonMark plus tables and strikethrough; anything else stays text.

    A text that is very long, or mostly marks, is shown as it is: program output, not prose.
    """
    if not _is_prose(text):
        return mark_safe(f'<pre tabindex="0"><code>{escape(text)}</code></pre>')  # noqa: S308  (escaped)
    html = _parser().render(text)  # it escapes, and takes no HTML
    # Scrollable blocks must be reachable by keyboard. Any “<” in the text is already escaped.
    return mark_safe(html.replace("<pre>", '<pre tabindex="0">'))  # noqa: S308


def _is_prose(text: str) -> bool:
    """True if the text is rendered in well under a second."""
    return len(text) <= LONGEST_COMMENT and sum(map(text.count, MARKS)) <= MOST_MARKS


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    parser.validateLink = leads_somewhere  # type: ignore[method-assign]
    parser.add_render_rule("link_open", _link)
    for name in ("th_open", "td_open"):
        parser.add_render_rule(name, _without_style)
    for name in ("heading_open", "heading_close"):
        parser.add_render_rule(name, _smaller)
    return parser


def leads_somewhere(url: str) -> bool:
    """True for links to web and mail addresses and to this console; “//” would leave it."""
    url = url.strip().lower()
    return url.startswith(SCHEMES) and not url.startswith(("//", "/\\"))


def _link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any
) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, index, options, env)


def _without_style(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any
) -> str:
    tokens[index].attrs.pop("style", None)
    return self.renderToken(tokens, index, options, env)


def _smaller(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any
) -> str:
    """Lower headings by two levels, below the page's own."""
    tokens[index].tag = f"h{min(int(tokens[index].tag[1]) + 2, 6)}"
    return self.renderToken(tokens, index, options, env)
