"""Markdown of people and programs as HTML: no HTML of theirs, no image, no link that does anything
but lead somewhere."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

# A longer text is shown as it stands: it is a program's output, and not written to be read.
RENDERED_CHARACTERS = 100_000
SCHEMES = ("http://", "https://", "mailto:", "/", "#")


def markdown_html(text: str) -> SafeString:
    """CommonMark with tables and ~~struck~~ words; what it does not understand stays text."""
    if len(text) > RENDERED_CHARACTERS:
        return mark_safe(f'<pre tabindex="0"><code>{escape(text)}</code></pre>')  # noqa: S308  (escaped)
    html = _parser().render(text)  # it escapes, and takes no HTML
    # What may scroll has to be reachable by the keyboard; in a text, “<” is escaped.
    return mark_safe(html.replace("<pre>", '<pre tabindex="0">'))  # noqa: S308


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
    """An address of the web, of a person, or of this console; “//” would leave the console."""
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
    """Below the page's own headings."""
    tokens[index].tag = f"h{min(int(tokens[index].tag[1]) + 2, 6)}"
    return self.renderToken(tokens, index, options, env)
